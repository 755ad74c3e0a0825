//! `onset emergence-law`: where scores would emerge without fine-tuning, from anybody's fine-tuned models.

use std::fmt::Write as _;

use serde_json::Value;

use crate::support::{Folder, program, refused, succeeds};

const HEADER: &str = "model,family,compute,benchmark,metric,value,adjustment,examples";
const NUMBERS: [u32; 5] = [0, 100, 1_000, 10_000, 100_000];

/// Where scores emerge after so many examples: at 10^22.5 without any, and not earlier before about 300.
fn c_at(examples: u32) -> f64 {
    22.5 - 1.5 * (f64::from(examples) / 300.0).ln_1p() / (100_000.0_f64 / 300.0).ln_1p()
}

/// Twelve models of six families; `row` writes what follows of a score.
fn scores(header: &str, row: impl Fn(usize, f64, u32, f64) -> String) -> String {
    let mut text = format!("{header}\n");
    for i in 0..12 {
        let x = 20.0 + i as f64 / 3.0;
        for d in NUMBERS {
            let noise = 0.004 * (((i * 7 + d as usize) % 3) as f64 - 1.0);
            let score = 0.25 + 0.15 * (x - c_at(d)).max(0.0) + noise;
            writeln!(text, "{}", row(i, 10f64.powf(x), d, score)).expect("text");
        }
    }
    text
}

fn line(i: usize, compute: f64, d: u32, score: f64) -> String {
    let (adjustment, examples) = if d == 0 { ("none", String::new()) } else { ("tuned", d.to_string()) };
    format!("m{i},f{},{compute},quiz,acc,{score},{adjustment},{examples}", i % 6)
}

fn report(folder: &Folder, arguments: &[&str]) -> Value {
    let mut command = program();
    command.args(["emergence-law", "--format", "json", "--bootstrap", "49", "--chance", "0.25"]).args(arguments);
    serde_json::from_str(&succeeds(command.current_dir(folder.path("")))).expect("JSON")
}

fn complaint(folder: &Folder, arguments: &[&str]) -> String {
    refused(program().args(["emergence-law", "--bootstrap", "9"]).args(arguments).current_dir(folder.path("")))
}

fn value(report: &Value, name: &str) -> f64 {
    report[name]["estimate"].as_f64().unwrap_or_else(|| panic!("{name}: {}", report[name]))
}

#[test]
fn the_point_without_examples_is_forecast_and_its_error_is_what_the_scores_without_examples_say() {
    let folder = Folder::new();
    folder.write("scores.csv", &scores(HEADER, line));
    let found = report(&folder, &["scores.csv"]);
    let (c0, observed) = (value(&found, "c0"), value(&found, "observed"));
    assert!((c0 - 22.5).abs() < 0.2 && (observed - 22.5).abs() < 0.2, "{c0}, {observed}");
    assert!((value(&found, "error") - (c0 - observed)).abs() < 1e-12);
    assert_eq!((found["models"].as_u64(), found["clusters"].as_u64()), (Some(12), Some(6)));
    assert_eq!(found["after"].as_array().map(Vec::len), Some(4));
    for at in found["after"].as_array().expect("numbers") {
        let examples = at["examples"].as_f64().expect("a number") as u32;
        assert!((value(at, "c") - c_at(examples)).abs() < 0.2, "{at}");
        assert!((at["alone"].as_f64().expect("a hinge") - c_at(examples)).abs() < 0.2, "{at}");
    }
    // The scores without examples are forecast, not fitted: the law is the same when they are all at chance.
    let flat = scores(HEADER, |i, compute, d, score| line(i, compute, d, if d == 0 { 0.25 } else { score }));
    folder.write("flat.csv", &flat);
    let other = report(&folder, &["flat.csv"]);
    assert_eq!(other["law"], found["law"]);
    assert!(other["error"]["estimate"].is_null() && other["observed"]["reason"].to_string().contains("no point"));
}

#[test]
fn the_largest_models_can_be_held_out_and_the_forecast_of_the_others_stands_beside_all_scores() {
    let folder = Folder::new();
    folder.write("scores.csv", &scores(HEADER, line));
    let found = report(&folder, &["scores.csv", "--at-most", "1e23,3e22"]);
    let held = found["held_out"].as_array().expect("two");
    let models: Vec<u64> = held.iter().filter_map(|held| held["models"].as_u64()).collect();
    assert_eq!(models, [10, 8]);
    for held in held {
        assert!((value(held, "c0") - 22.5).abs() < 0.5, "{held}");
        assert!((value(held, "error") - (value(held, "c0") - value(&found, "observed"))).abs() < 1e-12);
    }
    // What the held-out models score after fine-tuning is of no influence.
    let other =
        scores(HEADER, |i, compute, d, score| line(i, compute, d, if d > 0 && compute > 3e22 { 0.9 } else { score }));
    folder.write("other.csv", &other);
    let other = report(&folder, &["other.csv", "--at-most", "3e22"]);
    assert_eq!(other["held_out"][0]["c0"]["estimate"], held[1]["c0"]["estimate"]);
}

