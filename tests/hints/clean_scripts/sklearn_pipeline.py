"""Regression with a preprocessing pipeline, cross-validated; log target taken back by scikit-learn."""

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.ensemble import ExtraTreesRegressor, RandomForestRegressor, VotingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import RidgeCV
from sklearn.metrics import mean_squared_error
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

train = pd.read_csv("input/train.csv", index_col="Id")
test = pd.read_csv("input/test.csv", index_col="Id")
target = train.pop("SalePrice")
numbers = train.select_dtypes("number").columns.tolist()
words = [column for column in train.columns if column not in numbers]

prepare = ColumnTransformer(
    [
        ("numbers", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers),
        ("words", OneHotEncoder(handle_unknown="ignore", min_frequency=5), words),
    ]
)
blend = VotingRegressor(
    [
        ("ridge", RidgeCV(np.logspace(-2, 3, 20))),
        ("forest", RandomForestRegressor(300, n_jobs=-1, random_state=0)),
        ("trees", ExtraTreesRegressor(300, n_jobs=-1, random_state=0)),
    ]
)
model = TransformedTargetRegressor(make_pipeline(prepare, blend), func=np.log1p, inverse_func=np.expm1)
folds = KFold(5, shuffle=True, random_state=0)
predicted = cross_val_predict(model, train, target, cv=folds)
print("validation RMSLE", mean_squared_error(np.log1p(target), np.log1p(predicted)) ** 0.5)
model.fit(train, target)
pd.DataFrame({"Id": test.index, "SalePrice": model.predict(test)}).to_csv("submission.csv", index=False)
