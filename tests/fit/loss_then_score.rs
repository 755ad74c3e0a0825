//! `onset loss-then-score`: a score by its loss, from anybody's training runs.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;

use crate::support::{Folder, program, refused, succeeds};

/// Twelve runs of four sizes with eight checkpoints each; `row` writes one.
fn ladder(header: &str, row: impl Fn(&str, f64, f64, f64, f64) -> String) -> String {
    let mut text = format!("{header}\n");
    for (i, n) in [2e8_f64, 4e8, 8e8, 1.3e9].into_iter().enumerate() {
        for (k, each) in [20.0, 60.0, 200.0].into_iter().enumerate() {
            let off = 1.0 + 0.002 * ((i * 7 + k * 5) % 4) as f64;
            for step in 1..=8 {
                let d = each * n * f64::from(step) / 8.0;
                let loss = off * (0.4 + 40.0 / n.powf(0.23) + 100.0 / d.powf(0.24));
                writeln!(text, "{}", row(&format!("run-{i}-{k}"), n, d, loss, score_at(loss))).expect("text");
            }
        }
    }
    text
}

fn score_at(loss: f64) -> f64 {
    1.0 - 0.75 / (1.0 + (-12.0 * (loss - 0.8)).exp())
}

const HEADER: &str = "model,params,tokens_seen,loss,quiz";

fn wide(run: &str, n: f64, d: f64, loss: f64, score: f64) -> String {
    format!("{run},{n},{d},{loss},{score}")
}

fn report(folder: &Folder, arguments: &[&str]) -> Value {
    let mut command = program();
    command.args(["loss-then-score", "--format", "json", "--bootstrap", "49", "--score", "quiz"]).args(arguments);
    serde_json::from_str(&succeeds(command.current_dir(folder.path("")))).expect("JSON")
}

fn complaint(folder: &Folder, arguments: &[&str]) -> String {
    let mut command = program();
    command.args(["loss-then-score", "--bootstrap", "9"]).args(arguments);
    refused(command.current_dir(folder.path("")))
}

fn names(report: &Value, role: &str) -> Vec<String> {
    let runs = report["runs"].as_array().expect("runs").iter().filter(|run| run["role"] == role);
    runs.map(|run| run["run"].as_str().expect("a name").to_owned()).collect()
}

fn of_run<'r>(report: &'r Value, name: &str) -> &'r Value {
    report["runs"].as_array().expect("runs").iter().find(|run| run["run"] == name).expect(name)
}

#[test]
fn the_forecasts_that_the_authors_of_the_olmo_ladder_print_come_out_of_the_program() {
    // Task; for the model of 13 billion parameters the loss measured and by step 1, the score measured and by both steps.
    let printed = [
        ("mmlu", [0.748_827_437, 0.750_156_244, 0.516_140_237, 0.512_679_992]),
        ("hellaswag", [0.660_933_888, 0.653_176_600, 0.831_905_997, 0.853_035_956]),
        ("arc_challenge", [0.715_724_838, 0.783_323_889, 0.638_054_609, 0.526_709_936]),
    ];
    let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/olmo_ladder.csv");
    for (task, expected) in printed {
        let mut command = program();
        command.args([
            "loss-then-score",
            "--score",
            task,
            "--loss",
            &format!("{task}_loss"),
            "--train",
            "kind = ladder",
        ]);
        command.args(["--average", "5", "--bootstrap", "19", "--format", "json"]).arg(&table);
        let found: Value = serde_json::from_str(&succeeds(&mut command)).expect("JSON");
        assert_eq!((found["trained"].as_u64(), found["held_out"].as_u64()), (Some(16), Some(2)), "{task}");
        let target = of_run(&found, "13B-5T");
        for (field, expected) in ["loss", "loss_forecast", "score", "score_forecast"].iter().zip(expected) {
            let found = target[field].as_f64().expect(field);
            assert!((found - expected).abs() < 5e-6, "{task} {field}: {found}, printed {expected}");
        }
    }
}

