//! `onset agree`: whether benchmarks rank anybody's models alike.

use std::fmt::Write as _;

use serde_json::Value;

use crate::support::{Folder, program, refused, succeeds};

/// Twelve models of four families on three benchmarks, the third of which is ranked otherwise by two exchanges.
const SCORES: [[f64; 3]; 12] = [
    [0.30, 0.31, 0.33],
    [0.34, 0.36, 0.31],
    [0.38, 0.35, 0.39],
    [0.42, 0.44, 0.43],
    [0.46, 0.48, 0.49],
    [0.50, 0.47, 0.47],
    [0.54, 0.56, 0.55],
    [0.58, 0.60, 0.61],
    [0.62, 0.59, 0.59],
    [0.66, 0.68, 0.67],
    [0.70, 0.72, 0.73],
    [0.74, 0.71, 0.71],
];

/// A wide table; `change` may replace a cell.
fn wide(change: impl Fn(usize, usize, f64) -> String) -> String {
    let mut text = String::from("model,family,alpha,beta,gamma\n");
    for (i, scores) in SCORES.iter().enumerate() {
        let cells: Vec<String> = scores.iter().enumerate().map(|(k, y)| change(i, k, *y)).collect();
        writeln!(text, "m{i},f{},{}", i / 3, cells.join(",")).expect("text");
    }
    text
}

fn plain() -> String {
    wide(|_, _, y| y.to_string())
}

/// The report of these tables.
fn report(folder: &Folder, arguments: &[&str]) -> Value {
    let mut command = program();
    command.args(["agree", "--format", "json", "--bootstrap", "200"]).args(arguments).current_dir(folder.path(""));
    serde_json::from_str(&succeeds(&mut command)).expect("JSON")
}

fn complaint(folder: &Folder, arguments: &[&str]) -> String {
    refused(program().args(["agree", "--bootstrap", "200"]).args(arguments).current_dir(folder.path("")))
}

fn taus(report: &Value, side: usize) -> Vec<f64> {
    let pairs = report["scores"][side]["pairs"].as_array().expect("pairs");
    pairs.iter().map(|pair| pair["tau"]["estimate"].as_f64().expect("a τ")).collect()
}

fn notes(report: &Value) -> String {
    report["notes"].to_string()
}

#[test]
fn tau_b_with_ties_is_the_one_counted_by_hand() {
    let folder = Folder::new();
    // x: 1 1 2 3 4 5 6 7, y: 1 2 2 3 4 5 7 6. Of 28 pairs one is tied in x, another in y; 25 of the 26 others agree, one
    // does not: (25 - 1)/√(27·27).
    let rows = ["1,1", "1,2", "2,2", "3,3", "4,4", "5,5", "6,7", "7,6"];
    let rows: String = rows.iter().enumerate().map(|(i, row)| format!("m{i},f{},{row}\n", i % 4)).collect();
    folder.write("t.csv", &format!("model,family,x,y\n{rows}"));
    let found = taus(&report(&folder, &["t.csv"]), 0);
    assert!((found[0] - 24.0 / 27.0).abs() < 1e-12, "{found:?}");
}

#[test]
fn long_and_wide_tables_of_the_same_scores_agree_alike() {
    let folder = Folder::new();
    folder.write("wide.csv", &plain());
    let mut long = String::from("model,family,task,metric,score\n");
    for (i, scores) in SCORES.iter().enumerate() {
        for (name, y) in ["alpha", "beta", "gamma"].iter().zip(scores) {
            writeln!(long, "m{i},f{},{name},acc,{y}", i / 3).expect("text");
        }
    }
    folder.write("long.csv", &long);
    let percent = wide(|_, _, y| format!("{:.0} %", 100.0 * y));
    folder.write("percent.csv", &percent);
    let expected = taus(&report(&folder, &["wide.csv"]), 0);
    assert_eq!(taus(&report(&folder, &["long.csv"]), 0), expected);
    assert_eq!(taus(&report(&folder, &["percent.csv"]), 0), expected);
}

#[test]
fn empty_cells_are_left_out_pair_by_pair_and_counted() {
    let folder = Folder::new();
    let gaps = [(2, 0), (5, 1), (7, 1)];
    folder.write("t.csv", &wide(|i, k, y| if gaps.contains(&(i, k)) { "-".into() } else { y.to_string() }));
    let report = report(&folder, &["t.csv"]);
    let side = &report["scores"][0];
    assert_eq!((side["scores"].as_u64(), side["missing"].as_u64()), (Some(33), Some(3)));
    let models: Vec<u64> =
        side["pairs"].as_array().expect("pairs").iter().filter_map(|pair| pair["models"].as_u64()).collect();
    assert_eq!(models, [9, 11, 10]);
}

