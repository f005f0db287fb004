import pandas as pd

frame = pd.read_csv("train.csv")

frame["age"].fillna(frame["age"].median(), inplace=True)
