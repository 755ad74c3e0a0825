from __future__ import annotations

import math

import pytest

import onset_curves as onset

X = [20.5, 21.0, 21.5, 22.0, 22.5, 23.0, 23.5]
Y = [0.25, 0.25, 0.28, 0.25, 0.33, 0.35, 0.43]
NEW = [0, 0, 1, 0, 1, 0, 1]


def test_a_hinge_finds_its_parameters():
    fit = onset.Hinge(chance=0.25).fit(X, Y, groups=NEW)
    assert fit.c == pytest.approx(22.0) and fit.theta == pytest.approx(0.03) and fit.alpha == pytest.approx(0.1)
    assert list(fit.params) == fit._core.names and "alpha" in dir(fit)
    assert sum(residual**2 for residual in fit.residuals) == pytest.approx(fit.sse, abs=1e-15)
    assert fit.predict([23.5], groups=[1])[0] == pytest.approx(0.43)
    with pytest.raises(AttributeError, match="alpha"):
        fit.nothing


def test_every_curve_fits_and_says_its_formula():
    for curve in (onset.Hinge, onset.Linear, onset.Segmented, onset.Logistic, onset.Richards, onset.Plateau, onset.Flat):
        fit = curve(chance=0.25).fit(X, Y)
        assert curve().formula.startswith("y = ") and fit.n == 7 and all(map(math.isfinite, fit.params.values()))


def test_standard_errors_are_those_of_least_squares():
    numpy = pytest.importorskip("numpy")
    y = numpy.array(Y)
    fit = onset.Linear().fit(numpy.array(X), y)
    design = numpy.column_stack([numpy.ones(7), X])
    beta, rest, *_ = numpy.linalg.lstsq(design, y, rcond=None)
    errors = numpy.sqrt(numpy.diag(numpy.linalg.inv(design.T @ design) * rest / 5))
    assert list(fit.params.values()) == pytest.approx(list(beta), rel=1e-9)
    assert list(fit.std_errors("classical").values()) == pytest.approx(list(errors), rel=1e-9)
    low, high = fit.conf_int(covariance="classical")["slope"]
    assert low < beta[1] < high and isinstance(fit.fitted, numpy.ndarray)


def test_clustered_errors_need_families():
    fit = onset.Hinge(chance=0.25).fit(X, Y)
    with pytest.raises(onset.InputError, match="families="):
        fit.std_errors("cr2")
    fit = onset.Hinge(chance=0.25).fit(X, Y, families=list("aabbccd"))
    assert all(error > 0 for error in fit.std_errors("cr2").values())


@pytest.mark.parametrize(
    ("x", "y", "text"),
    [
        ([1, 2], [1], "2"),
        (["a", "b"], [1, 2], "no number"),
        ("abc", [1, 2], "list of numbers"),
        ([1, math.nan, 3], [1, 2, 3], "NaN"),
        ([], [], "0"),
        ([1, 1, 1], [1, 2, 3], "predictor"),
    ],
)
def test_wrong_arrays_are_input_errors(x, y, text):
    with pytest.raises(onset.OnsetError, match=text):
        onset.Hinge(chance=0.0).fit(x, y)
