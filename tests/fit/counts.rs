//! `onset fit --counts`: the counts of right answers by likelihood.

use std::fmt::Write as _;

use serde_json::Value;

use crate::support::{Folder, complained, program, succeeds};

const ITEMS: u32 = 400;

/// Shares of right answers of 36 models on a hinge from 22 on, up to a ceiling of 0.9; three of a family.
fn scores(whole: bool) -> String {
    let mut text = String::from("model,family,release,compute,score,items\n");
    for i in 0..36_i32 {
        let x = 20.0 + 0.15 * f64::from(i);
        let family = 0.02 * f64::from((i / 3 * 5) % 7 - 3) / 3.0;
        let model = 0.01 * f64::from((i * 5) % 3 - 1);
        let share = (0.25 + (0.3 * (x - 22.0)).max(0.0) + family + model).min(0.9);
        let right = (share * f64::from(ITEMS)).round() + if whole { 0.0 } else { 0.3 };
        let release = if i % 2 == 0 { "2023-01" } else { "2024-01" };
        let compute = 10f64.powf(x);
        writeln!(text, "m{i},f{},{release},{compute:e},{},{ITEMS}", i / 3, right / f64::from(ITEMS)).expect("text");
    }
    text
}

fn fit(table: &str, options: &[&str]) -> std::process::Command {
    let mut command = program();
    command.args(["fit", table, "--chance", "0.25", "--bootstrap", "99", "--curve", "hinge"]).args(options);
    command
}

fn json(folder: &Folder, options: &[&str]) -> Value {
    let options = [options, &["--format", "json"]].concat();
    serde_json::from_str(&succeeds(fit("scores.csv", &options).current_dir(folder.path("")))).expect("JSON")
}

#[test]
fn counts_between_chance_and_a_ceiling_give_back_the_hinge_that_made_them() {
    let folder = Folder::new();
    folder.write("scores.csv", &scores(true));
    let report = json(&folder, &["--counts"]);
    let counts = &report["counts"];
    assert_eq!((counts["best"].as_str(), counts["rounded"].as_u64()), (Some("hinge"), Some(0)), "{counts}");
    let hinge = &counts["curves"][1];
    let of = |name: &str| &hinge[name];
    let number = |value: &Value| value.as_f64().unwrap_or(f64::NAN);
    for (name, truth) in [("c_log10", 22.0), ("slope", 0.3)] {
        let (low, high) = (number(&of(name)["low"]), number(&of(name)["high"]));
        assert!(low < truth && truth < high, "{name}: {hinge}");
    }
    assert!((number(&of("c_e")["estimate"]).log10() - number(&of("c_log10")["estimate"])).abs() < 1e-9);
    assert!((number(of("ceiling")) - 0.9).abs() < 0.02 && number(of("chance")) == 0.25, "{hinge}");
    assert_eq!(of("converged").as_bool(), Some(true));
    let theta = &of("thetas")[0];
    assert!(number(&theta["low"]) < 0.0 && number(&theta["high"]) > 0.0, "{theta}");
    assert!(json(&folder, &[]).get("counts").is_none(), "nothing that was not asked for");
}

#[test]
fn a_ceiling_that_is_given_is_kept_and_the_table_for_people_says_it() {
    let folder = Folder::new();
    folder.write("scores.csv", &scores(false));
    let options = ["--counts", "--ceiling", "0.92"];
    let shown = succeeds(fit("scores.csv", &options).current_dir(folder.path("")));
    assert!(shown.contains("Counts, hinge: chance 0.250, ceiling 0.920, "), "{shown}");
    assert!(shown.contains("36 scores are no whole number of right answers"), "{shown}");
    let csv = succeeds(fit("scores.csv", &[&options[..], &["--format", "csv"]].concat()).current_dir(folder.path("")));
    assert!(csv.contains("\nunadjusted,counts_hinge,c_e,"), "{csv}");
}

#[test]
fn scores_without_items_are_refused_with_what_helps() {
    let folder = Folder::new();
    let without: String =
        scores(true).lines().map(|line| line.rsplit_once(',').map_or(line, |p| p.0).to_owned() + "\n").collect();
    folder.write("scores.csv", &without);
    let run = fit("scores.csv", &["--counts"]).current_dir(folder.path("")).output().expect("the program starts");
    let said = complained(&run);
    assert_eq!(run.status.code(), Some(2), "{said}");
    assert!(said.contains("--items N"), "{said}");
    let report = json(&folder, &["--counts", "--items", "400"]);
    assert_eq!(report["counts"]["best"].as_str(), Some("hinge"));
}
