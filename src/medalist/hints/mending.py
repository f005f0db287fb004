"""Mechanical fixes: what a finding's hint can change in a script without a person.

Each is an edit of one expression, or a few lines at the script's top. Only changes that keep a correct
script correct are here; everything that needs judgement stays prose. Importing this imports libcst.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from medalist.hints.book import HintBook, load_hints
from medalist.hints.review import Finding
from medalist.source.rewrite import (
    Edit,
    Span,
    drop_keyword,
    rename_keyword,
    rename_method,
    replace_attribute,
    rewrite,
    set_keyword,
    wrap,
)

_NUMPY_NAMES = {
    "float": "float", "int": "int", "object": "object", "complex": "complex", "str": "str", "unicode_": "str",
    "float_": ".float64", "NaN": ".nan", "NAN": ".nan", "Inf": ".inf",
}  # fmt: skip
EDITS: Mapping[str, tuple[Edit, ...]] = {
    "add_drop_last": (set_keyword("drop_last", "True"),),
    "keep_last_batch": (set_keyword("drop_last", "False"),),
    "add_shuffle": (set_keyword("shuffle", "True"),),
    "drop_shuffle": (set_keyword("shuffle", "False"),),
    "add_workers": (set_keyword("num_workers", "min(8, os.cpu_count() or 1)"),),
    "drop_worker_options": (drop_keyword("prefetch_factor"), drop_keyword("persistent_workers")),
    "add_n_jobs": (set_keyword("n_jobs", "-1"),),
    "add_index_false": (set_keyword("index", "False"),),
    "add_map_location": (set_keyword("map_location", "'cpu'"),),
    "add_softmax_dim": (set_keyword("dim", "-1"),),
    "rename_sparse": (rename_keyword("sparse", "sparse_output"),),
    "root_of_squared_error": (drop_keyword("squared"), wrap("EXPRESSION ** 0.5")),
    "take_item": (wrap("EXPRESSION.item()"),),
    "current_numpy_name": (replace_attribute(_NUMPY_NAMES),),
    "predict_probabilities": (rename_method("predict", "predict_proba"), wrap("EXPRESSION[:, 1]")),
    "switch_off": (set_keyword("mode", "False"),),
}
HEADERS: Mapping[str, str] = {
    "add_workers": "import os\n",
    "tokenizers_environment": 'import os\n\nos.environ["TOKENIZERS_PARALLELISM"] = "false"\n',
    "agg_backend": 'import matplotlib\n\nmatplotlib.use("Agg")\n',
}


def mend_script(
    code: str, findings: Sequence[Finding], *, book: HintBook | None = None
) -> tuple[str, tuple[str, ...]]:
    """``code`` with the mechanical fixes of ``findings`` applied, and the ids of the hints applied.

    ``findings`` must come from `check_script` of this very code: they carry the places. What cannot be
    placed is left alone and not listed.
    """
    book = book or load_hints()
    edits: dict[Span, list[Edit]] = {}
    headers: dict[str, str] = {}
    for finding in findings:
        hint = book.get(finding.hint_id)
        if hint is None or hint.mechanical_fix is None:
            continue
        if hint.mechanical_fix in HEADERS:
            headers[hint.id] = HEADERS[hint.mechanical_fix]
        if hint.mechanical_fix in EDITS:
            edits.setdefault(finding.span, []).extend(EDITS[hint.mechanical_fix])
    if not edits and not headers:
        return code, ()
    mended, changed = rewrite(code, edits, "".join(dict.fromkeys(headers.values())))
    applied = [f.hint_id for f in findings if f.mechanical and f.span in changed]
    return mended, tuple(dict.fromkeys([*headers, *applied]))
