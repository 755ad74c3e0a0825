//! Tables that nobody here wrote: units, decimal commas, encodings, workbooks, dates, chance levels. What is understood is
//! said; what is not is refused with what helps.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

#[cfg(feature = "excel")]
use onset::Bound;
use onset::Error;
use onset::analysis::fit::{FitReport, FitSettings};
use onset::registry::modelset::{Cutoff, ModelSet, ScoreScale, Settings};
use onset::registry::table::{DecimalMark, Reading, Table, Unit};
use onset::registry::{DateOrder, Month};
use serde_json::Value;

#[cfg(feature = "excel")]
use crate::support::fixture;
use crate::support::{Folder, complained, program, refused, succeeds};

/// Rounding of sizes that were written in other units.
const ROUNDING: f64 = 1e-9;

/// Name, family, params in 10⁹, tokens in 10¹², release, score.
const MODELS: [(&str, &str, f64, f64, &str, f64); 8] = [
    ("a-1b", "a", 1.24, 2.0, "2024-04", 0.312),
    ("a-8b", "a", 8.03, 15.0, "2024-04", 0.652),
    ("a-70b", "a", 70.6, 15.0, "2024-07", 0.788),
    ("b-0.5b", "b", 0.49, 18.0, "2024-09", 0.475),
    ("b-7b", "b", 7.61, 18.0, "2024-09", 0.742),
    ("b-32b", "b", 32.5, 18.0, "2025-01", 0.833),
    ("c-2b", "c", 2.61, 2.0, "2025-03", 0.522),
    ("c-27b", "c", 27.2, 13.0, "2025-03", 0.752),
];

fn table(text: &str) -> Result<Table, Error> {
    Table::parse(text.as_bytes(), Path::new("t.csv"), &[])
}

fn models_with(text: &str, settings: &Settings) -> Result<ModelSet, Error> {
    let table = Table::parse_with(text.as_bytes(), Path::new("t.csv"), &[], &settings.reading)?;
    ModelSet::from_tables(&[table], settings)
}

fn of_score(score: &str) -> Settings {
    Settings { score: Some(score.into()), ..Settings::default() }
}

fn refusal(text: &str, settings: &Settings) -> String {
    models_with(text, settings).expect_err("refused").to_string()
}

/// Whether the set has the models above with their compute.
fn are_the_models(set: &ModelSet) {
    assert_eq!(set.rows.len(), MODELS.len(), "{:?}", set.dropped);
    for (row, (name, family, params, tokens, _, score)) in set.rows.iter().zip(MODELS) {
        assert_eq!((row.name.as_str(), row.family.as_str(), row.score), (name, family, score));
        let compute = 6e21 * params * tokens;
        assert!((row.x / compute - 1.0).abs() < ROUNDING, "{name}: {} and {compute}", row.x);
    }
}

/// A table of the models above: a header, and one line a model.
fn written(header: &str, line: impl Fn(&str, &str, f64, f64, &str, f64) -> String) -> String {
    let mut text = format!("{header}\n");
    for (name, family, params, tokens, release, score) in MODELS {
        writeln!(text, "{}", line(name, family, params, tokens, release, score)).expect("text");
    }
    text
}

fn comma(number: f64) -> String {
    number.to_string().replace('.', ",")
}

