//! Tables that contradict themselves or one another: what counts is said, and what cannot be told is asked about.

use std::path::Path;

use onset::Error;
use onset::analysis::fit::FitSettings;
use onset::registry::modelset::{ModelSet, Settings};
use onset::registry::table::Table;

use crate::support::{Folder, program, refused, succeeds};

/// Name, family, compute, score.
const MODELS: [(&str, &str, f64, f64); 8] = [
    ("a-1b", "a", 1e21, 0.27),
    ("a-7b", "a", 4e22, 0.41),
    ("a-70b", "a", 8e23, 0.69),
    ("b-0.5b", "b", 5e20, 0.26),
    ("b-7b", "b", 6e22, 0.45),
    ("b-32b", "b", 4e23, 0.61),
    ("c-2b", "c", 6e21, 0.31),
    ("c-27b", "c", 2e23, 0.55),
];

/// A table with a row a model.
fn table(name: &str, header: &str, row: impl Fn(usize, &str, &str, f64, f64) -> String) -> Table {
    let rows = MODELS.iter().enumerate();
    let rows: String = rows.map(|(at, (m, f, c, s))| row(at, m, f, *c, *s) + "\n").collect();
    Table::parse(format!("{header}\n{rows}").as_bytes(), Path::new(name), &[]).expect("a table")
}

fn settings() -> Settings {
    Settings { score: Some("mmlu".into()), ..Settings::default() }
}

fn models(tables: &[Table]) -> Result<ModelSet, Error> {
    ModelSet::from_tables(tables, &settings())
}

fn scores(of: impl Fn(usize, f64) -> String) -> Table {
    table("t.csv", "model,family,compute,mmlu", |at, m, f, c, s| format!("{m},{f},{c:e},{}", of(at, s)))
}

/// The only note that holds this word.
fn note<'s>(set: &'s ModelSet, word: &str) -> &'s str {
    let found: Vec<&String> = set.notes.iter().filter(|note| note.contains(word)).collect();
    assert_eq!(found.len(), 1, "`{word}` in {:?}", set.notes);
    found[0]
}

#[test]
fn what_two_tables_say_differently_is_told_and_the_first_counts() {
    let first = table("first.csv", "model,family,compute", |_, m, f, c, _| format!("{m},{f},{c:e}"));
    let second = |factor: f64, more: f64| {
        table("second.csv", "model,compute,mmlu", move |_, m, _, c, s| format!("{m},{:e},{}", factor * c, s + more))
    };
    let other = models(&[first.clone(), second(3.0, 0.0)]).expect("models");
    assert_eq!(other.rows[0].x, 1e21);
    let said = note(&other, "compute of");
    for word in ["8 models", "`a-1b` has 1e21 in first.csv, row 2 and 3e21 in second.csv, row 2"] {
        assert!(said.contains(word), "`{word}` is not in: {said}");
    }
    // Rounding, and percent beside shares, are no contradiction.
    for same in [second(1.04, 0.0), second(1.0, 0.0)] {
        let set = models(&[first.clone(), same]).expect("models");
        assert!(!set.notes.iter().any(|note| note.contains("different values")), "{:?}", set.notes);
    }
    let scored = models(&[scores(|_, s| s.to_string()), second(1.0, 0.05)]).expect("models");
    assert_eq!(scored.rows[0].score, 0.27);
    assert!(note(&scored, "the score of").contains("0.27 in t.csv, row 2 and 0.32 in second.csv, row 2"));
    let percent = table("percent.csv", "model,mmlu", |_, m, _, _, s| format!("{m},{:.1}", 100.0 * s));
    let both = models(&[scores(|_, s| s.to_string()), percent]).expect("models");
    assert!(!both.notes.iter().any(|note| note.contains("different values")), "{:?}", both.notes);
}

#[test]
fn tables_whose_names_do_not_meet_are_shown_each_others_names() {
    let sizes = table("sizes.csv", "model,family,compute", |_, m, f, c, _| format!("{m},{f},{c:e}"));
    let named = |end: &'static str| {
        table("scores.csv", "model,mmlu", move |at, m, _, _, s| format!("{m}{},{s}", if at < 6 { end } else { "" }))
    };
    let apart = table("scores.csv", "model,mmlu", |_, m, _, _, s| format!("org/{m}-hf,{s}"));
    let said = models(&[sizes.clone(), apart]).expect_err("no name is in both").to_string();
    for word in ["no name stands in two tables", "sizes.csv has `a-1b`", "scores.csv has `org/a-1b-hf`", "alike"] {
        assert!(said.contains(word), "`{word}` is not in: {said}");
    }
    let some = models(&[sizes, named("-hf")]).expect("two models are in both");
    assert_eq!(some.rows.len(), 2);
    let said = note(&some, "alike");
    assert!(said.contains("6 models have no score (`a-1b`)") && said.contains("`a-1b-hf`"), "{said}");
}

