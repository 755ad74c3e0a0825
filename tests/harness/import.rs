//! Reading results of lm-evaluation-harness, each layout from small files of our own, and the tables of the repository
//! from the published files where those are at hand.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use onset::analysis::papers::test_task::published;
use onset::harness::lm_eval::{ImportSettings, Imported, SubjectTables, import};
use onset::registry::{Adjustment, Condition, Format, Models, Observation, RowKind, Scores, SubjectScores};

use crate::support::{self, onset, repository};

const MODELS: &str = "model,family,hf_id,architecture,params,tokens,release,languages\n\
                      llama-7b,llama-1,huggyllama/llama-7b,LlamaForCausalLM,7e9,1e12,2023-02,en\n\
                      toy-1.5-7b,toy,Example-Org/Toy-7B,,7e9,1e12,2024-01,en\n";

fn fixture(path: &str) -> PathBuf {
    support::fixture("lm_eval").join(path)
}

fn models() -> Models {
    Models::parse(MODELS, "models.csv").expect("the table above is right")
}

fn read(path: &str) -> Imported {
    import(&[fixture(path)], &ImportSettings::default()).expect("the fixtures are there")
}

fn read_registered(path: &str) -> Imported {
    let settings = ImportSettings { models: Some(models()), ..ImportSettings::default() };
    import(&[fixture(path)], &settings).expect("the fixtures are there")
}

fn row<'a>(imported: &'a Imported, benchmark: &str, metric: &str, condition: &Condition) -> &'a Observation {
    let mut found = imported
        .observations
        .iter()
        .filter(|o| o.benchmark == benchmark && o.metric.to_string() == metric && o.condition == *condition);
    let first = found.next().unwrap_or_else(|| panic!("{benchmark} {metric} under {condition} is not there"));
    assert!(found.next().is_none(), "{benchmark} {metric} under {condition} is there twice");
    first
}

fn warnings(imported: &Imported) -> Vec<String> {
    imported.warnings.iter().map(ToString::to_string).collect()
}

#[test]
fn version_0_3_has_plain_keys_and_one_number_of_shots() {
    let imported = read("v0.3");
    let none = Condition::unadjusted();
    let accuracy = row(&imported, "hellaswag", "acc", &none);
    assert_eq!(
        (accuracy.model.as_str(), accuracy.value, accuracy.setup.shots),
        ("huggyllama/llama-7b", 0.375, Some(5))
    );
    assert_eq!((accuracy.items, accuracy.kind, accuracy.format), (Some(8), RowKind::Task, Some(Format::Cloze)));
    assert_eq!(row(&imported, "hellaswag", "acc_norm", &none).stderr, Some((0.25f64 / 7.0).sqrt()));
    let anatomy = row(&imported, "hendrycksTest-anatomy", "acc_norm", &none);
    assert_eq!((anatomy.value, anatomy.items), (1.0, Some(135)), "the other metric of the task says how many items");
    assert_eq!(warnings(&imported), [""; 0]);
    for metric in ["bits_per_byte", "byte_perplexity", "word_perplexity"] {
        assert!(row(&imported, "wikitext", metric, &none).value > 0.0, "{metric} is a metric");
    }
}

#[test]
fn a_hub_name_becomes_the_registrys_name() {
    assert_eq!(read_registered("v0.3").observations[0].model, "llama-7b");
    assert_eq!(read_registered("hub").observations[0].model, "toy-1.5-7b");
}

#[test]
fn file_name_and_folders_say_model_and_condition() {
    let imported = read("published/base/toy-1.5-7b-gsm8k.json");
    let score = row(&imported, "gsm8k", "exact_match,flexible-extract", &Condition::unadjusted());
    assert_eq!((score.model.as_str(), score.value, score.items), ("toy-1.5-7b", 185.0 / 1319.0, Some(1319)));
    assert_eq!((score.format, score.setup.shots), (Some(Format::Generate), Some(5)));
    assert_eq!(score.provenance.source, "toy-1.5-7b-gsm8k.json");
    assert_eq!(row(&imported, "gsm8k", "exact_match,strict-match", &Condition::unadjusted()).value, 180.0 / 1319.0);

    let imported = read_registered("published");
    let epochs = Condition::epochs(Adjustment::MmluAux, "1+2");
    assert_eq!(row(&imported, "mmlu", "acc", &epochs).provenance.source, "e1+2/mmluaux/toy-1.5-7b-mmlu.json");
    let checkpoint = row(&imported, "mmlu", "acc", &Condition::examples(Adjustment::MmluAux, 640));
    assert_eq!((checkpoint.model.as_str(), checkpoint.setup.shots), ("toy-1.5-7b", Some(0)));
    assert_eq!(
        warnings(&imported),
        ["gpt-neo-2.7b: not in the table of models, so its compute is not known; 1 file left out"]
    );
}

