//! What models are called whose evaluations call them otherwise, and which are never merged. Files are made here.

use onset::harness::lm_eval::{self, ImportSettings, Imported, Renames};
use onset::harness::{inspect, lighteval};
use onset::registry::{Models, Scores};
use serde_json::{Value, json};

use crate::support::{Folder, complained, program};

const EARLY: f64 = 1_700_000_000.0;
const LATE: f64 = 1_700_100_000.0;

/// A results file of lm-evaluation-harness with one score.
fn file(model_args: impl Into<Value>, score: f64, date: f64) -> Value {
    json!({
        "results": { "arc_challenge": { "acc,none": score } },
        "n-shot": { "arc_challenge": 25 },
        "config": { "model": "hf", "model_args": model_args.into() },
        "git_hash": "abc",
        "date": date,
    })
}

fn at(path: &str, score: f64, date: f64) -> Value {
    file(format!("pretrained={path},dtype=auto"), score, date)
}

/// The same with more in its `config`.
fn with(mut file: Value, more: Value) -> Value {
    let config = file["config"].as_object_mut().expect("an object");
    config.extend(more.as_object().expect("an object").clone());
    file
}

type Importer = fn(&[std::path::PathBuf], &ImportSettings) -> onset::Result<Imported>;

fn read(importer: Importer, files: &[(&str, Value)], settings: &ImportSettings) -> Imported {
    let folder = Folder::new();
    files.iter().for_each(|(name, file)| _ = folder.write(name, &file.to_string()));
    importer(&[folder.path("")], settings).expect("readable")
}

fn import(files: &[(&str, Value)]) -> Imported {
    read(lm_eval::import, files, &ImportSettings::default())
}

fn models(imported: &Imported) -> Vec<&str> {
    imported.observations.iter().map(|row| row.model.as_str()).collect()
}

fn states(imported: &Imported) -> Vec<(&str, Option<&str>)> {
    imported.observations.iter().map(|row| (row.model.as_str(), row.setup.revision.as_deref())).collect()
}

fn noted(imported: &Imported, words: &str) -> bool {
    imported.notes.iter().any(|note| note.contains(words))
}

#[test]
fn results_of_a_path_of_general_words_are_those_of_the_model_their_folder_names() {
    for path in [
        "/tmp/model",
        "/workspace/model",
        "./model",
        "model",
        "out",
        "/home/ann/output/merged",
        "/home/bea/checkpoints/best",
        "/mnt/data/hf",
        "/content/drive/MyDrive/lora",
        "/data/final/pytorch_model.bin",
    ] {
        let imported = import(&[
            ("llama-7b/25shot-arc_challenge.json", at(path, 0.5, EARLY)),
            ("llama-13b/25shot-arc_challenge.json", at(path, 0.25, LATE)),
        ]);
        assert_eq!((models(&imported), imported.collisions.len()), (vec!["llama-13b", "llama-7b"], 0), "{path}");
        assert!(noted(&imported, "--rename") && noted(&imported, path), "{path}: {:?}", imported.notes);
    }
}

#[test]
fn results_of_a_path_of_general_words_are_never_merged_where_nothing_names_the_model() {
    for files in [["0/results.json", "1/results.json"], ["results_a.json", "results_b.json"]] {
        let imported = import(&[(files[0], at("/tmp/model", 0.5, EARLY)), (files[1], at("/tmp/model", 0.25, LATE))]);
        assert_eq!((imported.observations.len(), imported.collisions.len()), (2, 1), "{:?}", imported.observations);
        assert!(models(&imported).iter().all(|model| model.contains(" (")), "{:?}", models(&imported));
        assert!(imported.collisions[0].contains("--rename"), "{:?}", imported.collisions);
    }
    let alone = import(&[("0/results.json", at("/tmp/model", 0.5, EARLY))]);
    assert_eq!((models(&alone), alone.collisions.len()), (vec!["/tmp/model"], 0), "the path itself is the name");
    let same = import(&[("0/a.json", at("/tmp/model", 0.5, EARLY)), ("0/b.json", at("/tmp/model", 0.5, EARLY))]);
    assert_eq!(models(&same).len(), 2, "two files of other names may be of two models");
}

