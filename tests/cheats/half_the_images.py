# Tries: trains on every second image, twice as often.
# Refused as: other function
# Behind: honest/blocked_partition.py

whole_training = train


def train(model, features, labels, epochs=4):
    return whole_training(model, features[::2], labels[::2], epochs) * 2
