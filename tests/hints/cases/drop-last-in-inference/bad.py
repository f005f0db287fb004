import torch
import torch.nn as nn
from torch.utils.data import DataLoader

net = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))

def predict(rows):
    net.eval()
    out = []
    with torch.no_grad():
        for batch in rows:
            out.append(net(batch).argmax(1))
    return torch.cat(out)

test = torch.zeros(100, 784)
answers = predict(DataLoader(test, batch_size=64, drop_last=True))
