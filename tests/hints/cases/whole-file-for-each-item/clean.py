import pandas as pd
from torch.utils.data import Dataset

class Series(Dataset):
    """One file an item."""

    def __init__(self, paths):
        self.paths = paths

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, i):
        table = pd.read_csv(self.paths[i])
        return table.to_numpy()
