import pandas as pd

table = pd.read_csv("a.csv")
more = pd.read_csv("b.csv")
table = table.append(more, ignore_index=True)
