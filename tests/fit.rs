//! `onset fit` as a user runs it: every way to bring a table, what comes out, and what is said of bad input.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// Estimates that come from the same models by another way agree but for rounding of the compute column.
const ROUNDING: f64 = 1e-9;

/// Enough replicates for every method to have an answer.
const QUICK: [&str; 2] = ["--bootstrap", "199"];

fn onset(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_onset")).arg("fit").args(arguments).output().expect("the program starts")
}

fn repository(path: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path).to_str().expect("UTF-8").to_owned()
}

fn paper_wide() -> String {
    repository("tests/fixtures/fit/paper_wide.csv")
}

/// Runs with few replicates and reads the JSON report.
fn report(arguments: &[&str]) -> Value {
    let run = onset(&[arguments, &QUICK, &["--format", "json"]].concat());
    assert_eq!(run.status.code(), Some(0), "{}", String::from_utf8_lossy(&run.stderr));
    let text = String::from_utf8(run.stdout).expect("UTF-8");
    serde_json::from_str(&text).expect("JSON")
}

/// Expects exit code 2 and one line that holds every one of `said`.
fn refuses(arguments: &[&str], said: &[&str]) {
    let run = onset(arguments);
    let message = String::from_utf8_lossy(&run.stderr);
    assert_eq!(run.status.code(), Some(2), "{message}");
    assert!(run.stdout.is_empty(), "nothing is printed before an error");
    assert_eq!(message.lines().count(), 1, "one line: {message}");
    for word in said {
        assert!(message.contains(word), "`{word}` is not in: {message}");
    }
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("in the folder")).expect("created");
        fs::write(&path, text).expect("written");
        path.to_str().expect("UTF-8").to_owned()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

