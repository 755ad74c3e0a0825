//! `onset report` as a user runs it: what the page holds, what it must not hold, and where its numbers come from.

use std::fs;
use std::path::Path;

use onset::analysis::figure::{Axis, Figure, Hue, Layer, Marker, Panel, Point, Scale};
use onset::plot::{Theme, draw};
use serde_json::Value;

use crate::support::{Folder, complained, onset, paper_wide, printed, repository};

/// The bound on a page that one can still send by mail.
const MOST_BYTES: u64 = 5_000_000;

/// Enough replicates for every method to have an answer.
const QUICK: [&str; 4] = ["--bootstrap", "99", "--curve", "hinge"];

/// What a hostile table would call its model.
const HOSTILE: &str = "<script>alert(1)</script>";

/// The page of these arguments.
fn page_of(folder: &Folder, arguments: &[&str]) -> String {
    let out = folder.at("page.html");
    printed(&[&["report"], arguments, &["--out", &out]].concat());
    assert!(fs::metadata(&out).expect("written").len() <= MOST_BYTES);
    fs::read_to_string(&out).expect("UTF-8")
}

fn fit_page(folder: &Folder) -> String {
    page_of(folder, &[&[paper_wide().as_str(), "--score", "mmlu", "--adjusted", "mmlu_adjusted"], &QUICK[..]].concat())
}

/// The page without the plotting library.
fn own_part(page: &str) -> String {
    let library = fs::read_to_string(repository("vendor/plotly/plotly-basic.min.js")).expect("the library");
    assert!(page.contains(&library), "the library is inside the page, unchanged");
    page.replacen(&library, "", 1)
}

/// The data block of a page.
fn data(page: &str) -> Value {
    let begin = r#"<script type="application/json" id="data">"#;
    let (_, rest) = page.split_once(begin).expect("a data block");
    let (json, _) = rest.split_once("</script>").expect("its end");
    serde_json::from_str(json).expect("JSON")
}

/// A table in which model, family and group are markup.
fn hostile_table(folder: &Folder) -> String {
    let mut text = String::from("model,family,compute,score,kind\n");
    for k in 0..16_usize {
        let x = 20.0 + 0.25 * k as f64;
        let score = 0.25 + 0.1 * (x - 22.0).max(0.0) + 0.003 * (k % 3) as f64;
        let name = if k == 0 { HOSTILE.to_owned() } else { format!("m{k}") };
        let family = if k < 3 { "</script><img src=x onerror=alert(2)>".to_owned() } else { format!("f{}", k / 3) };
        text.push_str(&format!("{name},{family},{:e},{score},{}\n", 10f64.powf(x), ["even", "<b>odd"][k % 2]));
    }
    folder.write("hostile <i>&.csv", &text)
}

#[test]
fn names_of_models_families_groups_and_files_stay_text() {
    let folder = Folder::new();
    let table = hostile_table(&folder);
    let page =
        page_of(&folder, &[&[table.as_str(), "--chance", "0.25", "--group", "kind = <b>odd"], &QUICK[..]].concat());
    let own = own_part(&page);
    for markup in [HOSTILE, "<script>alert", "<img", "onerror=alert(2)>", "<b>odd", "<i>&."] {
        assert!(!own.contains(markup), "`{markup}` is in the page as markup");
    }
    assert!(own.contains("&lt;script&gt;alert(1)&lt;&#x2f;script&gt;"), "the name is there as text");
    // One data block, the library, and two scripts of our own: names add none.
    assert_eq!(own.matches("<script").count(), 4);
    let data = data(&page);
    assert_eq!(data["fit"]["unadjusted"]["models"][0]["model"], HOSTILE);
    assert_eq!(data["fit"]["report"]["groups"][0]["name"], "kind = <b>odd");
}

