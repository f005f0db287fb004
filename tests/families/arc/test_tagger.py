"""Techniques are told from what a program is made of, and from what its turns do."""

import pytest

from medalist.families.arc.language.operator import operators
from medalist.families.arc.language.program import INPUT, call
from medalist.families.arc.operators.bodies import body_of
from medalist.families.arc.tagger import TECHNIQUES, tags_of


def test_operators_name_no_other_techniques():
    for each in operators().values():
        assert set(each.tags) <= set(TECHNIQUES), each.name


@pytest.mark.parametrize(
    ("way", "technique"),
    [("half", "rotation"), ("quarter left", "rotation"), ("up-down", "flip"), ("diagonal", "transpose")],
)
def test_a_turn_is_told_by_what_it_does(way, technique):
    assert tags_of(call("turn", INPUT, way=way)) == (technique,)


def test_all_parts_count_once_in_the_order_of_the_list_also_those_of_programs_within():
    inner = body_of(call("turn", INPUT, way="half"))
    program = call("each_apart", call("objects", INPUT, diagonal=True, by_colour=True), INPUT, body=inner)
    tags = tags_of(call("turn", program, way="up-down"))
    assert {"rotation", "flip", "object detection"} <= set(tags)
    assert list(tags) == [each for each in TECHNIQUES if each in tags]
    assert tags_of(INPUT) == ()