/// The published models as text cells: model, family, params, tokens, release, mmlu, mmlu_adjusted, gsm8k, gsm8k_adjusted.
fn paper_rows() -> Vec<Vec<String>> {
    let text = fs::read_to_string(paper_wide()).expect("the fixture");
    text.lines().skip(1).map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

fn number(value: &Value, path: &str) -> f64 {
    value.pointer(path).and_then(Value::as_f64).unwrap_or_else(|| panic!("{path} is a number in {value}"))
}

fn agree(a: &Value, b: &Value, tolerance: f64) {
    for path in ["/alpha/estimate", "/c_log10/estimate", "/theta/estimate", "/theta/se", "/r_squared", "/sse"] {
        let (a, b) = (number(a, path), number(b, path));
        assert!((a - b).abs() <= tolerance * a.abs(), "{path}: {a} and {b}");
    }
}

/// A toy set whose scores leave 0.25 at 10^22 FLOPs; `edit` may change any row (header first).
fn toy(edit: impl Fn(usize, &mut Vec<String>)) -> String {
    let mut text = String::new();
    let header = ["model", "family", "compute", "release", "score"].map(str::to_owned).to_vec();
    let rows = (0..18).map(|i: i32| {
        let x = 20.0 + 0.25 * f64::from(i);
        let wiggle = 0.01 * [0.0, 1.0, -1.0, 0.5, -0.5][(i % 5) as usize];
        let new = i % 4 >= 2;
        let score = 0.25 + 0.12 * (x - 22.0).max(0.0) + wiggle + if new { 0.03 } else { 0.0 };
        let release = if new { "2024-02" } else { "2023-02" };
        vec![format!("m{i}"), format!("f{}", i / 2), format!("{:e}", 10f64.powf(x)), release.into(), score.to_string()]
    });
    for (k, mut row) in std::iter::once(header).chain(rows).enumerate() {
        edit(k, &mut row);
        writeln!(text, "{}", row.join(",")).expect("text");
    }
    text
}

#[test]
fn a_long_table_joined_with_a_table_of_models_gives_what_the_wide_one_gives() {
    let (models, scores) = (repository("data/models.csv"), repository("data/evaluations.csv"));
    let wide = report(&[&paper_wide(), "--score", "mmlu", "--adjusted", "mmlu_adjusted"]);
    let long = report(&[&models, &scores, "--score", "mmlu", "--adjusted", "mmlu-aux:3"]);
    agree(&wide, &long, 0.0);
    agree(&wide["adjusted"], &long["adjusted"], 0.0);
    assert_eq!(long["metric"], "acc");
    let swapped = report(&[&scores, &models, "--score", "MMLU", "--adjusted", "mmlu-aux:3"]);
    agree(&wide, &swapped, ROUNDING);
}

#[test]
fn tsv_json_lines_and_the_layouts_of_other_projects_are_read_as_they_are() {
    let folder = Folder::new();
    let rows = paper_rows();
    let (mut tsv, mut json) = (String::from("model\tfamily\tparams\ttokens\trelease\tmmlu\n"), String::new());
    let mut obs = String::from("Model,Model Family,Model Size (B),Pretraining Data Size (T),FLOPs (1E21),MMLU\n");
    let mut epoch = String::from(
        "Model,Organization,Publication date,Parameters,Training compute (FLOP),Training dataset size (total),MMLU\n",
    );
    for row in &rows {
        let size = |k: usize| row[k].parse::<f64>().expect("a number");
        writeln!(tsv, "{}", row[..6].join("\t")).expect("text");
        let object = serde_json::json!({"MMLU": row[5].parse::<f64>().expect("a score"), "model": row[0], "family": row[1],
            "params": size(2), "tokens": size(3), "release": row[4]});
        writeln!(json, "{object}").expect("text");
        let flops = 6.0 * size(2) * size(3);
        writeln!(obs, "org/{},{},{},,{},{}", row[0], row[1], size(2) / 1e9, flops / 1e21, row[5]).expect("text");
        writeln!(epoch, "{},{},{}-15,{},{flops:e},,{}", row[0], row[1], row[4], row[2], row[5]).expect("text");
    }
    let reference = report(&[&paper_wide(), "--score", "mmlu"]);
    agree(&reference, &report(&[&folder.write("a.tsv", &tsv), "--score", "mmlu"]), 0.0);
    agree(&reference, &report(&[&folder.write("a.jsonl", &json), "--score", "mmlu"]), 0.0);
    let epoch = folder.write("epoch.csv", &epoch);
    agree(&reference, &report(&[&epoch, "--family", "organization"]), ROUNDING);
    // Without release dates there is no default group; the paper's comes from another table.
    let dates: String =
        rows.iter().fold("model,release\n".into(), |text, row| format!("{text}{},{}\n", row[0], row[4]));
    let dates = folder.write("dates.csv", &dates);
    let obs = report(&[&folder.write("obs.csv", &obs), &dates, "--score", "mmlu"]);
    agree(&reference, &obs, ROUNDING);
}

#[test]
fn a_folder_of_harness_results_is_joined_with_the_sizes_of_its_models() {
    let folder = Folder::new();
    let mut sizes = String::from("name,family,params,tokens\n");
    for row in paper_rows() {
        let results = format!(
            "{{\"results\":{{\"gsm8k\":{{\"exact_match,flexible-extract\":{},\"alias\":\"gsm8k\"}}}}}}",
            row[7]
        );
        folder.write(&format!("results/{}-gsm8k.json", row[0]), &results);
        writeln!(sizes, "{},{},{},{}", row[0], row[1], row[2], row[3]).expect("text");
    }
    folder.write("results/broken-gsm8k.json", "{");
    let sizes = folder.write("sizes.csv", &sizes);
    let results = folder.path("results");
    let found = report(&[results.to_str().expect("UTF-8"), &sizes, "--score", "gsm8k"]);
    let reference = report(&[&paper_wide(), "--score", "gsm8k", "--cutoff", "none"]);
    assert_eq!(found["alpha"], reference["alpha"]);
    assert!(found["notes"].to_string().contains("broken-gsm8k.json"), "{}", found["notes"]);
    assert!(found["theta"]["reason"].to_string().contains("not divided"), "{}", found["theta"]);
}

#[test]
fn models_that_lack_something_are_left_out_counted_and_named() {
    let folder = Folder::new();
    let table = folder.write(
        "t.csv",
        &toy(|k, row| match k {
            2 => row[2] = String::new(),
            3 => row[4] = "N/A".into(),
            4 => row[4] = String::new(),
            _ => {}
        }),
    );
    let found = report(&[&table]);
    assert_eq!(found["n_models"], 15);
    let expected = serde_json::json!([{"reason": "no score", "models": 2}, {"reason": "no compute", "models": 1}]);
    assert_eq!(found["dropped"], expected);
    assert_eq!(found["dropped_models"][0], serde_json::json!({"model": "m1", "reason": "no compute"}));
}

#[test]
fn held_out_models_are_predicted_and_do_not_enter_the_fit() {
    let found = report(&[&paper_wide(), "--score", "mmlu", "--holdout", "compute > 1e23", "--predict", "1e25,1e26"]);
    let held_out = number(&found, "/n_held_out");
    assert_eq!(held_out + number(&found, "/n_models"), 53.0);
    assert!(held_out >= 10.0 && number(&found, "/range/1") <= 1e23);
    for curve in found["curves"].as_array().expect("curves") {
        assert_eq!(number(curve, "/holdout/n"), held_out);
        assert!((0.0..=1.0).contains(&number(curve, "/holdout/coverage")), "{curve}");
        let (rmse, bias) = (number(curve, "/holdout/rmse"), number(curve, "/holdout/bias"));
        assert!(rmse >= bias.abs() && rmse < 0.5, "{curve}");
        let predictions = curve["predictions"].as_array().expect("predictions");
        assert_eq!(predictions.len(), 4, "two values for two groups");
        for p in predictions {
            assert!(number(p, "/low") < number(p, "/score") && number(p, "/score") < number(p, "/high"), "{p}");
            assert_eq!(p["extrapolated"], true);
        }
    }
}

#[test]
fn uncertain_compute_and_item_noise_are_carried_into_the_report() {
    let plain = report(&[&paper_wide(), "--score", "mmlu", "--margin", "0.1"]);
    let unsure = report(&[&paper_wide(), "--score", "mmlu", "--compute-sd", "0.15"]);
    assert_eq!(unsure["alpha"]["method"], "simulation–extrapolation");
    assert!(number(&unsure, "/alpha/estimate") > number(&plain, "/alpha/estimate"), "attenuation is taken back");
    assert_eq!(unsure["measurement_error"][0]["plain"], plain["alpha"]["estimate"]);
    let share = number(&plain, "/item_noise/share");
    assert!(share > 0.0 && share < 0.1, "14,042 items leave little noise: {share}");
    assert_eq!(plain["equivalence"]["margin"], 0.1);
    assert!(number(&plain, "/equivalence/smallest_margin") > 0.0);
    let weighted = report(&[&paper_wide(), "--score", "mmlu", "--weights", "items"]);
    assert_eq!(weighted["settings"]["weights"], "items");
    assert!((number(&weighted, "/theta/estimate") - number(&plain, "/theta/estimate")).abs() < 0.01);
}

#[test]
fn every_key_of_the_report_is_documented() {
    fn keys(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(map) => map.iter().for_each(|(key, value)| {
                found.push(key.clone());
                keys(value, found);
            }),
            Value::Array(items) => items.iter().for_each(|item| keys(item, found)),
            _ => {}
        }
    }
    let found = report(&[
        &paper_wide(),
        "--score",
        "mmlu",
        "--adjusted",
        "mmlu_adjusted",
        "--compute-sd",
        "0.1",
        "--holdout",
        "params > 3e10",
        "--predict",
        "1e25",
    ]);
    let documented = fs::read_to_string(repository("docs/formats.md")).expect("the description");
    let mut all = Vec::new();
    keys(&found, &mut all);
    all.sort();
    all.dedup();
    assert!(all.len() > 80, "{} keys", all.len());
    let missing: Vec<&String> = all.iter().filter(|key| !documented.contains(&format!("`{key}`"))).collect();
    assert!(missing.is_empty(), "not in docs/formats.md: {missing:?}");
    assert_eq!((&found["schema"], &found["schema_version"]), (&Value::from("onset.fit"), &Value::from(1)));
}