#[test]
fn what_the_settings_say_goes_before_what_the_names_say() {
    let settings = ImportSettings {
        model: Some("other".into()),
        adjustment: Some(Adjustment::Other("maths".into())),
        epochs: Some("2".into()),
        batch: 10,
        ..ImportSettings::default()
    };
    let imported = import(&[fixture("published/intermediate")], &settings).expect("the fixtures are there");
    let expected =
        Condition { adjustment: Adjustment::Other("maths".into()), epochs: Some("2".into()), examples: Some(100) };
    assert!(imported.observations.iter().all(|o| o.model == "other" && o.condition == expected));
}

#[test]
fn groups_are_marked_and_their_parts_name_them() {
    let imported = read("published/base/toy-1.5-7b-mmlu.json");
    let none = Condition::unadjusted();
    let whole = row(&imported, "mmlu", "acc", &none);
    assert_eq!((whole.kind, whole.group.as_deref(), whole.items), (RowKind::Group, None, Some(641)));
    assert_eq!((whole.setup.shots, whole.format), (Some(5), Some(Format::MultipleChoice)), "those of its subjects");
    let group = row(&imported, "mmlu_stem", "acc", &none);
    assert_eq!((group.kind, group.group.as_deref(), group.items), (RowKind::Group, Some("mmlu"), Some(235)));
    let subject = row(&imported, "mmlu_anatomy", "brier_score", &none);
    assert_eq!((subject.kind, subject.group.as_deref()), (RowKind::Task, Some("mmlu_stem")));
    assert_eq!((subject.stderr, subject.items), (None, Some(135)), "N/A is no standard error");
    let groups = imported.observations.iter().filter(|o| o.kind == RowKind::Group).count();
    assert_eq!((groups, imported.observations.len()), (10, 20), "by two metrics");
}

#[test]
fn a_score_of_zero_takes_the_number_of_items_from_the_other_files() {
    let adjusted = Condition::epochs(Adjustment::MmluAux, "1+2");
    let alone =
        import(&[fixture("published/e1+2/mmluaux")], &ImportSettings::default()).expect("the fixtures are there");
    let missing = row(&alone, "mmlu_econometrics", "acc", &adjusted);
    assert_eq!((missing.value, missing.items), (0.0, None));
    assert_eq!(row(&alone, "mmlu", "acc", &adjusted).items, None, "the sum is not known either");
    let together = read("published");
    assert_eq!(row(&together, "mmlu_econometrics", "acc", &adjusted).items, Some(114));
    assert_eq!(row(&together, "mmlu", "acc", &adjusted).items, Some(641));
}

#[test]
fn the_newest_of_two_results_is_kept() {
    let imported = read("hub");
    let none = Condition::unadjusted();
    let murder = row(&imported, "leaderboard_musr_murder_mysteries", "acc_norm", &none);
    assert_eq!((murder.model.as_str(), murder.value, murder.items), ("Example-Org/Toy-7B", 130.0 / 250.0, Some(250)));
    assert_eq!(murder.provenance.source, "Example-Org__Toy-7B/results_2024-08-01T00-00-00.000000.json");
    assert_eq!((murder.format, murder.setup.shots), (Some(Format::MultipleChoice), Some(0)), "as its benchmark");
    let left_out = warnings(&imported);
    assert_eq!(
        left_out,
        ["Example-Org__Toy-7B/results_2024-07-01T00-00-00.000000.json: a later evaluation of Example-Org/Toy-7B on \
          4 scores is in Example-Org__Toy-7B/results_2024-08-01T00-00-00.000000.json"]
    );
    assert_eq!(imported.collisions, Vec::<String>::new());
}

