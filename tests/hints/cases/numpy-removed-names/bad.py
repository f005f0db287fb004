import numpy as np

weights = np.ones(4, dtype=np.float)
weights[0] = np.NaN
