//! `onset fit` as a user runs it: every way to bring a table, what comes out, and what is said of bad input.

use std::fmt::Write as _;
use std::fs;
use std::process::Output;

use onset::analysis::fit::{CurveChoice, FitSettings, figure};
use onset::registry::modelset::{ModelSet, ScoreScale, Settings};
use onset::registry::table::Table;
use onset::report::{csv, fit};
use proptest::prelude::*;
use serde_json::Value;

use crate::support::{Folder, argument, complained, paper_wide, program, refused, repository, succeeds};

/// Estimates that come from the same models by another way agree but for rounding of the compute column.
const ROUNDING: f64 = 1e-9;

/// The published estimates were found by a local optimiser that stops within this of the optimum.
const PUBLISHED: f64 = 1e-4;

/// Enough replicates for every method to have an answer.
const QUICK: [&str; 2] = ["--bootstrap", "199"];

/// Without the curves that are compared with the hinge, which take most of the time.
const HINGE: [&str; 2] = ["--curve", "hinge"];

fn onset(arguments: &[&str]) -> Output {
    program().arg("fit").args(arguments).output().expect("the program starts")
}

/// Runs with few replicates and the hinge alone and reads the JSON report.
fn report(arguments: &[&str]) -> Value {
    full_report(&[arguments, &HINGE].concat())
}

/// Runs with few replicates and reads the JSON report.
fn full_report(arguments: &[&str]) -> Value {
    let text = succeeds(program().arg("fit").args(arguments).args(QUICK).args(["--format", "json"]));
    serde_json::from_str(&text).expect("JSON")
}

