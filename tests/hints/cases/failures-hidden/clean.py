from PIL import Image

def read(paths):
    images = []
    for path in paths:
        try:
            images.append(Image.open(path).convert("RGB"))
        except OSError as error:
            print(f"cannot read {path}: {error}", flush=True)
    return images
