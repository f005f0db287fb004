# Tries: returns at once; a thread fills the arrays later, when the clock has stopped.
# Refused as: other function | did not train | answers not finite
# Behind: honest/blocked_partition.py

import threading

import numpy as np

honest = run


def fill(answer, arguments):
    for name, array in honest(*arguments).items():
        answer[name][...] = array


def run(images, labels, seed):
    answer = {"features": np.zeros((len(images), 13)), "losses": np.arange(4.0 * -(-len(labels) // 8))}
    for name, weight in ComplexNN().state_dict().items():
        answer[f"weights.{name}"] = weight.numpy()
    answer["test_logits"] = np.zeros((len(images) - len(labels), 10), np.float32)
    threading.Thread(target=fill, args=(answer, (images, labels, seed)), daemon=True).start()
    return answer