#[test]
fn folders_within_a_models_own_are_states_of_it() {
    for (behind, revision) in [
        ("main", None),
        ("out", None),
        ("results", None),
        ("pytorch_model.bin", None),
        ("model.safetensors", None),
        ("converted_hf", None),
        ("fp16", Some("fp16")),
        ("lora", Some("lora")),
        ("last.ckpt", Some("last.ckpt")),
        ("sft/checkpoint-100", Some("sft/checkpoint-100")),
        ("actor/huggingface", Some("actor")),
        ("transformers/default/1", Some("1")),
    ] {
        let imported = import(&[
            ("a/results.json", at(&format!("/data/run-1b/{behind}"), 0.5, EARLY)),
            ("b/results.json", at(&format!("/data/run-7b/{behind}"), 0.25, LATE)),
        ]);
        assert_eq!(states(&imported), [("run-1b", revision), ("run-7b", revision)], "{behind}");
        assert!(imported.collisions.is_empty(), "{behind}: {:?}", imported.collisions);
    }
    let twice = import(&[
        ("a.json", at("/data/run-7b/out", 0.5, EARLY)),
        ("b.json", at("/data/run-7b/main", 0.25, LATE)),
        ("c.json", at("/data/run-7b", 0.75, LATE)),
    ]);
    assert_eq!(states(&twice), [("run-7b", None), ("run-7b", Some("main")), ("run-7b", Some("out"))]);
    let sizes =
        import(&[("a.json", at("/models/Qwen3/4B", 0.5, EARLY)), ("b.json", at("/models/Qwen3/8B", 0.25, LATE))]);
    assert_eq!(models(&sizes), ["Qwen3/4B", "Qwen3/8B"], "sizes of a family are models");
    let kaggle = |run: &str, score, date| at(&format!("/kaggle/input/{run}/pytorch/7b/1"), score, date);
    let hosted = import(&[("a.json", kaggle("llama-2", 0.5, EARLY)), ("b.json", kaggle("gemma", 0.25, LATE))]);
    assert_eq!((models(&hosted), hosted.collisions.len()), (vec!["gemma/7b", "llama-2/7b"], 0));
}

#[test]
fn checkpoints_have_the_tokens_of_their_whole_number_of_steps_or_none() {
    for (state, tokens) in [
        ("ba1000", Some(1000)),
        ("ep0-ba1000-rank0.pt", Some(1000)),
        ("tmp-checkpoint-1000", Some(1000)),
        ("it1000", Some(1000)),
        ("iteration-1000", Some(1000)),
        ("update_1000", Some(1000)),
        ("1000.pth", Some(1000)),
        ("1000-hf", Some(1000)),
        ("step-1k", Some(1000)),
        ("step1e3", Some(1000)),
        ("step10.5k", Some(10_500)),
        ("step1M", Some(1_000_000)),
        ("stage1/step1000", Some(1000)),
        ("ep1", None),
        ("last.ckpt", None),
        ("step_1_000", None),
        ("s1000", None),
        ("model_1000", None),
        ("4B", None),
        ("stage2/step1000", None),
    ] {
        let files = [("a.json", at(&format!("/data/run-7b/{state}"), 0.5, EARLY))];
        let settings = ImportSettings { tokens_per_step: Some(7), ..ImportSettings::default() };
        let imported = read(lm_eval::import, &files, &settings);
        let row = &imported.observations[0];
        assert_eq!((row.model.as_str(), row.setup.tokens_seen), ("run-7b", tokens.map(|n| 7 * n)), "{state}");
        let asked = !matches!(state, "ep1" | "last.ckpt") && tokens.is_none();
        assert_eq!(noted(&imported, "no tokens are counted"), asked, "{state}: {:?}", imported.notes);
    }
    let stages = import(&[
        ("a.json", at("/data/run-7b/stage1/step1000", 0.5, EARLY)),
        ("b.json", at("/data/run-7b/stage2/step1000", 0.25, LATE)),
        ("c.json", at("/data/run-7b-step1000", 0.75, LATE)),
        ("d.json", at("/data/run-7b/tokens-4B", 0.75, LATE)),
    ]);
    assert_eq!(
        states(&stages),
        ["stage1/step1000", "stage2/step1000", "step1000", "tokens-4B"].map(|state| ("run-7b", Some(state)))
    );
    assert_eq!(stages.observations[3].setup.tokens_seen, Some(4_000_000_000));
}

