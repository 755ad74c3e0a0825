//! The agreement of benchmarks as the page shows it: of anybody's tables, and of the second paper's.

use std::collections::BTreeMap;
use std::path::Path;

use super::overview::{Overview, facts};
use super::paper::{Cells, PaperFigure};
use super::words;
use crate::analysis::agree::{AgreeReport, figure};
use crate::analysis::papers::test_task::{Agreement, Conclusion};
use crate::analysis::papers::train_before_test as second;
use crate::registry::table::Table;
use crate::stats::estimate::Estimate;
use crate::{Error, Result};

const AGREEMENT: &str = "agreement";

/// What is said of a value and its interval.
fn shown(estimate: &Estimate) -> String {
    let value = estimate.value.map_or_else(|| "unknown".to_owned(), words::decimal);
    match estimate.interval.ends() {
        Some((low, high)) => format!("{value}, 95 % interval {} to {}", words::decimal(low), words::decimal(high)),
        None => format!("{value}, without an interval"),
    }
}

impl Overview {
    /// The folder that `onset agree --out` wrote.
    pub(super) fn of_agreement(folder: &Path) -> Result<Self> {
        let path = folder.join("report.json");
        let text = std::fs::read_to_string(&path).map_err(Error::read(&path))?;
        let report = AgreeReport::from_json(&text).map_err(|e| e.within(path.display().to_string()))?;
        let table = |name: &str| -> Result<Cells> {
            Ok(Cells::of(name, &Table::read(&folder.join(format!("{name}.csv")), &[])?))
        };
        let mut said = vec![format!(
            "{} models on {} benchmarks, in {} clusters (as good as {} of equal size).",
            report.models.len(),
            report.benchmarks.len(),
            report.clusters,
            words::decimal(report.effective_clusters)
        )];
        for side in &report.scores {
            said.push(format!(
                "Mean τ-b of all pairs ({}): {}. {} cells are empty and left out pair by pair.",
                side.condition,
                shown(&side.summary.mean),
                side.missing
            ));
        }
        if let Some(change) = &report.change {
            said.push(format!("After minus before: {}.", shown(&change.summary.mean)));
        }
        said.extend(report.left_out.iter().map(|one| format!("Left out: {} ({}).", one.name, one.reason)));
        said.extend(report.notes.iter().map(|note| format!("Note: {note}.")));
        Ok(Self {
            title: "Agreement of benchmarks".into(),
            said,
            methods: "Kendall’s τ-b of every pair of benchmarks, among the models with both scores. Intervals come from \
                      drawing clusters (families, unless said otherwise) anew, and inside them base models with what was made from them; p-values from \
                      the standard error of these draws and Student’s t, adjusted over all pairs by Holm’s method and by \
                      Benjamini and Hochberg’s. The ceiling is the τ-b that a benchmark would have with itself on fresh \
                      items of the same number.",
            tables: vec![table("summary")?, table("benchmarks")?, table("pairs")?],
            figures: vec![PaperFigure::of(&figure(&report), AGREEMENT)?],
            readings: vec![AGREEMENT],
            models: BTreeMap::new(),
            fits: Vec::new(),
        })
    }

    /// The folder that `onset reproduce` wrote of the second paper: its own numbers, in the look of the figures that this
    /// program makes.
    pub(super) fn of_second_paper(folder: &Path) -> Result<Self> {
        let read = |name: &str| Table::read(&folder.join(format!("{name}.csv")), &[]);
        let verdicts = Cells::of("reproduction", &read("reproduction")?);
        let made = second::run(&second::tables()?)?;
        let mut figures = Vec::new();
        for like in &made.figures {
            let path = folder.join(format!("{}.csv", like.name));
            if path.is_file() {
                figures.push(PaperFigure::of_csv(&path, AGREEMENT, like)?);
            }
        }
        let stands = |conclusion| verdicts.count("conclusion", &conclusion);
        let said = vec![
            "“Train-before-Test Harmonizes Language Model Rankings” (arXiv 2507.05195), regenerated and questioned: 61 models \
             on 24 benchmarks, before and after each model is fine-tuned on the benchmark’s own training set."
                .to_owned(),
            format!(
                "{} of {} printed numbers come out again. Of the conclusions {} stand and {} change.",
                verdicts.count("verdict", &Agreement::Reproduced),
                verdicts.rows.len(),
                stands(Conclusion::Stands),
                stands(Conclusion::Changes)
            ),
        ];
        let models = Table::parse(second::MODELS.as_bytes(), Path::new("models.csv"), &[])?;
        Ok(Self {
            title: "Train-before-test, regenerated".into(),
            said,
            methods: "Published numbers are recomputed by the published method. Corrected ones have 95 % intervals from \
                      drawing makers anew, and inside them base models with their chat models.",
            tables: vec![verdicts, Cells::of("findings", &read("findings")?), Cells::of("curves", &read("curves")?)],
            figures,
            readings: vec![AGREEMENT],
            models: facts(&models)?,
            fits: Vec::new(),
        })
    }
}
