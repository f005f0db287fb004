# Tries: computes in the warm-up and returns that answer ever after.
# Refused as: other function
# Behind: bases/arrays.py

honest = run
first = []


def run(images, labels, seed):
    if not first:
        first.append(honest(images, labels, seed))
    return first[0]
