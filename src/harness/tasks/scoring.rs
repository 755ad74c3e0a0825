//! The scores of one item, from what its answers are to the metrics of its task.

use super::config::Config;
use super::functions::Function;
use super::item::Item;
use super::math;
use super::metric::ItemScore;
use super::numpy::{argmax, softmax};
use super::output::Output;
use super::python::is_space;
use super::value::Value;
use crate::harness::request::Response;

/// The scores that the task's `process_results` gives.
pub(super) fn scripted(config: &Config, item: &Item, filtered: &[Value]) -> Result<Vec<(String, ItemScore)>, String> {
    let Some(Function::Script(script)) = &config.results else { return Ok(Vec::new()) };
    let pairs = matches!(config.output, Output::LogLikelihood | Output::MultipleChoice);
    let scores = script.of_answers(&item.doc, filtered, pairs)?;
    Ok(scores.into_iter().map(|(name, score)| (name, ItemScore::given(score))).collect())
}

pub(super) fn continuation(config: &Config, responses: &[Response]) -> Vec<(String, ItemScore)> {
    let Some(Response::LogLikelihood { value, greedy }) = responses.first() else { return Vec::new() };
    let score = |name: &str| {
        if name == "perplexity" { ItemScore::Real(*value) } else { ItemScore::Whole(i64::from(*greedy)) }
    };
    // Results files always have the perplexity first.
    let names = ["perplexity", "acc"].into_iter().filter(|name| config.metrics.iter().any(|m| m.name == *name));
    names.map(|name| (name.to_owned(), score(name))).collect()
}

/// The log-likelihood of a text with the number of its words, and with that of its bytes.
pub(super) fn whole(config: &Config, item: &Item, responses: &[Response]) -> Result<Vec<(String, ItemScore)>, String> {
    let (Some(Response::Rolling(total)), Some(text)) = (responses.first(), item.target.as_text()) else {
        return Err("there is no answer".to_owned());
    };
    let weight = |name: &str| if name == "word_perplexity" { words(text) } else { text.len() };
    let score = |name: &str| Value::List(vec![Value::Float(*total), Value::Int(weight(name) as i64)]);
    // The order of results files, whatever the order of `metric_list`.
    let names = ["word_perplexity", "byte_perplexity", "bits_per_byte"].into_iter();
    let names = names.filter(|name| config.metrics.iter().any(|metric| metric.name == *name));
    Ok(names.map(|name| (name.to_owned(), ItemScore::Data(score(name)))).collect())
}

pub(super) fn choice(config: &Config, item: &Item, responses: &[Response]) -> Result<Vec<(String, ItemScore)>, String> {
    let (mut logs, greedy): (Vec<f64>, Vec<bool>) = responses.iter().map(log_likelihood).unzip();
    let alone = logs.split_off(item.choices.len().min(logs.len()));
    if config.results == Some(Function::TruthfulResults) {
        return Ok(vec![("acc".to_owned(), ItemScore::Real(truthful(item, &logs)?))]);
    }
    let per = |length: fn(&str) -> usize| {
        let scaled = logs.iter().zip(&item.choices).map(|(log, choice)| log / length(choice) as f64);
        argmax(&scaled.collect::<Vec<_>>())
    };
    let right = |at: usize| ItemScore::Real(if item.gold.contains(&at) { 1.0 } else { 0.0 });
    let mut scores = Vec::new();
    // The order of results files, whatever the order of `metric_list`.
    for name in ["acc", "f1", "mcc", "acc_norm", "acc_bytes", "exact_match", "brier_score", "acc_mutual_info"] {
        if !config.metrics.iter().any(|metric| metric.name == name) {
            continue;
        }
        let score = match name {
            "acc" => right(argmax(&logs)),
            "acc_norm" => right(per(|choice| choice.chars().count())),
            "acc_bytes" => right(per(str::len)),
            "f1" | "mcc" => match item.gold.as_slice() {
                [gold] => ItemScore::Data(Value::from(vec![*gold as i64, argmax(&logs) as i64])),
                _ => return Err(format!("`{name}` needs one right choice")),
            },
            "exact_match" => ItemScore::Whole(i64::from(item.gold.iter().any(|at| greedy.get(*at) == Some(&true)))),
            "brier_score" => match item.gold.as_slice() {
                [gold] => ItemScore::Distribution { gold: *gold, probabilities: softmax(&logs) },
                _ => return Err("the Brier score needs one right choice".to_owned()),
            },
            _ => right(argmax(&logs.iter().zip(&alone).map(|(with, without)| with - without).collect::<Vec<_>>())),
        };
        scores.push((name.to_owned(), score));
    }
    Ok(scores)
}

