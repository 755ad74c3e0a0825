//! Tables: what is accepted, and what is said of a table that is not.

use std::path::Path;

use onset::Error;
use onset::analysis::papers::test_task::{MmluMean, published, published_from};
use onset::registry::table::{Column, Kind, Table};
use onset::registry::{
    Adjustment, BENCHMARKS, Condition, MODEL_COLUMNS, Measure, Metric, Models, OBSERVATION_COLUMNS, Scores,
    SubjectScores, benchmark, observations_csv, write,
};

use crate::support::repository;

const MODELS: &str = "model,family,hf_id,architecture,params,tokens,release,languages\n\
                      a-7b,a,org/A-7B,LlamaForCausalLM,7000000000,1000000000000,2023-02,en\n\
                      a-13b,a,,,13000000000,1000000000000,2023-11,en+cn\n";

const SCORES: &str = "model,benchmark,format,metric,value,stderr,items,shots,adjustment,epochs,examples,source\n\
                      a-7b,gsm8k,generate,\"exact_match,flexible-extract\",0.25,0.01,1319,5,none,,,one.json\n\
                      a-7b,gsm8k,generate,\"exact_match,flexible-extract\",0.5,,1319,5,gsm8k-aux,1+2,,two.json\n\
                      a-13b,mmlu,multiple_choice,brier_score,1.5,,,,mmlu-aux,,640,\n";

fn models() -> Models {
    Models::parse(MODELS, "models.csv").expect("the table above is right")
}

fn scores(text: &str) -> Result<Scores, Error> {
    Scores::parse(text, "scores.csv", Some(&models()))
}

/// The message about `SCORES` after one replacement.
fn complaint(from: &str, to: &str) -> String {
    assert!(SCORES.contains(from), "{from}");
    scores(&SCORES.replacen(from, to, 1)).expect_err("the table is wrong").to_string()
}

/// The message about `MODELS` after one replacement.
fn model_complaint(from: &str, to: &str) -> String {
    assert!(MODELS.contains(from), "{from}");
    Models::parse(&MODELS.replacen(from, to, 1), "models.csv").expect_err("the table is wrong").to_string()
}

#[test]
fn every_cell_of_a_right_table_arrives() {
    let scores = scores(SCORES).expect("the table is right");
    let flexible: Metric = "exact_match,flexible-extract".parse().expect("a known metric");
    let adjusted = Condition::epochs(Adjustment::Gsm8kAux, "1+2");
    let row = scores.get("a-7b", "gsm8k", &flexible, &adjusted).expect("row 3");
    assert_eq!((row.value, row.stderr, row.items, row.setup.shots), (0.5, None, Some(1319), Some(5)));
    assert_eq!(row.provenance.source, "two.json");
    assert_eq!(scores.by_model("gsm8k", &flexible, &Condition::unadjusted()).get("a-7b"), Some(&0.25));
    assert_eq!(scores.conditions("gsm8k"), [Condition::unadjusted(), adjusted]);
    let checkpoint = Condition::examples(Adjustment::MmluAux, 640);
    let brier = scores.get("a-13b", "mmlu", &Metric::plain(Measure::Brier), &checkpoint).expect("row 4");
    assert_eq!((brier.value, brier.items), (1.5, None));
}

#[test]
fn compute_is_six_times_parameters_times_tokens() {
    let models = models();
    assert_eq!(models.get("a-7b").expect("row 2").compute().0, 4.2e22);
    assert!(models.get("a-13b").expect("row 3").trained_on("cn"));
}

#[test]
fn a_missing_column_is_named_with_those_that_are_there() {
    let found = "model, benchmark, format, points, value, stderr, items, shots, adjustment, epochs, examples, source";
    assert_eq!(
        complaint("metric", "points"),
        format!("scores.csv: column `metric` is missing; the columns are: {found}")
    );
}

#[test]
fn a_duplicate_row_names_both_rows() {
    assert_eq!(
        complaint("gsm8k-aux,1+2", "none,"),
        "scores.csv, row 3, column `model`: exact_match,flexible-extract of gsm8k under adjustment none is already in row 2"
    );
}

