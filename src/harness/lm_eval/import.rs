//! From one results file to the rows of one model.

use std::path::PathBuf;

use super::cells::Cell;
use super::file::ResultsFile;
use super::origin;
use super::rows::{self, Origin};
use crate::Result;
use crate::harness::import::{Evaluated, FileOutcome, Found, ImportSettings, Imported, Read, condition, gather, utf8};
use crate::harness::{lighteval, logs};
use crate::registry::{Provenance, Timestamp, disk};

/// Reads results files; a folder stands for all `.json` files in and below it. The order of `paths` does not matter.
///
/// # Errors
/// [`Error::Read`](crate::Error::Read) when one of `paths` cannot be read. What is wrong further down is a warning.
pub fn import(paths: &[PathBuf], settings: &ImportSettings) -> Result<Imported> {
    gather(paths, settings, &["json"], &|found| read(found, settings))
}

fn read(found: &Found, settings: &ImportSettings) -> Read {
    let bytes = match disk::read_found(&found.path) {
        Ok(bytes) => bytes,
        Err(error) => return Read::failed(format!("cannot read the file: {error}")),
    };
    let bytes = match utf8(&bytes) {
        Ok(bytes) => bytes,
        Err(why) => return Read::failed(why),
    };
    let parsed = ResultsFile::parse(&bytes, |file| match file.config_general {
        Some(_) => None,
        None => Some(rows_of(file, found, settings)),
    });
    match parsed {
        Ok(Some(read)) => read,
        // The first Open LLM Leaderboard ran lm-evaluation-harness within lighteval.
        Ok(None) => logs::read(found, settings, lighteval::log),
        Err(error) if error.is_eof() => Read::failed(format!("the JSON ends early: {error}")),
        Err(error) => Read::failed(format!("not a results file: {error}")),
    }
}

fn rows_of(file: &ResultsFile<'_>, found: &Found, settings: &ImportSettings) -> Read {
    let condition = condition(&found.path, settings);
    let mut subject = origin::subject(file, found, settings);
    if condition.examples.is_some() {
        // The checkpoint is one of the adjustment, and known by its examples.
        subject.revision = None;
    }
    let setup = origin::setup(file);
    let seconds = file.date.as_ref().and_then(Cell::number);
    let written = || file.date.as_ref().and_then(Cell::text).and_then(|text| text.parse().ok());
    let date = seconds.and_then(Timestamp::from_seconds).or_else(written);
    let provenance = Provenance { date, source: found.source.clone() };
    let quantised = setup.quantisation.is_some() || setup.adapter.is_some();
    let origin = Origin { condition, setup, provenance };
    let Some((rows, apart, mut problems)) = rows::observations(file, &origin) else {
        return Read::failed(match file.scores {
            Some(_) => {
                "it looks like BIG-bench's own results (scores by number of shots), which are not read; write the scores as a table \
                 with the columns model, benchmark, metric and value, and give that to `onset fit`"
            }
            None => "no results in it",
        });
    };
    if rows.is_empty() && problems.is_empty() {
        problems.push("no metric in its results".into());
    }
    let config = file.config.as_ref();
    let partial = config.and_then(|config| config.limit.as_ref()).is_some_and(|limit| limit.number().is_some());
    // Packed weights and adapters are counted otherwise.
    let params = config.and_then(|config| config.model_num_parameters.as_ref()).and_then(Cell::number);
    let params = params.filter(|n| !quantised && *n >= 1.0 && n.fract() == 0.0).map(|n| n as u64);
    Read { outcome: FileOutcome::Evaluated(Box::new(Evaluated { subject, rows, apart, partial, params })), problems }
}
