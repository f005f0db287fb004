"""Leakage: anything that lets validation rows speak before they are validated on."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import lru_cache

from medalist.hints.detectors import Spot
from medalist.hints.detectors.loading import fed_loaders
from medalist.hints.detectors.training import backward_loops, loaders
from medalist.source.tree import Script

_SPLITTER = r"sklearn\.model_selection\.\w*(Fold|Split|KFold|LeaveOneOut|Out)\w*\(\)\.split"
_SCORER = r"sklearn\.model_selection\.cross_(val_score|validate|val_predict)"
_SPLIT = re.compile(rf"sklearn\.model_selection\.train_test_split|{_SPLITTER}|{_SCORER}")
_FOLD_ROWS = re.compile(r".*\.split\(\)\[\*\](\[\d\])+|.*train_test_split\(\)\[\d\]")
_SCALERS = (
    r"sklearn\.preprocessing\.(StandardScaler|MinMaxScaler|RobustScaler|MaxAbsScaler|PowerTransformer"
    r"|QuantileTransformer)\(\)"
)
_SCALING_FUNCTIONS = r"sklearn\.preprocessing\.((minmax_|robust_|maxabs_)?scale|(power|quantile)_transform)"
_COMPOSED = (
    r"sklearn\.(pipeline\.(make_pipeline|Pipeline|make_union|FeatureUnion)"
    r"|compose\.(ColumnTransformer|make_column_transformer))\(\)"
)
_SELECTORS = (
    r"sklearn\.feature_selection\.(SelectKBest|SelectPercentile|SelectFromModel|RFE\w*|SelectF\w+)\(\)"
)
_SAMPLERS = r"imblearn\..*\.\w+\(\)"
_TARGET_ENCODERS = r"category_encoders\.(.*\.)?(Target|LeaveOneOut|CatBoost|JamesStein|MEstimate|WOE)\w*\(\)"
_RANDOM_TORCHVISION = re.compile(
    r"torchvision\.transforms\.(v2\.)?(Random\w+|ColorJitter|AutoAugment|TrivialAugmentWide|RandAugment|AugMix)"
)
_ALBUMENTATIONS = re.compile(r"albumentations\.(\w+\.)*(?P<kind>\w+)")
_FIXED_ALBUMENTATIONS = frozenset(
    [
        "Compose", "Resize", "CenterCrop", "Normalize", "ToFloat", "ToTensorV2", "PadIfNeeded", "LongestMaxSize",
        "SmallestMaxSize", "Sequential", "BboxParams", "KeypointParams", "ToRGB", "ToGray", "CLAHE",
    ]
)  # fmt: skip


@lru_cache(maxsize=2)
def split_data(script: Script) -> tuple[ast.expr, ...]:
    """Every expression that a split divides into rows to fit on and rows to validate on."""
    found: list[ast.expr] = []
    for call, name in script.calls:
        if not _SPLIT.fullmatch(name):
            continue
        if name.endswith("train_test_split"):
            found.extend(call.args)
        else:
            first = 0 if name.endswith(".split") else 1
            found.extend(call.args[first : first + 1])
    by_hand = _hand_made_parts(script)
    for node in script.nodes:
        if not (isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load)):
            continue
        rows = node.slice.elts[0] if isinstance(node.slice, ast.Tuple) and node.slice.elts else node.slice
        if _FOLD_ROWS.fullmatch(script.name(rows)) or _stands_for(script, rows) in by_hand:
            found.append(node.value)
    found.extend(part.value for part in by_hand if not _from_two_tables(script, part.value))
    return tuple(found)


def _hand_made_parts(script: Script) -> list[ast.Subscript]:
    """`x[:n]` and `x[n:]` of the same x and n: a split without a splitter."""
    heads: dict[str, ast.Subscript] = {}
    tails: dict[str, ast.Subscript] = {}
    for node in script.nodes:
        match node:
            case ast.Subscript(slice=ast.Slice(lower=None, upper=ast.expr() as bound)):
                heads[ast.dump(node.value) + ast.dump(bound)] = node
            case ast.Subscript(slice=ast.Slice(lower=ast.expr() as bound, upper=None)):
                tails[ast.dump(node.value) + ast.dump(bound)] = node
            case _:
                pass
    return [part for key in heads.keys() & tails.keys() for part in (heads[key], tails[key])]


def _stands_for(script: Script, expression: ast.expr) -> ast.expr | None:
    """What a variable was last assigned, any other expression itself."""
    if not isinstance(expression, ast.Name):
        return expression
    binding = script.binding(expression)
    return binding.value if binding is not None and not binding.path else None


def _from_two_tables(script: Script, expression: ast.expr) -> bool:
    """Train and test stacked and taken apart again: no split into training and validation."""
    return any(
        isinstance(node, ast.Call)
        and re.search(r"\.(concat|concatenate|vstack|append)$", script.name(node.func))
        for node in script.backward_slice(expression)
    )


def is_a_part(script: Script, expression: ast.expr) -> bool:
    """True when ``expression`` already comes out of a split."""
    for node in script.backward_slice(expression):
        if isinstance(node, ast.Call) and _SPLIT.fullmatch(script.name(node.func)):
            return True
        if isinstance(node, ast.Name) and _FOLD_ROWS.fullmatch(script.name(node)):
            return True
    return False


def fits_before_split(script: Script, kinds: str) -> Iterator[tuple[ast.Call, str]]:
    """Fits on all rows of ``kinds`` of transformers (a regular expression over instance names) whose result
    is divided later: the call that fits, and the name of its class."""
    seen: set[ast.AST] = set()
    transforming = re.compile(rf"(?P<kind>{kinds})(\.fit\(\))?\.(fit_transform|fit_resample|transform)")
    for data in split_data(script):
        for node in script.backward_slice(data):
            if node in seen or not isinstance(node, ast.Call):
                continue
            seen.add(node)
            match = transforming.fullmatch(script.name(node.func))
            if match is None or not node.args:
                continue
            fit = _earlier_fit(script, node) if match[0].endswith(".transform") else node
            if fit is not None and fit.args and not is_a_part(script, fit.args[0]):
                yield fit, match["kind"].removesuffix("()").rsplit(".", 1)[-1]


def _earlier_fit(script: Script, transform: ast.Call) -> ast.Call | None:
    """The last `.fit` of the very object that `.transform` is called on."""
    owner = transform.func.value if isinstance(transform.func, ast.Attribute) else None
    if isinstance(owner, ast.Call):
        return owner
    if not isinstance(owner, ast.Name):
        return None
    binding = script.binding(owner)
    fits = [
        call
        for call, name in script.calls
        if name.endswith((".fit", ".fit_transform"))
        and isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and script.binding(call.func.value) is binding
        and call.lineno <= transform.lineno
    ]
    return fits[-1] if fits else None


def scaler_before_split(script: Script) -> Iterator[Spot]:
    """A scaler fitted on all rows that are split afterwards, or the same by hand."""
    for fit, kind in fits_before_split(script, f"{_SCALERS}|{_COMPOSED}"):
        composed = kind not in _SCALERS
        if not composed or _holds_a_scaler(script, fit):
            yield Spot(fit, f"{kind} is fitted on all rows, which are split afterwards")
    seen: set[ast.AST] = set()
    for data in split_data(script):
        for node in script.backward_slice(data):
            if node not in seen:
                seen.add(node)
                yield from _scaled_at_once(script, node)


def _holds_a_scaler(script: Script, fit: ast.Call) -> bool:
    return any(
        isinstance(node, ast.Call) and re.fullmatch(_SCALERS, f"{script.name(node.func)}()")
        for node in script.backward_slice(fit.func)
    )


def _scaled_at_once(script: Script, node: ast.AST) -> Iterator[Spot]:
    """`scale(x)` and `(x - x.mean()) / x.std()` on rows that are no part yet."""
    by_function = isinstance(node, ast.Call) and re.fullmatch(_SCALING_FUNCTIONS, script.name(node.func))
    if by_function and isinstance(node, ast.Call) and node.args and not is_a_part(script, node.args[0]):
        yield Spot(node, "all rows are scaled at once and split afterwards")
    if isinstance(node, ast.BinOp) and _standardises(node) and not is_a_part(script, node.left):
        yield Spot(node, "all rows are standardised by hand and split afterwards")


def _standardises(node: ast.BinOp) -> bool:
    """`(x - x.mean()) / x.std()`, or with min and max."""
    left = node.left
    if not (isinstance(node.op, ast.Div) and isinstance(left, ast.BinOp) and isinstance(left.op, ast.Sub)):
        return False
    centre = left.right
    if not (isinstance(centre, ast.Call) and isinstance(centre.func, ast.Attribute)):
        return False
    same = ast.dump(centre.func.value) == ast.dump(left.left)
    return same and centre.func.attr in ("mean", "median", "min") and not isinstance(left.left, ast.Constant)


def selection_before_split(script: Script) -> Iterator[Spot]:
    """Features chosen with every row's target, rows split afterwards."""
    for fit, kind in fits_before_split(script, _SELECTORS):
        yield Spot(fit, f"{kind} has seen the target of every row")