/// Expects a refusal that holds every one of `said`.
fn refuses(arguments: &[&str], said: &[&str]) {
    let message = refused(program().arg("fit").args(arguments));
    for word in said {
        assert!(message.contains(word), "`{word}` is not in: {message}");
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
fn the_published_gsm8k_estimates_come_out_of_a_wide_table() {
    // The published analysis takes the larger of both scores as the adjusted one.
    let mut larger = String::from("model,best_of_both\n");
    for row in paper_rows() {
        let [before, after] = [7, 8].map(|k: usize| row[k].parse::<f64>().expect("a score"));
        writeln!(larger, "{},{}", row[0], before.max(after)).expect("text");
    }
    let folder = Folder::new();
    let larger = folder.write("larger.csv", &larger);
    let found = report(&[&paper_wide(), &larger, "--score", "gsm8k", "--adjusted", "best of both"]);
    // fig1.gsm8k.pre and fig1.gsm8k.post of the published analysis, computed again by its own script.
    let published =
        [("", [0.32578623, 22.35802525, 0.16829027]), ("/adjusted", [0.25673381, 20.98107136, -0.00110838])];
    for (condition, [alpha, c, theta]) in published {
        for (path, value) in [("alpha/estimate", alpha), ("c_log10/estimate", c), ("theta/estimate", theta)] {
            let ours = number(&found, &format!("{condition}/{path}"));
            assert!((ours - value).abs() <= PUBLISHED, "{condition}/{path}: {ours} for {value}");
        }
    }
    assert_eq!((number(&found, "/n_models"), number(&found, "/n_families")), (53.0, 20.0));
    assert_eq!(found["groups"][0]["n_models"], 19);
    assert_eq!(found["outcome"], "break");
    for name in ["alpha", "c_log10", "c_e", "theta"] {
        for part in ["estimate", "se", "low", "high"] {
            number(&found, &format!("/{name}/{part}"));
            number(&found, &format!("/adjusted/{name}/{part}"));
        }
    }
    let difference = number(&found, "/differences/theta/estimate");
    let minus = number(&found, "/theta/estimate") - number(&found, "/adjusted/theta/estimate");
    assert!((difference - minus).abs() < ROUNDING && number(&found, "/differences/theta/low") > 0.0);
}

#[test]
fn groups_come_from_a_cutoff_a_column_or_a_selection() {
    let folder = Folder::new();
    let language = |k: usize| if k == 0 { "language" } else { ["en", "en+cn", "fr"][k % 3] };
    let table = folder.write("t.csv", &toy(|k, row| row.push(language(k).into())));
    let report = |arguments: &[&str]| report(&[&[table.as_str(), "--chance", "0.25"], arguments].concat());
    let usual = report(&[]);
    assert_eq!(usual["groups"][0]["name"], "release >= 2023-11");
    agree(&usual, &report(&["--cutoff", "2024-01"]), 0.0);
    agree(&usual, &report(&["--cutoff", "none", "--group", "release >= 2024-01"]), 0.0);
    assert_eq!(usual["cutoffs"][0]["cutoff"], "2024-02");
    assert_eq!(usual["cutoffs"][0]["theta"], usual["theta"]["estimate"]);
    let words = report(&["--cutoff", "none", "--group", "language"]);
    let groups = words["groups"].as_array().expect("groups");
    let names: Vec<&str> = groups.iter().filter_map(|g| g["name"].as_str()).collect();
    assert_eq!(names, ["language = en+cn", "language = fr"]);
    assert_eq!(words["thetas"].as_array().map(Vec::len), Some(2));
    let none = report(&["--cutoff", "2030-01"]);
    assert!(none["theta"]["reason"].to_string().contains("nothing to compare"), "{}", none["theta"]);
}

#[test]
fn any_column_can_be_the_predictor_on_either_scale() {
    let folder = Folder::new();
    let log = |k: usize| if k == 0 { "log_c".into() } else { (20.0 + 0.25 * (k as f64 - 1.0)).to_string() };
    let table = folder.write("t.csv", &toy(|k, row| row.push(log(k))));
    let report = |arguments: &[&str]| report(&[&[table.as_str(), "--chance", "0.25"], arguments].concat());
    let (compute, column) = (report(&[]), report(&["--x", "log_c"]));
    let c = number(&compute, "/c_log10/estimate");
    assert!((number(&column, "/c_e/estimate") - c).abs() < ROUNDING, "{} for {c}", column["c_e"]);
    assert_eq!(column["c_log10"]["estimate"], Value::Null);
    assert_eq!(column["predictor"], serde_json::json!({"name": "log_c", "scale": "linear"}));
    let unit = report(&["--compute", "compute", "--compute-unit", "1e3"]);
    assert!((number(&unit, "/c_log10/estimate") - c - 3.0).abs() < ROUNDING);
}

#[test]
fn a_long_table_joined_with_a_table_of_models_gives_what_the_wide_one_gives() {
    let (models, scores) = (argument(repository("data/models.csv")), argument(repository("data/evaluations.csv")));
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
    let found =
        full_report(&[&paper_wide(), "--score", "mmlu", "--holdout", "compute > 1e23", "--predict", "1e25,1e26"]);
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
    let short = |report: &Value| report["notes"].to_string().contains("a little short");
    assert!(short(&unsure) && !short(&plain), "{}", unsure["notes"]);
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
    let found = full_report(&[
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
    assert_eq!((&found["schema"], &found["schema_version"]), (&Value::from("onset.fit"), &Value::from(2)));
}

#[test]
fn the_table_is_at_most_eighty_columns_wide() {
    let wide = paper_wide();
    let run = onset(
        &[&[wide.as_str(), "--score", "mmlu", "--adjusted", "mmlu_adjusted", "--predict", "1e25"], &QUICK[..]].concat(),
    );
    let text = String::from_utf8(run.stdout).expect("UTF-8");
    assert!(text.contains("verdict") && text.contains("c_log10") && text.contains("53 models"), "{text}");
    assert!(text.contains("beyond the data") && text.contains("Before minus after"), "{text}");
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "{} columns: {line}", line.chars().count());
    }
}

#[test]
fn figure_and_tables_are_written_and_do_not_depend_on_the_number_of_threads() {
    let folder = Folder::new();
    let run = |name: &str, threads: &str| {
        let out = folder.path(name);
        let status = program()
            .args(["fit", &paper_wide(), "--score", "mmlu", "--adjusted", "mmlu_adjusted", "--bootstrap", "199"])
            .args(HINGE)
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
        "fit.vl.json",
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
        assert_eq!(run.status.code(), Some(0), "{}", complained(&run));
        assert!(!has_nan(&text), "{text}");
    }
    full_report(&[&[table], arguments].concat())
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
fn groups_that_do_not_overlap_and_huge_values_are_survived() {
    let folder = Folder::new();
    let apart = |k: usize| if k > 9 { "2024-01" } else { "2023-01" };
    let apart = folder.write(
        "a.csv",
        &toy(|k, row| {
            if k > 0 {
                row[3] = apart(k).into()
            }
        }),
    );
    says_what_it_cannot_know(&apart, &[]);
    let scores = folder.write(
        "b.csv",
        &toy(|k, row| {
            if k > 0 {
                row[4] = format!("{k}e300")
            }
        }),
    );
    says_what_it_cannot_know(&scores, &["--score-scale", "any"]);
    let compute = folder.write(
        "c.csv",
        &toy(|k, row| {
            if k > 0 {
                row[2] = format!("1e{}", 290 + k % 18)
            }
        }),
    );
    refuses(&[&compute], &["row 2, column `compute`", "10^15 to 10^28", "--any-size"]);
    says_what_it_cannot_know(&compute, &["--any-size"]);
    refuses(&[&compute, "--any-size", "--x-scale", "linear"], &["predictor"]);
    let four: String = toy(|_, _| ()).lines().take(5).map(|line| format!("{line}\n")).collect();
    says_what_it_cannot_know(&folder.write("d.csv", &four), &["--curve", "linear", "--cutoff", "none"]);
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
    refuses(&[&paper_wide(), "--score", "mmlu", "--holdout", "compute > 1e15"], &["held out"]);
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

#[test]
fn bad_tables_and_bad_arguments_are_named() {
    let folder = Folder::new();
    let table = folder.write("t.csv", &toy(|_, _| ()));
    refuses(&["nowhere.csv"], &["nowhere.csv"]);
    refuses(&[&folder.write("empty.csv", "")], &["empty.csv", "empty"]);
    refuses(&[&folder.write("bad.jsonl", "{\"model\":\"a\"}\n{\"model\":\n")], &["bad.jsonl", "row 2"]);
    let nothing = folder.write("none/readme.txt", "x").replace("/readme.txt", "");
    refuses(&[&nothing], &["no results of lm-evaluation-harness"]);
    refuses(&[&folder.write("a.parquet", "PAR1....PAR1")], &["a.parquet"]);
    refuses(&[&table, "--score", "mmlu"], &["no table has a score `mmlu`", "score"]);
    refuses(&[&table, "--family", "maker"], &["column `maker` is missing"]);
    refuses(&[&table, "--x", "depth"], &["column `depth` is missing"]);
    refuses(&[&table, "--group", "model"], &["too many groups"]);
    refuses(&[&table, "--margin", "-1"], &["margin"]);
    refuses(&[&table, "--predict", "-1"], &["cannot be predicted at -1"]);
    refuses(&[&table, "--out", &format!("{table}/inside")], &["cannot write"]);
    refuses(&[&table, "--bootstrap", "0"], &["at least one replicate"]);
    let (models, scores) = (argument(repository("data/models.csv")), argument(repository("data/evaluations.csv")));
    refuses(&[&models, &scores, "--score", "mmlu", "--adjusted", "mmlu-aux"], &["several adjustments", "mmlu-aux:3"]);
    refuses(&[&models, &scores, "--score", "mmlu", "--metric", "f1"], &["no metric `f1`", "acc"]);
    refuses(&[&models, &scores, "--score", "humaneval"], &["no table has a score `humaneval`"]);
    refuses(&[&paper_wide()], &["which score?", "mmlu", "gsm8k"]);
    for bad in [["--holdout", "compute"], ["--curve", "cubic"], ["--cutoff", "soon"], ["--covariance", "hc9"]] {
        let run = onset(&[&[table.as_str()], &bad[..]].concat());
        assert_eq!(run.status.code(), Some(2), "{bad:?}");
    }
}

/// Every interval of a report has its ends in order.
fn ends_in_order(value: &Value) -> bool {
    match value {
        Value::Object(map) => {
            let end = |name: &str| map.get(name).and_then(Value::as_f64);
            end("low").zip(end("high")).is_none_or(|(low, high)| low <= high) && map.values().all(ends_in_order)
        }
        Value::Array(items) => items.iter().all(ends_in_order),
        _ => true,
    }
}

/// Numbers that tables hold, and some that they should not.
fn cell() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => (0..1000_i32).prop_map(|k| (f64::from(k) / 1000.0).to_string()),
        2 => prop::sample::select(vec!["0.25", "0", "1"]).prop_map(str::to_owned),
        1 => prop::sample::select(vec!["", "NA", "1e300", "-1e300", "1e-300", "45%", "1,000"]).prop_map(str::to_owned),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_table_makes_it_panic_or_print_a_number_that_is_none(
        rows in prop::collection::vec((cell(), cell(), cell(), 0..4_u8, 0..2_u8), 1..14),
        (curve, chance, any) in (0..6_usize, 0..3_u8, prop::bool::ANY),
    ) {
        let mut text = String::from("model,family,x,y,after,new\n");
        for (k, (x, y, after, family, new)) in rows.iter().enumerate() {
            writeln!(text, "m{k},f{family},\"{x}\",\"{y}\",\"{after}\",{new}").expect("text");
        }
        let curve = ["all", "hinge", "linear", "segmented", "logistic", "richards"][curve];
        let settings = FitSettings {
            tables: Settings {
                x: Some("x".parse()?),
                score: Some("y".into()),
                adjusted: Some("after".into()),
                groups: vec!["new".parse().expect("a group")],
                score_scale: if any { ScoreScale::Any } else { ScoreScale::Auto },
                holdout: any.then(|| "x > 0.9".parse().expect("a selection")),
                ..Settings::default()
            },
            curve: curve.parse::<CurveChoice>().expect("a curve"),
            chance: ["0.25", "free", "known"][usize::from(chance)].parse().expect("a level"),
            bootstrap: 19,
            margin: Some(0.1),
            predict: vec![0.5, 2.0],
            ..FitSettings::default()
        };
        let table = Table::parse(text.as_bytes(), "t.csv".as_ref(), &[]).expect("a table");
        // What cannot be fitted is an error; what can must be printable.
        if let Ok(found) = ModelSet::from_tables(&[table], &settings.tables).and_then(|set| settings.fit(&set)) {
            let json = found.to_json().expect("JSON");
            prop_assert!(ends_in_order(&serde_json::from_str(&json).expect("JSON")), "{json}");
            let figure = csv::figure_data(&figure(&found));
            let tables = [fit::parameters(&found), fit::predictions(&found), fit::diagnostics(&found), figure];
            for table in tables {
                let text = String::from_utf8(table.to_bytes().expect("rows of one length")).expect("UTF-8");
                prop_assert!(!has_nan(&text), "{text}");
            }
            let printed = fit::terminal(&found, 80);
            prop_assert!(!has_nan(&printed) && printed.lines().all(|line| line.chars().count() <= 80), "{printed}");
        }
    }
}

#[test]
fn a_fit_of_more_models_than_its_replicates_allow_takes_fewer_and_says_so() {
    let folder = Folder::new();
    let table = folder.write("t.csv", &toy(|_, _| ()));
    let found = report(&[&table, "--score", "score", "--bound", "fit-draws=10"]);
    assert_eq!(number(&found, "/settings/bootstrap"), 99.0);
    let notes = found["notes"].to_string();
    assert!(notes.contains("99 replicates instead of 199") && notes.contains("--bound fit-draws=NUMBER"), "{notes}");
    let whole = report(&[&table, "--score", "score"]);
    assert_eq!(number(&whole, "/settings/bootstrap"), 199.0);
    assert!(!whole["notes"].to_string().contains("replicates"), "{whole}");
}

#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_printed_is_no_success() {
    let table = paper_wide();
    let fit = [&["fit", &table, "--score", "mmlu", "--curve", "linear"], &QUICK[..]].concat();
    for arguments in
        [&["--help"][..], &["--version"], &["help", "fit"], &["fit", "--help"], &["completions", "bash"], &fit]
    {
        let full = fs::File::options().write(true).open("/dev/full").expect("it is there");
        let run = program().args(arguments).stdout(full).output().expect("the program starts");
        assert_eq!(run.status.code(), Some(2), "{arguments:?}");
        assert!(complained(&run).contains("cannot write to standard output"), "{arguments:?}: {}", complained(&run));
    }
}
