"""Cores that neighbours keep busy are told from cores that a job leaves idle."""

from medalist.machine.idle import idle_core_seconds

STAT = """\
cpu  100 0 100 5000 500 0 0 0 0 0
cpu0 50 0 50 2000 300 0 0 0 0 0
cpu1 50 0 50 3000 200 0 0 0 0 0
intr 1 2 3
"""


def test_idle_time_is_added_up_over_the_named_cores(tmp_path):
    stat = tmp_path / "stat"
    stat.write_text(STAT)
    one, both = idle_core_seconds((0,), stat), idle_core_seconds((0, 1), stat)
    assert one is not None
    assert both is not None
    assert round(both / one, 6) == round(5500 / 2300, 6)


def test_what_the_kernel_does_not_say_is_not_guessed(tmp_path):
    stat = tmp_path / "stat"
    assert idle_core_seconds((0,), stat) is None
    stat.write_text(STAT)
    assert idle_core_seconds((0, 7), stat) is None
    assert idle_core_seconds((), stat) is None
