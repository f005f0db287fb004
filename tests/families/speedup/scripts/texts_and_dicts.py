"""Lists of texts and a dict go in; a dict of a list, of records and of a defaultdict comes out."""

import random
import re
from collections import defaultdict
from dataclasses import dataclass

WORDS = [
    "alpha",
    "beta",
    "gamma",
    "delta",
    "epsilon",
    "zeta",
    "eta",
    "theta",
    "iota",
    "kappa",
    "lambda",
    "mu",
]


@dataclass
class Settings:
    least: int
    share: float


def featurize(texts, stop_words, settings):
    vocabulary = []
    for text in texts:
        for word in re.findall(r"\w+", text.lower()):
            if word not in vocabulary and word not in stop_words:
                vocabulary.append(word)
    counts = []
    for text in texts:
        counts.append(
            {word: len(re.findall(r"\b" + word + r"\b", text.lower())) for word in sorted(vocabulary)}
        )
    frequency = defaultdict(int)
    for row in counts:
        for word, count in row.items():
            frequency[word] += count >= settings.least
    return {
        "vocabulary": sorted(vocabulary),
        "counts": counts,
        "frequency": frequency,
        "share": settings.share,
    }


if __name__ == "__main__":
    random.seed(5)
    documents = [" ".join(random.choices(WORDS, k=random.randint(5, 30))) for _ in range(1500)]
    found = featurize(documents, ["mu"], Settings(least=2, share=0.5))
    print(len(found["vocabulary"]), sum(found["frequency"].values()))