#[test]
fn the_table_is_at_most_eighty_columns_wide() {
    let wide = paper_wide();
    let run = onset(
        &[&[wide.as_str(), "--score", "mmlu", "--adjusted", "mmlu_adjusted", "--predict", "1e25"], &QUICK[..]].concat(),
    );
    let text = String::from_utf8(run.stdout).expect("UTF-8");
    assert!(text.contains("verdict") && text.contains("c_log10") && text.contains("53 models"), "{text}");
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "{} columns: {line}", line.chars().count());
    }
}

#[test]
fn figure_and_tables_are_written_and_do_not_depend_on_the_number_of_threads() {
    let folder = Folder::new();
    let run = |name: &str, threads: &str| {
        let out = folder.path(name);
        let status = Command::new(env!("CARGO_BIN_EXE_onset"))
            .args(["fit", &paper_wide(), "--score", "mmlu", "--adjusted", "mmlu_adjusted", "--bootstrap", "199"])
            .args(["--format", "csv", "--out", out.to_str().expect("UTF-8")])
            .env("RAYON_NUM_THREADS", threads)
            .output()
            .expect("the program starts");
        assert_eq!(status.status.code(), Some(0), "{}", String::from_utf8_lossy(&status.stderr));
        (out, status.stdout)
    };
    let ((one, printed), (two, _)) = (run("one", "1"), run("two", "2"));
    let names = [
        "diagnostics.csv",
        "fit.csv",
        "fit.pdf",
        "fit.png",
        "fit.svg",
        "parameters.csv",
        "predictions.csv",
        "report.json",
    ];
    for name in names {
        let bytes = fs::read(one.join(name)).expect("written");
        assert!(!bytes.is_empty() && bytes == fs::read(two.join(name)).expect("written"), "{name}");
    }
    assert_eq!(fs::read_dir(&one).expect("the folder").count(), names.len());
    let text = |name: &str| fs::read_to_string(one.join(name)).expect("UTF-8");
    assert_eq!(printed, text("parameters.csv").as_bytes());
    assert_eq!(text("diagnostics.csv").lines().count(), 1 + 2 * 53);
    assert!(text("fit.csv").contains("llama-2-70b") && text("fit.csv").contains("band"));
    assert!(text("fit.svg").contains("<title>fit</title>"));
    for name in ["parameters.csv", "predictions.csv", "diagnostics.csv", "fit.csv"] {
        assert!(!has_nan(&text(name)), "{name}");
    }
}

