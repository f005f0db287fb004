"""Ctrl-C where Python swallows exceptions: it is heard all the same, and no traceback is printed."""

import subprocess
import sys

import pytest

PROGRAM = """
import os, signal, sys, time, weakref
from medalist.apps.interrupt import Interrupted, StoppedEarly, on_interrupt
from medalist.core.errors import BudgetSpent

def stop(*ignored):
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(0.01)

class Finalised:
    __del__ = stop

class Referenced:
    pass

class Spent:
    def __del__(self):
        raise BudgetSpent("a clock's")

class Faulty:
    def __del__(self):
        raise ValueError("a fault of its own")

on_interrupt({raised})
try:
    {swallow}
    print("went on", flush=True)
    time.sleep(30)
except {raised}:
    print("heard", flush=True)
"""
WEAKLY = "referenced = Referenced(); reference = weakref.ref(referenced, stop); del referenced"


def run(raised: str, swallow: str) -> tuple[str, str]:
    program = PROGRAM.replace("{raised}", raised).replace("{swallow}", swallow)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout, done.stderr


@pytest.mark.parametrize("raised", ["StoppedEarly", "Interrupted"])
@pytest.mark.parametrize("swallow", ["Finalised()", WEAKLY])
def test_what_is_swallowed_is_heard_a_little_later_and_not_told(raised: str, swallow: str) -> None:
    assert run(raised, swallow) == ("went on\nheard\n", "")


def test_of_a_clock_nothing_is_told_and_of_a_fault_all() -> None:
    out, err = run("Interrupted", "Spent(); Faulty(); stop()")
    assert out == "heard\n"
    assert "a fault of its own" in err
    assert "a clock's" not in err
