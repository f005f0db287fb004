"""``medalist plan arc``: measured seconds in, a verdict for each population out; nonsense is a sentence."""

import json

import pytest
from typer.testing import CliRunner

from medalist.apps.commands import app

TIMES = "24.2,50.6,103.1,222.8,117.2"


def told(*arguments: str):
    return CliRunner().invoke(app, ["plan", "arc", *arguments])


def test_a_contest_is_planned_from_measured_seconds():
    made = told("--times", TIMES, "--json")
    data = json.loads(made.stdout.splitlines()[-1])
    assert made.exit_code == 0
    assert [(each["population"], each["verdict"]) for each in data["plans"]] == [
        (2, "SAFE"),
        (3, "TIGHT"),
        (4, "EXCEEDS"),
        (5, "EXCEEDS"),
    ]
    assert data["recommended"] == 2
    shown = told("--times", TIMES).stdout
    assert "6.9 h" in shown
    assert "13.8 h" in shown
    assert "Recommended: population 2 (SAFE)." in shown


def test_parts_of_the_time_are_read_from_a_file(tmp_path):
    file = tmp_path / "sample.json"
    file.write_text(
        json.dumps([{"seconds": 10, "analyst": 2, "programmer": 8}, {"seconds": 20, "programmer": 10}])
    )
    data = json.loads(told(str(file), "--json").stdout.splitlines()[-1])
    assert data["sampled"] == 2
    assert data["shares"] == {"analyst": 0.1, "programmer": 0.9}


@pytest.mark.parametrize(
    "arguments",
    [(), ("--times", "a,b"), ("--times", "1", "--populations", "x"), ("--times", ""), ("no such run",)],
)
def test_nothing_to_plan_from_is_a_sentence_and_status_2(arguments):
    made = told(*arguments)
    assert made.exit_code == 2
    assert "Next: " in made.output


def test_a_file_of_something_else_is_a_sentence(tmp_path):
    file = tmp_path / "sample.json"
    for text in ("{", "[{}]", "[null]", "7"):
        file.write_text(text)
        made = told(str(file))
        assert made.exit_code == 2
        assert "no list of measured seconds" in made.output