#[test]
fn a_share_among_percentages_is_asked_about() {
    let slipped = scores(|at, s| if at == 4 { s.to_string() } else { format!("{:.1}", 100.0 * s) });
    let said = models(&[slipped]).expect_err("0.45 is 45 %").to_string();
    for word in
        ["row 6, column `mmlu`", "0.45 stands among scores in percent", "the next is 26", "--score-scale percent"]
    {
        assert!(said.contains(word), "`{word}` is not in: {said}");
    }
    // Written answers begin at nothing, and then scores fill the gap.
    let low = scores(|at, _| [0.4, 1.2, 55.0, 0.9, 9.0, 40.0, 2.1, 30.0][at].to_string());
    assert_eq!(models(&[low]).expect("models").rows[0].score, 0.4);
}

#[test]
fn scores_before_and_after_adjustment_are_on_one_scale() {
    let header = "model,family,compute,mmlu,after";
    let settings = Settings { adjusted: Some("after".into()), ..settings() };
    for (before, after, said) in [(1.0, 100.0, "those before are shares"), (100.0, 1.0, "those before are in percent")]
    {
        let both =
            table("t.csv", header, |_, m, f, c, s| format!("{m},{f},{c:e},{},{}", before * s, after * (s + 0.05)));
        let error = ModelSet::from_tables(&[both], &settings).expect_err("two scales").to_string();
        assert!(error.contains(said) && error.contains("bring both to one scale"), "{error}");
    }
}

#[test]
fn a_group_is_told_by_zero_and_one_or_by_words() {
    let header = "model,family,compute,mmlu,new";
    let grouped = |values: [&'static str; 2]| {
        let table = table("t.csv", header, move |at, m, f, c, s| format!("{m},{f},{c:e},{s},{}", values[at % 2]));
        let settings = Settings { groups: vec!["new".parse().expect("a group")], ..settings() };
        ModelSet::from_tables(&[table], &settings)
    };
    for values in [["0", "1"], ["no", "yes"], ["False", "True"], ["0.0", "1.0"]] {
        let set = grouped(values).expect("models");
        assert_eq!(set.rows.iter().map(|row| row.groups[0]).sum::<f64>(), 4.0, "{values:?}");
    }
    for values in [["1", "2"], ["0", "2"], ["0.5", "1"]] {
        let said = grouped(values).expect_err("no zero and one").to_string();
        assert!(said.contains("by 0 and 1") && said.contains("--group 'new = "), "{said}");
    }
}

#[test]
fn models_without_a_family_beside_others_with_one_are_told() {
    let some = table("t.csv", "model,family,compute,mmlu", |at, m, f, c, s| {
        format!("{m},{},{c:e},{s}", if at < 2 { "" } else { f })
    });
    let said = models(&[some]).expect("models");
    assert!(note(&said, "no family").contains("2 of 8 models have no family and count as independent: a-1b, a-7b"));
}

#[test]
fn compute_that_is_another_than_its_parts_say_is_told() {
    let header = "model,family,params,tokens,FLOPs (1e18),mmlu";
    let with = |unit: f64| {
        let row =
            move |_: usize, m: &str, f: &str, c: f64, s: f64| format!("{m},{f},{:e},1e12,{:e},{s}", c / 6e12, c / unit);
        models(&[table("t.csv", header, row)]).expect("models")
    };
    assert!(note(&with(1e21), "6 × params × tokens in the model in the middle").contains("1.000e-3 times"));
    assert!(!with(1e18).notes.iter().any(|note| note.contains("in the middle")));
}

#[test]
fn a_score_whose_name_several_columns_share_is_asked_about() {
    let header = "model,family,compute,MMLU (0-shot),MMLU (5-shot),ARC-c (25-shot)";
    let three = table("t.csv", header, |_, m, f, c, s| format!("{m},{f},{c:e},{s},{},{s}", s + 0.01));
    let of = |score: &str| {
        ModelSet::from_tables(
            std::slice::from_ref(&three),
            &Settings { score: Some(score.into()), ..Settings::default() },
        )
    };
    let said = of("MMLU").expect_err("which of two").to_string();
    assert!(said.contains("MMLU (0-shot), MMLU (5-shot)"), "{said}");
    assert_eq!(of("MMLU (5-shot)").expect("models").rows[0].score, 0.28);
    assert_eq!(of("ARC-c").expect("models").rows[0].score, 0.27);
}

