//! Which evaluations are the same, whose they are, and what is said where that cannot be told. Files are made here.

use onset::harness::lm_eval::{self, ImportSettings, Imported};
use onset::harness::{helm, inspect, lighteval};
use onset::registry::{Observation, Scores};
use serde_json::{Value, json};

use crate::support::{Folder, complained, program};

/// A results file of lm-evaluation-harness with one score, and `more` in it.
fn results(score: f64, more: Value) -> String {
    let mut file = json!({
        "results": { "arc_challenge": { "acc,none": score } },
        "n-shot": { "arc_challenge": 25 },
        "n-samples": { "arc_challenge": { "original": 1172, "effective": 1172 } },
        "config": { "model": "hf", "model_args": "pretrained=org/model-7b", "limit": null },
        "git_hash": "abc",
    });
    merge(&mut file, more);
    file.to_string()
}

fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            from.into_iter().for_each(|(key, value)| merge(into.entry(key).or_insert(Value::Null), value));
        }
        (into, from) => *into = from,
    }
}

fn import_with(folder: &Folder, settings: &ImportSettings) -> Imported {
    lm_eval::import(&[folder.path("")], settings).expect("readable")
}

fn import(files: &[(&str, String)]) -> Imported {
    let folder = Folder::new();
    files.iter().for_each(|(name, text)| _ = folder.write(name, text));
    import_with(&folder, &ImportSettings::default())
}

fn values(imported: &Imported) -> Vec<f64> {
    imported.observations.iter().map(|row| row.value).collect()
}

fn models(imported: &Imported) -> Vec<&str> {
    let mut names: Vec<&str> = imported.observations.iter().map(|row| row.model.as_str()).collect();
    names.dedup();
    names
}

fn args(text: &str) -> Value {
    json!({ "config": { "model_args": text } })
}

#[test]
fn whatever_a_score_depends_on_keeps_two_scores_apart() {
    for other in [
        args("pretrained=org/model-7b,revision=step1000"),
        args("pretrained=org/model-7b,subfolder=late"),
        args("pretrained=org/model-7b,peft=org/adapter"),
        args("pretrained=org/model-7b,load_in_4bit=True"),
        args("pretrained=org/model-7b,dtype=float16"),
        json!({ "config": { "model_args": { "pretrained": "org/model-7b", "revision": "v2" } } }),
        args("{'pretrained': 'org/model-7b', 'revision': 'v2'}"),
        json!({ "n-shot": { "arc_challenge": 0 } }),
        json!({ "chat_template": "{{x}}", "chat_template_sha": "f00" }),
        json!({ "chat_template": "{{x}}" }),
        json!({ "system_instruction": "Be brief." }),
        json!({ "fewshot_as_multiturn": true }),
        json!({ "git_hash": "def" }),
        json!({ "config": { "limit": 10.0 }, "n-samples": { "arc_challenge": { "effective": 10 } } }),
        json!({ "config": { "limit": 0.5 }, "n-samples": { "arc_challenge": { "effective": 586 } } }),
        json!({ "n-samples": { "arc_challenge": { "effective": 3 } } }),
    ] {
        let mut later = other.clone();
        merge(&mut later, json!({ "date": 1_700_100_000.0 }));
        let imported =
            import(&[("a.json", results(0.5, json!({ "date": 1_700_000_000.0 }))), ("b.json", results(0.25, later))]);
        let mut found = values(&imported);
        found.sort_by(f64::total_cmp);
        assert_eq!(found, [0.25, 0.5], "{other}");
        assert_eq!((models(&imported), imported.collisions.len()), (vec!["org/model-7b"], 0), "{other}");
        let csv = imported.csv();
        Scores::parse(&csv, "scores.csv", None).expect("a table that reads back");
    }
}

#[test]
fn what_a_file_says_of_its_setup_stands_in_columns() {
    let imported = import(&[(
        "a.json",
        results(
            0.5,
            json!({
                "config": { "model_args": "pretrained=org/model-7b,revision=v2,peft=me/lora,load_in_8bit=True", "limit": 10,
                            "model_dtype": "torch.bfloat16" },
                "n-samples": { "arc_challenge": { "effective": 10 } },
                "model_name": "me/lora", "chat_template_sha": "f00", "system_instruction_sha": "bad",
                "fewshot_as_multiturn": true, "lm_eval_version": "0.4.8", "date": 1_713_432_600.0,
            }),
        ),
    )]);
    let row: &Observation = &imported.observations[0];
    let setup = &row.setup;
    assert_eq!(row.model, "org/model-7b", "the model below its adapter");
    assert_eq!((setup.revision.as_deref(), setup.adapter.as_deref()), (Some("v2"), Some("me/lora")));
    assert_eq!((setup.quantisation.as_deref(), setup.dtype.as_deref()), (Some("8bit"), Some("bfloat16")));
    assert_eq!((setup.limit.map(|limit| limit.to_string()).as_deref(), setup.shots), (Some("10"), Some(25)));
    assert_eq!((setup.prompt.chat_template.as_deref(), setup.prompt.multiturn), (Some("f00"), Some(true)));
    assert_eq!((setup.prompt.system_prompt.as_deref(), setup.harness.as_deref()), (Some("bad"), Some("lm-eval")));
    assert_eq!(setup.harness_version.as_deref(), Some("0.4.8"));
    assert_eq!(row.provenance.date.map(|date| date.to_string()).as_deref(), Some("2024-04-18T09:30:00Z"));
}

