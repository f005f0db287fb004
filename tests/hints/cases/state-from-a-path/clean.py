import os

import torch
from torch import nn
from torch.utils.data import DataLoader
from torchvision import datasets, models, transforms

plain = transforms.Compose([transforms.Resize((224, 224)), transforms.ToTensor()])
data = datasets.ImageFolder("input/train", plain)
net = models.resnet18(num_classes=4).cuda()
opt = torch.optim.AdamW(net.parameters())
best = "artifacts/best.pt"
net.load_state_dict(torch.load(best, map_location="cuda"))
