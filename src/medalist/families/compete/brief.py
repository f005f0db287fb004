"""The brief of a competition: what is asked, what exploring found, and how an answer is handed in.

Markdown for a language model or a person who is to compete. It knows what an engineer may know: the
public folder, the facts, the validation score that stands. Nothing hidden enters here.
"""

from __future__ import annotations

from medalist.families.compete.facts import Facts
from medalist.families.compete.predictions import outputs_allowed
from medalist.hints.competition import competition_hints
from medalist.session.session import Session

_DESCRIPTION_CHARACTERS = 6000
_HINT_CHARACTERS = 4000
_COLUMNS_SHOWN = 40
_CLASSES_SHOWN = 20

_CONTRACT = """\
## What to hand in

A candidate is a folder `candidates/NAME/` with two scripts, run in that folder with the competition's files in
`../../input` (read-only):

- `train.py` takes `--data FOLDER` (default `../../input`), `--seconds S` (finish within S seconds, with the folds that
  are done by then) and `--resume`. It trains over the folds and writes `artifacts/oof.npz`: `prediction`, shape
  {oof_shape}, in the order of the training file's rows{dropped_rows}, NaN where no fold predicted a row; and `fold`,
  shape ({rows},), int, -1 for rows that are in none; a fold is predicted whole or not at all. Each row is predicted by
  a model that never saw it, nor anything fitted on it. Models go to `artifacts/` too.
- `predict.py` takes `--data FOLDER` and writes `artifacts/test.npz` (`prediction`, shape {test_shape}, same columns)
  and `submission.csv`.

{prediction}
Both scripts stand alone: they import nothing of each other's folder and nothing of Medalist. Take the number of
threads from the environment variable OMP_NUM_THREADS.

Print, flushed: `RESOURCES: N CPU cores, GPU=none, Mixed Precision=OFF` first and `Fold 1/5, score 0.8123` after each
fold. A network prints besides: `batch=B` within the RESOURCES line, `GPU Memory Used: 18.3 GB / 24.0 GB (76.3%)` once
after the first forward pass (`CPU Memory Used: ...` without a GPU), `Throughput: 1234.5 samples/s` every few seconds,
and `Fold 1/5, Epoch 1/10, Loss: 0.542` after each epoch. It uses the GPU if there is one, saves best and last
checkpoints, and goes on from the last one with `--resume`.

### submission.csv

{submission}

### How it is scored

{score_rule} What a script prints of its score is not believed: the validation score is recomputed from
`artifacts/oof.npz`. A submission without it has no score, and stands only while nothing scored stands. Decision rules
(a threshold, class weights, clipping) are chosen on the out-of-fold predictions and written to
`artifacts/postprocess.json`, for the score and `predict.py` to apply alike: {postprocess}.
A submission that scores better on validation replaces the one in place; a worse one is refused. At the end, candidates
whose predictions fit together are blended."""


def write_brief(session: Session, facts: Facts) -> str:
    """The whole brief, some hundred lines."""
    own = competition_hints(session.task.public)[:_HINT_CHARACTERS].strip()
    parts = [
        f"# The competition {session.task.id}",
        _description(session.task.description),
        *([f"## Hints that came with it\n\n{own}"] if own else []),
        _found(facts),
        _validation(facts),
        _to_beat(session, facts),
        _contract(facts),
    ]
    return "\n\n".join(parts) + "\n"


def _description(text: str) -> str:
    text = text.strip()
    if not text:
        return "No description came with it; what follows was found in its files."
    if len(text) > _DESCRIPTION_CHARACTERS:
        text = (
            text[:_DESCRIPTION_CHARACTERS].rsplit("\n", 1)[0]
            + f"\n\n[Shortened from {len(text)} characters; the whole text is the description file in `input/`.]"
        )
    return f"## Description\n\n{text}"


def _found(facts: Facts) -> str:
    better = "higher is better" if facts.direction == "max" else "lower is better"
    lines = [
        "## What exploring found (all of it: `facts.json`, `EXPLORE.md`)",
        "",
        f"- **{facts.problem}** on {facts.modality} data: {facts.rows_train} training rows in "
        f"`{facts.train_file}`, {facts.rows_test} to predict"
        + (f" in `{facts.test_file}`" if facts.test_file else ""),
        f"- metric **{facts.metric}**, {better}",
        f"- target {', '.join(facts.targets)}; id {facts.id_column or 'none, rows in order'}",
    ]
    if facts.classes:
        lines.append(f"- classes, in the order of predicted probabilities: {_shortened(facts.classes)}")
    options = {
        k: v for k, v in facts.csv_options.get(facts.train_file, {}).items() if k in ("sep", "encoding")
    }
    if options not in ({}, {"sep": ",", "encoding": "utf-8"}):
        lines.append(f"- read the training file with pandas options {options}")
    if facts.image:
        image = facts.image
        lines.append(
            f"- images of {image.width} x {image.height} pixels, {image.channels} channels, `{image.suffix}`: "
            f"training in `{image.train_source}`, test in `{image.test_source}`"
            + (f", named by the column {image.column}" if image.column else "")
        )
    lines += [f"- leak: {leak}" for leak in facts.leaks] + [f"- assumed: {doubt}" for doubt in facts.doubts]
    return "\n".join([*lines, "", *_columns(facts)])


