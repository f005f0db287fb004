"""Labels and targets: encoding them once, losses that expect logits, targets taken back to their unit."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from medalist.hints.detectors import Spot
from medalist.source.tree import Script

_ENCODER = r"sklearn\.preprocessing\.(LabelEncoder|OrdinalEncoder)\(\)"
_TENSOR_OF_LABELS = re.compile(
    r"torch\.(tensor|as_tensor|from_numpy|LongTensor|FloatTensor)|torch\.nn\.CrossEntropyLoss\(\)"
    r"|torch\.nn\.functional\.cross_entropy|xgboost(\.sklearn)?\.XGBClassifier\(\)\.fit"
)
_ENCODING = re.compile(
    r".*\.(fit_transform|transform|factorize|map|replace|get_dummies|index|searchsorted|apply|isin|get|eq"
    r"|get_indexer|to_categorical|argmax|unique|encode)|int|float|len|enumerate|.*\.(from_pretrained|tokenize\w*)(\(\))?"
)
_TEXT_COLUMNS = frozenset(
    ["breed", "species", "genre", "variety", "cultivar", "language", "author", "class_name", "label_name"]
)
_SOFTMAX = re.compile(r"torch\.(nn\.functional\.)?(log_)?softmax|torch\.nn\.(Log)?Softmax\(\)|.*\.softmax")
_SIGMOID = re.compile(r"torch\.(nn\.functional\.)?sigmoid|torch\.nn\.Sigmoid\(\)|.*\.sigmoid")


def text_labels(script: Script) -> Iterator[Spot]:
    """Labels that are text, handed to a tensor or a booster that takes numbers only."""
    compared = _columns_compared_with_text(script) | _columns_written_as_text(script)
    for call, name in script.calls:
        if not _TENSOR_OF_LABELS.fullmatch(name) or not call.args:
            continue
        labels = call.args[1] if name.endswith((".fit", "Loss()", "cross_entropy")) else call.args[0]
        if name.endswith((".fit", "Loss()", "cross_entropy")) and len(call.args) < 2:
            continue
        evidence = _evidence_of_text(script, labels, compared)
        if evidence:
            yield Spot(call, f"{evidence} reaches it without being encoded")


def _evidence_of_text(script: Script, labels: ast.expr, compared: set[str]) -> str:
    evidence = ""
    for node in script.backward_slice(labels):
        if isinstance(node, ast.Compare | ast.DictComp) or _numbers_words(node):
            return ""
        if isinstance(node, ast.Call):
            name = script.name(node.func)
            if _ENCODING.fullmatch(name):
                return ""
            if name.endswith(".astype") and node.args:
                kind = script.name(node.args[0])
                if kind not in ("str", "object") or script.value(node.args[0]) not in ("?", "str", "object"):
                    return ""
                evidence = "a column made text by astype(str)"
        if isinstance(node, ast.Attribute) and node.attr in ("codes", "class_to_idx"):
            return ""
        evidence = evidence or _text_in(script, node, compared)
    return evidence


def _text_in(script: Script, node: ast.AST, compared: set[str]) -> str:
    if isinstance(node, ast.Call) and script.name(node.func) in ("os.path.basename", "os.path.dirname"):
        return "a part of a path"
    if isinstance(node, ast.List) and len(node.elts) > 1:
        words = [item for item in node.elts if isinstance(item, ast.Constant) and isinstance(item.value, str)]
        return f"the list {ast.unparse(node)[:40]}" if len(words) == len(node.elts) else ""
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        column = node.slice.value
        if isinstance(column, str) and (
            column in compared or column.lower() in _TEXT_COLUMNS or column in script.text_columns
        ):
            return f"the text column “{column}”"
    if not isinstance(node, ast.Attribute) or node.attr not in ("stem", "name"):
        return ""
    return "a part of a path" if "pathlib.Path()" in script.name(node.value) else ""


def _numbers_words(node: ast.AST) -> bool:
    """A literal mapping such as ``{"cat": 0, "dog": 1}``."""
    return isinstance(node, ast.Dict) and any(
        isinstance(value, ast.Constant) and isinstance(value.value, int) for value in node.values
    )


def _columns_written_as_text(script: Script) -> set[str]:
    """Columns of tables written out in the script, as in ``DataFrame({"kind": ["cat", "dog"]})``."""
    return {
        str(key.value)
        for call in script.calls_to(r"pandas\.DataFrame")
        for table in call.args[:1]
        if isinstance(table, ast.Dict)
        for key, column in zip(table.keys, table.values, strict=True)
        if isinstance(key, ast.Constant) and any(_text_in(script, n, set()) for n in ast.walk(column))
    }


def _columns_compared_with_text(script: Script) -> set[str]:
    """Columns that the script itself compares with a word, as in ``frame["kind"] == "dog"``."""
    found: set[str] = set()
    for node in script.nodes:
        if not isinstance(node, ast.Compare) or not isinstance(node.left, ast.Subscript):
            continue
        other = node.comparators[0]
        words = isinstance(other, ast.Constant) and isinstance(other.value, str)
        if words and isinstance(node.left.slice, ast.Constant):
            found.add(str(node.left.slice.value))
    return found


def encoder_fitted_twice(script: Script) -> Iterator[Spot]:
    """The same column of two tables encoded by two fits: the same word gets two codes."""
    seen: dict[str, tuple[str, int]] = {}
    for call in script.calls_to(_ENCODER + r"\.fit_transform|pandas\.factorize"):
        yield from _second_fit(call, call.args[0] if call.args else None, seen)
    codes: dict[str, tuple[str, int]] = {}
    for node in script.nodes:
        if isinstance(node, ast.Attribute) and script.name(node).endswith(".cat.codes"):
            column = next((n for n in ast.walk(node) if isinstance(n, ast.Subscript)), None)
            yield from _second_fit(node, column, codes)


def _second_fit(node: ast.expr, column: ast.expr | None, seen: dict[str, tuple[str, int]]) -> Iterator[Spot]:
    if not isinstance(column, ast.Subscript):
        return
    table, key = ast.dump(column.value), ast.dump(column.slice)
    other, line = seen.setdefault(key, (table, node.lineno))
    if other != table:
        yield Spot(node, f"the same column was encoded by another fit on line {line}")


def encoder_fitted_on_a_part(script: Script) -> Iterator[Spot]:
    """A LabelEncoder fitted on the training part: a class seen later raises."""
    for call in script.calls_to(r"sklearn\.preprocessing\.LabelEncoder\(\)\.fit(_transform)?"):
        if call.args and re.search(r"train_test_split\(\)\[\d\]", script.name(call.args[0])):
            yield Spot(call, "the encoder sees the training part's labels only")


def dummies_made_apart(script: Script) -> Iterator[Spot]:
    """`get_dummies` on train and test apart: their columns differ as soon as a category is missing."""
    aligned = any(script.calls_to(r".*\.(align|reindex)|pandas\.CategoricalDtype|pandas\.Categorical"))
    tables: dict[str, ast.Call] = {}
    for call in script.calls_to(r"pandas\.get_dummies"):
        table = call.args[0] if call.args else script.argument(call, "data")
        if isinstance(table, ast.Name):
            tables.setdefault(table.id, call)
    sources = {script.name(call.args[0]) for call in tables.values() if call.args}
    if len(tables) > 1 and not aligned and all(".concat()" not in source for source in sources):
        yield Spot(list(tables.values())[-1], f"{len(tables)} tables are expanded apart")


def softmax_before_cross_entropy(script: Script) -> Iterator[Spot]:
    """Softmax in front of CrossEntropyLoss, which applies it itself."""
    if any(script.calls_to(r"torch\.nn\.(CrossEntropyLoss|functional\.cross_entropy)")):
        yield from _activated_outputs(
            script, r"torch\.nn\.(CrossEntropyLoss\(\)|functional\.cross_entropy)", _SOFTMAX, "Softmax"
        )


def sigmoid_before_logits_loss(script: Script) -> Iterator[Spot]:
    """Sigmoid in front of BCEWithLogitsLoss, which applies it itself."""
    loss = r"torch\.nn\.(BCEWithLogitsLoss\(\)|functional\.binary_cross_entropy_with_logits)"
    if any(script.calls_to(r"torch\.nn\.(BCEWithLogitsLoss|functional\.binary_cross_entropy_with_logits)")):
        yield from _activated_outputs(script, loss, _SIGMOID, "Sigmoid")


def _activated_outputs(script: Script, loss: str, activation: re.Pattern[str], layer: str) -> Iterator[Spot]:
    def activates(expression: ast.expr) -> bool:
        return isinstance(expression, ast.Call) and bool(activation.fullmatch(script.name(expression.func)))

    for call in script.calls_to(loss):
        if call.args and activation.fullmatch(script.name(call.args[0]).removesuffix("()")):
            yield Spot(call, f"it is given the output of a {layer.lower()}")
    for call in script.calls_to(r"torch\.nn\.Sequential"):
        if call.args and isinstance(call.args[-1], ast.Call):
            last = script.name(call.args[-1].func)
            if last == f"torch.nn.{layer}" and not _is_part_of_module(script, call):
                yield Spot(call.args[-1], f"the network ends in {layer}")
    for node in script.nodes:
        if isinstance(node, ast.FunctionDef) and node.name == "forward":
            for inner in ast.walk(node):
                if isinstance(inner, ast.Return) and inner.value is not None and activates(inner.value):
                    yield Spot(inner, f"forward returns the output of a {layer.lower()}")


def _is_part_of_module(script: Script, call: ast.Call) -> bool:
    return any(isinstance(around, ast.ClassDef) for around in script.ancestors(call))


def log_target_kept(script: Script) -> Iterator[Spot]:
    """A target fitted as its logarithm, predictions written without the exponential."""
    undone = any(script.calls_to(r"(numpy|torch|math)\.(expm1|exp|power|exp2)|.*TransformedTargetRegressor"))
    written = any(name.endswith(".to_csv") for _, name in script.calls)
    if undone or not written:
        return
    for call, name in script.calls:
        if not name.endswith(".fit") or len(call.args) < 2:
            continue
        for node in script.backward_slice(call.args[1]):
            if isinstance(node, ast.Call) and script.name(node.func) in ("numpy.log1p", "numpy.log"):
                yield Spot(node, "the target is a logarithm and nothing takes it back")
                return


def classes_for_a_ranking_metric(script: Script) -> Iterator[Spot]:
    """Hard classes handed to a metric that wants probabilities."""
    metrics = r"sklearn\.metrics\.(roc_auc_score|log_loss|average_precision_score|brier_score_loss)"
    classifier = re.compile(
        r"[\w.]*(Classifier|LogisticRegression\w*|GaussianNB|MultinomialNB|SVC)\(\)\.predict\(\)"
    )
    for call in script.calls_to(metrics):
        predicted = call.args[1] if len(call.args) > 1 else script.argument(call, "y_score")
        if predicted is not None and classifier.fullmatch(script.name(predicted)):
            place = predicted if isinstance(predicted, ast.Call) else call
            yield Spot(place, "it is given classes instead of probabilities")
