"""A table, read row by row, below a guard: a function takes the frame and returns another."""

import numpy as np
import pandas as pd


def make_frame():
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"x": random.normal(size=250), "group": random.integers(0, 5, 250)})
    frame["kind"] = random.choice(["red", "green tea"], 250)
    frame.loc[3, "x"] = np.nan
    return frame


def summarise(frame, power=2):
    rows = []
    for _, row in frame.iterrows():
        same = frame[frame["group"] == row["group"]]
        rows.append({"mean": same["x"].mean(), "raised": row["x"] ** power, "kind": row["kind"].upper()})
    return pd.DataFrame(rows)


if __name__ == "__main__":
    print(f"mean {summarise(make_frame())['mean'].mean():.4f}")
