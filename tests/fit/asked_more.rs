//! Tables that say a thing in two ways, or not at all: what they leave open is asked about or said.

use std::path::Path;

use onset::Error;
use onset::registry::modelset::{GridSettings, ModelSet, ScoreGrid, Settings};
use onset::registry::table::Table;

use crate::support::{Folder, argument, printed, program, refused};

fn table(name: &str, text: &str) -> Table {
    Table::parse(text.as_bytes(), Path::new(name), &[]).expect("a table")
}

fn of(score: &str) -> Settings {
    Settings { score: Some(score.into()), ..Settings::default() }
}

fn set(tables: &[(&str, &str)], settings: &Settings) -> Result<ModelSet, Error> {
    let tables: Vec<Table> = tables.iter().map(|(name, text)| table(name, text)).collect();
    ModelSet::from_tables(&tables, settings)
}

fn error(tables: &[(&str, &str)], settings: &Settings) -> String {
    set(tables, settings).expect_err("refused").to_string()
}

fn names(set: &ModelSet) -> Vec<&str> {
    set.rows.iter().map(|row| row.name.as_str()).collect()
}

const SIZES: &str = "model,params,tokens\na,1e9,1e12\nb,7e9,1e12\nc,13e9,1e12\n";

#[test]
fn a_benchmark_or_a_metric_that_is_spelled_two_ways_is_asked_about() {
    let long = |rows: &str| format!("model,benchmark,metric,value\n{rows}");
    let two = long("a,MMLU,acc,0.3\nb,MMLU,acc,0.4\nc,mmlu,acc,0.5\n");
    let said = error(&[("s.csv", &two), ("m.csv", SIZES)], &of("MMLU"));
    assert_eq!(
        said,
        "s.csv, row 4, column `benchmark`: it is `mmlu` here and `MMLU` in other rows; write it one way, or its scores do not \
         count"
    );
    let metrics = long("a,mmlu,acc,0.3\nb,mmlu,\"acc,none\",0.4\nc,mmlu,acc,0.5\n");
    let said = error(&[("s.csv", &metrics), ("m.csv", SIZES)], &of("mmlu"));
    assert!(said.contains("row 3, column `metric`") && said.contains("`acc,none` here and `acc`"), "{said}");
    // Where every model has the one that is read, the other is one more score.
    let both = long("a,MMLU,acc,0.3\nb,MMLU,acc,0.4\nb,mmlu,acc,0.41\n");
    assert_eq!(names(&set(&[("s.csv", &both), ("m.csv", SIZES)], &of("MMLU")).expect("read")), ["a", "b"]);
}

#[test]
fn a_metric_says_which_benchmark_is_meant() {
    let scores = "model,benchmark,metric,value\na,truthfulqa_mc,mc1,0.3\nb,truthfulqa_mc,mc1,0.4\n";
    let found = set(&[("s.csv", scores), ("m.csv", SIZES)], &of("truthfulqa_mc")).expect("read");
    assert_eq!(found.score.benchmark.map(|known| known.id.to_string()).as_deref(), Some("truthfulqa_mc1"));
}

#[test]
fn one_cell_that_is_no_number_leaves_a_column_of_scores_a_column_of_scores() {
    let text = "model,params,tokens,arc,boolq\na,1e9,1e12,0.5*,0.5\nb,7e9,1e12,0.6,0.6\nc,13e9,1e12,0.7,0.7\n";
    let said = error(&[("w.csv", text)], &Settings::default());
    assert!(said.contains("which score?") && said.contains("arc, boolq"), "{said}");
    let grid = ScoreGrid::from_tables(&[table("w.csv", text)], &GridSettings::default());
    let said = grid.expect_err("refused").to_string();
    assert!(said.contains("row 2, column `arc`: `0.5*`"), "{said}");
}

#[test]
fn dates_of_which_none_can_be_read_are_named() {
    let with = |date: &str| {
        let text = format!("model,params,tokens,Release date,s\na,1e9,1e12,{date},0.3\nb,7e9,1e12,{date},0.4\n");
        set(&[("w.csv", &text)], &of("s")).expect("read").notes
    };
    let told = |date: &str| with(date).into_iter().find(|note| note.contains("no date in `Release date` can be read"));
    assert!(told("45383").expect("said").contains("spreadsheet's number of a day"));
    assert!(told("Q2 2024").expect("said").contains("write months as 2023-11"));
    assert!(with("2024-04").iter().all(|note| !note.contains("can be read")));
}

