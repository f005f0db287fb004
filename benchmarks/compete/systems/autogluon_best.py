"""AutoGluon's TabularPredictor at ``presets="best_quality"``, told the metric and the time limit.

RMSLE is given as RMSE on the logarithm, for AutoGluon has no such metric.
"""

import numpy as np
from autogluon.tabular import TabularPredictor
from folder import LABEL_METRICS, ORDINAL_METRIC, PROBABILITY_METRICS, read_request, write_submission

NAMES = {
    "rmse": "root_mean_squared_error",
    "rmsle": "root_mean_squared_error",
    "mae": "mean_absolute_error",
    ORDINAL_METRIC: "quadratic_kappa",
}

if __name__ == "__main__":
    request = read_request()
    data = request.folder
    logarithm = data.metric == "rmsle"
    train = data.train
    if logarithm:
        train = train.assign(**{data.target: np.log1p(train[data.target])})
    problem = None
    if data.metric in ("rmse", "rmsle", "mae"):
        problem = "regression"
    elif data.metric == ORDINAL_METRIC:
        problem = "multiclass"
    predictor = TabularPredictor(
        label=data.target,
        eval_metric=NAMES.get(data.metric, data.metric),
        problem_type=problem,
        path=str(request.scratch),
        verbosity=1,
    ).fit(train, presets="best_quality", time_limit=request.seconds, num_cpus=request.cores)
    if data.metric in PROBABILITY_METRICS:
        write_submission(data, request.out, probabilities=predictor.predict_proba(data.test))
    else:
        predicted = predictor.predict(data.test)
        if logarithm:
            predicted = np.expm1(predicted).clip(lower=0)
        write_submission(data, request.out, labels=predicted)
    assert data.metric in (*NAMES, *PROBABILITY_METRICS, *LABEL_METRICS)
