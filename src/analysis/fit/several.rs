//! Several scores of the same models: a row each, with p-values that allow for how many there are.
//!
//! The p-values of one question over all scores are adjusted together: Holm (1979) bounds the chance of even one false
//! finding, Benjamini and Hochberg (1995) the expected share of false ones among the findings.

use serde::Serialize;

use super::input::{FitTables, Inputs};
use super::report::FitReport;
use super::settings::FitSettings;
use crate::registry::modelset::{Group, ModelSet};
use crate::stats::estimate::Named;
use crate::stats::multiplicity::{Adjusted, adjusted};
use crate::{Error, ErrorKind, Result};

/// Name of the layout of several fits as JSON.
const SCHEMA: &str = "onset.fits";

/// Fits of several scores, in the order in which they were asked for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ScoreFits {
    schema: &'static str,
    schema_version: u32,
    /// A fit a score.
    pub scores: Vec<ScoreFit>,
}

/// The fit of one score.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ScoreFit {
    /// The score, as it was asked for.
    pub score: String,
    /// Whether there is a break.
    pub break_test: Option<Adjusted>,
    /// Whether the first group differs at equal predictor.
    pub theta: Option<Adjusted>,
    /// Whether adjustment changed that difference.
    pub change: Option<Adjusted>,
    /// Why there is no fit.
    pub reason: Option<String>,
    /// The fit.
    pub report: Option<Box<FitReport>>,
}

impl FitSettings {
    /// Fits several scores of the same tables. A score that the data do not allow to fit has its reason in place of a fit.
    ///
    /// # Errors
    /// As [`run_on`](Self::run_on), for what is wrong with the tables or the settings.
    pub fn run_each(&self, inputs: &Inputs, scores: &[String]) -> Result<ScoreFits> {
        self.fit_each(&FitTables::read(inputs, &self.tables.reading)?, scores)
    }

    /// The same of tables in memory.
    ///
    /// # Errors
    /// As [`run_each`](Self::run_each).
    pub fn fit_each(&self, tables: &FitTables, scores: &[String]) -> Result<ScoreFits> {
        self.fit_each_by(tables, scores, &Self::fit)
    }

    /// The same, with every fit made by `fit`.
    pub(crate) fn fit_each_by(
        &self,
        tables: &FitTables,
        scores: &[String],
        fit: &dyn Fn(&Self, &ModelSet) -> Result<FitReport>,
    ) -> Result<ScoreFits> {
        let mut fits: Vec<ScoreFit> = Vec::new();
        for score in scores {
            if fits.iter().any(|fit| fit.score == *score) {
                return Err(Error::Argument(format!("the score `{score}` is asked for twice")));
            }
            let mut settings = self.clone();
            settings.tables.score = Some(score.clone());
            let found = tables.models(&settings.tables).and_then(|set| fit(&settings, &set));
            let (report, reason) = match found {
                Ok(report) => (Some(Box::new(report)), None),
                Err(error) if error.kind() == ErrorKind::Undetermined => (None, Some(error.to_string())),
                Err(error) => return Err(error.within(format!("score `{score}`"))),
            };
            fits.push(ScoreFit { score: score.clone(), break_test: None, theta: None, change: None, reason, report });
        }
        let p = |of: &dyn Fn(&FitReport) -> Option<f64>| -> Result<Vec<Option<Adjusted>>> {
            adjusted(&fits.iter().map(|fit| fit.report.as_deref().and_then(of)).collect::<Vec<_>>())
        };
        let break_tests = p(&|report| report.unadjusted.break_test.p_value)?;
        let thetas = p(&|report| report.unadjusted.theta.p_value)?;
        let changes = p(&|report| report.differences.as_ref()?.theta.p_value)?;
        for (at, fit) in fits.iter_mut().enumerate() {
            (fit.break_test, fit.theta, fit.change) = (break_tests[at], thetas[at], changes[at]);
        }
        Ok(ScoreFits { schema: SCHEMA, schema_version: 1, scores: fits })
    }
}

/// The p-values of θ of several groups, adjusted together; nothing for one group.
pub(crate) fn among_groups(thetas: &[Named<Group>]) -> Vec<Option<Adjusted>> {
    let p: Vec<Option<f64>> = thetas.iter().map(|theta| theta.estimate.p_value).collect();
    let alone = thetas.len() < 2;
    // A p-value outside 0 to 1 does not come out of a test.
    adjusted(&p).ok().filter(|_| !alone).unwrap_or_else(|| vec![None; p.len()])
}

/// Bytes of a folder's name: file systems take 255, of which a number may follow.
const LONGEST_NAME: usize = 200;

impl ScoreFits {
    /// Everything as JSON, indented, with a line end.
    ///
    /// # Errors
    /// [`Error::Undetermined`] when it cannot be written as JSON. What a fit returned always can.
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string_pretty(self)
            .map(|text| text + "\n")
            .map_err(|e| Error::Undetermined(format!("the fits cannot be written as JSON: {e}")))
    }

    /// The fits that there are, each with the name of a folder: that of its score, in letters, digits and hyphens.
    pub(crate) fn folders(&self) -> Vec<(String, &FitReport)> {
        let mut folders: Vec<(String, &FitReport)> = Vec::new();
        for (fit, report) in self.scores.iter().filter_map(|fit| Some((fit, fit.report.as_deref()?))) {
            let sign = |c: char| if c.is_alphanumeric() || c == '_' { c } else { '-' };
            let short = fit.score.char_indices().take_while(|(at, c)| at + c.len_utf8() <= LONGEST_NAME);
            let plain: String = short.map(|(_, c)| sign(c)).collect();
            let taken = |name: &str| folders.iter().any(|(other, _)| other == name);
            let numbered = (2..).map(|n| format!("{plain}-{n}"));
            let name = std::iter::once(plain.clone()).chain(numbered).find(|name| !taken(name));
            folders.push((name.unwrap_or(plain), report));
        }
        folders
    }
}
