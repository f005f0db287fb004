import lightgbm
from lightgbm import LGBMRegressor

ROUNDS = 10_000

def train(X, y, Xv, yv):
    model = LGBMRegressor(n_estimators=ROUNDS, learning_rate=0.01)
    return model.fit(X, y, eval_set=[(Xv, yv)], callbacks=[lightgbm.early_stopping(100)])