#[test]
fn groups_that_repeat_others_or_leave_nobody_outside_are_told() {
    let text = "model,params,tokens,release,gen,odd,s\na,1e9,1e12,2022-01,old,1,0.3\nb,7e9,1e12,2022-02,old,0,0.4\n\
                c,9e9,1e12,2024-01,new,1,0.5\nd,13e9,1e12,2024-02,new,0,0.6\n";
    let asked = |groups: &[&str]| {
        let groups = groups.iter().map(|group| group.parse().expect("a group")).collect();
        set(&[("w.csv", text)], &Settings { groups, ..of("s") })
    };
    let found = asked(&["gen"]).expect("read");
    assert_eq!(found.groups.iter().map(ToString::to_string).collect::<Vec<_>>(), ["gen = old"]);
    assert_eq!(found.rows.iter().map(|row| row.groups.clone()).collect::<Vec<_>>(), [[1.0], [1.0], [0.0], [0.0]]);
    assert!(
        found.notes.iter().any(|note| note.contains("`release >= 2023-11` divides the models as `gen = old` does")),
        "{:?}",
        found.notes
    );
    let said = asked(&["gen = old", "gen = new"]).expect_err("the same twice").to_string();
    assert!(said.contains("divide the models in the same way"), "{said}");
    let crossed = asked(&["odd"]).expect("read");
    assert_eq!(crossed.groups.len(), 2);
    assert!(crossed.notes.iter().all(|note| !note.contains("outside of all groups")));
    let none_outside = "model,params,tokens,x,y,s\na,1e9,1e12,1,0,0.3\nb,7e9,1e12,1,1,0.4\nc,9e9,1e12,0,1,0.5\n";
    let groups = ["x", "y"].map(|group| group.parse().expect("a group")).to_vec();
    let found = set(&[("w.csv", none_outside)], &Settings { groups, ..of("s") }).expect("read");
    assert!(found.notes.iter().any(|note| note.starts_with("no model is outside of all groups")), "{:?}", found.notes);
}

#[test]
fn a_group_of_one_word_says_what_is_missing() {
    let text = "model,params,tokens,chat,s\na,1e9,1e12,x,0.3\nb,7e9,1e12,,0.4\n";
    let settings = Settings { groups: vec!["chat".parse().expect("a group")], ..of("s") };
    let said = error(&[("w.csv", text)], &settings);
    assert!(said.contains("one word only, `x`") && said.contains("1 models have an empty cell"), "{said}");
}

#[test]
fn scores_on_two_scales_are_not_led_into_one() {
    let text = "model,params,tokens,s\na,1e9,1e12,0.3\nb,7e9,1e12,0.4\nc,9e9,1e12,48.7\n";
    let said = error(&[("w.csv", text)], &of("s"));
    assert!(said.contains("2 of 3 scores are: bring all to one scale"), "{said}");
    let low = "model,params,tokens,s\na,1e9,1e12,0.3\nb,7e9,1e12,8.1\nc,9e9,1e12,48.7\n";
    let notes = set(&[("w.csv", low)], &of("s")).expect("read").notes;
    assert!(notes.iter().any(|note| note.contains("check that none is a share")), "{notes:?}");
}

#[test]
fn a_perplexity_of_a_long_table_is_no_percentage() {
    let scores = "model,benchmark,metric,value\na,wikitext,word_perplexity,30\nb,wikitext,word_perplexity,12\n";
    let found = set(&[("s.csv", scores), ("m.csv", SIZES)], &of("wikitext")).expect("read");
    assert_eq!(found.score.scale, onset::registry::modelset::ScoreScale::Any);
}