#[test]
fn version_0_4_13_has_sample_len_and_model_args_as_an_object() {
    let imported = read("v0.4.13");
    let none = Condition::unadjusted();
    let own = row(&imported, "own_mc", "acc", &none);
    assert_eq!((own.model.as_str(), own.value, own.items), ("Example-Org/Toy-7B", 1.0, Some(48)));
    assert_eq!((own.format, own.group.as_deref()), (Some(Format::MultipleChoice), Some("own")));
    assert_eq!(row(&imported, "own_cloze", "acc", &none).format, Some(Format::Cloze));
    let marked = row(&imported, "own_math", "exact_match,marked", &none);
    assert_eq!((marked.value, marked.format, marked.setup.shots), (0.25, Some(Format::Generate), Some(2)));
    let group = row(&imported, "own", "acc", &none);
    assert_eq!(
        (group.kind, group.items, group.setup.shots),
        (RowKind::Group, Some(96), None),
        "its tasks differ in shots"
    );
    assert_eq!(warnings(&imported), [""; 0]);
}

#[test]
fn the_harness_own_output_is_read_whole() {
    let folder = repository("../shared/fixtures/harness/lm_eval");
    if !folder.is_dir() {
        println!("skipped: there is no {}", folder.display());
        return;
    }
    let imported = import(&[folder], &ImportSettings::default()).expect("readable");
    assert_eq!((imported.files, warnings(&imported)), (2, Vec::<String>::new()));
    let mut seen: Vec<String> =
        imported.observations.iter().map(|o| format!("{} {} {}", o.model, o.benchmark, o.metric)).collect();
    seen.retain(|line| line.starts_with("gemma-metaspace "));
    assert_eq!(
        seen,
        [
            "gemma-metaspace toy_cloze acc",
            "gemma-metaspace toy_cloze acc_norm",
            "gemma-metaspace toy_cloze brier_score",
            "gemma-metaspace toy_math exact_match,last-number",
            "gemma-metaspace toy_math exact_match,marked",
            "gemma-metaspace toy_mc acc",
            "gemma-metaspace toy_mc brier_score",
        ]
    );
    let cloze = row_of(&imported, "gemma-metaspace", "toy_cloze", "acc");
    assert_eq!((cloze.value, cloze.items, cloze.setup.shots), (14.0 / 48.0, Some(48), Some(2)));
}

fn row_of<'a>(imported: &'a Imported, model: &str, benchmark: &str, metric: &str) -> &'a Observation {
    let matching = |o: &&Observation| o.model == model && o.benchmark == benchmark && o.metric.to_string() == metric;
    imported.observations.iter().find(matching).expect("there")
}

#[test]
fn what_cannot_be_read_is_named_and_skipped() {
    let imported =
        import(&[fixture("broken"), fixture("published/base")], &ImportSettings::default()).expect("readable");
    assert_eq!(imported.files, 4, "those of the published folder, and a checkpoint");
    let expected = [
        ("empty.json", "the JSON ends early"),
        ("empty_results.json", "no results in it"),
        ("no_results.json", "no results in it"),
        ("not_results.json", "not a results file"),
        ("truncated.json", "the JSON ends early"),
        ("unknown_metric.json", "wikitext: unknown metric `rouge1`"),
    ];
    assert!(imported.notes[0].contains("toy-7b at step_5"), "{:?}", imported.notes);
    assert_eq!(imported.warnings.len(), expected.len(), "{:?}", warnings(&imported));
    for (warning, (what, why)) in imported.warnings.iter().zip(expected) {
        assert_eq!(warning.what, what);
        assert!(warning.why.starts_with(why), "{warning}");
    }
}

#[test]
fn pythons_nan_costs_one_score_and_not_the_file() {
    let imported = read("not_a_number");
    assert_eq!(imported.observations.len(), 1);
    let kept = row(&imported, "winogrande", "acc", &Condition::unadjusted());
    assert_eq!((kept.model.as_str(), kept.value, kept.stderr), ("toy-7b", 0.5, None));
    assert_eq!(warnings(&imported), ["toy-7b-truthfulqa_mc2.json: truthfulqa_mc2: acc,none is no number"]);
}