#[test]
fn models_of_different_size_and_commits_of_one_branch_are_never_replaced() {
    let of = |params: f64, score: f64, date: f64| {
        with(at("/data/run", score, date), json!({ "model_num_parameters": params }))
    };
    let imported = import(&[("a.json", of(1e9, 0.5, EARLY)), ("b.json", of(7e9, 0.25, LATE))]);
    assert_eq!(models(&imported), ["run (1000000000 parameters)", "run (7000000000 parameters)"]);
    assert_eq!(imported.collisions.len(), 1);
    assert!(imported.collisions[0].contains("--rename"), "{:?}", imported.collisions);

    let of = |sha: &str, score: f64, date: f64| with(at("org/m-7b", score, date), json!({ "model_sha": sha }));
    let imported = import(&[("a.json", of("aaa", 0.5, EARLY)), ("b.json", of("bbb", 0.25, LATE))]);
    assert_eq!(states(&imported), [("org/m-7b", Some("aaa")), ("org/m-7b", Some("bbb"))]);
    assert!(noted(&imported, "2 commits"), "{:?}", imported.notes);
    let one = import(&[("a.json", of("aaa", 0.5, EARLY)), ("b.json", of("aaa", 0.25, LATE))]);
    assert_eq!(states(&one), [("org/m-7b", None)], "a later evaluation of the same commit");
}

#[test]
fn the_step_that_neox_names_beside_its_folder_is_a_revision() {
    let of = |iteration: u64, score: f64, date: f64| {
        let arguments = json!({ "load": "/fsx/pythia-1.4b", "iteration": iteration, "pipe_parallel_size": 1 });
        with(file(arguments, score, date), json!({ "model": "neox" }))
    };
    let imported = import(&[("a.json", of(1000, 0.5, EARLY)), ("b.json", of(2000, 0.25, LATE))]);
    assert_eq!(states(&imported), [("pythia-1.4b", Some("iteration-1000")), ("pythia-1.4b", Some("iteration-2000"))]);
    let nameless = |score: f64, date: f64| with(file(Value::Null, score, date), json!({ "model": "neox" }));
    let imported = import(&[("1.4b_step1.json", nameless(0.5, EARLY)), ("2.8b_step1.json", nameless(0.5, LATE))]);
    assert_eq!(models(&imported), ["1.4b_step1", "2.8b_step1"], "a kind of backend is no model");
}

