//! Scores before and after adjustment from two places.

use std::fmt::Write as _;
use std::path::Path;

use onset::Error;
use onset::registry::modelset::{ModelSet, Settings};
use onset::registry::table::Table;
use serde_json::Value;

use crate::support::{Folder, program, refused, succeeds};

/// Name before, name after, params, score before and after.
const MODELS: [(&str, &str, f64, f64, f64); 6] = [
    ("Org/alpha-1b", "alpha-1b-tuned", 1e9, 0.26, 0.35),
    ("Org/alpha-3b", "alpha-3b-tuned", 3e9, 0.33, 0.45),
    ("Org/alpha-32b", "alpha-32b-tuned", 3.2e10, 0.61, 0.69),
    ("beta-2.7b", "beta-2.7b-tuned", 2.7e9, 0.31, 0.42),
    ("beta-27b", "beta-27b-tuned", 2.7e10, 0.58, 0.66),
    ("gamma-9b", "gamma-9b-tuned", 9e9, 0.45, 0.55),
];

fn table(name: &str, text: &str) -> Table {
    Table::parse(text.as_bytes(), Path::new(name), &[]).expect("a table")
}

fn sizes() -> Table {
    let mut text = String::from("model,family,params,tokens\n");
    for (name, _, params, ..) in MODELS {
        let family = name.trim_start_matches("Org/").split('-').next().unwrap_or_default();
        writeln!(text, "{},{family},{params},2e12", name.trim_start_matches("Org/")).expect("text");
    }
    table("sizes.csv", &text)
}

fn wide(score: impl Fn(&(&'static str, &'static str, f64, f64, f64)) -> (&'static str, f64)) -> Table {
    let rows: String = MODELS.iter().map(score).map(|(name, score)| format!("{name},{score}\n")).collect();
    table("scores.csv", &format!("model,mmlu\n{rows}"))
}

fn settings() -> Settings {
    Settings { score: Some("mmlu".into()), ..Settings::default() }
}

fn joined(before: Table, after: Table) -> Result<ModelSet, Error> {
    ModelSet::from_before_and_after(&[before], &[after], &[sizes()], &settings())
}

#[test]
fn adjusted_names_are_joined_with_the_names_they_hold_and_the_joins_are_listed() {
    let set = joined(wide(|m| (m.0, m.3)), wide(|m| (m.1, m.4))).expect("models");
    assert_eq!(set.rows.len(), 6);
    for (row, (name, after, params, before, adjusted)) in set.rows.iter().zip(MODELS) {
        assert_eq!(
            (row.name.as_str(), row.score, row.adjusted, row.params),
            (name, before, Some(adjusted), Some(params))
        );
        let said = format!("`{after}` after adjustment is taken for `{name}`");
        assert_eq!(set.notes.iter().filter(|note| **note == said).count(), 1, "{said} in {:?}", set.notes);
    }
}

#[test]
fn long_tables_are_joined_whatever_their_adjustment_is_called() {
    let rows = |adjustment: &str, of: &dyn Fn(usize) -> (&'static str, f64)| {
        let rows: String =
            (0..6).map(of).map(|(name, score)| format!("{name},mmlu,acc,{score},{adjustment}\n")).collect();
        table("long.csv", &format!("model,benchmark,metric,value,adjustment\n{rows}"))
    };
    for adjustment in ["", "my-own"] {
        let after = rows(adjustment, &|at| (MODELS[at].1, MODELS[at].4));
        let set = joined(rows("", &|at| (MODELS[at].0, MODELS[at].3)), after).expect("models");
        assert_eq!(set.rows.iter().filter(|row| row.adjusted.is_some()).count(), 6, "{adjustment}");
    }
}

#[test]
fn what_has_no_partner_is_listed() {
    let before = table("b.csv", "model,mmlu\nOrg/alpha-1b,0.3\nOrg/alpha-3b,0.4\ngamma-9b,0.5\n");
    let after = table("a.csv", "model,mmlu\nalpha-1b-tuned,0.4\nalpha-3b-tuned,0.5\nbeta-27b-tuned,0.6\n");
    let set = joined(before, after).expect("models");
    assert_eq!(set.rows.len(), 2);
    let notes = set.notes.join("\n");
    assert!(notes.contains("without a partner after adjustment: gamma-9b"), "{notes}");
    assert!(notes.contains("without a partner before adjustment: beta-27b-tuned"), "{notes}");
}

#[test]
fn names_that_fit_nothing_or_the_same_thing_twice_are_refused() {
    let none = joined(wide(|m| (m.0, m.3)), table("a.csv", "model,mmlu\ncheckpoint-final,0.5\n"));
    assert!(none.expect_err("no partner").to_string().contains("checkpoint-final"));
    let twice = table("a.csv", "model,mmlu\nalpha-1b,0.5\nOrg/alpha_1b,0.6\n");
    let said = joined(wide(|m| (m.0, m.3)), twice).expect_err("two").to_string();
    assert!(said.contains("belong to `Org/alpha-1b`") && said.contains("Org/alpha_1b, alpha-1b"), "{said}");
    let otherwise = table("a.csv", "model,gsm8k\nalpha-1b,0.5\n");
    let said = joined(wide(|m| (m.0, m.3)), otherwise).expect_err("no score").to_string();
    assert!(said.contains("--adjusted"), "{said}");
}

#[test]
fn a_name_joins_no_other_whose_digits_differ() {
    let scores = table("b.csv", "model,mmlu\nopt-1.3b,0.26\nopt-13b,0.4\nOPT 6.7B,0.3\n");
    let sizes =
        table("s.csv", "model,params,tokens\nopt-13b,1.3e10,3e11\nopt-6.7b,6.7e9,3e11\norg/opt-2.7b,2.7e9,3e11\n");
    let set = ModelSet::from_tables(&[scores, sizes], &settings()).expect("models");
    let names: Vec<&str> = set.rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names, ["opt-13b", "OPT 6.7B"]);
    assert_eq!(set.dropped[0].to_string(), "opt-1.3b: no compute");
    assert!(
        set.notes.iter().any(|note| note == "`opt-6.7b` in s.csv is taken for `OPT 6.7B` in b.csv"),
        "{:?}",
        set.notes
    );
}

