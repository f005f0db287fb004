import pandas as pd

frame = pd.read_csv("train.csv")

frame["age"] = frame["age"].fillna(frame["age"].median())
frame.drop(columns=["id"], inplace=True)
