"""A training loop in torch: the model is made, trained and measured inside main()."""

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(6, 16)
        self.last = nn.Linear(16, 2)

    def forward(self, x):
        return self.last(torch.relu(self.first(x)))


def make_data(count=200):
    x = torch.randn(count, 6)
    return x, (x[:, 0] + x[:, 1] * x[:, 2] > 0).long()


def train(model, x, y, epochs=4):
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-1)
    history = []
    for _ in range(epochs):
        order = torch.randperm(len(x))
        for i in range(0, len(x), 8):
            batch = order[i : i + 8]
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x[batch]), y[batch])
            loss.backward()
            optimizer.step()
            history.append(loss.item())
    return history


def main():
    torch.manual_seed(0)
    x, y = make_data()
    model = Net()
    history = train(model, x, y)
    accuracy = (model(x).argmax(1) == y).float().mean().item()
    print(f"loss {history[-1]:.4f} accuracy {accuracy:.3f}")
    torch.save(model.state_dict(), "model.pt")


if __name__ == "__main__":
    main()
