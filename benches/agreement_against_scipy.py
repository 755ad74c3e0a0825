"""The work of `cargo bench --bench agreement` with scipy: Kendall's tau-b of all pairs of 100 models x 60 benchmarks in
resamples of the models. `python benches/agreement_against_scipy.py [RESAMPLES]` times that many of the 2,000 (20 unless
said) and scales. Needs numpy and scipy.
"""

import sys
import time

import numpy as np
import scipy
from scipy.stats import kendalltau

MODELS, BENCHMARKS, ITEMS, ALL = 100, 60, 1_000, 2_000


def main() -> None:
    resamples = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    rng = np.random.default_rng(7)
    ability = rng.normal(size=(MODELS, 1))
    own = rng.normal(size=(MODELS, BENCHMARKS))
    scores = rng.binomial(ITEMS, 1 / (1 + np.exp(-ability - 0.7 * own))) / ITEMS
    start, work = time.perf_counter(), time.process_time()
    for _ in range(resamples):
        drawn = scores[rng.integers(0, MODELS, MODELS)]
        for a in range(BENCHMARKS):
            for b in range(a):
                # The method decides how the p-value is made; this is the cheaper one.
                kendalltau(drawn[:, a], drawn[:, b], method="asymptotic")
    seconds, work = time.perf_counter() - start, time.process_time() - work
    pairs = resamples * BENCHMARKS * (BENCHMARKS - 1) // 2
    print(f"scipy {scipy.__version__}: {seconds:.1f} s for {resamples} resamples, {1e6 * seconds / pairs:.0f} us a pair")
    scale = ALL / resamples
    print(f"scaled to {ALL} resamples: {seconds * scale:.0f} s, {work * scale:.0f} s of CPU")


if __name__ == "__main__":
    main()
