"""Evaluations: a model on tasks, and result files of lm-evaluation-harness as frames."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from typing import Any

from . import _core, _frames, _options
from ._errors import InputError, warn
from ._progress import Bar

Given = Any


def evaluate(
    model: str | os.PathLike[str] | None = None,
    *,
    tasks: Given,
    server: Given = None,
    served_model: Given = None,
    server_api: Given = None,
    tokenizer: Given = None,
    api_key_file: Given = None,
    certificates: Given = None,
    concurrency: Given = None,
    data: Given = None,
    task_dir: Given = None,
    out: Given = None,
    shots: Given = None,
    limit: Given = None,
    samples: Given = None,
    no_self_shots: bool | None = None,
    seed: Given = None,
    truncate: bool | None = None,
    apply_chat_template: Given = None,
    system_instruction: Given = None,
    fewshot_as_multiturn: Given = None,
    chat_template_args: Given = None,
    gen_kwargs: Given = None,
    predict_only: bool | None = None,
    strict: bool | None = None,
    add_bos: Given = None,
    device: Given = None,
    dtype: Given = None,
    memory: Given = None,
    batch: Given = None,
    name: Given = None,
    family: Given = None,
    params: Given = None,
    tokens: Given = None,
    release: Given = None,
    progress: bool = True,
) -> Evaluation:
    """Evaluates a language model as lm-evaluation-harness does.

    Parameters
    ----------
    model
        A folder as on the Hugging Face hub, a weights file in one, or a GGUF file; ``None`` with `server`.
    tasks
        Names or globs of tasks, groups or tags.
    out
        Folder for results and for answers as they come, so that an interrupted evaluation goes on there. Unlike the program,
        nothing is written where none is given.
    apply_chat_template
        ``True`` for the model's own chat template, or the name of one.
    samples
        Only these items: a dict of task and places from 0.
    progress
        Whether a bar is shown in terminals and notebooks.

    All other keywords are the options of `onset evaluate`, with their names, defaults and meaning.

    Raises
    ------
    KeyboardInterrupt
        Within a second of Ctrl-C. With `out` the answers are kept, and the same call goes on.
    """
    options = dict(locals())
    for own in ("model", "progress"):
        options.pop(own)
    if isinstance(samples, dict):
        options["samples"] = json.dumps(samples)
    if apply_chat_template is not None and isinstance(apply_chat_template, bool):
        options.pop("apply_chat_template")
    given = _options.texts("evaluate", options)
    if apply_chat_template is True:
        given["apply-chat-template"] = []
    bar = Bar() if progress else None
    try:
        return Evaluation(_core.evaluate(None if model is None else os.fspath(model), given, bar))
    finally:
        if bar is not None:
            bar.close()


class Evaluation:
    """Scores of one model, and every answer behind them."""

    def __init__(self, core: _core.Evaluation) -> None:
        self._core = core

    def scores(self, frame: str | None = None) -> Any:
        """One row for each score: model, benchmark, metric, value, stderr, items, shots and all that tells it from others."""
        return _frames.given_out(self._core.scores(), frame)

    def samples(self, frame: str | None = None) -> Any:
        """One row for each item, filter and metric: task, doc_id, prompt, target, answers (JSON), filter, metric, value."""
        return _frames.given_out(self._core.samples(), frame)

    @property
    def results(self) -> dict[str, Any]:
        """The results as lm-evaluation-harness lays them out."""
        found: dict[str, Any] = json.loads(self._core.to_json())
        return found

    def to_json(self) -> str:
        """The same as JSON."""
        return self._core.to_json()

    def __repr__(self) -> str:
        return repr(self._core)


def read_lm_eval(paths: Any, frame: str | None = None) -> Any:
    """Reads result files of lm-evaluation-harness, or folders of them, as a frame with one row for each score.

    Warns of whatever could not be read.
    """
    one = isinstance(paths, (str, os.PathLike))
    listed = [paths] if one or not isinstance(paths, Iterable) else list(paths)
    for path in listed:
        if not isinstance(path, (str, os.PathLike)):
            raise InputError(f"a path is a text, not {path!r}")
    found = _core.read_results([os.fspath(path) for path in listed])
    for text in found.warnings:
        warn(text)
    return _frames.given_out(found.scores(), frame)
