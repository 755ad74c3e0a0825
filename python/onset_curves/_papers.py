"""Both papers, regenerated from the tables inside onset."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from . import _core, _frames
from ._figure import Figure


def reproduce(paper: str = "test-task") -> Reproduction:
    """Regenerates a paper and compares every number that it prints.

    ``test-task`` is "Training on the Test Task Confounds Evaluation and Emergence" (arXiv 2407.07890), ``train-before-test`` is
    "Train-before-Test Harmonizes Language Model Rankings" (arXiv 2507.05195).
    """
    return Reproduction(_core.reproduce(paper))


class Reproduction:
    """What a paper prints, recomputed, corrected and drawn."""

    def __init__(self, core: _core.Reproduction) -> None:
        self._core = core

    def numbers(self, frame: str | None = None) -> Any:
        """One row for each printed number: published, recomputed (`paper`), verdict, corrected with its interval, conclusion."""
        return _frames.given_out(self._core.numbers(), frame)

    @property
    def figures(self) -> dict[str, Figure]:
        """The figures by name; names of the corrected reading end in ``/corrected``."""
        return {name: Figure(figure) for name, figure in self._core.figures()}

    def summary(self) -> str:
        """The verdicts as the program prints them."""
        return self._core.summary()

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Writes every figure as SVG, PNG and PDF into a folder."""
        for name, figure in self.figures.items():
            for ending in ("svg", "png", "pdf"):
                path = Path(folder, f"{name}.{ending}")
                path.parent.mkdir(parents=True, exist_ok=True)
                figure.save(path)

    def __str__(self) -> str:
        return self.summary()
