//! `onset loss-law`: the loss of anybody's models by size and data.

use std::fmt::Write as _;

use serde_json::Value;

use crate::support::{Folder, program, refused, repository, succeeds};

/// Five sizes at four numbers of tokens with a little noise; `row` writes what follows the number of the point.
fn sweep(header: &str, row: impl Fn(usize, f64, f64, f64) -> String) -> String {
    let mut text = format!("{header}\n");
    for (i, n) in [4e7_f64, 1.5e8, 6e8, 2e9, 8e9].into_iter().enumerate() {
        for (k, ratio) in [4.0, 12.0, 40.0, 150.0].into_iter().enumerate() {
            let d = n * ratio;
            let noise = 1.0 + 0.002 * ((3 * i + 5 * k) % 7) as f64;
            let loss = noise * (1.8 + 480.0 / n.powf(0.35) + 2100.0 / d.powf(0.37));
            writeln!(text, "{}", row(4 * i + k, n, d, loss)).expect("text");
        }
    }
    text
}

fn plain() -> String {
    sweep("model,params,tokens,loss", |i, n, d, loss| format!("m{i},{n},{d},{loss}"))
}

fn report(folder: &Folder, arguments: &[&str]) -> Value {
    let mut command = program();
    command.args(["loss-law", "--format", "json", "--bootstrap", "99"]).args(arguments).current_dir(folder.path(""));
    serde_json::from_str(&succeeds(&mut command)).expect("JSON")
}

fn complaint(folder: &Folder, arguments: &[&str]) -> String {
    refused(program().args(["loss-law", "--bootstrap", "99"]).args(arguments).current_dir(folder.path("")))
}

fn value(report: &Value, name: &str) -> f64 {
    report[name]["estimate"].as_f64().unwrap_or_else(|| panic!("{name}: {}", report[name]))
}

#[test]
fn the_published_refit_of_chinchilla_comes_out_of_the_program() {
    let table = repository("data/chinchilla.csv");
    let mut command = program();
    command.args(["loss-law", "--absolute", "--format", "json", "--bootstrap", "199", "--compute", "1e24"]).arg(table);
    let report: Value = serde_json::from_str(&succeeds(&mut command)).expect("JSON");
    for (name, published) in [("e", 1.8172), ("a", 482.01), ("b", 2085.43), ("alpha", 0.3478), ("beta", 0.3658)] {
        let found = value(&report, name);
        assert!((found / published - 1.0).abs() < 2e-4, "{name}: {found}, published {published}");
        let (low, high) = (report[name]["low"].as_f64().expect("low"), report[name]["high"].as_f64().expect("high"));
        assert!(low < found && found < high, "{name}");
    }
    assert_eq!((report["converged"].as_bool(), report["points"].as_array().map(Vec::len)), (Some(true), Some(240)));
    let best = &report["allocations"][0];
    let product = 6.0 * value(best, "params") * value(best, "tokens");
    assert!((product / 1e24 - 1.0).abs() < 1e-9 && best["extrapolated"] == true);
    assert!((value(best, "tokens_per_param") * value(best, "params") / value(best, "tokens") - 1.0).abs() < 1e-9);
}

#[test]
fn tokens_follow_from_compute_and_units_are_read_from_names() {
    let folder = Folder::new();
    folder.write("plain.csv", &plain());
    let in_units = |_, n: f64, d: f64, loss: f64| format!("{},{},{loss}", n / 1e9, 6.0 * n * d / 1e18);
    folder.write("units.csv", &sweep("Params (B),FLOPs (1E18),Validation loss", in_units));
    let plain = report(&folder, &["plain.csv"]);
    let units = report(&folder, &["units.csv", "--loss", "validation loss"]);
    for name in ["e", "alpha", "beta", "params_exponent"] {
        assert!((value(&plain, name) / value(&units, name) - 1.0).abs() < 1e-6, "{name}");
    }
    assert!(
        units["notes"].to_string().contains("tokens of 20 points are compute / (6 × params)"),
        "{}",
        units["notes"]
    );
    // The largest point has 6 · 8e9 · 1.2e12 FLOPs.
    let budgets: Vec<f64> =
        plain["allocations"].as_array().expect("budgets").iter().filter_map(|at| at["compute"].as_f64()).collect();
    assert_eq!(budgets, [1e23, 1e24, 1e25]);
}

#[test]
fn points_of_one_run_are_drawn_together() {
    let folder = Folder::new();
    folder.write("alone.csv", &plain());
    let with_run = |i: usize, n: f64, d: f64, loss: f64| format!("m{i},r{},{n},{d},{loss}", i / 4);
    folder.write("runs.csv", &sweep("model,run,params,tokens,loss", with_run));
    let checkpoints = |i: usize, n: f64, d: f64, loss: f64| format!("r{},{n},{d},{loss}", i / 4);
    folder.write("checkpoints.csv", &sweep("model,params,tokens_seen,loss", checkpoints));
    let clusters = |arguments: &[&str]| {
        let found = report(&folder, arguments);
        (found["clusters"].as_u64().expect("a number"), found["e"]["low"].as_f64(), value(&found, "e"))
    };
    let (alone, runs, checkpoints) =
        (clusters(&["alone.csv"]), clusters(&["runs.csv"]), clusters(&["checkpoints.csv"]));
    assert_eq!((alone.0, runs.0, checkpoints.0), (20, 5, 5));
    assert_eq!(clusters(&["runs.csv", "--cluster", "model"]).0, 20);
    assert!((alone.2 - runs.2).abs() < 1e-12 && (runs.2 - checkpoints.2).abs() < 1e-12, "the law is the same");
    assert!(alone.1 != runs.1, "its interval is not");
}

