"""Printed text as words and numbers, so that two outputs are compared as a person would: digits within their precision.

Stands alone (standard library), for its text travels inside a recorded program.
"""

import re

NUMBER = re.compile(r"[-+]?\d+(?:\.(\d+))?([eE][-+]?\d+)?|(?<![A-Za-z])[-+]?(?:nan|inf)(?![A-Za-z])")
MOST_DECIMALS = 12


def line_template(line):
    """A line with its numbers left out, and the spaces by which columns are aligned."""
    return " ".join(NUMBER.sub(lambda found: found[0][-3:] if found[0][-1] in "nf" else "#", line).split())


def line_numbers(line):
    """The numbers of a line, each with how many decimals it is printed with; -1 for one with an exponent."""
    for found in NUMBER.finditer(line):
        number = float(found[0])
        if abs(number) < float("inf"):
            yield number, -1 if found[2] else min(len(found[1] or ""), MOST_DECIMALS)


def same_text(one, other, quiet=(), rtol=1e-6):
    """Whether two outputs say the same, lines like ``quiet`` apart; a last digit may be rounded the other way."""
    lines = [
        [line for line in text.splitlines() if line_template(line) not in quiet] for text in (one, other)
    ]
    if [line_template(line) for line in lines[0]] != [line_template(line) for line in lines[1]]:
        return False
    for first, second in zip(*lines, strict=True):
        for (a, decimals), (b, _) in zip(line_numbers(first), line_numbers(second), strict=False):
            printed = 1.01 * 10.0**-decimals if decimals > 0 else 0.0
            if abs(a - b) > max(printed, rtol * abs(b) if decimals else 0.0):
                return False
    return True


def changing_lines(first, second):
    """Templates of the lines whose numbers differ; None where the texts are not made of the same lines."""
    pairs = list(zip(first.splitlines(), second.splitlines(), strict=False))
    if [line_template(line) for line in first.splitlines()] != [
        line_template(line) for line in second.splitlines()
    ]:
        return None
    return sorted(
        {line_template(one) for one, other in pairs if [*line_numbers(one)] != [*line_numbers(other)]}
    )
