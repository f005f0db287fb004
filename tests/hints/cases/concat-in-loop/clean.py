import pandas as pd

frame = pd.read_csv("train.csv")

parts = []
for month in range(12):
    parts.append(frame[frame["month"] == month])
everything = pd.concat(parts)
