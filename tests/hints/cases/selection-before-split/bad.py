import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.feature_selection import SelectKBest

frame = pd.read_csv("train.csv")
y = frame.pop("target")
chosen = SelectKBest(k=20).fit_transform(frame, y)
print(cross_val_score(LogisticRegression(), chosen, y, cv=5).mean())
