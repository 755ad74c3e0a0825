from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import onset_curves as onset

FIXTURES = Path(__file__).parents[2] / "tests" / "fixtures"
EVALUATE = FIXTURES / "evaluate"
MODEL = EVALUATE / "models" / "neox-bytelevel"
OPTIONS = {"task_dir": EVALUATE / "tasks", "data": EVALUATE / "data"}


def test_an_evaluation_gives_the_numbers_of_lm_evaluation_harness():
    told = []

    def watch(done, of, task):
        told.append((done, of, task))

    from onset_curves import _core, _options

    given = _options.texts("evaluate", {"tasks": ["toy_mc", "toy_math"], **OPTIONS})
    found = onset.Evaluation(_core.evaluate(str(MODEL), given, watch))
    expected = EVALUATE / "expected" / "neox-bytelevel" / "results.json"
    theirs = json.loads(expected.read_text())["results"]
    for task in ("toy_mc", "toy_math"):
        for metric, value in theirs[task].items():
            if isinstance(value, float):
                assert found.results["results"][task][metric] == pytest.approx(value, rel=1e-6), (task, metric)
    scores = found.scores(frame="onset")
    assert "toy_mc" in scores["benchmark"] and set(scores["model"]) == {"neox-bytelevel"}
    samples = found.samples(frame="onset")
    of_task = [
        value
        for task, metric, value in zip(samples["task"], samples["metric"], samples["value"])
        if (task, metric) == ("toy_mc", "acc")
    ]
    assert sum(of_task) / len(of_task) == pytest.approx(theirs["toy_mc"]["acc,none"])
    assert told[-1][0] == told[-1][1] > 0


def test_nothing_is_written_unless_asked(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    onset.evaluate(MODEL, tasks="toy_mc", limit=2, progress=False, **OPTIONS)
    assert not list(tmp_path.iterdir())
    onset.evaluate(MODEL, tasks="toy_mc", limit=2, progress=False, out=tmp_path / "kept", **OPTIONS)
    frame = onset.read_lm_eval(tmp_path / "kept", frame="onset")
    assert set(frame["benchmark"]) == {"toy_mc"} and frame["limit"]


def test_chosen_items_and_switches_are_the_programs():
    some = onset.evaluate(MODEL, tasks="toy_mc", samples={"toy_mc": [1, 3]}, progress=False, **OPTIONS)
    assert sorted(set(some.samples(frame="onset")["doc_id"])) == [1, 3]
    with pytest.raises(onset.OnsetError, match="chat"):
        onset.evaluate(MODEL, tasks="toy_mc", apply_chat_template=True, limit=1, progress=False, **OPTIONS)


def test_wrong_models_tasks_and_results_are_refused():
    with pytest.raises(onset.OnsetError):
        onset.evaluate("nowhere", tasks="toy_mc", progress=False, **OPTIONS)
    with pytest.raises(onset.InputError, match="toy_none"):
        onset.evaluate(MODEL, tasks="toy_none", progress=False, **OPTIONS)
    with pytest.raises(onset.InputError, match="nothing could be read"):
        onset.read_lm_eval(EVALUATE / "tasks")


def test_both_papers_are_regenerated():
    for paper in ("test-task", "train-before-test"):
        found = onset.reproduce(paper)
        numbers = found.numbers(frame="onset")
        assert len(numbers) >= 33 and "reproduced" in numbers["verdict"]
        assert found.figures and "reproduced" in found.summary()
    assert len(onset.datasets.train_before_test_models(frame="onset")) == 61
    with pytest.raises(onset.InputError, match="there is no paper"):
        onset.reproduce("another")


LONG = """
import onset_curves as onset
print("begin", flush=True)
columns = {"model": [f"m{i}" for i in range(40)], "family": [f"f{i % 8}" for i in range(40)],
           "compute": [10 ** (20 + i / 10) for i in range(40)], "exam": [0.3 + (i * 7 % 11) / 50 for i in range(40)]}
try:
    onset.fit(columns, score="exam", bootstrap=5_000_000)
except KeyboardInterrupt:
    print("stopped", flush=True)
"""


def test_ctrl_c_is_heard_while_the_library_works():
    process = subprocess.Popen([sys.executable, "-c", LONG], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "begin\n"
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    assert process.stdout.readline() == "stopped\n"
    process.kill()


def test_a_bar_is_silent_in_a_pipe(capsys):
    from onset_curves._progress import Bar

    bar = Bar()
    bar(1, 10, "task")
    bar.close()
    assert capsys.readouterr() == ("", "")
