//! `onset observational`: a benchmark forecast from other benchmarks, from anybody's table.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;

use crate::support::{Folder, program, refused, succeeds};

fn share(t: f64) -> f64 {
    1.0 / (1.0 + (-t).exp())
}

/// log10 compute, family, ability, benchmarks and target of the model `i` of 32 in eight families.
fn model(i: usize) -> (f64, usize, [f64; 4]) {
    let (family, size) = (i % 8, i / 8);
    let x = 20.5 + 0.8 * size as f64 + 0.05 * family as f64;
    let ability = 1.1 * (x - 22.0) + 0.25 * ((family * 5 % 8) as f64 / 3.5 - 1.0);
    let near = |k: usize| 0.03 * (((i * 7 + k * 3) % 5) as f64 - 2.0);
    let benchmark = |k: usize| 0.2 + 0.8 * share(0.8 * ability + 0.3 * k as f64 - 0.6 + near(k));
    (x, family, [benchmark(0), benchmark(1), benchmark(2), share(1.4 * ability - 1.5 + near(4))])
}

fn wide(edit: impl Fn(usize, usize, f64) -> String) -> String {
    let mut text = "model,family,compute,kind,arc,boolq,piqa,hard\n".to_owned();
    for i in 0..32 {
        let (x, family, scores) = model(i);
        let cells: Vec<String> = scores.iter().enumerate().map(|(k, y)| edit(i, k, *y)).collect();
        let kind = if i < 20 { "base" } else { "chat" };
        writeln!(text, "m{i},f{family},{},{kind},{}", 10f64.powf(x), cells.join(",")).expect("text");
    }
    text
}

fn plain(_: usize, _: usize, y: f64) -> String {
    y.to_string()
}

fn report(folder: &Folder, arguments: &[&str]) -> Value {
    let mut command = program();
    command.args(["observational", "--format", "json"]).args(arguments);
    if !arguments.contains(&"--bootstrap") {
        command.args(["--bootstrap", "99"]);
    }
    serde_json::from_str(&succeeds(command.current_dir(folder.path("")))).expect("JSON")
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("a number, not {value}"))
}

const HARD: [&str; 5] = ["t.csv", "--score", "hard", "--components", "1"];

#[test]
fn larger_models_are_forecast_and_their_scores_say_how_far_off() {
    let folder = Folder::new();
    folder.write("t.csv", &wide(plain));
    let found = report(&folder, &HARD);
    assert_eq!(
        [&found["trained"], &found["held_out"], &found["without_score"]].map(|n| n.as_u64()),
        [Some(24), Some(8), Some(0)]
    );
    let error = number(&found["mse_held_out"]);
    assert!(error < 2e-3, "{error}");
    let alone = &found["by_compute"];
    assert!(number(&alone["mse_held_out"]) > 2.0 * error, "families differ in efficiency: {alone}");
    assert_eq!(number(&alone["mse_held_out_of_components"]), error);
    assert!(number(&found["inside"]) >= 6.0, "{}", found["inside"]);
    let models = found["models"].as_array().expect("models");
    let of = |role: &str| models.iter().filter(|m| m["role"] == role).collect::<Vec<&Value>>();
    let squares: f64 = of("held_out").iter().map(|m| (number(&m["score"]) - number(&m["forecast"])).powi(2)).sum();
    assert!((squares / 8.0 - error).abs() < 1e-12);
    // A chance above 0 turns scores into shares; forecasts stay scores.
    let raised = wide(|_, k, y| (if k == 3 { 0.25 + 0.75 * y } else { y }).to_string());
    folder.write("raised.csv", &raised);
    let other = report(&folder, &["raised.csv", "--score", "hard", "--components", "1", "--chance", "0.25"]);
    assert!((number(&other["mse_held_out"]) / error - 1.0).abs() < 1e-6);
    let [first, second] = [&found, &other].map(|report| number(&report["models"][31]["forecast"]));
    assert!((0.25 + 0.75 * first - second).abs() < 1e-6, "{first}, {second}");
    // So do percentages.
    folder.write("percent.csv", &wide(|_, _, y| (100.0 * y).to_string()));
    let percent = report(&folder, &["percent.csv", "--score", "hard", "--components", "1"]);
    assert!((number(&percent["models"][31]["forecast"]) - first).abs() < 1e-9);
    let any = report(&folder, &["percent.csv", "--score", "hard", "--components", "1", "--perfect", "100"]);
    assert!((number(&any["models"][31]["forecast"]) - 100.0 * first).abs() < 1e-6);
}

