//! What commands write beside what they print.

use std::path::Path;

use super::figure::FigureOptions;
use crate::analysis::agree::{self, AgreeReport};
use crate::analysis::emergence_law::{self, EmergenceLawReport};
use crate::analysis::figure::Figure;
use crate::analysis::fit::{self, FitReport, Names, ScoreFits};
use crate::analysis::loss_law::{self, LossLawReport};
use crate::analysis::loss_then_score::{self, LossThenScoreReport};
use crate::analysis::observational::{self, ObservationalReport};
use crate::error::Result;
use crate::plot::{Theme, draw, vega_lite};
use crate::registry::write;
use crate::report::{
    agree as agreements, csv, emergence_law as forecasts, fit as texts, json, loss_law as laws,
    loss_then_score as steps, observational as ahead,
};

/// Writes a figure as [`figure`] does in the look that was asked for, and a specification of Vega-Lite beside its CSV, by which
/// it can be drawn anew in any other look.
pub(super) fn styled(folder: &Path, figure: Figure, look: &FigureOptions) -> Result<()> {
    let figure = look.titled(figure);
    drawn(folder, &figure, &look.theme())?;
    write::bytes(&folder.join(format!("{}.vl.json", figure.name)), json::text(&vega_lite(&figure))?.as_bytes())
}

/// Writes a figure as SVG, PNG and PDF, and its data as CSV, under its own name.
pub(super) fn figure(folder: &Path, figure: &Figure) -> Result<()> {
    drawn(folder, figure, &Theme::default())
}

fn drawn(folder: &Path, figure: &Figure, theme: &Theme) -> Result<()> {
    let drawing = draw(figure, theme)?;
    let path = |ending: &str| folder.join(format!("{}.{ending}", figure.name));
    write::bytes(&path("svg"), drawing.svg().as_bytes())?;
    write::bytes(&path("png"), &drawing.png()?)?;
    write::bytes(&path("pdf"), &drawing.pdf()?)?;
    write::bytes(&path("csv"), &csv::figure_data(figure).to_bytes()?)
}

/// Writes everything a fit has to say: its figure, the report and its tables.
pub(super) fn fit(folder: &Path, report: &FitReport, names: Names, look: &FigureOptions) -> Result<()> {
    styled(folder, fit::figure_with(report, &report.group_names(), names), look)?;
    write::bytes(&folder.join("report.json"), report.to_json()?.as_bytes())?;
    write::bytes(&folder.join("parameters.csv"), &texts::parameters(report).to_bytes()?)?;
    write::bytes(&folder.join("predictions.csv"), &texts::predictions(report).to_bytes()?)?;
    write::bytes(&folder.join("diagnostics.csv"), &texts::diagnostics(report).to_bytes()?)
}

/// Writes the row of every score, and everything each fit has to say into a folder of its own.
pub(super) fn fits(folder: &Path, fits: &ScoreFits, names: Names, look: &FigureOptions) -> Result<()> {
    for (name, report) in fits.folders() {
        fit(&folder.join(name), report, names, look)?;
    }
    write::bytes(&folder.join("scores.csv"), &texts::several_csv(fits).to_bytes()?)
}

/// Writes everything there is to say about the agreement of benchmarks.
pub(super) fn agreement(folder: &Path, report: &AgreeReport, look: &FigureOptions) -> Result<()> {
    styled(folder, agree::figure(report), look)?;
    write::bytes(&folder.join("report.json"), report.to_json()?.as_bytes())?;
    let tables = [
        ("pairs.csv", agreements::pairs(report)),
        ("benchmarks.csv", agreements::benchmarks(report)),
        ("ranks.csv", agreements::ranks(report)),
        ("summary.csv", agreements::summary(report)),
    ];
    tables.iter().try_for_each(|(name, table)| write::bytes(&folder.join(name), &table.to_bytes()?))
}

/// Writes everything there is to say about a law of loss.
pub(super) fn loss_law(folder: &Path, report: &LossLawReport, look: &FigureOptions) -> Result<()> {
    styled(folder, loss_law::figure(report), look)?;
    write::bytes(&folder.join("report.json"), report.to_json()?.as_bytes())?;
    write::bytes(&folder.join("estimates.csv"), &laws::estimates(report).to_bytes()?)?;
    write::bytes(&folder.join("points.csv"), &laws::points(report).to_bytes()?)
}

/// Writes everything there is to say about a forecast in two steps.
pub(super) fn loss_then_score(folder: &Path, report: &LossThenScoreReport, look: &FigureOptions) -> Result<()> {
    styled(folder, loss_then_score::figure(report), look)?;
    write::bytes(&folder.join("report.json"), report.to_json()?.as_bytes())?;
    write::bytes(&folder.join("forecasts.csv"), &steps::forecasts(report).to_bytes()?)?;
    write::bytes(&folder.join("parameters.csv"), &steps::parameters(report).to_bytes()?)?;
    write::bytes(&folder.join("checkpoints.csv"), &steps::checkpoints(report).to_bytes()?)
}

/// Writes everything there is to say about a law of the point of emergence.
pub(super) fn emergence_law(folder: &Path, report: &EmergenceLawReport, look: &FigureOptions) -> Result<()> {
    styled(folder, emergence_law::figure(report), look)?;
    write::bytes(&folder.join("report.json"), report.to_json()?.as_bytes())?;
    write::bytes(&folder.join("estimates.csv"), &forecasts::estimates(report).to_bytes()?)?;
    write::bytes(&folder.join("points.csv"), &forecasts::points(report).to_bytes()?)
}

/// Writes everything there is to say about a benchmark forecast from others.
pub(super) fn observational(folder: &Path, report: &ObservationalReport, look: &FigureOptions) -> Result<()> {
    styled(folder, observational::figure(report), look)?;
    write::bytes(&folder.join("report.json"), report.to_json()?.as_bytes())?;
    write::bytes(&folder.join("forecasts.csv"), &ahead::forecasts(report).to_bytes()?)?;
    write::bytes(&folder.join("families.csv"), &ahead::families(report).to_bytes()?)?;
    write::bytes(&folder.join("components.csv"), &ahead::components(report).to_bytes()?)
}
