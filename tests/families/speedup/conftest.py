"""Gradings of the toy task, whose slow version takes a tenth of a second."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from speedup_grading import TOY, grade


@pytest.fixture(scope="session", autouse=True)
def a_cache_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What is calibrated here is not kept for others, and no other grading of this machine is waited for."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def grade_toy(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Grades a candidate's text under the toy's contract; ``after`` is put behind the oracle's."""

    def judge(text: str | None = None, *options: str, after: str = "") -> dict[str, Any]:
        file = tmp_path / "candidate.py"
        file.write_text((TOY / "oracle.py").read_text() + after if text is None else text)
        return grade(TOY / "contract.toml", file, *options)

    return judge
