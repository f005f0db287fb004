"""``medalist doctor``: what works on this machine, what is missing, and the command that mends it.

Names of provider keys are shown, never their values.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from medalist.core.errors import MedalistError, SandboxUnavailable
from medalist.core.family import find_families
from medalist.llm.keys import seen_keys
from medalist.llm.local_server import find_model
from medalist.llm.names import CUSTOMARY_PANEL, PROVIDERS, display, missing_key, parse_name
from medalist.llm.panel import VARIABLE as PANEL_VARIABLE
from medalist.machine.hardware import read_hardware
from medalist.runs.api import runs_root
from medalist.workspace.sandbox import choose_sandbox

LITTLE_DISK_BYTES = 2 * 2**30
GPU_PROOF = "medalist.training.gpu_proof"
_LIBRARIES = {
    "scikit-learn": ("sklearn", True, "pip install scikit-learn"),
    "lightgbm": ("lightgbm", True, "pip install lightgbm"),
    "catboost": ("catboost", True, "pip install catboost"),
    "xgboost": ("xgboost", False, 'pip install "medalist[xgboost]"'),
    "torch": ("torch", False, 'pip install "medalist[torch]"'),
    "numba": ("numba", False, 'pip install "medalist[numba]"'),
    "transformers": ("transformers", False, 'pip install "medalist[local-llm]"'),
    "pydantic-ai-slim": ("pydantic_ai", True, "pip install --force-reinstall medalist"),
    "mcp": ("mcp", True, "pip install --force-reinstall medalist"),
}


@dataclass(frozen=True)
class Finding:
    """One line of the report. ``needed`` says whether Medalist works without it."""

    topic: str
    name: str
    good: bool
    text: str
    mend: str = ""
    needed: bool = False

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def examine(*, gpu: bool = False, panel: str = "") -> list[Finding]:
    """Look at everything; ``gpu`` also times a training step on CPU and GPU in a process of its own.

    ``panel`` names the oracle's panel, "A,B"; without it MEDALIST_PANEL does, else the customary pair.
    """
    found = [*_machine(), *_sandboxes(), *_libraries(), *_families(), *_keys(), *_panel(panel), _disk()]
    return found + (list(_gpu_proof()) if gpu else [])


def show(findings: list[Finding]) -> None:
    """Print the findings, topic by topic."""
    from rich.table import Table

    from medalist.apps.tables import wide_console

    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    topic = ""
    for each in findings:
        sign = "[green]✓[/]" if each.good else "[red]✗[/]" if each.needed else "[yellow]–[/]"
        text = each.text + (f"\n[cyan]{each.mend}[/]" if each.mend and not each.good else "")
        table.add_row(f"[dim]{each.topic if each.topic != topic else ''}[/]", sign, each.name, text)
        topic = each.topic
    wide_console().print(table)


def _machine() -> Iterator[Finding]:
    hardware = read_hardware()
    text = f"{hardware.cores} cores, {hardware.memory_bytes / 2**30:.1f} GB memory, {hardware.platform}"
    yield Finding("machine", "hardware", True, text, needed=True)
    for gpu in hardware.gpus:
        yield Finding("machine", f"GPU {gpu.index}", True, f"{gpu.name}, {gpu.memory_bytes / 2**30:.0f} GB")
    if not hardware.gpus:
        yield Finding("machine", "GPU", False, "none seen by NVML; lighter estimators are used")


def _sandboxes() -> Iterator[Finding]:
    for name in ("bubblewrap", "landlock", "docker"):
        try:
            _, probe = choose_sandbox(name, cache=None)
        except SandboxUnavailable as error:
            yield Finding("sandbox", name, False, error.what, error.next_step)
        else:
            yield Finding("sandbox", name, True, f"holds: {probe.isolation}")


def _libraries() -> Iterator[Finding]:
    for name, (module, needed, mend) in _LIBRARIES.items():
        if find_spec(module) is None:
            yield Finding("libraries", name, False, "not installed", mend, needed)
        else:
            yield Finding("libraries", name, True, _version(name), needed=needed)


def _version(name: str) -> str:
    """Wheels without GPU support go by ``<name>-cpu``."""
    for distribution in (name, f"{name}-cpu"):
        with contextlib.suppress(PackageNotFoundError):
            return version(distribution)
    return "installed"


def _families() -> Iterator[Finding]:
    for name, family in find_families().items():
        yield Finding("families", name, True, f"leaves {family.product}")


def _keys() -> Iterator[Finding]:
    seen = seen_keys()
    for provider in dict.fromkeys(PROVIDERS.values()):
        if not provider.key_variables:
            continue
        set_here = [name for name in provider.key_variables if name in seen]
        text = "seen" if set_here else "not set; the playbook needs no language model"
        if os.environ.get(provider.base_url_variable):
            text += f"; {provider.base_url_variable} sends its requests elsewhere"
        name = set_here[0] if set_here else provider.key_variables[0]
        yield Finding("keys", name, bool(set_here), text, f"export {name}=...")


def _panel(named: str) -> Iterator[Finding]:
    """Each member of the oracle's panel and what it lacks. Asks nobody."""
    written = named or os.environ.get(PANEL_VARIABLE, "") or ",".join(CUSTOMARY_PANEL)
    for member in filter(None, (each.strip() for each in written.split(","))):
        try:
            name = parse_name(member)
            if name.provider == "hf":
                find_model(Path(name.model))
        except MedalistError as error:
            yield Finding("oracle", member, False, error.what, error.next_step)
            continue
        variable = missing_key(name)
        where = name.base_url or PROVIDERS[name.provider].title
        text = f"its key is missing, so the panel does without it ({where})" if variable else f"asks {where}"
        yield Finding(
            "oracle", display(name), not variable, text, f"export {variable}=..." if variable else ""
        )


def _disk() -> Finding:
    root = runs_root().absolute()
    place = next(path for path in (root, *root.parents) if path.exists())
    free = shutil.disk_usage(place).free
    writable = os.access(place, os.W_OK)
    text = f"{free / 2**30:.1f} GB free for runs in {root}" + (
        "" if writable else ", which cannot be written"
    )
    return Finding(
        "disk", "runs", writable and free > LITTLE_DISK_BYTES, text, "export MEDALIST_RUNS=FOLDER", True
    )


def _gpu_proof() -> Iterator[Finding]:
    """Each library's own line; the proof runs apart, for it imports everything heavy there is."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", GPU_PROOF],
        cwd=Path(sys.prefix),
        capture_output=True,
        text=True,
        check=False,
    )
    lines = done.stdout.strip().splitlines() or done.stderr.strip().splitlines()[-1:]
    for line in lines:
        yield Finding("GPU proof", "", done.returncode == 0, line)
