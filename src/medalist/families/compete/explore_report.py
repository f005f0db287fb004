"""EXPLORE.md: what exploring saw, for a person to read in a minute. Standard library only."""

from __future__ import annotations

from collections import Counter

from medalist.families.compete.facts import Facts


def write_report(facts: Facts) -> str:
    """The report as Markdown."""
    parts = ["# What this competition is", "", *_lead(facts), "", "## Columns", "", *_columns(facts)]
    parts += ["", "## Validation", "", f"{facts.split.capitalize()} folds. {facts.split_reason}"]
    for title, items in (("Leaks", facts.leaks), ("Doubts", facts.doubts)):
        if items:
            parts += ["", f"## {title}", "", *(f"- {item}" for item in items)]
    return "\n".join(parts) + "\n"


def _lead(facts: Facts) -> list[str]:
    better = "higher is better" if facts.direction == "max" else "lower is better"
    classes = (
        f" ({', '.join(facts.classes[:8])}{', …' if len(facts.classes) > 8 else ''})" if facts.classes else ""
    )
    lines = [
        f"- **{facts.problem}** on {facts.modality} data: {facts.rows_train} training rows, {facts.rows_test} to predict",
        f"- target {', '.join(facts.targets)}{classes}, id {facts.id_column or 'none (rows in order)'}",
        f"- metric **{facts.metric}**, {better}; the submission holds: {facts.prediction.replace('_', ' ')}",
    ]
    if facts.constant_score is not None:
        lines.append(f"- the best constant prediction scores {facts.constant_score:.5g}")
    if facts.image:
        image = facts.image
        size = f"{image.width} x {image.height}" + ("" if image.same_size else " mostly")
        lines.append(f"- {image.count_train} training images of {size} pixels in {image.train_source}")
    return lines


def _columns(facts: Facts) -> list[str]:
    kinds = Counter(c.kind for c in facts.columns if c.name not in facts.dropped)
    lines = [", ".join(f"{count} {kind}" for kind, count in kinds.most_common()) or "none", ""]
    lines += ["| column | kind | distinct | missing | note |", "|---|---|---|---|---|"]
    for column in facts.columns[:60]:
        note = facts.dropped.get(column.name) or column.note
        lines.append(
            f"| {column.name} | {column.kind} | {column.unique} | {column.missing} | {note} |".replace(
                "\n", " "
            )
        )
    if len(facts.columns) > 60:
        lines.append(f"\n… and {len(facts.columns) - 60} more.")
    return lines
