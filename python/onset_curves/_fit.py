"""`onset.fit`: emergence curves of a table, with the verbs of statsmodels and broom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from typing import Any

from . import _core, _frames, _options
from ._errors import InputError, warn
from ._figure import Figure
from ._report import Report

#: Method of intervals, name of a model set, one value or several.
Given = Any


def fit(
    data: Given = None,
    *,
    before: Given = None,
    after: Given = None,
    score: Given = None,
    metric: Given = None,
    adjusted: Given = None,
    where: Given = None,
    score_scale: Given = None,
    model: Given = None,
    family: Given = None,
    params: Given = None,
    active_params: Given = None,
    tokens: Given = None,
    compute: Given = None,
    compute_unit: Given = None,
    params_unit: Given = None,
    tokens_unit: Given = None,
    any_size: bool | None = None,
    decimal: Given = None,
    dates: Given = None,
    sheet: Given = None,
    release: Given = None,
    items: Given = None,
    weights: Given = None,
    x: Given = None,
    x_scale: Given = None,
    cutoff: Given = None,
    group: Given = None,
    cluster: Given = None,
    curve: Given = None,
    chance: Given = None,
    ceiling: Given = None,
    counts: bool | None = None,
    covariance: Given = None,
    bootstrap: Given = None,
    level: Given = None,
    margin: Given = None,
    compute_sd: Given = None,
    seed: Given = None,
    predict: Given = None,
    holdout: Given = None,
) -> Fit | Fits:
    """Fits emergence curves to a table of models and scores.

    Parameters
    ----------
    data
        A frame (pandas, polars, pyarrow, DuckDB, anything with Arrow's stream), a dict of columns, a list of records, a path
        as `onset fit` takes it, or a list of these, which are joined by the models' names.
    before, after
        Scores before and after adjustment, where they are in two places; each as `data`.
    score
        Column of the score, or benchmark in a long table. A list of several gives :class:`Fits`.

    All other keywords are the options of `onset fit`: their names, their defaults, their meaning (docs/python.md, or
    ``onset fit --help``). ``None`` leaves an option out.

    Returns
    -------
    Fit
        Of one score; :class:`Fits` of several.

    Raises
    ------
    InputError
        When the table or an option cannot be used; the message names row and column.
    UndeterminedError
        When the data cannot answer the question.

    Warns
    -----
    OnsetWarning
        For whatever keeps the usual intervals from holding.
    """
    options = dict(locals())
    for own in ("data", "before", "after"):
        options.pop(own)
    if before is None and after is None and data is None:
        raise InputError("there is no table: give a frame, a dict of columns or a path")
    found = _core.fit(data, before, after, _options.texts("fit", options))
    library = next((one for one in map(_frames.like, (data, before, after)) if one is not None), None)
    result: Fit | Fits = Fits(found, library) if isinstance(found, _core.Fits) else Fit(found, library)
    if isinstance(result, Fit):
        for text in result.warnings:
            warn(text)
    return result


class Fit(Report):
    """A fitted score. Frames are given in the library that the data came in, or in the one named by `frame`."""

    def tidy(self, frame: str | None = None) -> Any:
        """One row for each estimate, by the method that the report leads with.

        Columns: condition, curve, parameter, group, estimate, se, df, low, high, p_value, method, reason.
        """
        return self._out(self._core.tidy(), frame)

    def glance(self, frame: str | None = None) -> Any:
        """One row for the fit as a whole; columns `adjusted_…` are of the score after adjustment."""
        return self._out(self._core.glance(), frame)

    def augment(self, frame: str | None = None) -> Any:
        """One row for each model: score, fitted, residual, standardized, leverage, weight; models left out at the end."""
        return self._out(self._core.augment(), frame)

    def parameters(self, frame: str | None = None) -> Any:
        """Every estimate of every curve by every method, as the program's parameters.csv."""
        return self._out(self._core.parameters(), frame)

    def curves(self, frame: str | None = None) -> Any:
        """Points of the curves with their confidence bands, as the program's predictions.csv."""
        return self._out(self._core.curves(), frame)

    def predict(self, x: Any, level: float | None = None, frame: str | None = None) -> Any:
        """Scores of new models at `x` (in the predictor's own unit), with prediction intervals.

        Columns: condition, curve, group, x, score, low, high, extrapolated, outside_scale.
        """
        values = [float(one) for one in x] if isinstance(x, Iterable) else [float(x)]
        return self._out(self._core.predict(values, level), frame)

    def plot(self, ax: Any = None) -> Any:
        """The figure; drawn into a matplotlib axis where one is given."""
        figure = Figure(self._core.figure(), self._library)
        return figure if ax is None else figure.draw(ax)

    def report(self, path: Any) -> None:
        """Writes the report as one page of HTML."""
        from pathlib import Path

        Path(path).write_text(self._core.page(), encoding="utf-8")

    @property
    def warnings(self) -> list[str]:
        """What keeps the usual intervals from holding, and what could not be computed."""
        found: list[str] = self._core.warnings
        return found

    @property
    def notes(self) -> list[str]:
        """How the tables were read and what was taken."""
        found: list[str] = self._core.notes
        return found

    def _repr_html_(self) -> str:
        return f"{self._core.figure().svg()}<pre>{escape(self.summary())}</pre>"


class Fits(Report):
    """Several fitted scores: `fits["mmlu"]` is one of them."""

    def tidy(self, frame: str | None = None) -> Any:
        """One row for each score, with p-values raw and adjusted for how many there are (Holm; Benjamini and Hochberg)."""
        return self._out(self._core.tidy(), frame)

    @property
    def scores(self) -> list[str]:
        """The scores, in the order in which they were asked for."""
        found: list[str] = self._core.scores
        return found

    def __len__(self) -> int:
        return len(self._core)

    def __iter__(self) -> Iterator[str]:
        return iter(self.scores)

    def __getitem__(self, score: str) -> Fit:
        return Fit(self._core[score], self._library)

    def _repr_html_(self) -> str:
        return f"<pre>{escape(self.summary())}</pre>"
