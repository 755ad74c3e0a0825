//! From what onset wrote, or from tables, to a page.

use crate::analysis::fit::{FitReport, FitSettings, FitTables, Inputs};
use crate::error::{Error, Result};
use crate::lab::{LabReport, LabScores};
use crate::registry::modelset::ModelSet;
use crate::report::html::{Document, Kind, kind};

/// How a set of models is fitted: for programs that say meanwhile how far it is.
pub(super) type FitBy<'a> = &'a dyn Fn(&FitSettings, &ModelSet) -> Result<FitReport>;

/// Reads what `onset` wrote (the folder of `onset fit --out`, `onset agree --out`, `onset reproduce`, `onset study` or `onset lab`, the JSON
/// of `onset fit --format json`), or else takes the paths for tables and fits them by `settings`. The fits of a lab are
/// made again from its scores.
///
/// # Errors
/// When a path cannot be read, is neither a result of onset nor a table, or cannot be fitted.
pub fn open(inputs: &Inputs, settings: &FitSettings) -> Result<Document> {
    open_by(inputs, settings, &FitSettings::fit)
}

/// The same, with the fit of tables made by `fit`.
pub(crate) fn open_by(inputs: &Inputs, settings: &FitSettings, fit: FitBy<'_>) -> Result<Document> {
    if !inputs.after.is_empty() || !inputs.before.is_empty() {
        let set = FitTables::read(inputs, &settings.tables.reading)?.models(&settings.tables)?;
        let paths = [&inputs.before[..], &inputs.after, &inputs.tables].concat();
        return Document::of_fit(&fit(settings, &set)?, &set).with_sources(&paths);
    }
    let paths = &inputs.tables[..];
    // Of no path at all there is nothing to show.
    let Some(first) = paths.first() else {
        return Err(Error::Argument("a report needs something to show: a table, or a result of onset".into()));
    };
    let document = match kind(paths)? {
        Kind::Reproduction => Document::of_reproduction(first)?,
        Kind::SecondPaper => Document::of_second_paper(first)?,
        Kind::Agreement => Document::of_agreement(first)?,
        Kind::Study => Document::of_study(first)?,
        Kind::Lab => {
            let scores = LabScores::read(&first.join("observations.csv"))?;
            Document::of_lab(first, &LabReport::of(&scores)?)?
        }
        Kind::FitFolder => Document::of_fit_folder(first)?,
        Kind::FitJson => Document::of_fit_json(first)?,
        Kind::Tables => {
            let set = FitTables::read(inputs, &settings.tables.reading)?.models(&settings.tables)?;
            Document::of_fit(&fit(settings, &set)?, &set)
        }
    };
    document.with_sources(paths)
}
