from lightgbm import LGBMClassifier
from sklearn.metrics import roc_auc_score

def score(X, y, Xv, yv):
    model = LGBMClassifier()
    model.fit(X, y)
    return roc_auc_score(yv, model.predict(Xv))