#[test]
fn a_later_evaluation_replaces_an_earlier_one_by_its_date_and_not_by_its_name() {
    let dated = |score: f64, date: f64| results(score, json!({ "date": date }));
    let imported = import(&[("a.json", dated(0.5, 1.7e9)), ("z.json", dated(0.25, 1.6e9))]);
    assert_eq!(values(&imported), [0.5]);
    assert_eq!(
        imported.warnings[0].to_string(),
        "z.json: a later evaluation of org/model-7b on arc_challenge is in a.json"
    );
    for (first, second) in [
        (results(0.5, json!({})), results(0.25, json!({}))),
        (dated(0.5, 1.7e9), results(0.25, json!({}))),
        (dated(0.5, 1.7e9), dated(0.25, 1.7e9)),
    ] {
        let imported = import(&[("results_2023.json", first), ("results_2024.json", second)]);
        assert_eq!(imported.observations.len(), 2, "no date tells which is later");
        assert_eq!(imported.collisions.len(), 1);
        assert!(imported.collisions[0].contains("org/model-7b has 2 scores"), "{:?}", imported.collisions);
    }
    let copies = import(&[("a.json", results(0.5, json!({}))), ("b.json", results(0.5, json!({})))]);
    assert_eq!((values(&copies), copies.collisions.len()), (vec![0.5], 0), "a copy is no second evaluation");
}

#[test]
fn a_collision_is_written_listed_and_ends_with_exit_code_1() {
    let folder = Folder::new();
    folder.write("in/a.json", &results(0.5, json!({})));
    folder.write("in/b.json", &results(0.25, json!({})));
    let out = folder.at("out.csv");
    let run = program().args(["import", "lm-eval", &folder.at("in"), "--out", &out]).output().expect("it starts");
    assert_eq!(run.status.code(), Some(1), "{}", complained(&run));
    assert!(complained(&run).contains("0.5 (a.json), 0.25 (b.json)"), "{}", complained(&run));
    assert_eq!(std::fs::read_to_string(out).expect("written").lines().count(), 3);
}

#[test]
fn checkpoints_are_states_of_one_model_and_runs_of_one_name_are_two_models() {
    let at = |path: &str, score: f64| results(score, args(&format!("pretrained={path}")));
    let imported = import(&[
        ("a.json", at("/scratch/run-1b/checkpoint-1000", 0.25)),
        ("b.json", at("/scratch/run-1b/checkpoint-2000", 0.5)),
        ("c.json", at("/scratch/run-7b/global_step1000/hf", 0.75)),
    ]);
    let named: Vec<(&str, Option<&str>)> =
        imported.observations.iter().map(|row| (row.model.as_str(), row.setup.revision.as_deref())).collect();
    assert_eq!(
        named,
        [("run-1b", Some("checkpoint-1000")), ("run-1b", Some("checkpoint-2000")), ("run-7b", Some("global_step1000"))]
    );
    assert_eq!(imported.collisions.len(), 0);

    let two = [("a.json", at("/home/ann/run-7b", 0.25)), ("b.json", at("/home/bob/run-7b", 0.5))];
    let imported = import(&two);
    assert_eq!(models(&imported), ["ann/run-7b", "bob/run-7b"], "two folders may be two models");
    assert_eq!(imported.collisions.len(), 1);
    assert!(imported.collisions[0].contains("--rename"), "{:?}", imported.collisions);

    let folder = Folder::new();
    two.iter().for_each(|(name, text)| _ = folder.write(&format!("in/{name}"), text));
    let names = folder.write("names.csv", "old,new\nann/run-7b,one\n/home/bob/run-7b,two\nnobody,three\n");
    let out = folder.at("out.csv");
    let mut command = program();
    command.args(["import", "lm-eval", &folder.at("in"), "--out", &out, "--rename", &names]);
    let run = command.output().expect("it starts");
    assert_eq!(run.status.code(), Some(0), "{}", complained(&run));
    assert!(complained(&run).contains("nobody: no model has this name"), "{}", complained(&run));
    let table = std::fs::read_to_string(out).expect("written");
    assert!(table.contains("\none,arc_challenge") && table.contains("\ntwo,arc_challenge"), "{table}");
}