#[test]
fn units_in_headers_and_cells_give_the_same_compute_and_are_said_in_one_line() {
    type Line = fn(&str, &str, f64, f64, &str, f64) -> String;
    let tables: [(&str, Line, &str); 8] = [
        (
            "model,family,Params_B,Tokens_T,mmlu",
            |m, f, p, t, _, s| format!("{m},{f},{p},{t},{s}"),
            "`Params_B` in 1e9 parameters, `Tokens_T` in 1e12 tokens",
        ),
        (
            "model,family,params (billions),tokens (T),mmlu",
            |m, f, p, t, _, s| format!("{m},{f},{p},{t},{s}"),
            "in 1e9 parameters",
        ),
        (
            "model,family,#Params,tokens,mmlu",
            |m, f, p, t, _, s| format!("{m},{f},{p}B,{t}T,{s}"),
            "`#Params` in parameters",
        ),
        (
            "model,family,size,tokens,mmlu",
            |m, f, p, t, _, s| format!("{m},{f},{:e},{:e},{s}", p * 1e9, t * 1e12),
            "`size` in parameters",
        ),
        (
            "model,family,log10 FLOPs,mmlu",
            |m, f, p, t, _, s| format!("{m},{f},{},{s}", (6e21 * p * t).log10()),
            "`log10 FLOPs` in log10 of FLOPs",
        ),
        (
            "model,family,Compute [FLOPs],mmlu",
            |m, f, p, t, _, s| format!("{m},{f},{:e},{s}", 6e21 * p * t),
            "`Compute [FLOPs]` in FLOPs",
        ),
        (
            "model,family,ZFLOPs,mmlu",
            |m, f, p, t, _, s| format!("{m},{f},{},{s}", 6.0 * p * t),
            "`ZFLOPs` in 1e21 FLOPs",
        ),
        (
            "model,family,PF-days,mmlu",
            |m, f, p, t, _, s| format!("{m},{f},{:e},{s}", 6e21 * p * t / 8.64e19),
            "`PF-days` in 8.64e19 FLOPs",
        ),
    ];
    for (header, line, said) in tables {
        let set = models_with(&written(header, line), &of_score("mmlu")).expect(header);
        are_the_models(&set);
        let units: Vec<&String> = set.notes.iter().filter(|note| note.starts_with("Units: ")).collect();
        assert!(units.len() == 1 && units[0].contains(said), "{header}: {units:?}");
    }
}

#[test]
fn sizes_that_no_language_model_has_are_refused_with_the_likely_unit() {
    let sizes = written("model,size,tokens,flops,mmlu", |m, _, p, t, _, s| format!("{m},{p},{t},{},{s}", 6.0 * p * t));
    let said = refusal(&sizes, &of_score("mmlu"));
    for word in [
        "t.csv, row 2, column `size`",
        "1.24 parameters",
        "--params-unit B",
        "--tokens-unit T",
        "--compute-unit 1e21",
        "`size (B)`",
        "--any-size",
    ] {
        assert!(said.contains(word), "`{word}` is not in: {said}");
    }
    let unit = |text: &str| Some(text.parse::<Unit>().expect("a unit"));
    let given =
        Settings { params_unit: unit("B"), tokens_unit: unit("T"), compute_unit: unit("1e21"), ..of_score("mmlu") };
    assert_eq!(models_with(&sizes, &given).expect("units are given").rows.len(), MODELS.len());
    assert!(models_with(&sizes, &Settings { any_size: true, ..of_score("mmlu") }).is_ok());
    for (header, cells, column, flag) in [
        ("model,compute,score", "a,5", "compute", "--compute-unit 1e21"),
        ("model,compute,score", "a,22.5", "compute", "--compute-unit log10"),
        ("model,compute,score", "a,1e30", "compute", "--any-size"),
        ("model,params,tokens,score", "a,7,2e12", "params", "--params-unit B"),
        ("model,params,tokens,score", "a,7000,2e12", "params", "--params-unit M"),
        ("model,params,tokens,score", "a,7e9,300", "tokens", "--tokens-unit B"),
        ("model,params,tokens,score", "a,1e5,1e6", "tokens", "6 × 100000 parameters × 1.000e6 tokens"),
    ] {
        let said = refusal(&format!("{header}\n{cells},0.5\n"), &of_score("score"));
        assert!(said.contains(&format!("row 2, column `{column}`")) && said.contains(flag), "{cells}: {said}");
    }
    let said = refusal("model,Size (GB),tokens,score\na,7,2e12,0.5\n", &of_score("score"));
    assert!(said.contains("`GB`") && said.contains("--params-unit"), "{said}");
}

