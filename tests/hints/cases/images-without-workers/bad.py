import os

import torch
from torch import nn
from torch.utils.data import DataLoader
from torchvision import datasets, models, transforms

plain = transforms.Compose([transforms.Resize((224, 224)), transforms.ToTensor()])
data = datasets.ImageFolder("input/train", plain)
net = models.resnet18(num_classes=4).cuda()
opt = torch.optim.AdamW(net.parameters())
loader = DataLoader(data, batch_size=128, shuffle=True)
print(f"RESOURCES: {os.cpu_count()} CPU cores, batch=128, GPU=A10, Mixed Precision=OFF", flush=True)
for epoch in range(10):
    for x, y in loader:
        opt.zero_grad()
        loss = nn.functional.cross_entropy(net(x.cuda()), y.cuda())
        loss.backward()
        opt.step()
    print(f"Fold 1/1, Epoch {epoch + 1}/10, Loss: {loss.item():.3f}", flush=True)
    torch.save(net.state_dict(), "last.pt")
