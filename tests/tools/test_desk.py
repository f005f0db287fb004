"""The tools over a real session: what an engineer does is done on disk, and every mistake is an answer."""

from __future__ import annotations

import pytest

from medalist.tools.tool import all_tools

TRAINS = """\
print("RESOURCES: 1 CPU cores, GPU=none", flush=True)
type("Model", (), {"fit": lambda self, x, y: self})().fit([[0], [1]], [0, 1])
open("trained.txt", "w").write("yes")
"""


def test_a_solution_is_written_trained_and_submitted(office):
    assert office.do("write_file", path="work/train.py", content=TRAINS).startswith("Wrote")
    office.do("read_hints")
    started = office.do("start_job", command="python train.py", folder="work")
    assert "work/predict.py is missing" in started
    assert "ended after" in office.do("wait", seconds=60)
    assert (office.root / "work" / "trained.txt").read_text() == "yes"
    office.use(
        ("write_file", {"path": "work/answer.txt", "content": "7"}),
        ("write_file", {"path": "work/points.txt", "content": "0.5"}),
    )
    assert office.do("submit", folder="work", title="seven").startswith("Submitted as c01")
    assert (office.session.submission_dir / "answer.txt").read_text() == "7"
    assert office.do("finish", summary="done").startswith("Finished")
    assert office.desk.submitted_finally


def test_the_first_training_is_refused_until_the_hints_were_read(office):
    office.write("work/train.py", TRAINS)
    refused = office.do("start_job", command="python train.py", folder="work")
    assert refused.startswith("Refused: ")
    assert "read_hints" in refused
    assert not (office.root / "work" / "trained.txt").exists()
    assert office.events("tool_refused")[0]["tool"] == "start_job"
    office.do("read_hints")
    assert office.do("start_job", command="python train.py", folder="work").startswith("Job ")


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("fly", {}, "There is no tool 'fly'"),
        ("read_file", {}, "needs 'path'"),
        ("read_file", {"path": 3}, "must be a string"),
        ("read_file", {"path": "a", "mode": "r"}, "no parameter 'mode'"),
        ("ask_oracle", {"question": "?", "kind": "poem"}, "one of strategy, review, debug"),
        ("read_file", ["a"], "must be a JSON object"),
        ("read_file", {"path": "a\0b"}, "NUL"),
        ("read_file", {"path": "x" * 5000}, "File name too long"),
        ("kill_job", {"job": "j99"}, "There is no job 'j99'"),
        ("read_output", {"output": 3}, "not kept"),
        ("submit", {"folder": "nowhere"}, "There is no folder"),
        ("finish", {}, "No valid submission"),
        ("start_job", {"command": "make all"}, "takes one Python script"),
        ("start_job", {"command": "python missing.py"}, "There is no script 'missing.py'"),
    ],
)
def test_a_mistake_is_answered_and_never_raised(office, name, arguments, said):
    answer = office.use((name, arguments))[0]
    assert answer.startswith(("Refused: ", "Error: "))
    assert said in answer


def test_every_tool_tells_its_parameters(office):
    for tool in all_tools(office.desk):
        assert tool.description
        for name, schema in tool.parameters["properties"].items():
            assert schema["type"] in {"string", "integer", "number", "boolean"}, name
            assert schema["description"]


def test_a_command_prints_and_fails_as_in_a_shell(office):
    assert office.do("run_command", command="head -1 input/numbers.csv | tr a-z A-Z") == "ID,VALUE"
    assert office.do("run_command", command="echo oh; exit 3") == "oh\n[return code 3]"
    assert "succeeded" in office.do("run_command", command="true")


def test_a_long_answer_is_cut_and_can_be_read_on(make_office):
    from medalist.tools.desk import DeskSettings

    office = make_office(settings=DeskSettings(answer_characters=1000))
    numbers = "\n".join(str(number) for number in range(1, 1001))
    cut, first = office.use(
        ("run_command", {"command": "seq 1 1000"}),
        ("read_output", {"output": 1, "offset": 0}),
    )
    assert "left out" in cut
    assert len(cut) < 1200
    text, offset = first.partition("\n[")[0], 0
    while offset + len(text) < len(numbers):
        offset += len(text)
        text = office.do("read_output", output=1, offset=offset).partition("\n[")[0]
    assert text.rstrip().endswith("\n1000")
