from transformers import AutoModel

SOURCE = "weights/deberta"
model = AutoModel.from_pretrained(SOURCE)
