"""Arguments and names that current versions of the libraries refuse, and libraries that hurt each other."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from medalist.hints.detectors import Spot
from medalist.hints.detectors.training import loaders
from medalist.source.tree import Script

_REMOVED_NUMPY = frozenset(
    {"float", "int", "object", "complex", "str", "NaN", "NAN", "Inf", "float_", "unicode_"}
)
_FRAME = r"pandas\.(read_\w+|DataFrame|Series|concat|merge)\(\)"


def tokenizers_in_forked_workers(script: Script) -> Iterator[Spot]:
    """A fast tokenizer and loader workers, without TOKENIZERS_PARALLELISM set anywhere."""
    tokenizes = any(script.calls_to(r"(transformers\..*Tokenizer\w*|tokenizers\.\w+)(\..*)?"))
    told = any(isinstance(n, ast.Constant) and n.value == "TOKENIZERS_PARALLELISM" for n in script.nodes)
    if not tokenizes or told:
        return
    for call in loaders(script):
        workers = script.argument(call, "num_workers", 5)
        if workers is not None and script.value(workers) != 0:
            yield Spot(call, "a tokenizer is used beside a DataLoader with workers")
            return


def shows_a_figure(script: Script) -> Iterator[Spot]:
    """`plt.show()` blocks, or fails, where there is no screen and no backend without one was chosen."""
    if any(script.calls_to(r"matplotlib\.use|matplotlib\.pyplot\.switch_backend")):
        return
    for call in script.calls_to(r"matplotlib\.pyplot\.show"):
        yield Spot(call, "a window is opened in a job that nobody watches")


def removed_numpy_names(script: Script) -> Iterator[Spot]:
    """`np.float` and friends, gone since NumPy 1.24; `np.NaN` and `np.Inf`, gone since 2.0."""
    for node in script.nodes:
        if not isinstance(node, ast.Attribute) or node.attr not in _REMOVED_NUMPY:
            continue
        if script.name(node) == f"numpy.{node.attr}":
            yield Spot(node, f"numpy.{node.attr} no longer exists")


def early_stopping_in_fit(script: Script) -> Iterator[Spot]:
    """`fit(early_stopping_rounds=...)`, gone since LightGBM 4 and XGBoost 2.1."""
    fits = r"(lightgbm(\.sklearn)?\.(LGBM\w+\(\)\.fit|train|cv)|xgboost(\.sklearn)?\.XGB\w+\(\)\.fit)"
    for call in script.calls_to(fits):
        name = script.name(call.func)
        refused = (
            {"early_stopping_rounds"} if "xgboost" in name else {"early_stopping_rounds", "verbose_eval"}
        )
        if name.endswith(".fit"):
            refused |= {"verbose"} if "lightgbm" in name else {"eval_metric"}
        for keyword in call.keywords:
            if keyword.arg in refused:
                yield Spot(call, f"{keyword.arg}= is no argument of this call any more")
                break


def one_hot_sparse(script: Script) -> Iterator[Spot]:
    """`OneHotEncoder(sparse=...)`, renamed in scikit-learn 1.2 and gone since 1.4."""
    for call in script.calls_to(r"sklearn\.preprocessing\.OneHotEncoder"):
        if script.argument(call, "sparse") is not None:
            yield Spot(call, "the argument is called sparse_output now")


def squared_argument(script: Script) -> Iterator[Spot]:
    """`mean_squared_error(squared=False)`, gone since scikit-learn 1.6."""
    for call in script.calls_to(r"sklearn\.metrics\.mean_squared_(log_)?error"):
        if script.value(script.argument(call, "squared")) is False:
            yield Spot(call, "squared=False is refused by scikit-learn 1.6 and later")


def frame_append(script: Script) -> Iterator[Spot]:
    """`DataFrame.append`, gone since pandas 2.0."""
    for call in script.calls_to(_FRAME + r"\.append"):
        yield Spot(call, "a DataFrame has no append any more")