#[test]
fn models_without_compute_are_told_what_was_looked_for_and_what_is_there() {
    let said = refusal("Model,Größe,Dauer,MMLU\na,7,2,0.4\nb,13,2,0.5\n", &of_score("mmlu"));
    for word in [
        "2 with no compute",
        "a column of compute (none",
        "params (none",
        "tokens (none",
        "Größe, Dauer",
        "--params and --tokens",
    ] {
        assert!(said.contains(word), "`{word}` is not in: {said}");
    }
    let said = refusal("Model,Params,Tokens,MMLU\na,,2e12,0.4\n", &of_score("mmlu"));
    assert!(said.contains("params (`Params`, empty there)"), "{said}");
}

#[test]
fn files_of_excel_and_pandas_are_read_as_they_are() {
    let header = "Model,Family,Params (B),Tokens (T),MMLU";
    let plain = written(header, |m, f, p, t, _, s| format!("{m},{f},{p},{t},{s}"));
    let semicolons = written(&header.replace(',', ";"), |m, f, p, t, _, s| {
        format!("{m};{f};{};{};{}", comma(p), comma(t), comma(s))
    });
    let tabs = semicolons.replace(';', "\t");
    let quoted = written(header, |m, f, p, t, _, s| format!("{m},{f},\"{}\",{t},\"{}\"", comma(p), comma(s)));
    let index = written(&format!(",{header}"), |m, f, p, t, _, s| format!("0,{m},{f},{p},{t},{s}"));
    let trailing = format!("{}\n,,,,,\n", plain.lines().map(|line| format!("{line},")).collect::<Vec<_>>().join("\n"));
    let objects: Vec<Value> = MODELS
        .iter()
        .map(|(m, f, p, t, _, s)| serde_json::json!({"Model": m, "Family": f, "Params (B)": p, "Tokens (T)": t, "MMLU": s}))
        .collect();
    let records = Value::from(objects.clone()).to_string();
    let lines: String = objects.iter().map(|object| format!("{object}\n")).collect();
    for text in
        [&plain, &semicolons, &format!("\u{feff}{semicolons}"), &tabs, &quoted, &index, &trailing, &records, &lines]
    {
        are_the_models(&models_with(text, &of_score("mmlu")).expect(text));
    }
    let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain(plain.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let table = Table::parse(&utf16, Path::new("t.csv"), &[]).expect("UTF-16");
    are_the_models(&ModelSet::from_tables(&[table], &of_score("mmlu")).expect("models"));
}

#[test]
fn a_comma_that_may_group_or_mark_decimals_is_asked_about() {
    let text = "Model\tParams (B)\tTokens (T)\tMMLU\na\t8,030\t15\t65.2\nb\t7,616\t18\t74.2\n";
    let said = refusal(text, &of_score("mmlu"));
    for word in ["row 2, column `Params (B)`", "`8,030` may be 8030 or 8.030", "--decimal point", "--decimal comma"] {
        assert!(said.contains(word), "`{word}` is not in: {said}");
    }
    let with = |decimal| {
        let reading = Reading { decimal: Some(decimal), sheet: None };
        let text = text.replace("65.2", "65").replace("74.2", "74");
        models_with(&text, &Settings { reading, any_size: decimal == DecimalMark::Point, ..of_score("mmlu") })
    };
    for (mark, wanted) in [(DecimalMark::Comma, 8.03e9), (DecimalMark::Point, 8.03e12)] {
        let params = with(mark).expect("it is said").rows[0].params.expect("a size");
        assert!((params / wanted - 1.0).abs() < ROUNDING, "{mark}: {params}");
    }
    // Parameters one by one are whole.
    let whole = models_with("model,params,tokens,score\na,\"350,000\",2e12,0.5\n", &of_score("score")).expect("whole");
    assert_eq!(whole.rows[0].params, Some(3.5e5));
    let both = refusal("model,compute,score\na,1e22,\"0,5\"\nb,1e23,0.6\n", &of_score("score"));
    assert!(both.contains("decimal comma") && both.contains("--decimal"), "{both}");
    let said = table("model,score\na,0,5\n").expect_err("three cells").to_string();
    assert!(said.contains("row 2 has 3 cells") && said.contains("semicolons"), "{said}");
}

#[test]
fn dates_are_read_in_every_usual_spelling_and_asked_about_where_they_are_open() {
    let dated = |dates: [&str; 3]| {
        let row = |(at, date): (usize, &&str)| format!("m{at};1e2{};{date};0.{}\n", at + 2, at + 3);
        let rows: String = dates.iter().enumerate().map(row).collect();
        format!("model;compute;release;score\n{rows}")
    };
    let cutoff =
        |order| Settings { cutoff: Cutoff::From(Month { year: 2024, month: 4 }), dates: order, ..of_score("score") };
    let groups = |dates, order| -> Vec<f64> {
        let set = models_with(&dated(dates), &cutoff(order)).expect("dates");
        set.rows.iter().map(|row| row.groups[0]).collect()
    };
    for dates in [
        ["2024-03-01", "2024-04-18", "2024-05-31"],
        ["01/03/2024", "18/04/2024", "31/05/2024"],
        ["03/01/2024", "04/18/2024", "05/31/2024"],
        ["Mar 2024", "Apr 2024", "31 May 2024"],
        ["1.3.2024", "18.4.2024", "31.5.2024"],
    ] {
        assert_eq!(groups(dates, None), [0.0, 1.0, 1.0], "{dates:?}");
    }
    let open = ["01/03/2024", "01/04/2024", "01/05/2024"];
    assert_eq!(groups(open, Some(DateOrder::DayFirst)), [0.0, 1.0, 1.0]);
    assert_eq!(groups(open, Some(DateOrder::MonthFirst)), [0.0, 0.0, 0.0]);
    for settings in [cutoff(None), of_score("score")] {
        let said = refusal(&dated(open), &settings);
        assert!(said.contains("column `release`") && said.contains("--dates day-first"), "{said}");
    }
    let none = Settings { cutoff: Cutoff::None, ..of_score("score") };
    assert!(models_with(&dated(open), &none).is_ok(), "nobody asks for the dates");
    let said = refusal(&dated(["18/04/2024", "04/18/2024", "01/01/2024"]), &cutoff(None));
    assert!(said.contains("day-first") && said.contains("month-first") && said.contains("row 3"), "{said}");
}

#[cfg(feature = "excel")]
#[test]
fn a_workbook_is_read_and_asked_about_when_it_has_several_sheets() {
    let path = |name: &str| fixture(format!("fit/{name}.xlsx"));
    let read = |name: &str, sheet: Option<&str>| {
        let bytes = std::fs::read(path(name)).expect("the fixture");
        let reading = Reading { decimal: None, sheet: sheet.map(str::to_owned) };
        Table::parse_with(&bytes, Path::new("book.xlsx"), &[], &reading)
    };
    let table = read("one_sheet", None).expect("one sheet");
    let set = ModelSet::from_tables(&[table], &of_score("mmlu")).expect("models");
    assert_eq!((set.rows.len(), set.rows[0].release), (6, Some(Month { year: 2023, month: 4 })));
    assert_eq!((set.rows[1].x, set.dropped[0].to_string().as_str()), (8.4e22, "c-9b: no score"));
    let said = read("two_sheets", None).expect_err("which?").to_string();
    assert!(said.contains("--sheet: Scores, Notes"), "{said}");
    assert_eq!(read("two_sheets", Some("Scores")).expect("named").rows(), 7);
    assert!(read("two_sheets", Some("Skores")).expect_err("none").to_string().contains("no sheet `Skores`"));
    let damaged = Table::parse(b"PK\x03\x04nothing", Path::new("book.xlsx"), &[]).expect_err("damaged").to_string();
    assert!(damaged.contains("book.xlsx") && damaged.contains("CSV UTF-8"), "{damaged}");
}

/// A workbook of one sheet with these rows of XML.
#[cfg(feature = "excel")]
fn workbook(rows: &str, texts: &str, after: &str) -> Vec<u8> {
    use std::io::Write as _;
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let package = "http://schemas.openxmlformats.org/package/2006/relationships";
    let parts = [
        (
            "_rels/.rels",
            format!(
                "<Relationships xmlns=\"{package}\"><Relationship Id=\"r1\" Type=\"{office}/officeDocument\" \
             Target=\"xl/workbook.xml\"/></Relationships>"
            ),
        ),
        (
            "xl/workbook.xml",
            format!(
                "<workbook xmlns=\"{main}\" xmlns:r=\"{office}\"><sheets><sheet name=\"S\" sheetId=\"1\" r:id=\"r1\"/></sheets>\
             </workbook>"
            ),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            format!(
                "<Relationships xmlns=\"{package}\"><Relationship Id=\"r1\" Type=\"{office}/worksheet\" \
             Target=\"worksheets/sheet1.xml\"/><Relationship Id=\"r2\" Type=\"{office}/sharedStrings\" \
             Target=\"sharedStrings.xml\"/></Relationships>"
            ),
        ),
        ("xl/sharedStrings.xml", format!("<sst xmlns=\"{main}\">{texts}</sst>")),
        (
            "xl/worksheets/sheet1.xml",
            format!("<worksheet xmlns=\"{main}\"><sheetData>{rows}</sheetData>{after}</worksheet>"),
        ),
    ];
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, text) in parts {
        archive.start_file(name, zip::write::SimpleFileOptions::default()).expect("a part");
        archive.write_all(text.as_bytes()).expect("written");
    }
    archive.finish().expect("an archive").into_inner()
}

