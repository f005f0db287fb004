"""The README's pictures, made by the project itself: `.venv/bin/python docs/pictures.py`.

Runs a real competition (scikit-learn's wine table) in a real terminal (tmux), saves the screen as SVG,
then opens the report of that very run in headless Chromium and saves a screenshot. The demo's puzzles are solved and
their coloured blocks kept as SVG.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.compete.sets import SETS, write_set  # noqa: E402

from medalist.apps.demo_arc import puzzles_at_work  # noqa: E402

IMAGES = ROOT / "docs" / "images"
COLUMNS, ROWS = 118, 34
SECONDS = 30
SESSION = "medalist-picture"
COMMAND = f"medalist compete wine --time {SECONDS}s"


def tmux(*arguments: str) -> str:
    """One tmux command; its output."""
    return subprocess.run(["tmux", *arguments], capture_output=True, text=True, check=True).stdout


def terminal(folder: Path) -> None:
    """Type the command into a terminal, wait until it is done, and keep what the screen shows."""
    done = folder.parent / "done"
    environment = f"PATH={Path(sys.executable).parent}:$PATH PS1='$ '"
    tmux(
        "new-session",
        "-d",
        "-s",
        SESSION,
        "-x",
        str(COLUMNS),
        "-y",
        str(ROWS),
        "-c",
        str(folder.parent),
        "bash --norc",
    )
    try:
        tmux("send-keys", "-t", SESSION, f"export {environment}; clear", "Enter")
        tmux("send-keys", "-t", SESSION, f"{COMMAND}; touch done", "Enter")
        deadline = time.monotonic() + SECONDS + 60
        while not done.exists() and time.monotonic() < deadline:
            time.sleep(0.5)
        screen = tmux("capture-pane", "-e", "-p", "-t", SESSION)
    finally:
        tmux("kill-session", "-t", SESSION)
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=COLUMNS, file=nowhere)
        console.print(Text.from_ansi(screen.rstrip()))
    console.save_svg(str(IMAGES / "terminal.svg"), title=COMMAND)


def screenshot(page: Path) -> None:
    """What headless Chromium shows of a report."""
    with tempfile.TemporaryDirectory() as profile:
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
        flags += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
        flags += [f"--user-data-dir={profile}", "--window-size=1200,1500", "--hide-scrollbars"]
        flags += [f"--screenshot={IMAGES / 'report.png'}"]
        subprocess.run(["chromium", *flags, page.as_uri()], check=True, capture_output=True)


def puzzles(folder: Path) -> None:
    """The demo's puzzles as a terminal shows them."""
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        colours = {"force_terminal": True, "color_system": "truecolor"}
        console = Console(record=True, width=COLUMNS, file=nowhere, **colours)
        puzzles_at_work(folder, console, lambda text: None)
    console.save_svg(str(IMAGES / "puzzles.svg"), title="medalist demo: puzzles")


def main() -> None:
    """Make them all."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        folder = write_set(next(one for one in SETS if one.name == "wine"), 0, Path(scratch, "wine"))
        terminal(folder)
        reports = sorted(Path(scratch).rglob("report.html"))
        screenshot(reports[0])
        puzzles(Path(scratch, "puzzles"))


if __name__ == "__main__":
    main()
