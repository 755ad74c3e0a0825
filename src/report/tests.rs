//! The reports of the lab say what is known of its scores.

use super::{coverage, lab};
use crate::analysis::fit::{ChanceLevel, CurveChoice, FitSettings};
use crate::lab::{ADJUSTMENT, CHANCE, Coverage, Curves, LabFit, LabReport, Truth, table};
use crate::registry::modelset::{Cutoff, ModelSet, Settings};
use crate::registry::table::Table;
use crate::stats::curves::Curve;

/// A hinge at 10¹⁰ FLOPs with a difference of `gap` for new models, as rows of a table of the lab.
fn rows(benchmark: &str, adjustment: &str, examples: &str, gap: f64) -> String {
    let mut text = String::new();
    for (cohort, share, difference) in [("old", 0.0, 0.0), ("new", 0.3, gap), ("mid", 0.1, gap / 3.0)] {
        for (family, shift) in [("a", 0.002), ("b", -0.002), ("c", 0.001)] {
            for step in 0..5 {
                let x = 9.4 + 0.4 * f64::from(step) + 20.0 * shift;
                let value = 0.25 + 0.2 * (x - 10.0_f64).max(0.0) + difference + shift;
                let tokens = 10_f64.powf(x) / 6e4;
                text.push_str(&format!(
                    "{cohort}-{family}-{step},{cohort}-{family},{cohort},{share},1,8,10000,{tokens},{benchmark},,acc,{value},192,{adjustment},{examples}\n"
                ));
            }
        }
    }
    text
}

/// Fits of scores with a gap of 0.12 as pretrained, and none after adjustment or in cloze format.
fn known_report() -> crate::Result<LabReport> {
    let header = table(&[]);
    let text = [
        header.as_str(),
        &rows("lab_mc", "none", "", 0.12),
        &rows("lab_mc", ADJUSTMENT, "64", 0.0),
        &rows("lab_cloze", "none", "", 0.0),
    ]
    .concat();
    let tables = [Table::parse(text.as_bytes(), "observations.csv".as_ref(), &[])?];
    let fit = |score: &str, adjusted: Option<&str>, alone: bool, curve| -> crate::Result<_> {
        let settings = Settings {
            score: Some(score.to_owned()),
            adjusted: adjusted.map(str::to_owned),
            groups: vec!["cohort = new".parse()?, "cohort = mid".parse()?],
            cutoff: Cutoff::None,
            any_size: true,
            ..Settings::default()
        };
        let mut set = ModelSet::from_tables(&tables, &settings)?;
        if alone {
            set.groups.clear();
            set.rows.retain(|row| row.groups.iter().all(|&group| group == 0.0));
            set.rows.iter_mut().for_each(|row| row.groups.clear());
        }
        let fit = FitSettings {
            bootstrap: 99,
            chance: ChanceLevel::Given(CHANCE),
            margin: Some(0.1),
            ..FitSettings::default()
        };
        FitSettings { curve: CurveChoice::One(curve), ..fit }.fit(&set)
    };
    let both = |score: &str, adjusted| -> crate::Result<LabFit> {
        let curves = |alone| -> crate::Result<_> {
            let curve = |curve| fit(score, adjusted, alone, curve);
            Ok(Curves { hinge: curve(Curve::Hinge)?, line: curve(Curve::Linear)? })
        };
        Ok(LabFit { all: curves(false)?, reference: curves(true)? })
    };
    Ok(LabReport {
        kinds: vec![("new".to_owned(), 0.3), ("mid".to_owned(), 0.1)],
        reference: 0.0,
        cloze: both("lab_cloze", None)?,
        adjusted: vec![(64, both("lab_mc", Some("lab@64"))?)],
        agreement: Vec::new(),
    })
}

#[test]
fn the_report_finds_a_known_difference_and_that_adjustment_removed_it() -> crate::Result<()> {
    let report = known_report()?;
    let csv = lab::csv(&report);
    let cell = |row: usize, column: &str| {
        let column = csv.columns.iter().position(|name| name == column).expect("the column is there");
        csv.rows[row][column].clone()
    };
    let theta = |row| cell(row, "theta").parse::<f64>().expect("there is an estimate");
    // Families are shifted by at most 0.002, and so are estimates.
    let within = 0.005;
    assert_eq!(csv.rows.len(), 6);
    assert!((theta(0) - 0.12).abs() < within && (theta(1) - 0.04).abs() < within, "{} {}", theta(0), theta(1));
    assert!(theta(2).abs() < within && theta(4).abs() < within, "{} {}", theta(2), theta(4));
    assert_eq!((cell(0, "equivalent"), cell(2, "equivalent")), ("false".to_owned(), "true".to_owned()));
    assert!(lab::terminal(&report, 80).lines().all(|line| line.chars().count() <= 80));

    let figures = report.figures();
    let names: Vec<&str> = figures.iter().map(|figure| figure.name.as_str()).collect();
    assert_eq!(names, ["main", "reformulation", "emergence", "dose"]);
    let labels: Vec<&str> = figures[0].legend.iter().map(|entry| entry.label.as_str()).collect();
    let marks = ["Chance", "Emergence at cₑ", "95 % band"];
    assert_eq!(labels, [&["reference: share 0", "new: share 0.3", "mid: share 0.1"], &marks[..]].concat());
    Ok(())
}

#[test]
fn a_report_of_the_lab_that_is_read_is_the_one_that_was_written() -> crate::Result<()> {
    let report = known_report()?;
    let written = serde_json::to_string(&report).expect("JSON");
    let read: LabReport = serde_json::from_str(&written).expect("a report");
    assert_eq!(serde_json::to_string(&read).expect("JSON"), written);
    assert_eq!(lab::csv(&read), lab::csv(&report));
    Ok(())
}

#[test]
fn coverage_counts_the_intervals_that_hold_no_difference() -> crate::Result<()> {
    let report = known_report()?;
    let mut coverage = Coverage::default();
    for seed in 0..3 {
        coverage.add(seed, Truth::AsPlanned, &report);
    }
    let counts = coverage::counts(&coverage);
    let cell = |row: usize, name: &str| {
        let column = counts.columns.iter().position(|column| column == name).expect("the column is there");
        counts.rows[row][column].clone()
    };
    let row = |score: &str, examples: &str| {
        (0..counts.rows.len())
            .find(|&row| cell(row, "kind") == "new" && cell(row, "score") == score && cell(row, "examples") == examples)
            .expect("the condition is there")
    };
    let unadjusted = row("multiple choice", "0");
    assert_eq!((cell(unadjusted, "intervals"), cell(unadjusted, "above_0")), ("3".to_owned(), "3".to_owned()));
    assert_eq!(cell(unadjusted, "rate"), "0");
    let adjusted = row("multiple choice", "64");
    assert_eq!((cell(adjusted, "hold_0"), cell(adjusted, "rate")), ("3".to_owned(), "1".to_owned()));
    assert_eq!(coverage::estimates(&coverage).rows.len(), 3 * lab::csv(&report).rows.len());
    assert!(coverage::terminal(&coverage, 80).lines().all(|line| line.chars().count() <= 80));
    Ok(())
}
