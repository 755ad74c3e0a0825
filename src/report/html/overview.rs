//! A study, a lab or the agreement of benchmarks as the page shows it: what all fits say together, and every fit in detail.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use super::fit::FitData;
use super::paper::{Cells, Facts, PaperFigure};
use super::words;
use crate::analysis::figure::Figure;
use crate::analysis::fit::FitReport;
use crate::lab::LabReport;
use crate::registry::Flops;
use crate::registry::modelset::{ModelSet, Settings};
use crate::registry::table::Table;
use crate::report::lab as lab_tables;
use crate::{Error, Result};

/// Everything the page shows.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Overview {
    #[serde(skip)]
    pub(super) title: String,
    /// What was found, a paragraph each.
    #[serde(skip)]
    pub(super) said: Vec<String>,
    /// How it was found.
    #[serde(skip)]
    pub(super) methods: &'static str,
    #[serde(skip)]
    pub(super) tables: Vec<Cells>,
    pub(super) figures: Vec<PaperFigure>,
    pub(super) readings: Vec<&'static str>,
    pub(super) models: BTreeMap<String, Facts>,
    /// Fits to look into, each with its name.
    #[serde(skip)]
    pub(super) fits: Vec<(String, FitData)>,
}

const STUDY: &str = "study";
const LAB: &str = "lab";

impl Overview {
    /// The folder of a study, after `onset study run` or `onset study report`.
    pub(super) fn of_study(folder: &Path) -> Result<Self> {
        let report = folder.join("report");
        let table = Table::read(&report.join("fits.csv"), &[])?;
        let models = Table::read(&folder.join("tables/models.csv"), &[])?;
        let path = report.join("figures.json");
        let figures: Vec<Figure> = match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map_err(|e| Error::File { path, problem: format!("it holds no figures: {e}") })?,
            // An older version wrote none.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(Error::read(&path)(error)),
        };
        let mut fits = Vec::new();
        let mut inside: Vec<_> = std::fs::read_dir(&report).map_err(Error::read(&report))?.flatten().collect();
        inside.sort_by_key(std::fs::DirEntry::file_name);
        for entry in inside.iter().filter(|entry| entry.path().join("report.json").is_file()) {
            let fit = FitData::of_folder(&entry.path())?;
            fits.push((fit_name(&fit), fit));
        }
        let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
        let title = name(folder).or_else(|| name(&folder.canonicalize().ok()?)).unwrap_or_default();
        let mut said = vec![format!(
            "{} models, evaluated as released and after fine-tuning on task examples. Each row of the first table is one \
             fit of a benchmark under one condition.",
            models.rows()
        )];
        said.extend(found(&table, &["benchmark"], "As released")?);
        Ok(Self {
            title: format!("Study {title}"),
            said,
            methods: "The fits are those of onset fit on the tables in the study’s folder: models of one family count as \
                      related, and the scores of several seeds are averaged before they are fitted. Below, each fit can \
                      be looked into with everything that onset fit reports.",
            tables: vec![Cells::of("fits", &table)],
            figures: drawn(&figures, STUDY)?,
            readings: vec![STUDY],
            models: facts(&models)?,
            fits,
        })
    }

    /// The folder of a lab, with the fits of its scores.
    pub(super) fn of_lab(folder: &Path, report: &LabReport) -> Result<Self> {
        let table = Table::read(&folder.join("observations.csv"), &[])?;
        let summary = Table::parse(&lab_tables::csv(report).to_bytes()?, Path::new("summary.csv"), &[])?;
        let mut fits = Vec::new();
        // The one to look at first is that of all task examples.
        let adjusted = report.adjusted.iter().rev();
        let shown = adjusted.map(|(examples, fit)| (format!("multiple choice, {examples} task examples"), fit));
        for (name, fit) in shown.chain([("cloze, as pretrained".to_owned(), &report.cloze)]) {
            fits.push((name, of_report(&fit.all.hinge, &table)?));
        }
        let models = facts(&table)?;
        let kinds: Vec<String> = report.kinds.iter().map(|(kind, share)| format!("{kind} ({share})")).collect();
        let mut said = vec![format!(
            "{} models pretrained from nothing in a world whose truth is known. Kinds of models differ only in the share of \
             test-task documents in their pretraining text: {} against {} for the reference. θ is the difference from the \
             reference at equal compute.",
            models.len(),
            kinds.join(", "),
            report.reference
        )];
        said.extend(found(&summary, &["score", "kind"], "As pretrained")?);
        Ok(Self {
            title: "The lab".into(),
            said,
            methods: "Every kind of model has the same families and sizes; compute is 6 · params · tokens. The fits are \
                      hinges with chance 0.25, with models of one family as related; “p equal” tests whether the \
                      difference is below 0.1.",
            tables: vec![Cells::of("summary", &summary)],
            figures: drawn(&report.figures(), LAB)?,
            readings: vec![LAB],
            models,
            fits,
        })
    }
}

