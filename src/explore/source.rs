//! The tables behind an input.

use std::path::PathBuf;

use crate::analysis::fit;
use crate::analysis::fit::{ChanceLevel, FitSettings};
use crate::analysis::papers::test_task::published;
use crate::error::{Error, Result};
use crate::lab::CHANCE as LAB_CHANCE;
use crate::registry::modelset::ModelSet;
use crate::registry::table::Table;
use crate::report::html::{Kind, fit_behind, kind};

/// The tables, what of them could not be read, and the settings with what the input itself says of them.
pub(super) fn tables(paths: &[PathBuf], settings: &FitSettings) -> Result<(Vec<Table>, Vec<String>, FitSettings)> {
    let mut settings = settings.clone();
    let reading = settings.tables.reading.clone();
    let read = |paths: &[PathBuf]| fit::tables(paths, &reading);
    // Models of a study or a lab may be of any size.
    settings.tables.any_size |= matches!(kind(paths)?, Kind::Study | Kind::Lab);
    let (tables, warnings) = match kind(paths)? {
        Kind::Tables => read(paths)?,
        Kind::Reproduction => {
            let known = published()?;
            (ModelSet::tables(&known.observations, &known.models).into(), Vec::new())
        }
        Kind::Study => {
            let below = |name: &str| paths.iter().map(|path| path.join(name)).collect::<Vec<PathBuf>>();
            read(&[below("tables/evaluations.csv"), below("tables/models.csv")].concat())?
        }
        Kind::Lab => {
            if settings.chance == ChanceLevel::Known {
                settings.chance = ChanceLevel::Given(LAB_CHANCE);
            }
            read(&paths.iter().map(|path| path.join("observations.csv")).collect::<Vec<PathBuf>>())?
        }
        Kind::SecondPaper | Kind::Agreement => {
            let problem =
                "it is about the agreement of benchmarks, where there is no fit to change; `onset report` shows it";
            return Err(Error::File { path: paths.first().cloned().unwrap_or_default(), problem: problem.to_owned() });
        }
        Kind::FitFolder | Kind::FitJson => {
            let behind = fit_behind(paths)?;
            let missing = behind.tables.iter().find(|path| !path.exists());
            if let Some(missing) = missing {
                let problem = format!(
                    "the fit was made from {}, which is not there; give the tables themselves",
                    missing.display()
                );
                // A kind of fit is only told of a path that exists.
                let path = paths.first().cloned().unwrap_or_default();
                return Err(Error::File { path, problem });
            }
            settings.tables.score.get_or_insert(behind.score);
            settings.tables.metric = settings.tables.metric.or(behind.metric);
            settings.tables.adjusted = settings.tables.adjusted.or(behind.adjusted);
            read(&behind.tables)?
        }
    };
    // A long table has many scores; the page offers the others.
    if settings.tables.score.is_none() && matches!(kind(paths)?, Kind::Study | Kind::Lab) {
        settings.tables.score = tables.first().and_then(|t| t.optional_text(0, "benchmark")).map(str::to_owned);
        settings.tables.metric = tables.first().and_then(|t| t.optional_text(0, "metric")).map(str::to_owned);
    }
    if settings.tables.score.is_none() && matches!(kind(paths)?, Kind::Reproduction) {
        settings.tables.score = Some("mmlu".into());
        settings.tables.adjusted.get_or_insert_with(|| "mmlu-aux:3".into());
    }
    Ok((tables, warnings, settings))
}
