"""What the timeline says of language models: the acts a person would want to read, one line each, the rest not at all."""

from __future__ import annotations

import json

import pytest

from medalist.core.event import Event
from medalist.runs.timeline import sentence


def told(kind: str, **data) -> str | None:
    return sentence(Event(kind, 1.0, 1.0, data))


def tool(name: str, refused: bool = False, answer: str = "done", **arguments) -> str | None:
    written = json.dumps(arguments)[:400]
    return told("tool_called", tool=name, arguments=written, answer=answer, refused=refused)


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        (tool("write_file", path="c/train.py", content='print("x")\n' * 500), "Wrote c/train.py"),
        (tool("edit_file", path="c/train.py", old="a", new="b"), "Edited c/train.py"),
        (tool("run_command", command="head -3 input/train.csv"), "Ran head -3 input/train.csv"),
        (tool("run_command", command='python -c "print(1)"', folder="c"), 'Ran python -c "print(1)" in c'),
        (
            tool("start_job", command="python train.py", folder="c"),
            "Reviewed and launched: python train.py in c",
        ),
        (tool("finish", summary="best of three"), "The engineer is done. best of three"),
        (tool("read_file", path="c/train.py"), None),
        (tool("wait", seconds=30), None),
        (tool("start_job", refused=True, command="python train.py"), None),
        (tool("write_file", answer="Error: no space left", path="a"), None),
        (told("tool_refused", tool="submit", reason="not valid"), "Refused submit: not valid"),
        (told("llm_call", name="O3", input_tokens=5), None),
        (
            told("llm_failed", name="O3", reason="status 429", again=True),
            "O3 did not answer: status 429; asked again",
        ),
        (told("engineer_said", text="I look\nfirst."), "“I look first.”"),
        (told("oracle_asked", names=["O3"]), "🔮 Oracle: Consulting O3..."),
        (
            told("oracle_asked", names=["O3", "DeepSeek-R1"]),
            "🔮 Oracle: Consulting O3 and DeepSeek-R1 in parallel...",
        ),
        (told("oracle_asked", names=["A", "B", "C"]), "🔮 Oracle: Consulting A, B and C in parallel..."),
        (told("oracle_answered", name="O3", status="left_out", reason="no key"), "O3 is left out: no key"),
        (told("oracle_answered", name="O3", status="answered", text="Use trees."), "O3: Use trees."),
        (
            told(
                "oracle_verdict",
                use="review",
                decision="must_fix",
                must_fix=["a", "b"],
                batch_size=128,
                tokens=9,
            ),
            "Oracle’s review: must fix, batch 128 – a; b (9 tokens)",
        ),
        (
            told(
                "oracle_verdict", use="strategy", decision="advice", plan="Trees.", tokens=9, cost_usd=0.0125
            ),
            "Oracle’s strategy: advice – Trees. (9 tokens, $0.0125)",
        ),
        (
            told("oracle_verdict", by="nobody", note="No key is set."),
            "The oracle gave no verdict: No key is set.",
        ),
    ],
)
def test_a_line_or_none(line: str | None, wanted: str | None) -> None:
    assert line == wanted


def test_long_words_stay_one_short_line() -> None:
    for line in (
        told("engineer_said", text="word " * 1000),
        tool("run_command", command="echo " + "x" * 5000),
        told("tool_refused", tool="start_job", reason="Line 3: " * 200),
    ):
        assert line
        assert len(line) < 250
        assert "\n" not in line
