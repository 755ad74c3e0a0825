"""Data that tests share: models of five families, with scores that rise from 10^22 FLOPs on."""

from __future__ import annotations

import random

import pytest

import onset_curves as onset


@pytest.fixture(scope="session")
def columns() -> dict[str, list]:
    draw = random.Random(1)
    rows: dict[str, list] = {name: [] for name in ("model", "family", "compute", "release", "exam", "exam_ft", "quiz")}
    for family in range(8):
        for size in range(4):
            x = 20.0 + 0.5 * family / 7 + size
            rise = 0.1 * max(0.0, x - 22.0)
            new = family >= 4
            rows["model"].append(f"m{family}-{size}")
            rows["family"].append(f"f{family}")
            rows["compute"].append(10.0**x)
            rows["release"].append("2024-03" if new else "2023-02")
            rows["exam"].append(0.25 + rise + 0.04 * new + draw.uniform(-0.01, 0.01))
            rows["exam_ft"].append(0.30 + rise + draw.uniform(-0.01, 0.01))
            rows["quiz"].append(0.5 + draw.uniform(-0.02, 0.02))
    return rows


@pytest.fixture(scope="session")
def fitted(columns: dict[str, list]) -> onset.Fit:
    return onset.fit(columns, score="exam", adjusted="exam_ft", chance=0.25, bootstrap=199)
