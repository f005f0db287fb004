import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import LabelEncoder

train, test = pd.read_csv("train.csv"), pd.read_csv("test.csv")
features = ["a", "b"]

model = LogisticRegression().fit(train[features], train["target"])
answer = pd.DataFrame({"id": test["id"], "target": model.predict(test[features])})
answer.to_csv("submission.csv")
