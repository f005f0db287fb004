from lightgbm import LGBMClassifier

def train(X, y, Xv, yv):
    model = LGBMClassifier(n_estimators=2000)
    model.fit(X, y, eval_set=[(Xv, yv)], early_stopping_rounds=100)
    return model
