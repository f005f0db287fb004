"""The book: complete entries, eleven sections, a template that its own detectors accept."""

from __future__ import annotations

import re

import pytest

from medalist.hints.book import PRIORITIES, load_hints, template_text
from medalist.hints.detectors import find_detector
from medalist.hints.export import export_text
from medalist.hints.mending import EDITS, HEADERS
from medalist.hints.review import check_script

_BOOK = load_hints()


def test_sixty_or_more_entries_in_eleven_sections() -> None:
    assert len(_BOOK) >= 60
    assert len(_BOOK.sections) == 11
    assert {hint.priority for hint in _BOOK} == set(PRIORITIES)


def test_ids_are_unique_and_texts_are_not_empty() -> None:
    assert len({hint.id for hint in _BOOK}) == len(_BOOK)
    for hint in _BOOK:
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", hint.id)
        assert all((hint.title, hint.symptom, hint.cause, hint.fix, hint.keywords)), hint.id


def test_every_name_in_an_entry_leads_somewhere() -> None:
    for hint in _BOOK:
        if hint.detector is not None:
            assert callable(find_detector(hint.detector))
        if hint.mechanical_fix is not None:
            assert hint.mechanical_fix in EDITS.keys() | HEADERS.keys(), hint.id
        for pattern in hint.error_patterns:
            re.compile(pattern)


def test_every_mechanical_fix_is_used() -> None:
    assert EDITS.keys() | HEADERS.keys() == {h.mechanical_fix for h in _BOOK} - {None}


@pytest.mark.parametrize(
    "words",
    ["albumentations albucore torchvision.transforms", "mixup drop_last=true", "autocast loss", "encode string",
     "fit inside the fold", "best last checkpoint", "tokenizers fork", "weights path model path"],
)  # fmt: skip
def test_the_best_known_mistakes_are_found_by_their_words(words: str) -> None:
    assert _BOOK.search(words)


def test_an_unknown_detector_is_an_error() -> None:
    with pytest.raises(LookupError):
        find_detector("labels:nothing")


def test_the_template_has_no_finding() -> None:
    assert check_script(template_text()) == []


def test_the_export_holds_every_entry_and_the_template() -> None:
    text = export_text(competition="Look at the hour.")
    assert len(text.splitlines()) >= 400
    assert all(hint.id in text for hint in _BOOK)
    assert "Look at the hour." in text
    assert "def train_epoch(" in text