def resampling_before_split(script: Script) -> Iterator[Spot]:
    """Rows made up or repeated before the split: copies stand on both sides."""
    for fit, kind in fits_before_split(script, _SAMPLERS):
        yield Spot(fit, f"{kind} makes copies of rows, which are split afterwards")


def target_encoding_before_split(script: Script) -> Iterator[Spot]:
    """A column replaced by the mean of the target over all rows."""
    for fit, kind in fits_before_split(script, _TARGET_ENCODERS):
        yield Spot(fit, f"{kind} has seen the target of every row")
    targets = _target_columns(script)
    seen: set[ast.AST] = set()
    for data in split_data(script):
        for node in script.backward_slice(data):
            if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and node not in seen:
                seen.add(node)
                grouped = script.name(node.value).endswith(".groupby()")
                if grouped and node.slice.value in targets and not is_a_part(script, node.value):
                    yield Spot(node, f"the mean of “{node.slice.value}” is taken over all rows")


def _target_columns(script: Script) -> set[object]:
    """Columns used alone as the target of a split or a fit."""
    found: set[object] = set()
    for call, name in script.calls:
        if (_SPLIT.fullmatch(name) or name.endswith(".fit")) and len(call.args) > 1:
            found.add(_column(script, call.args[-1 if name.endswith("_score") else 1]))
    return found - {None}