fn has_nan(text: &str) -> bool {
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '-' && c != '_').map(str::to_lowercase);
    words.into_iter().any(|word| ["nan", "inf", "-inf", "infinity"].contains(&word.as_str()))
}

/// Runs in all three formats, expects a report, and that nothing in it is NaN.
fn says_what_it_cannot_know(table: &str, arguments: &[&str]) -> Value {
    for format in ["table", "csv"] {
        let run = onset(&[&[table, "--format", format], arguments, &QUICK[..]].concat());
        let text = String::from_utf8_lossy(&run.stdout).into_owned();
        assert_eq!(run.status.code(), Some(0), "{}", String::from_utf8_lossy(&run.stderr));
        assert!(!has_nan(&text), "{text}");
    }
    report(&[&[table], arguments].concat())
}

#[test]
fn one_family_has_estimates_but_no_clustered_error() {
    let folder = Folder::new();
    let table = folder.write("t.csv", &toy(|k, row| row[1] = if k == 0 { "family".into() } else { "one".into() }));
    let found = says_what_it_cannot_know(&table, &[]);
    assert!(number(&found, "/alpha/estimate") > 0.0);
    assert_eq!(found["alpha"]["se"], Value::Null);
    assert!(found["alpha"]["reason"].to_string().contains("two clusters"), "{}", found["alpha"]);
    let independent = report(&[&table, "--cluster", "model"]);
    assert!(number(&independent, "/alpha/se") > 0.0);
}

