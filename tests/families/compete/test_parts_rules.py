"""Post-processing rules, folds and the assembly of scripts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from medalist.families.compete.kit.assemble import Setting, assemble
from medalist.families.compete.kit.parts import folds, postprocess, reading


def test_cuts_beat_rounding_for_kappa() -> None:
    from sklearn.metrics import cohen_kappa_score

    def kappa(truth: np.ndarray, labels: np.ndarray) -> float:
        return float(cohen_kappa_score(truth, labels, weights="quadratic"))

    rng = np.random.default_rng(0)
    truth = rng.choice(4, 2000, p=[0.6, 0.2, 0.15, 0.05])
    rank = 0.5 * truth + 0.4 + rng.normal(0, 0.3, 2000)  # shrunken, as regressions on ranks are
    rule = postprocess.choose_cuts(truth, rank, kappa)
    tuned = postprocess.apply_rule(rule, rank)
    assert set(np.unique(tuned)) <= {0, 1, 2, 3}
    assert kappa(truth, tuned) > kappa(truth, np.clip(rank.round(), 0, 3).astype(int)) + 0.02


def test_rules_apply_as_their_names_say() -> None:
    chances = np.array([[0.2, 0.5, 0.3], [0.5, 0.3, 0.2]])
    assert postprocess.apply_rule({"kind": "argmax"}, chances).tolist() == [1, 0]
    weighted = {"kind": "class_weights", "weights": [0.1, 1.0, 2.0]}
    assert postprocess.apply_rule(weighted, chances).tolist() == [2, 2]
    assert postprocess.apply_rule({"kind": "threshold", "threshold": 0.4}, chances[:, 0]).tolist() == [0, 1]
    per_label = {"kind": "label_thresholds", "thresholds": [0.3, 0.4, 0.9]}
    assert postprocess.apply_rule(per_label, chances).tolist() == [[0, 1, 0], [1, 0, 0]]
    clip = {"kind": "clip", "low": 0.25, "high": 0.4}
    assert postprocess.apply_rule(clip, chances[:, 0]).tolist() == [0.25, 0.4]
    assert postprocess.apply_rule({"kind": "none"}, chances) is chances


def test_stretches_of_time_stay_together() -> None:
    times = pd.Series(pd.date_range("2025-01-01", periods=400, freq="h"))
    number = folds.time_folds(times, 5)
    assert sorted(np.unique(number)) == [0, 1, 2, 3, 4]
    assert (np.diff(number) != 0).sum() == 19


def test_folds_are_the_same_each_time_and_cope_with_rare_classes() -> None:
    codes = np.array([0] * 50 + [1] * 47 + [2] * 3)
    first, again = folds.stratified_folds(codes, 5), folds.stratified_folds(codes, 5)
    assert (first == again).all()
    assert sorted(np.bincount(first)) == [20] * 5
    keys = pd.Series(np.repeat(np.arange(30).astype(str), 4))
    assert pd.Series(folds.grouped_folds(keys, 5)).groupby(keys).nunique().max() == 1


def test_classes_are_matched_as_text_and_as_numbers() -> None:
    assert reading.class_codes(pd.Series([1.0, 0.0]), ["0", "1"]).tolist() == [1, 0]
    assert reading.class_codes(pd.Series([True, False]), ["False", "True"]).tolist() == [1, 0]
    with pytest.raises(ValueError, match="unknown class"):
        reading.class_codes(pd.Series(["c"], name="t"), ["a", "b"])


def test_a_script_holds_what_its_code_uses_and_nothing_else() -> None:
    settings = [Setting("LIST", ["two words"] * 30, "many"), Setting("UNUSED", 1)]
    code = "def main() -> None:\n    print(date_parts(pd.DataFrame({'a': LIST})))"
    script = assemble("Parts of dates.", settings, code, ["columns", "groups"])
    names: dict[str, object] = {}
    exec(compile(script, "script", "exec"), names)
    assert names["LIST"] == ["two words"] * 30
    assert "date_parts" in names
    assert {"UNUSED", "np", "string_parts", "group_key"}.isdisjoint(names)
    assert max(map(len, script.splitlines())) <= 110


def test_a_name_that_nobody_defines_is_refused() -> None:
    with pytest.raises(ValueError, match="nowhere_defined"):
        assemble("x", [], "def main():\n    nowhere_defined()", ["columns"])