#[cfg(feature = "excel")]
#[test]
fn a_workbook_that_would_fill_the_memory_is_refused_with_its_bound() {
    let read = |rows: &str, texts: &str| Table::parse(&workbook(rows, texts, ""), Path::new("book.xlsx"), &[]);
    let cell = |at: &str, value: u32| format!("<c r=\"{at}\"><v>{value}</v></c>");
    let whole = format!("<row r=\"1\">{}</row><row r=\"2\">{}</row>", cell("A1", 1), cell("A2", 2));
    assert_eq!(read(&whole, "").expect("a table").rows(), 1);
    let wide = format!("<row r=\"1\">{}</row><row r=\"1048576\">{}</row>", cell("A1", 1), cell("XFD1048576", 2));
    let said = read(&wide, "").expect_err("17,179,869,184 cells").to_string();
    assert!(said.contains("--bound workbook-cells=NUMBER"), "{said}");
    let shared: String =
        (1..=600).map(|row| format!("<row r=\"{row}\"><c r=\"A{row}\" t=\"s\"><v>0</v></c></row>")).collect();
    let long = format!("<si><t>{}</t></si>", "x".repeat(1 << 16));
    // The other workbooks of these tests are far below.
    Bound::WorkbookBytes.set(16 << 20);
    let said = read(&shared, &long).expect_err("37 MiB of text").to_string();
    assert!(said.contains("--bound workbook-bytes=NUMBER"), "{said}");
    let said = read(&" ".repeat(16 << 20), "").expect_err("as many bytes").to_string();
    assert!(said.contains("--bound workbook-bytes=NUMBER"), "{said}");
    Bound::WorkbookBytes.set(Bound::WorkbookBytes.default_value());
}

