"""Every detector names its mistake, whatever the identifiers, and is silent on the mended script."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from medalist.hints.book import load_hints
from medalist.hints.review import check_script
from medalist.machine.hardware import Gpu, Hardware

_CASES = Path(__file__).parent / "cases"
_CLEAN_SCRIPTS = Path(__file__).parent / "clean_scripts"
_WITH_GPU = Hardware(
    cores=16,
    core_ids=tuple(range(16)),
    memory_bytes=64 << 30,
    gpus=(Gpu(index=0, name="NVIDIA A10", memory_bytes=24 << 30),),
    platform="Linux",
    container="none",
    fingerprint="test",
)
_DETECTED = [hint.id for hint in load_hints() if hint.detector is not None]


def _renamed(code: str) -> str:
    spec = importlib.util.spec_from_file_location("renaming", Path(__file__).parent / "renaming.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.renamed(code)


def _found(code: str) -> set[str]:
    return {finding.hint_id for finding in check_script(code, hardware=_WITH_GPU)}


def test_forty_or_more_detectors_each_with_its_two_files() -> None:
    assert len(_DETECTED) >= 40
    assert sorted(_DETECTED) == sorted(folder.name for folder in _CASES.iterdir())


@pytest.mark.parametrize("hint_id", _DETECTED)
def test_the_mistake_is_named(hint_id: str) -> None:
    assert hint_id in _found((_CASES / hint_id / "bad.py").read_text())


@pytest.mark.parametrize("hint_id", _DETECTED)
def test_the_mistake_is_named_after_renaming(hint_id: str) -> None:
    code = (_CASES / hint_id / "bad.py").read_text()
    other = _renamed(code)
    assert other != code
    assert hint_id in _found(other), other


@pytest.mark.parametrize("hint_id", _DETECTED)
def test_no_alarm_on_the_mended_script(hint_id: str) -> None:
    code = (_CASES / hint_id / "clean.py").read_text()
    assert _found(code) == set()
    assert _found(_renamed(code)) == set()


@pytest.mark.parametrize("script", sorted(_CLEAN_SCRIPTS.glob("*.py")), ids=lambda path: path.stem)
def test_no_alarm_on_whole_correct_scripts(script: Path) -> None:
    code = script.read_text()
    assert check_script(code, hardware=_WITH_GPU) == []
    assert check_script(_renamed(code), hardware=_WITH_GPU) == []
