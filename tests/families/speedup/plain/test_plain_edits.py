"""Lists, texts and dictionaries: the edited program answers as the original, or nothing is offered."""

from __future__ import annotations

import pytest
from edited_programs import assert_edited_equal, edits_of

from medalist.families.speedup.optimiser.plain.counting import CountedOnce, IndexedMatches
from medalist.families.speedup.optimiser.plain.groups import EarlierMatches
from medalist.families.speedup.optimiser.plain.growing import AppendedEntries, CollectedParts
from medalist.families.speedup.optimiser.plain.membership import IndexedPlaces, SetMembership, SetsOfDocuments
from medalist.families.speedup.optimiser.plain.once import CompiledPatterns, HoistedCalls, RememberedFunctions
from medalist.families.speedup.optimiser.plain.tabulated import TabulatedTerms, TestedCharacters
from medalist.families.speedup.optimiser.transformation import Transformation

TEXTS = ["the cat and the dog", "a dog saw the cat run", "birds  and cats and trees sing", ""] * 3

FITTING: dict[str, tuple[Transformation, str]] = {
    "a list that does not change": (
        SetMembership(),
        """
def run(texts):
    common = sorted({word for text in texts for word in text.split()})[:4]
    kept = []
    for text in texts:
        for word in text.split():
            if word not in common:
                kept.append(word)
    return kept
""",
    ),
    "a constant of the program": (
        SetMembership(),
        """
STOPWORDS = ["the", "a", "and"]

def clean(text):
    return [word for word in text.split() if word not in STOPWORDS]

def run(texts):
    return [clean(text) for text in texts]
""",
    ),
    "a list that grows while it is searched": (
        SetMembership(),
        """
def run(texts):
    vocabulary = []
    for text in texts:
        for word in text.split():
            if word not in vocabulary:
                vocabulary.append(word)
    return vocabulary
""",
    ),
    "a list begun anew in each turn": (
        SetMembership(),
        """
def run(texts):
    sizes = []
    for text in texts:
        seen = []
        for word in text.split():
            if word not in seen:
                # keep the first of each
                seen.append(word)
        sizes.append(len(seen))
    return sizes
""",
    ),
    "places in a list": (
        IndexedPlaces(),
        """
def run(texts):
    vocabulary = []
    for text in texts:
        vocabulary.extend(text.split())
    codes = []
    for text in texts:
        codes.append([vocabulary.index(word) for word in text.split() if word in vocabulary])
    return codes
""",
    ),
    "words of documents": (
        CountedOnce(),
        """
def run(texts):
    documents = [text.split() for text in texts]
    vocabulary = sorted({word for document in documents for word in document})
    table = []
    for document in documents:
        row = []
        for word in vocabulary:
            row.append(document.count(word) / max(len(document), 1))
        table.append(row)
    return table
""",
    ),
    "words of documents in comprehensions": (
        CountedOnce(),
        """
def vector(text, vocabulary):
    tokens = text.split()
    return [sum(1 for token in tokens if token == word) for word in vocabulary]

def run(texts):
    vocabulary = sorted({word for text in texts for word in text.split()})
    return [vector(text, vocabulary) for text in texts]
""",
    ),
    "a search for equal keys": (
        IndexedMatches(),
        """
def run(texts):
    people = [{"id": k % 5, "name": text} for k, text in enumerate(texts)]
    orders = [(k % 7, 2.0 * k) for k in range(30)]
    total = {}
    for person in people:
        for number, (key, amount) in enumerate(orders):
            if key == person["id"] and amount > 3:
                total[person["name"]] = total.get(person["name"], 0) + amount * number
    return total
""",
    ),
    "the first that fits": (
        IndexedMatches(),
        """
def run(texts):
    records = [{"key": text[:3], "size": len(text) + k} for k, text in enumerate(texts)]
    found = []
    for text in texts:
        size = -1
        for record in records:
            if record["key"] == text[:3]:
                size = record["size"]
                break
        found.append(size)
    return found
""",
    ),
    "a text that grows": (
        CollectedParts(),
        """
def run(texts):
    result = ""
    for text in texts:
        for word in text.split():
            result += word.upper() + " "
    return result
""",
    ),
    "a table that grows": (
        CollectedParts(),
        """
import pandas as pd
def run(texts):
    table = pd.DataFrame({"text": ["none"], "size": [0]})
    for text in texts:
        part = pd.DataFrame({"text": [text], "size": [len(text)]})
        table = pd.concat([table, part], ignore_index=True)
    return table
""",
    ),
    "an array that grows": (
        CollectedParts(),
        """
import numpy as np
def run(texts):
    sizes = np.array([])
    for text in texts:
        sizes = np.append(sizes, len(text))
    return sizes
""",
    ),
    "a list that is copied to grow": (
        AppendedEntries(),
        """
def run(texts):
    sizes = []
    for text in texts:
        sizes = sizes + [len(text)]
    return sizes
""",
    ),
    "patterns": (
        CompiledPatterns(),
        """
import re

def tokens(text):
    text = re.sub(r"[aeiou]+", "_", text.lower())
    return re.findall("[a-z_]+", text, flags=re.I)

def run(texts):
    return [tokens(text) for text in texts]
""",
    ),
    "a function of numbers": (
        RememberedFunctions(),
        """
import math

def weight(size, power):
    total = 0.0
    for k in range(1, size + 1):
        total += math.log(k) ** power
    return total

def run(texts):
    return [weight(len(text) % 7, 2) + weight(3, 1) for text in texts]
""",
    ),
    "terms of an inner loop": (
        TabulatedTerms(),
        """
import math

def run(texts):
    words = sorted({word for text in texts for word in text.split()})
    rows = []
    for text in texts:
        row = []
        for place, word in enumerate(words):
            row.append(text.count(word) * math.log(len(words) / (1 + place)))
        rows.append(row)
    return rows
""",
    ),
    "a test of characters": (
        TestedCharacters(),
        """
import re

def run(texts):
    cleaned = []
    for text in texts:
        letters = ""
        for one in text.lower():
            if re.match("[a-m ]", one):
                letters += one
        cleaned.append(letters)
    return cleaned
""",
    ),
    "lists of which only membership is asked": (
        SetsOfDocuments(),
        """
def run(texts):
    documents = [text.split() for text in texts]
    words = sorted({word for document in documents for word in document})
    counts = []
    for word in words:
        count = 0
        for document in documents:
            if word in document:
                count += 1
        counts.append(count + sum(1 for document in documents if word not in document) / 100)
    return counts
""",
    ),
    "earlier entries": (
        EarlierMatches(),
        """
def run(texts):
    sizes = [len(text) % 4 for text in texts]
    rows = []
    for i in range(len(texts)):
        count = 0
        for j in range(i):
            if sizes[j] == sizes[i] and len(texts[j]) > 2:
                count += j
        total = 0
        rows.append((count, total))
    return rows
""",
    ),
    "earlier entries, nothing else asked": (
        EarlierMatches(),
        """
def run(texts):
    rows = []
    for i in range(len(texts)):
        before = []
        for j in range(i):
            if texts[i][:1] == texts[j][:1]:
                before.append(j)
        rows.append(before)
    return rows
""",
    ),
    "calls that stay the same": (
        HoistedCalls(),
        """
import numpy as np

def run(texts):
    sizes = np.array([float(len(text)) for text in texts])
    rows = []
    for size in sizes:
        rows.append((size - np.mean(sizes)) / (np.std(sizes) + 1))
    return rows
""",
    ),
}


