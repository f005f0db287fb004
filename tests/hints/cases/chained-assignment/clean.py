import pandas as pd

frame = pd.read_csv("train.csv")

frame.loc[frame["age"] < 0, "age"] = 0
frame["b"] = frame[frame["age"] > 3]["age"]
