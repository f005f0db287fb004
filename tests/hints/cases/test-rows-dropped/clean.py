import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import LabelEncoder

train, test = pd.read_csv("train.csv"), pd.read_csv("test.csv")
features = ["a", "b"]

train = train.dropna()
test = test.fillna(train[features].median())
