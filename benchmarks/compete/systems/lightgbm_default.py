"""What a person does in five minutes: LightGBM's defaults on the table as it is, strings as categories."""

import lightgbm
import numpy as np
import pandas as pd
from folder import ORDINAL_METRIC, PROBABILITY_METRICS, read_request, round_to_labels, write_submission

if __name__ == "__main__":
    request = read_request()
    data = request.folder
    target = data.train[data.target]
    both = pd.concat([data.train.drop(columns=data.target), data.test], ignore_index=True)
    for name in both.columns:
        if not pd.api.types.is_numeric_dtype(both[name]):
            both[name] = both[name].astype("category")
    train, test = both.iloc[: len(target)], both.iloc[len(target) :]
    settings = {"n_jobs": request.cores, "random_state": request.seed, "verbosity": -1}
    if data.metric in ("rmse", "rmsle", "mae", ORDINAL_METRIC):
        model = lightgbm.LGBMRegressor(**settings)
        predicted = model.fit(train, np.log1p(target) if data.metric == "rmsle" else target).predict(test)
        if data.metric == "rmsle":
            predicted = np.expm1(predicted).clip(min=0)
        elif data.metric == ORDINAL_METRIC:
            predicted = round_to_labels(predicted, target)
        write_submission(data, request.out, labels=predicted)
    else:
        model = lightgbm.LGBMClassifier(**settings).fit(train, target)
        if data.metric in PROBABILITY_METRICS:
            frame = pd.DataFrame(model.predict_proba(test), columns=model.classes_)
            write_submission(data, request.out, probabilities=frame)
        else:
            write_submission(data, request.out, labels=model.predict(test))