#[test]
fn runs_of_most_compute_are_held_out_and_of_no_influence_on_either_step() {
    let folder = Folder::new();
    folder.write("runs.csv", &ladder(HEADER, wide));
    let found = report(&folder, &["runs.csv", "--target", "7B@2T"]);
    assert_eq!((found["trained"].as_u64(), found["held_out"].as_u64()), (Some(9), Some(3)));
    assert_eq!(names(&found, "held_out"), ["run-2-2", "run-3-1", "run-3-2"], "by compute");
    assert!(found["score_error_held_out"].as_f64().expect("an error") < 0.02, "{}", found["score_error_held_out"]);
    let asked = of_run(&found, "7B@2T");
    assert!(asked["loss"].is_null() && asked["score"].is_null() && asked["role"] == "asked");
    let loss = asked["loss_forecast"].as_f64().expect("a loss");
    assert!((asked["score_forecast"].as_f64().expect("a score") - score_at(loss)).abs() < 0.01, "{asked}");
    let interval = &asked["interval"];
    assert!(interval["low"].as_f64() < asked["score_forecast"].as_f64(), "{asked}");

    let is_held = |run: &str| ["run-2-2", "run-3-1", "run-3-2"].contains(&run);
    let other = ladder(HEADER, |run, n, d, loss, score| match is_held(run) {
        true => wide(run, n, d, 1.1 * loss, 0.9 * score),
        false => wide(run, n, d, loss, score),
    });
    folder.write("other.csv", &other);
    let other = report(&folder, &["other.csv", "--target", "7B@2T"]);
    assert_eq!((&other["law"], &other["curve"]), (&found["law"], &found["curve"]));
    assert_ne!(of_run(&other, "run-3-2")["score"], of_run(&found, "run-3-2")["score"]);

    let all = report(&folder, &["runs.csv", "--all"]);
    assert_eq!((all["trained"].as_u64(), all["score_error_held_out"].is_null()), (Some(12), true));
    assert!(all["notes"].to_string().contains("no run is held out"), "{}", all["notes"]);
    let most = report(&folder, &["runs.csv", "--at-most", "3e20"]);
    let compute = |run: &Value| 6.0 * run["params"].as_f64().expect("N") * run["tokens"].as_f64().expect("D");
    for run in most["runs"].as_array().expect("runs") {
        assert_eq!(run["role"] == "trained", compute(run) <= 3e20, "{run}");
    }
}

#[test]
fn runs_are_read_from_long_tables_from_a_column_run_and_from_percentages() {
    let folder = Folder::new();
    folder.write("runs.csv", &ladder(HEADER, wide));
    let found = report(&folder, &["runs.csv"]);
    let same = |other: &Value| {
        assert_eq!(names(other, "trained"), names(&found, "trained"));
        let [one, two] = [&found, other].map(|report| report["law"]["alpha"].as_f64().expect("a law"));
        assert!((one - two).abs() < 1e-9, "{one}, {two}");
    };
    let long = ladder("model,params,tokens_seen,benchmark,metric,value", |run, n, d, loss, score| {
        format!("{run},{n},{d},quiz,bits_per_byte,{loss}\n{run},{n},{d},quiz,acc,{score}")
    });
    folder.write("long.csv", &long);
    let long = report(&folder, &["long.csv", "--metric", "acc", "--loss", "quiz", "--loss-metric", "bits_per_byte"]);
    same(&long);
    assert_eq!(long["curve"], found["curve"]);

    let named = ladder("model,run,params,tokens,loss,quiz", |run, n, d, loss, score| {
        format!("{run}-{d},{run},{n},{d},{loss},{score}")
    });
    folder.write("named.csv", &named);
    same(&report(&folder, &["named.csv"]));

    let percent = ladder(HEADER, |run, n, d, loss, score| wide(run, n, d, loss, 100.0 * score));
    folder.write("percent.csv", &percent);
    let percent = report(&folder, &["percent.csv"]);
    same(&percent);
    assert_eq!(percent["perfect"].as_f64(), Some(100.0));
    let [one, hundred] =
        [&found, &percent].map(|of| of_run(of, "run-3-2")["score_forecast"].as_f64().expect("a score"));
    assert!((100.0 * one - hundred).abs() < 1e-4, "{one}, {hundred}");
}

#[test]
fn tables_and_figure_are_written_and_the_same_on_any_number_of_threads() {
    let folder = Folder::new();
    folder.write("runs.csv", &ladder(HEADER, wide));
    let run = |out: &str, threads: &str| {
        let mut command = program();
        command.args([
            "loss-then-score",
            "runs.csv",
            "--score",
            "quiz",
            "--bootstrap",
            "29",
            "--target",
            "7B@2T",
            "--out",
            out,
        ]);
        succeeds(command.env("RAYON_NUM_THREADS", threads).current_dir(folder.path("")))
    };
    let text = run("one", "1");
    assert_eq!(text, run("three", "3"));
    assert!(text.contains("quiz by loss: 9 runs with 63 checkpoints trained on"), "{text}");
    assert!(text.contains("7B@2T") && text.contains("Of the 3 runs held out"), "{text}");
    let drawn = ["svg", "png", "pdf", "csv", "vl.json"].map(|ending| format!("loss_then_score.{ending}"));
    let tables = ["report.json", "forecasts.csv", "parameters.csv", "checkpoints.csv"].map(str::to_owned);
    for name in drawn.iter().chain(&tables) {
        let [one, three] =
            ["one", "three"].map(|out| std::fs::read(folder.path(&format!("{out}/{name}"))).expect(name));
        assert!(!one.is_empty() && one == three, "{name}");
    }
    let text = std::fs::read_to_string(folder.path("one/report.json")).expect("the report");
    let read: onset::analysis::loss_then_score::LossThenScoreReport = serde_json::from_str(&text).expect("a report");
    assert_eq!(read.to_json().expect("JSON"), text);
    let lines = |name: &str| std::fs::read_to_string(folder.path(&format!("one/{name}"))).expect(name).lines().count();
    assert_eq!([lines("forecasts.csv"), lines("parameters.csv"), lines("checkpoints.csv")], [14, 10, 97]);
}

