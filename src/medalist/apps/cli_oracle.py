"""`medalist oracle`: a question to the panel, or the review of a script; progress on stderr, the verdict on stdout."""

from __future__ import annotations

import os
import time as clock
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from medalist.apps import options
from medalist.apps.delivery import Delivery, deliver

if TYPE_CHECKING:
    from medalist.core.event import Event
    from medalist.llm.oracle import Answer, Oracle
    from medalist.llm.panel import Panel
    from medalist.llm.settings import LlmSettings
    from medalist.llm.verdict import Kind
    from medalist.machine.hardware import Hardware


def oracle(
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="What you want to know.")],
    file: Annotated[
        list[Path] | None, typer.Option("--file", help="A script or log to show; may be repeated.")
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(
            "--kind", help="strategy, review or debug (default: review with a script, else strategy)."
        ),
    ] = None,
    panel: options.Panel = None,
    critic: options.Critic = None,
    model: options.Model = None,
    max_cost: options.MaxCost = None,
    max_tokens: options.MaxTokens = None,
    json: options.Json = False,
) -> None:
    """Ask a panel of language models, whose critic gives one verdict; without any the hints review a script."""
    told = _Told()

    def work() -> Delivery:
        settings = replace(options.llm_settings(panel, critic, max_cost, max_tokens), model=model or "")
        return _ask(question, file or [], kind, settings, told)

    deliver(work, as_json=json, at_hand=told.as_dict)


@dataclass
class _Told:
    """What stands of a consultation at any moment, under the keys that its JSON always has."""

    kind: Kind | None = None
    members: list[dict[str, Any]] = field(default_factory=list)
    transcript: str | None = None

    def as_dict(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "verdict": None,
            "by": None,
            "members": self.members,
            "critic": "",
            "note": "",
            "tokens": sum(each["tokens"] for each in self.members),
            "cost_usd": sum(each["cost_usd"] for each in self.members),
            "took_seconds": None,
            "transcript": self.transcript,
        }


def _ask(
    question: str, paths: Sequence[Path], kind: str | None, settings: LlmSettings, told: _Told
) -> Delivery:
    import asyncio

    from medalist.llm.panel import choose_panel

    files = _texts(paths)
    told.kind = _kind(kind, files)
    panel = choose_panel(settings)
    with _consulted(panel, settings, told) as oracle:
        answer = asyncio.run(oracle.ask(question, _machine(oracle.hardware), told.kind, files=files))
    asked_in_vain = answer.by == "hints" and bool(panel.members)
    data = {**told.as_dict(), **answer.as_dict()}
    return Delivery(data, not asked_in_vain, lambda: _show(answer, told.transcript))


@contextmanager
def _consulted(panel: Panel, settings: LlmSettings, told: _Told) -> Iterator[Oracle]:
    """An oracle whose steps are told on stderr and kept in a folder; without a panel neither is needed."""
    from medalist.llm.oracle import Oracle

    if not panel.members:
        yield Oracle(None, (), "", None)
        return
    from medalist.core.event import EventLog
    from medalist.llm.door import Door

    folder = _new_folder()
    started = clock.monotonic()
    events = EventLog(folder / "events.jsonl", elapsed=lambda: clock.monotonic() - started)
    told.transcript = str(folder)
    with _progress(panel, told) as listen, Door(settings, events, folder / "llm.jsonl") as door:
        events.listen(listen)
        yield Oracle(door, panel.members, panel.critic, events)


@contextmanager
def _progress(panel: Panel, told: _Told) -> Iterator[Callable[[Event], None]]:
    """A listener that tells each step on stderr and, on a terminal, whom the answer is waiting for."""
    from rich.console import Console

    from medalist.llm.names import display
    from medalist.runs.timeline import sentence, stamp

    console = Console(stderr=True, highlight=False)
    waiting: list[str] = []

    def listen(event: Event) -> None:
        if event.kind == "oracle_asked":
            waiting.extend(event.data["names"])
        elif event.kind == "oracle_answered":
            told.members.append(_member(event.data))
            if event.data["name"] in waiting:
                waiting.remove(event.data["name"])
        text = sentence(event)
        if text is not None:
            console.print(f"{stamp(event.seconds)} {text}", markup=False, soft_wrap=True)
        status.update(f"waiting for {', '.join(waiting) or f'the critic {display(panel.critic)}'}")

    with console.status("asking") as status:
        yield listen


def _member(data: Mapping[str, Any]) -> dict[str, Any]:
    from medalist.llm.verdict import Member

    return {each.name: data[each.name] for each in fields(Member)}


def _texts(paths: Sequence[Path]) -> dict[str, str]:
    from medalist.apps.text_files import read_text

    return {str(path): read_text(path) for path in paths}


def _kind(asked: str | None, files: Mapping[str, str]) -> Kind:
    from medalist.core.errors import UsageError
    from medalist.llm.verdict import Kind

    if asked is None:
        return "review" if any(name.endswith(".py") for name in files) else "strategy"
    for kind in get_args(Kind):
        if asked == kind:
            return kind
    raise UsageError(
        f"There is no kind of question {asked!r}.", next_step=f"Use one of {', '.join(get_args(Kind))}."
    )


def _machine(hardware: Hardware) -> str:
    gpus = ", ".join(f"{gpu.name} with {gpu.memory_bytes / 2**30:.0f} GB" for gpu in hardware.gpus)
    return f"The machine: {hardware.cores} cores, {hardware.memory_bytes / 2**30:.0f} GB memory, {gpus or 'no GPU'}."


def _new_folder() -> Path:
    """A new folder beside the learned hints, for what was asked and answered."""
    from medalist.core.errors import StoreError
    from medalist.hints.learned import default_path

    name = f"{clock.strftime('%Y-%m-%dT%H-%M-%S')}-{os.getpid()}"
    folder = default_path().parent / "oracle" / name
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise StoreError(
            f"The oracle's transcript cannot be written: {error.strerror}.",
            where=str(folder),
            next_step="Set MEDALIST_HOME to a folder you may write to.",
        ) from None
    return folder


def _show(answer: Answer, transcript: str | None) -> None:
    """The members' answers in panels, who was left out, and the verdict."""
    from rich.markdown import Markdown
    from rich.panel import Panel
    from rich.text import Text

    from medalist.apps.tables import wide_console
    from medalist.runs.language_models import dollars
    from medalist.runs.timeline import duration

    console = wide_console()
    for member in answer.members:
        if member.status == "answered":
            took = f"{duration(member.took_seconds)} · {member.tokens:,} tokens · {dollars(member.cost_usd)}"
            console.print(
                Panel(Markdown(member.text), title=Text(f"{member.name} · {took}"), title_align="left")
            )
        else:
            console.print(
                Text(f"{member.name} was left out: {member.reason} {member.next_step}", style="yellow")
            )
    if answer.note:
        console.print(Text(answer.note, style="yellow"))
    by = "the training hints" if answer.by == "hints" else answer.critic
    colour = {"approve": "green", "must_fix": "red"}.get(answer.verdict.decision, "blue")
    title = Text(f"Verdict by {by}")
    console.print(
        Panel(Markdown(answer.verdict.as_text()), title=title, title_align="left", border_style=colour)
    )
    if transcript is not None:
        cost = f"{answer.tokens:,} tokens · {dollars(answer.cost_usd)} · {duration(answer.took_seconds)}"
        console.print(Text(f"{cost} · {transcript}", style="dim"), soft_wrap=True)
