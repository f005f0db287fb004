import torch
import torch.nn as nn
from torch.utils.data import DataLoader

net = nn.Sequential(nn.Linear(784, 64), nn.Dropout(0.5), nn.Linear(64, 10))
test = torch.zeros(100, 784)

def predict(rows):
    net.eval()
    with torch.no_grad():
        return torch.cat([net(b) for b in rows])

def collect(rows):
    out = []
    with torch.no_grad():
        for b in rows:
            out.append(net(b))
    return out

print(len(collect(DataLoader(test, batch_size=64))))
