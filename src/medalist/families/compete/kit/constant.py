"""The constant: scripts for a valid submission before anything has been learned."""

from __future__ import annotations

from medalist.families.compete.facts import Facts
from medalist.families.compete.kit.assemble import assemble
from medalist.families.compete.kit.scripts import (
    LAST_LINES,
    LOG_METRICS,
    common_settings,
    final_columns_source,
    read_target_source,
    table_source,
    test_rows_source,
)
from medalist.families.compete.recipes import Recipe

_MEDIAN_METRICS = ("mae", "median_absolute_error", "log_mae")


def scripts(facts: Facts) -> dict[str, str]:
    """``train.py`` finds the constant, ``predict.py`` writes it for every test row."""
    settings = common_settings(facts, Recipe("constant", "constant"))
    parts = ["reading", "other_tables", "training", "submission", "constant", "ensemble"]
    train_code = "\n\n\n".join([read_target_source(facts), _train_main(facts), LAST_LINES])
    predict_code = f"{_predict_main(facts)}\n\n\n{LAST_LINES}"
    return {
        "train.py": assemble("Finds the best constant prediction.", settings, train_code, parts),
        "predict.py": assemble("Predicts the same for every test row.", settings, predict_code, parts),
    }


def _guess(facts: Facts) -> str:
    if facts.prediction == "multilabel_labels":
        return "np.round(mean_value(target))"
    if facts.prediction == "label" and facts.problem == "ordinal":
        return "middle_class(target)"
    if facts.prediction == "label" and facts.classes:
        return "len(CLASSES) - 1" if facts.metric == "f1" else "common_class(target)"
    if facts.prediction == "probability" and facts.classes:
        return "class_shares(target, len(CLASSES))[-1]"
    if facts.prediction in ("class_probabilities", "ranked_labels"):
        return "class_shares(target, len(CLASSES))"
    if facts.metric in _MEDIAN_METRICS:
        return "median_value(target)"
    return "log_mean_value(target)" if facts.metric in LOG_METRICS else "mean_value(target)"


def _train_main(facts: Facts) -> str:
    return f"""def main() -> None:
    arguments = parse_arguments("Find the best constant.")
    target = read_target(read_training_table({table_source(facts, "TRAIN")}, TRAIN_OPTIONS, TARGETS))
    guess = {_guess(facts)}
    ARTIFACTS.mkdir(exist_ok=True)
    write_json(ARTIFACTS / "constant.json", np.asarray(guess).tolist())
    print(f"Constant: {{guess}}")"""


def _predict_main(facts: Facts) -> str:
    sample = "arguments.data / SAMPLE_FILE" if facts.sample_file else "None"
    return f"""def main() -> None:
    arguments = parse_arguments("Write the constant for every test row.")
    test = {test_rows_source(facts)}
    guess = np.asarray(read_json(ARTIFACTS / "constant.json"))
    final = np.broadcast_to(guess, (len(test), *guess.shape))
    columns = {final_columns_source(facts)}
    write_submission(columns, test, ID_COLUMN, SUBMISSION_COLUMNS, {sample}, SAMPLE_OPTIONS)"""
