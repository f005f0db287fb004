"""The built-in task holds together: program, oracle, references and rewrites, on inputs small enough for a test."""

import gc
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from speedup_candidates import CHEATS, EXPECTED, HONEST, lacking, laid_out, refused_as

from medalist.families.speedup.contract import Function, find_task
from medalist.families.speedup.judging import check_equal
from medalist.families.speedup.product import check_product
from medalist.families.speedup.refusals import Reason, Refused

torch = pytest.importorskip("torch", reason="the task's program is written in torch")

HERE = Path(__file__).parent
FOLDER_OF_CHEATS = HERE.parents[1] / "cheats"
OTHER_FUNCTIONS = [
    "fewer_epochs",
    "first_layer_trained",
    "half_precision_distances",
    "half_the_images",
    "no_dropout",
    "no_epochs",
]

CONTRACT = find_task("complex")
SEED = 20
SMALL = 83  # neither even nor a multiple of any batch or block
EVEN = 80


@pytest.fixture(autouse=True)
def one_thread_and_no_trace():
    """As in the judge's sandbox; what candidates do to this process is undone."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
    gc.unfreeze()
    gc.enable()


def inputs(seed=SEED, size=SMALL):
    return CONTRACT.inputs.load()(seed, size=size)


@pytest.fixture
def load(tmp_path):
    """A candidate's entry, or a skip with the tool that it needs."""

    def entry_of(path):
        if lacking(path):
            pytest.skip(f"{path.name} needs {lacking(path)}, which is not here")
        return Function(laid_out(path, tmp_path), CONTRACT.entry).load()

    return entry_of


@cache
def program_says(size):
    return Function(CONTRACT.program, CONTRACT.entry).load()(**inputs(size=size))


@pytest.mark.parametrize("size", [SMALL, EVEN], ids=["odd", "even"])
def test_the_oracle_is_the_same_function_as_the_program(size):
    assert CONTRACT.oracle
    check_equal(CONTRACT.oracle.load()(**inputs(size=size)), program_says(size), CONTRACT)


@pytest.mark.parametrize("path", HONEST, ids=lambda path: path.stem)
def test_every_honest_rewrite_is_the_same_function(path, load, tmp_path):
    check_product(laid_out(path, tmp_path), CONTRACT.required)
    check_equal(load(path)(**inputs()), program_says(SMALL), CONTRACT)


@pytest.mark.parametrize("name", EXPECTED)
def test_of_the_well_known_rewrites_only_one_is_the_same_function(name, load):
    answer = load(HERE / "rewrites" / f"{name}.py")(**inputs())
    if EXPECTED[name]["same_function"]:
        check_equal(answer, program_says(SMALL), CONTRACT)
    else:
        with pytest.raises(Refused) as refusal:
            check_equal(answer, program_says(SMALL), CONTRACT)
        assert refusal.value.reason in EXPECTED[name]["preserve"]


@pytest.mark.parametrize("name", OTHER_FUNCTIONS)
def test_every_smaller_program_is_seen_to_be_another(name, load):
    with pytest.raises(Refused) as refusal:
        check_equal(load(FOLDER_OF_CHEATS / f"{name}.py")(**inputs(size=EVEN)), program_says(EVEN), CONTRACT)
    assert refusal.value.reason == Reason.OTHER_FUNCTION


def test_the_tolerance_tells_an_uncentred_gram_matrix_in_single_precision(load):
    assert CONTRACT.oracle
    whole = CONTRACT.inputs.load()(SEED)
    truth, found = CONTRACT.oracle.load()(**whole), load(FOLDER_OF_CHEATS / "uncentred_distances.py")(**whole)
    with pytest.raises(Refused, match="features"):
        check_equal(found, truth, CONTRACT)


def test_rounding_does_not_grow_into_another_result(load):
    """Sums in another order stay a thousand times below the tolerance, at full size."""
    assert CONTRACT.oracle
    whole = CONTRACT.inputs.load()(SEED)
    oracle = CONTRACT.oracle.load()(**whole)
    by_hand = load(HERE / "honest" / "backward_by_hand.py")(**whole)
    assert np.abs(by_hand["losses"] - oracle["losses"]).max() < 1e-5
    assert np.abs(by_hand["test_logits"] - oracle["test_logits"]).max() < 1e-3


def test_an_honest_training_learns_the_labels_it_never_saw():
    assert CONTRACT.oracle
    assert CONTRACT.answers
    run, make = CONTRACT.oracle.load(), CONTRACT.inputs.load()
    shares = []
    for seed in range(3):
        labels = CONTRACT.answers.load()(seed)["labels"]
        shares.append(np.mean(run(**make(seed))["test_logits"].argmax(axis=1) == labels))
    assert 0.6 < np.mean(shares) < 0.99


def test_class_scores_can_be_made_again_from_the_other_arrays():
    assert CONTRACT.derived
    answer = program_says(SMALL)
    again = CONTRACT.derived.load()(inputs(), answer)
    np.testing.assert_allclose(again["test_logits"], answer["test_logits"], atol=1e-5)


def test_the_answer_follows_from_the_inputs_alone():
    run = CONTRACT.oracle.load() if CONTRACT.oracle else None
    assert run
    first, _, again = run(**inputs()), run(**inputs(seed=SEED + 1)), run(**inputs())
    for name, array in first.items():
        np.testing.assert_array_equal(array, again[name])


def test_the_inputs_follow_from_their_seed_and_hold_no_hidden_label():
    make = CONTRACT.inputs.load()
    first, again, other = make(2**100, size=50), make(2**100, size=50), make(2**100 + 1, size=50)
    np.testing.assert_array_equal(first["images"], again["images"])
    assert first["seed"] == again["seed"] != other["seed"]
    assert len(first["labels"]) == 40
    assert CONTRACT.answers
    assert len(CONTRACT.answers.load()(2**100, size=50)["labels"]) == 10


def test_every_cheat_says_what_it_tries_and_how_it_must_fail():
    assert len(CHEATS) >= 25
    for path in CHEATS:
        assert path.read_text().startswith("# Tries: "), path.name
        assert {Reason(kind) for kind in refused_as(path)}, path.name


def test_an_engineer_is_shown_neither_oracle_nor_anything_but_the_task():
    names = {path.name for path in CONTRACT.public}
    assert names == {"program.py", "data.py", "contract.toml", "CONTRACT.md"}