#[test]
fn tables_and_figure_are_written_and_the_same_on_any_number_of_threads() {
    let folder = Folder::new();
    folder.write("scores.csv", &scores(HEADER, line));
    let run = |out: &str, threads: &str| {
        let mut command = program();
        command.args(["emergence-law", "scores.csv", "--bootstrap", "29", "--chance", "0.25", "--out", out]);
        succeeds(command.env("RAYON_NUM_THREADS", threads).current_dir(folder.path("")))
    };
    let text = run("one", "1");
    assert_eq!(text, run("three", "3"));
    assert!(text.contains("quiz after 4 numbers of task examples (tuned): 12 models of 6 families"), "{text}");
    let drawn = ["svg", "png", "pdf", "csv", "vl.json"].map(|ending| format!("emergence_law.{ending}"));
    let tables = ["report.json", "estimates.csv", "points.csv"].map(str::to_owned);
    for name in drawn.iter().chain(&tables) {
        let [one, three] =
            ["one", "three"].map(|out| std::fs::read(folder.path(&format!("{out}/{name}"))).expect(name));
        assert!(!one.is_empty() && one == three, "{name}");
    }
    let text = std::fs::read_to_string(folder.path("one/report.json")).expect("the report");
    let read: onset::analysis::emergence_law::EmergenceLawReport = serde_json::from_str(&text).expect("a report");
    assert_eq!(read.to_json().expect("JSON"), text);
    let points = std::fs::read_to_string(folder.path("one/points.csv")).expect("points");
    assert_eq!(points.lines().count(), 1 + 12 * NUMBERS.len());
    let estimates = std::fs::read_to_string(folder.path("one/estimates.csv")).expect("estimates");
    assert_eq!(estimates.lines().count(), 1 + 7 + 2 * 4 + 2 * 2, "{estimates}");
}

#[test]
fn what_gives_no_forecast_is_refused_with_the_way_on() {
    let folder = Folder::new();
    let refusal = |text: String, arguments: &[&str], said: &[&str]| {
        folder.write("table.csv", &text);
        let message = complaint(&folder, &[&["table.csv"], arguments].concat());
        said.iter().for_each(|said| assert!(message.contains(said), "{said}: {message}"));
    };
    let plain = scores(HEADER, |i, compute, _, score| line(i, compute, 0, score));
    let once: String = {
        let mut seen = std::collections::BTreeSet::new();
        let first = |line: &&str| seen.insert(line.split(',').next().unwrap_or_default().to_owned());
        plain.lines().filter(first).map(|line| format!("{line}\n")).collect()
    };
    refusal(once, &[], &["no score of `quiz` after a number of task examples", "column `examples`"]);
    let words = scores(HEADER, |i, compute, d, score| line(i, compute, d, score).replace("tuned,100000", "tuned,many"));
    refusal(words, &[], &["table.csv, row 6, column `examples`", "`many` is no number"]);
    let two = scores(HEADER, |i, compute, d, score| {
        let line = line(i, compute, d, score);
        if d == 1_000 { line.replace("tuned", "other") } else { line }
    });
    refusal(two.clone(), &[], &["several adjustments", "--adjusted: other, tuned"]);
    refusal(two.clone(), &["--adjusted", "other"], &["1 different numbers of task examples"]);
    refusal(two, &["--adjusted", "third"], &["under the adjustment `third`"]);
    let one =
        scores(HEADER, |i, compute, d, score| line(i, compute, d, score).replace(&format!(",f{},", i % 6), ",f,"));
    refusal(one, &[], &["of one family", "--cluster model"]);
    let level = scores(HEADER, |i, compute, d, _| line(i, compute, d, 0.25));
    refusal(level, &["--chance", "0.25"], &["no point of emergence"]);
    let good = || scores(HEADER, line);
    refusal(good(), &["--chance", "25"], &["--chance 25 is not on the scale"]);
    refusal(good(), &["--at-most", "-1"], &["at most -1 FLOPs"]);
    refusal(good(), &["--level", "95"], &["the level 95"]);
}
