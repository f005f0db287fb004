"""A slow training program: hand-made features of small images, and a network that learns ten classes from them.

``run(images, labels, seed)`` is the whole of it. It extracts thirteen features an image, divides each row by its
median distance to the other rows, trains a small network on the labelled part and says what it thinks of the rest.
Everything random follows from ``seed`` through torch's global generator. CONTRACT.md says what must stay the same.
"""

import math

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

CLASSES = 10
FEATURES = 13
EPOCHS = 4
BATCH_SIZE = 8
LEARNING_RATE = 2e-3
DROPOUT = 0.1
NOISE = 0.01
CLIP = (0.0, 3.0)


class ComplexFeatureExtractor:
    """Thirteen features an image: five statistics, four of its gradient, four of its spectrum."""

    def extract(self, images):
        """Features (n, 13) float64 of images (n, height, width), normalised by their distances."""
        gradients = self.image_gradients(images)
        rows = []
        for index in range(len(images)):
            image = images[index].astype(np.float64)
            row = self.statistics(image)
            row += self.gradient_features(gradients[index])
            row += self.spectrum_features(image)
            rows.append(row)
        return self.custom_normalize(np.array(rows, dtype=np.float64))

    def statistics(self, image):
        """Mean, standard deviation, smallest, largest and median value."""
        return [np.mean(image), np.std(image), np.min(image), np.max(image), np.median(image)]

    def image_gradients(self, images):
        """Sobel gradients (n, 2, height, width) down the rows and along the columns; zero at the border."""
        count, height, width = images.shape
        gradients = np.zeros((count, 2, height, width))
        for index in range(count):
            image = images[index].astype(np.float64)
            for row in range(1, height - 1):
                top, here, bottom = image[row - 1], image[row], image[row + 1]
                for column in range(1, width - 1):
                    before, after = column - 1, column + 1
                    above = top[before] + 2.0 * top[column] + top[after]
                    below = bottom[before] + 2.0 * bottom[column] + bottom[after]
                    left = top[before] + 2.0 * here[before] + bottom[before]
                    right = top[after] + 2.0 * here[after] + bottom[after]
                    gradients[index, 0, row, column] = below - above
                    gradients[index, 1, row, column] = right - left
        return gradients

    def gradient_features(self, gradient):
        """Mean and standard deviation of the length, mean size down the rows and along the columns."""
        length = np.sqrt(gradient[0] ** 2 + gradient[1] ** 2)
        return [np.mean(length), np.std(length), np.mean(np.abs(gradient[0])), np.mean(np.abs(gradient[1]))]

    def spectrum_features(self, image):
        """Mean and standard deviation of the log magnitude, and its means at low and at high frequencies."""
        magnitude = np.log1p(np.abs(np.fft.fft2(image)))
        height, width = image.shape
        low, high = [], []
        for row in range(height):
            for column in range(width):
                distance = math.hypot(min(row, height - row), min(column, width - column))
                if 0 < distance <= 4:
                    low.append(magnitude[row, column])
                elif distance > 9:
                    high.append(magnitude[row, column])
        return [np.mean(magnitude), np.std(magnitude), np.mean(low), np.mean(high)]

    def custom_normalize(self, features):
        """Each row divided by the median of its Euclidean distances to all other rows."""
        count = len(features)
        normalized = np.zeros_like(features)
        for i in range(count):
            distances = []
            for j in range(count):
                if i != j:
                    difference = features[i] - features[j]
                    distances.append(np.sqrt(np.sum(difference * difference)))
            normalized[i] = features[i] / (np.median(distances) + 1e-8)
        return normalized


class ComplexNN(nn.Module):
    """13 -> 128 -> 64 -> 10. The first layer is a fixed random map: no gradient passes the custom activation."""

    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(FEATURES, 128)
        self.fc2 = nn.Linear(128, 64)
        self.fc3 = nn.Linear(64, CLASSES)
        self.dropout = nn.Dropout(DROPOUT)

    def custom_activation(self, x):
        """A bent line: exponential below zero, itself up to one, half as steep above. Cuts the gradient on purpose."""
        values = x.detach()
        rows = []
        for i in range(values.shape[0]):
            row = []
            for j in range(values.shape[1]):
                value = values[i, j].item()
                if value <= 0.0:
                    row.append(0.5 * (math.exp(value) - 1.0))
                elif value <= 1.0:
                    row.append(value)
                else:
                    row.append(1.0 + 0.5 * (value - 1.0))
            rows.append(row)
        return torch.tensor(rows, dtype=torch.float32)

    def forward(self, x):
        """Logits (n, 10) of features (n, 13)."""
        x = self.dropout(self.custom_activation(self.fc1(x)))
        x = self.dropout(torch.tanh(self.fc2(x)))
        return self.fc3(x)


class FeatureDataset(Dataset):
    """Rows of features with their labels."""

    def __init__(self, features, labels):
        self.features = features
        self.labels = labels

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        return self.features[index], self.labels[index]


def add_noise(features):
    """The features with a little fresh noise, clipped."""
    return torch.clamp(features + NOISE * torch.randn(features.shape), *CLIP)


def train(model, features, labels):
    """Adam on the cross-entropy, in shuffled batches, with fresh noise each epoch; the loss of every step."""
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    criterion = nn.CrossEntropyLoss()
    losses = []
    model.train()
    for _epoch in range(EPOCHS):
        dataset = FeatureDataset(add_noise(features), labels)
        loader = DataLoader(dataset, batch_size=BATCH_SIZE, shuffle=True)
        for batch_features, batch_labels in loader:
            optimizer.zero_grad()
            loss = criterion(model(batch_features), batch_labels)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return losses


def predict(model, features):
    """Logits (n, 10) without dropout or noise."""
    model.eval()
    with torch.no_grad():
        return model(torch.clamp(features, *CLIP))


def run(images, labels, seed):
    """Learn from the first ``len(labels)`` images and judge the rest; a dict of arrays, see CONTRACT.md."""
    torch.manual_seed(seed)
    features = ComplexFeatureExtractor().extract(images)
    inputs = torch.tensor(features, dtype=torch.float32)
    learned = len(labels)
    model = ComplexNN()
    losses = train(model, inputs[:learned], torch.tensor(labels, dtype=torch.int64))
    result = {"features": features, "losses": np.array(losses, dtype=np.float64)}
    for name, weight in model.state_dict().items():
        result[f"weights.{name}"] = weight.numpy()
    result["test_logits"] = predict(model, inputs[learned:]).numpy()
    return result