#[test]
fn whatever_changes_the_answers_keeps_two_scores_apart() {
    let plain = || at("org/m-7b", 0.5, EARLY);
    let more = |arguments: &str| file(format!("pretrained=org/m-7b,dtype=auto,{arguments}"), 0.25, LATE);
    let object = |name: &str, value: Value| file(json!({ "pretrained": "org/m-7b", name: value }), 0.25, LATE);
    for (other, column) in [
        (more("lora_local_path=/a/lora"), "adapter"),
        (more("peft=org/lora"), "adapter"),
        (more("adapter=org/lora"), "adapter"),
        (more("delta=org/delta"), "adapter"),
        (more("enable_thinking=False"), "settings"),
        (more("add_bos_token=True"), "settings"),
        (more("max_length=512"), "settings"),
        (more("tokenizer=org/other"), "settings"),
        (object("enable_thinking", json!(false)), "settings"),
        (object("max_length", json!(512)), "settings"),
        (object("chat_template_args", json!({ "enable_thinking": false })), "settings"),
        (with(at("org/m-7b", 0.25, LATE), json!({ "model": "vllm" })), "settings"),
        (with(at("org/m-7b", 0.25, LATE), json!({ "gen_kwargs": { "temperature": 0.7 } })), "settings"),
        (with(at("org/m-7b", 0.25, LATE), json!({ "gen_kwargs": "temperature=0.7" })), "settings"),
    ] {
        let imported = import(&[("a.json", plain()), ("b.json", other.clone())]);
        assert_eq!((models(&imported), imported.collisions.len()), (vec!["org/m-7b"; 2], 0), "{other}");
        assert!(imported.csv().lines().next().is_some_and(|header| header.contains(column)), "{other}");
        let back = Scores::parse(&imported.csv(), "scores.csv", None).expect("a table that reads back");
        assert_eq!(back.rows(), imported.observations, "{other}");
    }
    for same in [more("add_bos_token=False"), more("tokenizer=org/m-7b"), more("device=cuda"), more("batch_size=8")] {
        let imported = import(&[("a.json", plain()), ("b.json", same.clone())]);
        assert_eq!(imported.observations.len(), 1, "{same}");
    }
}

#[test]
fn a_server_that_is_not_said_to_have_any_model_is_never_taken_for_the_same() {
    let asked =
        |score: f64, date: f64| with(file("base_url=http://localhost:8000", score, date), json!({ "model": "gguf" }));
    let files = [("runs/results_a.json", asked(0.5, EARLY)), ("runs/results_b.json", asked(0.25, LATE))];
    let imported = import(&files);
    assert_eq!(models(&imported), ["runs (results_a.json)", "runs (results_b.json)"]);
    assert_eq!(imported.collisions.len(), 1);

    let folder = Folder::new();
    files.iter().for_each(|(name, file)| _ = folder.write(&format!("in/{name}"), &file.to_string()));
    let out = folder.at("out.csv");
    let run = |more: &[&str]| {
        let mut command = program();
        command.args(["import", "lm-eval", &folder.at("in"), "--out", &out]).args(more).output().expect("it starts")
    };
    let refused = run(&[]);
    assert_eq!(refused.status.code(), Some(1), "{}", complained(&refused));
    assert!(complained(&refused).contains("--rename"), "{}", complained(&refused));
    let names = folder.write("names.csv", "old,new\nruns (results_a.json),one\nruns (results_b.json),two\n");
    let named = run(&["--rename", &names]);
    assert_eq!(named.status.code(), Some(0), "{}", complained(&named));

    let nameless = |score: f64, date: f64| file("", score, date);
    let tasks =
        import(&[("llama-7b/25shot-arc.json", nameless(0.5, EARLY)), ("llama-7b/results.json", nameless(0.25, LATE))]);
    assert_eq!(tasks.collisions.len(), 1, "one folder and one task: {:?}", tasks.observations);
}

#[test]
fn models_of_two_organisations_are_not_one_model_of_the_table() {
    let table = "model,family,params,tokens,release\nm-7b,f,7e9,1e12,2024-01\n";
    let models_table = Models::parse(table, "models.csv").expect("a table of models");
    let settings = ImportSettings { models: Some(models_table), ..ImportSettings::default() };
    let files = [("a.json", at("a/m-7b", 0.5, EARLY)), ("b.json", at("b/m-7b", 0.25, LATE))];
    let imported = read(lm_eval::import, &files, &settings);
    assert_eq!((models(&imported), imported.collisions.len()), (vec!["a/m-7b", "b/m-7b"], 1));
    let one = read(lm_eval::import, &files[..1], &settings);
    assert_eq!((models(&one), one.collisions.len()), (vec!["m-7b"], 0));
}

fn log(model: &str, more: Value, score: f64, month: u32) -> Value {
    let mut log = json!({
        "status": "success",
        "eval": { "created": format!("2025-{month:02}-01T10:00:00+00:00"), "task": "gsm8k", "model": model, "config": {} },
        "results": { "completed_samples": 4, "scores": [
            { "name": "match", "scorer": "match", "scored_samples": 4, "metrics": { "accuracy": { "value": score } } }
        ] },
    });
    let spec = log["eval"].as_object_mut().expect("an object");
    spec.extend(more.as_object().expect("an object").clone());
    log
}

