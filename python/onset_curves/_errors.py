"""What can go wrong. Every class is an `OnsetError`, and one of Python's own where it means the same."""

from __future__ import annotations

import warnings


class OnsetError(Exception):
    """Anything that onset refuses. The text is the one that the program prints."""


class InputError(OnsetError, ValueError):
    """An argument, a table, a task or a settings file is wrong. The caller can correct it."""


class UndeterminedError(InputError):
    """The input is in order, but the data cannot answer the question asked of them."""


class NotFoundError(OnsetError, FileNotFoundError):
    """A file or folder is not there."""


class IoError(OnsetError, OSError):
    """The operating system refused to read, write or listen."""


class InUseError(OnsetError):
    """Another run is using it; it may be free later."""


class UnsupportedError(OnsetError, NotImplementedError):
    """A model, a format or a switch that onset does not know."""


class ServerError(OnsetError, ConnectionError):
    """A server or the hub failed, or refused."""


class DivergedError(OnsetError, ArithmeticError):
    """Training gave a number that is none."""


class CheckFailedError(OnsetError):
    """A check that was asked for ran and found differences."""


class OnsetWarning(UserWarning):
    """What a reader should be careful about."""


def warn(text: str) -> None:
    """Warns at the place in the caller's own code."""
    import sys

    level, frame = 1, sys._getframe(0)
    while frame is not None and frame.f_globals.get("__name__", "").startswith(__package__ or "onset_curves"):
        level, frame = level + 1, frame.f_back  # type: ignore[assignment]
    warnings.warn(text, OnsetWarning, stacklevel=level)
