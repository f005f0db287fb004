"""The ensemble kit: ``train.py`` that chooses members' weights, ``predict.py`` that blends their predictions.

Both work in a folder whose ``members/<id>/`` hold the members' own scripts; a member without
artifacts is trained first, so the folder can be taken away and rebuilt from the competition's files.
The method is in ``parts/ensemble.py``.
"""

from __future__ import annotations

from medalist.families.compete.facts import Facts
from medalist.families.compete.kit.assemble import LINES, Setting, assemble
from medalist.families.compete.kit.scripts import (
    LAST_LINES,
    choose_rule_source,
    common_settings,
    final_columns_source,
    metric_function,
    read_target_source,
    table_source,
    test_rows_source,
    working_problem,
)
from medalist.families.compete.recipes import Recipe

_ABSOLUTE = ("mae", "median_absolute_error", "smape", "log_mae")
_SQUARED_LOG = ("rmsle", "msle", "columnwise_rmsle", "mape", "rmspe")
_AREA = ("roc_auc", "mean_columnwise_roc_auc", "gini", "alaska_weighted_auc")


def scripts(facts: Facts, recipe: Recipe) -> dict[str, str]:
    """The two stand-alone scripts for ``recipe.options["members"]``.

    ``recipe.options["families"]`` says of each member which ones are variants of one estimator; each
    stands for itself where it is absent.
    """
    loss = _loss(facts)
    members = list(recipe.options["members"])
    families = list(recipe.options.get("families", members))
    settings = [
        *common_settings(facts, recipe),
        Setting("MEMBERS", members),
        Setting("FAMILIES", families, "which members are variants of one estimator"),
        Setting("LOSS", loss, "what the weights are chosen to minimise"),
        Setting("SCALES", list(_scales(facts, loss)), "scales to average on; the best nested one is kept"),
        Setting(
            "AS_VALUES", working_problem(facts) == "regression", "one number a row, also from probabilities"
        ),
    ]
    train_code = "\n\n\n".join(
        [read_target_source(facts), choose_rule_source(facts), _train_main(facts), LAST_LINES]
    )
    parts = ["reading", "other_tables", "ensemble", "postprocess", "training", "submission", "metrics", LINES]
    return {
        "train.py": assemble(_docstring(facts, "train"), settings, train_code, parts),
        "predict.py": assemble(
            _docstring(facts, "predict"), settings, f"{_predict_main(facts)}\n\n\n{LAST_LINES}", parts
        ),
    }


def _loss(facts: Facts) -> str:
    """The loss closest to the metric that is quick to compute; the final rule comes after the blend."""
    if facts.metric in _AREA:
        return "auc"
    if facts.prediction == "label" and facts.metric in ("accuracy", "error_rate"):
        return "error"
    if facts.problem == "binary" and facts.metric == "f1":
        return "f1"
    if working_problem(facts) != "regression":
        return "squared" if facts.metric == "brier" else "log_loss"
    if facts.metric in _ABSOLUTE:
        return "absolute"
    return "squared_log" if facts.metric in _SQUARED_LOG else "squared"


def _scales(facts: Facts, loss: str) -> tuple[str, ...]:
    if working_problem(facts) == "regression":
        positive = facts.target_minimum is not None and facts.target_minimum >= 0
        return ("mean", "log1p") if positive and facts.problem != "ordinal" else ("mean",)
    several = facts.problem in ("multiclass", "ordinal")
    scales = ("mean", "log") if several else ("mean", "logit")
    return (*scales, "rank") if loss == "auc" and not several else scales


def _docstring(facts: Facts, verb: str) -> str:
    if verb == "train":
        return (
            "Chooses how much each member counts in a blend of their predictions.\n\n"
            "    python train.py [--data FOLDER] [--seconds S]\n\n"
            "Greedy ensemble selection (Caruana et al. 2004) on the members' out-of-fold predictions; members\n"
            f"that are not trained yet are trained first. Judged by {facts.metric}."
        )
    return (
        "Blends the members' predictions for the test rows and writes submission.csv.\n\n"
        "    python predict.py [--data FOLDER] [--reuse]\n\n"
        "--reuse takes the test predictions that members already wrote instead of running them again."
    )


def _train_main(facts: Facts) -> str:
    return f"""def main() -> None:
    started = time.monotonic()
    arguments = parse_ensemble_arguments("Choose the members' weights.")
    for member in MEMBERS:
        if not member_file(member, "oof.npz").exists():
            run_member(member, "train.py", arguments.data)
    target = read_target(read_training_table({table_source(facts, "TRAIN")}, TRAIN_OPTIONS, TARGETS))
    print_resources()
    paths = [member_file(member, "oof.npz") for member in MEMBERS]
    stack = stack_members(paths, AS_VALUES)
    fold = max((read_array(path, "fold") for path in paths), key=lambda each: int((each >= 0).sum()))
    compared = rows_to_compare(stack, target, LOSS)
    stack[:, ~compared] = np.nan
    fold = np.where(compared, fold, -1)
    if len(np.unique(fold[compared])) < 2:
        fold = np.where(compared, np.arange(len(fold)) % 5, -1)
    kept = prune_library(stack, target, LOSS, FAMILIES)
    deadline = started + 0.7 * arguments.seconds
    blend = select_on_folds(stack[kept], target, fold, LOSS, SCALES, deadline)
    weights = {{MEMBERS[m]: round(float(w), 4) for m, w in zip(kept, blend.weights) if w >= SMALLEST_WEIGHT}}
    ARTIFACTS.mkdir(exist_ok=True)
    write_json(ARTIFACTS / "weights.json", {{"scale": blend.scale, "weights": weights}})
    known = rows_predicted(blend.prediction)
    rule = choose_rule(target[known], blend.prediction[known])
    score = {metric_function(facts)}(target[known], apply_rule(rule, blend.prediction[known]))
    save_results(blend.prediction, fold, rule, {facts.metric!r}, score, started)
    print("Weights: " + ", ".join(f"{{member}} {{weight:.2f}}" for member, weight in weights.items()), flush=True)"""


def _predict_main(facts: Facts) -> str:
    sample = "arguments.data / SAMPLE_FILE" if facts.sample_file else "None"
    return f"""def main() -> None:
    arguments = parse_ensemble_arguments("Blend the members' predictions.")
    chosen = read_json(ARTIFACTS / "weights.json")
    for member in chosen["weights"]:
        if not member_file(member, "oof.npz").exists():
            run_member(member, "train.py", arguments.data)
        if not (arguments.reuse and member_file(member, "test.npz").exists()):
            run_member(member, "predict.py", arguments.data)
    stack = stack_members([member_file(member, "test.npz") for member in chosen["weights"]], AS_VALUES)
    scaled = to_scale(stack, chosen["scale"])
    prediction = from_scale(weighted_mean(scaled, list(chosen["weights"].values())), chosen["scale"])
    np.savez(ARTIFACTS / "test.npz", prediction=prediction)
    final = apply_rule(read_json(ARTIFACTS / "postprocess.json"), prediction)
    test = {test_rows_source(facts)}
    columns = {final_columns_source(facts)}
    write_submission(columns, test, ID_COLUMN, SUBMISSION_COLUMNS, {sample}, SAMPLE_OPTIONS)"""
