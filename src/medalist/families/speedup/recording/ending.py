"""How a user's code ended: a context manager that lets it end in any way, and keeps what it died of."""

from __future__ import annotations

import traceback
from types import TracebackType
from typing import Self


class Ending:
    """``error`` is what ended the block, None where it came to its end. Prints the traceback; nothing passes through."""

    error: BaseException | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        self.error = None if isinstance(error, SystemExit) and error.code in (None, 0) else error
        if self.error is not None:
            traceback.print_exception(self.error)
        return True

    @property
    def said(self) -> str:
        """The error in a line; "" where there was none."""
        if isinstance(self.error, SystemExit):
            return f"it ends with exit status {self.error.code}"
        return f"{type(self.error).__name__}: {self.error}" if self.error is not None else ""
