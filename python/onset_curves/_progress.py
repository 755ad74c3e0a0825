"""A bar for long work: in terminals and notebooks, silent in pipes."""

from __future__ import annotations

import sys
import time
from typing import Any


class Bar:
    """Shows how much is done. It never fails: work does not stop for a bar."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._first: int | None = None
        self._shown = 0
        self._display = _notebook_display()

    def __call__(self, done: int, of: int, what: str) -> None:
        if self._display is None and not _is_terminal():
            return
        if self._first is None:
            self._first = done
        text = self._line(done, of, what)
        if self._display is not None:
            self._display.update({"text/plain": text}, raw=True)
        else:
            sys.stderr.write("\r" + text.ljust(self._shown))
            sys.stderr.flush()
            self._shown = len(text)

    def _line(self, done: int, of: int, what: str) -> str:
        share = done / of if of else 0.0
        filled = int(24 * share)
        text = f"{what[:24]:24} {'█' * filled}{'·' * (24 - filled)} {done}/{of}"
        new = done - (self._first or 0)
        if 0 < new and done < of:
            left = (time.monotonic() - self._began) / new * (of - done)
            text += f", {_shown(left)} left"
        return text

    def close(self) -> None:
        """Leaves an empty line behind on a terminal."""
        if self._shown:
            sys.stderr.write("\r" + " " * self._shown + "\r")
            sys.stderr.flush()


def _shown(seconds: float) -> str:
    minutes, seconds = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def _is_terminal() -> bool:
    try:
        return sys.stderr is not None and sys.stderr.isatty()
    except ValueError:
        return False


def _notebook_display() -> Any:
    """A display of a notebook's kernel that can be updated; None anywhere else."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is None or not hasattr(shell, "kernel"):
        return None
    from IPython.display import display

    return display({"text/plain": ""}, raw=True, display_id=True)
