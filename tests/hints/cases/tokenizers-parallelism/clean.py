import os

os.environ["TOKENIZERS_PARALLELISM"] = "false"
from torch.utils.data import DataLoader
from transformers import AutoTokenizer

tok = AutoTokenizer.from_pretrained("weights/deberta")
texts = ["a", "b"]
loader = DataLoader(texts, batch_size=64, shuffle=True, num_workers=4, collate_fn=lambda b: tok(b, padding=True))
