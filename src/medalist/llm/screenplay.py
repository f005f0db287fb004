"""What a scripted language model says: a list of steps for a conversation, and a part for each speaker."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from medalist.llm.wire.exchange import Reply, Turn, fail

ReplyFunction = Callable[[Turn], Reply]
Step = Reply | ReplyFunction
Part = Step | Sequence[Step]


def script(*steps: Step, then: Step | None = None) -> ReplyFunction:
    """A conversation's requests are answered by these steps in order, each a Reply or a function of the Turn.

    Conversations that run at once each have their own place in the list. A request that is repeated
    after a fault (an error, a drop) goes on with the next step, so one fault in the list happens once.
    After the last step comes ``then``, for ever; without it, status 400, which no client repeats.
    """
    ending = then or fail(400, f"the script has no more than {len(steps)} steps")

    def reply(turn: Turn) -> Reply:
        return _play(steps[turn.number - 1] if turn.number <= len(steps) else ending, turn)

    return reply


def cast(parts: Mapping[str, Part], otherwise: Part | None = None) -> ReplyFunction:
    """Several speakers on one server. A part is a Reply, a function of the Turn, or a list of steps.

    A key is a model's name, or words of a system prompt; names are tried first. Requests that no key
    fits go to ``otherwise``; without it, status 404.
    """
    functions = {key: _as_function(part) for key, part in parts.items()}
    rest = _as_function(otherwise) if otherwise is not None else None

    def reply(turn: Turn) -> Reply:
        part = functions.get(turn.model) or next(
            (function for words, function in functions.items() if words in turn.system), rest
        )
        return part(turn) if part else fail(404, f"no part for the model {turn.model}")

    return reply


def _as_function(part: Part) -> ReplyFunction:
    if isinstance(part, Sequence):
        return script(*part)
    return lambda turn: _play(part, turn)


def _play(step: Step, turn: Turn) -> Reply:
    return step if isinstance(step, Reply) else step(turn)
