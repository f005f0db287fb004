"""What an agent is told before it begins: task, machine, sizes, workflow (SPEC K2), and the limits it may know.

The words are in ``agent_prompt.txt``, and in ``agent_prompt_own_tools.txt`` where a family's workshop brings tools
and a workflow of its own; here is what fills them in. The number of steps an agent may
take is not told (it would only be spent), and no hidden figure or path is known here to tell.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources import files
from string import Template

from medalist.machine.hardware import Hardware
from medalist.session.session import Session
from medalist.tools.desk import Desk
from medalist.tools.tool import all_tools
from medalist.training.sizing import GB, size_for

TRAINING_LINES = (
    "RESOURCES: 32 CPU cores, batch=128, GPU=NVIDIA A10, Mixed Precision=ON",
    "GPU Memory: 24.0 GB",
    "DataLoader: num_workers=10, prefetch_factor=4, persistent_workers=True",
    "GPU Memory Used: 18.3 GB / 24.0 GB (76.3%)",
    "VALIDATION: If <50% memory, batch_size=128 is TOO SMALL - should be 256+",
    "Throughput: 1234.5 samples/s",
    "Fold 1/5, Epoch 1/10, Loss: 0.542",
    "Fold 1/5, score 0.8123",
)
"""One of each line, with another machine's figures (SPEC G2; ``training.lines`` parses them)."""

_LINES = """\
```
{lines}
```

The first three come at the start, the memory lines once after the first forward pass (without a GPU it is
`CPU Memory Used: ...`), throughput every few seconds, and the last two after each epoch and each fold. A job that trains
no network prints `RESOURCES: N CPU cores, GPU=none, Mixed Precision=OFF` and a line for each fold. Flush every line."""

_EXPLORED = "The files have been explored: what was found is above. Look further where you doubt it."
_HINTS = "Read the training hints with read_hints. No training starts before you have."
_ORACLE = (
    "An oracle (a panel of other language models, and a critic) has been asked for a strategy, which you are given. It "
    "also reviews your first training script. Ask it again with ask_oracle when you are stuck."
)
_STRATEGY_GIVEN = (
    "An oracle (a panel of other language models, and a critic) has been asked for a strategy, which you are given. Ask "
    "it again with ask_oracle when you are stuck."
)
_WORKFLOW = (
    "Write `train.py`. Before you launch it, plan folds × epochs × time per epoch + prediction + 20 % against the time "
    "left. Save the best and the last state as you go, and let `--resume` go on from the last.",
    "Launch it in the background with start_job, with the seconds it may take as an argument, so that it ends by itself "
    "with the folds that are done. It is reviewed first: what must be fixed comes back as the answer, with its fix, and "
    "nothing is started until it is.",
    "Write `predict.py` at once, while training runs.",
    "Then wait: it returns at the first news. Never sleep or poll in a command.",
    "When training has ended, run `predict.py`, validate, submit.",
    "Improve while time is left: other estimators, better features, an average of the best. Keep each version in a folder "
    "of its own, so that what worked stays.",
    "Call finish when a submission of yours is in place and nothing worth its time is left to try.",
)
"""SPEC K2, from writing on."""

_WITHOUT_GPU = (
    "Without one, prefer estimators that do well on a CPU (gradient boosting, linear models, small networks), and "
    "train no deep network from scratch where a lighter estimator does better in the time."
)
_IMAGE_WIDTHS = (224, 384)


def system_prompt(desk: Desk) -> str:
    """The system prompt of whoever sits at ``desk``, as it stands now. The workshop must be prepared."""
    session, own_workflow = desk.session, desk.brought.workflow
    hints = [_HINTS] if desk.hints else []
    oracle = [_STRATEGY_GIVEN if own_workflow else _ORACLE] if desk.oracle is not None else []
    told = {
        "brief": desk.workshop.brief().strip(),
        "machine": _parts(session.hardware) if own_workflow else _machine(session.hardware),
        "budget": spoken(session.budget.total_seconds),
        "left": spoken(session.budget.remaining),
        "workflow": _numbered(
            [*oracle, *own_workflow] if own_workflow else [_EXPLORED, *hints, *oracle, *_WORKFLOW]
        ),
        "tools": "\n".join(
            f"- `{tool.name}`: {_first_sentence(tool.description)}" for tool in all_tools(desk)
        ),
    }
    if own_workflow:
        return _template("agent_prompt_own_tools.txt").substitute(told)
    return _template("agent_prompt.txt").substitute(
        told,
        command=spoken(min(session.limits.command_seconds, session.budget.total_seconds)),
        sizes=_sizes(session.hardware),
        lines=_LINES.format(lines="\n".join(TRAINING_LINES)),
    )


def _template(name: str) -> Template:
    return Template((files("medalist.engineers") / name).read_text(encoding="utf-8"))


def _numbered(steps: Iterable[str]) -> str:
    return "\n".join(f"{number}. {step}" for number, step in enumerate(steps, start=1))


def situation(session: Session, brief: str) -> str:
    """Task, machine and time in short, for whoever is asked about a strategy or a script."""
    return "\n\n".join(
        (
            f"# The task\n\n{brief.strip()}",
            f"# The machine\n\n{_machine(session.hardware)}",
            f"# Sizes to start from on it\n\n{_sizes(session.hardware)}",
            f"# Time\n\n{spoken(session.budget.remaining)} are left of {spoken(session.budget.total_seconds)}.",
        )
    )


def spoken(seconds: float) -> str:
    """``45 seconds``, ``10 minutes`` or ``9.0 hours``."""
    if seconds < 120:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 2 * 3600 else f"{seconds / 3600:.1f} hours"


def _machine(hardware: Hardware) -> str:
    """Cores, memory and GPUs, and what follows from having none (SPEC K5)."""
    return _parts(hardware) if hardware.gpus else f"{_parts(hardware)} {_WITHOUT_GPU}"


def _parts(hardware: Hardware) -> str:
    gpus = [f"{gpu.name} with {gpu.memory_bytes / GB:.0f} GB" for gpu in hardware.gpus]
    gpu = f"GPU: {', '.join(gpus)}." if gpus else "There is no GPU."
    return f"{hardware.cores} CPU cores, {hardware.memory_bytes / GB:.0f} GB of memory. {gpu}"


def _sizes(hardware: Hardware) -> str:
    """The sizing table's rows for this machine (SPEC G1)."""
    rows = [
        *((f"images, {width} px", size_for("image", "", width, hardware)) for width in _IMAGE_WIDTHS),
        ("EfficientNet-B4 or B5", size_for("image", "efficientnet-b4", 380, hardware)),
        ("tabular networks", size_for("tabular", "", None, hardware)),
        ("text", size_for("text", "", None, hardware)),
    ]
    sizes = rows[0][1]
    loader = f"num_workers={sizes.workers}, pin_memory={sizes.pinned}"
    if sizes.workers:
        loader += f", prefetch_factor={sizes.prefetch}, persistent_workers={sizes.persistent}"
    precision = "mixed precision" if sizes.precision == "mixed" else "float32"
    return "\n".join(
        [
            *(f"- {name}: batch {size.batch}" for name, size in rows),
            f"- data loader: {loader}",
            f"- {precision}",
        ]
    )


def _first_sentence(text: str) -> str:
    return f"{text.strip().split('. ', 1)[0].rstrip('.')}."