#[cfg(feature = "excel")]
#[test]
fn merged_cells_of_a_workbook_count_for_all_their_rows() {
    let text = |at: &str, text: &str| format!("<c r=\"{at}\" t=\"inlineStr\"><is><t>{text}</t></is></c>");
    let number = |at: &str, value: f64| format!("<c r=\"{at}\"><v>{value}</v></c>");
    let rows = [
        text("A1", "family") + &text("B1", "model") + &text("C1", "score"),
        text("A2", "pythia") + &text("B2", "a") + &number("C2", 0.25),
        text("B3", "b") + &number("C3", 0.5),
        text("A4", "llama") + &text("B4", "c") + &number("C4", 0.75),
    ];
    let rows: String = rows.iter().enumerate().map(|(at, row)| format!("<row r=\"{}\">{row}</row>", at + 1)).collect();
    let read = |after: &str| {
        let table = Table::parse(&workbook(&rows, "", after), Path::new("book.xlsx"), &[]).expect("a table");
        (0..3).map(|row| table.optional_text(row, "family").map(str::to_owned)).collect::<Vec<_>>()
    };
    let named = |names: [Option<&str>; 3]| names.map(|name| name.map(str::to_owned)).to_vec();
    assert_eq!(read(""), named([Some("pythia"), None, Some("llama")]));
    let merged = read("<mergeCells count=\"1\"><mergeCell ref=\"A2:A3\"/></mergeCells>");
    assert_eq!(merged, named([Some("pythia"), Some("pythia"), Some("llama")]));
}

