"""Reading a program before it runs: whether it may share a process with others, for most are harmless and many.

A program whose every import, builtin, attribute and name is on the lists here cannot reach anything that outlives it:
no attribute of a module or a class is set, no frame, no private name, no code made at run time is within its reach.
It shares the worker's process, which is fast. One that goes beyond them, to classes of its own or the rest of NumPy,
runs in a process forked for it alone; one that reaches for anything else costs the worker, too. What it may not
import it is told before it runs. The lists are no wall: that is the sandbox. They keep programs from changing each
other's results.
"""

from __future__ import annotations

import ast
import builtins
import warnings
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from types import CodeType

from medalist.families.arc.workers.outcome import Fault, Trouble

FILE_NAME = "<program>"
_LONGEST_SOURCE = 100_000


class Company(IntEnum):
    """Where a program may run, from the fastest to the safest."""

    SHARED = 0
    FORKED = 1
    LAST = 2
    """Forked, and the worker is replaced after it."""


@dataclass(frozen=True)
class Reading:
    """A program that was read: its code, or why it is not run."""

    company: Company
    code: CodeType | None
    fault: Fault | None = None


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_NUMPY = _names("""
    abs absolute add all allclose amax amin any append apply_along_axis arange argmax argmin argpartition argsort
    argwhere around array array_equal array_equiv array_split asarray ascontiguousarray atleast_1d atleast_2d
    average bincount bitwise_and bitwise_not bitwise_or bitwise_xor block bool_ broadcast_arrays broadcast_to ceil
    choose clip column_stack compress concatenate convolve copy copyto count_nonzero cross cumprod cumsum delete diag
    diag_indices diagflat diagonal diff digitize divide divmod dot dsplit dstack dtype e ediff1d einsum empty
    empty_like equal exp expand_dims extract eye fill_diagonal flatnonzero flip fliplr flipud float16 float32 float64
    floor floor_divide fmax fmin fromfunction fromiter full full_like gcd gradient greater greater_equal histogram
    hsplit hstack hypot identity iinfo indices inf inner insert int16 int32 int64 int8 int_ integer interp
    intersect1d invert isclose isfinite isin isnan issubdtype ix_ kron lcm left_shift less less_equal lexsort linspace
    log log2 logical_and logical_not logical_or logical_xor logspace matmul max maximum mean median meshgrid mgrid min
    minimum mod moveaxis multiply nan nan_to_num nanmax nanmean nanmin nansum ndarray ndenumerate ndim ndindex
    negative newaxis nonzero not_equal ogrid ones ones_like outer pad partition percentile pi piecewise place power
    prod ptp put put_along_axis putmask quantile ravel ravel_multi_index remainder repeat reshape right_shift rint
    roll rollaxis rot90 round row_stack searchsorted select setdiff1d setxor1d shape sign size sort split sqrt square
    squeeze stack std subtract sum swapaxes take take_along_axis tensordot tile trace transpose tri tril
    tril_indices triu triu_indices true_divide trunc uint16 uint32 uint64 uint8 union1d unique unpackbits packbits
    unravel_index var vectorize vsplit vstack where zeros zeros_like sliding_window_view
""")
_METHODS = _names("""
    T astype dtype fill flat flatten item itemsize nbytes reduce accumulate at tolist
    add append appendleft clear copy count difference difference_update discard elements extend extendleft get
    index insert intersection intersection_update isdisjoint issubset issuperset items keys most_common pop popitem
    popleft remove reverse rotate setdefault sort subtract symmetric_difference total union update values
    capitalize endswith find format isalpha isdigit islower isupper join ljust lower lstrip partition removeprefix
    removesuffix replace rfind rjust rstrip split splitlines startswith strip swapcase title upper zfill
    args bit_length bit_count conjugate imag is_integer real cache_clear
""")
_MATH = _names("""
    acos asin atan atan2 ceil comb cos degrees dist e exp fabs factorial floor fmod gcd hypot inf isclose isfinite
    isinf isnan isqrt lcm log log10 log2 nan perm pi pow prod radians sin sqrt tan tau trunc
""")
_ITERTOOLS = _names("""
    accumulate chain combinations combinations_with_replacement compress count cycle dropwhile filterfalse
    from_iterable groupby islice pairwise permutations product repeat starmap takewhile tee zip_longest
""")
_OPERATOR = _names("add and_ eq floordiv ge gt itemgetter le lt mod mul ne neg not_ or_ sub xor")

