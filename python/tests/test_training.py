from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import onset_curves as onset

EVALUATE = Path(__file__).parents[2] / "tests" / "fixtures" / "evaluate"
MODEL = EVALUATE / "models" / "neox-bytelevel"


@pytest.fixture
def prompts(tmp_path):
    path = tmp_path / "prompts.jsonl"
    lines = [json.dumps({"prompt": f"What is {n} plus 1?", "completion": f" {n + 1}"}) for n in range(64)]
    path.write_text("\n".join(lines))
    return path


def test_a_run_has_steps_and_checkpoints_and_goes_on(tmp_path, prompts):
    options = {"data": prompts, "batch": 8, "lr": 1e-3, "checkpoints": [16, 64], "out": tmp_path / "run", "progress": False}
    run = onset.finetune(MODEL, **options)
    steps = run.steps(frame="onset")
    assert steps["step"] == list(range(1, 9)) and steps["loss"][-1] < steps["loss"][0]
    assert run.checkpoints(frame="onset")["examples"] == [16, 64]
    again = onset.finetune(MODEL, **options)
    assert again.steps(frame="onset")["loss"] == steps["loss"]


def test_wrong_recipes_are_input_errors(tmp_path, prompts):
    with pytest.raises(onset.InputError, match="nothing to train on"):
        onset.finetune(MODEL, out=tmp_path / "run", progress=False)
    with pytest.raises(onset.InputError, match="schedule"):
        onset.finetune(MODEL, data=prompts, schedule="never", out=tmp_path / "run", progress=False)


LONG = """
import sys, onset_curves as onset
print("begin", flush=True)
try:
    onset.finetune(sys.argv[1], data=sys.argv[2], steps=1_000_000, out=sys.argv[3])
except KeyboardInterrupt:
    print("stopped", flush=True)
"""


def test_ctrl_c_leaves_a_run_that_goes_on(tmp_path, prompts):
    out = tmp_path / "run"
    arguments = [sys.executable, "-c", LONG, str(MODEL), str(prompts), str(out)]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "begin\n"
    while not (out / "metrics.jsonl").exists():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    assert process.stdout.readline() == "stopped\n"
    process.wait()
    assert any(out.iterdir())


def test_a_world_of_the_lab(tmp_path):
    world = onset.lab(preset="tiny", seed=3, out=tmp_path / "lab", progress=False)
    # One kind beside the reference: as pretrained, after task examples, and cloze.
    assert len(world.tidy(frame="onset")) == 3 and "main" in world.figures and world.summary()
