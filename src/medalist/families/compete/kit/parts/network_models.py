"""Convolutional networks: a small one for CPUs, and residual ones whose weights may come from a file.

Networks take normalised images (n, c, h, w) and give (n, outputs).
"""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path

import torch
from torch import nn


def convolution(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    """A 3 x 3 convolution, batch normalisation and ReLU."""
    layer = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
    return nn.Sequential(layer, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


class Residual(nn.Module):
    """Two convolutions around which the input is passed by (He et al. 2016)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.inner = nn.Sequential(convolution(channels, channels), convolution(channels, channels))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.inner(x)


def small_network(channels: int, size: int, outputs: int, width: int, residual: bool) -> nn.Sequential:
    """Halves the image until about 4 x 4 is left (2 x 2 of a tiny one), doubling the channels from ``width`` each time.

    Images over 40 pixels are halved by the first convolution. ``residual`` adds a residual block to
    each stage: stronger, and about three times slower.
    """
    layers: list[nn.Module] = [convolution(channels, width, 2 if size > 40 else 1)]
    side = size // 2 if size > 40 else size
    while side > (4 if size >= 16 else 2):
        layers.append(convolution(width, min(2 * width, 256), 2))
        width, side = min(2 * width, 256), (side + 1) // 2
        if residual:
            layers.append(Residual(width))
    return nn.Sequential(
        *layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.1), nn.Linear(width, outputs)
    )


class ResidualBlock(nn.Module):
    """A basic (two 3 x 3) or bottleneck (1 x 1, 3 x 3, 1 x 1) block with torchvision's parameter names."""

    def __init__(self, inputs: int, width: int, stride: int, bottleneck: bool) -> None:
        super().__init__()
        outputs = 4 * width if bottleneck else width
        if bottleneck:
            shapes = [(inputs, width, 1, 1), (width, width, 3, stride), (width, outputs, 1, 1)]
        else:
            shapes = [(inputs, width, 3, stride), (width, outputs, 3, 1)]
        self.steps = len(shapes)
        for number, (before, after, kernel, step) in enumerate(shapes, start=1):
            layer = nn.Conv2d(before, after, kernel, step, kernel // 2, bias=False)
            self.add_module(f"conv{number}", layer)
            self.add_module(f"bn{number}", nn.BatchNorm2d(after))
        self.downsample = None
        if stride > 1 or inputs != outputs:
            passed = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
            self.downsample = nn.Sequential(passed, nn.BatchNorm2d(outputs))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        passed = x if self.downsample is None else self.downsample(x)
        for number in range(1, self.steps + 1):
            x = self.get_submodule(f"bn{number}")(self.get_submodule(f"conv{number}")(x))
            x = torch.relu(x + passed if number == self.steps else x)
        return x


class ResidualNetwork(nn.Module):
    """A residual network (He et al. 2016) laid out and named as torchvision's, of any depth and width.

    Images up to 64 pixels enter by a 3 x 3 convolution without pooling, unless ``large_stem``.
    """

    def __init__(
        self, channels: int, outputs: int, blocks: list[int], width: int, bottleneck: bool, large_stem: bool
    ) -> None:
        super().__init__()
        kernel, stride = (7, 2) if large_stem else (3, 1)
        self.conv1 = nn.Conv2d(channels, width, kernel, stride, kernel // 2, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.pool = nn.MaxPool2d(3, 2, 1) if large_stem else nn.Identity()
        inputs = width
        for stage, count in enumerate(blocks):
            layers = []
            for place in range(count):
                step = 2 if stage > 0 and place == 0 else 1
                layers.append(ResidualBlock(inputs, width * 2**stage, step, bottleneck))
                inputs = width * 2**stage * (4 if bottleneck else 1)
            self.add_module(f"layer{stage + 1}", nn.Sequential(*layers))
        self.stages = len(blocks)
        self.fc = nn.Linear(inputs, outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.pool(torch.relu(self.bn1(self.conv1(x))))
        for stage in range(1, self.stages + 1):
            x = self.get_submodule(f"layer{stage}")(x)
        return self.fc(x.mean(dim=(2, 3)))


def residual_network(channels: int, size: int, outputs: int) -> ResidualNetwork:
    """An 18-layer residual network, from random weights."""
    return ResidualNetwork(channels, outputs, [2, 2, 2, 2], 64, bottleneck=False, large_stem=size > 64)


def pretrained_network(weights: Path, outputs: int) -> nn.Module:
    """A network with the weights found in a file or folder, its last layer new, for colour images.

    Understands a Hugging Face image model (config.json with model_type; needs transformers), a timm
    folder (config.json with architecture; needs timm), and a plain state dict of a residual network
    with torchvision's names (.pt, .pth, .bin, .safetensors). Raises ValueError for anything else.
    """
    config = weights / "config.json"
    described = json.loads(config.read_text()) if config.is_file() else {}
    if "model_type" in described:
        return hugging_face_network(weights, outputs)
    state = read_state(weights)
    if "architecture" in described:
        network = import_module("timm").create_model(described["architecture"], num_classes=outputs)
        return load_matching(network, state)
    if "conv1.weight" not in state or "layer1.0.conv1.weight" not in state:
        raise ValueError(f"{weights} holds no weights of a kind that is known here")
    return load_matching(network_of_state(state, outputs), state)


def hugging_face_network(folder: Path, outputs: int) -> nn.Module:
    """An image model of transformers, from local files only, that returns its logits."""
    kind = import_module("transformers").AutoModelForImageClassification
    model = kind.from_pretrained(
        folder, num_labels=outputs, ignore_mismatched_sizes=True, local_files_only=True
    )

    class Logits(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.model(pixel_values=x).logits

    return Logits()


def read_state(weights: Path) -> dict[str, torch.Tensor]:
    """The state dict in a file, or in the only such file of a folder. Raises ValueError without one."""
    files = [weights]
    if weights.is_dir():
        endings = (".safetensors", ".pth", ".pt", ".bin")
        files = sorted(p for p in weights.rglob("*") if p.suffix in endings)
    if not weights.exists() or len(files) != 1:
        raise ValueError(f"{weights} must be one file of weights, or a folder that holds one")
    if files[0].suffix == ".safetensors":
        return import_module("safetensors.torch").load_file(files[0])
    state = torch.load(files[0], map_location="cpu", weights_only=True)
    for wrapper in ("state_dict", "model"):
        state = state.get(wrapper, state)
    return {name.removeprefix("module."): value for name, value in state.items()}


def network_of_state(state: dict[str, torch.Tensor], outputs: int) -> ResidualNetwork:
    """The residual network that a state dict with torchvision's names was saved from."""
    stages = sorted({name.split(".")[0] for name in state if name.startswith("layer")})
    blocks = [len({name.split(".")[1] for name in state if name.startswith(f"{s}.")}) for s in stages]
    width, channels, kernel, _ = state["conv1.weight"].shape
    bottleneck = "layer1.0.conv3.weight" in state
    return ResidualNetwork(channels, outputs, blocks, width, bottleneck, large_stem=kernel > 3)


def load_matching(network: nn.Module, state: dict[str, torch.Tensor]) -> nn.Module:
    """Loads every tensor whose name and shape fit; says how many did. Raises ValueError where most do not."""
    own = network.state_dict()
    fitting = {name: value for name, value in state.items() if name in own and value.shape == own[name].shape}
    if 2 * len(fitting) < len(own):
        raise ValueError(f"only {len(fitting)} of {len(own)} tensors fit the network")
    network.load_state_dict(fitting, strict=False)
    print(f"Pretrained weights: {len(fitting)} of {len(own)} tensors", flush=True)
    return network
