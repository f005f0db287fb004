"""Texts of the functions that make training steps without autograd: losses, updates, dropout's draws.

Each comes as array expressions for NumPy and as loops for numba; a ``{name}`` is filled in with a name that is free.
The functions work in place on the parameters and on the optimiser's own state, so that both stay what they would be.
"""

from __future__ import annotations

# Division as NumPy has it: a check for zero would keep a loop with one from being vectorised.
COMPILED = '@numba.njit(fastmath=True, error_model="numpy")\n'

MASKS = '''\
def {masks}(rows, batch_size, dtype, layers):
    """What dropout multiplies each row by, an array (rows, width) a layer of ``layers``, pairs of width and share.

    The numbers are drawn batch by batch and layer by layer, as the layers themselves would draw them.
    """
    drawn = [torch.empty(rows, width, dtype=dtype) for width, _ in layers]
    for batch in zip(*(mask.split(batch_size) for mask in drawn), strict=True):
        for mask, (_, share) in zip(batch, layers, strict=True):
            mask.bernoulli_(1.0 - share)
    return tuple(mask.div_(1.0 - share).numpy() for mask, (_, share) in zip(drawn, layers, strict=True))
'''

CROSS_ENTROPY = '''\
def {loss}(logits, targets):
    """Mean cross-entropy of logits (rows, classes), and its gradient in their shape."""
    below = logits - logits.max(axis=1, keepdims=True)
    shares = np.exp(below)
    totals = shares.sum(axis=1, keepdims=True)
    rows = np.arange(len(logits))
    mean = np.mean(np.log(totals[:, 0]) - below[rows, targets])
    shares /= totals
    shares[rows, targets] -= 1.0
    return mean, shares / len(logits)
'''

CROSS_ENTROPY_LOOPS = '''\
def {loss}(logits, targets):
    """Mean cross-entropy of logits (rows, classes), and its gradient in their shape."""
    rows, classes = logits.shape
    gradient = np.empty_like(logits)
    total = 0.0
    for row in range(rows):
        highest = logits[row].max()
        summed = 0.0
        for column in range(classes):
            gradient[row, column] = math.exp(logits[row, column] - highest)
            summed += gradient[row, column]
        total += math.log(summed) + highest - logits[row, targets[row]]
        for column in range(classes):
            gradient[row, column] /= summed * rows
        gradient[row, targets[row]] -= 1.0 / rows
    return total / rows, gradient
'''

MEAN_SQUARE = '''\
def {loss}(outputs, targets):
    """Mean squared difference of two arrays of one shape, and its gradient by the first."""
    difference = outputs - targets
    return (difference * difference).mean(), difference * outputs.dtype.type(2.0 / difference.size)
'''

ABSOLUTE = '''\
def {loss}(outputs, targets):
    """Mean size of the difference of two arrays of one shape, and its gradient by the first."""
    difference = outputs - targets
    return np.abs(difference).mean(), np.sign(difference) / outputs.dtype.type(difference.size)
'''

LOGISTIC = '''\
def {loss}(logits, targets):
    """Mean cross-entropy of two classes by their logit, and its gradient in the logits' shape."""
    one = logits.dtype.type(1)
    shrunk = np.exp(-np.abs(logits))
    higher = np.maximum(logits, one - one) - logits * targets + np.log1p(shrunk)
    shares = np.where(logits > 0, one, shrunk) / (one + shrunk)
    return higher.mean(), (shares - targets) / logits.dtype.type(logits.size)
'''

ADAM = '''\
def {update}(parameter, gradient, state, step, options):
    """Adam's update in place (Kingma and Ba, arXiv 1412.6980, algorithm 1); ``step`` counts from one."""
    rate, first, second, epsilon, decay = options
    mean, square = state
    {decayed}
    mean += (1.0 - first) * (gradient - mean)
    square *= second
    square += (1.0 - second) * gradient * gradient
    root = np.sqrt(square) / math.sqrt(1.0 - second**step) + epsilon
    parameter -= rate / (1.0 - first**step) * mean / root
'''

ADAM_LOOPS = '''\
def {update}(parameter, gradient, state, step, options):
    """Adam's update in place (Kingma and Ba, arXiv 1412.6980, algorithm 1); ``step`` counts from one."""
    real = parameter.dtype.type
    rate, first, second, epsilon, decay = options
    keep_mean, keep_square, small = real(first), real(second), real(epsilon)
    take_mean, take_square = real(1.0 - first), real(1.0 - second)
    {decayed}
    length = real(rate / (1.0 - first**step))
    grown = real(1.0 / math.sqrt(1.0 - second**step))
    values, slopes = parameter.ravel(), gradient.ravel()
    mean, square = state[0].ravel(), state[1].ravel()
    for at in range(values.size):
        slope = {slope}
        mean[at] = keep_mean * mean[at] + take_mean * slope
        square[at] = keep_square * square[at] + take_square * slope * slope
        values[at] = {value} - length * mean[at] / (math.sqrt(square[at]) * grown + small)
'''

SGD = '''\
def {update}(parameter, gradient, state, step, options):
    """Gradient descent's update in place, with momentum as torch has it."""
    rate, momentum, decay, nesterov = options
    speed = state[0]
    slope = gradient + decay * parameter
    speed *= momentum
    speed += slope
    parameter -= rate * (slope + momentum * speed if nesterov else speed)
'''

SGD_LOOPS = '''\
def {update}(parameter, gradient, state, step, options):
    """Gradient descent's update in place, with momentum as torch has it."""
    real = parameter.dtype.type
    rate, momentum, decay = real(options[0]), real(options[1]), real(options[2])
    ahead = options[3]
    values, slopes, speed = parameter.ravel(), gradient.ravel(), state[0].ravel()
    for at in range(values.size):
        slope = slopes[at] + decay * values[at]
        speed[at] = momentum * speed[at] + slope
        values[at] -= rate * (slope + momentum * speed[at] if ahead else speed[at])
'''

STEPS = '''\
def {steps}({arguments}):
    """A step for each batch of the rows, in order: forward, the gradient by hand, and the update; fills ``losses``."""
{unpacked}
    for step in range(len(losses)):
        batch = slice(step * batch_size, (step + 1) * batch_size)
{forward}
        losses[step], slope = {loss}({output}, targets[batch])
{answered}{backward}
        number = steps_before + step + 1
{updates}
'''

EPOCH = '''\
def {epoch}(model, optimizer, inputs, targets{batch_size}):
    """A step of the optimiser for each batch of the rows, without autograd; {returned}.

    Parameters and the optimiser's state are changed where they are, and dropout draws the numbers it always draws.
    """
{parameters}
    group = optimizer.param_groups[0]
    states = [optimizer.state[parameter] for parameter in parameters]
    for parameter, state in zip(parameters, states, strict=True):
        if not state:
{state}
    inputs = inputs.detach().reshape(len(inputs), -1){whole}
{masks}
    losses = np.empty(-(-len(inputs) // batch_size))
{answers}    {steps}(
        np.ascontiguousarray(inputs.numpy()),
        {targets},
        batch_size,
        losses,
        masks,
        tuple(parameter.detach().numpy() for parameter in parameters),
        tuple({arrays} for state in states),
        {before},
        {options},
{more}    )
{after}
'''
