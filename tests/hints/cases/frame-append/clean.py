import pandas as pd

tables = []
tables.append(pd.read_csv("a.csv"))
tables.append(pd.read_csv("b.csv"))
table = pd.concat(tables, ignore_index=True)