@pytest.mark.parametrize("name", FITTING)
def test_an_edit_is_offered_and_answers_the_same(name: str) -> None:
    transformation, text = FITTING[name]
    assert_edited_equal(transformation, text, [TEXTS])


@pytest.mark.parametrize("name", FITTING)
def test_other_names_change_nothing(name: str) -> None:
    transformation, text = FITTING[name]
    for number, old in enumerate(("texts", "text", "word", "document", "record", "person", "size")):
        text = text.replace(old, f"v{number}_")
    assert_edited_equal(transformation, text, [TEXTS])


DECLINED: dict[str, tuple[Transformation, str]] = {
    "parts of a text are counted, not words": (
        CountedOnce(),
        """
def run(texts):
    counts = []
    for text in texts:
        for letter in "abc":
            counts.append(text.count(letter))
    return counts
""",
    ),
    "a list that shrinks while it is searched": (
        SetMembership(),
        """
def run(texts):
    waiting = list(range(9))
    for text in texts:
        if len(text) % 9 in waiting:
            waiting.remove(len(text) % 9)
    return waiting
""",
    ),
    "a text that is looked at while it grows": (
        CollectedParts(),
        """
def run(texts):
    result = ""
    for text in texts:
        if len(result) < 20:
            result += text
    return result
""",
    ),
    "a function that draws": (
        RememberedFunctions(),
        """
import random

def noise(size):
    return random.random() * size

def run(texts):
    random.seed(1)
    return [noise(len(text) % 3) for text in texts * 3]
""",
    ),
    "a call of what changes": (
        HoistedCalls(),
        """
import numpy as np

def run(texts):
    sizes = np.zeros(len(texts))
    for number, text in enumerate(texts):
        sizes[number] = len(text) - np.mean(sizes)
    return sizes
""",
    ),
    "entries that are added while they are searched": (
        IndexedMatches(),
        """
def run(texts):
    pairs = [(0, "none")]
    for text in texts:
        for key, value in list(pairs):
            if key == len(text) % 3:
                pairs.append((key + 1, text))
    return len(pairs)
""",
    ),
}


@pytest.mark.parametrize("name", DECLINED)
def test_what_does_not_fit_is_left_alone(name: str) -> None:
    transformation, text = DECLINED[name]
    assert edits_of(transformation, text, [TEXTS]) == []
