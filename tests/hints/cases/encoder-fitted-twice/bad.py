import pandas as pd
from sklearn.preprocessing import LabelEncoder

train, test = pd.read_csv("train.csv"), pd.read_csv("test.csv")
for column in ["city", "kind"]:
    encoder = LabelEncoder()
    train[column] = encoder.fit_transform(train[column])
    test[column] = encoder.fit_transform(test[column])
