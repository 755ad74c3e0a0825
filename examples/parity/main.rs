//! What onset makes of task files with given documents, as JSON lines: the side of `tests/tools/task_parity.py` that is
//! held against lm-evaluation-harness.
//!
//! `cargo run --release --example parity -- PLAN` reads lines `{"definition": …, "data": …}` and prints one line for
//! each: the error, or documents, targets and requests of all items.

use std::path::Path;

use onset::harness::request::Request;
use onset::harness::tasks::{Draw, Library, Value};
use onset::{Error, Result};

fn main() -> Result<()> {
    let Some(plan) = std::env::args().nth(1) else {
        return Err(Error::Argument("name a file with the definitions to read".to_owned()));
    };
    let text = std::fs::read_to_string(&plan).map_err(|error| Error::Argument(format!("{plan}: {error}")))?;
    let library = Library::built_in()?;
    for line in text.lines() {
        let wrong = |problem: &str| Error::Argument(format!("{plan}: {problem}"));
        let entry: Value = serde_json::from_str(line).map_err(|error| wrong(&error.to_string()))?;
        let field = |key: &str| entry.get(key).and_then(Value::as_text).ok_or_else(|| wrong("a key is missing"));
        let (definition, data) = (field("definition")?, field("data")?);
        let made = match of(&library, definition, Path::new(data)) {
            Ok(items) => ("items", items),
            Err(error) => ("error", error.to_string().into()),
        };
        let line = Value::Map(vec![("definition".to_owned(), definition.into()), (made.0.to_owned(), made.1)]);
        println!("{}", line.to_json());
    }
    Ok(())
}

fn of(library: &Library, definition: &str, data: &Path) -> Result<Value> {
    let selection = library.select(&[definition.to_owned()], Some(data))?;
    let mut items = Vec::new();
    for task in &selection.tasks {
        for item in task.items(&Draw::default())?.items {
            let request = |request: &Request| match request {
                Request::LogLikelihood { context, continuation } => {
                    Value::List(vec![context.as_str().into(), continuation.as_str().into()])
                }
                Request::Rolling { text } => Value::List(vec![text.as_str().into()]),
                Request::Generate { context, until, .. } | Request::Sample { context, until, .. } => {
                    let until = until.iter().map(|stop| Value::from(stop.as_str())).collect();
                    Value::List(vec![context.as_str().into(), Value::List(until)])
                }
            };
            items.push(Value::Map(vec![
                ("doc".to_owned(), item.doc.clone()),
                ("target".to_owned(), item.target.python().into()),
                ("requests".to_owned(), Value::List(item.requests.iter().map(request).collect())),
            ]));
        }
    }
    Ok(Value::List(items))
}
