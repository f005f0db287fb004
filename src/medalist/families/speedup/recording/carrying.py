"""Puts the modules that lie beside a script into its program, as one statement before its imports, and takes them out.

They are carried as they are: what is slow in them stays slow. A recorded program is one file, and so is the script
that is made of it again, beside which the modules lie as before.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import libcst as cst

from medalist.families.speedup.recording.carried import PACKAGE

_MARK = "  # Added by Medalist: the modules that lie beside the script. Leave it as it is.\n"
_MOST_BYTES = 4 << 20


def modules_beside(script: Path) -> dict[str, str]:
    """The texts of the modules in the script's folder that it imports, directly or through one another, by name."""
    found: dict[str, str] = {}
    waiting = [script.read_text(encoding="utf-8")]
    while waiting:
        for root in set(_imported(waiting.pop())):
            fresh = {name: text for name, text in _module(script.parent, root) if name not in found}
            found |= fresh
            waiting += fresh.values()
    return found if sum(map(len, found.values())) <= _MOST_BYTES else {}


def _imported(text: str) -> Iterator[str]:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def _module(folder: Path, root: str) -> Iterator[tuple[str, str]]:
    """A module of the folder by its name, or all modules of a package there."""
    package = folder / root
    if (package / "__init__.py").is_file():
        for path in sorted(package.rglob("*.py")):
            yield ".".join(path.relative_to(folder).with_suffix("").parts), path.read_text(encoding="utf-8")
    elif (folder / f"{root}.py").is_file():
        yield root, (folder / f"{root}.py").read_text(encoding="utf-8")


def with_modules(program: str, sources: Mapping[str, str]) -> str:
    """The program with modules in it."""
    if not sources:
        return program
    texts = json.dumps(dict(sources), indent=0).replace("'", "\\u0027")
    source = Path(__file__).with_name("carried.py").read_text(encoding="utf-8")
    code = f"{source}\n\nimport json\n\ncarry(json.loads(SOURCES))\n"
    line = f"exec(compile(r'''{code}''', 'carried', 'exec'), {{'SOURCES': r'''{texts}'''}}){_MARK}"
    module = cst.parse_module(program)
    place = next(
        (n for n, each in enumerate(module.body) if not _comes_first(module, each)), len(module.body)
    )
    body = [*module.body[:place], cst.parse_statement(line), *module.body[place:]]
    return module.with_changes(body=body).code


def without_modules(program: str) -> str:
    """The program with no modules in it."""
    if _MARK not in program:
        return program
    module = cst.parse_module(program)
    body = [each for each in module.body if not module.code_for_node(each).endswith(_MARK)]
    return module.with_changes(body=body).code


def names_of(sources: Mapping[str, str]) -> list[str]:
    """The modules by the names a person knows them by."""
    return sorted(name.removesuffix(PACKAGE) for name in sources)


def _comes_first(module: cst.Module, node: cst.CSTNode) -> bool:
    """Docstrings and ``from __future__``, before which nothing may stand."""
    code = ast.parse(module.code_for_node(node)).body[:1]
    if code and isinstance(code[0], ast.ImportFrom):
        return code[0].module == "__future__"
    return bool(code) and isinstance(code[0], ast.Expr) and isinstance(code[0].value, ast.Constant)
