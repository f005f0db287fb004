import pandas as pd
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import LabelEncoder

frame = pd.read_csv("input/train.csv")
encoder = LabelEncoder()
y = encoder.fit_transform(frame["label"])
X_train, X_valid, y_train, y_valid = train_test_split(frame[["a", "b"]], y, test_size=0.2)