SHARED_MODULES: dict[str, frozenset[str]] = {
    "__future__": _names("annotations"),
    "bisect": _names("bisect bisect_left bisect_right insort insort_left insort_right"),
    "collections": _names("Counter OrderedDict defaultdict deque"),
    "copy": _names("copy deepcopy"),
    "functools": _names("cache cmp_to_key lru_cache partial reduce"),
    "heapq": _names("heapify heappop heappush heappushpop nlargest nsmallest"),
    "itertools": _ITERTOOLS,
    "math": _MATH,
    "numpy": _NUMPY,
    "numpy.lib.stride_tricks": _names("sliding_window_view"),
    "operator": _OPERATOR,
}
"""What programs in company may import, and which names of it they may use."""

FORKED_MODULES = _names("""
    abc collections.abc dataclasses enum fractions numbers numpy.lib numpy.linalg numpy.random numpy.typing random re
    statistics string textwrap time types typing warnings
""")
"""What programs may import beside those; they then run in a process of their own."""

_ATTRIBUTES = frozenset().union(
    _METHODS, *(names for module, names in SHARED_MODULES.items() if module != "__future__")
)
_HARMLESS_ATTRIBUTES = _names("""
    linalg norm det inv pinv matrix_rank solve lstsq eig eigh eigvals svd matrix_power
    random seed randint rand randn choice choices shuffle permutation integers default_rng RandomState uniform sample
    base byteswap data flags getfield itemset nbytes newbyteorder put resize searchsorted setflags strides tobytes view
    apply_over_axes array_repr array_str array2string bmat char errstate frombuffer frompyfunc in1d issctype lib ma mat
    matrix nditer nested_iters object_ poly1d polyfit polyval set_printoptions seterr trapezoid asmatrix as_strided
    bool bytes_ character complex128 float_ float128 floating generic intp longlong number str_ uint unsignedinteger
    stride_tricks typing NDArray ArrayLike abc Iterable Mapping Sequence Callable List Dict Tuple Set Optional Any Union
    field dataclass asdict replace Enum IntEnum auto name value Fraction numerator denominator limit_denominator
    compile match search findall finditer fullmatch group groups span start end sub subn mean mode stdev variance
    ascii_letters ascii_lowercase ascii_uppercase digits dedent wrap monotonic perf_counter time sleep
    filterwarnings simplefilter catch_warnings namedtuple ChainMap attrgetter methodcaller iadd wraps total_ordering
    singledispatch cached_property send throw close with_traceback fromkeys move_to_end hex encode decode translate
    maketrans casefold center expandtabs rindex isspace isnumeric isdecimal isidentifier isprintable istitle isalnum
    rpartition rsplit format_map zip_longest cbrt exp2 erf gamma sinh cosh tanh copysign frexp ldexp modf fsum sumprod
""")
"""Beyond those in company; a fork is enough. So it is for what a program itself defines."""

SAFE_BUILTINS = _names("""
    abs all any bin bool chr dict divmod enumerate filter float frozenset int isinstance iter len list map max min
    next ord pow print range repr reversed round set slice sorted str sum tuple type zip
    ArithmeticError AssertionError AttributeError BaseException Exception FloatingPointError GeneratorExit IndexError
    KeyError KeyboardInterrupt LookupError MemoryError NotImplementedError OverflowError RecursionError RuntimeError
    StopIteration SystemExit TypeError ValueError ZeroDivisionError NotImplemented
""")
_HARMLESS_BUILTINS = _names("""
    ascii bytearray bytes callable classmethod complex format hasattr hash hex id issubclass memoryview object oct
    property staticmethod super
""")
"""Beyond those in company; a fork is enough."""

_ALL_BUILTINS = frozenset(name for name in dir(builtins) if not name.startswith("_"))
_HARMLESS_PRIVATE = _names("""
    __name__ __main__ __init__ __repr__ __str__ __eq__ __ne__ __lt__ __le__ __gt__ __ge__ __hash__ __len__ __iter__ __next__
    __getitem__ __setitem__ __contains__ __call__ __add__ __sub__ __mul__ __neg__ __bool__ __post_init__ __slots__
    __enter__ __exit__ __class__ __doc__ __annotations__
""")
_FORKED_NODES = (
    ast.ClassDef, ast.Match, ast.AsyncFunctionDef, ast.AsyncFor, ast.AsyncWith, ast.Await,
)  # fmt: skip