#[test]
fn a_column_among_normalised_ones_may_be_normalised_too() {
    // All models are good at BBH, so that nothing in its own column tells; guessing at GPQA scores 25 %.
    let row = |gpqa: f64| {
        move |_: usize, m: &str, f: &str, c: f64, s: f64| {
            format!("{m},{f},{c:e},{},{}", 30.0 + 60.0 * s, gpqa + 10.0 * s)
        }
    };
    let of = |gpqa: f64| {
        let settings = Settings { score: Some("BBH".into()), ..Settings::default() };
        let table = table("t.csv", "model,family,compute,BBH,GPQA", row(gpqa));
        ModelSet::from_tables(&[table], &settings).expect("models")
    };
    assert_eq!(of(2.0).score.normalised_beside, ["GPQA"]);
    assert!(of(25.0).score.normalised_beside.is_empty());
    let report = FitSettings { bootstrap: 99, ..FitSettings::default() }.fit(&of(2.0)).expect("a fit");
    let said = report.notes.iter().find(|note| note.contains("--chance 0")).expect("a note");
    assert!(said.contains("most scores of GPQA are far below a guess"), "{said}");
}

#[test]
fn a_row_that_sums_up_the_others_is_no_model() {
    let mut text = String::from("model,family,compute,mmlu\n");
    MODELS.iter().for_each(|(m, f, c, s)| text.push_str(&format!("{m},{f},{c:e},{s}\n")));
    for name in ["Average", "mean", "Total"] {
        let with = format!("{text}{name},,1e22,0.44\n");
        let table = Table::parse(with.as_bytes(), Path::new("t.csv"), &[]).expect("a table");
        let said = models(&[table]).expect_err("no model").to_string();
        assert!(said.contains("row 10, column `model`") && said.contains("delete the row"), "{said}");
    }
    let titled = format!("# scores of May\n{text}");
    let said = Table::parse(titled.as_bytes(), Path::new("t.csv"), &[]).expect_err("a line above").to_string();
    assert!(said.contains("delete what stands above"), "{said}");
}

#[test]
fn a_file_of_one_column_and_a_rate_are_refused_with_what_helps() {
    let spaces = table("t.txt", "model family compute mmlu", |_, m, f, c, s| format!("{m} {f} {c:e} {s}"));
    let said = models(&[spaces]).expect_err("no columns").to_string();
    assert!(said.contains("one column only") && said.contains("tabs"), "{said}");
    let rate = table("t.csv", "model,family,FLOP/s,mmlu", |_, m, f, c, s| format!("{m},{f},{c:e},{s}"));
    let said = models(&[rate]).expect_err("a rate is no amount").to_string();
    assert!(said.contains("no compute") && said.contains("FLOP/s"), "{said}");
}

#[test]
fn a_natural_logarithm_is_not_taken_for_another_unit() {
    let natural = table("t.csv", "model,family,log_compute,mmlu", |_, m, f, c, s| format!("{m},{f},{},{s}", c.ln()));
    let said = models(&[natural]).expect_err("10^48 FLOPs").to_string();
    assert!(said.contains("`log_compute` in ln: add `--compute-unit ln`"), "{said}");
}

#[test]
fn a_prediction_is_asked_for_at_a_size_and_not_at_its_logarithm() {
    let folder = Folder::new();
    let rows: String = MODELS.iter().map(|(m, f, c, s)| format!("{m},{f},{c:e},{s}\n")).collect();
    let table = folder.write("t.csv", &format!("model,family,compute,mmlu\n{rows}"));
    let fit = |at: &str| {
        let mut command = program();
        command.args(["fit", &table, "--score", "mmlu", "--curve", "linear", "--bootstrap", "19", "--predict", at]);
        command
    };
    let said = refused(&mut fit("25"));
    assert!(said.contains("25 would be 25 FLOPs") && said.contains("such as 1e25"), "{said}");
    assert!(succeeds(&mut fit("1e25")).contains("beyond the data"));
    assert!(succeeds(fit("25").arg("--any-size")).contains("beyond the"));
}
