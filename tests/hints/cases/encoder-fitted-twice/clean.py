import pandas as pd
from sklearn.preprocessing import LabelEncoder

train, test = pd.read_csv("train.csv"), pd.read_csv("test.csv")
for column in ["city", "kind"]:
    encoder = LabelEncoder().fit(pd.concat([train[column], test[column]]))
    train[column] = encoder.transform(train[column])
    test[column] = encoder.transform(test[column])
