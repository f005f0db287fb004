from sklearn.ensemble import ExtraTreesClassifier

model = ExtraTreesClassifier(n_estimators=500)