#[test]
fn a_model_is_named_by_what_the_file_records_before_what_it_is_called() {
    let old = |task: &str| {
        json!({ "results": { task: { "acc": 0.5 } }, "config": { "model": "org/base-3b-v2", "num_fewshot": 25 } })
            .to_string()
    };
    let imported = import(&[
        ("run-3b-arc-challenge.json", old("arc_challenge")),
        ("run-3b-hellaswag.json", old("hellaswag")),
        ("25shot-winogrande.json", old("winogrande")),
    ]);
    assert_eq!(models(&imported), ["org/base-3b-v2"]);
    let nameless = json!({ "results": { "arc": { "acc": 0.5 } } }).to_string();
    let imported = import(&[("llama-7b/25shot-arc.json", nameless.clone()), ("org__m-7b/results_2024.json", nameless)]);
    assert_eq!(models(&imported), ["llama-7b", "org/m-7b"]);
}

#[test]
fn steps_become_training_tokens_where_they_are_known() {
    let at = |model: &str, step: &str| results(0.5, args(&format!("pretrained={model},revision={step}")));
    let files = [
        ("a.json", at("EleutherAI/pythia-70m", "step1000")),
        ("b.json", at("me/run", "step1000")),
        ("c.json", at("me/other", "step1000-tokens5B")),
    ];
    let folder = Folder::new();
    files.iter().for_each(|(name, text)| _ = folder.write(name, text));
    let tokens = |imported: &Imported| -> Vec<(String, Option<u64>)> {
        imported.observations.iter().map(|row| (row.model.clone(), row.setup.tokens_seen)).collect()
    };
    let known = import_with(&folder, &ImportSettings::default());
    let expected =
        [("EleutherAI/pythia-70m", Some(2_097_152_000)), ("me/other", Some(5_000_000_000)), ("me/run", None)];
    assert_eq!(tokens(&known), expected.map(|(model, tokens)| (model.to_owned(), tokens)));
    assert!(known.notes.iter().any(|note| note.contains("me/run at step1000") && note.contains("--tokens-per-step")));
    let given = ImportSettings { tokens_per_step: Some(100), ..ImportSettings::default() };
    let counted = import_with(&folder, &given);
    let expected =
        [("EleutherAI/pythia-70m", Some(2_097_152_000)), ("me/other", Some(5_000_000_000)), ("me/run", Some(100_000))];
    assert_eq!(tokens(&counted), expected.map(|(model, tokens)| (model.to_owned(), tokens)));
    assert!(counted.notes.iter().any(|note| note.contains("--tokens-per-step does not count in 2 checkpoints")));
}

#[test]
fn results_are_read_in_the_encodings_of_windows() {
    let text = results(0.5, json!({}));
    let wide: Vec<u8> = [0xFF, 0xFE].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let marked = [&[0xEF, 0xBB, 0xBF][..], text.as_bytes()].concat();
    for bytes in [wide, marked] {
        let folder = Folder::new();
        std::fs::write(folder.path("a.json"), bytes).expect("written");
        assert_eq!(values(&import_with(&folder, &ImportSettings::default())), [0.5]);
    }
}

#[test]
fn onsets_own_metrics_come_back() {
    let own = json!({ "results": { "mi": { "acc_bytes,none": 0.5, "acc_mutual_info,none": 0.25 } } });
    let imported = import(&[("a.json", own.to_string())]);
    let metrics: Vec<String> = imported.observations.iter().map(|row| row.metric.to_string()).collect();
    assert_eq!((metrics, imported.warnings.len()), (vec!["acc_bytes".to_owned(), "acc_mutual_info".to_owned()], 0));
    let back = Scores::parse(&imported.csv(), "scores.csv", None).expect("a table");
    assert_eq!(back.rows(), imported.observations);
}

