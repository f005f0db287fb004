import pandas as pd
from sklearn.linear_model import LogisticRegression

train, test = pd.read_csv("train.csv"), pd.read_csv("test.csv")
y = train.pop("target")
X = pd.get_dummies(train)
X_test = pd.get_dummies(test).reindex(columns=X.columns, fill_value=0)
answers = LogisticRegression().fit(X, y).predict(X_test)
