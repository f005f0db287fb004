"""pandas for the explorer's modules, which all run in a child process.

pandas brings no types that a checker can follow, so it is Any here; ``Frame`` and ``Series`` say in
signatures what is meant.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import pandas

pd: Any = pandas
Frame: TypeAlias = Any
Series: TypeAlias = Any
