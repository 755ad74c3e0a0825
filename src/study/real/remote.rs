//! A cell whose model is behind a server: the same tasks, asked over the network.

use serde_json::{Map, Value, json};

use super::{Real, doing, named};
use crate::error::{Error, Result};
use crate::harness::lm_eval;
use crate::harness::request::{Request, Respond, Response};
use crate::harness::runner::{Journal, Key};
use crate::harness::server::{Server, Settings};
use crate::harness::tasks::{Items, Metric, Task};
use crate::registry::{Condition, Observation, write};
use crate::study::work::CellRun;

/// Evaluates the model that `url` serves as `model`. Answers are kept as they come.
pub(super) fn run(work: &Real, run: &mut CellRun<'_>, url: &str, model: &str) -> Result<()> {
    let condition = Condition::unadjusted();
    if !run.missing().contains(&condition) {
        return Ok(());
    }
    run.progress(0.0, "asking the server what it can do")?;
    let mut server = Server::connect(url, model, &Settings::default())?;
    let folder = run.folder(&condition);
    let mut journal = Journal::open(&folder.join("answers.jsonl"))?;
    let key = Key::new(&format!("onset {}\nserved {model}", env!("CARGO_PKG_VERSION")));
    let selection = work.selection()?;
    let (mut results, mut shots, mut samples) = (Map::new(), Map::new(), Map::new());
    let mut metrics: Vec<(String, Vec<Metric>)> = Vec::new();
    for (at, task) in selection.tasks.iter().enumerate() {
        let items = task.items(&work.draw())?;
        let share = |within: f64| (at as f64 + within) / selection.tasks.len() as f64;
        let heard = |within: f64| run.progress(share(within), &doing(&condition));
        let responses = ask(&mut server, &items, &key, &mut journal, &heard)?;
        let scored = score(task, &items, &responses)?;
        results.insert(task.name().to_owned(), entry(&scored));
        shots.insert(task.name().to_owned(), items.shots.into());
        samples.insert(task.name().to_owned(), json!({"original": items.total, "effective": items.items.len()}));
        metrics.push((task.name().to_owned(), scored));
    }
    let mut members = Map::new();
    let mut groups = Map::new();
    for group in &selection.groups {
        let of = |name: &str| metrics.iter().find(|(own, _)| own == name).map(|(_, metrics)| metrics.as_slice());
        let value = entry(&group.aggregate(of));
        results.insert(group.name().to_owned(), value.clone());
        groups.insert(group.name().to_owned(), value);
        members.insert(group.name().to_owned(), group.members().into());
    }
    let name = &run.cell().model.name;
    let mut record = json!({
        "results": results, "group_subtasks": members, "n-shot": shots, "n-samples": samples, "model_name": name,
        "config": {"model": "onset", "model_args": {"pretrained": name}},
    });
    if !groups.is_empty() {
        record["groups"] = groups.into();
    }
    let observations = imported(&folder.join("results.json"), &record, name)?;
    let observations = named(observations, run, &condition);
    work.keep(run, &condition, &observations)
}

/// What the import of a results file makes of the record, so that served and local models have the same rows.
fn imported(path: &std::path::Path, record: &Value, model: &str) -> Result<Vec<Observation>> {
    write::bytes(path, record.to_string().as_bytes())?;
    let settings = lm_eval::Settings { model: Some(model.to_owned()), ..lm_eval::Settings::default() };
    Ok(lm_eval::import(&[path.to_owned()], &settings)?.observations)
}

fn ask(
    server: &mut Server,
    items: &Items,
    key: &Key,
    journal: &mut Journal,
    heard: &dyn Fn(f64) -> Result<()>,
) -> Result<Vec<Vec<Response>>> {
    let requests: Vec<&Request> = items.items.iter().flat_map(|item| &item.requests).collect();
    let keys: Vec<Key> = requests.iter().map(|request| key.request(request)).collect();
    let mut answers: Vec<Option<Response>> = keys.iter().map(|key| journal.get(key).cloned()).collect();
    let open: Vec<usize> = (0..requests.len()).filter(|i| answers[*i].is_none()).collect();
    let asked: Vec<Request> = open.iter().map(|i| requests[*i].clone()).collect();
    let mut done = requests.len() - asked.len();
    server.respond(&asked, &mut |index, response| {
        let index = open[index];
        journal.append(&keys[index], &response)?;
        answers[index] = Some(response);
        done += 1;
        heard(done as f64 / requests.len() as f64)
    })?;
    let mut answers = answers.into_iter();
    let mut of_item = |count: usize| {
        let own = answers.by_ref().take(count);
        own.map(|answer| answer.ok_or_else(|| Error::Undetermined("a request was not answered".into()))).collect()
    };
    items.items.iter().map(|item| of_item(item.requests.len())).collect()
}

fn score(task: &Task, items: &Items, responses: &[Vec<Response>]) -> Result<Vec<Metric>> {
    let scored = items.items.iter().zip(responses).map(|(item, responses)| task.score(item, responses));
    task.aggregate(&scored.collect::<Result<Vec<_>>>()?)
}

fn entry(metrics: &[Metric]) -> Value {
    let pairs = metrics.iter().flat_map(|metric| {
        let Metric { name, filter, value, stderr, .. } = metric;
        let stderr = stderr.map_or_else(|| "N/A".into(), Value::from);
        [(format!("{name},{filter}"), Value::from(*value)), (format!("{name}_stderr,{filter}"), stderr)]
    });
    Value::Object(pairs.collect())
}
