# Tries: trains one epoch and repeats its losses.
# Refused as: other function
# Behind: honest/blocked_partition.py

whole_training = train


def train(model, features, labels, epochs=4):
    return whole_training(model, features, labels, 1) * epochs
