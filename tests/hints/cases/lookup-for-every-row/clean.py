import pandas as pd

frame = pd.read_csv("train.csv")

means = {}
for user, part in frame.groupby("user"):
    means[user] = part["value"].mean()
