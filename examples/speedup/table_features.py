"""Features of orders for a model of returns: written the way a notebook grows, a row at a time.

Makes a ledger of orders, then for each order looks back over the customer's earlier ones. Run it: it prints a summary.
"""

import numpy as np
import pandas as pd

ORDERS = 500
CUSTOMERS = 30
SHOPS = ["north", "south", "harbour", "online"]


def make_orders(seed):
    """A ledger, oldest order first."""
    random = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "customer": random.integers(CUSTOMERS, size=ORDERS),
            "shop": random.choice(SHOPS, size=ORDERS),
            "price": random.lognormal(3.0, 0.8, size=ORDERS).round(2),
            "items": random.integers(1, 9, size=ORDERS),
            "returned": (random.random(ORDERS) < 0.15).astype(int),
        }
    )


def price_level(price):
    """How dear an order is, in words."""
    if price < 10:
        return "low"
    elif price < 40:
        return "middle"
    return "high"


def build_features(orders):
    """A row for each order: what it is, and what its customer did before it."""
    features = pd.DataFrame(index=orders.index)
    for i, row in orders.iterrows():
        features.loc[i, "total"] = row["price"] * row["items"]
        features.loc[i, "log_price"] = np.log1p(row["price"])
    features["level"] = orders.apply(lambda row: price_level(row["price"]), axis=1)

    earlier_orders = []
    earlier_spent = []
    earlier_returns = []
    for i in range(len(orders)):
        count, spent, returned = 0, 0.0, 0
        for j in range(i):
            if orders["customer"].values[j] == orders["customer"].values[i]:
                count += 1
                spent += orders["price"].values[j]
                returned += orders["returned"].values[j]
        earlier_orders.append(count)
        earlier_spent.append(spent)
        earlier_returns.append(returned / count if count else 0.0)
    features["earlier_orders"] = earlier_orders
    features["earlier_spent"] = earlier_spent
    features["earlier_returns"] = earlier_returns

    for shop in SHOPS:
        flags = []
        for name in orders["shop"]:
            flags.append(1 if name == shop else 0)
        features["shop_" + shop] = flags
    return features


def main():
    orders = make_orders(seed=11)
    features = build_features(orders)
    print(f"{len(features)} orders, {features.shape[1]} features")
    print(f"mean total {features['total'].mean():.4f}, spent before {features['earlier_spent'].mean():.4f}")
    print(f"share of dear orders {(features['level'] == 'high').mean():.4f}")


if __name__ == "__main__":
    main()
