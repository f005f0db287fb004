import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.feature_selection import SelectKBest

frame = pd.read_csv("train.csv")
y = frame.pop("target")
print(cross_val_score(make_pipeline(SelectKBest(k=20), LogisticRegression()), frame, y, cv=5).mean())