#[test]
fn a_score_that_is_no_number_is_named() {
    assert_eq!(
        complaint("0.25", "NaN"),
        "scores.csv, row 2, column `value`: NaN is not a finite number; leave the cell empty where there is no value"
    );
    assert_eq!(
        complaint("0.25", "inf"),
        "scores.csv, row 2, column `value`: inf is not a finite number; leave the cell empty where there is no value"
    );
    assert_eq!(
        complaint("0.25", "high"),
        "scores.csv, row 2, column `value`: `high` is not a number; write the number alone, and leave the cell empty where \
         there is none"
    );
    assert_eq!(complaint("0.25", ""), "scores.csv, row 2, column `value`: the cell is empty");
}

#[test]
fn a_score_outside_its_metrics_scale_is_named() {
    assert_eq!(
        complaint("0.25", "25"),
        "scores.csv, row 2, column `value`: 25 is outside the scale of exact_match,flexible-extract, 0 to 1"
    );
    assert_eq!(
        complaint("1.5", "2.5"),
        "scores.csv, row 4, column `value`: 2.5 is outside the scale of brier_score, 0 to 2"
    );
    assert_eq!(complaint("0.01", "-0.01"), "scores.csv, row 2, column `stderr`: a standard error is not negative");
}

#[test]
fn an_unknown_model_is_named_with_the_one_it_resembles() {
    assert_eq!(
        complaint("a-13b", "A_13B"),
        "scores.csv, row 4, column `model`: unknown model `A_13B`: the table of models has no such row; it may be `a-13b`"
    );
}

#[test]
fn unknown_words_are_named_with_the_known_ones() {
    assert!(
        complaint("brier_score", "rouge1").starts_with("scores.csv, row 4, column `metric`: unknown metric `rouge1`")
    );
    assert!(
        complaint("multiple_choice", "mcq").starts_with("scores.csv, row 4, column `format`: unknown format `mcq`")
    );
    assert_eq!(complaint("640", "6e2"), "scores.csv, row 4, column `examples`: `6e2` is not a whole number");
}

#[test]
fn a_family_with_two_spellings_names_both_rows() {
    let table = MODELS.replacen("a-13b,a,", "a-13b,A,", 1);
    let message = Models::parse(&table, "models.csv").expect_err("two spellings").to_string();
    assert_eq!(message, "models.csv, row 3, column `family`: family `A` is spelled `a` in row 2");
    let table = MODELS.replace("7b,a,", "7b,LLaMA-2,").replace("13b,a,", "13b,llama 2,");
    let message = Models::parse(&table, "models.csv").expect_err("two spellings").to_string();
    assert_eq!(message, "models.csv, row 3, column `family`: family `llama 2` is spelled `LLaMA-2` in row 2");
}

#[test]
fn a_model_that_cannot_be_is_named() {
    assert_eq!(model_complaint("a-13b", "a-7b"), "models.csv, row 3, column `model`: model `a-7b` is already in row 2");
    assert_eq!(
        model_complaint("2023-11", "2023-13"),
        "models.csv, row 3, column `release`: `2023-13` is not a month; write it as 2023-11 or 2023-11-05"
    );
    assert_eq!(
        model_complaint("13000000000", "0"),
        "models.csv, row 3, column `params`: 0 is not above 0; leave the cell empty where the number is not known"
    );
}

#[test]
fn an_empty_file_and_a_lone_header_are_no_tables() {
    for nothing in ["", "\n\n", "\u{feff}"] {
        assert_eq!(scores(nothing).expect_err("nothing").to_string(), "scores.csv: the file is empty");
    }
    let header = SCORES.lines().next().expect("a header");
    assert_eq!(scores(header).expect_err("no rows").to_string(), "scores.csv: the table has a header and no row");
}

