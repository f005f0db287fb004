"""A small network on digits held in memory: tensors need no workers, validation no augmentation."""

import os

import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

digits = load_digits()
images = torch.tensor(digits.images[:, None] / 16.0, dtype=torch.float32)
labels = torch.tensor(digits.target)
rows, kept = train_test_split(np.arange(len(labels)), test_size=0.2, stratify=digits.target, random_state=0)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
network = nn.Sequential(
    nn.Conv2d(1, 16, 3, padding=1),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Flatten(),
    nn.Dropout(0.2),
    nn.Linear(256, 10),
).to(device)
optimizer = torch.optim.AdamW(network.parameters(), lr=3e-3)
loader = DataLoader(TensorDataset(images[rows], labels[rows]), batch_size=128, shuffle=True)
print(f"RESOURCES: {os.cpu_count()} CPU cores, batch=128, GPU={device}, Mixed Precision=OFF", flush=True)
best = 0.0
for epoch in range(8):
    network.train()
    total = 0.0
    for x, y in loader:
        loss = nn.functional.cross_entropy(network(x.to(device)), y.to(device))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(x)
    network.eval()
    with torch.no_grad():
        right = (network(images[kept].to(device)).argmax(1).cpu() == labels[kept]).float().mean().item()
    print(f"Fold 1/1, Epoch {epoch + 1}/8, Loss: {total / len(rows):.3f}, accuracy {right:.3f}", flush=True)
    torch.save({"network": network.state_dict(), "epoch": epoch}, "last.pt")
    if right > best:
        best = right
        torch.save(network.state_dict(), "best.pt")
