"""Fine-tuning, and the laboratory whose truth is known."""

from __future__ import annotations

import os
from typing import Any

from . import _core, _frames, _options
from ._figure import Figure
from ._progress import Bar

Given = Any


def finetune(
    model: str | os.PathLike[str],
    *,
    data: Given = None,
    task: Given = None,
    out: Given = None,
    epochs: Given = None,
    steps: Given = None,
    batch: Given = None,
    lr: Given = None,
    schedule: Given = None,
    floor: Given = None,
    warmup: Given = None,
    warmup_steps: Given = None,
    betas: Given = None,
    epsilon: Given = None,
    weight_decay: Given = None,
    decay_matrices_only: bool | None = None,
    clip: Given = None,
    seed: Given = None,
    no_shuffle: bool | None = None,
    block: Given = None,
    overlong: Given = None,
    no_mask: bool | None = None,
    no_end: bool | None = None,
    lora: Given = None,
    lora_alpha: Given = None,
    lora_targets: Given = None,
    merge: bool | None = None,
    checkpoints: Given = None,
    keep: Given = None,
    state_every: Given = None,
    evaluate: Given = None,
    task_dir: Given = None,
    task_data: Given = None,
    limit: Given = None,
    device: Given = None,
    dtype: Given = None,
    pass_tokens: Given = None,
    recompute: bool | None = None,
    progress: bool = True,
) -> Finetuning:
    """Fine-tunes a language model on task data, with checkpoints along the way.

    Parameters
    ----------
    model
        A folder as on the Hugging Face hub.
    data
        ``"LAYOUT=PATH"``, or a dict of layouts and paths; a path alone has the fields `prompt` and `completion`.
    out
        Folder of the run. The same call there goes on where an earlier one was stopped.

    All other keywords are the options of `onset finetune`, with their names, defaults and meaning.

    Raises
    ------
    KeyboardInterrupt
        After Ctrl-C, with a checkpoint written.
    """
    options = dict(locals())
    for own in ("model", "progress"):
        options.pop(own)
    given = _options.texts("finetune", options)
    bar = Bar() if progress else None
    try:
        return Finetuning(_core.finetune(os.fspath(model), given, bar))
    finally:
        if bar is not None:
            bar.close()


class Finetuning:
    """A run of fine-tuning, its earlier parts included."""

    def __init__(self, core: _core.Finetuning) -> None:
        self._core = core

    def steps(self, frame: str | None = None) -> Any:
        """One row for each step: step, examples, tokens, loss (nats), gradient_norm, rate, seconds."""
        return _frames.given_out(self._core.steps(), frame)

    def checkpoints(self, frame: str | None = None) -> Any:
        """One row for each checkpoint and score: step, examples, loss, score, value."""
        return _frames.given_out(self._core.checkpoints(), frame)


def lab(
    *,
    preset: Given = None,
    seed: Given = None,
    out: Given = None,
    resume: bool | None = None,
    workers: Given = None,
    progress: bool = True,
) -> Lab:
    """Trains small models of which it is known how much of the test's task they have seen, and analyses them.

    The keywords are the options of `onset lab`; docs/lab.md says what is done.
    """
    given = _options.texts(
        "lab", {"preset": preset, "seed": seed, "out": out, "resume": resume, "workers": workers}
    )
    bar = Bar() if progress else None
    try:
        return Lab(_core.lab(given, bar))
    finally:
        if bar is not None:
            bar.close()


class Lab:
    """One world: what was estimated, beside what is true."""

    def __init__(self, core: _core.Lab) -> None:
        self._core = core

    def tidy(self, frame: str | None = None) -> Any:
        """One row for each estimate, with the truth beside it."""
        return _frames.given_out(self._core.tidy(), frame)

    @property
    def figures(self) -> dict[str, Figure]:
        """The figures by name."""
        return {name: Figure(figure) for name, figure in self._core.figures()}

    def summary(self, width: int = 80) -> str:
        """The estimates as the program prints them."""
        return self._core.summary(width)

    def __str__(self) -> str:
        return self.summary()
