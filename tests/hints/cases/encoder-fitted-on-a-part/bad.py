import pandas as pd
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import LabelEncoder

frame = pd.read_csv("input/train.csv")
X_train, X_valid, y_train, y_valid = train_test_split(frame[["a", "b"]], frame["label"], test_size=0.2)
encoder = LabelEncoder()
y_train = encoder.fit_transform(y_train)
y_valid = encoder.transform(y_valid)
