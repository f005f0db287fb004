import pandas as pd

frame = pd.read_csv("train.csv")

frame[frame["age"] < 0]["age"] = 0
