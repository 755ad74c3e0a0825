"""L = E + A/N^alpha + B/D^beta on the 240 points of data/chinchilla.csv: scipy's BFGS from the 4,500 starts of Hoffmann et al.,
as in the public refit (Besiroglu et al. 2024), with the gradient given.

`python benches/loss_law_against_scipy.py [STARTS [DRAWS]]` times so many starts (all unless said) and so many bootstrap draws
(100 unless said, each from the optimum), and scales both to 4,500 and 2,000. Needs numpy and scipy. Compare with
`time onset loss-law data/chinchilla.csv`.
"""

import csv
import itertools
import sys
import time
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

DELTA, ALL_STARTS, ALL_DRAWS = 1e-3, 4_500, 2_000


def objective(p, n, d, y):
    terms = np.stack([p[0] - p[3] * n, p[1] - p[4] * d, np.full_like(n, p[2])])
    top = terms.max(axis=0)
    shares = np.exp(terms - top)
    total = shares.sum(axis=0)
    r = y - top - np.log(total)
    shares /= total
    size = np.abs(r)
    value = np.where(size <= DELTA, 0.5 * r * r, DELTA * (size - 0.5 * DELTA)).sum()
    pull = np.clip(r, -DELTA, DELTA)
    a, b, e = (pull * shares).sum(axis=1)
    return value, -np.array([a, b, e, -(pull * shares[0] * n).sum(), -(pull * shares[1] * d).sum()])


def main():
    starts, draws = ([int(word) for word in sys.argv[1:]] + [ALL_STARTS, 100][len(sys.argv) - 1 :])[:2]
    rows = list(csv.DictReader(open(Path(__file__).parent.parent / "data/chinchilla.csv")))
    n, d, y = (np.log([float(row[name]) for row in rows]) for name in ("params", "tokens", "loss"))
    grid = list(itertools.product(range(0, 30, 5), range(0, 30, 5), np.arange(-1, 1.5, 0.5), *[np.arange(0, 2.5, 0.5)] * 2))
    assert len(grid) == ALL_STARTS
    chosen = grid[:: max(1, ALL_STARTS // starts)]
    begin = time.process_time()
    ends = [minimize(objective, start, args=(n, d, y), jac=True, method="BFGS") for start in chosen]
    took = time.process_time() - begin
    best = min(ends, key=lambda end: end.fun).x
    print(f"{len(chosen)} starts {took:.1f} s of CPU, so {took * ALL_STARTS / len(chosen):.0f} s for all")
    print("E {:.5f} A {:.3f} B {:.2f} alpha {:.6f} beta {:.6f}".format(*np.exp(best[[2, 0, 1]]), *best[3:]))
    random = np.random.default_rng(0)
    begin = time.process_time()
    for _ in range(draws):
        at = random.integers(0, len(y), len(y))
        minimize(objective, best, args=(n[at], d[at], y[at]), jac=True, method="BFGS")
    took = time.process_time() - begin
    print(f"{draws} draws {took:.1f} s of CPU, so {took * ALL_DRAWS / draws:.0f} s for {ALL_DRAWS}")


main()
