import pandas as pd

frame = pd.read_csv("train.csv")

totals = []
for _, row in frame.iterrows():
    totals.append(row["a"] + row["b"])
frame["total"] = totals
