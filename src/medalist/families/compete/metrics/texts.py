"""Metrics over strings: ranked lists of labels, word sets, edit distances, orders of cells.

Truth and prediction are sequences of n strings. All raise ValueError when lengths differ or nothing is there.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Callable, Sequence


def _mean(truth: Sequence[str], prediction: Sequence[str], row_score: Callable[[str, str], float]) -> float:
    if len(truth) != len(prediction) or not len(truth):
        raise ValueError(f"the truth has {len(truth)} rows, the prediction {len(prediction)}")
    for cell in prediction:
        if not isinstance(cell, str):
            raise ValueError(f"the prediction holds {cell!r}, which is no text")
    return sum(row_score(y, p) for y, p in zip(truth, prediction, strict=True)) / len(truth)


def average_precision_at(k: int, truth: str, prediction: str) -> float:
    """Average precision of the first ``k`` guesses against a set of right labels; repeated guesses count once."""
    right, guesses = set(truth.split()), list(dict.fromkeys(prediction.split()[:k]))
    if not right:
        raise ValueError("a row of the truth names no label")
    found, total = 0, 0.0
    for position, guess in enumerate(guesses, 1):
        if guess in right:
            found += 1
            total += found / position
    return total / min(len(right), k)


def map_at_3(truth: Sequence[str], prediction: Sequence[str]) -> float:
    """Mean average precision of three guesses."""
    return _mean(truth, prediction, lambda y, p: average_precision_at(3, y, p))


def map_at_5(truth: Sequence[str], prediction: Sequence[str]) -> float:
    """Mean average precision of five guesses (whale categorisation, hotel identification)."""
    return _mean(truth, prediction, lambda y, p: average_precision_at(5, y, p))


def map_at_7(truth: Sequence[str], prediction: Sequence[str]) -> float:
    """Mean average precision of seven guesses."""
    return _mean(truth, prediction, lambda y, p: average_precision_at(7, y, p))


def map_at_10(truth: Sequence[str], prediction: Sequence[str]) -> float:
    """Mean average precision of ten guesses."""
    return _mean(truth, prediction, lambda y, p: average_precision_at(10, y, p))


def map_at_12(truth: Sequence[str], prediction: Sequence[str]) -> float:
    """Mean average precision of twelve guesses (H&M fashion recommendations)."""
    return _mean(truth, prediction, lambda y, p: average_precision_at(12, y, p))


def word_jaccard(truth: Sequence[str], prediction: Sequence[str]) -> float:
    """Mean Jaccard index between lower-cased word sets (tweet sentiment, chaii); 0.5 where both are empty."""

    def row(y: str, p: str) -> float:
        a, b = set(y.lower().split()), set(p.lower().split())
        return 0.5 if not a and not b else len(a & b) / len(a | b)

    return _mean(truth, prediction, row)


def edit_distance(a: str, b: str) -> int:
    """Levenshtein 1966: insertions, deletions and replacements of single characters."""
    previous = list(range(len(b) + 1))
    for i, left in enumerate(a, 1):
        current = [i]
        for j, right in enumerate(b, 1):
            current.append(min(previous[j] + 1, current[-1] + 1, previous[j - 1] + (left != right)))
        previous = current
    return previous[-1]


def levenshtein(truth: Sequence[str], prediction: Sequence[str]) -> float:
    """Mean edit distance (billion-word imputation, molecular translation)."""
    return _mean(truth, prediction, edit_distance)


def normalized_levenshtein(truth: Sequence[str], prediction: Sequence[str]) -> float:
    """Sum of edit distances over the sum of true lengths, in blank-separated symbols (gesture recognition)."""
    symbols: dict[str, str] = {}

    def written(text: str) -> str:
        return "".join(symbols.setdefault(word, chr(0xE000 + len(symbols))) for word in text.split())

    total = _mean(truth, prediction, lambda y, p: edit_distance(written(y), written(p))) * len(truth)
    length = sum(len(y.split()) for y in truth)
    if not length:
        raise ValueError("the truth holds no symbols")
    return total / length


def kendall_tau(truth: Sequence[str], prediction: Sequence[str]) -> float:
    """AI4Code's Kendall tau: 1 - 4 x (swaps to sort all orders) / (sum of n(n-1)), orders of blank-separated ids.

    Raises ValueError when a predicted order holds other ids than the true one.
    """
    swaps = pairs = 0.0

    def row(y: str, p: str) -> float:
        nonlocal swaps, pairs
        rank = {cell: position for position, cell in enumerate(y.split())}
        order = p.split()
        if sorted(order) != sorted(rank):
            raise ValueError("a predicted order does not hold the same ids as the true one")
        swaps += _inversions([rank[cell] for cell in order])
        pairs += len(order) * (len(order) - 1)
        return 0.0

    _mean(truth, prediction, row)
    return 1 - 4 * swaps / pairs if pairs else 1.0


def _inversions(ranks: Sequence[int]) -> int:
    seen: list[int] = []
    total = 0
    for position, rank in enumerate(ranks):
        total += position - bisect_right(seen, rank)
        insort(seen, rank)
    return total
