import torch

DEBUG = False
torch.autograd.set_detect_anomaly(DEBUG)
