import torch
import torch.nn.functional as F

p = F.softmax(torch.zeros(3, 4), dim=1)
