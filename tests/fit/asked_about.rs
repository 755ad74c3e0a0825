//! What a table or an option leaves open is asked about or said, and never settled in silence.

use std::path::Path;

use onset::Error;
use onset::registry::modelset::{ModelSet, Settings};
use onset::registry::table::Table;

use crate::support::{Folder, argument, printed, program, refused};

/// Twelve models in six families: params in billions, tokens in trillions, a score that rises from the middle on.
fn models() -> Vec<(String, String, f64, f64, f64)> {
    let params = [0.1, 0.2, 0.4, 1.0, 1.6, 3.0, 7.0, 13.0, 30.0, 65.0, 70.0, 180.0];
    let one = |(at, n): (usize, &f64)| {
        let family = ["a", "b", "c", "d", "e", "f"][at % 6];
        let score = 0.25 + 0.09 * (at as f64 - 4.0).max(0.0) + [0.002, -0.004, 0.003][at % 3];
        (format!("{family}-{n}b"), family.to_owned(), *n, 1.0 + 0.1 * (at % 5) as f64, score)
    };
    params.iter().enumerate().map(one).collect()
}

/// A table of them with these columns after model and family.
fn text(header: &str, row: impl Fn(f64, f64, f64) -> String) -> String {
    let rows =
        models().into_iter().map(|(name, family, n, d, score)| format!("{name},{family},{}\n", row(n, d, score)));
    format!("model,family,{header}\n{}", rows.collect::<String>())
}

fn set(text: &str, settings: &Settings) -> Result<ModelSet, Error> {
    let table = Table::parse(text.as_bytes(), Path::new("t.csv"), &[]).expect("a table");
    ModelSet::from_tables(&[table], settings)
}

fn of_score(name: &str) -> Settings {
    Settings { score: Some(name.into()), ..Settings::default() }
}

/// The table in a file.
fn written(folder: &Folder, text: &str) -> String {
    let path = folder.path("t.csv");
    std::fs::write(&path, text).expect("written");
    argument(path)
}

/// The line on chance that `onset fit` prints of scores under this name.
fn chance(name: &str, scaled: impl Fn(f64) -> f64) -> String {
    let folder = Folder::new();
    let table = text(&format!("Params (B),Tokens (T),{name}"), |n, d, s| format!("{n},{d},{:.4}", scaled(s)));
    let path = written(&folder, &table);
    let out = printed(&["fit", &path, "--score", name, "--bootstrap", "99", "--curve", "linear"]);
    let words = out.split_whitespace().collect::<Vec<_>>().join(" ");
    let from = words.find("Chance").expect("a line on chance");
    words[from..].chars().take(200).collect()
}

#[test]
fn scores_divided_by_length_are_not_taken_for_scores_normalised_to_chance() {
    for name in ["hellaswag_norm", "HellaSwag length-normalized", "arc_challenge_acc_norm"] {
        assert!(chance(name, |s| s).starts_with("Chance 0.25"), "{name}: {}", chance(name, |s| s));
    }
    assert!(chance("MMLU normalised", |s| (s - 0.24) / 0.75).starts_with("Chance 0 "));
}

#[test]
fn shares_in_a_column_called_percent_are_asked_about() {
    let shares = text("compute,MMLU (%)", |n, d, s| format!("{:e},{s}", n * d * 6e21));
    let said = set(&shares, &of_score("MMLU (%)")).expect_err("open").to_string();
    for word in ["column `MMLU (%)`", "--score-scale share", "--score-scale percent"] {
        assert!(said.contains(word), "`{word}` is not in: {said}");
    }
    let percent = text("compute,MMLU (%)", |n, d, s| format!("{:e},{}", n * d * 6e21, 100.0 * s));
    assert!(set(&percent, &of_score("MMLU (%)")).is_ok());
    let share = Settings { score_scale: onset::registry::modelset::ScoreScale::Share, ..of_score("MMLU (%)") };
    assert_eq!(set(&shares, &share).expect("said").rows[0].score, 0.252);
}

