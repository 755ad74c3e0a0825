//! `onset fit --curve broken_1`: a power law with a break, for those who ask for it.

use std::fmt::Write as _;

use serde_json::Value;

use crate::support::{Folder, complained, program, succeeds};

/// Losses of 40 models along a power law that turns steeper at 10^22 FLOPs.
fn losses() -> String {
    let mut text = String::from("model,family,compute,loss\n");
    for i in 0..40 {
        let x = 19.0 + 0.12 * f64::from(i);
        let bend = (1.0 + 10f64.powf((x - 22.0) / 0.2)).powf(-0.12 * 0.2);
        let noise = 1.0 + 0.002 * f64::from((i * 7) % 5 - 2);
        let loss = 1.5 + 2.0 * 10f64.powf(-0.04 * (x - 19.0)) * bend * noise;
        writeln!(text, "m{i},f{},{:e},{loss}", i / 4, 10f64.powf(x)).expect("text");
    }
    text
}

fn report(folder: &Folder, curve: &[&str]) -> Value {
    let mut command = program();
    command.args([
        "fit",
        "losses.csv",
        "--score",
        "loss",
        "--score-scale",
        "any",
        "--chance",
        "free",
        "--bootstrap",
        "99",
    ]);
    command.args(["--format", "json"]).args(curve).current_dir(folder.path(""));
    serde_json::from_str(&succeeds(&mut command)).expect("JSON")
}

fn curves(report: &Value) -> Vec<String> {
    let all = report["curves"].as_array().expect("curves");
    all.iter().map(|one| one["curve"].as_str().expect("a name").to_owned()).collect()
}

#[test]
fn a_broken_power_law_is_fitted_where_it_is_asked_for_and_nowhere_else() {
    let folder = Folder::new();
    folder.write("losses.csv", &losses());
    assert!(curves(&report(&folder, &[])).iter().all(|curve| !curve.starts_with("broken")));
    let every = curves(&report(&folder, &["--curve", "every"]));
    for curve in ["hinge", "plateau", "broken_1", "broken_2"] {
        assert!(every.iter().any(|known| known == curve), "{curve}: {every:?}");
    }
    let one = report(&folder, &["--curve", "broken_1", "--predict", "1e24"]);
    assert_eq!((one["curve"].as_str(), curves(&one)), (Some("broken_1"), vec!["broken_1".to_owned()]));
    let own = &one["curves"][0];
    let names: Vec<&str> =
        own["parameters"].as_array().expect("parameters").iter().filter_map(|one| one["name"].as_str()).collect();
    assert_eq!(names, ["a", "b", "c0", "c1", "d1", "f1"], "{own}");
    let place = own["parameters"][4]["estimate"].as_f64().expect("d1");
    assert!((place - 22.0).abs() < 0.5, "{place}");
    assert!(own["predictions"][0]["score"].as_f64().is_some_and(|score| (1.5..2.9).contains(&score)), "{own}");
    let run = program().args(["fit", "losses.csv", "--curve", "broken"]).output().expect("the program starts");
    assert_eq!(run.status.code(), Some(2));
    let refusal = complained(&run);
    assert!(refusal.contains("broken_1, broken_2, all and every are known"), "{refusal}");
}
