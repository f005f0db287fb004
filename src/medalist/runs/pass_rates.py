"""How often something passes, judged from a few tries: the rate's interval, and what several tries would give.

The interval is Wilson's score interval: E. B. Wilson, "Probable inference, the law of succession, and statistical
inference", Journal of the American Statistical Association 22 (1927), 209-212. It keeps its promise for few tries and
for rates near 0 and 1, where the textbook's (rate plus or minus so many standard errors) does not.

pass@k is the unbiased estimator of M. Chen et al., "Evaluating large language models trained on code",
arXiv:2107.03374 (2021), equation 1. pass^k is that of S. Yao et al., "tau-bench: a benchmark for tool-agent-user
interaction in real-world domains", arXiv:2406.12045 (2024).
"""

from __future__ import annotations

import math
from statistics import NormalDist


def wilson_interval(passed: int, tries: int, confidence: float = 0.95) -> tuple[float, float]:
    """Lower and upper end of the interval for the rate of which ``passed`` of ``tries`` are a sample.

    Two-sided; within [0, 1], and around ``passed / tries``. Raises ValueError for no try, or more passed than tried.
    """
    _check(passed, tries)
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"a confidence of {confidence} lies not between 0 and 1")
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    rate = passed / tries
    middle = rate + z * z / (2 * tries)
    reach = z * math.sqrt(rate * (1 - rate) / tries + z * z / (4 * tries * tries))
    scale = 1 + z * z / tries
    low = 0.0 if passed == 0 else (middle - reach) / scale
    high = 1.0 if passed == tries else (middle + reach) / scale
    return low, high


def pass_at(k: int, passed: int, tries: int) -> float:
    """pass@k: the chance that at least one of ``k`` tries passes, when ``passed`` of ``tries`` did.

    1 - C(tries - passed, k) / C(tries, k): the share of draws of ``k`` from these tries that hold one that passed.
    Raises ValueError unless 1 <= k <= tries.
    """
    _check(passed, tries, k)
    return 1.0 - math.comb(tries - passed, k) / math.comb(tries, k)


def pass_all(k: int, passed: int, tries: int) -> float:
    """pass^k: the chance that all of ``k`` tries pass, when ``passed`` of ``tries`` did.

    C(passed, k) / C(tries, k). Raises ValueError unless 1 <= k <= tries.
    """
    _check(passed, tries, k)
    return math.comb(passed, k) / math.comb(tries, k)


def _check(passed: int, tries: int, k: int = 1) -> None:
    if tries < 1 or not 0 <= passed <= tries:
        raise ValueError(f"{passed} of {tries} tries cannot have passed")
    if not 1 <= k <= tries:
        raise ValueError(f"{k} tries cannot be drawn from {tries}")