#[test]
fn nothing_of_the_target_of_models_held_out_enters_and_a_long_table_says_the_same() {
    let folder = Folder::new();
    folder.write("t.csv", &wide(plain));
    let found = report(&folder, &HARD);
    folder.write("t.csv", &wide(|i, k, y| if k == 3 && i >= 24 { String::new() } else { y.to_string() }));
    let without = report(&folder, &HARD);
    let training = ["--at-most", found["at_most"].to_string().as_str()].map(str::to_owned);
    let asked: Vec<&str> = HARD.into_iter().chain(training.iter().map(String::as_str)).collect();
    let same = report(&folder, &asked);
    assert_eq!(same["without_score"], 8);
    assert_eq!(same["mse_held_out"], Value::Null);
    assert_eq!(same["slopes"], found["slopes"]);
    for i in 24..32 {
        assert_eq!(same["models"][i]["forecast"], found["models"][i]["forecast"]);
        assert_eq!(same["models"][i]["interval"], found["models"][i]["interval"]);
    }
    assert_ne!(without["trained"], found["trained"], "of fewer scored models three quarters are fewer");
    let mut long = "model,family,compute,benchmark,metric,value\n".to_owned();
    for i in 0..32 {
        let (x, family, scores) = model(i);
        for (name, y) in ["arc", "boolq", "piqa", "hard"].iter().zip(scores) {
            writeln!(long, "m{i},f{family},{},{name},acc,{y}", 10f64.powf(x)).expect("text");
        }
    }
    folder.write("long.csv", &long);
    let long = report(&folder, &["long.csv", "--score", "hard", "--components", "1"]);
    assert_eq!((&long["models"], &long["slopes"]), (&found["models"], &found["slopes"]));
}

