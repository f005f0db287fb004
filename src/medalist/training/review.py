"""A training script before launch (SPEC G1, G2): batch size, GPU use, monitoring lines, threads, resuming.

These are the rules that need the machine and the data's size; every other known mistake is found by
``hints.review``, whose findings are passed in and returned beside these.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from medalist.hints.review import Finding
from medalist.machine.hardware import Hardware
from medalist.source.tree import Script, parse
from medalist.training.kind import Kind, kind_of_script
from medalist.training.sites import batch_site, thread_sites
from medalist.training.thresholds import table

SMALL_BATCH, NO_MONITORING, UNUSED_GPU = "batch-of-32", "no-monitoring-lines", "gpu-unused"
_JUDGED_HERE = {SMALL_BATCH, NO_MONITORING}
"""Hints that need the machine to be judged: what the knowledge base finds by text alone is left out."""
_IMAGES = re.compile(r"(torchvision|timm|PIL|cv2|albumentations|skimage|kornia)\b.*|torch\.nn\.Conv2d")
_RESIZES = re.compile(r".*\.(Resize|RandomResizedCrop|CenterCrop|RandomCrop|resize)")
_GPU_WORDS = re.compile(r"cuda|accelerat|gpu|device_map|mps", re.IGNORECASE)
_RESOURCES_TEXT = re.compile(r"RESOURCES:")
_FORWARD_TEXT = re.compile(r"Memory Used:|samples/s|Loss:", re.IGNORECASE)


@dataclass(frozen=True)
class ScriptFacts:
    """What is known of the data a script trains on; None where unknown."""

    rows: int | None = None
    image_pixels: int | None = None
    classes: int | None = None


@dataclass(frozen=True)
class Review:
    """What a script was found to do and to lack; ``batch`` is None where none is written in it."""

    kind: Kind
    batch: int | None
    monitors: bool
    findings: tuple[Finding, ...]

    @property
    def must_fix(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.must_fix)


def review(
    code: str,
    hardware: Hardware,
    facts: ScriptFacts = ScriptFacts(),
    *,
    kind: Kind | None = None,
    hint_findings: Iterable[Finding] = (),
) -> Review:
    """Read a script before it is launched. Raises InputError when it is not Python.

    ``kind``: as ``kind_of_command`` told it, with the files beside the script in view; without it,
    the script alone decides. ``hint_findings`` are what ``hints.review.check_script`` found.
    """
    script = parse(code)
    kind = kind_of_script(code) if kind is None else kind
    site = batch_site(script)
    batch = site.value if site is not None else None
    findings = [finding for finding in hint_findings if finding.hint_id not in _JUDGED_HERE]
    if kind is Kind.NETWORK:
        findings += _small_batch(script, hardware, facts, batch, site.line if site else 1)
        findings += _unused_gpu(code, hardware)
        findings += _monitoring(code)
        findings += _resuming(script)
    if kind.trains:
        findings += _threads(script, hardware)
    return Review(kind=kind, batch=batch, monitors=has_monitoring(code), findings=tuple(findings))


def has_monitoring(code: str) -> bool:
    """Whether a script's text prints the lines of SPEC G2 (it may still never reach them)."""
    return bool(_RESOURCES_TEXT.search(code) and _FORWARD_TEXT.search(code))


def image_pixels(script: Script) -> int | None:
    """The widest size that the script's own transforms write down, None where they do not."""
    sizes = [
        node.value
        for call in script.calls_to(_RESIZES.pattern)
        for argument in (*call.args[:2], *(keyword.value for keyword in call.keywords))
        for node in ast.walk(argument)
        if isinstance(node, ast.Constant) and type(node.value) is int and node.value >= 8
    ]
    return max(sizes, default=None)


def _small_batch(
    script: Script, hardware: Hardware, facts: ScriptFacts, batch: int | None, line: int
) -> Iterator[Finding]:
    limits = table().review
    images = any(_IMAGES.fullmatch(name) for _, name in script.calls)
    if batch is None or not images or batch > limits.small_image_batch:
        return
    pixels = facts.image_pixels or image_pixels(script) or limits.small_batch_max_pixels
    steps = facts.rows / batch if facts.rows else limits.small_batch_min_steps
    must_fix = (
        bool(hardware.gpus)
        and pixels <= limits.small_batch_max_pixels
        and steps >= limits.small_batch_min_steps
    )
    yield Finding(
        hint_id=SMALL_BATCH,
        priority="CRITICAL" if must_fix else "OPTIONAL",
        line=line,
        message=f"An image batch of {batch} leaves most of a GPU idle.",
        fix=f"Start with batch_size={4 * batch}; the checkpoint halves or doubles it by what it measures.",
        must_fix=must_fix,
        mechanical=True,
    )


def _unused_gpu(code: str, hardware: Hardware) -> Iterator[Finding]:
    if hardware.gpus and not _GPU_WORDS.search(code):
        yield Finding(
            hint_id=UNUSED_GPU,
            priority="CRITICAL",
            line=1,
            message=f"The machine has a GPU ({hardware.gpus[0].name}) and the script never uses it.",
            fix='device = torch.device("cuda"); move the model and every batch there with .to(device).',
            must_fix=True,
            mechanical=True,
        )


def _monitoring(code: str) -> Iterator[Finding]:
    if not has_monitoring(code):
        yield Finding(
            hint_id=NO_MONITORING,
            priority="IMPORTANT",
            line=1,
            message="The script prints no RESOURCES, memory or progress lines, so nobody can watch it.",
            fix="Print RESOURCES at the start, the memory used after the first forward pass, and each epoch's loss.",
            must_fix=False,
            mechanical=True,
        )


def _resuming(script: Script) -> Iterator[Finding]:
    loads = any(name in {"torch.load", "safetensors.torch.load_file"} for _, name in script.calls)
    saves = next((call for call, name in script.calls if name == "torch.save"), None)
    if saves is not None and not loads:
        yield Finding(
            hint_id="no-resume",
            priority="OPTIONAL",
            line=saves.lineno,
            message="Checkpoints are saved and never loaded: a stopped training starts again from nothing.",
            fix="Take --resume and load the last checkpoint (model, optimiser, epoch) where it is given.",
            must_fix=False,
            mechanical=False,
        )


def _threads(script: Script, hardware: Hardware) -> Iterator[Finding]:
    if hardware.cores < 2:
        return
    for site in thread_sites(script):
        if site.value < 2 and not site.is_loader:
            yield Finding(
                hint_id="one-thread",
                priority="IMPORTANT",
                line=site.line,
                message=f"{site.what} = {site.value} leaves {hardware.cores - 1} of {hardware.cores} cores idle.",
                fix=f"Use {hardware.cores}, or the number in OMP_NUM_THREADS.",
                must_fix=False,
                mechanical=True,
            )
