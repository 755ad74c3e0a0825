//! What a Jupyter notebook needs: everything of the usual questions under one name, and results that show themselves.
//!
//! In the Rust kernel ([evcxr](https://github.com/evcxr/evcxr)) the last expression of a cell is displayed by its method
//! `evcxr_display`. Here a [`Figure`] shows as a drawing, a table as a table, and a report of a fit as its estimates
//! before and after adjustment. The notebooks in the folder `notebooks` are written with nothing else.
//!
//! ```
//! use onset::notebook::*;
//!
//! let text = "model,family,compute,release,score\n\
//!     a1,a,1e21,2022-05,0.26\na2,a,1e22,2022-05,0.27\na3,a,1e23,2022-05,0.36\n\
//!     b1,b,3e21,2023-02,0.25\nb2,b,3e22,2023-02,0.31\nb3,b,3e23,2023-02,0.41\n\
//!     c1,c,2e21,2024-03,0.31\nc2,c,2e22,2024-03,0.36\nc3,c,2e23,2024-03,0.45\n\
//!     d1,d,5e21,2024-06,0.30\nd2,d,5e22,2024-06,0.39\nd3,d,5e23,2024-06,0.50\n";
//! let mut settings = FitSettings { bootstrap: 99, chance: "0.25".parse()?, ..FitSettings::default() };
//! settings.tables.score = Some("score".into());
//! let report = settings.fit(&models(text, &settings)?)?;
//! assert_eq!(summary(&report).columns, ["quantity", "estimate"]);
//! assert_eq!(cutoff_sweep(&report)?.panels.len(), 1);
//! report.evcxr_display();
//! # Ok::<(), onset::Error>(())
//! ```

mod figures;
mod html;
mod tables;

pub use crate::analysis::figure::Figure;
pub use crate::analysis::fit::{FitReport, FitSettings, figure as curve};
pub use crate::analysis::papers::test_task::{Reproduce, Reproduction, published};
pub use crate::lab::LabReport;
pub use crate::report::csv::CsvTable;
pub use figures::{cutoff_sweep, without_each_family};
pub use tables::{conclusions, curves, differences, predictions, summary};

use std::path::Path;

use crate::lab::LabScores;
use crate::plot::{Drawing, Theme, draw};
use crate::registry::modelset::ModelSet;
use crate::registry::table::Table;
use crate::{Error, Result};

/// The models of a table written in the notebook itself (CSV, TSV or JSON lines), read as `settings` say.
///
/// # Errors
/// Those of [`Table::parse`] and [`ModelSet::from_tables`].
pub fn models(text: &str, settings: &FitSettings) -> Result<ModelSet> {
    let table = Table::parse(text.as_bytes(), "the notebook's table".as_ref(), &[])?;
    ModelSet::from_tables(&[table], &settings.tables)
}

/// The fits of the observations that `onset lab` wrote, with and without task examples.
///
/// # Errors
/// Those of `LabScores::read` and `LabReport::of`.
pub fn lab(observations: impl AsRef<Path>) -> Result<LabReport> {
    LabReport::of(&LabScores::read(observations.as_ref())?)
}

/// The figure of this name (`main`, `reformulation`, `emergence`, `dose`, `agreement`) of a lab.
///
/// # Errors
/// [`Error::Argument`] for another name.
pub fn lab_figure(report: &LabReport, name: &str) -> Result<Figure> {
    let mut figures = report.figures();
    let known: Vec<String> = figures.iter().map(|figure| figure.name.clone()).collect();
    let place = known.iter().position(|known| known == name);
    let place = place.ok_or_else(|| Error::Argument(format!("no figure `{name}`: there are {}", known.join(", "))))?;
    Ok(figures.swap_remove(place))
}

/// Hands the kernel one piece of content under its media type.
fn show(media_type: &str, content: &str) {
    println!("EVCXR_BEGIN_CONTENT {media_type}\n{}\nEVCXR_END_CONTENT", content.trim_end());
}

impl Drawing {
    /// Shows the drawing below a notebook's cell, as SVG.
    pub fn evcxr_display(&self) {
        show("image/svg+xml", self.svg());
    }
}

impl Figure {
    /// Draws the figure below a notebook's cell; where it cannot be drawn the reason is shown.
    pub fn evcxr_display(&self) {
        match draw(self, &Theme::default()) {
            Ok(drawing) => drawing.evcxr_display(),
            Err(error) => eprintln!("{error}"),
        }
    }
}

impl CsvTable {
    /// Shows the table below a notebook's cell, as HTML.
    pub fn evcxr_display(&self) {
        show("text/html", &html::table(self, ""));
    }
}

impl FitReport {
    /// Shows the estimates below a notebook's cell, with what they are estimates of above them.
    pub fn evcxr_display(&self) {
        show("text/html", &html::table(&summary(self), &tables::heading(self)));
    }
}

impl LabReport {
    /// Shows every difference from the reference below a notebook's cell.
    pub fn evcxr_display(&self) {
        differences(self).evcxr_display();
    }
}

impl Reproduction {
    /// Shows every printed number with its verdict below a notebook's cell.
    pub fn evcxr_display(&self) {
        conclusions(self).evcxr_display();
    }
}