#[test]
fn scores_at_chance_are_told_from_scores_that_rise() {
    let folder = Folder::new();
    let noise = |d: f64| 0.01 * (((d / 1e8) as u64 * 7919 % 101) as f64 / 50.0 - 1.0);
    let level = ladder(HEADER, |run, n, d, loss, _| wide(run, n, d, loss, 0.25 - 1e-3 * loss + noise(d)));
    folder.write("level.csv", &level);
    let level = report(&folder, &["level.csv", "--all"]);
    assert!(
        level["notes"].to_string().contains("does not fall with the loss by more than chance"),
        "{}",
        level["notes"]
    );
    folder.write("rises.csv", &ladder(HEADER, |run, n, d, loss, score| wide(run, n, d, loss, score + noise(d))));
    let rises = report(&folder, &["rises.csv", "--all"]);
    assert!(!rises["notes"].to_string().contains("does not fall"), "{}", rises["notes"]);
}

#[test]
fn tables_that_say_nothing_of_two_steps_are_refused_with_what_helps() {
    let folder = Folder::new();
    folder.write("runs.csv", &ladder(HEADER, wide));
    let said = |arguments: &[&str], expected: &[&str]| {
        let complaint = complaint(&folder, arguments);
        expected.iter().for_each(|text| assert!(complaint.contains(text), "{arguments:?}: {complaint}"));
    };
    said(&["runs.csv", "--score", "quiz", "--loss", "lost"], &["no table has a score `lost`", "did you mean `loss`"]);
    said(&["runs.csv", "--score", "quis"], &["quis"]);
    said(&["runs.csv", "--score", "quiz", "--train", "tokens_seen < 1e10"], &["--train chooses", "--where chooses"]);
    said(&["runs.csv", "--score", "quiz", "--at-most", "1e18"], &["runs are counted", "--at-most"]);
    said(&["runs.csv", "--score", "quiz", "--average", "0"], &["--average 0"]);
    said(&["runs.csv", "--score", "quiz", "--skip", "1"], &["--skip 1"]);
    said(&["runs.csv", "--score", "quiz", "--level", "95"], &["level 95"]);
    let changed =
        |name: &str, row: &dyn Fn(&str, f64, f64, f64, f64) -> String| folder.write(name, &ladder(HEADER, row));
    changed("rising.csv", &|run, n, d, loss, _| wide(run, n, d, loss, 0.2 + 0.1 * loss));
    said(&["rising.csv", "--score", "quiz"], &["does not fall with the loss"]);
    changed("below.csv", &|run, n, d, loss, score| wide(run, n, d, loss - 1.5, score));
    said(&["below.csv", "--score", "quiz"], &["below.csv, row", "loss", "is not above 0"]);
    changed("one_size.csv", &|run, _, d, loss, score| wide(run, 1e9, d, loss, score));
    said(&["one_size.csv", "--score", "quiz"], &["parameters", "the same"]);
    changed("two_sizes.csv", &|run, n, d, loss, score| wide(run, if d > 2e10 { 2.0 * n } else { n }, d, loss, score));
    said(&["two_sizes.csv", "--score", "quiz"], &["the run run-", "parameters and, at", "column `run`"]);
    changed("wild.csv", &|run, n, d, loss, score| wide(run, n, d, loss, 40.0 + 300.0 * score));
    said(&["wild.csv", "--score", "quiz"], &["wild.csv, row 2", "--score-scale any"]);
    said(&["wild.csv", "--score", "quiz", "--score-scale", "any"], &["--perfect LEVEL"]);
    changed("ppl.csv", &|run, n, d, loss, score| wide(run, n, d, 20.0 * loss, score));
    said(&["ppl.csv", "--score", "quiz"], &["looks like a perplexity"]);
}
