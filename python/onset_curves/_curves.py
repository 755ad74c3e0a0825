"""Curves on arrays, without a table: `Hinge(chance=0.25).fit(x, y)`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from . import _core
from ._errors import InputError


class _Curve:
    """A curve of score against log10 compute, with levels held or estimated.

    Parameters
    ----------
    chance
        The level before scores move. ``None`` estimates it where the curve can (:attr:`formula`), else it is 0.
    ceiling
        The level that scores end at, for curves that have one. ``None`` estimates it.
    """

    _name = ""

    def __init__(self, chance: float | None = None, ceiling: float | None = None) -> None:
        self._core = _core.Curve(self._name, chance, ceiling)

    @property
    def formula(self) -> str:
        """The formula, groups aside."""
        return self._core.formula

    def fit(
        self, x: Any, y: Any, groups: Any = None, weights: Any = None, families: Any = None
    ) -> CurveFit:
        """Fits the curve by least squares.

        Parameters
        ----------
        x, y
            n values of the predictor (log10 FLOPs) and n scores.
        groups
            One column of n zeros and ones (or any covariate), or a list of such columns.
        weights
            n inverse variances, up to a factor.
        families
            n labels; models of one family are not independent. Clustered standard errors need them.
        """
        columns = None if groups is None else _columns(groups)
        labels = None if families is None else [str(label) for label in _listed(families)]
        weighted = None if weights is None else _numbers("weights", weights)
        return CurveFit(self._core.fit(_numbers("x", x), _numbers("y", y), columns, weighted, labels))

    def __repr__(self) -> str:
        return f"{type(self).__name__}: {self.formula}"


class Hinge(_Curve):
    """Chance, then a straight rise from the point of emergence on: the curve of arXiv 2407.07890."""

    _name = "hinge"


class Linear(_Curve):
    """A straight line."""

    _name = "linear"


class Segmented(_Curve):
    """Two free lines that meet."""

    _name = "segmented"


class Logistic(_Curve):
    """A logistic from chance to an upper level."""

    _name = "logistic"


class Richards(_Curve):
    """A Richards curve from chance to an upper level."""

    _name = "richards"


class Plateau(_Curve):
    """Chance, a straight rise, and a ceiling."""

    _name = "plateau"


class Flat(_Curve):
    """A constant level, with which the others are compared."""

    _name = "flat"


class CurveFit:
    """A fitted curve. Parameters are attributes too: ``fit.alpha``, ``fit.c``, ``fit.theta``."""

    def __init__(self, core: _core.CurveFit) -> None:
        self._core = core

    @property
    def params(self) -> dict[str, float]:
        """The identified parameters by name."""
        return dict(zip(self._core.names, self._core.estimates))

    def __getattr__(self, name: str) -> float:
        if name.startswith("_") or name not in self._core.names:
            known = [] if name.startswith("_") else self._core.names
            raise AttributeError(f"the fit has no `{name}`; its parameters are {', '.join(known)}")
        return self.params[name]

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._core.names]

    @property
    def fitted(self) -> Any:
        """n fitted values."""
        return _array(self._core.fitted)

    @property
    def residuals(self) -> Any:
        """n values, observed minus fitted."""
        return _array(self._core.residuals)

    @property
    def sse(self) -> float:
        """Sum of squared residuals, weighted where the fit was."""
        return self._core.sse

    @property
    def r_squared(self) -> float | None:
        """Share of the variance around the mean that the curve explains; ``None`` for constant scores."""
        return self._core.r_squared

    @property
    def n(self) -> int:
        """Observations of positive weight."""
        return self._core.n

    @property
    def log_likelihood(self) -> float:
        """Gaussian log-likelihood at the maximum."""
        return self._core.log_likelihood

    @property
    def converged(self) -> bool | None:
        """Whether the optimiser ended in a minimum; ``None`` for curves that are fitted exactly."""
        return self._core.converged

    def std_errors(self, covariance: str = "hc3") -> dict[str, float]:
        """Standard errors by parameter: classical, hc0 to hc3; with families also cr0, cr1, cr1s, cr2, cr3."""
        return dict(zip(self._core.names, self._core.std_errors(covariance)))

    def conf_int(self, level: float = 0.95, covariance: str = "hc3") -> dict[str, tuple[float, float] | None]:
        """Confidence intervals by parameter; ``None`` where there is none."""
        return dict(zip(self._core.names, self._core.intervals(covariance, level)))

    def predict(self, x: Any, groups: Any = None) -> Any:
        """The curve at `x`."""
        columns = None if groups is None else _columns(groups)
        return _array(self._core.predict(_numbers("x", x), columns))

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={value:.6g}" for name, value in self.params.items())
        return f"CurveFit({values}; n={self.n}, sse={self.sse:.6g})"


def _listed(values: Any) -> list[Any]:
    tolist = getattr(values, "tolist", None) or getattr(values, "to_list", None)
    return list(tolist()) if callable(tolist) else list(values)


def _numbers(name: str, values: Any) -> list[float]:
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise InputError(f"{name} is a list of numbers, not {values!r}")
    try:
        return [float(value) for value in _listed(values)]
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} holds something that is no number: {error}") from error


def _columns(groups: Any) -> list[list[float]]:
    listed = _listed(groups)
    nested = bool(listed) and all(isinstance(one, (Sequence, Iterable)) and not isinstance(one, str) for one in listed)
    return [_numbers("groups", one) for one in listed] if nested else [_numbers("groups", listed)]


def _array(values: list[float]) -> Any:
    import sys

    numpy = sys.modules.get("numpy")
    return values if numpy is None else numpy.asarray(values)
