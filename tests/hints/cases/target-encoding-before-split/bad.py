import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline

frame = pd.read_csv("train.csv")
frame["city_mean"] = frame.groupby("city")["target"].transform("mean")
y = frame["target"]
X = frame.drop(columns=["target", "city"])
for fit_rows, valid_rows in StratifiedKFold(5).split(X, y):
    model = LogisticRegression().fit(X.iloc[fit_rows], y.iloc[fit_rows])