fn fitted(text: &str, score: &str, chance: &str) -> Result<FitReport, Error> {
    let settings = FitSettings {
        tables: Settings { cutoff: Cutoff::None, ..of_score(score) },
        chance: chance.parse().expect("a level"),
        curve: "linear".parse().expect("a curve"),
        bootstrap: 19,
        leave_out: false,
        ..FitSettings::default()
    };
    settings.fit(&models_with(text, &settings.tables)?)
}

fn scores(header: &str, score: impl Fn(f64) -> String) -> String {
    written(&format!("model,family,compute,{header}"), |m, f, p, t, _, s| {
        format!("{m},{f},{:e},{}", 6e21 * p * t, score(s))
    })
}

#[test]
fn a_level_of_chance_is_checked_against_the_scale_of_the_scores() {
    let percent = scores("mmlu", |s| (100.0 * s).to_string());
    let said = fitted(&percent, "mmlu", "0.25").expect_err("0.25 of 100").to_string();
    assert!(said.contains("in percent") && said.contains("--chance 25"), "{said}");
    let said = fitted(&scores("mmlu", |s| s.to_string()), "mmlu", "25").expect_err("25 of 1").to_string();
    assert!(said.contains("--chance 0.25"), "{said}");
    assert_eq!(fitted(&percent, "mmlu", "25").expect("its scale").chance, Some(25.0));
    assert_eq!(fitted(&percent, "mmlu", "known").expect("known").chance, Some(25.0));
}

#[test]
fn an_implied_chance_that_most_scores_contradict_is_not_imposed() {
    let normalised = scores("BBH", |s| (20.0 * s).to_string());
    let found = fitted(&normalised, "BBH", "known").expect("a fit");
    assert_eq!(found.chance, Some(0.0));
    for word in ["28.85", "8 of 8 scores are below", "normalised to chance 0", "--chance"] {
        assert!(found.chance_source.contains(word), "`{word}` is not in: {}", found.chance_source);
    }
    // The raw column beside it says it as well.
    let both = scores("BBH Raw,BBH", |s| format!("{s},{}", 90.0 * s));
    assert_eq!(fitted(&both, "BBH", "known").expect("a fit").chance, Some(0.0));
    let raw = fitted(&both, "BBH Raw", "known").expect("a fit").chance.expect("a level");
    assert!((raw - 0.2885).abs() < 1e-4, "{raw}");
    // Some far below: imposed, and said.
    let some = scores("MMLU-PRO", |s| if s < 0.5 { "2".into() } else { (60.0 * s).to_string() });
    let found = fitted(&some, "MMLU-PRO", "known");
    let found = found.expect("a fit");
    assert_eq!(found.chance, Some(10.0));
}

#[test]
fn truthfulqa_has_a_chance_level_only_as_mc1() {
    for (name, chance) in [("TruthfulQA MC1", Some(0.226)), ("truthfulqa_mc2", None), ("TruthfulQA", None)] {
        let found = fitted(&scores(name, |s| s.to_string()), name, "known").expect(name);
        assert_eq!(found.chance, chance, "{name}");
        assert!(found.chance_source.contains("TruthfulQA"), "{}", found.chance_source);
    }
}

