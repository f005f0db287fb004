"""Competition practice and debugging: cores left idle, boosters that never stop, schedules out of step."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from medalist.hints.detectors import Spot
from medalist.hints.detectors.training import backward_loops
from medalist.source.tree import Script

_MANY_ROUNDS = 3000
_BOOSTER = r"(lightgbm(\.sklearn)?\.LGBM\w+|xgboost(\.sklearn)?\.XGB\w+|catboost\.CatBoost\w*)"


def forest_on_one_core(script: Script) -> Iterator[Spot]:
    """A forest is fitted on one core unless told otherwise."""
    spread = any(
        script.argument(call, "n_jobs") is not None
        for call, name in script.calls
        if name.startswith(("sklearn.model_selection.", "joblib.")) or name.endswith(".set_params")
    )
    if spread:
        return
    for call in script.calls_to(r"sklearn\.ensemble\.(RandomForest|ExtraTrees|IsolationForest)\w*"):
        if not script.passes_unknown(call) and script.argument(call, "n_jobs") is None:
            yield Spot(call, "the trees are grown on one core")


def booster_without_early_stopping(script: Script) -> Iterator[Spot]:
    """Thousands of rounds and no validation set that could end them."""
    stops = any(
        keyword.arg in ("eval_set", "early_stopping_rounds", "valid_sets", "evals", "callbacks", "od_wait")
        for call, _ in script.calls
        for keyword in call.keywords
    )
    if stops:
        return
    for call in script.calls_to(_BOOSTER):
        rounds = script.argument(call, "n_estimators") or script.argument(call, "iterations")
        count = script.value(rounds)
        if isinstance(count, int) and count >= _MANY_ROUNDS:
            yield Spot(call, f"{count} rounds and nothing to stop them early")


def schedule_before_step(script: Script) -> Iterator[Spot]:
    """`scheduler.step()` before `optimizer.step()`: the first learning rate is skipped."""
    schedules = list(script.calls_to(r"torch\.optim\.lr_scheduler\.\w+\(\)\.step"))
    for step in script.calls_to(r"torch\.optim\.\w+\(\)\.step"):
        loops = script.loops_around(step)
        for schedule in schedules:
            if loops and script.loops_around(schedule) == loops and schedule.lineno < step.lineno:
                yield Spot(schedule, f"the optimizer steps later, on line {step.lineno}")


def one_cycle_by_epoch(script: Script) -> Iterator[Spot]:
    """OneCycleLR counts batches; stepped once an epoch it never leaves its warm-up."""
    inner = {
        loops[0]
        for call, name in script.calls
        if name.endswith(".backward") and (loops := script.loops_around(call))
    }
    for step in script.calls_to(r"torch\.optim\.lr_scheduler\.OneCycleLR\(\)\.step"):
        loops = script.loops_around(step)
        outer = [loop for loop in backward_loops(script) if loop not in inner]
        if loops and loops[0] in outer and not _counts_epochs(script):
            yield Spot(step, "it is stepped once an epoch instead of once a batch")


def _counts_epochs(script: Script) -> bool:
    """True when ``total_steps`` is a plain number or name, which may well be a count of epochs."""
    for call in script.calls_to(r"torch\.optim\.lr_scheduler\.OneCycleLR"):
        total = script.argument(call, "total_steps", 2)
        if total is not None and not any(isinstance(n, ast.BinOp | ast.Call) for n in ast.walk(total)):
            return True
    return False


def softmax_without_dim(script: Script) -> Iterator[Spot]:
    """`softmax(x)` guesses its dimension from the number of dimensions, often wrongly."""
    for call in script.calls_to(r"torch\.nn\.(functional\.(log_)?softmax|(Log)?Softmax)"):
        place = 1 if "functional" in script.name(call.func) else 0
        if script.argument(call, "dim", place) is None and not script.passes_unknown(call):
            yield Spot(call, "the dimension is left to a guess")


def failures_hidden(script: Script) -> Iterator[Spot]:
    """A handler that catches everything and says nothing, around training or loading."""
    for node in script.nodes:
        if not isinstance(node, ast.ExceptHandler):
            continue
        broad = node.type is None or script.name(node.type) in ("Exception", "BaseException")
        silent = all(isinstance(statement, ast.Pass | ast.Continue) for statement in node.body)
        if broad and silent:
            yield Spot(node, "every failure is swallowed here")