fn drawn(figures: &[Figure], reading: &'static str) -> Result<Vec<PaperFigure>> {
    figures.iter().map(|figure| PaperFigure::of(figure, reading)).collect()
}

/// A fit with the models it was made from; their table knows what the report does not.
fn of_report(report: &FitReport, table: &Table) -> Result<FitData> {
    let settings = Settings {
        score: Some(report.score.clone()),
        metric: report.metric.clone(),
        adjusted: report.adjusted_score.clone(),
        cutoff: crate::registry::modelset::Cutoff::None,
        any_size: true,
        ..Settings::default()
    };
    Ok(FitData::of(report, &ModelSet::from_tables(std::slice::from_ref(table), &settings)?))
}

fn fit_name(fit: &FitData) -> String {
    match &fit.report.adjusted_score {
        Some(adjusted) => format!("{}, before and after {adjusted}", fit.report.score_name),
        None => fit.report.score_name.clone(),
    }
}

/// Family, release and compute of every model of a table.
pub(super) fn facts(table: &Table) -> Result<BTreeMap<String, Facts>> {
    let mut known = BTreeMap::new();
    for row in 0..table.rows() {
        let (Some(params), Some(tokens)) =
            (table.optional_number(row, "params")?, table.optional_number(row, "tokens")?)
        else {
            continue;
        };
        let family = table.optional_text(row, "family").unwrap_or_default().to_owned();
        let release = table.optional_text(row, "release").map(str::to_owned);
        let compute = Flops::of_training(params, tokens).0;
        known.entry(table.text(row, "model")?.to_owned()).or_insert(Facts { family, release, compute });
    }
    Ok(known)
}

/// A sentence for the first and the last condition of every series of a table of fits; `names` are the columns that tell
/// series apart.
fn found(table: &Table, names: &[&str], before: &str) -> Result<Vec<String>> {
    let name = |row: usize| -> Vec<&str> {
        names.iter().map(|column| table.optional_text(row, column).unwrap_or_default()).collect()
    };
    let mut series: Vec<Vec<&str>> = Vec::new();
    let mut said = Vec::new();
    for row in 0..table.rows() {
        if series.contains(&name(row)) {
            continue;
        }
        series.push(name(row));
        let of_series: Vec<usize> = (row..table.rows()).filter(|other| name(*other) == name(row)).collect();
        let ends = [of_series.first(), of_series.last().filter(|_| of_series.len() > 1)];
        let mut parts = Vec::new();
        for row in ends.into_iter().flatten().copied() {
            let number = |column: &str| table.optional_number(row, column);
            let Some(theta) = number("theta")? else { continue };
            let when = match table.optional_text(row, "examples") {
                None | Some("0") => before.to_lowercase(),
                Some(examples) => format!("after {examples} task examples"),
            };
            let interval = match (number("theta_low")?, number("theta_high")?) {
                (Some(low), Some(high)) => {
                    format!(", 95 % interval {} to {}", words::decimal(low), words::decimal(high))
                }
                _ => ", without an interval".to_owned(),
            };
            parts.push(format!("θ is {} {when}{interval}", words::decimal(theta)));
        }
        if !parts.is_empty() {
            said.push(format!("{}: {}.", name(row).join(", "), parts.join("; ")));
        }
    }
    Ok(said)
}
