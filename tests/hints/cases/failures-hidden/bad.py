from PIL import Image

def read(paths):
    images = []
    for path in paths:
        try:
            images.append(Image.open(path).convert("RGB"))
        except Exception:
            pass
    return images
