//! A cell whose model is behind a server: the same tasks, asked over the network.

use super::evaluating::Real;
use crate::error::Result;
use crate::harness::runner::evaluate_served;
use crate::harness::server::{Server, ServerSettings};
use crate::registry::Condition;
use crate::study::work::CellRun;

/// Evaluates the model that `url` serves as `model`. Answers are kept as they come.
pub(super) fn run(work: &Real, run: &mut CellRun<'_>, url: &str, model: &str, concurrency: usize) -> Result<()> {
    let condition = Condition::unadjusted();
    if !run.missing().contains(&condition) {
        return Ok(());
    }
    run.progress(0.0, "asking the server what it can do")?;
    let server = Server::connect(url, model, &ServerSettings::with_concurrency(concurrency))?;
    let name = run.cell().model.name.clone();
    work.evaluate(run, &condition, (0.0, 1.0), |settings, watch| evaluate_served(server, &name, settings, watch))
}
