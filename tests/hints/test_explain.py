"""A log's error is answered with the hint that knows it."""

# ruff: noqa: E501
from __future__ import annotations

import pytest

from medalist.hints.review import explain_log

_ERRORS = {
    "albumentations-albucore": "ImportError: cannot import name 'preserve_channel_dim' from 'albucore.utils' (/x/albucore/utils.py)",
    "mixup-drop-last": "AssertionError: Batch size should be even when using this",
    "loss-outside-autocast": "RuntimeError: expected scalar type Half but found Float",
    "text-labels": "TypeError: can't convert np.ndarray of type numpy.object_. The only supported types are: float64",
    "tokenizers-parallelism": "huggingface/tokenizers: The current process just got forked, after parallelism has already",
    "model-path-weights-path": "OSError: weights/model.bin is not a local folder and is not a valid model identifier listed on",
    "out-of-memory": "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.",
    "labels-out-of-range": "IndexError: Target 10 is out of bounds.",
    "state-from-a-path": "TypeError: Expected state_dict to be dict-like, got <class 'str'>.",
    "encoder-fitted-on-a-part": "ValueError: y contains previously unseen labels: ['lynx']",
    "job-killed": "numpy.core._exceptions._ArrayMemoryError: Unable to allocate 12.1 GiB for an array with shape (9, 9)",
    "weights-do-not-fit": "size mismatch for fc.weight: copying a param with shape torch.Size([1000, 512])",
    "early-stopping-in-fit": "TypeError: LGBMClassifier.fit() got an unexpected keyword argument 'early_stopping_rounds'",
    "numpy-removed-names": "AttributeError: module 'numpy' has no attribute 'float'.",
    "disk-full": "OSError: [Errno 28] No space left on device",
}


@pytest.mark.parametrize("hint_id", _ERRORS)
def test_the_error_is_explained(hint_id: str) -> None:
    log = f'Fold 1/5, Epoch 1/3, Loss: 0.7\nTraceback (most recent call last):\n  File "train.py", line 3\n{_ERRORS[hint_id]}\n'
    findings = explain_log(log)
    assert findings[0].hint_id == hint_id
    assert findings[0].line == 4
    assert findings[0].fix


def test_the_last_error_comes_first() -> None:
    log = "UserWarning: Implicit dimension choice for softmax has been deprecated\n...\nIndexError: Target 3 is out of bounds.\n"
    assert [f.hint_id for f in explain_log(log)][:2] == ["labels-out-of-range", "softmax-without-dim"]


def test_a_healthy_log_has_no_explanation() -> None:
    log = "RESOURCES: 8 CPU cores, batch=128, GPU=none, Mixed Precision=OFF\nFold 1/5, Epoch 1/10, Loss: 0.542\n"
    assert explain_log(log) == []


def test_a_long_log_is_read_from_its_end() -> None:
    log = "x" * 79 + "\n"
    findings = explain_log(log * 10_000 + "CUDA out of memory\n")
    assert [(f.hint_id, f.line) for f in findings] == [("out-of-memory", 10_001)]
