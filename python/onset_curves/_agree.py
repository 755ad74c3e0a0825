"""`onset.agree`: whether benchmarks rank models alike."""

from __future__ import annotations

from html import escape
from typing import Any

from . import _core, _frames, _options
from ._errors import InputError
from ._figure import Figure
from ._report import Report

Given = Any


def agree(
    data: Given = None,
    *,
    before: Given = None,
    after: Given = None,
    score: Given = None,
    metric: Given = None,
    adjusted: Given = None,
    where: Given = None,
    score_scale: Given = None,
    falling: Given = None,
    rising: Given = None,
    items: Given = None,
    model: Given = None,
    family: Given = None,
    cluster: Given = None,
    decimal: Given = None,
    sheet: Given = None,
    bootstrap: Given = None,
    level: Given = None,
    seed: Given = None,
) -> Agreement:
    """Says whether benchmarks rank your models alike, how sure that is, and what adjustment changes about it.

    Parameters
    ----------
    data
        A table of models and scores, as :func:`fit` takes it: wide (a column for each benchmark) or long.
    before, after
        Scores before and after adjustment, where they are in two places.

    All other keywords are the options of `onset agree`, with their names, defaults and meaning (docs/agree.md).

    Raises
    ------
    UndeterminedError
        For fewer than 8 models, one family, or fewer than two benchmarks.
    """
    options = dict(locals())
    for own in ("data", "before", "after"):
        options.pop(own)
    if before is None and after is None and data is None:
        raise InputError("there is no table: give a frame, a dict of columns or a path")
    found = _core.agree(data, before, after, _options.texts("agree", options))
    library = next((one for one in map(_frames.like, (data, before, after)) if one is not None), None)
    return Agreement(found, library)


class Agreement(Report):
    """Benchmarks compared. Frames are given in the library that the data came in, or in the one named by `frame`."""

    def summary(self, width: int = 100) -> str:
        """The report as the program prints it."""
        return super().summary(width)

    def tidy(self, frame: str | None = None) -> Any:
        """One row for each estimate about all benchmarks together: quantity, condition, value, low, high, reason."""
        return self._out(self._core.tidy(), frame)

    def pairs(self, frame: str | None = None) -> Any:
        """One row for each pair of benchmarks and condition: tau, its interval, p-values raw and adjusted, noise ceiling."""
        return self._out(self._core.pairs(), frame)

    def benchmarks(self, frame: str | None = None) -> Any:
        """One row for each benchmark and condition: its mean tau with the others, its ceiling and reliability."""
        return self._out(self._core.benchmarks(), frame)

    def ranks(self, frame: str | None = None) -> Any:
        """One row for each model and benchmark: its rank, and the best and worst that noise leaves possible."""
        return self._out(self._core.ranks(), frame)

    def plot(self) -> Figure:
        """The figure: a heat map for each condition."""
        return Figure(self._core.figure(), self._library)

    @property
    def notes(self) -> list[str]:
        """How the tables were read and what was left out."""
        found: list[str] = self._core.notes
        return found

    def _repr_html_(self) -> str:
        return f"{self._core.figure().svg()}<pre>{escape(self.summary())}</pre>"