#[test]
fn a_page_loads_nothing_and_may_connect_to_nothing() {
    let folder = Folder::new();
    let own = own_part(&fit_page(&folder));
    for load in ["http://", "https://", " src=", "@import", "url(", "fetch(", "XMLHttpRequest", "WebSocket", "import("]
    {
        assert!(!own.contains(load), "`{load}` is in the page");
    }
    let policy = own.split_once("Content-Security-Policy").expect("a policy").1;
    let policy = policy.split_once('>').expect("its end").0;
    for rule in ["default-src &#x27;none&#x27;", "connect-src &#x27;none&#x27;", "script-src &#x27;sha256-"] {
        assert!(policy.contains(rule), "{rule} is not in {policy}");
    }
    assert!(!policy.contains("script-src &#x27;unsafe-inline") && !policy.contains("unsafe-eval"));
}

#[test]
fn the_summary_speaks_in_words_with_numbers_and_intervals() {
    let page = fit_page(&Folder::new());
    for said in [
        "53 models from 20 families",
        "Before adjustment, MMLU: scores rise from compute 1.2",
        "After adjustment, MMLU: scores rise with compute",
        "no point of emergence is shown",
        "careful: the result hangs on olmo-7b",
        "95 % interval",
        "the 19 models released from 2023-11 on score",
        "θ before minus θ after adjustment is",
    ] {
        assert!(page.contains(said), "`{said}` is not said");
    }
}

#[test]
fn a_page_of_a_folder_shows_the_same_fit_as_a_page_of_its_tables() {
    let folder = Folder::new();
    let of_table = data(&fit_page(&folder));
    let fit = folder.at("fit");
    let (table, score) = (paper_wide(), ["--score", "mmlu", "--adjusted", "mmlu_adjusted", "--out", &fit]);
    printed(&[&["fit", &table], &score[..], &QUICK[..]].concat());
    let of_folder = data(&page_of(&folder, &[&fit]));
    assert_eq!(of_folder["fit"]["report"], of_table["fit"]["report"]);
    for condition in ["unadjusted", "adjusted"] {
        assert_eq!(of_folder["fit"][condition]["lines"], of_table["fit"][condition]["lines"]);
        let models = |data: &Value| data["fit"][condition]["models"].as_array().expect("models").clone();
        assert_eq!(models(&of_folder).len(), 53);
        for (from_folder, from_table) in models(&of_folder).iter().zip(&models(&of_table)) {
            for field in ["model", "family", "x", "group", "score", "residual", "theta_without_cluster", "score_low"] {
                assert_eq!(from_folder[field], from_table[field], "{field} of {}", from_table["model"]);
            }
        }
    }
}

#[test]
fn the_json_of_a_fit_makes_a_page_that_says_what_it_lacks() {
    let folder = Folder::new();
    let json = printed(&[&["fit", &paper_wide(), "--score", "mmlu", "--format", "json"], &QUICK[..]].concat());
    let path = folder.at("fit.json");
    fs::write(&path, json).expect("written");
    let page = page_of(&folder, &[&path]);
    assert!(page.contains("which holds the estimates but not the models") && page.contains("id=\"table-estimates\""));
    assert!(!page.contains("id=\"table-models\""));
}

#[test]
fn a_reproduction_is_shown_with_the_numbers_of_its_files() {
    let folder = Folder::new();
    let figures = folder.at("figures");
    printed(&["reproduce", "--only", "main,brier,causal_direct", "--out", &figures]);
    let csv = Path::new(&figures).join("main.csv");
    let text = fs::read_to_string(&csv).expect("written");
    // A number that no computation gives shows that the page reads the file.
    let changed = text.replacen(",0.5221866580350721,", ",0.123456789,", 1);
    assert_ne!(text, changed, "the first model's score is in the file");
    fs::write(&csv, changed).expect("written");
    let page = page_of(&folder, &[&figures]);
    let data = data(&page);
    let drawn = data["paper"]["figures"].as_array().expect("figures");
    let of = |name: &str| drawn.iter().find(|f| f["name"] == name && f["reading"] == "paper").expect("the figure");
    let values: Vec<f64> = of("main")["panels"][0]["layers"]
        .as_array()
        .expect("layers")
        .iter()
        .flat_map(|layer| layer["y"].as_array().expect("numbers"))
        .filter_map(Value::as_f64)
        .collect();
    assert!(values.contains(&0.123456789));
    assert_eq!(of("main")["panels"][0]["x"]["log"], true);
    // Two panels of this figure have the same name and are two panels still.
    let template = |name: &str| of(name)["panels"].as_array().expect("panels").len();
    assert!(template("brier") >= 4 && of("brier")["caption"].as_str().is_some_and(|caption| !caption.is_empty()));
    assert_eq!(data["paper"]["models"]["llama-2-70b"]["release"], "2023-07");
    assert!(page.contains("id=\"table-reproduction\"") && page.contains("id=\"table-causal_direct_paper\""));
    own_part(&page);
}