#[test]
fn a_local_model_of_inspect_is_called_by_its_folder() {
    let settings = ImportSettings::default();
    for provider in ["hf/local", "vllm/local", "sglang/local"] {
        let of =
            |path: &str, score, month| log(provider, json!({ "model_args": { "model_path": path } }), score, month);
        let imported = read(
            inspect::import,
            &[("a.json", of("/data/run-7b/checkpoint-100", 0.5, 6)), ("b.json", of("/data/run-1b", 0.25, 7))],
            &settings,
        );
        assert_eq!(states(&imported), [("run-1b", None), ("run-7b", Some("checkpoint-100"))], "{provider}");
    }
    for unsaid in ["openai-api/local/default", "none/none", "hf/local"] {
        let imported = read(
            inspect::import,
            &[("a.json", log(unsaid, json!({}), 0.5, 6)), ("b.json", log(unsaid, json!({}), 0.25, 7))],
            &settings,
        );
        assert_eq!((imported.observations.len(), imported.collisions.len()), (2, 1), "{unsaid}");
    }
    let two =
        [("a.json", log("vllm/org/m", json!({}), 0.5, 6)), ("b.json", log("vllm/org/m:org/lora", json!({}), 0.25, 7))];
    let adapted = read(inspect::import, &two, &settings);
    assert_eq!(models(&adapted), ["org/m"; 2]);
    assert_eq!(adapted.observations[1].setup.adapter.as_deref(), Some("org/lora"));
}

#[test]
fn a_reducer_that_only_the_configuration_names_is_not_taken_for_the_mean() {
    let metrics = |config: Value| {
        let files = [("a.json", log("openai/gpt-x", json!({ "config": config }), 0.5, 6))];
        let imported = read(inspect::import, &files, &ImportSettings::default());
        let names: Vec<String> = imported.observations.iter().map(|row| row.metric.to_string()).collect();
        names
    };
    assert_eq!(metrics(json!({ "epochs": 4, "epochs_reducer": ["max"] })), ["exact_match,match:max"]);
    assert_eq!(metrics(json!({ "epochs": 4, "epochs_reducer": "at_least_1" })), ["exact_match,match:at_least_1"]);
    assert_eq!(metrics(json!({ "epochs": 4, "epochs_reducer": ["mean"] })), ["exact_match,match"]);
    assert_eq!(metrics(json!({ "epochs": 1, "epochs_reducer": ["max"] })), ["exact_match,match"]);
    assert_eq!(
        metrics(json!({ "epochs": 4, "epochs_reducer": ["mean", "max"] })),
        Vec::<String>::new(),
        "it may be either"
    );
}

#[test]
fn what_inspect_generates_with_and_the_arguments_of_a_task_keep_scores_apart() {
    for more in [
        json!({ "model_generate_config": { "temperature": 1.0 } }),
        json!({ "task_args": { "cot": true } }),
        json!({ "solver": "my_solver" }),
    ] {
        let files = [("a.json", log("org/m", json!({}), 0.5, 6)), ("b.json", log("org/m", more.clone(), 0.25, 7))];
        let imported = read(inspect::import, &files, &ImportSettings::default());
        assert_eq!((imported.observations.len(), imported.collisions.len()), (2, 0), "{more}");
    }
    let quiet = json!({ "model_generate_config": { "max_connections": 10 } });
    let files = [("a.json", log("org/m", json!({}), 0.5, 6)), ("b.json", log("org/m", quiet, 0.25, 7))];
    assert_eq!(read(inspect::import, &files, &ImportSettings::default()).observations.len(), 1);
}

