"""A script before launch: what must be fixed depends on the machine and the data, never on names."""

from dataclasses import replace

import pytest

from medalist.hints.review import check_script
from medalist.machine.hardware import Gpu, Hardware
from medalist.training.kind import Kind
from medalist.training.lines import monitoring_source
from medalist.training.review import NO_MONITORING, SMALL_BATCH, UNUSED_GPU, ScriptFacts, review

CPU = Hardware(8, tuple(range(8)), 2**35, (), "linux", "", "cpu")
GPU = replace(CPU, gpus=(Gpu(0, "NVIDIA A10", 24 * 2**30),))

SCRIPT = """\
import torch
from torch.utils.data import DataLoader
from torchvision import models, transforms

prepare = transforms.Compose([transforms.Resize((SIZE, SIZE)), transforms.ToTensor()])
batches = DataLoader(pictures, batch_size=BATCH, shuffle=True)
net = models.resnet18().to("cuda")
for pictures, labels in batches:
    loss = torch.nn.functional.cross_entropy(net(pictures.to("cuda")), labels.to("cuda"))
    loss.backward()
"""


def found(code: str, hardware: Hardware, **facts):
    return {each.hint_id: each for each in review(code, hardware, ScriptFacts(**facts)).findings}


def script(batch: int = 32, size: int = 224) -> str:
    return SCRIPT.replace("BATCH", str(batch)).replace("SIZE", str(size))


def test_an_image_batch_of_32_must_be_fixed_only_where_a_gpu_starves():
    assert found(script(), GPU, rows=10_000)[SMALL_BATCH].must_fix
    assert not found(script(), CPU, rows=10_000)[SMALL_BATCH].must_fix
    assert not found(script(size=512), GPU, rows=10_000)[SMALL_BATCH].must_fix
    assert not found(script(), GPU, rows=1_000)[SMALL_BATCH].must_fix
    assert SMALL_BATCH not in found(script(batch=64), GPU, rows=10_000)


def test_a_gpu_that_the_script_never_names_must_be_fixed():
    unaware = script().replace('.to("cuda")', "")
    assert found(unaware, GPU)[UNUSED_GPU].must_fix
    assert UNUSED_GPU not in found(unaware, CPU)
    assert UNUSED_GPU not in found(script(), GPU)


def test_missing_monitoring_lines_are_named_and_carried_ones_are_seen():
    assert NO_MONITORING in found(script(), CPU)
    monitored = script() + monitoring_source("network")
    assert NO_MONITORING not in found(monitored, CPU)
    assert review(monitored, CPU).monitors


def test_what_hints_find_by_text_alone_is_not_said_twice():
    said = review(script(), CPU, hint_findings=check_script(script()))
    ids = [each.hint_id for each in said.findings]
    assert ids.count(SMALL_BATCH) == 1
    assert ids.count(NO_MONITORING) == 1


@pytest.mark.parametrize("limit", ["n_jobs=1", "thread_count=1"])
def test_an_estimator_held_to_one_thread_is_named(limit):
    code = f"from somewhere import Model\nModel({limit}).fit(x, y)\n"
    assert "one-thread" in found(code, CPU)
    assert "one-thread" not in found(code, replace(CPU, cores=1))
    assert review(code, CPU).kind is Kind.ESTIMATOR
    assert "one-thread" not in found(code.replace("=1", "=8"), CPU)


def test_saving_without_ever_loading_is_advice():
    code = script() + "torch.save(net.state_dict(), 'last.pt')\n"
    assert not found(code, CPU)["no-resume"].must_fix
    assert "no-resume" not in found(code + "torch.load('last.pt')\n", CPU)