def _column(script: Script, expression: ast.expr) -> object:
    """The one column that ``expression`` is, through variables, `.values` and `.pop`; None for others."""
    for _ in range(8):
        match expression:
            case ast.Subscript(slice=ast.Constant(value=column)):
                return column
            case ast.Call(func=ast.Attribute(attr="pop"), args=[ast.Constant(value=column)]):
                return column
            case ast.Call(func=ast.Attribute(value=inner)) | ast.Attribute(value=inner):
                expression = inner
            case ast.Name():
                binding = script.binding(expression)
                if binding is None or binding.value is None:
                    return None
                expression = binding.value
            case _:
                return None
    return None


def augmentation_on_validation(script: Script) -> Iterator[Spot]:
    """Random augmentation that reaches a loader nothing is trained on."""
    if not backward_loops(script) or _swaps_transforms(script):
        yield from _keras_validation_split(script)
        return
    trained = [call for call in loaders(script) if call in fed_loaders(script)]
    validated = [call for call in loaders(script) if call not in trained] if trained else []
    used_in_training = {n for call in trained for n in _augmentations(script, call)}
    reported: set[ast.AST] = set()
    for call in validated:
        for node in _augmentations(script, call):
            if node in used_in_training and node not in reported:
                reported.add(node)
                yield Spot(node, f"{ast.unparse(node.func)} also changes the images validated on")
                return


def _augmentations(script: Script, loader: ast.Call) -> list[ast.Call]:
    dataset = loader.args[0] if loader.args else script.argument(loader, "dataset")
    if dataset is None:
        return []
    return [
        node
        for node in script.backward_slice(dataset)
        if isinstance(node, ast.Call) and _is_random(script.name(node.func)) and not _is_chosen(script, node)
    ]


def _is_random(name: str) -> bool:
    if _RANDOM_TORCHVISION.fullmatch(name):
        return True
    match = _ALBUMENTATIONS.fullmatch(name)
    return match is not None and match["kind"] not in _FIXED_ALBUMENTATIONS


