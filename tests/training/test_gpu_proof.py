"""The GPU proof: honest where there is no GPU, and never fooled by a library that only says it uses one."""

import json
import subprocess
import sys

import pytest

from medalist.machine.gpu import read_gpus
from medalist.training.gpu_proof import judge_proof


@pytest.mark.skipif(bool(read_gpus()), reason="this machine has a GPU")
def test_without_a_gpu_it_says_so_plainly():
    ran = subprocess.run(
        [sys.executable, "-m", "medalist.training.gpu_proof"], capture_output=True, text=True, check=True
    )
    said = json.loads(ran.stdout.splitlines()[-1])
    assert "no NVIDIA GPU" in ran.stdout.splitlines()[0]
    assert said["gpus"] == []
    assert {proof["status"] for proof in said["proofs"]} <= {"no_gpu", "not_installed"}
    assert any(proof["cpu_seconds"] for proof in said["proofs"])


@pytest.mark.parametrize(
    ("gpu_seconds", "grown", "busy", "status"),
    [
        (0.01, 2**30, 0.9, "used"),
        (2.0, 2**30, 0.9, "slower"),
        (0.01, 0, 0.0, "not_used"),
        (0.01, 0, 0.5, "used"),
    ],
)
def test_the_verdict_rests_on_nvml_and_both_times(gpu_seconds, grown, busy, status):
    assert judge_proof("torch", 1.0, gpu_seconds, grown, busy).status == status


@pytest.mark.gpu
@pytest.mark.skipif(not read_gpus(), reason="needs an NVIDIA GPU")
def test_torch_really_uses_the_gpu():
    pytest.importorskip("torch", reason="the proof of PyTorch needs it")
    ran = subprocess.run(
        [sys.executable, "-m", "medalist.training.gpu_proof"], capture_output=True, text=True, check=True
    )
    proofs = {proof["library"]: proof for proof in json.loads(ran.stdout.splitlines()[-1])["proofs"]}
    assert proofs["torch"]["status"] == "used"
