import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split

frame = pd.read_csv("train.csv")
y = frame.pop("target")
X, Xv, y, yv = train_test_split(frame, y)
model = RandomForestClassifier(n_jobs=-1)
model.fit(X, y)
print("train", accuracy_score(y, model.predict(X)), "validation", accuracy_score(yv, model.predict(Xv)))