#[test]
fn thousands_of_problems_are_ten_lines_and_all_of_them_with_verbose() {
    let folder = Folder::new();
    folder.write("in/good.json", &results(0.5, json!({})));
    for n in 0..40 {
        let odd = json!({ "results": { format!("task{n}"): { "odd": 1.0, "acc": 0.5 } } });
        folder.write(&format!("in/model{n}.json"), &odd.to_string());
    }
    let lines = |more: &[&str]| {
        let mut command = program();
        command.args(["import", "lm-eval", &folder.at("in"), "--out", &folder.at("out.csv")]).args(more);
        let run = command.output().expect("it starts");
        assert!(run.status.success(), "{}", complained(&run));
        complained(&run).lines().filter(|line| line.contains("skipped")).count()
    };
    assert!((2..=11).contains(&lines(&[])), "{}", lines(&[]));
    assert_eq!(lines(&["--verbose"]), 40);
}

#[test]
fn the_first_leaderboard_is_read_through_both_doors() {
    let file = json!({
        "config_general": { "lighteval_sha": "494", "model_name": "org/Some-8B", "model_dtype": "torch.bfloat16",
                            "max_samples": null },
        "results": {
            "harness|arc:challenge|25": { "acc": 0.25, "acc_stderr": 0.012_654_352_254_722_43, "acc_norm": 0.5 },
            "harness|hendrycksTest-anatomy|5": { "acc": 0.6, "acc_norm": 0.6 },
            "harness|truthfulqa:mc|0": { "mc1": 0.25, "mc2": 0.375 },
            "harness|drop|3": { "em": 0.001, "f1": 0.05 },
            "all": { "acc": 0.5 }
        },
        "config_tasks": { "harness|arc:challenge": "LM Harness task" },
    });
    let folder = Folder::new();
    folder.write("results_2023-10-10.json", &file.to_string());
    let (folders, settings) = ([folder.path("")], ImportSettings::default());
    for imported in [lm_eval::import(&folders, &settings), lighteval::import(&folders, &settings)] {
        let imported = imported.expect("readable");
        assert_eq!((models(&imported), imported.warnings.len()), (vec!["org/Some-8B"], 0), "{:?}", imported.warnings);
        let rows: Vec<(&str, String, Option<u32>)> = imported
            .observations
            .iter()
            .map(|row| (row.benchmark.as_str(), row.metric.to_string(), row.setup.shots))
            .collect();
        let row = |name, metric: &str, shots| (name, metric.to_owned(), Some(shots));
        assert_eq!(
            rows,
            [
                row("arc_challenge", "acc", 25),
                row("arc_challenge", "acc_norm", 25),
                row("drop", "exact_match", 3),
                row("drop", "f1", 3),
                row("mmlu_anatomy", "acc", 5),
                row("mmlu_anatomy", "acc_norm", 5),
                row("truthfulqa_mc", "mc1", 0),
                row("truthfulqa_mc", "mc2", 0),
            ]
        );
        assert_eq!(imported.observations[0].setup.dtype.as_deref(), Some("bfloat16"));
        assert_eq!(imported.observations[4].group.as_deref(), Some("mmlu"));
    }
}

#[test]
fn parts_of_a_split_are_merged_as_helm_merges_them() {
    let stat = |name: &str, part: &str, mean: f64| json!({ "name": { "name": name, "split": "test", "sub_split": part }, "count": 1, "sum": mean, "mean": mean });
    let stats = json!([
        stat("num_instances", "non-toxic", 600.0),
        stat("exact_match", "non-toxic", 0.75),
        stat("num_instances", "toxic", 200.0),
        stat("exact_match", "toxic", 0.25),
    ]);
    let spec = json!({ "name": "civil_comments:demographic=all,model=org_toy",
                       "adapter_spec": { "method": "generation", "model": "org/toy", "max_train_instances": 5,
                                         "max_eval_instances": 800 } });
    let folder = Folder::new();
    folder.write("run/run_spec.json", &spec.to_string());
    folder.write("run/stats.json", &stats.to_string());
    let imported = helm::import(&[folder.path("")], &ImportSettings::default()).expect("readable");
    let row = &imported.observations[0];
    assert_eq!((imported.observations.len(), row.value, row.items), (1, 0.5, Some(800)), "every part counts alike");
    assert_eq!(
        (row.model.as_str(), row.setup.limit.map(|limit| limit.to_string()).as_deref()),
        ("org/toy", Some("800"))
    );
}