#[test]
fn a_flat_curve_has_no_point_of_emergence() {
    let folder = Folder::new();
    let constant = folder.write(
        "a.csv",
        &toy(|k, row| {
            if k > 0 {
                row[4] = "0.25".into()
            }
        }),
    );
    let below = folder.write(
        "b.csv",
        &toy(|k, row| {
            if k > 0 {
                row[4] = format!("{}", 0.25 - 0.001 * k as f64)
            }
        }),
    );
    for table in [constant, below] {
        let found = says_what_it_cannot_know(&table, &["--chance", "0.25", "--cutoff", "none"]);
        assert_eq!((&found["outcome"], &found["verdict"]), (&Value::from("flat"), &Value::from("none")));
        assert_eq!(found["c_e"]["estimate"], Value::Null);
        assert!(found["c_e"]["reason"].is_string(), "{}", found["c_e"]);
    }
}

#[test]
fn a_straight_line_only_bounds_the_point_of_emergence() {
    let folder = Folder::new();
    let table = folder.write(
        "t.csv",
        &toy(|k, row| {
            if k > 0 {
                row[4] = format!("{}", 0.30 + 0.02 * k as f64 + 0.004 * (k % 3) as f64);
            }
        }),
    );
    let found = says_what_it_cannot_know(&table, &["--chance", "0.25"]);
    assert_eq!(found["outcome"], "no_break");
    assert_eq!(found["c_e"]["estimate"], Value::Null);
    assert!(found["c_e"]["reason"].is_string(), "{}", found["c_e"]);
}

#[test]
fn too_little_data_is_a_clear_error() {
    let folder = Folder::new();
    let two = folder.write("a.csv", "model,compute,score\na,1e20,0.2\nb,1e21,0.3\n");
    refuses(&[&two, "--cutoff", "none", "--chance", "free"], &["not enough models", "2 usable"]);
    let mut same = String::from("model,compute,score\n");
    (0..10).for_each(|k| writeln!(same, "m{k},1e21,0.3").expect("text"));
    refuses(&[&folder.write("b.csv", &same)], &["predictor", "same for every model"]);
    let identical = format!("model,compute,score\n{}", "a,1e21,0.3\n".repeat(10));
    refuses(&[&folder.write("c.csv", &identical)], &["not enough models", "1 usable"]);
    let nothing = folder.write("d.csv", "model,compute,score\na,,0.3\nb,,0.2\n");
    refuses(&[&nothing], &["no model can be fitted", "2 with no compute"]);
    refuses(&[&paper_wide(), "--score", "mmlu", "--holdout", "compute > 1"], &["held out"]);
}

#[test]
fn bad_cells_are_named_with_file_row_and_column() {
    let folder = Folder::new();
    let with = |k: usize, column: usize, text: &str| {
        folder.write(
            "t.csv",
            &toy(|row, cells| {
                if row == k {
                    cells[column] = text.into()
                }
            }),
        )
    };
    refuses(&[&with(4, 4, "NaN")], &["t.csv, row 5, column `score`", "NaN"]);
    refuses(&[&with(4, 4, "lots")], &["row 5, column `score`", "`lots` is not a number"]);
    refuses(&[&with(4, 4, "1.5")], &["row 5, column `score`", "1.5 is not between 0 and 1", "--score-scale"]);
    refuses(&[&with(4, 4, "-0.1")], &["row 5, column `score`", "-0.1"]);
    refuses(&[&with(4, 2, "-3e21")], &["row 5, column `compute`", "not above 0"]);
    refuses(&[&with(4, 2, "inf")], &["row 5, column `compute`", "not a finite number"]);
    refuses(&[&with(4, 0, "")], &["row 5, column `model`", "no name"]);
    refuses(&[&with(4, 0, "m0")], &["row 5, column `model`", "`m0` is already in row 2"]);
    refuses(&[&with(4, 1, "F0")], &["row 5, column `family`", "spelled `f0`"]);
    refuses(&[&with(4, 3, "soon"), "--cutoff", "2023-11"], &["row 5, column `release`", "`soon` is not a month"]);
    refuses(&[&with(4, 2, "1e21,7")], &["row 5 has 6 cells, the header has 5"]);
}
