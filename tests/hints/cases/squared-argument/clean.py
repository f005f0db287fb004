from sklearn.metrics import mean_squared_error

def rmse(y, p):
    return mean_squared_error(y, p) ** 0.5
