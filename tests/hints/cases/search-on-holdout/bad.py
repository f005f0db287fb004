import pandas as pd
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.svm import SVC

frame = pd.read_csv("train.csv")
y = frame.pop("target")
X_train, X_hold, y_train, y_hold = train_test_split(frame, y)
search = GridSearchCV(SVC(), {"C": [1, 10]}, n_jobs=-1)
search.fit(X_hold, y_hold)
