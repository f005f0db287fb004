"""FLAML's AutoML with its default search space, told the metric and the time budget.

RMSLE is given as RMSE on the logarithm; an ordinal target is predicted as a number and rounded.
"""

import numpy as np
import pandas as pd
from flaml import AutoML
from folder import ORDINAL_METRIC, PROBABILITY_METRICS, read_request, round_to_labels, write_submission

if __name__ == "__main__":
    request = read_request()
    data = request.folder
    target = data.train[data.target]
    features = data.train.drop(columns=data.target)
    test = data.test[features.columns]
    regression = data.metric in ("rmse", "rmsle", "mae", ORDINAL_METRIC)
    metric = {"rmsle": "rmse", ORDINAL_METRIC: "rmse"}.get(data.metric, data.metric)
    if metric == "roc_auc" and target.nunique() > 2:
        metric = "roc_auc_ovr"
    if metric == "f1" and target.nunique() > 2:
        metric = "macro_f1"
    automl = AutoML()
    automl.fit(
        X_train=features,
        y_train=np.log1p(target) if data.metric == "rmsle" else target,
        task="regression" if regression else "classification",
        metric=metric,
        time_budget=request.seconds,
        n_jobs=request.cores,
        seed=request.seed,
        verbose=0,
    )
    if data.metric in PROBABILITY_METRICS:
        frame = pd.DataFrame(automl.predict_proba(test), columns=automl.classes_)
        write_submission(data, request.out, probabilities=frame)
    else:
        predicted = automl.predict(test)
        if data.metric == "rmsle":
            predicted = np.expm1(predicted).clip(min=0)
        elif data.metric == ORDINAL_METRIC:
            predicted = round_to_labels(predicted, target)
        write_submission(data, request.out, labels=predicted)
