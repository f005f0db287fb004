"""Every error Medalist raises on purpose, in one tree.

    MedalistError
    ├── UsageError              wrong usage or input: exit status 2
    │   ├── InputError          a file or folder a person gave cannot be used
    │   ├── MetricNotOffered    a metric that Medalist knows by name but does not compute yet
    │   └── RunNotFound         no such run, or a folder that is not one
    ├── StoreError              a run's own files cannot be written (disk full, no permission)
    ├── SandboxUnavailable      the sandbox asked for does not work on this machine
    ├── JobError                a background job could not be started or controlled
    ├── SubmissionInvalid       a submission breaks a rule that an engineer may know
    ├── GraderError             the grader itself failed (never the submission's fault)
    ├── AnswersClosed           somebody other than a grader asked for hidden answers
    ├── LlmError                a language model could not be asked: no key, refused, timed out, no answer
    │   ├── CostLimit           the next call could pass the limit in money or tokens
    │   └── TooLong             the language model cannot take that much at once
    └── BudgetSpent             a time limit was reached

Each says what happened, where, and what to do next, so that the command line can print three
short lines instead of a traceback.
"""

from __future__ import annotations


class MedalistError(Exception):
    """Base of every error raised on purpose.

    ``what`` is a sentence; ``where`` a file, line or setting ("" when there is none);
    ``next_step`` what the reader can do about it.
    """

    exit_status = 1

    def __init__(self, what: str, *, where: str = "", next_step: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.next_step = next_step

    def __str__(self) -> str:
        parts = [self.what]
        if self.where:
            parts.append(f"Where: {self.where}")
        if self.next_step:
            parts.append(f"Next: {self.next_step}")
        return "\n".join(parts)


class UsageError(MedalistError):
    """The command or its input is wrong; nothing was started."""

    exit_status = 2


class InputError(UsageError):
    """A file or folder that a person gave cannot be used as it is."""


class MetricNotOffered(UsageError):
    """The metric is known by name but not computed by this version."""


class RunNotFound(UsageError):
    """No run stands at the folder or name given."""


class StoreError(MedalistError):
    """A run's own files cannot be written or read back."""


class SandboxUnavailable(MedalistError):
    """The sandbox asked for was probed and does not hold on this machine."""


class JobError(MedalistError):
    """A background job could not be started, read or stopped."""


class SubmissionInvalid(MedalistError):
    """A submission is malformed in a way that an engineer may be told."""


class GraderError(MedalistError):
    """The grader failed for a reason of its own; the submission is not to blame."""


class AnswersClosed(MedalistError):
    """Hidden answers were asked for outside a grader's process."""


class LlmError(MedalistError):
    """A language model could not be asked, or gave no usable answer."""


class CostLimit(LlmError):
    """The worst case of the next call would pass the limit in money or tokens; it was not made."""


class TooLong(LlmError):
    """What was asked, with room for the answer, is longer than the language model can take."""


class BudgetSpent(MedalistError):
    """A time limit was reached."""
