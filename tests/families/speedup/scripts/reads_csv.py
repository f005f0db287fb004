"""main() with argparse that reads a file beside the script, prints, and writes another file."""

import argparse
from pathlib import Path

import pandas as pd

DATA = Path(__file__).parent / "sales.csv"


def load():
    return pd.read_csv(DATA)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--top", type=int, default=3)
    options = parser.parse_args()
    frame = load()
    totals = {}
    for i in range(len(frame)):
        shop = frame.loc[i, "shop"]
        totals[shop] = totals.get(shop, 0.0) + frame.loc[i, "price"] * frame.loc[i, "count"]
    for shop, total in sorted(totals.items(), key=lambda item: -item[1])[: options.top]:
        print(f"{shop}: {total:.2f}")
    pd.Series(totals).to_csv("totals.csv")


if __name__ == "__main__":
    main()
