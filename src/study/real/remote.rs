//! A cell whose model is behind a server: the same tasks, asked over the network.

use super::evaluating::Real;
use crate::error::{Error, Result};
use crate::harness::runner::evaluate_served;
use crate::harness::server::{Server, ServerApi, ServerSettings};
use crate::registry::Condition;
use crate::study::cell::{digest, fingerprint};
use crate::study::settings::Served;
use crate::study::work::CellRun;

/// Evaluates the model behind the server. Answers are kept as they come.
pub(super) fn run(work: &Real, run: &mut CellRun<'_>, served: &Served) -> Result<()> {
    let condition = Condition::unadjusted();
    if !run.missing().contains(&condition) {
        return Ok(());
    }
    run.progress(0.0, "asking the server what it can do")?;
    let Served { urls, model, concurrency, api, tokenizer, api_key_file, certificates } = served;
    let asked = ServerSettings {
        concurrency: *concurrency,
        api: *api,
        certificates: certificates.clone(),
        ..ServerSettings::default()
    };
    let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
    let server = Server::connect_all(&urls, model, &asked.keyed(api_key_file.as_deref())?)?;
    let name = run.cell().model.name.clone();
    work.evaluate(run, &condition, (0.0, 1.0), |settings, watch| {
        evaluate_served(server, &name, tokenizer.as_deref(), settings, watch)
    })
}

/// A digest of what scores depend on; the address and the key are none of it.
pub(super) fn digest_of(served: &Served) -> Result<String> {
    let mut parts = vec!["server".to_owned(), served.model.clone()];
    if served.api == ServerApi::Chat {
        parts.push("chat".to_owned());
    }
    if let Some(path) = &served.tokenizer {
        let file = path.join("tokenizer.json");
        let read = if file.exists() { &file } else { path };
        parts.push(fingerprint(read).map_err(Error::read(read))?);
    }
    Ok(digest(parts.iter().map(String::as_str)))
}
