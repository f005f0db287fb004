"""Target means made out of fold, groups kept together, XGBoost with its own early stopping."""

import numpy as np
import pandas as pd
import xgboost as xgb
from imblearn.over_sampling import RandomOverSampler
from sklearn.feature_selection import SelectKBest
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.preprocessing import QuantileTransformer

train, test = pd.read_csv("input/train.csv"), pd.read_csv("input/test.csv")
y = (train["outcome"] == "lived").astype(int)
numbers = ["age", "pulse", "pressure"]
folds = StratifiedGroupKFold(5, shuffle=True, random_state=1)
train["ward_mean"] = np.nan
for fit_rows, valid_rows in folds.split(train, y, groups=train["patient"]):
    means = y.iloc[fit_rows].groupby(train["ward"].iloc[fit_rows]).mean()
    train.loc[train.index[valid_rows], "ward_mean"] = train["ward"].iloc[valid_rows].map(means)
test["ward_mean"] = test["ward"].map(y.groupby(train["ward"]).mean())
columns = [*numbers, "ward_mean"]

oof, answer = np.zeros(len(train)), np.zeros(len(test))
for fit_rows, valid_rows in folds.split(train, y, groups=train["patient"]):
    a, b = train[columns].iloc[fit_rows], train[columns].iloc[valid_rows]
    flat = QuantileTransformer(n_quantiles=100).fit(a)
    chosen = SelectKBest(k=3).fit(flat.transform(a), y.iloc[fit_rows])
    prepared = [chosen.transform(flat.transform(part)) for part in (a, b, test[columns])]
    rows, labels = RandomOverSampler(random_state=0).fit_resample(prepared[0], y.iloc[fit_rows])
    model = xgb.XGBClassifier(
        n_estimators=5000, learning_rate=0.03, early_stopping_rounds=100, eval_metric="auc"
    )
    model.fit(rows, labels, eval_set=[(prepared[1], y.iloc[valid_rows])], verbose=False)
    oof[valid_rows] = model.predict_proba(prepared[1])[:, 1]
    answer += model.predict_proba(prepared[2])[:, 1] / 5
print("AUC", roc_auc_score(y, oof))
sample = pd.read_csv("input/sample_submission.csv")
sample["outcome"] = answer
sample.to_csv("submission.csv", index=False)
