from lightgbm import LGBMRegressor

ROUNDS = 10_000

def train(X, y):
    return LGBMRegressor(n_estimators=ROUNDS, learning_rate=0.01).fit(X, y)