#[test]
fn a_row_of_another_length_is_named() {
    assert_eq!(
        complaint(",one.json", ",one.json,extra"),
        "scores.csv: row 2 has 13 cells, the header has 12; put cells that hold commas in quotation marks, or separate the \
         cells by semicolons"
    );
    assert_eq!(complaint("1.5,,,,mmlu-aux", "1.5,,mmlu-aux"), "scores.csv: row 4 has 10 cells, the header has 12");
    assert_eq!(complaint("0.5,,1319", "\"0.5,,1319"), "scores.csv: the quotation mark opened in row 3 is never closed");
    assert_eq!(complaint("epochs", "items"), "scores.csv: two columns are named `items`; rename or delete one of them");
}

#[test]
fn text_that_is_not_utf8_is_named_by_row() {
    let mut bytes = SCORES.as_bytes().to_vec();
    let at = SCORES.find("a-13b").expect("row 4");
    bytes[at] = 0xff;
    let error = Table::parse(&bytes, Path::new("scores.csv"), &[]).expect_err("not UTF-8");
    assert_eq!(
        error.to_string(),
        "scores.csv: row 4 is not UTF-8 text; save the file as UTF-8 (in Excel: `CSV UTF-8`)"
    );
}

#[test]
fn a_path_that_cannot_be_read_is_a_read_error() {
    let folder = tempfile::tempdir().expect("a folder");
    for path in [folder.path().to_owned(), folder.path().join("absent.csv")] {
        match Models::read(&path) {
            Err(Error::Read { path: named, .. }) => assert_eq!(named, path),
            other => panic!("{other:?}"),
        }
    }
    assert!(matches!(published_from(folder.path()), Err(Error::Read { .. })));
}

#[test]
fn rows_are_counted_as_in_an_editor() {
    const COLUMNS: &[Column] = &[Column::required("name", Kind::Text, ""), Column::required("score", Kind::Share, "")];
    let text = "\u{feff}name,score\r\n\r\n\"two\r\nlines\",0.5\r\n\r\n\"a \"\"b\"\"\",2\r\n";
    let table = Table::parse(text.as_bytes(), Path::new("t.csv"), COLUMNS).expect("a table");
    assert_eq!(table.rows(), 2);
    assert_eq!(table.text(1, "name").expect("text"), "a \"b\"");
    assert_eq!(table.number(0, "score").expect("a number"), 0.5);
    let message = table.number(1, "score").expect_err("out of range").to_string();
    assert_eq!(message, "t.csv, row 6, column `score`: 2 is not between 0 and 1");
}

#[test]
fn tabs_separate_as_well_as_commas() {
    let tabs = SCORES.replace("\"exact_match,flexible-extract\"", "exact_match;x").replace(',', "\t").replace(';', ",");
    let plain = scores(&tabs).expect("a tab-separated table");
    assert_eq!(plain.rows().len(), 3);
    assert_eq!(plain.rows()[0].metric.to_string(), "exact_match,x");
}

#[test]
fn what_is_written_reads_back_the_same() {
    let mut text = String::from(SCORES);
    for (n, value) in [0.1 + 0.2, 1.0 / 3.0, 5e-324, 1e-300, 0.999_999_999_999_999_9].into_iter().enumerate() {
        text.push_str(&format!("a-7b,t{n},,acc,{value},,,,,,,\"odd, \"\"name\"\".json\"\n"));
    }
    let first = scores(&text).expect("a table");
    let written = observations_csv(first.rows());
    let second = scores(&written).expect("what was written");
    assert_eq!(first.rows(), second.rows());
    assert_eq!(observations_csv(second.rows()), written);
}

#[test]
fn a_file_is_written_whole_or_not_at_all() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("new").join("out.csv");
    write::bytes(&path, b"first").expect("written");
    let failed = write::with(&path, |out| {
        out.write_all(b"half")?;
        Err(std::io::Error::other("the disk is full"))
    });
    assert!(matches!(failed, Err(Error::Write { .. })));
    assert_eq!(std::fs::read(&path).expect("still there"), b"first");
    let left: Vec<_> = std::fs::read_dir(path.parent().expect("a folder")).expect("readable").collect();
    assert_eq!(left.len(), 1, "{left:?}");
    assert!(matches!(write::bytes(&path.join("below"), b""), Err(Error::Write { .. })), "a file is no folder");
}

