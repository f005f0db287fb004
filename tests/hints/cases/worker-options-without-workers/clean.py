import torch
import torch.nn as nn
from torch.utils.data import DataLoader

test = torch.zeros(100, 784)
loader = DataLoader(test, batch_size=64, num_workers=2, prefetch_factor=4, persistent_workers=True)
