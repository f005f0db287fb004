import numpy as np
import pandas as pd
from lightgbm import LGBMRegressor

train, test = pd.read_csv("train.csv"), pd.read_csv("test.csv")
y = np.log1p(train.pop("price"))
model = LGBMRegressor().fit(train, y)
answers = np.expm1(model.predict(test))
pd.DataFrame({"id": test["id"], "price": answers}).to_csv("submission.csv", index=False)
