"""Odd but correct: an adversarial pair, a recurrent network over an ordered iterable, losses summed first."""

import os

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, IterableDataset


class Stream(IterableDataset):
    def __iter__(self):
        for _ in range(1000):
            yield torch.randn(16), torch.randn(1)


maker, judge = nn.Linear(8, 16).cuda(), nn.Linear(16, 1).cuda()
memory, head = nn.GRU(16, 16, batch_first=True).cuda(), nn.Linear(16, 1).cuda()
first = torch.optim.Adam([*maker.parameters(), *memory.parameters(), *head.parameters()])
second = torch.optim.Adam(judge.parameters())
criterion = nn.BCEWithLogitsLoss()
loader = DataLoader(Stream(), batch_size=64)
print(f"RESOURCES: {os.cpu_count()} CPU cores, batch=64, GPU=A10, Mixed Precision=OFF", flush=True)
for epoch in range(5):
    for rows, targets in loader:
        rows, targets = rows.cuda(), targets.cuda()
        made = maker(torch.randn(len(rows), 8).cuda())
        loss_d = criterion(judge(rows), torch.ones_like(targets))
        loss_d += criterion(judge(made.detach()), torch.zeros_like(targets))
        second.zero_grad()
        loss_d.backward()
        second.step()
        loss = 0.0
        for weight, guess in ((1.0, judge(made)), (0.5, head(memory(rows[:, None])[0][:, 0]))):
            loss += weight * criterion(guess, torch.ones_like(targets))
        first.zero_grad()
        loss.backward()
        first.step()
    print(f"Epoch {epoch + 1}/5, Loss: {loss.item():.3f} {loss_d.item():.3f}", flush=True)
    torch.save({"maker": maker.state_dict(), "judge": judge.state_dict()}, "last.pt")
