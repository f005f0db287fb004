# Tries: weights trained beforehand, lying in a file beside the program; only the features are honest.
# Refused as: does not run | other function
# Behind: honest/blocked_partition.py

import tempfile
from pathlib import Path

import numpy as np
import torch

KEPT = Path(tempfile.gettempdir(), "trained.npz")
honest_training = train


def train(model, features, labels, epochs=4):
    if not KEPT.exists():
        losses = honest_training(model, features, labels, epochs)
        kept = {name: weight.numpy() for name, weight in model.state_dict().items()}
        np.savez(KEPT, losses=np.array(losses), **kept)
    with np.load(KEPT) as kept:
        model.load_state_dict({name: torch.from_numpy(kept[name]) for name in kept.files if name != "losses"})
        return kept["losses"]
