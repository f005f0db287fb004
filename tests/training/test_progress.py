"""Progress out of a log: what is done, when it will end, and a plan that keeps within the budget."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medalist.training.progress import Progress, advance, plan, read_progress


def test_epochs_are_counted_over_folds():
    log = "".join(f"Fold {fold}/5, Epoch {epoch}/4, Loss: 0.5\n" for fold in (1, 2) for epoch in (1, 2, 3, 4))
    progress = read_progress(log)
    assert progress.epochs_done == 8
    assert progress.epochs_in_all == 20


def test_the_end_is_projected_from_the_pace():
    progress = Progress()
    for epoch in range(1, 6):
        progress = advance(progress, f"Fold 1/2, Epoch {epoch}/10, Loss: 0.5\n", 100.0 + 3 * epoch)
    assert progress.seconds_per_epoch == pytest.approx(3.0)
    assert progress.projected_end() == pytest.approx(100 + 3 * 20)
    assert progress.projected_fold_end() == pytest.approx(100 + 3 * 10)


def test_folds_without_epochs_count_as_work_too():
    progress = advance(Progress(), "Fold 1/5, score 0.7\n", 10.0)
    progress = advance(progress, "Fold 2/5, score 0.8\n", 20.0)
    assert progress.folds_scored == 2
    assert progress.projected_end() == pytest.approx(50.0)


def test_a_log_without_progress_projects_nothing():
    assert read_progress("hello\nworld\n").projected_end() is None


def test_the_first_rates_do_not_count_for_the_speed():
    rates = "".join(f"Throughput: {rate} samples/s\n" for rate in (10, 20, 1000, 1010))
    assert read_progress(rates).samples_per_second == pytest.approx(1005)


@given(st.lists(st.integers(0, 200)), st.lists(st.sampled_from("abc\n"), max_size=30))
def test_it_does_not_matter_how_the_log_is_cut(cuts, noise):
    log = "".join(noise) + "".join(f"Fold 1/2, Epoch {n}/9, Loss: {n / 10}\nx\n" for n in range(1, 9))
    whole = advance(Progress(), log, 5.0)
    pieces = Progress()
    edges = sorted({0, *(min(cut, len(log)) for cut in cuts), len(log)})
    for start, end in itertools.pairwise(edges):
        pieces = advance(pieces, log[start:end], 5.0)
    assert pieces == whole


@given(
    folds=st.integers(1, 10),
    epochs=st.integers(1, 100),
    pace=st.floats(0.01, 1000),
    inference=st.floats(0, 1000),
    budget=st.floats(1, 100_000),
)
def test_a_plan_that_fits_is_within_the_budget_with_a_fifth_to_spare(folds, epochs, pace, inference, budget):
    planned = plan(folds, epochs, pace, inference, budget)
    assert 1 <= planned.folds <= folds
    assert 1 <= planned.epochs <= epochs
    assert planned.seconds == pytest.approx((planned.folds * planned.epochs * pace + inference) * 1.2)
    if planned.fits:
        assert planned.seconds <= budget * (1 + 1e-9)
    everything = (folds * epochs * pace + inference) * 1.2
    if everything <= budget:
        assert (planned.folds, planned.epochs) == (folds, epochs)