#[cfg(unix)]
#[test]
fn what_is_written_can_be_read_by_others() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a folder");
    let plain = folder.path().join("plain");
    std::fs::write(&plain, b"").expect("written");
    let ours = folder.path().join("ours");
    write::bytes(&ours, b"").expect("written");
    let mode = |path: &Path| std::fs::metadata(path).expect("there").permissions().mode();
    assert_eq!(mode(&ours), mode(&plain));
}

/// Five subjects in two groups: 62 rows become 5 + 2 + 1.
const SUBJECTS: &str = "subject,group,items\na,x,10\nb,x,30\nc,y,20\nd,y,20\ne,y,20\n";
const CORRECT: &str = "model,benchmark,adjustment,epochs,examples,e,d,c,b,a\na-7b,mmlu,none,,,10,5,20,6,9\n";
const BRIER: &str = "model,benchmark,adjustment,epochs,examples,a,b,c,d,e\na-7b,mmlu,none,,,0.2,1.2,0,1,0.5\n";

fn subject_scores(subjects: &str, correct: &str, brier: &str) -> Result<SubjectScores, Error> {
    let folder = tempfile::tempdir().expect("a folder");
    let [a, b, c] = SubjectScores::FILES.map(|name| folder.path().join(name));
    for (path, text) in [(&a, subjects), (&b, correct), (&c, brier)] {
        std::fs::write(path, text).expect("written");
    }
    SubjectScores::read(&a, &b, Some(&c), &models())
}

#[test]
fn both_means_of_mmlu_are_those_of_the_rows_of_a_results_file() {
    let scores = subject_scores(SUBJECTS, CORRECT, BRIER).expect("right tables");
    let none = Condition::unadjusted();
    let rows = [0.9, 0.2, 1.0, 0.25, 0.5, 15.0 / 40.0, 35.0 / 60.0, 50.0 / 100.0];
    let close = |a: Option<f64>, b: f64| (a.expect("there") - b).abs() < 1e-15;
    assert!(close(scores.mean_of_62("a-7b", "mmlu", &none), rows.iter().sum::<f64>() / 8.0));
    assert!(close(scores.item_weighted("a-7b", "mmlu", &none), 0.5));
    let brier = [0.2, 1.2, 0.0, 1.0, 0.5, 38.0 / 40.0, 30.0 / 60.0, 68.0 / 100.0];
    assert!(close(scores.brier_mean_of_62("a-7b", "mmlu", &none), brier.iter().sum::<f64>() / 8.0));
    assert!(close(scores.brier_item_weighted("a-7b", "mmlu", &none), 0.68));
    assert_eq!(scores.mean_of_62("a-13b", "mmlu", &none), None);
    assert_eq!(scores.mean_of_62("a-7b", "mmlu_cloze", &none), None);
}

#[test]
fn impossible_counts_by_subject_are_named() {
    let message = |subjects: &str, correct: &str, brier: &str| {
        let text = subject_scores(subjects, correct, brier).expect_err("wrong").to_string();
        text[text.find("mmlu_").expect("a file name")..].to_owned()
    };
    let too_many = message(SUBJECTS, &CORRECT.replace(",9\n", ",11\n"), BRIER);
    assert_eq!(too_many, "mmlu_correct.csv, row 2, column `a`: 11 correct answers of 10 items");
    let half = message(SUBJECTS, &CORRECT.replace(",9\n", ",9.5\n"), BRIER);
    assert_eq!(half, "mmlu_correct.csv, row 2, column `a`: `9.5` is not a whole number");
    let nan = message(SUBJECTS, CORRECT, &BRIER.replace("1.2", "NaN"));
    assert_eq!(nan, "mmlu_brier.csv, row 2, column `b`: NaN is not between 0 and 2");
    let absent = message(&SUBJECTS.replace("e,y", "f,y"), CORRECT, BRIER);
    assert!(absent.starts_with("mmlu_correct.csv: column `f` is missing"), "{absent}");
    let twice = message(SUBJECTS, &format!("{CORRECT}a-7b,mmlu,none,,,1,1,1,1,1\n"), BRIER);
    assert_eq!(twice, "mmlu_correct.csv, row 3, column `model`: mmlu under adjustment none is already in row 2");
}

