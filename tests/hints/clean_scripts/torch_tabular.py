"""A tabular network in PyTorch: scaler fitted within each fold, half precision, best and last saved."""

import os
import time
from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from sklearn.model_selection import KFold
from sklearn.preprocessing import StandardScaler
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


@dataclass(frozen=True)
class Config:
    batch: int = 4096
    epochs: int = 20
    learning_rate: float = 2e-3


class Net(nn.Module):
    def __init__(self, columns):
        super().__init__()
        self.layers = nn.Sequential(
            nn.BatchNorm1d(columns), nn.Linear(columns, 256), nn.ReLU(), nn.Dropout(0.1), nn.Linear(256, 1)
        )

    def forward(self, rows):
        return self.layers(rows).squeeze(1)


def make_loader(X, y, config, training):
    data = TensorDataset(torch.tensor(X, dtype=torch.float32), torch.tensor(y, dtype=torch.float32))
    return DataLoader(data, batch_size=config.batch, shuffle=training, drop_last=training, pin_memory=True)


def compute_loss(net, rows, targets):
    return F.mse_loss(net(rows), targets)


def run_epoch(net, loader, optimizer, scaler, device, amp):
    net.train()
    losses = []
    for rows, targets in loader:
        rows, targets = rows.to(device), targets.to(device)
        with torch.autocast("cuda") if amp else nullcontext():
            loss = compute_loss(net, rows, targets)
        optimizer.zero_grad(set_to_none=True)
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        losses.append(loss.detach())
    return torch.stack(losses).mean().item()


def predict(net, loader, device):
    net.eval()
    with torch.no_grad():
        return torch.cat([net(rows.to(device)).cpu() for rows, _ in loader]).numpy()


def main():
    config = Config()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    amp = device.type == "cuda"
    print(f"RESOURCES: {os.cpu_count()} CPU cores, batch={config.batch}, GPU={device}, Mixed Precision={amp}")
    train, test = pd.read_csv("input/train.csv"), pd.read_csv("input/test.csv")
    y = train["target"].to_numpy(dtype="float32")
    X, X_test = train.drop(columns=["id", "target"]).to_numpy(), test.drop(columns=["id"]).to_numpy()
    oof, answer = np.zeros(len(y)), np.zeros(len(X_test))
    for fold, (fit_rows, valid_rows) in enumerate(KFold(5, shuffle=True, random_state=0).split(X)):
        scaler = StandardScaler().fit(X[fit_rows])
        loader = make_loader(scaler.transform(X[fit_rows]), y[fit_rows], config, True)
        checks = make_loader(scaler.transform(X[valid_rows]), y[valid_rows], config, False)
        tests = make_loader(scaler.transform(X_test), np.zeros(len(X_test)), config, False)
        net = Net(X.shape[1]).to(device)
        optimizer = torch.optim.AdamW(net.parameters(), lr=config.learning_rate)
        grad_scaler = torch.amp.GradScaler(device.type, enabled=amp)
        best = np.inf
        for epoch in range(config.epochs):
            start = time.monotonic()
            loss = run_epoch(net, loader, optimizer, grad_scaler, device, amp)
            error = float(np.sqrt(np.mean((predict(net, checks, device) - y[valid_rows]) ** 2)))
            print(
                f"Fold {fold + 1}/5, Epoch {epoch + 1}/{config.epochs}, Loss: {loss:.4f}, RMSE {error:.4f}, "
                f"{len(fit_rows) / (time.monotonic() - start):.0f} samples/s",
                flush=True,
            )
            torch.save(
                {"net": net.state_dict(), "optimizer": optimizer.state_dict(), "epoch": epoch}, "last.pt"
            )
            if error < best:
                best = error
                torch.save(net.state_dict(), f"best{fold}.pt")
        net.load_state_dict(torch.load(f"best{fold}.pt", map_location=device))
        oof[valid_rows] = predict(net, checks, device)
        answer += predict(net, tests, device) / 5
    print("validation RMSE", np.sqrt(np.mean((oof - y) ** 2)))
    pd.DataFrame({"id": test["id"], "target": answer}).to_csv("submission.csv", index=False)


if __name__ == "__main__":
    main()
