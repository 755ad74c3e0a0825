"""MMLU of the paper's 53 models: `onset.fit`, and the nearest thing that scipy and statsmodels offer, in turns in one run.

The peer fits the hinge alone, from 20 starts; its standard errors take the break as known; its wild cluster bootstrap refits
the break in every draw. What `onset.fit` does beside that (five rival curves, tests, intervals of the break, the sweep over
cut-offs) has no counterpart there. `python benches/fit_against_statsmodels.py [DRAWS]` times that many bootstrap draws of the
9,999 (200 unless said) and scales. Needs the package in python/, scipy, statsmodels and pandas.
"""

import inspect
import sys
import time

import numpy as np
import onset_curves as onset
import statsmodels.api as sm
from scipy.optimize import least_squares

CHANCE, ALL = 0.25, 9_999


def with_onset(tables):
    return onset.fit(tables, score="mmlu", cutoff="2023-11", curve="hinge", chance=CHANCE)


def with_statsmodels(frame, draws):
    x, y = np.log10(6 * frame["params"] * frame["tokens"]).to_numpy(float), frame["score"].to_numpy(float)
    new = (frame["release"] >= "2023-11").to_numpy(float)
    families = frame["family"].astype("category").cat.codes.to_numpy()

    def hinge(y, with_gap):
        def residuals(p):
            return CHANCE + p[0] * np.maximum(0.0, x - p[1]) + (p[2] * new if with_gap else 0.0) - y

        starts = np.linspace(x.min(), x.max(), 20)
        found = [least_squares(residuals, [0.1, start, 0.0]) for start in starts]
        return min(found, key=lambda one: one.cost)

    def clustered(y, c):
        design = np.column_stack([np.maximum(0.0, x - c), new])
        return sm.OLS(y - CHANCE, design).fit(cov_type="cluster", cov_kwds={"groups": families})

    best = hinge(y, True)
    fit = clustered(y, best.x[1])
    restricted = hinge(y, False)
    fitted = y + restricted.fun
    rng = np.random.default_rng(0)
    beyond = 0
    for _ in range(draws):
        signs = rng.choice([-1.0, 1.0], families.max() + 1)[families]
        drawn = fitted - restricted.fun * signs
        again = clustered(drawn, hinge(drawn, True).x[1])
        beyond += abs(again.tvalues[1]) >= abs(fit.tvalues[1])
    return fit.params[1], fit.bse[1], beyond / draws


def timed(call):
    start = time.perf_counter()
    found = call()
    return found, time.perf_counter() - start


def main():
    draws = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    models, scores = onset.datasets.models(frame="pandas"), onset.datasets.evaluations(frame="pandas")
    mmlu = scores[(scores["benchmark"] == "mmlu") & (scores["adjustment"] == "none") & (scores["metric"] == "acc")]
    frame = models.merge(mmlu[["model", "value"]].rename(columns={"value": "score"}), on="model")
    for _ in range(2):
        fit, seconds = timed(lambda: with_onset([models, scores]))
        row = fit.tidy(frame="pandas").query("parameter == 'theta'").iloc[0]
        print(f"onset: theta {row.estimate:.6f}, se {row.se:.6f}; everything in {seconds:.2f} s")
        (theta, se, p), slow = timed(lambda: with_statsmodels(frame, draws))
        print(f"statsmodels: theta {theta:.6f}, se {se:.6f}, wild p {p:.3f}; {slow:.1f} s for {draws} draws")
        print(f"scaled to {ALL} draws: {slow * ALL / draws:.0f} s, {slow * ALL / draws / seconds:.0f} times as long")
    lines = [len(inspect.getsource(call).splitlines()) - 1 for call in (with_onset, with_statsmodels)]
    print(f"lines of code: onset {lines[0]}, statsmodels {lines[1]}")


if __name__ == "__main__":
    main()
