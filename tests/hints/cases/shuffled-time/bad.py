import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline

frame = pd.read_csv("sales.csv")
frame["yesterday"] = frame["sales"].shift(1)
y = frame.pop("sales")
X_train, X_valid, y_train, y_valid = train_test_split(frame, y, test_size=0.2)
