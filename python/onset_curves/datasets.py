"""The published tables that onset holds, as frames. data/README.md says where every figure is from."""

from __future__ import annotations

from typing import Any

from . import _core, _frames


def models(frame: str | None = None) -> Any:
    """The 53 base models of "Training on the Test Task Confounds Evaluation and Emergence": family, size, tokens, release."""
    return _frames.given_out(_core.dataset("test_task", "models"), frame)


def evaluations(frame: str | None = None) -> Any:
    """Their scores before and after adjustment, one row each."""
    return _frames.given_out(_core.dataset("test_task", "scores"), frame)


def train_before_test_models(frame: str | None = None) -> Any:
    """The 61 models of "Train-before-Test Harmonizes Language Model Rankings"."""
    return _frames.given_out(_core.dataset("train_before_test", "models"), frame)


def train_before_test_benchmarks(frame: str | None = None) -> Any:
    """Its 24 benchmarks and three corpora: category, metric, items, chance."""
    return _frames.given_out(_core.dataset("train_before_test", "benchmarks"), frame)


def train_before_test_evaluations(frame: str | None = None) -> Any:
    """Its scores before and after adjustment, one row each."""
    return _frames.given_out(_core.dataset("train_before_test", "scores"), frame)
