"""Which NumPy functions there are, by what happens to them when a stack is in front: the tables of the lifting."""

from __future__ import annotations

ELEMENTWISE = frozenset(
    {
        "abs", "absolute", "fabs", "sqrt", "square", "cbrt", "exp", "exp2", "expm1", "log", "log1p", "log2",
        "log10", "sin", "cos", "tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "sign", "floor",
        "ceil", "rint", "trunc", "negative", "positive", "reciprocal", "isnan", "isfinite", "isinf",
        "logical_not", "invert", "real", "imag", "conj", "conjugate", "angle", "nan_to_num", "deg2rad",
        "rad2deg", "radians", "degrees", "clip", "round", "around", "float32", "float64", "int32", "int64",
        "uint8", "bool_", "ascontiguousarray", "asarray", "asanyarray", "copy", "zeros_like", "ones_like",
        "empty_like", "add", "subtract", "multiply", "divide", "true_divide", "floor_divide", "mod",
        "remainder", "fmod", "power", "float_power", "maximum", "minimum", "fmax", "fmin", "hypot",
        "arctan2", "copysign", "logaddexp", "logical_and", "logical_or", "logical_xor", "bitwise_and",
        "bitwise_or", "bitwise_xor", "less", "less_equal", "greater", "greater_equal", "equal", "not_equal",
        "where", "isclose", "heaviside"
    }
)  # fmt: skip
"""Entry by entry, with broadcasting: the parts are aligned, the rest stays."""

MASKS = frozenset(
    {
        "isnan", "isfinite", "isinf", "logical_not", "logical_and", "logical_or", "logical_xor", "less",
        "less_equal", "greater", "greater_equal", "equal", "not_equal", "isclose", "all", "any", "isin"
    }
)  # fmt: skip
"""Those that answer with truth values."""

REDUCTIONS = frozenset(
    {
        "mean", "std", "var", "sum", "prod", "min", "max", "amin", "amax", "median", "ptp", "any", "all",
        "argmin", "argmax", "count_nonzero", "average", "nanmean", "nanstd", "nanvar", "nansum", "nanmin",
        "nanmax", "nanmedian", "nanprod"
    }
)  # fmt: skip
"""Without an axis over all axes of the item; with one, it counts one further."""

ONE_AXIS = frozenset(("argmin", "argmax"))
"""Reductions that take a single axis only."""

QUANTILES = frozenset(("percentile", "quantile", "nanpercentile", "nanquantile"))

LAST_AXIS = {"sort": 1, "argsort": 1, "diff": 1, "fft.fft": 1, "fft.ifft": 1, "fft.rfft": 1, "fft.irfft": 1}
"""Along the last axis unless told otherwise, the shape's rank kept. The number is the least rank it needs."""

LAST_TWO_AXES = frozenset(("fft.fft2", "fft.ifft2", "fft.rfft2", "fft.irfft2"))
"""Over the last two axes unless told otherwise."""

MATRIX_FUNCTIONS = {
    "linalg.det": 0,
    "linalg.inv": 2,
    "linalg.pinv": 2,
    "linalg.eigvalsh": 1,
    "linalg.eigvals": 1,
    "linalg.cholesky": 2,
}
"""Functions of a matrix that NumPy applies to stacks by itself, and the rank of their results."""

ALL_AXES = frozenset(("fft.fftshift", "fft.ifftshift", "fft.fftn", "fft.ifftn", "flip"))
"""Over all axes of the item unless told otherwise."""

CUMULATIVE = frozenset(("cumsum", "cumprod"))

MATH = {
    "sqrt": "sqrt", "exp": "exp", "expm1": "expm1", "log": "log", "log1p": "log1p", "log2": "log2", "log10": "log10",
    "sin": "sin", "cos": "cos", "tan": "tan", "asin": "arcsin", "acos": "arccos", "atan": "arctan",
    "atan2": "arctan2", "sinh": "sinh", "cosh": "cosh", "tanh": "tanh", "floor": "floor", "ceil": "ceil",
    "fabs": "fabs", "hypot": "hypot", "pow": "power", "isnan": "isnan", "isfinite": "isfinite", "isinf": "isinf",
    "radians": "radians", "degrees": "degrees", "copysign": "copysign", "trunc": "trunc", "fmod": "fmod",
}  # fmt: skip
"""The standard library's functions of a number, and NumPy's of an array."""

METHODS = frozenset(
    {
        "mean", "std", "var", "sum", "prod", "min", "max", "ptp", "any", "all", "argmin", "argmax"
    }
)  # fmt: skip
"""Reductions that an array also has as methods."""

SHAPE_KEEPING_METHODS = frozenset(["astype", "copy", "clip", "round", "conj", "conjugate"])

CREATORS = frozenset(["zeros", "ones", "empty", "full"])
