import lightgbm
from lightgbm import LGBMClassifier

def train(X, y, Xv, yv):
    model = LGBMClassifier(n_estimators=2000)
    model.fit(X, y, eval_set=[(Xv, yv)], callbacks=[lightgbm.early_stopping(100, verbose=False)])
    return model
