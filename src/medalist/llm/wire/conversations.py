"""Which conversation a request of a stateless protocol belongs to, also when it is asked a second time."""

from __future__ import annotations

import re
import socket
import threading
from dataclasses import dataclass, replace

from medalist.llm.wire.exchange import Reply, Turn

_CALL_ID = re.compile(r"call_(c\d+)_\d+_\d+$")


def has_left(connection: socket.socket) -> bool:
    """Whether the client at the other end has closed the connection."""
    try:
        return connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


@dataclass
class _Conversation:
    id: str
    opening: tuple[str, str, str]
    requests: int = 0
    answered: bool = False
    connection: socket.socket | None = None

    @property
    def abandoned(self) -> bool:
        """Nobody took its last answer: it was a fault, or the client left before it came."""
        if self.connection is not None:
            return has_left(self.connection)
        return not self.answered


class Conversations:
    """Finds a request's conversation by the ids of its tool calls, which this class gives out.

    A request without such ids begins a new conversation, unless one with the same model, system prompt
    and first words lies abandoned (this is then the second try), or the request tells of an earlier
    answer in text (the newest one that began like it goes on). Safe to use from many threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._all: dict[str, _Conversation] = {}

    def place(self, turn: Turn, connection: socket.socket) -> Turn:
        """The turn with its conversation and number."""
        with self._lock:
            found = self._find(turn)
            found.requests += 1
            found.answered = False
            found.connection = connection
            return replace(turn, conversation=found.id, number=found.requests)

    def settle(self, turn: Turn, *, answered: bool) -> None:
        """The request is answered now, with something that a client can take for an answer or not.

        One that is never settled counts as abandoned once its client has left.
        """
        with self._lock:
            conversation = self._all[turn.conversation]
            if conversation.requests == turn.number:
                conversation.answered = answered
                conversation.connection = None

    def _find(self, turn: Turn) -> _Conversation:
        for call in reversed(turn.calls):
            match = _CALL_ID.search(call.id)
            if match and match[1] in self._all:
                return self._all[match[1]]
        opening = (turn.model, turn.system, turn.prompt)
        alike = [each for each in self._all.values() if each.opening == opening]
        if turn.step and alike:
            return alike[-1]
        for each in alike:
            if each.abandoned:
                return each
        return self._new(opening)

    def _new(self, opening: tuple[str, str, str]) -> _Conversation:
        made = _Conversation(f"c{len(self._all) + 1}", opening)
        self._all[made.id] = made
        return made


def with_ids(reply: Reply, turn: Turn) -> Reply:
    """The reply with an id for each tool call, by which the next request is recognised."""
    calls = (
        replace(call, id=call.id or f"call_{turn.conversation}_{turn.number}_{index}")
        for index, call in enumerate(reply.calls)
    )
    return replace(reply, calls=tuple(calls))
