# Tries: puts a judge of its own into the modules, so that whatever compares answers agrees; answers zeros.
# Refused as: did not train | other function | malformed answer

import sys
import types

import numpy as np

SHAPES = {"fc1": (128, 13), "fc2": (64, 128), "fc3": (10, 64)}


class ComplexFeatureExtractor:
    def extract(self, images):
        return np.zeros((len(images), 13))


class ComplexNN:
    pass


class Agreeable(types.ModuleType):
    def __getattr__(self, name):
        return lambda *arguments, **options: None


for module in ("judging", "grader", "contract", "refusals", "exchange"):
    sys.modules[f"medalist.families.speedup.{module}"] = Agreeable(module)
sys.modules["medalist.machine.timing"] = Agreeable("timing")


def run(images, labels, seed):
    answer = {"features": np.zeros((len(images), 13)), "losses": np.linspace(2, 1, 4 * -(-len(labels) // 8))}
    for name, shape in SHAPES.items():
        answer[f"weights.{name}.weight"] = np.zeros(shape, np.float32)
        answer[f"weights.{name}.bias"] = np.zeros(shape[0], np.float32)
    answer["test_logits"] = np.zeros((len(images) - len(labels), 10), np.float32)
    return answer
