"""onset: a statistical toolkit for emergence curves of language models.

    import onset_curves as onset

    fit = onset.fit(df, score="mmlu", adjusted="mmlu_ft", family="family")
    fit.tidy()
    fit.plot()

docs/python.md has the way from `pip install` to a figure.
"""

from __future__ import annotations

from . import datasets
from ._core import Frame, __version__
from ._curves import CurveFit, Flat, Hinge, Linear, Logistic, Plateau, Richards, Segmented
from ._errors import (
    CheckFailedError,
    DivergedError,
    InputError,
    InUseError,
    IoError,
    NotFoundError,
    OnsetError,
    OnsetWarning,
    ServerError,
    UndeterminedError,
    UnsupportedError,
)
from ._figure import Figure
from ._fit import Fit, Fits, fit
from ._harness import Evaluation, evaluate, read_lm_eval
from ._papers import Reproduction, reproduce
from ._training import Finetuning, Lab, finetune, lab

__all__ = [
    "CheckFailedError",
    "CurveFit",
    "DivergedError",
    "Evaluation",
    "Figure",
    "Finetuning",
    "Fit",
    "Fits",
    "Flat",
    "Frame",
    "Hinge",
    "InUseError",
    "InputError",
    "IoError",
    "Lab",
    "Linear",
    "Logistic",
    "NotFoundError",
    "OnsetError",
    "OnsetWarning",
    "Plateau",
    "Reproduction",
    "Richards",
    "Segmented",
    "ServerError",
    "UndeterminedError",
    "UnsupportedError",
    "__version__",
    "datasets",
    "evaluate",
    "finetune",
    "fit",
    "lab",
    "read_lm_eval",
    "reproduce",
]
