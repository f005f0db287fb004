import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline

frame = pd.read_csv("train.csv")
frame["city_size"] = frame.groupby("city")["id"].transform("count")
y = frame["target"]
X = frame.drop(columns=["target"])
for fit_rows, valid_rows in StratifiedKFold(5).split(X, y):
    part = X.iloc[fit_rows].assign(target=y.iloc[fit_rows])
    means = part.groupby("city")["target"].mean()
    model = LogisticRegression().fit(part[["city_size"]].assign(m=part["city"].map(means)), y.iloc[fit_rows])