#[test]
fn scores_are_read_to_the_last_digit() {
    let folder = tempfile::tempdir().expect("a folder");
    let results: Vec<String> =
        (1..1319).map(|k| format!("\"t{k}\": {{\"acc,none\": {}}}", f64::from(k) / 1319.0)).collect();
    let text = format!("{{\"results\": {{{}}}}}", results.join(", "));
    std::fs::write(folder.path().join("toy.json"), text).expect("written");
    let imported = import(&[folder.path().to_owned()], &ImportSettings::default()).expect("readable");
    assert_eq!(imported.observations.len(), 1318);
    for o in &imported.observations {
        let k: f64 = o.benchmark[1..].parse().expect("a task's number");
        assert_eq!(o.value, k / 1319.0, "{}", o.benchmark);
    }
}

#[test]
fn the_order_of_paths_and_the_number_of_threads_change_nothing() {
    let forward = [fixture("published"), fixture("hub"), fixture("v0.3")];
    let backward: Vec<PathBuf> = forward.iter().rev().cloned().collect();
    let first = import(&forward, &ImportSettings::default()).expect("readable");
    assert_eq!(first, import(&backward, &ImportSettings::default()).expect("readable"));
    let single = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("one thread");
    assert_eq!(first, single.install(|| import(&forward, &ImportSettings::default()).expect("readable")));
}

#[test]
fn mmlu_by_subject_goes_to_tables_from_which_its_rows_come_back() {
    let plain = read_registered("published");
    let mut taken = plain.clone();
    let tables = SubjectTables::take_from(&mut taken).expect("MMLU is there");
    assert!(taken.observations.iter().all(|o| !o.benchmark.starts_with("mmlu_") || o.benchmark == "mmlu_cloze"));
    let folder = tempfile::tempdir().expect("a folder");
    tables.save(folder.path()).expect("written");
    let [subjects, correct, brier] = SubjectScores::FILES.map(|name| folder.path().join(name));
    let scores = SubjectScores::read(&subjects, &correct, Some(&brier), &models()).expect("what was written");
    assert_eq!(scores.keys().len(), 4);
    assert_means_come_back(&plain, &scores);
}

/// Means of 62 are sums of 62 numbers below 2, each exact to half a unit in the last place.
const SUM_OF_62: f64 = 1e-12;

/// Checks that both means of MMLU, by accuracy and Brier score, are those of the rows of every results file.
fn assert_means_come_back(imported: &Imported, scores: &SubjectScores) {
    type Evaluation<'a> = (&'a str, &'a str, &'a Condition, String);
    let mut rows: BTreeMap<Evaluation<'_>, (f64, usize, f64)> = BTreeMap::new();
    for o in imported.observations.iter().filter(|o| o.benchmark == "mmlu" || o.benchmark.starts_with("mmlu_")) {
        let whole = if o.benchmark.ends_with("_cloze") { "mmlu_cloze" } else { "mmlu" };
        let entry = rows.entry((&o.model, whole, &o.condition, o.metric.to_string())).or_default();
        entry.0 += o.value;
        entry.1 += 1;
        if o.benchmark == whole {
            entry.2 = o.value;
        }
    }
    assert_eq!(rows.len(), 2 * scores.keys().len());
    for ((model, whole, condition, metric), (sum, count, weighted)) in rows {
        let (mean_of_rows, mean_of_items) = match metric.as_str() {
            "acc" => (scores.mean_of_62(model, whole, condition), scores.item_weighted(model, whole, condition)),
            "brier_score" => {
                (scores.brier_mean_of_62(model, whole, condition), scores.brier_item_weighted(model, whole, condition))
            }
            other => panic!("{other}"),
        };
        let near = |ours: Option<f64>, theirs: f64| ours.is_some_and(|ours| (ours - theirs).abs() < SUM_OF_62);
        assert!(near(mean_of_rows, sum / count as f64), "{model} {whole} {metric} under {condition}");
        assert!(near(mean_of_items, weighted), "{model} {whole} {metric} under {condition}");
    }
}

