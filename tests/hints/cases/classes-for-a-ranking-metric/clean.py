from lightgbm import LGBMClassifier
from sklearn.metrics import accuracy_score, roc_auc_score

def score(X, y, Xv, yv):
    model = LGBMClassifier()
    model.fit(X, y)
    return roc_auc_score(yv, model.predict_proba(Xv)[:, 1]), accuracy_score(yv, model.predict(Xv))