#[test]
fn scores_on_two_scales_are_refused() {
    let settings = Settings { adjusted: Some("after".into()), ..of_score("mmlu") };
    let said = refusal(&scores("mmlu,after", |s| format!("{},{s}", 100.0 * s)), &settings);
    assert!(said.contains("column `after`") && said.contains("in percent"), "{said}");
    let mixed = scores("mmlu", |s| if s > 0.6 { format!("{}%", 100.0 * s) } else { (100.0 * s).to_string() });
    assert!(refusal(&mixed, &of_score("mmlu")).contains("percent sign"));
    let signs = models_with(&scores("mmlu", |s| format!("{}%", 100.0 * s)), &of_score("mmlu")).expect("all alike");
    assert!((signs.rows[0].score - 0.312).abs() < ROUNDING);
    let low = scores("MMLU (%)", |s| s.to_string());
    assert!(refusal(&low, &of_score("MMLU (%)")).contains("--score-scale percent"));
    let said = Settings { score_scale: ScoreScale::Percent, ..of_score("MMLU (%)") };
    assert_eq!(models_with(&low, &said).expect("a scale").score.scale.to_string(), "percent");
}

#[test]
fn models_on_one_side_of_the_default_month_are_told_which_months_would_divide_them() {
    let text = written("model,family,params (B),tokens (T),release,mmlu", |m, f, p, t, r, s| {
        format!("{m},{f},{p},{t},{r},{s}")
    });
    let set = models_with(&text, &of_score("mmlu")).expect("models");
    assert!(set.groups.is_empty());
    let notes = set.notes.join("\n");
    for word in ["in or after 2023-11", "--cutoff 2024-09", "from 2024-05 to 2025-03"] {
        assert!(notes.contains(word), "`{word}` is not in: {notes}");
    }
    let later = Settings { cutoff: "2030-01".parse().expect("a month"), ..of_score("mmlu") };
    assert!(models_with(&text, &later).expect("models").notes.join("\n").contains("before 2030-01"));
}

#[test]
fn names_that_are_not_there_come_with_those_that_were_meant() {
    let text =
        written("model,family,params (B),tokens (T),mmlu,gsm8k", |m, f, p, t, _, s| format!("{m},{f},{p},{t},{s},{s}"));
    assert!(refusal(&text, &of_score("mmul")).contains("did you mean `mmlu`?"));
    let family = Settings { family: Some("famly".into()), ..of_score("mmlu") };
    assert!(refusal(&text, &family).contains("did you mean `family`?"));
    for (arguments, meant) in [
        (&["fti"][..], "fit"),
        (&["fit", "--scoer", "x"], "--score"),
        (&["import", "lm_eval"], "lm-eval"),
        (&["fit", "t.csv", "--param-unit", "B"], "--params-unit"),
    ] {
        let run = program().args(arguments).output().expect("the program starts");
        assert_eq!(run.status.code(), Some(2));
        assert!(complained(&run).contains(&format!("'{meant}'")), "{arguments:?}: {}", complained(&run));
    }
}