#[test]
fn training_models_are_chosen_by_compute_by_a_column_or_all() {
    let folder = Folder::new();
    folder.write("t.csv", &wide(plain));
    let trained = |arguments: &[&str]| {
        let found = report(&folder, &[&HARD[..], arguments].concat());
        (found["trained"].as_u64(), found["held_out"].as_u64())
    };
    assert_eq!(trained(&["--at-most", "1e22"]), (Some(16), Some(16)));
    assert_eq!(trained(&["--train", "kind = base"]), (Some(20), Some(12)));
    assert_eq!(trained(&["--train", "kind = base", "--train", "compute < 1e22"]), (Some(16), Some(16)));
    assert_eq!(trained(&["--all"]), (Some(32), Some(0)));
    // A column that chooses is no benchmark, and what is named is all that counts.
    let found = report(&folder, &[&HARD[..], &["--train", "arc < 0.8"]].concat());
    let names = |found: &Value| {
        found["benchmarks"].as_array().expect("benchmarks").iter().map(|b| b["name"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(&found), ["boolq", "piqa"]);
    assert!(found["left_out"].to_string().contains("arc: it chooses"), "{}", found["left_out"]);
    assert_eq!(names(&report(&folder, &[&HARD[..], &["--from", "piqa,arc"]].concat())), ["arc", "piqa"]);
}

#[test]
fn a_family_is_forecast_at_a_compute_of_none_of_its_models() {
    let folder = Folder::new();
    // Nothing is there of the largest model of one family.
    let text: String =
        wide(plain).lines().filter(|line| !line.starts_with("m27,")).map(|line| format!("{line}\n")).collect();
    folder.write("t.csv", &text);
    let (x, _, scores) = model(27);
    let asked = format!("f3@{:e}", 10f64.powf(x));
    let found = report(&folder, &[&HARD[..], &["--predict", &asked, "--predict", "f0@1e22"]].concat());
    let [ahead, inside] = [&found["predicted"][0], &found["predicted"][1]];
    assert_eq!((ahead["family"].as_str(), ahead["models"].as_u64()), (Some("f3"), Some(3)));
    let end = |of: &str, at: &Value, name: &str| number(&at[of][name]);
    let (low, high) = (end("interval", ahead, "low"), end("interval", ahead, "high"));
    assert!((number(&ahead["forecast"]) - scores[3]).abs() < 0.1, "{ahead}, {}", scores[3]);
    assert!(low < scores[3] && scores[3] < high, "{low} {} {high}", scores[3]);
    let width = |at: &Value, of: &str| end(of, at, "high") - end(of, at, "low");
    assert!(width(ahead, "curve") <= width(ahead, "interval"));
    assert!((number(&ahead["decades_outside"]) - 0.8).abs() < 1e-6 && number(&inside["decades_outside"]) == 0.0);
}

#[test]
fn the_printed_errors_of_agents_come_out_of_the_program() {
    let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/obs_scaling_agents.csv");
    let folder = Folder::new();
    let found = report(
        &folder,
        &[
            table.to_str().expect("a path"),
            "--score",
            "AgentBench",
            "--perfect",
            "10",
            "--train",
            "AgentBench < 2.45",
            "--floor",
            "--bootstrap",
            "9",
            "--components",
            "2",
            "--cluster",
            "model",
        ],
    );
    assert_eq!((found["trained"].as_u64(), found["held_out"].as_u64()), (Some(20), Some(2)));
    for (name, printed) in [("mse_training", 4.6e-4), ("mse_held_out", 2.6e-4)] {
        assert!((number(&found[name]) - printed).abs() < 0.0501e-4, "{name}: {}", found[name]);
    }
}

#[test]
fn tables_and_figure_are_written_and_the_same_on_any_number_of_threads() {
    let folder = Folder::new();
    folder.write("t.csv", &wide(|i, k, y| if k == 1 && i % 9 == 0 { String::new() } else { y.to_string() }));
    let run = |out: &str, threads: &str| {
        let mut command = program();
        command.arg("observational").args(HARD).args(["--bootstrap", "49", "--predict", "f2@1e24", "--out", out]);
        succeeds(command.env("RAYON_NUM_THREADS", threads).current_dir(folder.path("")))
    };
    let text = run("one", "1");
    assert_eq!(text, run("three", "3"));
    assert!(text.contains("hard forecast from 3 benchmarks by 1 component: 24 models of 8 families"), "{text}");
    assert!(
        text.contains("are missing and filled") && text.contains("compute alone") && text.contains("by the line of"),
        "{text}"
    );
    let drawn = ["svg", "png", "pdf", "csv", "vl.json"].map(|ending| format!("observational.{ending}"));
    let tables = ["report.json", "forecasts.csv", "families.csv", "components.csv"].map(str::to_owned);
    for name in drawn.iter().chain(&tables) {
        let [one, three] =
            ["one", "three"].map(|out| std::fs::read(folder.path(&format!("{out}/{name}"))).expect(name));
        assert!(!one.is_empty() && one == three, "{name}");
    }
    let written = |name: &str| std::fs::read_to_string(folder.path(&format!("one/{name}"))).expect(name);
    let text = written("report.json");
    let read: onset::analysis::observational::ObservationalReport = serde_json::from_str(&text).expect("a report");
    assert_eq!(read.to_json().expect("JSON"), text);
    let lines = |name: &str| written(name).lines().count();
    assert_eq!((lines("forecasts.csv"), lines("families.csv"), lines("components.csv")), (33, 1 + 8 + 1, 1 + 3));
}

#[test]
fn what_gives_no_forecast_is_refused_with_the_way_on() {
    let folder = Folder::new();
    let refusal = |text: String, arguments: &[&str], said: &[&str]| {
        folder.write("t.csv", &text);
        let mut command = program();
        command.args(["observational", "t.csv", "--bootstrap", "19"]).args(arguments);
        let message = refused(command.current_dir(folder.path("")));
        said.iter().for_each(|said| assert!(message.contains(said), "{said}: {message}"));
    };
    let hard = |more: &[&'static str]| [&["--score", "hard"], more].concat();
    let good = || wide(plain);
    refusal(good(), &["--score", "hrad"], &["no table has a benchmark `hrad`", "did you mean `hard`"]);
    refusal(good(), &hard(&["--from", "arc,pika"]), &["`pika`", "did you mean `piqa`"]);
    refusal(good(), &hard(&["--components", "4"]), &["4 components need as many benchmarks", "--components K"]);
    refusal(good(), &hard(&["--components", "0"]), &["at least one component"]);
    refusal(good(), &hard(&["--at-most", "1e20"]), &["0 usable", "--at-most FLOPS"]);
    refusal(good(), &hard(&["--at-most", "-1"]), &["at most -1 FLOPs"]);
    refusal(good(), &hard(&["--train", "colour = red"]), &["colour"]);
    refusal(good(), &hard(&["--level", "95"]), &["the level 95"]);
    refusal(good(), &hard(&["--chance", "1.5"]), &["--chance 1.5", "perfect"]);
    refusal(good(), &hard(&["--predict", "f99@1e24"]), &["no table has a family `f99`"]);
    refusal(good(), &hard(&["--predict", "f1@1e24", "--cluster", "model"]), &["--cluster model"]);
    refusal(good().replace("compute", "notes"), &hard(&[]), &["has compute", "--all takes every model"]);
    let one = good().lines().map(|line| of_one_family(line) + "\n").collect();
    refusal(one, &hard(&["--components", "1"]), &["of one family", "--cluster model"]);
    refusal(wide(|_, k, y| if k == 3 { (-y).to_string() } else { y.to_string() }), &hard(&[]), &["--perfect LEVEL"]);
    refusal(good().replace("hard", "loss"), &["--score", "loss"], &["less is better on `loss`"]);
    let words = wide(|i, k, y| if (i, k) == (4, 2) { "good".to_owned() } else { y.to_string() });
    refusal(words, &hard(&["--from", "arc,boolq,piqa"]), &["piqa"]);
}

/// The line with one family for every model.
fn of_one_family(line: &str) -> String {
    let mut cells: Vec<&str> = line.split(',').collect();
    if cells[0] != "model" {
        cells[1] = "one";
    }
    cells.join(",")
}
