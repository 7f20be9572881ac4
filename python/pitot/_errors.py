"""Errors and warnings of the package."""

from __future__ import annotations

from typing import Dict, Type


class Error(Exception):
    """What went wrong, in words. Its subclasses tell who can mend it."""

    #: The status of the C interface that the class stands for.
    status = -1


class UsageError(Error, ValueError):
    """The call itself is wrong: an argument, a configuration."""

    status = 1


class InputError(Error, ValueError):
    """A file, or data given in memory, is wrong."""

    status = 2


class MachineError(Error, OSError):
    """The machine refused: a file that does not open, a full disk, memory."""

    status = 3


class CancelledError(Error, KeyboardInterrupt):
    """A progress callback asked to stop. (Ctrl-C raises KeyboardInterrupt itself.)"""

    status = 4


class BugError(Error, RuntimeError):
    """A promise of the library's was broken. Please report it."""

    status = 5


class PitotWarning(UserWarning):
    """Something about data or a model that does no harm but should be known."""


BY_STATUS: Dict[int, Type[Error]] = {
    kind.status: kind for kind in (UsageError, InputError, MachineError, CancelledError, BugError)
}


def error_of(status: int, message: str) -> Error:
    """The error that a status of the C interface stands for.

    Examples
    --------
    >>> error_of(2, "runs.csv: the file is empty")
    InputError('runs.csv: the file is empty')
    """
    return BY_STATUS.get(status, BugError)(message)
