from __future__ import annotations

import csv
import json
import pickle
import subprocess
import sys

import pytest

import onset_curves as onset
from onset_curves import _core


def test_the_keywords_are_the_options_of_the_program():
    import inspect

    # They say how the files of figures look, which only the program writes.
    look = {"width", "height", "title", "font-size", "theme", "labels"}
    for call, command, own, left in [
        (onset.fit, "fit", {"data"}, {"format", "out"} | look),
        (onset.evaluate, "evaluate", {"model", "progress"}, {"format", "dry-run", "write-out"}),
        (onset.agree, "agree", {"data"}, {"format", "out"} | look),
        (onset.finetune, "finetune", {"model", "progress"}, {"format", "dry-run"}),
        (onset.lab, "lab", {"progress"}, {"format", "calibrate", "same-makes"} | look),
    ]:
        keywords = {name.replace("_", "-") for name in inspect.signature(call).parameters} - own
        options = {name for name, *_ in _core.options(command)} - left
        assert keywords == options


def test_the_help_of_the_program_lists_the_same_options():
    text = subprocess.run([sys.executable, "-m", "onset_curves", "fit", "--help"], capture_output=True, text=True)
    assert text.returncode == 0
    for name, *_ in _core.options("fit"):
        assert f"--{name}" in text.stdout


def test_estimates_equal_those_of_the_program_to_the_last_bit(tmp_path, columns, fitted):
    path = tmp_path / "scores.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values()))
    arguments = ["fit", str(path), "--score", "exam", "--adjusted", "exam_ft", "--chance", "0.25", "--bootstrap", "199"]
    run = [sys.executable, "-m", "onset_curves", *arguments, "--format", "json"]
    program = json.loads(subprocess.run(run, capture_output=True, text=True, check=True).stdout)
    own = fitted.to_dict()
    for report in (program, own):
        report.pop("tables")
    assert own == program
    again = onset.fit(path, score="exam", adjusted="exam_ft", chance=0.25, bootstrap=199)
    assert again.to_json() == onset.fit(str(path), score="exam", adjusted="exam_ft", chance=0.25, bootstrap=199).to_json()


def test_tidy_has_one_row_for_each_estimate(fitted):
    tidy = fitted.tidy(frame="onset")
    keys = list(zip(tidy["condition"], tidy["curve"], tidy["parameter"], tidy["group"]))
    assert len(keys) == len(set(keys))
    theta = keys.index(("unadjusted", tidy["curve"][0], "theta", "release >= 2023-11"))
    assert tidy["estimate"][theta] == fitted.to_dict()["theta"]["estimate"]
    assert tidy["low"][theta] < 0.04 < tidy["high"][theta]


def test_glance_is_one_row_and_augment_one_for_each_model(fitted, columns):
    glance = fitted.glance(frame="onset")
    assert len(glance) == 1 and glance["n_models"] == [32] and glance["adjusted_curve"][0]
    augment = fitted.augment(frame="onset")
    assert augment["model"][:32] == columns["model"] and len(augment) == 64
    assert augment["score"][0] - augment["fitted"][0] == pytest.approx(augment["residual"][0])


def test_predict_gives_wider_intervals_for_a_higher_level(fitted):
    at = fitted.predict([1e23, 1e25], frame="onset")
    wide = fitted.predict([1e23, 1e25], level=0.99, frame="onset")
    assert at["score"] == wide["score"] and at["extrapolated"][:1] == [False]
    assert all(a > b for a, b in zip(at["low"], wide["low"]))


def test_several_scores_are_adjusted_together(columns):
    fits = onset.fit(columns, score=["exam", "quiz"], chance="free", bootstrap=99)
    rows = fits.tidy(frame="onset")
    assert rows["score"] == ["exam", "quiz"] == list(fits)
    assert all(holm >= raw for holm, raw in zip(rows["theta_holm"], rows["theta_p"]))
    assert fits["quiz"].to_dict()["score"] == "quiz"
    with pytest.raises(KeyError):
        fits["nothing"]


def test_before_and_after_from_two_frames(columns):
    before = {name: columns[name] for name in ("model", "family", "compute", "release", "exam")}
    after = {"model": columns["model"], "exam": columns["exam_ft"]}
    fit = onset.fit(before=before, after=after, score="exam", chance=0.25, bootstrap=99)
    assert fit.to_dict()["adjusted"] is not None
    with pytest.raises(onset.InputError, match="belong together"):
        onset.fit(before=before, score="exam")


def test_what_is_shown_and_written(tmp_path, fitted):
    assert "exam against log10 compute" in fitted.summary() == str(fitted)
    assert fitted._repr_html_().startswith("<svg")
    page = tmp_path / "page.html"
    fitted.report(page)
    assert page.read_text().lower().startswith("<!doctype html")
    figure = fitted.plot()
    assert figure._repr_svg_().startswith("<svg") and figure.png().startswith(b"\x89PNG")
    assert figure.pdf().startswith(b"%PDF")
    figure.save(tmp_path / "figure.svg")
    with pytest.raises(onset.InputError, match=".svg, .png or .pdf"):
        figure.save(tmp_path / "figure.bmp")


def test_a_matplotlib_axis_takes_the_figure(fitted):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    from matplotlib import pyplot

    _, ax = pyplot.subplots()
    assert fitted.plot(ax=ax) is ax
    assert len(ax.collections) >= 2 and ax.lines and ax.get_xscale() == "log"
    points = sum(len(collection.get_offsets()) for collection in ax.collections if collection.get_label()[0] != "_")
    assert points == 32


def test_cautions_are_warnings_at_the_callers_line(columns):
    few = {name: cells[:12] for name, cells in columns.items()}
    with pytest.warns(onset.OnsetWarning, match="fewer than six") as caught:
        onset.fit(few, score="exam", chance=0.25, bootstrap=99, cutoff="none")
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"score": "exams"}, "exam"),
        ({"curve": "spline"}, "unknown curve `spline`"),
        ({"level": 3}, "between 0.5 and 1"),
        ({"level": "x"}, "level"),
        ({"level": [0.9, 0.8]}, "takes one value"),
        ({"any_size": "yes"}, "True or False"),
        ({"cutoff": "Novembre"}, "cutoff"),
        ({"bootstrap": -1}, "bootstrap"),
        ({"compute": "flops"}, "flops"),
    ],
)
def test_wrong_options_are_input_errors(columns, options, text):
    with pytest.raises(onset.InputError, match=text) as caught:
        onset.fit(columns, **{"score": "exam", **options})
    assert isinstance(caught.value, ValueError) and "\n" not in str(caught.value)


def test_unknown_keywords_are_type_errors(columns):
    with pytest.raises(TypeError):
        onset.fit(columns, scores="exam")


def test_a_file_that_is_not_there_is_not_found():
    with pytest.raises(onset.NotFoundError) as caught:
        onset.fit("nowhere.csv", score="exam")
    assert isinstance(caught.value, (FileNotFoundError, onset.OnsetError))


def test_results_outlive_the_data(columns):
    import gc

    fit = onset.fit(dict(columns), score="exam", chance=0.25, bootstrap=99)
    gc.collect()
    assert pickle.loads(pickle.dumps(fit.to_dict())) == fit.to_dict()
