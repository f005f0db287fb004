"""The family ``compete``: what the rest of Medalist knows of competitions, behind the family protocol."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from medalist.core.answers import Answers
from medalist.core.errors import InputError
from medalist.core.family import Opened, Validation
from medalist.core.task import Task
from medalist.families.compete.explore import SETTINGS
from medalist.families.compete.folder import looks_like_competition, open_folder
from medalist.families.compete.rules import Rules, find_rules, settled_metric
from medalist.families.compete.validate import validate_submission
from medalist.families.compete.weights import files_behind, find_weights


class Compete:
    """Kaggle-style competitions, MLE-bench compatible.

    Settings a person may give (all optional): those of ``explore.SETTINGS``, ``leaderboard`` (a CSV
    file for medals) and ``weights`` (pretrained ones, a file or folder; by default those in TORCH_HOME or
    HF_HOME; shown to the sandbox). ``open`` adds what it finds: ``leaderboard``, ``hints_file``,
    ``weights`` and ``metric_source``.
    """

    name = "compete"
    product = "submission.csv"
    preload: Sequence[str] = (
        "numpy",
        "pandas",
        "scipy.sparse",
        "sklearn.ensemble",
        "sklearn.feature_extraction.text",
        "sklearn.linear_model",
        "sklearn.metrics",
        "sklearn.model_selection",
        "lightgbm",
        "PIL.Image",
    )

    def recognises(self, path: Path) -> bool:
        return looks_like_competition(path)

    def open(self, path: Path, settings: Mapping[str, Any]) -> Opened:
        """The competition at ``path``.

        Raises InputError for a folder that cannot be used, UsageError for a metric that is unknown
        and MetricNotOffered for one that is not computed.
        """
        text = _texts(settings)
        folder = open_folder(
            path, train=text.get("train", ""), test=text.get("test", ""), sample=text.get("sample", "")
        )
        if folder.files.train is None and folder.files.sample is None:
            raise InputError(
                "There is neither a training table nor a sample submission.",
                where=str(folder.public),
                next_step="Put train.csv, test.csv and sample_submission.csv there, or name them with --train and so on.",
            )
        named = text.get("metric", "") or folder.metric
        metric = settled_metric(named, folder.description)
        found = {"leaderboard": folder.leaderboard, "hints_file": folder.hints}
        beside = {name: str(path.resolve()) for name, path in found.items() if path}
        weights = find_weights(str(settings.get("weights") or ""), os.environ)
        if weights:
            beside["weights"] = str(weights)
        if metric and not named:
            beside["metric_source"] = "description"
        task = Task(
            id=folder.id,
            family=self.name,
            public=folder.public,
            description=folder.description,
            metric=metric.name if metric else "",
            direction=metric.direction if metric else None,
            settings={**beside, **{k: v for k, v in settings.items() if v and k != "weights"}},
        )
        return Opened(task, folder.answers, files_behind(weights) if weights else ())

    def playbook(self, settings: Mapping[str, Any]) -> Any:
        from medalist.families.compete.playbook import PlaybookEngineer

        return PlaybookEngineer(settings)

    def workshop(self, session: Any) -> Any:
        from medalist.families.compete.workshop import CompeteWorkshop

        return CompeteWorkshop(session)

    def validate(self, task: Task, product: Path) -> Validation:
        """Whether ``product`` is well-formed. Raises InputError only when the task's own files are unusable."""
        settings = tuple(sorted(_texts(task.settings).items()))
        return validate_submission(product, _rules(task.public, task.metric, settings))

    def grader_command(self, task: Task, answers: Answers, product: Path) -> Sequence[str]:
        command = ["medalist.families.compete.grader", "--answers", answers.argument()]
        command += [
            "--submission",
            str(product.resolve()),
            "--public",
            str(task.public),
            "--competition",
            task.id,
        ]
        options = {
            "metric": task.metric,
            **_texts(task.settings),
            "leaderboard": task.settings.get("leaderboard", ""),
        }
        if task.metric:
            options["metric"] = task.metric
        for name in ("metric", "leaderboard", "id_column", "targets", "sample"):
            if options.get(name):
                command += [f"--{name.replace('_', '-')}", str(options[name])]
        return command


def _texts(settings: Mapping[str, Any]) -> dict[str, str]:
    """The settings that exploring obeys, as strings; lists (of targets) with commas between."""
    given = {name: settings.get(name) for name in SETTINGS}
    return {
        n: ",".join(map(str, v)) if isinstance(v, (list, tuple)) else str(v) for n, v in given.items() if v
    }


@lru_cache(maxsize=8)
def _rules(public: Path, metric: str, settings: tuple[tuple[str, str], ...]) -> Rules:
    """Found once for each competition: a search validates many submissions against the same rules."""
    return find_rules(public, settled_metric(metric), dict(settings))


family = Compete()
