"""The grader: the one process that opens a competition's hidden answers (SPEC K6).

``python -m medalist.families.compete.grader --answers F --submission F --public DIR --metric M``
prints one JSON object as its last line: MLE-bench's report, and status, metric, direction, medal,
percentile, hidden_score and reason. A submission that breaks a rule is ``invalid``; what goes wrong
on this side (unreadable answers, a leaderboard that does not fit) is ``grader_error``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from medalist.core.answers import Answers, enter_grader, print_report
from medalist.core.errors import GraderError, MedalistError, SubmissionInvalid
from medalist.core.score import Direction, ScoreStatus
from medalist.families.compete.cells import metric_prediction, metric_truth
from medalist.families.compete.delimited import read_rows
from medalist.families.compete.files import find_files
from medalist.families.compete.labels import canonical, ordered_classes
from medalist.families.compete.medals import (
    Leaderboard,
    installed_leaderboard,
    medal_report,
    read_leaderboard,
)
from medalist.families.compete.metrics import Metric, find_metric
from medalist.families.compete.rules import Rules, find_rules, settled_metric
from medalist.families.compete.validate import validate_submission

_DECIMALS = 5
_NOT_PREDICTED = {"usage", "split", "weight"}


def grade(options: argparse.Namespace) -> dict[str, Any]:
    """The report. Never raises for what a submission holds; raises MedalistError for the grader's own trouble."""
    metric = _metric(options)
    answers = Answers(options.answers)
    rules = find_rules(options.public, metric, _settings(options))
    board = _leaderboard(options, metric.direction)
    validation = validate_submission(options.submission, rules)
    score, reason = None, validation.reason
    if validation.valid:
        try:
            score = round(_score(metric, rules, options.submission, answers, _settings(options)), _DECIMALS)
        except SubmissionInvalid as error:
            reason = error.what
    return _report(options, metric, board, score, reason)


def _metric(options: argparse.Namespace) -> Metric:
    """The metric given or described; else the one an engineer would assume, by exploring."""
    description = find_files(options.public).description
    metric = settled_metric(options.metric, description.read_text("utf-8", "replace") if description else "")
    if metric is None:
        from medalist.families.compete.explore_folder import explore

        metric = find_metric(explore(options.public, _settings(options)).metric)
    return metric


def _settings(options: argparse.Namespace) -> dict[str, str]:
    return {
        "id_column": options.id_column,
        "targets": options.targets,
        "train": "",
        "test": "",
        "sample": options.sample,
    }


def _score(
    metric: Metric, rules: Rules, submission: Path, answers: Answers, settings: Mapping[str, str]
) -> float:
    """The unrounded score. Raises SubmissionInvalid for what only scoring can find, GraderError for the answers."""
    predicted_header, predicted = _table(submission)
    try:
        header, rows = _table(answers.open())
    except (MedalistError, OSError) as error:
        raise GraderError(
            f"The answers cannot be read: {error}.", next_step="Check the private folder."
        ) from error
    columns = [name for name in predicted_header if name != rules.id_column]
    rows = _in_order(predicted_header, predicted, header, rows, rules)
    truth_columns = _truth_columns(header, columns, rules, settings)
    guessed = [[row[predicted_header.index(name)] for row in predicted] for name in columns]
    true = [[row[header.index(name)] for row in rows] for name in truth_columns]
    classes = _classes(metric, rules, columns, true)
    try:
        truth = metric_truth(metric, true, classes)
    except ValueError as error:
        raise GraderError(f"The answers do not fit the metric {metric.name}: {error}.") from error
    try:
        value = metric.score(truth, metric_prediction(metric, guessed, classes))
    except ValueError as error:
        raise SubmissionInvalid(f"The metric {metric.name} refuses the submission: {error}.") from error
    if value - value != 0:
        raise GraderError(f"The metric {metric.name} gave {value}.")
    return value


def _table(path: Path) -> tuple[list[str], list[list[str]]]:
    rows = read_rows(path)
    header = [name.strip().lstrip("\ufeff") for name in next(rows)[1]]
    return header, [row for _, row in rows]