#[test]
fn sizes_that_no_model_has_are_refused_at_both_ends() {
    let many = text("Params (B),Tokens (T),mmlu", |n, d, s| format!("{n},{},{s}", 1000.0 * d));
    let said = set(&many, &of_score("mmlu")).expect_err("3,000 trillion tokens").to_string();
    assert!(said.contains("tokens") && said.contains("2·10^14") && said.contains("--tokens-unit"), "{said}");
    let large = text("Params (B),Tokens (T),mmlu", |n, d, s| format!("{},{d},{s}", 1000.0 * n));
    let said = set(&large, &of_score("mmlu")).expect_err("180,000 billion parameters").to_string();
    assert!(said.contains("parameters") && said.contains("--params-unit"), "{said}");
}

#[test]
fn active_parameters_count_under_each_of_their_names() {
    for name in ["Active (B)", "Activated Param (B)", "N_active (B)", "active_param_count (B)", "Activated (B)"] {
        let table = text(&format!("Params (B),{name},Tokens (T),mmlu"), |n, d, s| format!("{n},{},{d},{s}", n / 4.0));
        let found = set(&table, &of_score("mmlu")).expect("models");
        let (row, expected) = (&found.rows[0], 6.0 * 0.025e9 * 1e12);
        assert!((row.x / expected - 1.0).abs() < 1e-12, "{name}: {}", row.x);
    }
    let flags = text("Params (B),active,Tokens (T),mmlu", |n, d, s| format!("{n},yes,{d},{s}"));
    assert!(set(&flags, &of_score("mmlu")).is_ok(), "a column of yes and no is no size");
}

#[test]
fn a_second_column_of_sizes_that_differs_is_said() {
    let table = text("Params (B),num_params (M),Tokens (T),mmlu", |n, d, s| format!("{n},{},{d},{s}", 2000.0 * n));
    let notes = set(&table, &of_score("mmlu")).expect("models").notes;
    let said = notes.iter().find(|note| note.contains("is not read"));
    assert!(said.is_some_and(|note| note.contains("`num_params (M)`") && note.contains("`Params (B)`")), "{notes:?}");
    let alike = text("Params (B),num_params (M),Tokens (T),mmlu", |n, d, s| format!("{n},{},{d},{s}", 1000.0 * n));
    let notes = set(&alike, &of_score("mmlu")).expect("models").notes;
    assert!(!notes.iter().any(|note| note.contains("is not read")), "{notes:?}");
}

#[test]
fn one_model_whose_compute_is_far_from_six_n_d_is_named() {
    let wrong = |n: f64| if n == 7.0 { 1e3 } else { 1.0 };
    let table =
        text("Params (B),Tokens (T),FLOPs,mmlu", |n, d, s| format!("{n},{d},{:e},{s}", 6e21 * n * d * wrong(n)));
    let notes = set(&table, &of_score("mmlu")).expect("models").notes;
    assert!(notes.iter().any(|note| note.contains("far from 6 × params × tokens for a-7b")), "{notes:?}");
}

#[test]
fn a_column_about_a_score_is_not_the_score() {
    for other in ["MMLU (SE)", "MMLU (rank)", "MMLU (n)"] {
        let table = text(&format!("compute,{other}"), |n, d, s| format!("{:e},{s}", n * d * 6e21));
        let said = set(&table, &of_score("MMLU")).expect_err(other).to_string();
        assert!(said.contains("no table has a score `MMLU`"), "{other}: {said}");
    }
}

#[test]
fn names_that_differ_by_case_only_are_said() {
    let table = text("compute,mmlu", |n, d, s| format!("{:e},{s}", n * d * 6e21)) + "A-0.1B,a,3e21,0.9\n";
    let notes = set(&table, &of_score("mmlu")).expect("models").notes;
    assert!(notes.iter().any(|note| note.contains("`a-0.1b` and `A-0.1B`")), "{notes:?}");
}

