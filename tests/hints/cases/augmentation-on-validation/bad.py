import os

import torch
from torch import nn
from torch.utils.data import DataLoader, Subset, random_split
from torchvision import datasets, models, transforms

augment = transforms.Compose([transforms.RandomHorizontalFlip(), transforms.ToTensor()])
plain = transforms.Compose([transforms.Resize((224, 224)), transforms.ToTensor()])
whole = datasets.ImageFolder("input/train", transform=augment)
fit_part, kept_part = random_split(whole, [800, 200])
net = models.resnet18(num_classes=4).cuda()
opt = torch.optim.AdamW(net.parameters())
loader = DataLoader(fit_part, batch_size=128, shuffle=True, num_workers=8)
checks = DataLoader(kept_part, batch_size=128, num_workers=8)

@torch.no_grad()
def accuracy(batches):
    net.eval()
    right = 0
    for x, y in batches:
        right += (net(x.cuda()).argmax(1).cpu() == y).sum().item()
    net.train()
    return right

print(f"RESOURCES: {os.cpu_count()} CPU cores, batch=128, GPU=A10, Mixed Precision=OFF", flush=True)
for epoch in range(10):
    for x, y in loader:
        opt.zero_grad()
        loss = nn.functional.cross_entropy(net(x.cuda()), y.cuda())
        loss.backward()
        opt.step()
    print(f"Fold 1/1, Epoch {epoch + 1}/10, Loss: {loss.item():.3f}", flush=True)
    torch.save(net.state_dict(), "last.pt")
    print(accuracy(checks))
