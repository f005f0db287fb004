"""The submission: its columns, its rows, and predictions in the words the sample uses."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from medalist.hints.detectors import Spot
from medalist.source.tree import Script


def index_written(script: Script) -> Iterator[Spot]:
    """`to_csv` without `index=False`: a nameless first column that graders refuse."""
    for call in _submissions(script):
        if script.passes_unknown(call) or not isinstance(call.func, ast.Attribute):
            continue
        if script.argument(call, "index", 7) is not None or script.argument(call, "index_label") is not None:
            continue
        if not _has_a_wanted_index(script, call.func.value):
            yield Spot(call, "the row numbers are written as a first column")


def _submissions(script: Script) -> Iterator[ast.Call]:
    """`to_csv` calls onto a file called submission, or onto the only csv file written, under no known name."""
    written = [
        call for call, name in script.calls if name.endswith(".to_csv") and (call.args or call.keywords)
    ]
    for call in written:
        target = call.args[0] if call.args else script.argument(call, "path_or_buf")
        words = _words(script, target) if target is not None else []
        named = any(word.endswith(".csv") for word in words)
        if any("sub" in word.lower() for word in words) or (len(written) == 1 and not named):
            yield call


def _words(script: Script, expression: ast.expr) -> list[str]:
    constants = [node for node in script.backward_slice(expression) if isinstance(node, ast.Constant)]
    return [constant.value for constant in constants if isinstance(constant.value, str)]


def _has_a_wanted_index(script: Script, table: ast.expr) -> bool:
    for node in script.backward_slice(table):
        if isinstance(node, ast.Call):
            name = script.name(node.func)
            if name.endswith(
                (".set_index", ".groupby", ".pivot", ".pivot_table", ".Series", ".value_counts")
            ):
                return True
            if any(keyword.arg in ("index_col", "index") for keyword in node.keywords):
                return True
    return False


def codes_not_decoded(script: Script) -> Iterator[Spot]:
    """Labels encoded for training, and the codes written instead of the labels."""
    names = {name for _, name in script.calls}
    attributes = {node.attr for node in script.nodes if isinstance(node, ast.Attribute)}
    if "classes_" in attributes or any(name.endswith(".inverse_transform") for name in names):
        return
    encoded = _encodes_the_target(script)
    if encoded is None:
        return
    for call in _submissions(script):
        if not isinstance(call.func, ast.Attribute):
            continue
        flowing = [n for n in script.backward_slice(call.func.value) if isinstance(n, ast.Call)]
        made = [script.name(n.func) for n in flowing]
        decoded = any(name.endswith((".map", ".replace", ".take")) for name in made)
        if not decoded and any(
            re.fullmatch(r".*(\.predict|\.argmax|torch\.argmax|numpy\.argmax)", name) for name in made
        ):
            yield Spot(call, f"the codes made on line {encoded.lineno} are written, not the labels")


def _encodes_the_target(script: Script) -> ast.Call | None:
    for fit, name in script.calls:
        if not name.endswith(".fit") or len(fit.args) < 2:
            continue
        for node in script.backward_slice(fit.args[1]):
            if isinstance(node, ast.Call):
                maker = script.name(node.func)
                if re.fullmatch(r"sklearn\.preprocessing\.LabelEncoder\(\)\.(fit_)?transform", maker):
                    return node
    return None


def test_rows_dropped(script: Script) -> Iterator[Spot]:
    """Rows of the test table dropped: the submission is short."""
    for call, name in script.calls:
        if not re.fullmatch(r"pandas\.read_\w+\(\)\.(dropna|drop_duplicates)", name):
            continue
        if any(k.arg == "axis" for k in call.keywords) or not isinstance(call.func, ast.Attribute):
            continue
        files = [w for w in _words(script, call.func.value) if w.endswith((".csv", ".parquet"))]
        if files and all("test" in file.rsplit("/", 1)[-1].lower() for file in files):
            yield Spot(call, f"rows of {files[0].rsplit('/', 1)[-1]} are dropped")
