"""The family ``speedup``: what the rest of Medalist knows of slow programs to be made fast, behind the protocol."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, get_args

from medalist.core.answers import Answers
from medalist.core.errors import InputError, StoreError, UsageError
from medalist.core.family import Opened, PutBack, Validation
from medalist.core.home import cache_folder
from medalist.core.score import Direction
from medalist.core.task import Task
from medalist.families.speedup.contract import CONTRACT_FILE, Contract, Semantics, find_task, read_contract
from medalist.families.speedup.product import UNTOUCHED, check_product
from medalist.families.speedup.refusals import Refused

METRIC = "speedup"


class Speedup:
    """Slow training programs under a contract (``families.speedup.contract``).

    Settings a person may give: ``semantics`` (``preserve`` or ``quality``) and ``target``, each the contract's own
    by default, and ``sandbox`` for the candidate while it is graded (``auto``). For engineers at the tools:
    ``profiler`` and ``intermediate`` (both true) say which of the task's own tools they have.
    """

    name = "speedup"
    product = "program.py"
    preload: Sequence[str] = ("numpy", "torch", "torch._dynamo", "numba")
    emergency = UNTOUCHED
    sources: Sequence[str] = ("speedup",)

    def built_in(self, name: str) -> Path:
        """The folder of a task that comes with Medalist. Raises InputError that lists those there are."""
        return find_task(name).folder

    def recognises(self, path: Path) -> bool:
        return (path / CONTRACT_FILE).is_file()

    def open(self, path: Path, settings: Mapping[str, Any]) -> Opened:
        """The task at ``path``, its public files alone in a folder of their own. Raises InputError."""
        contract = _asked(read_contract(path), settings)
        task = Task(
            id=contract.name,
            family=self.name,
            public=_public_copy(contract),
            description=_description(contract),
            metric=METRIC,
            direction=Direction.MAXIMIZE,
            settings={
                **told(contract),
                **settings,
                "semantics": contract.semantics,
                "target": settings.get("target") or contract.target,
            },
        )
        return Opened(task, Answers(contract.folder / CONTRACT_FILE))

    def tries(self, engineer: str) -> int:
        """The playbook does the same each time; others are known by how often they pass."""
        return 1 if engineer == "playbook" else 10

    def takes(self, file: Path) -> bool:
        return file.suffix == ".py"

    def make_task(
        self,
        file: Path,
        folder: Path,
        arguments: Sequence[str],
        settings: Mapping[str, Any],
        tell: Callable[[str], None],
    ) -> Path:
        from medalist.families.speedup.recording.room import Limits
        from medalist.families.speedup.recording.task import record_task

        limits = Limits(sandbox=str(settings.get("sandbox") or "auto"))
        return record_task(file, folder, arguments=arguments, limits=limits, tell=tell)

    def as_product(self, task: Path, file: Path, place: Path) -> None:
        from medalist.families.speedup.recording.product import as_candidate

        place.write_text(as_candidate(task, file), encoding="utf-8")

    def put_back(
        self,
        task: Path,
        product: Path,
        file: Path,
        folder: Path,
        settings: Mapping[str, Any],
        tell: Callable[[str], None],
    ) -> PutBack:
        from medalist.families.speedup.recording.product import write_fast_script
        from medalist.families.speedup.recording.room import Limits

        limits = Limits(sandbox=str(settings.get("sandbox") or "auto"))
        made = write_fast_script(task, product, folder, file, limits=limits, tell=tell)
        return PutBack(made.file, made.same, made.said)

    def playbook(self, settings: Mapping[str, Any]) -> Any:
        from medalist.families.speedup.playbook import SpeedupPlaybook

        return SpeedupPlaybook(settings)

    def workshop(self, session: Any) -> Any:
        from medalist.families.speedup.workshop import SpeedupWorkshop

        return SpeedupWorkshop(session)

    def validate(self, task: Task, product: Path) -> Validation:
        try:
            lines = check_product(product, task.settings["required"])
        except Refused as refused:
            return Validation(False, refused.told)
        return Validation(True, rows=lines)

    def development_command(self, task: Task, answers: Answers, product: Path) -> Sequence[str]:
        return [*self.grader_command(task, answers, product), "--development"]

    def grader_command(self, task: Task, answers: Answers, product: Path) -> Sequence[str]:
        command = ["medalist.families.speedup.grader", "--contract", answers.argument()]
        command += ["--program", str(product.absolute())]
        for name in ("semantics", "target", "sandbox"):
            if task.settings.get(name):
                command += [f"--{name}", str(task.settings[name])]
        return command


def _asked(contract: Contract, settings: Mapping[str, Any]) -> Contract:
    semantics = settings.get("semantics") or contract.semantics
    if semantics not in get_args(Semantics):
        raise UsageError(
            f"There is no semantics {semantics!r}.", next_step=f"Choose {' or '.join(get_args(Semantics))}."
        )
    return contract.under(semantics)


def told(contract: Contract) -> dict[str, Any]:
    """What engineers may know of a contract, by names of a task's settings; files by their names in ``public``."""
    return {
        "title": contract.title,
        "required": contract.required,
        "program": contract.program.name,
        "entry": contract.entry,
        "maker": f"{contract.inputs.file.name}:{contract.inputs.name}",
        "outputs": [asdict(rule) for rule in contract.outputs],
        "threads": contract.threads,
        "import_seconds": contract.budgets.import_seconds,
        "call_seconds": contract.budgets.call_seconds,
    }


def _description(contract: Contract) -> str:
    texts = (path.read_text(encoding="utf-8") for path in contract.public if path.suffix == ".md")
    return "\n\n".join(texts)


def _public_copy(contract: Contract) -> Path:
    """The public files in the cache folder: beside the originals lies the oracle, which no engineer may read."""
    digest = hashlib.sha256()
    for path in contract.public:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    folder = cache_folder() / "tasks" / f"{contract.name}-{digest.hexdigest()[:12]}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path in contract.public:
            if path.parent != contract.folder:
                raise InputError("A public file lies outside the task's folder.", where=str(path))
            fresh = folder / f".{path.name}.{os.getpid()}"
            shutil.copyfile(path, fresh)
            fresh.replace(folder / path.name)
    except OSError as error:
        raise StoreError(
            f"The task's files cannot be laid out: {error.strerror or error}.",
            where=str(folder),
            next_step="Make the cache folder writable, or name another with XDG_CACHE_HOME.",
        ) from error
    return folder


family = Speedup()
