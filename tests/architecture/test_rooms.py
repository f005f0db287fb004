"""The house keeps its shape: floors, sizes, light imports, and graders that nobody imports."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "medalist"
CODE = sorted(
    path
    for folder in (SOURCE, ROOT / "tests", ROOT / "benchmarks")
    for path in folder.rglob("*.py")
    if not {".environments", "raw"}
    & set(path.relative_to(ROOT).parts)  # peers' own, and what benchmarks write
)

MOST_LINES = 400
MOST_LINES_IN_A_FUNCTION = 60

LONGER_FILES: dict[str, str] = {}
"""Files that may be longer, each with its reason."""

LONGER_FUNCTIONS: dict[str, str] = {
    "tests/hints/clean_scripts/timm_mixup.py:main": "a training script as people write them, read and never run",
}
"""``file:function`` that may be longer, each with its reason."""

HEAVY = {
    "pandas",
    "numpy",
    "sklearn",
    "scipy",
    "lightgbm",
    "catboost",
    "xgboost",
    "torch",
    "libcst",
    "pydantic",
    "pydantic_ai",
    "openai",
    "anthropic",
    "mcp",
    "httpx",
    "httpx2",
    "genai_prices",
    "transformers",
    "uvicorn",
    "starlette",
}
"""What costs start-up time: libraries of data and training, and those of language models, which need their own door."""


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", CODE, ids=name)
def test_file_and_functions_keep_their_size(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    if name(path) not in LONGER_FILES:
        assert text.count("\n") <= MOST_LINES
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if f"{name(path)}:{node.name}" not in LONGER_FUNCTIONS:
                assert length <= MOST_LINES_IN_A_FUNCTION, f"{node.name} has {length} lines"


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=name)
def test_every_module_says_what_it_covers(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


def imported_modules(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def test_nothing_imports_a_grader() -> None:
    graders = {
        "medalist." + path.relative_to(SOURCE).with_suffix("").as_posix().replace("/", ".")
        for path in (SOURCE / "families").glob("*/grader.py")
    }
    assert graders
    for path in SOURCE.rglob("*.py"):
        assert not imported_modules(path) & graders, f"{name(path)} imports a grader"


def test_only_graders_enter_the_grader_role() -> None:
    # The demo's paired comparison with its baseline opens answers that the demo itself split off.
    allowed = {"src/medalist/core/answers.py", "src/medalist/apps/demo_baseline.py"}
    users = {
        name(path) for path in SOURCE.rglob("*.py") if "enter_grader" in path.read_text(encoding="utf-8")
    }
    assert users <= allowed | {name(path) for path in (SOURCE / "families").glob("*/grader.py")}


def test_floors_hold() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    "module",
    [
        "medalist",
        "medalist.apps.cli",
        "medalist.apps.commands",
        "medalist.apps.doctor",
        "medalist.families.compete.playbook",
        "medalist.machine.nursery",
        "medalist.runs.api",
        "medalist.runs.attempt",
        "medalist.runs.compare",
        "medalist.session.session",
    ],
)
def test_importing_loads_nothing_heavy(module: str) -> None:
    code = f"import sys, {module}; print(sorted({{m.split('.')[0] for m in sys.modules}} & {HEAVY!r}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_public_names_are_sorted_and_exist() -> None:
    import medalist

    assert medalist.__all__ == sorted(medalist.__all__)
    for public in medalist.__all__:
        assert getattr(medalist, public).__doc__
