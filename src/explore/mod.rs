//! The page: opened from what onset wrote or from tables ([`open`](open())), and the same page with live refits, served on
//! this machine only, whose questions the library answers.
//!
//! An [`Explorer`] holds the tables and fits them by whatever a [`Question`] changes; a [`Server`] puts it behind HTTP on
//! the loopback interface. A quick answer takes fewer bootstrap replicates and no fits that leave a model out, so that figures
//! follow a slider; the full answer is that of `onset fit` with the same settings. Both are one call of
//! [`FitSettings::fit`](crate::analysis::fit::FitSettings::fit).

mod choices;
mod http;
mod open;
mod question;
mod serve;
mod source;

use std::time::Instant;

use serde::Serialize;

pub(crate) use choices::Choices;
#[cfg(any(test, fuzzing))]
pub(crate) use http::read_any;
pub use open::open;
pub(crate) use open::open_by;
pub use question::{Question, Stage};
pub use serve::{Server, Stop};

use open::FitBy;
use source::{Source, otherwise};

use crate::analysis::fit::{FitReport, FitSettings, FitTables, Inputs};
use crate::error::{Error, Result};
use crate::registry::modelset::ModelSet;
use crate::report::html::{Document, FitPart};

/// Bootstrap replicates of a quick answer.
pub(crate) const QUICK_REPLICATES: usize = 199;

/// Tables that answer questions.
#[derive(Debug)]
pub struct Explorer {
    tables: FitTables,
    settings: FitSettings,
    page: String,
}

/// A fit, and what a page shows of it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Answer {
    stage: Stage,
    bootstrap: usize,
    milliseconds: f64,
    #[serde(flatten)]
    part: FitPart,
}

impl Explorer {
    /// Opens what `onset report` opens. Of results of onset the tables behind them are taken: those that the report of a
    /// fit names, the published ones for a reproduction. The first fit is made here.
    ///
    /// # Errors
    /// When a table cannot be read or not be fitted.
    pub fn open(inputs: &Inputs, settings: &FitSettings) -> Result<Self> {
        Self::open_by(inputs, settings, &FitSettings::fit, &[])
    }

    /// The same, with the first fit made by `fit`. `options` are the flags of `onset fit` behind the settings that the page
    /// does not change; it shows them in the command that it offers.
    pub(crate) fn open_by(inputs: &Inputs, settings: &FitSettings, fit: FitBy<'_>, options: &[String]) -> Result<Self> {
        let Source { tables, settings, report: opened } = source::tables(inputs, settings)?;
        let mut explorer = Self { tables, settings, page: String::new() };
        let set = explorer.tables.models(&explorer.settings.tables)?;
        let mut report = fit(&explorer.settings, &set)?;
        report.notes.extend(opened.and_then(|opened| otherwise(&opened, &report)));
        let live = explorer.live(&set, &report, options)?;
        explorer.page = Document::of_fit(&report, &set).to_live_html(&live)?;
        Ok(explorer)
    }

    /// The page with its controls.
    pub(crate) fn page(&self) -> &str {
        &self.page
    }

    /// The settings that a question comes down to.
    pub(crate) fn settings(&self, question: &Question) -> FitSettings {
        let mut settings = self.settings.clone();
        let same_score = settings.tables.score.as_ref() == Some(&question.score);
        settings.tables.metric = settings.tables.metric.filter(|_| same_score);
        settings.tables.score = Some(question.score.clone());
        // Of two places both are compared, and what the page names is not a column.
        settings.tables.adjusted = match self.tables.after.is_empty() {
            true => question.adjusted.clone(),
            false => settings.tables.adjusted.filter(|_| same_score),
        };
        settings.tables.cutoff = question.cutoff;
        settings.chance = question.chance;
        settings.curve = question.curve;
        settings.covariance = question.covariance;
        if question.stage == Stage::Quick {
            settings.bootstrap = settings.bootstrap.min(QUICK_REPLICATES);
            settings.leave_out = false;
        }
        settings
    }

    /// Answers a question.
    ///
    /// # Errors
    /// [`Error::Argument`] for a question that makes no sense, and those of a fit.
    pub(crate) fn refit(&self, question: &Question) -> Result<Answer> {
        let began = Instant::now();
        let settings = self.settings(question);
        let mut set = self.tables.models(&settings.tables)?;
        if !question.without.is_empty() {
            set.rows.retain(|row| !question.without.contains(&row.family));
            set.notes.push(format!("families left out on request: {}", question.without.join(", ")));
        }
        let report = settings.fit(&set)?;
        let part = FitPart::of(&report, &set)?;
        let milliseconds = 1e3 * began.elapsed().as_secs_f64();
        Ok(Answer { stage: question.stage, bootstrap: settings.bootstrap, milliseconds, part })
    }

    /// What the page's controls offer, where they stand, and how the command begins that says the same.
    fn live(&self, set: &ModelSet, report: &FitReport, options: &[String]) -> Result<serde_json::Value> {
        let choices = Choices::of(&self.tables, &self.settings, set, report);
        let live = Live { choices, command: command(report, options), two_places: !self.tables.after.is_empty() };
        serde_json::to_value(live).map_err(|e| Error::Undetermined(format!("the page's controls: {e}")))
    }
}

/// What the page's script is told.
#[derive(Serialize)]
struct Live {
    #[serde(flatten)]
    choices: Choices,
    /// The words of `onset fit` for everything that the controls do not change.
    command: Vec<String>,
    /// Whether scores before and after adjustment come from two places.
    two_places: bool,
}

/// `onset fit` with the tables of a report and these flags.
fn command(report: &FitReport, options: &[String]) -> Vec<String> {
    let others = report.before_tables.len() + report.after_tables.len();
    let mut words = vec!["onset".to_owned(), "fit".to_owned()];
    words.extend(report.tables.iter().skip(others).cloned());
    for (flag, tables) in [("--before", &report.before_tables), ("--after", &report.after_tables)] {
        if !tables.is_empty() {
            words.push(flag.to_owned());
            words.extend(tables.iter().cloned());
        }
    }
    words.extend(options.iter().cloned());
    words
}