#[test]
fn the_command_writes_a_table_that_reads_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).to_str().expect("a plain path").to_owned();
    std::fs::write(at("models.csv"), MODELS).expect("written");
    let published = fixture("published");
    let output = onset(&[
        "import",
        "lm-eval",
        published.to_str().expect("a plain path"),
        "--out",
        &at("table.csv"),
        "--models",
        &at("models.csv"),
        "--mmlu-subjects",
        &at("mmlu"),
    ]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(output.stdout.is_empty());
    assert!(said.contains("skipped gpt-neo-2.7b: not in the table of models"), "{said}");
    assert!(said.contains("10 observations from 5 files"), "{said}");
    let table = Scores::read(Path::new(&at("table.csv")), Some(&models())).expect("what was written");
    let sources: Vec<&str> = table.of("mmlu").map(|o| o.provenance.source.as_str()).collect();
    assert_eq!(
        sources,
        [
            "base/toy-1.5-7b-mmlu.json",
            "intermediate/mmluaux/evals/toy-1.5-7b/step_10/mmlu.json",
            "e1+2/mmluaux/toy-1.5-7b-mmlu.json",
            "base/toy-1.5-7b-mmlu.json",
            "intermediate/mmluaux/evals/toy-1.5-7b/step_10/mmlu.json",
            "e1+2/mmluaux/toy-1.5-7b-mmlu.json",
        ]
    );
    let correct = std::fs::read_to_string(at("mmlu/mmlu_correct.csv")).expect("written");
    assert_eq!(
        correct,
        "model,benchmark,adjustment,epochs,examples,abstract_algebra,anatomy,econometrics,formal_logic,virology\n\
         toy-1.5-7b,mmlu,none,,,25,40,30,30,60\n\
         toy-1.5-7b,mmlu,mmlu-aux,,640,26,41,31,31,61\n\
         toy-1.5-7b,mmlu,mmlu-aux,1+2,,30,54,0,36,83\n\
         toy-1.5-7b,mmlu_cloze,none,,,20,41,31,31,61\n"
    );
}

#[test]
fn nothing_to_read_is_an_error_and_leaves_no_table() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("table.csv");
    let out_name = out.to_str().expect("a plain path");
    for (path, expected) in [
        (fixture("broken/not_results.json"), "nothing could be read"),
        (folder.path().to_owned(), "nothing could be read"),
        (folder.path().join("absent"), "cannot read"),
    ] {
        let output = onset(&["import", "lm-eval", path.to_str().expect("a plain path"), "--out", out_name]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(expected), "{said}");
        assert!(!out.exists());
    }
}

/// The folder `evaluations` of the published files: the one that the variable ONSET_PUBLISHED names, or else the archive
/// beside the repository, unpacked by `tar` into a temporary folder. `None` where neither is there.
fn published_files() -> Option<(PathBuf, Option<tempfile::TempDir>)> {
    if let Some(folder) = std::env::var_os("ONSET_PUBLISHED") {
        return Some((folder.into(), None));
    }
    let archive = repository("../shared/paper/lm-eval-results.tar.xz");
    if !archive.is_file() {
        println!("skipped: there is no {} and ONSET_PUBLISHED is not set", archive.display());
        return None;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let unpacked = Command::new("tar").arg("-xJf").arg(&archive).arg("-C").arg(folder.path()).status();
    if !unpacked.is_ok_and(|status| status.success()) {
        println!("skipped: tar cannot unpack {}", archive.display());
        return None;
    }
    Some((folder.path().join("evaluations"), Some(folder)))
}

#[test]
fn the_tables_of_the_repository_are_what_the_published_files_give() {
    let Some((evaluations, _unpacked)) = published_files() else { return };
    let data = repository("data");
    let models = Models::read(&data.join("models.csv")).expect("the registry");
    let settings = ImportSettings { models: Some(models), ..ImportSettings::default() };
    let mut imported = import(&[evaluations], &settings).expect("the published files");
    assert_means_come_back(&imported, &published().expect("the tables inside the program").subjects);
    let tables = SubjectTables::take_from(&mut imported).expect("MMLU is there");
    for (name, text) in [
        ("evaluations.csv", onset::registry::observations_csv(&imported.observations)),
        ("mmlu_subjects.csv", tables.subjects),
        ("mmlu_correct.csv", tables.correct),
        ("mmlu_brier.csv", tables.brier),
    ] {
        let ours = std::fs::read_to_string(data.join(name)).expect("a table of the repository");
        assert!(ours == text, "data/{name} is not what `onset import lm-eval` makes of the published files");
    }
}