#[test]
fn tables_and_figure_are_written_and_the_same_on_any_number_of_threads() {
    let folder = Folder::new();
    folder.write("sweep.csv", &plain());
    let run = |out: &str, threads: &str| {
        let mut command = program();
        command.args(["loss-law", "sweep.csv", "--bootstrap", "99", "--out", out]).env("RAYON_NUM_THREADS", threads);
        succeeds(command.current_dir(folder.path("")))
    };
    assert_eq!(run("one", "1"), run("three", "3"));
    for name in
        ["loss_law.svg", "loss_law.png", "loss_law.pdf", "loss_law.csv", "report.json", "estimates.csv", "points.csv"]
    {
        let [one, three] =
            ["one", "three"].map(|out| std::fs::read(folder.path(&format!("{out}/{name}"))).expect(name));
        assert!(!one.is_empty() && one == three, "{name}");
    }
    let text = std::fs::read_to_string(folder.path("one/report.json")).expect("the report");
    let read: onset::analysis::loss_law::LossLawReport = serde_json::from_str(&text).expect("a report");
    assert_eq!(read.to_json().expect("JSON"), text);
    let estimates = std::fs::read_to_string(folder.path("one/estimates.csv")).expect("estimates");
    let (header, rows) = estimates.split_once('\n').expect("a header");
    assert_eq!(header, "quantity,compute,estimate,se,low,high,method,extrapolated,reason");
    let e: f64 = rows.strip_prefix("E,,").and_then(|row| row.split(',').next()?.parse().ok()).expect("E");
    // The points scatter around a law with E = 1.8172.
    assert!((e - 1.8172).abs() < 0.05, "{e}");
    assert_eq!(estimates.lines().count(), 1 + 7 + 4 * 3);
}

#[test]
fn what_gives_no_law_is_refused_with_the_way_on() {
    let folder = Folder::new();
    let refusal = |text: String, arguments: &[&str], said: &[&str]| {
        folder.write("table.csv", &text);
        let message = complaint(&folder, &[&["table.csv"], arguments].concat());
        said.iter().for_each(|said| assert!(message.contains(said), "{said}: {message}"));
    };
    let header = "model,params,tokens,loss";
    let with = |loss: &'static str| {
        sweep(header, move |i, n, d, y| {
            format!("m{i},{n},{d},{}", if i == 2 { loss.to_owned() } else { y.to_string() })
        })
    };
    refusal(with("-0.5"), &[], &["table.csv, row 4, column `loss`", "-0.5 is not above 0", "nats or bits"]);
    refusal(with("0"), &[], &["row 4, column `loss`", "is not above 0"]);
    refusal(with("low"), &[], &["table.csv, row 4, column `loss`"]);
    let few: String = plain().lines().take(6).map(|line| format!("{line}\n")).collect();
    refusal(few, &[], &["5 usable, 8 needed", "--tokens"]);
    let one_size = sweep(header, |i, _, d, loss| format!("m{i},1e9,{d},{loss}"));
    refusal(one_size, &[], &["all numbers of parameters are the same", "models of several sizes"]);
    let in_proportion =
        sweep(header, |i, n, _, loss| format!("m{i},{},{},{loss}", n * (1.0 + i as f64), 20.0 * n * (1.0 + i as f64)));
    refusal(in_proportion, &[], &["tokens follow from the parameters", "tokens per parameter"]);
    let one_run = sweep("model,run,params,tokens,loss", |i, n, d, loss| format!("m{i},r,{n},{d},{loss}"));
    refusal(one_run, &[], &["all 20 points are of one run", "--cluster model"]);
    refusal(plain(), &["--loss", "perplexity"], &["perplexity", "--loss names the column"]);
    refusal(plain(), &["--compute", "-1"], &["a budget of -1 FLOPs", "--compute 1e23"]);
    refusal(plain(), &["--level", "95"], &["the level 95"]);
    refusal(plain(), &["--delta", "0"], &["must be a positive number"]);
    let twice = sweep(header, |i, n, d, loss| format!("m{},{n},{d},{loss}", i / 4));
    refusal(twice, &[], &["already in row 2", "tokens_seen"]);
    let millions =
        sweep("model,params (million),tokens,loss", |i, n, d, loss| format!("m{i},{},{},{loss}", n / 1e6, d / 1e9));
    refusal(millions, &[], &["--tokens-unit"]);
}

#[test]
fn a_loss_that_no_data_lower_has_no_best_size_and_says_why() {
    let folder = Folder::new();
    let rising =
        |i: usize, n: f64, d: f64, _: f64| format!("m{i},{n},{d},{}", 1.8 + 480.0 / n.powf(0.35) + 1e-4 * d.powf(0.3));
    folder.write("rising.csv", &sweep("model,params,tokens,loss", rising));
    let report = report(&folder, &["rising.csv"]);
    let best = &report["allocations"][0]["params"];
    assert!(best["estimate"].is_null() && best["reason"].to_string().contains("not lower the loss"), "{best}");
}