def _in_order(
    predicted_header: Sequence[str],
    predicted: Sequence[Sequence[str]],
    header: Sequence[str],
    rows: list[list[str]],
    rules: Rules,
) -> list[list[str]]:
    """The answers' rows in the submission's order: by id where both have it, else as they come."""
    if rules.id_column is not None and rules.id_column in header:
        place = header.index(rules.id_column)
        by_id = {row[place].strip(): row for row in rows}
        own = predicted_header.index(rules.id_column)
        try:
            return [by_id[row[own].strip()] for row in predicted]
        except KeyError as error:
            raise GraderError(f"The answers have no row for the {rules.id_column} {error}.") from error
    if len(rows) != len(predicted):
        raise GraderError(f"The answers have {len(rows)} rows, the sample submission {len(predicted)}.")
    return rows


def _truth_columns(
    header: Sequence[str], columns: Sequence[str], rules: Rules, settings: Mapping[str, str]
) -> list[str]:
    """The answers' columns to score against: those of the submission, else the one column left."""
    if all(name in header for name in columns):
        return list(columns)
    named = [name.strip() for name in settings.get("targets", "").split(",") if name.strip() in header]
    left = [n for n in header if n not in {rules.id_column, rules.target} and n.lower() not in _NOT_PREDICTED]
    chosen = named or ([rules.target] if rules.target in header else left)
    if len(chosen) != 1:
        raise GraderError(
            f"The answers have no columns {', '.join(columns[:5])}; they have {', '.join(header[:8])}.",
            next_step="Name the answers' columns as the sample submission does.",
        )
    return [str(chosen[0])]


def _classes(
    metric: Metric, rules: Rules, columns: Sequence[str], true: Sequence[Sequence[str]]
) -> tuple[str, ...]:
    """Classes in the order of the submission's columns; for one column the positive of two comes last."""
    if metric.takes not in {"labels", "probabilities", "ranked"}:
        return ()
    if len(columns) > 1 and len(true) == 1:
        return tuple(rules.class_columns.get(name, name) for name in columns)
    return rules.classes or ordered_classes(canonical(label) for label in true[0])


def _leaderboard(options: argparse.Namespace, direction: Direction) -> Leaderboard | None:
    path = options.leaderboard or installed_leaderboard(options.competition)
    try:
        return read_leaderboard(path, direction) if path else None
    except MedalistError as error:
        raise GraderError(error.what, where=error.where, next_step=error.next_step) from error


def _report(
    options: argparse.Namespace, metric: Metric, board: Leaderboard | None, score: float | None, reason: str
) -> dict[str, Any]:
    medals = medal_report(score, board)
    return {
        "competition_id": options.competition,
        "score": score,
        **medals,
        "submission_exists": options.submission.is_file(),
        "valid_submission": score is not None,
        "is_lower_better": metric.direction is Direction.MINIMIZE,
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "submission_path": str(options.submission),
        "status": ScoreStatus.SCORED if score is not None else ScoreStatus.INVALID,
        "reason": "" if score is not None else reason,
        "metric": metric.name,
        "direction": metric.direction,
        "hidden_score": score,
        "medal": next((m for m in ("gold", "silver", "bronze") if medals[f"{m}_medal"]), None),
    }


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m medalist.families.compete.grader")
    parser.add_argument("--answers", type=Path, required=True)
    parser.add_argument("--submission", type=Path, required=True)
    parser.add_argument("--public", type=Path, required=True)
    parser.add_argument("--metric", default="")
    parser.add_argument("--leaderboard", type=Path)
    parser.add_argument("--competition", default="")
    for name in ("--id-column", "--targets", "--sample"):
        parser.add_argument(name, default="")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    enter_grader()
    options = _parse(sys.argv[1:] if arguments is None else arguments)
    blank = {"status": ScoreStatus.GRADER_ERROR, "score": None, "hidden_score": None}
    return print_report(lambda: grade(options), lambda reason: {**blank, "reason": reason})


if __name__ == "__main__":
    sys.exit(main())