#[test]
fn a_metric_that_falls_is_turned_round_and_the_reader_is_told() {
    let folder = Folder::new();
    let fallen = plain().replace("gamma", "wikitext_ppl");
    folder.write(
        "t.csv",
        &wide(|_, k, y| if k == 2 { (-y).exp().to_string() } else { y.to_string() }).replace("gamma", "wikitext_ppl"),
    );
    folder.write("risen.csv", &fallen);
    let turned = report(&folder, &["t.csv"]);
    assert!(notes(&turned).contains("less is better, so turned round: wikitext_ppl"), "{}", notes(&turned));
    let risen = report(&folder, &["risen.csv", "--rising", "wikitext_ppl"]);
    assert_eq!(taus(&turned, 0), taus(&risen, 0));
}

#[test]
fn what_is_no_score_is_left_out_and_named() {
    let folder = Folder::new();
    let text: String = plain()
        .lines()
        .enumerate()
        .map(|(i, line)| match i {
            0 => format!("Rank,{line},alpha_stderr,Average\n"),
            _ => format!("{i},{line},0.02,0.5{i}\n"),
        })
        .collect();
    folder.write("t.csv", &text);
    let report = report(&folder, &["t.csv"]);
    let names: Vec<&str> =
        report["benchmarks"].as_array().expect("a list").iter().filter_map(|b| b["name"].as_str()).collect();
    assert_eq!(names, ["alpha", "beta", "gamma"]);
    assert!(notes(&report).contains("Average") && notes(&report).contains("Rank"), "{}", notes(&report));
    let own = &report["scores"][0]["benchmarks"];
    assert!(own[0]["ceiling"].as_f64() < Some(1.0) && own[1]["ceiling"].is_null(), "{own}");
    assert!(report["scores"][0]["ranks"][0][0]["best"].as_u64() > Some(9));
}

#[test]
fn numbers_of_items_give_ceilings_and_without_them_it_is_said() {
    let folder = Folder::new();
    folder.write("t.csv", &plain());
    let without = report(&folder, &["t.csv"]);
    assert!(notes(&without).contains("--items") && without["scores"][0]["summary"]["ceiling"]["estimate"].is_null());
    let with = report(&folder, &["t.csv", "--items", "300"]);
    let ceiling = with["scores"][0]["summary"]["ceiling"]["estimate"].as_f64().expect("a ceiling");
    assert!((0.5..1.0).contains(&ceiling), "{ceiling}");
}

#[test]
fn what_adjustment_changed_is_asked_of_the_same_cells_before_and_after() {
    let folder = Folder::new();
    // Before, the third benchmark ranks the models at random; after, as the others do.
    let noise = [5, 11, 2, 8, 0, 7, 3, 10, 1, 6, 9, 4];
    folder.write("before.csv", &wide(|i, k, y| if k == 2 { SCORES[noise[i]][2].to_string() } else { y.to_string() }));
    let after = wide(|i, k, y| if (i, k) == (3, 0) { String::new() } else { y.to_string() });
    folder.write("after.csv", &after.replace("\nm", "\ntuned/m"));
    let found = report(&folder, &["--before", "before.csv", "--after", "after.csv"]);
    let change = &found["change"]["summary"]["mean"];
    assert!(change["estimate"].as_f64() > Some(0.4) && change["low"].as_f64() > Some(0.0), "{change}");
    assert!(notes(&found).contains("1 scores have no partner"), "{}", notes(&found));
    assert_eq!(found["scores"][0]["benchmarks"][0]["models"], 11);
    let difference = &found["change"]["pairs"][0]["tau"]["estimate"];
    assert_eq!(difference.as_f64(), Some(0.0));
}

#[test]
fn the_conditions_of_one_long_table_are_named() {
    let folder = Folder::new();
    let mut long = String::from("model,family,benchmark,value,items,adjustment\n");
    for (i, scores) in SCORES.iter().enumerate() {
        for (name, y) in ["alpha", "beta", "gamma"].iter().zip(scores) {
            writeln!(long, "m{i},f{},{name},{y},400,none\nm{i},f{},{name},{},400,tuned", i / 3, i / 3, y + 0.1)
                .expect("text");
        }
    }
    folder.write("t.csv", &long);
    let found = report(&folder, &["t.csv", "--adjusted", "tuned"]);
    assert_eq!(found["scores"][1]["condition"], "tuned");
    assert_eq!(taus(&found, 0), taus(&found, 1));
}

