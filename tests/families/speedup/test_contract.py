"""A contract is read whole or refused with the place of the mistake."""

from pathlib import Path

import pytest

from medalist.core.errors import InputError
from medalist.families.speedup.contract import CONTRACT_FILE, find_task, read_contract

SMALLEST = """
name = "tiny"
program = "slow.py"
entry = "work"

[inputs]
maker = "slow.py:make"

[[outputs]]
pattern = "sums"
rtol = 1e-9

[[outputs]]
pattern = "*"
atol = 1.0
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "slow.py").write_text(
        "def make(seed):\n    return {'n': seed}\n\n\ndef work(n):\n    return {}\n"
    )
    (tmp_path / CONTRACT_FILE).write_text(SMALLEST)
    return tmp_path


def test_what_a_contract_leaves_out_has_a_sensible_value(folder):
    contract = read_contract(folder)
    assert contract.required == ("work",)
    assert [path.name for path in contract.public] == ["slow.py"]
    assert (contract.semantics, contract.threads, contract.oracle, contract.quality) == (
        "preserve",
        1,
        None,
        None,
    )
    assert contract.inputs.load()(7) == {"n": 7}


def test_the_first_rule_whose_pattern_matches_holds(folder):
    contract = read_contract(folder)
    sums, rest = contract.output("sums"), contract.output("weights.fc1")
    assert sums
    assert rest
    assert (sums.rtol, rest.atol) == (1e-9, 1.0)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("name = ", "nom = "), "lacks 'name'"),
        (('"slow.py"', '"slwo.py"'), "'slwo.py' is not there"),
        (("slow.py:make", "slow.py"), "not written file.py:function"),
        (("rtol", "rtoll"), "rtoll"),
        (('entry = "work"', 'entry = "work"\nsemantics = "fuzzy"'), "'fuzzy'"),
        (('entry = "work"', 'entry = "work'), "not valid TOML"),
        (
            ("[inputs]", '[quality]\noutput = "a"\nanswer = "b"\nchance = 0.1\n[inputs]'),
            "needs \\[answers\\]",
        ),
    ],
)
def test_a_mistake_is_named_with_its_place(folder, change, said):
    path = folder / CONTRACT_FILE
    path.write_text(SMALLEST.replace(*change, 1))
    with pytest.raises(InputError, match=said) as error:
        read_contract(folder)
    assert error.value.where == str(path)


def test_a_folder_without_a_contract_is_refused(tmp_path):
    with pytest.raises(InputError, match="holds no contract"):
        read_contract(tmp_path)


def test_a_function_that_is_missing_is_named(folder):
    path = folder / CONTRACT_FILE
    path.write_text(SMALLEST.replace("slow.py:make", "slow.py:made"))
    with pytest.raises(InputError, match="'made'"):
        read_contract(folder).inputs.load()


def test_quality_is_refused_where_the_task_does_not_say_what_it_is(folder):
    with pytest.raises(InputError, match="quality"):
        read_contract(folder).under("quality")


def test_the_task_that_comes_along_is_found_by_name_and_others_are_listed():
    assert find_task("complex").under("quality").semantics == "quality"
    with pytest.raises(InputError) as error:
        find_task("complicated")
    assert "complex" in error.value.next_step