#[test]
fn the_same_input_gives_the_same_page() {
    let folder = Folder::new();
    assert!(fit_page(&folder) == fit_page(&folder), "two runs differ");
}

#[test]
fn the_pages_colours_are_those_of_the_figures() {
    let hues = (0..10).map(Hue::Category).chain([Hue::Fit]);
    let layers = hues.map(|hue| Layer::Points {
        series: String::new(),
        hue,
        marker: Marker::Circle,
        points: vec![Point { label: String::new(), x: 1.0, y: 1.0, interval: None, labelled: false }],
    });
    let axis =
        || Axis { label: String::new(), scale: Scale::Linear, range: None, ticks: Vec::new(), tick_labels: Vec::new() };
    let figure = Figure {
        name: "hues".into(),
        caption: String::new(),
        panels: vec![Panel { title: String::new(), x: axis(), y: axis(), layers: layers.collect(), notes: Vec::new() }],
        columns: 1,
        aspect: 1.0,
        legend: Vec::new(),
        row_titles: Vec::new(),
        footer: String::new(),
        title: String::new(),
    };
    let drawing = draw(&figure, &Theme::default()).expect("drawn");
    let svg = drawing.svg().to_lowercase();
    let style = fs::read_to_string(repository("src/report/html/templates/style.css")).expect("the style");
    let (light, _) = style.split_once('}').expect("the light colours");
    let named = (0..10).map(|k| format!("--hue-{k}: ")).chain(["--hue-fit: ".to_owned()]);
    for name in named {
        let colour = &light.split_once(&name).unwrap_or_else(|| panic!("{name} is declared")).1[..7];
        assert!(svg.contains(colour), "{name}{colour} is no colour of the figures");
    }
}

#[test]
fn what_cannot_be_shown_is_refused_in_one_line() {
    let folder = Folder::new();
    let other = folder.at("other.json");
    fs::write(&other, r#"{"schema": "onset.fit", "schema_version": 99}"#).expect("written");
    let empty = folder.at("empty");
    fs::create_dir(&empty).expect("made");
    let out = folder.at("page.html");
    for (input, said) in
        [("nowhere.csv", "cannot read"), (other.as_str(), "layout is version"), (empty.as_str(), "holds no results")]
    {
        let run = onset(&["report", input, "--out", &out]);
        let message = complained(&run);
        assert_eq!(run.status.code(), Some(2), "{message}");
        assert!(message.contains(said) && message.lines().count() == 1, "{message}");
        assert!(!Path::new(&out).exists());
    }
}

#[test]
fn completions_and_manual_pages_know_every_command() {
    let folder = Folder::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let text = printed(&["completions", shell]);
        assert!(text.contains("reproduce") && text.contains("explore"), "{shell}");
    }
    let manual = folder.at("man");
    printed(&["completions", "man", "--out", &manual]);
    let page = |name: &str| fs::read_to_string(Path::new(&manual).join(name)).expect("a page");
    assert!(page("onset.1").contains(".TH onset 1"));
    assert!(page("onset-fit.1").contains("bootstrap") && page("onset-import-lm-eval.1").contains("models"));
}