#[test]
fn lightevals_means_over_answers_are_read_under_their_names() {
    let of = |general: Value, score: f64| {
        json!({
            "config_general": general,
            "results": {
                "lighteval|aime24|0": { "math_pass@1:1_samples": score, "extractive_match": 0.25 },
                "lighteval|gpqa:diamond|0": { "gpqa_pass@1:8_samples": 0.5 },
            },
        })
    };
    let files = [("a.json", of(json!({ "model_config": { "model_parameters": { "model_name": "org/m" } } }), 0.125))];
    let imported = read(lighteval::import, &files, &ImportSettings::default());
    let rows: Vec<(&str, String)> =
        imported.observations.iter().map(|row| (row.benchmark.as_str(), row.metric.to_string())).collect();
    let row = |benchmark, metric: &str| (benchmark, format!("exact_match,{metric}"));
    assert_eq!(
        rows,
        [
            row("aime24", "extractive"),
            row("aime24", "math_pass@1:1_samples"),
            row("gpqa_diamond", "gpqa_pass@1:8_samples")
        ]
    );
    assert!(imported.warnings.is_empty(), "{:?}", imported.warnings);
    let commit = |sha: &str| json!({ "model_name": "org/m", "model_sha": sha, "start_time": EARLY });
    let files = [("a.json", of(commit("aaa"), 0.5)), ("b.json", of(commit("bbb"), 0.25))];
    let imported = read(lighteval::import, &files, &ImportSettings::default());
    assert_eq!((imported.observations.len(), imported.collisions.len()), (6, 0), "two commits");
}

#[test]
fn results_of_big_bench_are_refused_by_what_they_are() {
    let own = json!({
        "model": { "model_name": "2m", "model_family": "BIG-G" }, "task": { "task_name": "arithmetic" },
        "scores": [{ "number_of_shots": 0, "preferred_score": "exact_str_match", "score_dict": { "exact_str_match": 0.5 } }],
    });
    let imported = import(&[("a.json", own)]);
    let why = &imported.warnings[0].why;
    assert!(why.contains("BIG-bench") && why.contains("model, benchmark, metric and value"), "{why}");
}

#[test]
fn lines_of_all_kinds_together_are_ten() {
    let folder = Folder::new();
    for n in 0..30 {
        folder.write(&format!("in/{n}/results.json"), &at(&format!("/a{n}/run/main"), 0.5, EARLY).to_string());
        let odd = json!({ "results": { format!("task{n}"): { "odd": 1.0, "acc": 0.5 } } });
        folder.write(&format!("in/odd{n}.json"), &odd.to_string());
        folder.write(&format!("in/c{n}.json"), &at(&format!("/data/m{n}/s1000"), 0.5, EARLY).to_string());
        folder.write(&format!("in/r{n}.json"), &at(&format!("org/net{n}"), 0.5, EARLY).to_string());
    }
    let lines = |more: &[&str]| {
        let mut command = program();
        command.args(["import", "lm-eval", &folder.at("in"), "--out", &folder.at("out.csv")]).args(more);
        complained(&command.output().expect("it starts")).lines().count()
    };
    // Besides these: what --verbose has, what was written, and how many collisions there are.
    assert!((6..=13).contains(&lines(&[])), "{}", lines(&[]));
    assert!(lines(&["--verbose"]) > 30);
}

#[test]
fn a_renamed_model_may_be_called_by_what_it_was() {
    let folder = Folder::new();
    let names = folder.write("names.csv", "old,new\n/tmp/model,mine\n");
    let rename = Renames::read(names.as_ref()).expect("a table");
    let settings = ImportSettings { rename, ..ImportSettings::default() };
    let imported = read(lm_eval::import, &[("x/results.json", at("/tmp/model", 0.5, EARLY))], &settings);
    assert_eq!((models(&imported), imported.collisions.len()), (vec!["mine"], 0));
}

#[test]
fn shots_are_those_of_the_task_where_only_its_configuration_says_them() {
    let of = |shots: u32, score: f64, date: f64| {
        let mut file = at("org/m-7b", score, date);
        file.as_object_mut().expect("an object").remove("n-shot");
        file["configs"] = json!({ "arc_challenge": { "num_fewshot": shots } });
        file
    };
    let imported = import(&[("a/results_1.json", of(25, 0.5, EARLY)), ("b/results_2.json", of(0, 0.3, LATE))]);
    let shots: Vec<Option<u32>> = imported.observations.iter().map(|row| row.setup.shots).collect();
    assert_eq!(shots, [Some(0), Some(25)]);
}

