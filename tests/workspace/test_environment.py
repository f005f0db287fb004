"""A child's environment is an allow-list; nothing of the parent's comes along unlisted."""

from pathlib import Path

from medalist.workspace.environment import PASSED_ON, child_environment

SECRETS = {"ANTHROPIC_API_KEY": "sk", "AWS_SECRET_ACCESS_KEY": "x", "HF_TOKEN": "hf", "DATABASE_URL": "pg"}


def test_secrets_stay_outside() -> None:
    parent = {**SECRETS, "LANG": "de_DE.UTF-8", "CUDA_VISIBLE_DEVICES": "1"}
    environment = child_environment(Path("/w"), 4, parent=parent)
    assert not set(SECRETS) & set(environment)
    assert (environment["LANG"], environment["CUDA_VISIBLE_DEVICES"]) == ("de_DE.UTF-8", "1")
    assert not any("KEY" in name or "TOKEN" in name or "SECRET" in name for name in PASSED_ON)


def test_threads_fit_the_cores_and_sleep_when_idle() -> None:
    environment = child_environment(Path("/w"), 3, parent={})
    assert environment["OMP_NUM_THREADS"] == environment["OPENBLAS_NUM_THREADS"] == "3"
    assert environment["OMP_WAIT_POLICY"] == "PASSIVE"


def test_home_and_temporary_files_are_in_the_workspace() -> None:
    environment = child_environment(Path("/w x"), 1, parent={"HOME": "/root", "TMPDIR": "/tmp"})
    assert environment["HOME"] == "/w x"
    assert environment["TMPDIR"].startswith("/w x/")


def test_what_a_job_asks_for_wins() -> None:
    environment = child_environment(Path("/w"), 2, {"OMP_NUM_THREADS": "1", "SEED": "7"}, parent={})
    assert (environment["OMP_NUM_THREADS"], environment["SEED"]) == ("1", "7")