def _columns(facts: Facts) -> list[str]:
    if not facts.columns:
        return []
    lines = ["| column | kind | distinct | missing | note |", "|---|---|---|---|---|"]
    for column in facts.columns[:_COLUMNS_SHOWN]:
        dropped = facts.dropped.get(column.name)
        note = f"not a feature: {dropped}" if dropped else column.note
        cells = (column.name, column.kind, column.unique, column.missing, note)
        lines.append(f"| {' | '.join(str(cell).replace('|', '/') for cell in cells)} |".replace("\n", " "))
    rest = len(facts.columns) - _COLUMNS_SHOWN
    return [*lines, f"\n… and {rest} more in `EXPLORE.md`."] if rest > 0 else lines


def _validation(facts: Facts) -> str:
    advice = {
        "stratified": "StratifiedKFold(5, shuffle=True, random_state=2024) on the target",
        "grouped": f"GroupKFold(5) with the groups of {facts.group_column}"
        + (f" ({facts.group_rule})" if facts.group_rule else "")
        + ": no group stands on both sides of a split",
        "time": f"folds in the order of {facts.time_column}: train on the past, validate on what follows",
    }.get(facts.split, "KFold(5, shuffle=True, random_state=2024)")
    return (
        f"## Validation\n\nFive folds: {advice}. {facts.split_reason} Fit everything that learns (encoders, scalers, "
        "imputers, selection) inside each fold on its training part alone."
    )


def _to_beat(session: Session, facts: Facts) -> str:
    best = session.best
    lines = []
    if facts.constant_score is not None:
        lines.append(f"The best constant prediction scores {facts.constant_score:.5g}.")
    if best is not None and best.value is not None:
        noise = f" ± {best.noise:.2g}" if best.noise else ""
        lines.append(
            f"In place is a submission that scores **{best.value:.5g}**{noise} on validation: beat it."
        )
    else:
        lines.append("Nothing scored is in place yet: any sound candidate is an improvement.")
    return "## The score to beat\n\n" + " ".join(lines)


def _contract(facts: Facts) -> str:
    width = outputs_allowed(facts)[0]
    columns = f", {width}" if width else ","
    return _CONTRACT.format(
        rows=facts.rows_train,
        oof_shape=f"({facts.rows_train}{columns})",
        test_shape=f"({facts.rows_test}{columns})",
        dropped_rows=" (rows without a target left out)",
        prediction=_prediction(facts),
        submission=_submission(facts),
        score_rule=f"By {facts.metric} on the rows that were predicted out of fold.",
        postprocess='`{"kind": "threshold", "threshold": 0.4}`, `{"kind": "class_weights", "weights": [...]}`, '
        '`{"kind": "clip", "low": 0, "high": null}`, `{"kind": "cuts", "cuts": [...]}` or `{"kind": "none"}`',
    )


def _prediction(facts: Facts) -> str:
    """What the numbers in oof.npz and test.npz are."""
    (width, *_) = outputs_allowed(facts)
    if len(facts.targets) > 1:
        kind = "probabilities" if facts.problem == "multilabel" else "values"
        return f"A row's predictions are {kind} of {_shortened(facts.targets)}, in that order.\n"
    if width:
        return "A row's predictions are the probabilities of all classes, in the order given above.\n"
    if facts.classes and facts.problem == "binary":
        return f"A row's prediction is the probability of the class {facts.classes[-1]}.\n"
    return "A row's prediction is a value in the target's own unit.\n"


def _submission(facts: Facts) -> str:
    cells = {
        "label": "a class as it is written in the training file",
        "probability": "a probability",
        "class_probabilities": "probabilities, a column a class",
        "value": "a number",
        "ranked_labels": "labels, the likeliest first, with blanks between",
        "multilabel_probabilities": "probabilities, a column a target",
        "multilabel_labels": "0 or 1, a column a target",
    }.get(facts.prediction, facts.prediction.replace("_", " "))
    model = f" exactly like `input/{facts.sample_file}` (same ids, same order)" if facts.sample_file else ""
    return (
        f"A CSV file{model} with the columns {_shortened(facts.submission_columns)} and {facts.rows_test} rows; "
        f"its predictions are {cells}. No cell is empty."
    )


def _shortened(names: tuple[str, ...]) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:_CLASSES_SHOWN])
    rest = len(names) - _CLASSES_SHOWN
    return f"{shown} and {rest} more (see facts.json)" if rest > 0 else shown
