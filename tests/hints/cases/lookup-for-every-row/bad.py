import pandas as pd

frame = pd.read_csv("train.csv")

means = {}
for user in frame["user"].unique():
    means[user] = frame[frame["user"] == user]["value"].mean()
