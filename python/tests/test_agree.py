from __future__ import annotations

import json
import random
import subprocess
import sys

import pytest

import onset_curves as onset


@pytest.fixture(scope="module")
def grid():
    draw = random.Random(3)
    ability = [draw.gauss(0, 1) for _ in range(24)]
    columns = {"model": [f"m{i}" for i in range(24)], "family": [f"f{i % 8}" for i in range(24)]}
    for name, noise in (("arc", 0.1), ("piqa", 0.2), ("boolq", 3.0)):
        columns[name] = [round(0.5 + 0.05 * (a + draw.gauss(0, noise)), 4) for a in ability]
    return columns


def test_pairs_have_kendalls_tau(grid):
    found = onset.agree(grid, bootstrap=200)
    pairs = found.pairs(frame="onset")
    taus = {frozenset(pair): tau for *pair, tau in zip(pairs["benchmark_a"], pairs["benchmark_b"], pairs["tau"])}
    stats = pytest.importorskip("scipy.stats")
    for a, b in (("arc", "piqa"), ("arc", "boolq"), ("piqa", "boolq")):
        expected = stats.kendalltau(grid[a], grid[b]).statistic
        assert taus[frozenset(name for name in taus_names(taus) if name.lower() in (a, b))] == pytest.approx(expected)
    assert len(pairs) == 3 and all(holm >= p for holm, p in zip(pairs["p_holm"], pairs["p"]))
    assert len(found.ranks(frame="onset")) == 72 and found.plot().svg().startswith("<svg")
    assert found.tidy(frame="onset")["quantity"] and len(found.benchmarks(frame="onset")) == 3


def taus_names(taus):
    return {name for pair in taus for name in pair}


def test_the_program_says_the_same(grid, tmp_path):
    import csv

    path = tmp_path / "grid.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(grid)
        writer.writerows(zip(*grid.values()))
    run = [sys.executable, "-m", "onset_curves", "agree", str(path), "--bootstrap", "200", "--format", "json"]
    program = json.loads(subprocess.run(run, capture_output=True, text=True, check=True).stdout)
    own = onset.agree(grid, bootstrap=200).to_dict()
    for report in (program, own):
        report.pop("tables")
    assert own == program


def test_too_few_models_are_refused_with_the_reason(grid):
    few = {name: cells[:6] for name, cells in grid.items()}
    with pytest.raises(onset.OnsetError, match="8"):
        onset.agree(few)
    with pytest.raises(onset.InputError, match="no table"):
        onset.agree()