#[test]
fn rows_of_one_model_say_how_one_is_chosen() {
    let scores = "model,benchmark,metric,value,seed\na,arc,acc,0.3,1\na,arc,acc,0.4,2\n";
    let said = error(&[("s.csv", scores), ("m.csv", SIZES)], &of("arc"));
    assert!(said.contains("the two differ in `seed`: --where 'seed = 2' keeps one"), "{said}");
    let adjusted = "model,benchmark,metric,value,adjustment\na,arc,acc,0.3,base\nb,arc,acc,0.4,base\n";
    let said = error(&[("s.csv", adjusted), ("m.csv", SIZES)], &of("arc"));
    assert!(said.contains("under adjustments only (base)"), "{said}");
}

#[test]
fn parts_without_their_whole_are_named() {
    let scores = "model,benchmark,metric,value\na,mmlu_anatomy,acc,0.3\na,mmlu_virology,acc,0.4\n";
    let said = error(&[("s.csv", scores), ("m.csv", SIZES)], &of("mmlu"));
    assert!(said.contains("2 of its parts (mmlu_anatomy, mmlu_virology)") && said.contains("mean"), "{said}");
}

#[test]
fn full_names_join_before_bare_ones() {
    let scores = "model,arc\norg/a-7b,0.3\nOrg2/A-7B,0.4\n";
    let sizes = "model,hub_id,params,tokens\nA,org/a-7b,1e9,1e12\nD,org2/a-7b,7e9,1e12\n";
    let found = set(&[("s.csv", scores), ("m.csv", sizes)], &of("arc")).expect("read");
    let joined: Vec<(&str, f64)> = found.rows.iter().map(|row| (row.name.as_str(), row.x)).collect();
    assert_eq!(joined, [("org/a-7b", 6e21), ("Org2/A-7B", 4.2e22)]);
}

#[test]
fn an_index_of_names_is_kept_and_nested_records_are_named() {
    let folder = Folder::new();
    let split = r#"{"columns":["params","tokens","s"],"index":["a","b"],"data":[[1e9,1e12,0.3],[7e9,1e12,0.4]]}"#;
    assert_eq!(names(&set(&[("t.json", split)], &of("s")).expect("read")), ["a", "b"]);
    let plain = split.replace(r#"["a","b"]"#, "[0,1]");
    assert_eq!(names(&set(&[("t.json", &plain)], &of("s")).expect("read")), ["row 1", "row 2"]);
    let nested = folder.path("n.json");
    std::fs::write(&nested, r#"[{"model":"a","scores":{"mmlu":0.35}}]"#).expect("written");
    let said = refused(program().args(["fit", &argument(nested), "--score", "mmlu"]));
    assert!(said.contains("`scores` holds objects") && said.contains("json_normalize"), "{said}");
}

#[test]
fn uncertainty_of_compute_has_its_bound_and_says_what_it_does_not_reach() {
    let folder = Folder::new();
    let rows: String = (0..14)
        .map(|k| format!("m{k},f{},{:e},{}\n", k % 7, 1e21 * 2f64.powi(k), 0.25 + 0.03 * f64::from(k)))
        .collect();
    let path = folder.path("t.csv");
    std::fs::write(&path, format!("model,family,compute,s\n{rows}")).expect("written");
    let path = argument(path);
    let fit = |sd: &'static str| -> Vec<String> {
        let options = ["fit", &path, "--score", "s", "--chance", "0.25", "--bootstrap", "99", "--curve", "linear"];
        options.iter().map(|option| (*option).to_owned()).chain(["--compute-sd".to_owned(), sd.to_owned()]).collect()
    };
    let options = fit("5");
    let said = refused(program().args(&options));
    assert!(said.contains("off by 5.000") && said.contains("spreads by 1.2"), "{said}");
    let options = fit("0.1");
    let out = printed(&options.iter().map(String::as_str).collect::<Vec<_>>());
    let words = out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("forecasts, the hold-out and R² take compute as it is told"), "{words}");
}

#[test]
fn sizes_that_are_asked_for_have_an_upper_end_too() {
    let folder = Folder::new();
    let path = folder.path("t.csv");
    std::fs::write(&path, "model,params,tokens,s\na,1e9,1e12,0.3\nb,7e9,1e12,0.4\nc,9e9,1e12,0.5\n").expect("written");
    let path = argument(path);
    let fit = ["fit", &path, "--score", "s", "--chance", "0", "--curve", "linear", "--x", "params"];
    let said = refused(program().args([&fit[..], &["--predict", "1e25"]].concat()));
    assert!(said.contains("1.000e25 parameters"), "{said}");
    let said = refused(program().args([&fit[..], &["--holdout", "params > 1e40"]].concat()));
    assert!(said.contains("compares whole sizes"), "{said}");
}

