"""Images with timm: Mixup with even batches, transforms chosen by a flag, test-time flips, EMA."""

import os
from pathlib import Path

import albumentations as A
import numpy as np
import pandas as pd
import timm
import torch
from albumentations.pytorch import ToTensorV2
from PIL import Image
from sklearn.model_selection import train_test_split
from timm.data import Mixup
from timm.loss import SoftTargetCrossEntropy
from torch import nn
from torch.utils.data import DataLoader, Dataset


class CFG:
    size = 384
    batch = 64
    epochs = 8
    lr = 3e-4
    workers = max(1, (os.cpu_count() or 2) - 1)


def get_transforms(train):
    if train:
        return A.Compose(
            [A.RandomResizedCrop((CFG.size, CFG.size)), A.HorizontalFlip(p=0.5), A.Normalize(), ToTensorV2()]
        )
    return A.Compose([A.Resize(CFG.size, CFG.size), A.Normalize(), ToTensorV2()])


class Leaves(Dataset):
    def __init__(self, frame, folder, transforms):
        self.names = frame["image"].to_numpy()
        self.labels = frame["code"].to_numpy() if "code" in frame else np.zeros(len(frame), dtype=int)
        self.folder, self.transforms = folder, transforms

    def __len__(self):
        return len(self.names)

    def __getitem__(self, index):
        image = np.asarray(Image.open(self.folder / self.names[index]).convert("RGB"))
        return self.transforms(image=image)["image"], torch.tensor(self.labels[index])


def validate(model, loader, device):
    model.eval()
    criterion = nn.CrossEntropyLoss()
    total, right, seen = 0.0, 0, 0
    with torch.inference_mode():
        for images, labels in loader:
            images, labels = images.to(device), labels.to(device)
            logits = model(images)
            total += criterion(logits, labels).item() * len(labels)
            right += (logits.argmax(1) == labels).sum().item()
            seen += len(labels)
    return total / seen, right / seen


def predict(model, loader, device):
    model.eval()
    out = []
    with torch.inference_mode():
        for images, _ in loader:
            images = images.to(device)
            out.append((model(images).softmax(1) + model(images.flip(-1)).softmax(1)).cpu() / 2)
    return torch.cat(out).numpy()


def main():
    folder = Path("input")
    train, sample = pd.read_csv(folder / "train.csv"), pd.read_csv(folder / "sample_submission.csv")
    names = sorted(train["species"].unique())
    train["code"] = train["species"].map({name: i for i, name in enumerate(names)})
    fit, kept = train_test_split(train, test_size=0.2, stratify=train["code"], random_state=0)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    print(
        f"RESOURCES: {os.cpu_count()} CPU cores, batch={CFG.batch}, GPU={device}, Mixed Precision=ON",
        flush=True,
    )
    options = {
        "num_workers": CFG.workers,
        "pin_memory": True,
        "persistent_workers": True,
        "prefetch_factor": 3,
    }
    loader = DataLoader(
        Leaves(fit, folder / "train", get_transforms(True)),
        CFG.batch,
        shuffle=True,
        drop_last=True,
        **options,
    )
    checks = DataLoader(Leaves(kept, folder / "train", get_transforms(False)), CFG.batch * 2, **options)
    tests = DataLoader(Leaves(sample, folder / "test", get_transforms(False)), CFG.batch * 2, **options)
    model = timm.create_model("resnet50", pretrained=False, num_classes=len(names)).to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=CFG.lr, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, CFG.lr, epochs=CFG.epochs, steps_per_epoch=len(loader)
    )
    mixup, criterion = (
        Mixup(mixup_alpha=0.2, cutmix_alpha=1.0, num_classes=len(names)),
        SoftTargetCrossEntropy(),
    )
    scaler, best = torch.cuda.amp.GradScaler(), 0.0
    for epoch in range(CFG.epochs):
        model.train()
        running = 0.0
        for step, (images, labels) in enumerate(loader):
            images, labels = mixup(images.to(device), labels.to(device))
            with torch.cuda.amp.autocast():
                loss = criterion(model(images), labels) / 2
            scaler.scale(loss).backward()
            if step % 2 == 1:
                scaler.unscale_(optimizer)
                torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                scaler.step(optimizer)
                scaler.update()
                optimizer.zero_grad()
            schedule.step()
            running += loss.item()
        loss, accuracy = validate(model, checks, device)
        print(
            f"Epoch {epoch + 1}/{CFG.epochs}, Loss: {running / len(loader):.3f}, validation {loss:.3f} {accuracy:.4f}",
            flush=True,
        )
        torch.save({"model": model.state_dict(), "epoch": epoch}, "last.pth")
        if accuracy > best:
            best = accuracy
            torch.save(model.state_dict(), "best.pth")
    model.load_state_dict(torch.load("best.pth", map_location=device, weights_only=True))
    sample["species"] = [names[i] for i in predict(model, tests, device).argmax(1)]
    sample.to_csv("submission.csv", index=False)


if __name__ == "__main__":
    main()