#[test]
fn the_published_tables_are_complete() {
    let published = published().expect("the tables inside the program");
    assert_eq!(published.models.len(), 53);
    let families: std::collections::BTreeSet<_> = published.models.iter().map(|m| m.family.as_str()).collect();
    assert_eq!(families.len(), 20, "{families:?}");
    assert_eq!(published.subjects.subjects().len(), 57);
    for (id, condition, models) in [
        ("mmlu", Condition::unadjusted(), 53),
        ("mmlu", Condition::epochs(Adjustment::MmluAux, "3"), 53),
        ("mmlu_cloze", Condition::unadjusted(), 53),
        ("gsm8k", Condition::epochs(Adjustment::Gsm8kAux, "3"), 53),
        ("arc_challenge_mc", Condition::epochs(Adjustment::MmluAux, "3"), 52),
        ("leaderboard_gpqa", Condition::adjusted(Adjustment::MmluAux), 52),
        ("leaderboard_math_hard", Condition::adjusted(Adjustment::Gsm8kAux), 53),
        ("gsm8k", Condition::examples(Adjustment::Gsm8kAux, 1_600_000), 45),
    ] {
        let benchmark = benchmark(id).expect("a published benchmark");
        let scores = published.scores(benchmark, &condition, MmluMean::Of62Rows);
        assert_eq!(scores.len(), models, "{id} under {condition}");
    }
}

#[test]
fn the_data_folder_holds_what_the_program_holds() {
    let folder = repository("data");
    assert_eq!(published_from(&folder).expect("the folder"), published().expect("the program"));
}

#[test]
fn the_readme_of_the_data_explains_every_column() {
    let path = repository("data/README.md");
    let readme = std::fs::read_to_string(path).expect("data/README.md");
    for column in MODEL_COLUMNS.iter().chain(OBSERVATION_COLUMNS) {
        let row = format!("| `{}` | {} |", column.name, column.unit);
        assert!(readme.contains(&row), "{row}");
    }
}

#[test]
fn what_is_said_of_a_benchmark_agrees_with_its_observations() {
    let published = published().expect("the tables inside the program");
    for benchmark in BENCHMARKS {
        let mut seen = 0;
        for row in published.observations.of(&benchmark.id).filter(|row| row.metric == benchmark.score) {
            seen += 1;
            assert_eq!(row.format, Some(benchmark.format), "{} {}", benchmark.id, row.provenance.source);
            assert!(row.items.is_none_or(|items| items == benchmark.items), "{} {:?}", benchmark.id, row.items);
            // The checkpoints of one model were evaluated without examples; see data/README.md.
            let expected = if benchmark.id == "mmlu" && row.model == "baichuan2-7b" && row.condition.examples.is_some()
            {
                0
            } else {
                benchmark.shots
            };
            assert_eq!(row.setup.shots, Some(expected), "{} {}", benchmark.id, row.provenance.source);
        }
        assert!(seen >= 40, "{}: {seen}", benchmark.id);
        let parts: u32 = benchmark.parts.iter().map(|part| part.items).sum();
        assert!(parts == 0 || parts == benchmark.items, "{}", benchmark.id);
    }
}

/// Largest distance of the mean of three small models from chance: about three standard errors on the smallest
/// benchmark (684 items), and as much again for answers that favour one letter.
const NEAR_CHANCE: f64 = 0.05;

#[test]
fn the_smallest_models_score_near_the_corrected_chance_level() {
    let published = published().expect("the tables inside the program");
    for benchmark in BENCHMARKS.iter().filter(|b| b.id.starts_with("leaderboard_") || b.id.ends_with("_mc")) {
        let scores = published.scores(benchmark, &Condition::unadjusted(), MmluMean::ItemWeighted);
        let smallest = ["pythia-70m", "pythia-160m", "pythia-410m"].map(|model| scores[model]);
        let mean = smallest.iter().sum::<f64>() / 3.0;
        let chance = benchmark.chance.corrected();
        assert!((mean - chance).abs() < NEAR_CHANCE, "{}: {mean} and {chance}", benchmark.id);
    }
}