#[test]
fn levels_that_the_scores_contradict_and_tests_that_cannot_reject_are_said() {
    let folder = Folder::new();
    let path = folder.path("t.csv");
    let rows: String =
        (0..12).map(|k| format!("m{k},{:e},{}\n", 1e21 * 2f64.powi(k), 0.25 + 0.02 * f64::from(k))).collect();
    std::fs::write(&path, format!("model,compute,s\n{rows}")).expect("written");
    let path = argument(path);
    let fit = ["fit", &path, "--score", "s", "--curve", "linear"];
    let said = refused(program().args([&fit[..], &["--chance", "0.6"]].concat()));
    assert!(said.contains("12 of 12 scores are far below that") && said.contains("--chance free"), "{said}");
    let said = refused(program().args([&fit[..], &["--chance", "0.25", "--ceiling", "0.35"]].concat()));
    assert!(said.contains("scores are far above that"), "{said}");
    let said = refused(program().args([&fit[..], &["--chance", "0.5", "--ceiling", "0.48"]].concat()));
    assert!(said.contains("--ceiling 0.48 is not above --chance 0.5"), "{said}");
    let few = printed(&[&fit[..], &["--chance", "0.25", "--bootstrap", "9"]].concat());
    let words = few.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("with 9 replicates no bootstrap p-value is below 0.10"), "{words}");
}

#[test]
fn a_perplexity_is_no_loss() {
    let folder = Folder::new();
    let write = |name: &str, column: &str, loss: fn(f64) -> f64| {
        let rows: String = (0..12)
            .map(|k| {
                let (n, d) = (1e8 * 2f64.powi(k % 4), 1e10 * 3f64.powi(k / 4));
                format!("m{k},{n:e},{d:e},{}\n", loss(1.7 + 400.0 / n.powf(0.34) + 400.0 / d.powf(0.28)))
            })
            .collect();
        let path = folder.path(name);
        std::fs::write(&path, format!("model,params,tokens,{column}\n{rows}")).expect("written");
        argument(path)
    };
    let named = write("named.csv", "perplexity", f64::ln);
    let said = refused(program().args(["loss-law", &named, "--loss", "perplexity"]));
    assert!(said.contains("looks like a perplexity") && said.contains("--any-size"), "{said}");
    let large = write("large.csv", "loss", |loss| loss.exp() * 10.0);
    assert!(refused(program().args(["loss-law", &large])).contains("looks like a perplexity"));
}

#[test]
fn tokens_of_checkpoints_are_held_against_those_of_their_run() {
    let notes = |seen: [&str; 2]| {
        let scores = format!(
            "model,benchmark,metric,value,revision,tokens_seen\na,arc,acc,0.3,step1,{}\na,arc,acc,0.4,step2,{}\n",
            seen[0], seen[1]
        );
        set(&[("s.csv", &scores), ("m.csv", SIZES)], &of("arc")).expect("read").notes
    };
    let said = |seen: [&str; 2], words: &str| notes(seen).iter().any(|note| note.contains(words));
    assert!(said(["5e11", "5e13"], "more tokens than their whole run: a@step2 (5.000e13 of 1.000e12)"));
    assert!(said(["1000", "2000"], "fewer than 10^6 tokens: a (2000)"));
    assert!(!said(["1000", "1e12"], "--tokens-per-step"));
}

#[test]
fn raw_scores_beside_the_same_scores_in_percent_normalise_nothing() {
    let with = |percent: &str| {
        let text = format!("model,params,tokens,MMLU,MMLU Raw\na,1e9,1e12,{percent},0.4\nb,7e9,1e12,60,0.6\n");
        set(&[("w.csv", &text)], &of("MMLU")).expect("read").score.normalised
    };
    assert_eq!([with("40"), with("20")], [false, true]);
}
