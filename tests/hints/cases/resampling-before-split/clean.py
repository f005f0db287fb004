import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from imblearn.over_sampling import SMOTE

frame = pd.read_csv("train.csv")
y = frame.pop("target")
X_train, X_valid, y_train, y_valid = train_test_split(frame, y, stratify=y)
X_train, y_train = SMOTE(random_state=0).fit_resample(X_train, y_train)
