"""Hourly demand: date parts, lags, a split in order of time, log target taken back."""

import catboost
import numpy as np
import pandas as pd
from sklearn.model_selection import TimeSeriesSplit

train = pd.read_csv("input/train.csv", parse_dates=["datetime"]).sort_values("datetime")
test = pd.read_csv("input/test.csv", parse_dates=["datetime"])


def features(frame):
    when = frame["datetime"].dt
    made = frame.drop(columns=["datetime", "count", "casual", "registered"], errors="ignore")
    made = made.assign(hour=when.hour, weekday=when.dayofweek, month=when.month, year=when.year)
    made["warmer"] = made["temp"].diff().fillna(0)
    made["wind_before"] = made["windspeed"].shift(1).fillna(0)
    return made


X, y = features(train), np.log1p(train["count"].to_numpy())
errors, answer = [], np.zeros(len(test))
for fit_rows, valid_rows in TimeSeriesSplit(5).split(X):
    model = catboost.CatBoostRegressor(iterations=4000, learning_rate=0.05, verbose=False)
    model.fit(
        X.iloc[fit_rows], y[fit_rows], eval_set=(X.iloc[valid_rows], y[valid_rows]), early_stopping_rounds=100
    )
    errors.append(np.sqrt(np.mean((model.predict(X.iloc[valid_rows]) - y[valid_rows]) ** 2)))
    answer += model.predict(features(test)) / 5
print("validation RMSLE", np.mean(errors))
pd.DataFrame({"datetime": test["datetime"], "count": np.expm1(answer).clip(0)}).to_csv(
    "submission.csv", index=False
)