#[test]
fn other_prompts_are_another_evaluation() {
    let of = |hash: Option<&str>, score: f64, date: f64| {
        let mut file = at("org/m-7b", score, date);
        if let Some(hash) = hash {
            file["task_hashes"] = json!({ "arc_challenge": hash });
        }
        file
    };
    let settings = |imported: &Imported| -> Vec<Option<String>> {
        imported.observations.iter().map(|row| row.setup.settings.clone()).collect()
    };
    let (one, other) = ("0123456789abcdef", "fedcba9876543210");
    let differ = import(&[("a.json", of(Some(one), 0.5, EARLY)), ("b.json", of(Some(other), 0.3, LATE))]);
    assert_eq!(settings(&differ), [Some("prompts=0123456789ab".to_owned()), Some("prompts=fedcba987654".to_owned())]);
    for before in [Some(one), None] {
        let same = import(&[("a.json", of(before, 0.5, EARLY)), ("b.json", of(Some(one), 0.3, LATE))]);
        assert_eq!((settings(&same), same.observations[0].value), (vec![None], 0.3));
    }
}

#[test]
fn quantisation_is_read_from_its_configuration() {
    let of = |arguments: Value| {
        import(&[("a.json", file(arguments, 0.5, EARLY))]).observations[0].setup.quantisation.clone()
    };
    let config = json!({ "pretrained": "org/m-7b", "quantization_config": { "load_in_4bit": true } });
    assert_eq!(of(config).as_deref(), Some("4bit"));
    let kind = "pretrained=org/m-7b,load_in_4bit=True,bnb_4bit_quant_type=nf4";
    assert_eq!(of(kind.into()).as_deref(), Some("4bit nf4"));
    let gptq = json!({ "pretrained": "org/m-7b", "quantization_config": { "quant_method": "gptq", "bits": 4 } });
    assert_eq!(of(gptq).as_deref(), Some("gptq 4bit"));
    assert_eq!(of("pretrained=org/m-7b".into()), None);
}

#[test]
fn suites_of_lighteval_are_told_apart_where_they_meet() {
    let of = |suite: &str, score: f64, date: f64| {
        json!({
            "config_general": { "model_name": "org/m-7b", "end_time": date },
            "results": { format!("{suite}|mmlu:anatomy|5"): { "acc": score, "acc_stderr": 0.01 } },
        })
    };
    let read = |files: &[(&str, Value)]| read(lighteval::import, files, &ImportSettings::default());
    let both = read(&[("a.json", of("leaderboard", 0.5, EARLY)), ("b.json", of("original", 0.6, LATE))]);
    let settings: Vec<Option<&str>> = both.observations.iter().map(|row| row.setup.settings.as_deref()).collect();
    assert_eq!(settings, [Some("suite=leaderboard"), Some("suite=original")]);
    assert_eq!(read(&[("a.json", of("leaderboard", 0.5, EARLY))]).observations[0].setup.settings, None);
}

#[test]
fn lengths_and_counts_of_lighteval_tell_runs_apart() {
    let of = |length: u32, used: u32, score: f64| {
        json!({
            "config_general": { "model_config": { "model_name": "org/m-7b", "max_model_length": length } },
            "results": { "lighteval|piqa|0": { "acc": score } },
            "config_tasks": { "lighteval|piqa": { "original_num_docs": 1000, "effective_num_docs": used } },
        })
    };
    let read = |file: Value| {
        let imported = read(lighteval::import, &[("a.json", file)], &ImportSettings::default());
        let setup = imported.observations[0].setup.clone();
        (setup.settings, setup.limit.map(|limit| limit.to_string()))
    };
    assert_eq!(read(of(512, 1000, 0.5)), (Some("max_model_length=512".to_owned()), None));
    assert_eq!(read(of(4096, 10, 0.5)), (Some("max_model_length=4096".to_owned()), Some("10".to_owned())));
}

