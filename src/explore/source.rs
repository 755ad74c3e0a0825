//! The tables behind an input.

use std::path::PathBuf;

use crate::analysis::fit::{ChanceLevel, FitReport, FitSettings, FitTables, Inputs};
use crate::analysis::papers::test_task::published;
use crate::error::{Error, Result};
use crate::lab::CHANCE as LAB_CHANCE;
use crate::registry::modelset::{AFTER_ADJUSTMENT, ModelSet};
use crate::report::html::{Behind, Kind, fit_behind, kind};

/// What an input comes down to.
pub(super) struct Source {
    /// The tables, and what of them could not be read.
    pub(super) tables: FitTables,
    /// The settings with what the input itself says of them.
    pub(super) settings: FitSettings,
    /// The report that was opened, where the input is one.
    pub(super) report: Option<FitReport>,
}

/// The tables behind an input.
pub(super) fn tables(inputs: &Inputs, settings: &FitSettings) -> Result<Source> {
    let mut settings = settings.clone();
    let reading = settings.tables.reading.clone();
    if !inputs.after.is_empty() || !inputs.before.is_empty() {
        return Ok(Source { tables: FitTables::read(inputs, &reading)?, settings, report: None });
    }
    let paths = &inputs.tables[..];
    let kind = kind(paths)?;
    let read = |paths: Vec<PathBuf>| FitTables::read(&Inputs { tables: paths, ..Inputs::default() }, &reading);
    // Models of a study or a lab may be of any size.
    settings.tables.any_size |= matches!(kind, Kind::Study | Kind::Lab);
    let mut report = None;
    let tables = match kind {
        Kind::Tables => read(paths.to_vec())?,
        Kind::Reproduction => {
            let known = published()?;
            FitTables { tables: ModelSet::tables(&known.observations, &known.models).into(), ..FitTables::default() }
        }
        Kind::Study => {
            let below = |name: &str| paths.iter().map(|path| path.join(name)).collect::<Vec<PathBuf>>();
            read([below("tables/evaluations.csv"), below("tables/models.csv")].concat())?
        }
        Kind::Lab => {
            if settings.chance == ChanceLevel::Known {
                settings.chance = ChanceLevel::Given(LAB_CHANCE);
            }
            read(paths.iter().map(|path| path.join("observations.csv")).collect())?
        }
        Kind::SecondPaper | Kind::Agreement => {
            let problem =
                "it is about the agreement of benchmarks, where there is no fit to change; `onset report` shows it";
            return Err(Error::File { path: paths.first().cloned().unwrap_or_default(), problem: problem.to_owned() });
        }
        Kind::FitFolder | Kind::FitJson => {
            let Behind { tables, before, after, report: of } = fit_behind(paths)?;
            let missing = [&tables[..], &before, &after].concat().into_iter().find(|path| !path.exists());
            if let Some(missing) = missing {
                let problem = format!(
                    "the fit was made from {}, which is not there; give the tables themselves",
                    missing.display()
                );
                // A kind of fit is only told of a path that exists.
                let path = paths.first().cloned().unwrap_or_default();
                return Err(Error::File { path, problem });
            }
            settings.tables.score.get_or_insert_with(|| of.score.clone());
            settings.tables.metric = settings.tables.metric.or_else(|| of.metric.clone());
            // Of two places the adjusted score has no name unless a column was named.
            let named = of.adjusted_score.clone().filter(|name| after.is_empty() || name != AFTER_ADJUSTMENT);
            settings.tables.adjusted = settings.tables.adjusted.or(named);
            report = Some(of);
            FitTables::read(&Inputs { tables, before, after }, &reading)?
        }
    };
    // A long table has many scores; the page offers the others.
    let first = tables.tables.first();
    if settings.tables.score.is_none() && matches!(kind, Kind::Study | Kind::Lab) {
        settings.tables.score = first.and_then(|t| t.optional_text(0, "benchmark")).map(str::to_owned);
        settings.tables.metric = first.and_then(|t| t.optional_text(0, "metric")).map(str::to_owned);
    }
    if settings.tables.score.is_none() && matches!(kind, Kind::Reproduction) {
        settings.tables.score = Some("mmlu".into());
        settings.tables.adjusted.get_or_insert_with(|| "mmlu-aux:3".into());
    }
    Ok(Source { tables, settings, report })
}

/// That a report says otherwise than its tables fitted by these settings, and what of the settings differs; `None` when both
/// agree.
pub(super) fn otherwise(report: &FitReport, now: &FitReport) -> Option<String> {
    let values = |report: &FitReport| {
        let analysis = &report.unadjusted;
        [report.chance, analysis.alpha.value, analysis.c_log10.value, analysis.theta.value].map(|v| v.map(f64::to_bits))
    };
    let groups = |report: &FitReport| report.groups.iter().map(|group| group.name.to_string()).collect::<Vec<_>>();
    let same = values(report) == values(now)
        && groups(report) == groups(now)
        && (report.n_models, report.unadjusted.curve) == (now.n_models, now.unadjusted.curve);
    (!same).then(|| {
        let said = |of: &FitReport| {
            let groups = groups(of);
            let chance = of.chance.map_or_else(|| "estimated".to_owned(), |chance| chance.to_string());
            format!(
                "{} models, chance {chance}, {}",
                of.n_models,
                if groups.is_empty() { "no group".to_owned() } else { format!("group {}", groups.join(", ")) }
            )
        };
        format!(
            "this is not the fit of the report that was opened, which had other settings ({}; here {}): give its flags again to \
             see that one",
            said(report),
            said(now)
        )
    })
}
