import pandas as pd

frame = pd.read_csv("train.csv")

frame["total"] = frame["a"] + frame["b"]
for row in frame.head().itertuples():
    print(row)
