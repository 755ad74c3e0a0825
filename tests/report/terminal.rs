//! What commands print: JSON for programs, tables of at most eighty columns without colour for people, exit codes for both.

use serde_json::Value;

use crate::support::{Folder, argument, fixture, onset, printed, tiny_study};

fn json(arguments: &[&str]) -> Value {
    let text = printed(&[arguments, &["--format", "json"]].concat());
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{arguments:?}: {e}\n{text}"))
}

/// Names as long as people make them.
fn long_names(folder: &Folder) -> String {
    let mut text = String::from("model,family,compute,score,release\n");
    for k in 0..16_usize {
        let x = 20.0 + 0.25 * k as f64;
        let name =
            format!("an-organisation-with-a-very-long-name/a-model-with-a-rather-long-name-{k}b-instruct-v0.{k}");
        let family = format!("a-family-with-a-name-that-nobody-would-ever-want-to-read-on-a-terminal-{}", k / 3);
        let score = 0.25 + 0.1 * (x - 22.0).max(0.0) + 0.003 * (k % 3) as f64;
        text.push_str(&format!("{name},{family},{:e},{score},2023-{:02}\n", 10f64.powf(x), 1 + k % 12));
    }
    folder.write("names.csv", &text)
}

#[test]
fn every_command_that_prints_results_prints_them_as_json() {
    let folder = Folder::new();
    let verdicts = json(&["reproduce", "--only", "main", "--out", &folder.at("figures")]);
    assert_eq!(verdicts[0]["verdict"], "reproduced");
    assert!(verdicts[0]["corrected"].is_f64(), "{verdicts}");
    let page = json(&["report", &folder.at("figures"), "--out", &folder.at("page.html")]);
    let bytes = std::fs::metadata(folder.at("page.html")).expect("written").len();
    assert_eq!(page["bytes"].as_u64(), Some(bytes));
    let samples = argument(fixture("import/lighteval"));
    let read = json(&["import", "lighteval", &samples, "--out", &folder.at("scores.csv")]);
    assert_eq!(read["observations"], 6);
    assert!(read["skipped"].as_array().is_some_and(|all| all.iter().all(Value::is_string)), "{read}");
    let fit = json(&["fit", &long_names(&folder), "--chance", "0.25", "--curve", "hinge", "--bootstrap", "99"]);
    assert_eq!(fit["schema"], "onset.fit");
}

#[cfg(feature = "models")]
#[test]
fn commands_about_models_and_studies_print_json() {
    let folder = Folder::new();
    let llama = argument(fixture("models/llama"));
    assert!(json(&["models"])["architectures"].as_array().is_some_and(|all| all.len() >= 19));
    assert_eq!(json(&["models", "list"])["models"].as_array().map(Vec::len), Some(53));
    assert_eq!(json(&["models", "show", &llama])["architecture"], "Llama");
    let compared = json(&["models", "check", &llama]);
    assert!(compared.as_array().is_some_and(|all| all.iter().all(|one| one["passed"] == true)), "{compared}");
    let file = folder.write("study.toml", &tiny_study("study"));
    let file = file.as_str();
    let plan = json(&["study", "plan", file]);
    assert_eq!(plan["cells"].as_array().map(Vec::len), Some(12), "{plan}");
    assert_eq!(plan["cells"][0]["state"], "waiting");
    let fits = json(&["study", "run", file]);
    assert!(fits[0]["benchmark"].is_string() && fits[0]["models"] == 6, "{fits}");
    assert_eq!(json(&["study", "status", file])["cells"][0]["state"], "done");
    assert_eq!(json(&["study", "collect", file])["unfinished"].as_array().map(Vec::len), Some(0));
    assert_eq!(json(&["study", "report", file]), fits);
    // The page of the study shows these numbers.
    let page = folder.at("study.html");
    printed(&["report", &folder.at("study"), "--out", &page]);
    let page = std::fs::read_to_string(page).expect("written");
    for said in ["Study study", "6 models", "One fit in detail", "id=\"which-fit\"", "after 256 task examples"] {
        assert!(page.contains(said), "`{said}` is not said");
    }
}

#[test]
fn tables_fit_eighty_columns_and_have_no_colour_whatever_models_are_called() {
    let folder = Folder::new();
    let table = long_names(&folder);
    let commands: [&[&str]; 4] = [
        &["fit", &table, "--chance", "0.25", "--cutoff", "2023-06", "--bootstrap", "99", "--predict", "1e25,1e26"],
        &["fit", &table, "--chance", "0.25", "--holdout", "compute > 1e23", "--curve", "hinge", "--bootstrap", "99"],
        &["reproduce", "--only", "main,emergence", "--out", &folder.at("figures")],
        &["--help"],
    ];
    for arguments in commands {
        let text = printed(arguments);
        let most = if arguments == ["--help"] { 100 } else { 80 };
        let wide = text.lines().find(|line| line.chars().count() > most);
        assert_eq!(wide, None, "{arguments:?}");
        assert!(!text.contains('\u{1b}'), "{arguments:?} writes escape sequences into a pipe");
    }
}

#[test]
fn control_characters_of_names_do_not_reach_the_terminal() {
    let folder = Folder::new();
    let text = std::fs::read_to_string(long_names(&folder)).expect("text");
    let path = folder.write("control.csv", &text.replace("a-family-with", "\u{1b}[31mred\u{7}"));
    let text = printed(&["fit", &path, "--chance", "0.25", "--curve", "hinge", "--bootstrap", "99"]);
    assert!(!text.contains(['\u{1b}', '\u{7}']), "{text:?}");
}

#[test]
fn exit_codes_are_those_of_the_help() {
    let folder = Folder::new();
    assert_eq!(onset(&["--help"]).status.code(), Some(0));
    assert_eq!(onset(&["fit", &folder.at("absent.csv")]).status.code(), Some(2));
    assert_eq!(onset(&["fit"]).status.code(), Some(2));
    assert_eq!(onset(&["no-such-command"]).status.code(), Some(2));
    let help = printed(&["--help"]);
    assert!(help.contains("Exit codes: 0 success, 1 a check that was asked for failed, 2 bad input"), "{help}");
}

#[cfg(feature = "models")]
#[test]
fn a_check_that_fails_exits_with_one() {
    let llama = argument(fixture("models/llama"));
    let run = onset(&["models", "check", &llama, "--tolerance", "1e-30"]);
    assert_eq!(run.status.code(), Some(1), "{}", String::from_utf8_lossy(&run.stderr));
}