def _is_chosen(script: Script, node: ast.AST) -> bool:
    """True when a condition decides about ``node``: then training and validation may well differ."""
    for around in script.ancestors(node):
        if isinstance(around, ast.If | ast.IfExp):
            return True
        if isinstance(around, ast.FunctionDef):
            return any(isinstance(inner, ast.If | ast.IfExp) for inner in ast.walk(around))
    return False


def _swaps_transforms(script: Script) -> bool:
    """`validation.dataset.transform = plain` after the split."""
    return any(
        isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and node.attr.startswith("transform")
        and not any(isinstance(around, ast.ClassDef) for around in script.ancestors(node))
        for node in script.nodes
    )


def _keras_validation_split(script: Script) -> Iterator[Spot]:
    for call in script.calls_to(r".*\bkeras\..*ImageDataGenerator"):
        given = {keyword.arg for keyword in call.keywords}
        random = {name for name in given if name and name.endswith(("_range", "_flip"))}
        if "validation_split" in given and random:
            yield Spot(call, "the validation part comes out of the augmenting generator")


def score_on_training_rows(script: Script) -> Iterator[Spot]:
    """The only score in the script is taken on the rows that were fitted."""
    if any(_SPLIT.fullmatch(name) or "validation" in name for _, name in script.calls):
        return
    for metric in script.calls_to(r"sklearn\.metrics\.\w+(_score|_error|_loss)"):
        for node in (n for a in metric.args for n in script.backward_slice(a)):
            fit = _fit_on_same_rows(script, node)
            if fit is not None:
                yield Spot(metric, f"these rows were fitted on line {fit.lineno}, and no others are scored")
                return


def _fit_on_same_rows(script: Script, node: ast.AST) -> ast.Call | None:
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
        return None
    if not node.func.attr.startswith("predict") or not isinstance(node.args[0], ast.Name):
        return None
    binding = script.binding(node.args[0])
    for call, name in script.calls:
        if name.endswith(".fit") and call.args and isinstance(call.args[0], ast.Name):
            same_owner = isinstance(call.func, ast.Attribute) and ast.dump(call.func.value) == ast.dump(
                node.func.value
            )
            if same_owner and script.binding(call.args[0]) is binding:
                return call
    return None


def shuffled_time(script: Script) -> Iterator[Spot]:
    """Lags or rolling windows, then a split that shuffles time."""
    for call, name in script.calls:
        if name.endswith("train_test_split"):
            shuffled = script.value(script.argument(call, "shuffle")) is not False
        elif re.fullmatch(r"sklearn\.model_selection\.(Stratified)?KFold\(\)\.split", name):
            makers = [n for n in script.backward_slice(call.func) if isinstance(n, ast.Call)]
            shuffled = any(script.value(script.argument(m, "shuffle", 1)) is True for m in makers)
        else:
            continue
        nodes = [n for a in call.args for n in script.backward_slice(a)]
        lagged = any(
            isinstance(n, ast.Call) and re.fullmatch(r"pandas\..*\.(shift|rolling|ewm)", script.name(n.func))
            for n in nodes
        )
        if shuffled and lagged:
            yield Spot(call, "rows with lags of earlier rows are split at random")


def fold_seed_without_shuffle(script: Script) -> Iterator[Spot]:
    """`KFold(random_state=...)` without shuffle: scikit-learn raises ValueError."""
    for call in script.calls_to(r"sklearn\.model_selection\.(Stratified)?(Group)?KFold"):
        seed = script.argument(call, "random_state")
        if seed is None or script.value(seed) is None or script.passes_unknown(call):
            continue
        shuffle = script.argument(call, "shuffle", 1)
        if shuffle is None or script.value(shuffle) is False:
            yield Spot(call, "random_state is given and shuffle is not")


def search_on_holdout(script: Script) -> Iterator[Spot]:
    """`GridSearchCV` or `cross_val_score` on the part that was kept back for the last look."""
    for call in script.calls_to(
        r"sklearn\.model_selection\.(\w*SearchCV\(\)\.fit|cross_val_score|cross_validate)"
    ):
        data = (
            call.args[0]
            if script.name(call.func).endswith(".fit")
            else call.args[1]
            if len(call.args) > 1
            else None
        )
        if data is not None and re.fullmatch(r".*train_test_split\(\)\[1\]", script.name(data)):
            yield Spot(call, "the search uses the rows kept back for validation")