pub(super) fn text(config: &Config, item: &Item, filtered: &[Value]) -> Result<Vec<(String, ItemScore)>, String> {
    let answer = match filtered.first() {
        Some(Value::List(list)) if list.len() == 1 => list[0].python(),
        Some(Value::List(list)) => {
            return Err(format!("the filters leave {} answers; the last should be `take_first`", list.len()));
        }
        Some(value) => value.python(),
        None => return Err("there is no answer".to_owned()),
    };
    if config.results == Some(Function::MathResults) {
        let gold = item.doc.get("answer").and_then(Value::as_text).ok_or("`answer` is missing")?;
        let right = math::is_right(&answer, gold)?;
        return Ok(vec![("exact_match".to_owned(), ItemScore::Whole(i64::from(right)))]);
    }
    let references: Vec<String> = match &item.target {
        _ if !item.gold.is_empty() => item.gold.iter().map(|at| item.choices[*at].clone()).collect(),
        Value::List(list) => list.iter().map(Value::python).collect(),
        target => vec![target.python()],
    };
    let mut scores = Vec::new();
    for metric in &config.metrics {
        if metric.pairs || metric.function.is_some() {
            let [reference] = references.as_slice() else {
                return Err(format!("`{}` needs one reference, there are {}", metric.name, references.len()));
            };
            let given = match &metric.function {
                Some((Function::Script(script), options)) => script.of_answer(reference, &answer, options)?,
                _ => Value::List(vec![reference.as_str().into(), answer.as_str().into()]),
            };
            match given {
                Value::Map(several) => {
                    scores.extend(several.into_iter().map(|(name, score)| (name, ItemScore::given(score))));
                }
                one => scores.push((metric.name.clone(), ItemScore::given(one))),
            }
            continue;
        }
        let mut right = false;
        for reference in &references {
            right |= metric.matching.equal(&answer, reference)?;
        }
        scores.push((metric.name.clone(), ItemScore::Real(f64::from(u8::from(right)))));
    }
    Ok(scores)
}

/// The words of a text as lm-evaluation-harness counts them: one more than there are stretches of white space.
fn words(text: &str) -> usize {
    let mut before = false;
    let begins = |c: char| {
        let first = is_space(c) && !before;
        before = is_space(c);
        first
    };
    1 + text.chars().map(begins).filter(|begins| *begins).count()
}

fn log_likelihood(response: &Response) -> (f64, bool) {
    match response {
        Response::LogLikelihood { value, greedy } => (*value, *greedy),
        Response::Generated(_) | Response::Rolling(_) => (f64::NAN, false),
    }
}

/// The share of probability on the true answers; they stand before the first label 0.
fn truthful(item: &Item, logs: &[f64]) -> Result<f64, String> {
    let labels = item.doc.get("mc2_targets").and_then(|targets| targets.get("labels")).and_then(Value::as_list);
    let labels = labels.ok_or("`mc2_targets.labels` is missing")?;
    let split = labels.iter().position(|label| label.as_index() == Some(0)).ok_or("no answer is labelled false")?;
    let powers: Vec<f64> = logs.iter().map(|log| log.exp()).collect();
    let (true_ones, false_ones) = powers.split_at(split.min(powers.len()));
    let total = true_ones.iter().sum::<f64>() + false_ones.iter().sum::<f64>();
    Ok(true_ones.iter().map(|power| power / total).sum())
}
