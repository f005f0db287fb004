"""Fine-tuning a local transformer for text, bfloat16, gradient accumulation, local weights only."""

import os

os.environ["TOKENIZERS_PARALLELISM"] = "false"

import numpy as np
import pandas as pd
import torch
from sklearn.metrics import f1_score
from sklearn.model_selection import StratifiedKFold
from torch.utils.data import DataLoader
from transformers import AutoModelForSequenceClassification, AutoTokenizer, get_cosine_schedule_with_warmup

WEIGHTS = "weights/deberta-v3-base"
tokenizer = AutoTokenizer.from_pretrained(WEIGHTS)
device = "cuda"


def collate(items):
    texts, labels = zip(*items, strict=True)
    batch = tokenizer(list(texts), padding=True, truncation=True, max_length=128, return_tensors="pt")
    batch["labels"] = torch.tensor(labels)
    return batch


def loader_of(frame, training):
    items = list(zip(frame["text"], frame["target"], strict=True))
    return DataLoader(
        items, batch_size=64, shuffle=training, collate_fn=collate, num_workers=4, pin_memory=True
    )


@torch.no_grad()
def scores(model, loader):
    model.eval()
    found = []
    for batch in loader:
        batch = {key: value.to(device) for key, value in batch.items()}
        with torch.autocast("cuda", dtype=torch.bfloat16):
            found.append(model(**batch).logits.float().softmax(-1)[:, 1].cpu())
    return torch.cat(found).numpy()


train, test = pd.read_csv("input/train.csv"), pd.read_csv("input/test.csv").assign(target=0)
print(
    f"RESOURCES: {os.cpu_count()} CPU cores, batch=64, GPU={torch.cuda.get_device_name()}, Mixed Precision=ON"
)
oof, answer = np.zeros(len(train)), np.zeros(len(test))
for fold, (a, b) in enumerate(StratifiedKFold(5, shuffle=True, random_state=0).split(train, train["target"])):
    model = AutoModelForSequenceClassification.from_pretrained(WEIGHTS, num_labels=2).to(device)
    loader, checks = loader_of(train.iloc[a], True), loader_of(train.iloc[b], False)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-5)
    schedule = get_cosine_schedule_with_warmup(optimizer, 100, 3 * len(loader))
    best = -1.0
    for epoch in range(3):
        model.train()
        total = 0.0
        for batch in loader:
            batch = {key: value.to(device) for key, value in batch.items()}
            with torch.autocast("cuda", dtype=torch.bfloat16):
                loss = model(**batch).loss
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
            total += loss.item()
        oof[b] = scores(model, checks)
        f1 = f1_score(train["target"].iloc[b], oof[b] > 0.5)
        print(
            f"Fold {fold + 1}/5, Epoch {epoch + 1}/3, Loss: {total / len(loader):.3f}, F1 {f1:.4f}",
            flush=True,
        )
        model.save_pretrained(f"artifacts/last{fold}")
        if f1 > best:
            best = f1
            model.save_pretrained(f"artifacts/best{fold}")
    answer += scores(model, loader_of(test, False)) / 5
test["target"] = (answer > 0.5).astype(int)
test[["id", "target"]].to_csv("submission.csv", index=False)
