from transformers import AutoModel

SOURCE = "weights/deberta/model.safetensors"
model = AutoModel.from_pretrained(SOURCE)