#[test]
fn a_choice_by_a_size_that_no_model_has_is_refused() {
    let folder = Folder::new();
    let table = text("Params (B),Tokens (T),mmlu", |n, d, s| format!("{n},{d},{s}"));
    let path = written(&folder, &table);
    for option in ["--group", "--holdout"] {
        let said = refused(program().args(["fit", &path, "--score", "mmlu", option, "params > 30"]));
        assert!(said.contains("compares whole sizes") && said.contains("params > 3e10"), "{option}: {said}");
    }
    printed(&["fit", &path, "--score", "mmlu", "--group", "params > 3e10", "--bootstrap", "99", "--curve", "hinge"]);
}

#[test]
fn groups_spelled_in_two_ways_are_refused_and_letters_are_yes_and_no() {
    let folder = Folder::new();
    let with = |chat: [&str; 3]| {
        let table =
            text("compute,chat,mmlu", |n, d, s| format!("{:e},{},{s}", n * d * 6e21, chat[(10.0 * n) as usize % 3]));
        written(&folder, &table)
    };
    let path = with(["base", "Chat", "chat"]);
    let said = refused(program().args(["fit", &path, "--score", "mmlu", "--group", "chat"]));
    assert!(said.contains("`Chat` and `chat`") && said.contains("write them alike"), "{said}");
    let path = with(["y", "N", "no"]);
    let out = printed(&["fit", &path, "--score", "mmlu", "--group", "chat", "--bootstrap", "99", "--curve", "hinge"]);
    assert!(out.contains("Group chat:"), "{out}");
}

#[test]
fn months_that_no_calendar_and_no_model_has_are_refused() {
    for bad in ["2023-02-31", "2203-01", "1023-01", "2023-04-31"] {
        assert!(onset::registry::Month::of_date(bad).is_err(), "{bad}");
    }
    assert!(onset::registry::Month::of_date("2024-02-29").is_ok());
}

#[test]
fn a_cutoff_without_a_column_of_months_names_the_way_on() {
    let folder = Folder::new();
    let path = written(&folder, &text("Created,compute,mmlu", |n, d, s| format!("2023-05,{:e},{s}", n * d * 6e21)));
    let said = refused(program().args(["fit", &path, "--score", "mmlu", "--cutoff", "2023-11"]));
    for word in ["no release month", "--release", "Created"] {
        assert!(said.contains(word), "`{word}` is not in: {said}");
    }
}

#[test]
fn a_ceiling_and_a_margin_are_on_the_scale_of_the_scores() {
    let folder = Folder::new();
    let of =
        |scale: f64| written(&folder, &text("compute,mmlu", |n, d, s| format!("{:e},{:.4}", n * d * 6e21, scale * s)));
    for (scale, option, level, meant) in [
        (1.0, "--ceiling", "95", "--ceiling 0.95"),
        (100.0, "--ceiling", "0.95", "--ceiling 95"),
        (100.0, "--margin", "0.03", "--margin 3"),
        (1.0, "--margin", "3", "--margin 0.03"),
    ] {
        let path = of(scale);
        let said = refused(program().args(["fit", &path, "--score", "mmlu", option, level]));
        assert!(said.contains(meant), "{option} {level}: {said}");
    }
}

#[test]
fn several_scores_at_once_keep_their_notes_and_what_was_found() {
    let folder = Folder::new();
    let table = text("Params (B),Tokens (T),mmlu,my exam", |n, d, s| format!("{n},{d},{s},{}", s / 2.0));
    let path = written(&folder, &table);
    let out = printed(&["fit", &path, "--score", "mmlu", "--score", "my exam", "--bootstrap", "99"]);
    let words = out.split_whitespace().collect::<Vec<_>>().join(" ");
    for word in
        ["Note: Units: `Params (B)`", "Note on my exam: chance on `my exam` is not known", "mmlu: no rise is shown"]
    {
        assert!(words.contains(word), "`{word}` is not in: {words}");
    }
}
