from sklearn.ensemble import ExtraTreesClassifier

model = ExtraTreesClassifier(n_estimators=500, n_jobs=-1)
