//! Measures of `sklearn.metrics` and of lm-evaluation-harness itself.

use super::super::corpus::weighted_f1;
use super::super::value::Value;
use super::arguments::Given;
use super::machine::Machine;
use super::object::{Object, Res, raise, refuse};

pub(super) fn call(machine: &mut Machine, name: &str, mut given: Given) -> Res<Object> {
    match name {
        "mean" => {
            let items = given.need("arr")?;
            given.done()?;
            let items = machine.all(&items)?;
            if items.is_empty() {
                return raise("ZeroDivisionError", "division by zero");
            }
            let mut total = Object::Int(0);
            for item in &items {
                total = machine.binary("+", &total, item)?;
            }
            machine.binary("/", &total, &Object::size(items.len()))
        }
        "weighted_f1_score" => {
            let items = given.need("items")?;
            given.done()?;
            let mut pairs = Vec::new();
            for item in machine.all(&items)? {
                let pair = machine.all(&item)?;
                let [gold, chosen] = pair.as_slice() else { return refuse("F1 of something other than pairs") };
                pairs.push((gold.value()?, chosen.value()?));
            }
            weighted(&pairs)
        }
        "general_detokenize" => {
            let text = given.need("string")?;
            given.done()?;
            let mut text = text.need_text(name)?.to_owned();
            for (from, to) in [(" n't", "n't"), (" )", ")"), ("( ", "("), ("\" ", "\""), (" \"", "\"")] {
                text = text.replace(from, to);
            }
            for mark in ["'", ".", ","] {
                text = text.replace(&format!(" {mark}"), mark);
            }
            Ok(Object::text(&text))
        }
        "metric_max_over_ground_truths" => {
            let (function, answer, references) =
                (given.need("metric_fn")?, given.need("prediction")?, given.need("ground_truths")?);
            given.done()?;
            let mut scores = Vec::new();
            for reference in machine.all(&references)? {
                scores.push(machine.call(&function, vec![answer.clone(), reference])?);
            }
            machine.call(&Object::Native("max"), vec![Object::list(scores)])
        }
        "accuracy_score" => {
            let (golds, chosen) = (given.need("y_true")?, given.need("y_pred")?);
            given.done()?;
            let (golds, chosen) = (machine.all(&golds)?, machine.all(&chosen)?);
            if golds.len() != chosen.len() || golds.is_empty() {
                return raise("ValueError", "y_true and y_pred have different numbers of samples, or none");
            }
            let mut right = 0;
            for (gold, chosen) in golds.iter().zip(&chosen) {
                right += usize::from(gold.equal(chosen)?);
            }
            Ok(Object::Float(right as f64 / golds.len() as f64))
        }
        "f1_score" => {
            let (golds, chosen) = (given.need("y_true")?, given.need("y_pred")?);
            let average = given.take_named("average");
            given.done()?;
            if average.as_ref().and_then(Object::as_text) != Some("weighted") {
                return refuse("`f1_score` other than with `average=\"weighted\"`");
            }
            let (golds, chosen) = (machine.all(&golds)?, machine.all(&chosen)?);
            let pairs = golds.iter().zip(&chosen).map(|(gold, chosen)| Ok((gold.value()?, chosen.value()?)));
            weighted(&pairs.collect::<Res<Vec<_>>>()?)
        }
        other => refuse(format!("`{other}` is not supported")),
    }
}

/// F1 weighted by labels, which are all text or all whole numbers.
fn weighted(pairs: &[(Value, Value)]) -> Res<Object> {
    let all = || pairs.iter().flat_map(|(gold, chosen)| [gold, chosen]);
    let text = all().all(|label| label.as_text().is_some());
    if pairs.is_empty() || !text && !all().all(|label| label.as_index().is_some()) {
        return refuse("F1 of labels that are neither all text nor all whole numbers");
    }
    Ok(Object::Float(weighted_f1(pairs)))
}
