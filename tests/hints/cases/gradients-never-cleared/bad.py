import torch
import torch.nn as nn
from torch.utils.data import DataLoader
import os

net = nn.Sequential(nn.Linear(784, 64), nn.Dropout(0.5), nn.Linear(64, 10)).cuda()
opt = torch.optim.AdamW(net.parameters())

print(f"RESOURCES: {os.cpu_count()} CPU cores, batch=128, GPU=A10, Mixed Precision=OFF", flush=True)

def fit(batches, checks):
    for epoch in range(10):

        net.train()
        total = 0.0
        for x, y in batches:
            loss = nn.functional.cross_entropy(net(x.cuda()), y.cuda())
            loss.backward()
            opt.step()
            total += loss.item()
        net.eval()
        with torch.no_grad():
            for x, y in checks:
                net(x.cuda())
        print(f"Epoch {epoch}, Loss: {total:.3f}", flush=True)
        torch.save(net.state_dict(), "last.pt")
