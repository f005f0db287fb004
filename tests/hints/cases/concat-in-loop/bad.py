import pandas as pd

frame = pd.read_csv("train.csv")

everything = pd.DataFrame()
for month in range(12):
    part = frame[frame["month"] == month]
    everything = pd.concat([everything, part])