#[test]
fn p_values_are_adjusted_for_all_pairs_together() {
    let folder = Folder::new();
    folder.write("t.csv", &plain());
    let text = succeeds(
        program().args(["agree", "t.csv", "--format", "csv", "--bootstrap", "200"]).current_dir(folder.path("")),
    );
    let mut lines = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let head = lines.next().expect("a header");
    let column = |name: &str| head.iter().position(|one| *one == name).expect("a column");
    let (p, holm) = (column("p"), column("p_holm"));
    let rows: Vec<(f64, f64)> =
        lines.map(|row| (row[p].parse().expect("a number"), row[holm].parse().expect("a number"))).collect();
    let smallest = rows.iter().min_by(|a, b| a.0.total_cmp(&b.0)).expect("three pairs");
    assert!((smallest.1 - 3.0 * smallest.0).abs() < 1e-12, "{rows:?}");
    assert!(rows.iter().all(|(p, holm)| holm >= p));
}

#[test]
fn too_little_to_compare_is_refused_with_the_reason_and_the_way_on() {
    let folder = Folder::new();
    let few: String = plain().lines().take(8).map(|line| format!("{line}\n")).collect();
    folder.write("few.csv", &few);
    folder.write(
        "family.csv",
        &plain().replace(",f0,", ",f,").replace(",f1,", ",f,").replace(",f2,", ",f,").replace(",f3,", ",f,"),
    );
    folder.write("flat.csv", &wide(|_, k, y| if k == 0 { y.to_string() } else { "0.5".into() }));
    folder.write("mixed.csv", &wide(|i, k, y| if (i, k) == (4, 1) { "48".into() } else { y.to_string() }));
    folder.write("case.csv", &plain().replace("m3,f1", "M2,f1"));
    folder.write("twice.csv", &format!("{}m2,f0,0.9,0.9,0.9\n", plain()));
    folder.write("t.csv", &plain());
    for (arguments, words) in [
        (&["few.csv"][..], &["7 usable, 8 needed"][..]),
        (&["family.csv"], &["one family (`f`)", "--cluster model"]),
        (&["flat.csv"], &["at least two benchmarks", "`beta`: every model has the same score"]),
        (&["mixed.csv"], &["mixed.csv, row 6, column `beta`", "--score-scale"]),
        (&["case.csv"], &["`m2` (case.csv, line 4) and `M2` (case.csv, line 5)", "--rename"]),
        (&["twice.csv"], &["row 14", "already in row 4"]),
        (&["t.csv", "--score", "alpah"], &["no table has a benchmark `alpah`", "alpha"]),
        (&["t.csv", "--adjusted", "tuned"], &["at least two benchmarks", "before and after"]),
    ] {
        let said = complaint(&folder, arguments);
        assert!(words.iter().all(|word| said.contains(word)), "{arguments:?}: {said}");
    }
    // A mistake in the arguments themselves is answered with how the command is used, in several lines.
    let run = program().args(["agree", "t.csv", "--before", "t.csv"]).current_dir(folder.path("")).output();
    let run = run.expect("the program starts");
    assert_eq!(run.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&run.stderr).contains("--after"));
}

#[test]
fn a_folder_of_agreement_becomes_a_page() {
    let folder = Folder::new();
    folder.write("t.csv", &plain().replace("alpha", "<b>alpha"));
    let run = |arguments: &[&str]| succeeds(program().args(arguments).current_dir(folder.path("")));
    run(&["agree", "t.csv", "--out", "agree", "--bootstrap", "200"]);
    for name in
        ["agreement.svg", "agreement.png", "agreement.pdf", "agreement.csv", "pairs.csv", "benchmarks.csv", "ranks.csv"]
    {
        assert!(folder.path("agree").join(name).is_file(), "{name}");
    }
    run(&["report", "agree", "--out", "page.html"]);
    let page = std::fs::read_to_string(folder.path("page.html")).expect("a page");
    assert!(page.contains("Agreement of benchmarks") && page.contains("&lt;b&gt;alpha") && !page.contains("<b>alpha,"));
}

#[test]
fn the_report_for_people_is_narrow_and_the_same_on_any_number_of_threads() {
    let folder = Folder::new();
    folder.write("t.csv", &plain());
    let run = |threads: &str| {
        let mut command = program();
        command.args(["agree", "t.csv", "--items", "500"]).env("RAYON_NUM_THREADS", threads);
        succeeds(command.current_dir(folder.path("")))
    };
    let one = run("1");
    assert_eq!(one, run("3"));
    let widest = one.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(100), "{widest:?}");
}