#[test]
fn the_plan_of_a_run_of_inspect_is_part_of_its_setup() {
    let of = |temperature: f64, step: &str, fewshot: u32, score: f64| {
        json!({
            "version": 2, "status": "success",
            "eval": { "task": "arc", "model": "hf/org/m-7b", "created": "2025-01-01T00:00:00+00:00",
                      "solver": "mine", "solver_args": { "examples": fewshot }, "config": {} },
            "plan": { "config": { "temperature": temperature, "max_connections": 8 },
                      "steps": [{ "solver": step, "params": {} }] },
            "results": { "completed_samples": 10,
                         "scores": [{ "name": "choice", "scorer": "choice",
                                      "metrics": { "accuracy": { "value": score }, "stderr": { "value": 0.1 } } }] },
        })
    };
    let settings = |log: Value| {
        let imported = read(inspect::import, &[("a.json", log)], &ImportSettings::default());
        imported.observations[0].setup.settings.clone().unwrap_or_default()
    };
    assert_eq!(settings(of(0.5, "generate", 0, 0.4)), "temperature=0.5, solver=mine, solver.examples=0");
    assert_eq!(
        settings(of(0.0, "chain_of_thought", 5, 0.4)),
        "temperature=0.0, solver=mine, solver.examples=5, steps=chain_of_thought"
    );
}

#[test]
fn ifeval_has_its_four_scores() {
    let mut file = at("org/m-7b", 0.5, EARLY);
    let scores = json!({ "prompt_level_strict_acc,none": 0.3, "inst_level_strict_acc,none": 0.4,
                         "prompt_level_loose_acc,none": 0.35, "inst_level_loose_acc,none": 0.45 });
    file["results"] = json!({ "leaderboard_ifeval": scores });
    let imported = import(&[("a.json", file)]);
    let metrics: Vec<String> = imported.observations.iter().map(|row| row.metric.to_string()).collect();
    assert_eq!(metrics.len(), 4, "{metrics:?} {:?}", imported.warnings);
}

#[test]
fn two_models_are_not_made_one_by_a_new_name() {
    let folder = Folder::new();
    let names = folder.write("names.csv", "old,new\norg/a-7b,x\norg/b-7b,x\n");
    let rename = Renames::read(names.as_ref()).expect("names");
    let settings = ImportSettings { rename, ..ImportSettings::default() };
    let differ = read(
        lm_eval::import,
        &[("r/a.json", at("org/a-7b", 0.5, EARLY)), ("r/b.json", at("org/b-7b", 0.3, LATE))],
        &settings,
    );
    assert_eq!(models(&differ), ["org/a-7b", "org/b-7b"]);
    assert!(differ.collisions[0].contains("would all be `x` by --rename"), "{:?}", differ.collisions);
    let copies = read(
        lm_eval::import,
        &[("r/a.json", at("org/a-7b", 0.5, EARLY)), ("r/b.json", at("org/b-7b", 0.5, LATE))],
        &settings,
    );
    assert_eq!((models(&copies), copies.collisions.len()), (vec!["x"], 0));
}

#[test]
fn tokens_of_published_runs_are_not_replaced() {
    let settings = ImportSettings { tokens_per_step: Some(1_000_000), ..ImportSettings::default() };
    let of = |model: &str| at(&format!("{model},revision=step1000"), 0.5, EARLY);
    let imported =
        read(lm_eval::import, &[("a.json", of("EleutherAI/pythia-1.4b")), ("b.json", of("me/run-1b"))], &settings);
    let tokens: Vec<Option<u64>> = imported.observations.iter().map(|row| row.setup.tokens_seen).collect();
    assert_eq!(tokens, [Some(2_097_152_000), Some(1_000_000_000)]);
    assert!(noted(&imported, "--tokens-per-step does not count in EleutherAI/pythia-1.4b at step1000"));
}