def read(source: str) -> Reading:
    """Never raises for what the text holds; a text that Python's own parser dies of kills the process."""
    if len(source) > _LONGEST_SOURCE:
        return _refused(Trouble.NOT_PYTHON, f"The program has more than {_LONGEST_SOURCE} characters.")
    try:
        with warnings.catch_warnings(action="ignore"):
            tree = ast.parse(source, FILE_NAME)
            unknown = sorted(_imported(tree) - SHARED_MODULES.keys() - FORKED_MODULES)
            company = _company(tree)
            code = compile(tree, FILE_NAME, "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        line = f" at line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        return _refused(Trouble.NOT_PYTHON, f"The program is not Python{line}: {error.args[0]}.")
    except (RecursionError, MemoryError):
        return _refused(Trouble.NOT_PYTHON, "The program is nested too deeply to be read.")
    if unknown:
        told = ", ".join(unknown)
        return _refused(
            Trouble.IMPORTS, f"The program imports {told}; it may use NumPy and Python's plain modules alone."
        )
    return Reading(company, code)


def _refused(trouble: Trouble, text: str) -> Reading:
    return Reading(Company.SHARED, None, Fault(trouble, text))


def _imported(tree: ast.AST) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.add("." * node.level + (node.module or ""))
    return found


def _company(tree: ast.Module) -> Company:
    nodes = list(ast.walk(tree))
    asked = {id(node.func) for node in nodes if isinstance(node, ast.Call) and _asks_for_type(node)}
    own = _own_attributes(nodes)
    company = max((_company_of(node, own) for node in nodes), default=Company.SHARED)
    for node in nodes:
        if isinstance(node, ast.Name) and node.id == "type" and id(node) not in asked:
            return max(company, Company.FORKED)
    return company


def _own_attributes(nodes: Sequence[ast.AST]) -> frozenset[str]:
    """What a program's own classes give their objects: names of methods and fields, and what is set."""
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            found.add(node.attr)
        elif isinstance(node, ast.ClassDef):
            for each in node.body:
                found.update(_bound(each))
    return frozenset(found)


def _bound(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, ast.FunctionDef):
        yield statement.name
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    for target in targets:
        if isinstance(target, ast.Name):
            yield target.id


def _asks_for_type(node: ast.Call) -> bool:
    """Whether ``type`` could be called so: with one argument, and so without making a class."""
    return len(node.args) == 1 and not node.keywords and not isinstance(node.args[0], ast.Starred)


def _company_of(node: ast.AST, own: Collection[str]) -> Company:
    """What one node asks for; nodes below it are asked themselves."""
    company = max((_company_of_name(name) for name in _identifiers(node)), default=Company.SHARED)
    if isinstance(node, _FORKED_NODES):
        return max(company, Company.FORKED)
    if isinstance(node, ast.Attribute):
        if node.attr in _ATTRIBUTES and isinstance(node.ctx, ast.Load):
            return company
        harmless = node.attr in own or node.attr in _HARMLESS_ATTRIBUTES or node.attr in _HARMLESS_PRIVATE
        return max(company, Company.FORKED if harmless else Company.LAST)
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        return max(company, _company_of_builtin(node.id))
    if isinstance(node, ast.Import | ast.ImportFrom):
        return max(company, _company_of_import(node))
    return company


def _identifiers(node: ast.AST) -> Iterator[str]:
    """The names that a node itself binds or reads."""
    for field in ("id", "attr", "arg", "name", "asname"):
        value = getattr(node, field, None)
        if isinstance(value, str):
            yield value
    if isinstance(node, ast.Global | ast.Nonlocal):
        yield from node.names


def _company_of_name(name: str) -> Company:
    if not name.startswith("_") or not name.startswith("__"):
        return Company.SHARED
    if name == "__name__":
        return Company.SHARED
    return Company.FORKED if name in _HARMLESS_PRIVATE else Company.LAST


def _company_of_builtin(name: str) -> Company:
    """A name that is read may be the program's own, or a builtin by that name: taken for the latter."""
    if name in SAFE_BUILTINS or name not in _ALL_BUILTINS:
        return Company.SHARED
    return Company.FORKED if name in _HARMLESS_BUILTINS else Company.LAST


def _company_of_import(node: ast.Import | ast.ImportFrom) -> Company:
    if isinstance(node, ast.Import):
        shared = all(alias.name in SHARED_MODULES for alias in node.names)
        return Company.SHARED if shared else Company.FORKED
    allowed = SHARED_MODULES.get(node.module or "", frozenset())
    shared = node.level == 0 and all(alias.name in allowed for alias in node.names)
    return Company.SHARED if shared else Company.FORKED
