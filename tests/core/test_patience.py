"""A disk that is full for a moment keeps nobody from writing; one that stays full does, and so does anything else."""

import errno

import pytest

from medalist.core.patience import when_there_is_room


def failing(times: int, number: int):
    calls = []

    def write() -> int:
        calls.append(1)
        if len(calls) <= times:
            raise OSError(number, "no")
        return len(calls)

    return write, calls


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_room_that_comes_is_waited_for(number: int) -> None:
    write, _ = failing(3, number)
    assert when_there_is_room(write) == 4


def test_room_that_never_comes_is_not() -> None:
    write, calls = failing(10**9, errno.ENOSPC)
    with pytest.raises(OSError, match="no"):
        when_there_is_room(write, patience_seconds=0.2)
    assert len(calls) > 1


def test_other_trouble_is_told_at_once() -> None:
    write, calls = failing(1, errno.EACCES)
    with pytest.raises(PermissionError):
        when_there_is_room(write)
    assert len(calls) == 1
