"""Bag-of-words features of short reviews: a vocabulary, weights, and how alike neighbouring reviews are.

Makes its reviews, then counts in the plainest way. Run it: it prints a summary.
"""

import itertools
import math
import random
import re

REVIEWS = 1000
SYLLABLES = ["ka", "lo", "mi", "ran", "te", "vu", "sho", "bel", "dor", "ni", "pra", "zu"]
STOP_WORDS = ["the", "a", "and", "of", "to", "it", "was", "very"]


def make_reviews(seed):
    """Reviews as texts, of words that are rare or common as in a language."""
    generator = random.Random(seed)
    words = STOP_WORDS + [
        "".join(generator.choices(SYLLABLES, k=generator.randint(2, 4))) for _ in range(2000)
    ]
    weights = [1.0 / (rank + 3) for rank in range(len(words))]
    reviews = []
    for _ in range(REVIEWS):
        chosen = generator.choices(words, weights, k=generator.randint(15, 60))
        reviews.append(" ".join(chosen).capitalize() + generator.choice([".", "!", "?!"]))
    return reviews


def split_words(text):
    """The words of a text in lower case, without punctuation and stop words."""
    cleaned = ""
    for character in text.lower():
        if re.match(r"[a-z ]", character):
            cleaned += character
    return [word for word in cleaned.split() if word not in STOP_WORDS]


def featurize(reviews):
    """The vocabulary, a row of weights (tf-idf) for each review, and its likeness to the review before it."""
    documents = []
    for review in reviews:
        documents.append(split_words(review))

    vocabulary = []
    for document in documents:
        for word in document:
            if word not in vocabulary:
                vocabulary.append(word)
    vocabulary = sorted(vocabulary)

    frequency = []
    for word in vocabulary:
        count = 0
        for document in documents:
            if word in document:
                count += 1
        frequency.append(count)

    rows = []
    for document in documents:
        row = []
        for index, word in enumerate(vocabulary):
            share = document.count(word) / max(1, len(document))
            row.append(share * math.log(len(documents) / (1 + frequency[index])))
        rows.append(row)

    likeness = [0.0]
    for before, after in itertools.pairwise(rows):
        product = sum(a * b for a, b in zip(before, after, strict=True))
        length = math.sqrt(sum(a * a for a in before)) * math.sqrt(sum(b * b for b in after))
        likeness.append(product / length if length > 0 else 0.0)
    return {"vocabulary": vocabulary, "rows": rows, "likeness": likeness}


def main():
    features = featurize(make_reviews(seed=5))
    total = sum(sum(row) for row in features["rows"])
    print(f"{len(features['rows'])} reviews, {len(features['vocabulary'])} words")
    print(f"sum of weights {total:.6f}, mean likeness {sum(features['likeness']) / REVIEWS:.6f}")


if __name__ == "__main__":
    main()