#[test]
fn only_the_mean_over_epochs_is_accuracy() {
    let score = |reducer: Value, value: f64| {
        json!({ "name": "match", "scorer": "match", "reducer": reducer, "scored_samples": 4,
                "metrics": { "accuracy": { "value": value } } })
    };
    let scores = ["at_least_1", "mode", "mean"].into_iter().zip([1.0, 0.75, 0.5]);
    let log = |scores: Vec<Value>| {
        json!({ "status": "success",
                "eval": { "created": "2025-06-01T10:00:00+00:00", "task": "gsm8k", "model": "openai/gpt-x",
                          "packages": { "inspect_ai": "0.3.1" }, "dataset": { "samples": 4 }, "config": { "limit": 2 } },
                "results": { "completed_samples": 4, "scores": scores } })
    };
    let folder = Folder::new();
    folder.write("a.json", &log(scores.map(|(reducer, value)| score(reducer.into(), value)).collect()).to_string());
    let imported = inspect::import(&[folder.path("")], &ImportSettings::default()).expect("readable");
    let rows: Vec<(String, f64)> =
        imported.observations.iter().map(|row| (row.metric.to_string(), row.value)).collect();
    let row = |metric: &str, value| (metric.to_owned(), value);
    assert_eq!(
        rows,
        [row("exact_match,match", 0.5), row("exact_match,match:at_least_1", 1.0), row("exact_match,match:mode", 0.75)]
    );
    let setup = &imported.observations[0].setup;
    assert_eq!(
        (setup.harness_version.as_deref(), setup.limit.map(|limit| limit.to_string()).as_deref()),
        (Some("0.3.1"), Some("2"))
    );
    assert_eq!(
        imported.observations[0].provenance.date.map(|d| d.to_string()).as_deref(),
        Some("2025-06-01T10:00:00Z")
    );
}

#[test]
fn two_versions_of_a_task_are_two_evaluations() {
    let of = |version: f64, score: f64, date: f64| {
        results(score, json!({ "versions": { "arc_challenge": version }, "date": date }))
    };
    let imported = import(&[("a.json", of(1.0, 0.5, 1.7e9)), ("b.json", of(2.0, 0.25, 1.8e9))]);
    let versions: Vec<Option<&str>> =
        imported.observations.iter().map(|row| row.setup.task_version.as_deref()).collect();
    assert_eq!((values(&imported), versions), (vec![0.5, 0.25], vec![Some("1"), Some("2")]));
    assert!(imported.collisions.is_empty(), "{:?}", imported.collisions);
}

/// Results of three training runs, from their initial weights on: a score that rises with compute from 10^18 FLOPs on.
fn runs(folder: &Folder) {
    for (run, params) in [("small", 1e8), ("middle", 4e8), ("large", 1.6e9)] {
        for step in [0_u32, 100, 400, 1600, 6400, 25_600, 102_400] {
            let tokens = f64::from(step) * 1e6;
            let x = (6.0 * params * tokens).max(1.0).log10();
            let score = 0.25 + 0.1 * (x - 18.0).max(0.0) + 0.002 * f64::from(step % 7);
            let more = json!({
                "config": { "model_args": format!("pretrained=/runs/{run}/checkpoint-{step}"), "model_num_parameters": params },
            });
            folder.write(&format!("{run}/{step}/results.json"), &results(score, more));
        }
    }
}

#[test]
fn a_folder_of_checkpoints_becomes_a_fit_of_emergence_over_training() {
    let (folder, tables) = (Folder::new(), Folder::new());
    runs(&folder);
    let (results, table) = (folder.at(""), tables.at("checkpoints.csv"));
    let import = |more: &[&str]| {
        let mut command = program();
        command.args(["import", "lm-eval", &results, "--out", &table]).args(more);
        command.output().expect("the program starts")
    };
    let run = import(&[]);
    assert!(run.status.success() && complained(&run).contains("--tokens-per-step"), "{}", complained(&run));
    assert!(import(&["--tokens-per-step", "1000000"]).status.success());
    let fit = |more: &[&str]| -> Value {
        let mut command = program();
        command.args(["fit", &table, "--score", "arc_challenge", "--curve", "hinge", "--bootstrap", "99"]);
        let run = command.args(["--format", "json"]).args(more).output().expect("the program starts");
        assert!(run.status.success(), "{}", complained(&run));
        serde_json::from_slice(&run.stdout).expect("JSON")
    };
    let found = fit(&[]);
    // Three runs of six points; the initial weights have no compute.
    assert_eq!((&found["n_models"], &found["n_families"]), (&json!(18), &json!(3)));
    assert_eq!(found["dropped"], json!([{ "reason": "no compute", "models": 3 }]));
    let c = found["c_log10"]["estimate"].as_f64().or(found["hinge"]["c_log10"]["estimate"].as_f64()).expect("a break");
    assert!((c - 18.0).abs() < 0.3, "{c}");
    assert_eq!(found["range"][0].as_f64(), Some(6e16));
    let notes = found["notes"].to_string();
    assert!(notes.contains("checkpoints of a training run count as one family"), "{notes}");
    let apart = fit(&["--cluster", "model"]);
    assert_eq!(apart["n_clusters"], json!(18));
}
