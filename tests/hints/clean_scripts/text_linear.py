"""Text classification: words and characters, a linear model, several labels decoded at the end."""

import numpy as np
import pandas as pd
from scipy.sparse import hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, log_loss
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import LabelEncoder

train, test = pd.read_csv("input/train.csv"), pd.read_csv("input/test.csv")
encoder = LabelEncoder()
y = encoder.fit_transform(train["author"])
words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), min_df=3, sublinear_tf=True)
texts = pd.concat([train["text"], test["text"]])
words.fit(texts)
characters.fit(texts)
X = hstack([words.transform(train["text"]), characters.transform(train["text"])]).tocsr()
X_test = hstack([words.transform(test["text"]), characters.transform(test["text"])]).tocsr()

oof = np.zeros((len(train), len(encoder.classes_)))
answers = np.zeros((len(test), len(encoder.classes_)))
for fit_rows, valid_rows in StratifiedKFold(5, shuffle=True, random_state=0).split(X, y):
    model = LogisticRegression(C=10, max_iter=500).fit(X[fit_rows], y[fit_rows])
    oof[valid_rows] = model.predict_proba(X[valid_rows])
    answers += model.predict_proba(X_test) / 5
print("log loss", log_loss(y, oof), "F1", f1_score(y, oof.argmax(1), average="macro"))
table = pd.DataFrame(answers, columns=encoder.classes_)
table.insert(0, "id", test["id"])
table.to_csv("submission.csv", index=False)