#[test]
fn two_organisations_models_of_one_name_stay_two() {
    let scores = table("b.csv", "model,mmlu\nmine/tiny-1b,0.3\n");
    let sizes = table("s.csv", "model,params,tokens\nyours/tiny-1b,1e9,3e11\n");
    let said = ModelSet::from_tables(&[scores, sizes], &settings()).expect_err("no compute").to_string();
    for word in ["no name stands in two tables", "`mine/tiny-1b`", "`yours/tiny-1b`"] {
        assert!(said.contains(word), "`{word}` is not in: {said}");
    }
}

#[test]
fn the_program_fits_before_and_after_from_two_folders_of_results() {
    let folder = Folder::new();
    for (before, after, _, score, adjusted) in MODELS {
        for (place, name, score) in [("base", before, score), ("adjusted", after, adjusted)] {
            let results = format!(
                "{{\"results\":{{\"mmlu\":{{\"acc,none\":{score},\"alias\":\"mmlu\"}}}},\"model_name\":\"{name}\",\
                 \"config\":{{\"model_args\":\"pretrained={name}\"}}}}"
            );
            folder.write(&format!("{place}/{}/results_1.json", name.replace('/', "__")), &results);
        }
    }
    let mut text = String::from("model,family,Params (B),Tokens (T)\n");
    for (name, _, params, ..) in MODELS {
        let (short, size) = (name.trim_start_matches("Org/"), params / 1e9);
        writeln!(text, "{short},{},{size},2", short.split('-').next().unwrap_or_default()).expect("text");
    }
    let sizes = folder.write("sizes.csv", &text);
    let (base, adjusted) = (folder.at("base"), folder.at("adjusted"));
    let arguments = ["fit", &sizes, "--score", "mmlu", "--curve", "linear", "--bootstrap", "19", "--format", "json"];
    let found = succeeds(program().args(arguments).args(["--before", &base, "--after", &adjusted]));
    let found: Value = serde_json::from_str(&found).expect("JSON");
    assert_eq!((&found["n_models"], &found["adjusted_score"]), (&Value::from(6), &Value::from("after adjustment")));
    assert!(found["adjusted"].is_object() && found["differences"].is_object());
    // Without sizes there is no compute, and what was looked for is said.
    let said = refused(program().args(["fit", "--score", "mmlu", "--before", &base, "--after", &adjusted]));
    assert!(said.contains("6 with no compute") && said.contains("--params and --tokens"), "{said}");
    let alone = program().args(["fit", "--before", &base]).output().expect("the program starts");
    assert_eq!(alone.status.code(), Some(2));
}
