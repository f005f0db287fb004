"""Edits of one text are joined where they touch different lines, and told apart where they do not."""

from medalist.families.speedup.optimiser.merging import merged, overlap

BASE = """import math

def one():
    return 1

def two():
    return 2
"""


def test_edits_of_different_lines_are_joined() -> None:
    ours = BASE.replace("return 1", "return 1 + 0")
    theirs = BASE.replace("return 2", "return 2 + 0")
    both = merged(BASE, ours, theirs)
    assert both == ours.replace("return 2", "return 2 + 0")
    assert not overlap(BASE, ours, theirs)


def test_edits_of_the_same_line_are_two_ways_to_do_one_thing() -> None:
    ours, theirs = BASE.replace("return 1", "return 3"), BASE.replace("return 1", "return 4")
    assert merged(BASE, ours, theirs) is None
    assert overlap(BASE, ours, theirs)


def test_the_same_import_goes_in_once_and_helpers_one_after_the_other() -> None:
    head = "import math\nfrom numba import njit\n"
    ours = BASE.replace("import math\n", f"{head}\ndef first():\n    pass\n")
    theirs = BASE.replace("import math\n", f"{head}\ndef second():\n    pass\n")
    both = merged(BASE, ours, theirs)
    assert both is not None
    assert both.count("from numba import njit") == 1
    assert both.index("def first") < both.index("def second") < both.index("def one")


def test_imports_at_two_places_stand_once_and_definitions_keep_their_distance() -> None:
    ours = BASE.replace("import math\n", "import json\nimport math\n\ndef first():\n    pass\n")
    theirs = BASE.replace("import math\n", "import math\nimport json\n# A constant.\nSIZE = 3\n")
    both = merged(BASE, ours, theirs)
    assert both is not None
    assert both.count("import json") == 1
    assert "    pass\n\n\n# A constant.\nSIZE = 3\n" in both or "SIZE = 3\n\n\ndef first" in both


def test_imports_inside_a_text_are_no_imports() -> None:
    base = f'{BASE}\nTEXT = """\nimport math\n"""\n'
    ours, theirs = base.replace("return 1", "return 3"), base.replace("return 2", "return 4")
    both = merged(base, ours, theirs)
    assert both is not None
    assert both.count("import math") == 2


def test_a_name_that_both_define_keeps_them_apart() -> None:
    ours = BASE.replace("def one", "def helper():\n    pass\n\ndef one")
    theirs = BASE.replace("def two", "def helper():\n    pass\n\ndef two")
    assert merged(BASE, ours, theirs) is None


def test_an_edit_joined_to_nothing_is_itself() -> None:
    theirs = BASE.replace("return 2", "return 4")
    assert merged(BASE, BASE, theirs) == theirs
