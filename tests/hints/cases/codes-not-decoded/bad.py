import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import LabelEncoder

train, test = pd.read_csv("train.csv"), pd.read_csv("test.csv")
features = ["a", "b"]

encoder = LabelEncoder()
codes = encoder.fit_transform(train["kind"])
model = LogisticRegression().fit(train[features], codes)
answer = pd.DataFrame({"id": test["id"], "kind": model.predict(test[features])})
answer.to_csv("submission.csv", index=False)
