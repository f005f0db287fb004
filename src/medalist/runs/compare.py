"""``medalist compare``: two runs, or what one run holds side by side, as differences, a page and an alarm."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medalist.core.errors import UsageError
from medalist.core.event import Event
from medalist.core.patience import write_whole
from medalist.runs import api
from medalist.runs.differences import ALARM_LEVEL, QUANTITIES, Comparison, compare_sides
from medalist.runs.pairing import DIMENSIONS, Side, read_side, split_side
from medalist.runs.sets import is_set_file
from medalist.runs.store import FileStore, find_run


@dataclass(frozen=True)
class Compared:
    """What comparing came to; ``html`` is the page that shows it."""

    comparisons: tuple[Comparison, ...]
    html: Path

    @property
    def worse(self) -> bool:
        """Whether a second side is worse beyond noise in anything that is held."""
        return any(each.worse for each in self.comparisons)

    def as_dict(self) -> dict[str, Any]:
        return {
            "worse": self.worse,
            "comparisons": [each.as_dict() for each in self.comparisons],
            "html": str(self.html),
        }


def compare(
    a: str | Path,
    b: str | Path | None = None,
    *,
    by: str | None = None,
    hold: Collection[str] = (),
    html: str | Path | None = None,
    data_dir: str | Path | None = None,
    on_event: Callable[[str, Event], None] | None = None,
    on_start: Callable[[Path], None] | None = None,
) -> Compared:
    """Compare run ``b`` with run ``a``, the baseline; a set's file is run first (as ``api.run``).

    With one run, ``by`` says what to compare within it ("engineer", "model" or "hints"): everything
    after the first against the first. ``hold`` names what may raise the alarm (``differences``). The
    page goes to ``html``, by default ``compare.html`` in the last run. Raises UsageError when there is
    nothing to compare.
    """
    _check(b, by, hold)

    def run_of(name: str | Path) -> FileStore:
        if is_set_file(Path(name)):
            made = api.run(name, data_dir=data_dir, on_event=on_event, on_start=on_start)
            return FileStore(made.run_dir)
        return find_run(name, api.runs_root())

    stores = [run_of(name) for name in (a, b) if name is not None]
    sides = [read_side(store) for store in stores]
    if by is not None:
        sides = split_side(sides[0], by)
    baseline, *others = _told_apart(sides)
    level = ALARM_LEVEL / len(others)  # one comparison or five, a false alarm stays as rare
    comparisons = tuple(compare_sides(baseline, other, hold, level) for other in others)
    if not any(each.pairs for each in comparisons):
        raise UsageError(
            "No attempt of one side has a counterpart on the other.",
            where="; ".join(text for each in comparisons for text in each.unpaired[:4]),
            next_step="Compare runs of the same tasks with the same seeds.",
        )
    from medalist.runs.compare_page import page

    path = Path(html) if html is not None else stores[-1].root / "compare.html"
    write_whole(path, page(comparisons), durable=True)
    return Compared(comparisons, path.absolute())


def _check(b: object, by: str | None, hold: Collection[str]) -> None:
    if by is not None and by not in DIMENSIONS:
        raise UsageError(f"--by {by} is not known.", next_step=f"Choose one of {', '.join(DIMENSIONS)}.")
    if (b is None) == (by is None):
        raise UsageError(
            "Comparing takes two runs, or one run and --by.",
            next_step=f"Name a second run, or say --by {', '.join(DIMENSIONS[:-1])} or {DIMENSIONS[-1]}.",
        )
    strange = sorted(set(hold) - set(QUANTITIES))
    if strange:
        raise UsageError(
            f"--hold {strange[0]} is not known.", next_step=f"Name some of {', '.join(QUANTITIES)}."
        )


def _told_apart(sides: list[Side]) -> list[Side]:
    """Two runs of the same name get their folder's place beside it."""
    names = [side.name for side in sides]
    if len(set(names)) == len(names):
        return sides
    return [Side(f"{side.name} ({number})", side.attempts) for number, side in enumerate(sides, start=1)]