#[test]
fn standard_input_is_a_table() {
    let text = written("model;family;params (B);tokens (T);mmlu", |m, f, p, t, _, s| {
        format!("{m};{f};{};{t};{}", comma(p), comma(s))
    });
    let mut command = program();
    command.args(["fit", "-", "--score", "mmlu", "--curve", "linear", "--bootstrap", "19", "--format", "json"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the program starts");
    child.stdin.take().expect("a pipe").write_all(text.as_bytes()).expect("written");
    let run = child.wait_with_output().expect("it ends");
    let found: Value = serde_json::from_slice(&run.stdout).expect("JSON");
    assert_eq!((&found["n_models"], &found["tables"][0]), (&Value::from(8), &Value::from("standard input")));
    assert!(refused(program().args(["fit", "-", "-"])).contains("only once"));
}

#[test]
fn several_scores_have_a_row_each_and_p_values_that_allow_for_their_number() {
    let folder = Folder::new();
    let mut text = String::from("model,family,compute,release,mmlu,gsm8k,elo\n");
    for at in 0..18 {
        // Every family has an older and a newer model.
        let (x, new) = (20.0 + 0.25 * f64::from(at), at % 2 == 1);
        let score = 0.3 + 0.03 * f64::from(at) + 0.01 * f64::from(at * 7 % 5) + if new { 0.05 } else { 0.0 };
        let other = 0.2 + 0.03 * f64::from(at) + 0.02 * f64::from(at * 5 % 7);
        let release = if new { "2024-10" } else { "2024-02" };
        writeln!(text, "m{at},f{},{:e},{release},{score},{other},", at / 2, 10f64.powf(x)).expect("text");
    }
    let table = folder.write("t.csv", &text);
    let arguments = ["fit", &table, "--score", "mmlu", "--score", "gsm8k", "--curve", "linear", "--bootstrap", "99"];
    let split = ["--cutoff", "2024-09"];
    let out = folder.at("out");
    let csv = succeeds(program().args(arguments).args(split).args(["--format", "csv", "--out", &out]));
    let rows: Vec<&str> = csv.lines().collect();
    assert_eq!(rows.len(), 3, "{csv}");
    assert!(rows[0].contains("theta_p,theta_holm,theta_bh") && rows[1].starts_with("mmlu,18,9,"), "{csv}");
    assert!(folder.path("out/mmlu/report.json").exists() && folder.path("out/scores.csv").exists());
    let json = succeeds(program().args(arguments).args(split).args(["--format", "json"]));
    let found: Value = serde_json::from_str(&json).expect("JSON");
    let p = |at: usize, kind: &str| found["scores"][at]["theta"][kind].as_f64().expect("a p-value");
    let (least, most) = if p(0, "p_value") < p(1, "p_value") { (0, 1) } else { (1, 0) };
    assert!((p(least, "holm") - (2.0 * p(least, "p_value")).min(1.0)).abs() < ROUNDING);
    assert!((p(most, "benjamini_hochberg") - p(most, "p_value")).abs() < ROUNDING);
    let printed = succeeds(program().args(arguments).args(split));
    assert!(printed.contains("Holm") && printed.lines().all(|line| line.chars().count() <= 80), "{printed}");
    let missing = succeeds(program().args(arguments).args(["--score", "elo", "--cutoff", "none"]));
    assert!(missing.contains("elo: "), "a score without values has its reason: {missing}");
    assert!(refused(program().args(arguments).args(["--score", "mmul"])).contains("did you mean `mmlu`?"));
    assert!(
        refused(program().args(["report", &table, "--score", "mmlu", "--score", "gsm8k"])).contains("--score once")
    );
}

#[test]
fn intervals_have_the_level_that_was_asked_for() {
    let folder = Folder::new();
    let text = written("model,family,params (B),tokens (T),mmlu", |m, f, p, t, _, s| format!("{m},{f},{p},{t},{s}"));
    let table = folder.write("t.csv", &text);
    let arguments = ["fit", &table, "--score", "mmlu", "--curve", "linear", "--bootstrap", "99"];
    let width = |level: &str| {
        let json = succeeds(program().args(arguments).args(["--level", level, "--format", "json"]));
        let found: Value = serde_json::from_str(&json).expect("JSON");
        assert_eq!(found["settings"]["level"].as_f64(), level.parse().ok());
        let slope =
            found["curves"][0]["parameters"].as_array().expect("parameters").iter().find(|p| p["name"] == "slope");
        let end = |name: &str| slope.expect("a slope")[name].as_f64().expect("an end");
        end("high") - end("low")
    };
    assert!(width("0.8") < width("0.95") && width("0.95") < width("0.99"));
    let printed = succeeds(program().args(arguments).args(["--level", "0.8"]));
    assert!(printed.contains("80 % low") && !printed.contains("95 %"), "{printed}");
    for level in ["0.4", "1", "95"] {
        assert!(refused(program().args(arguments).args(["--level", level])).contains("between 0.5 and 1"), "{level}");
    }
}
