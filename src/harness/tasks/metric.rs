//! Scores of one item: `metric_list` and `process_results`.

use serde::{Deserialize, Serialize};

use super::functions::Function;
use super::node::{Content, Node};
use super::numpy::{numpy_text, pairwise_sum};
use super::output::Output;
use super::regex::Pattern;
use super::value::Value;
use crate::error::Result;

/// How a metric's scores become one number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Aggregation {
    Mean,
    NanMean,
    Median,
    Perplexity,
    Brier,
    F1,
    Matthews,
    Bleu,
    Chrf,
    Ter,
    WeightedPerplexity,
    BitsPerByte,
    Script(Function),
}

impl Aggregation {
    /// By its name in task files.
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "mean" => Self::Mean,
            "nanmean" => Self::NanMean,
            "median" => Self::Median,
            "perplexity" => Self::Perplexity,
            "brier_score" => Self::Brier,
            "f1" => Self::F1,
            "matthews_corrcoef" => Self::Matthews,
            "bleu" => Self::Bleu,
            "chrf" => Self::Chrf,
            "ter" => Self::Ter,
            "weighted_perplexity" => Self::WeightedPerplexity,
            "bits_per_byte" => Self::BitsPerByte,
            _ => return None,
        })
    }

    /// What it makes one number of.
    fn takes(&self) -> Takes {
        match self {
            Self::Mean | Self::NanMean | Self::Median | Self::Perplexity => Takes::Numbers,
            Self::Brier => Takes::Distributions,
            Self::F1 | Self::Matthews | Self::Bleu | Self::Chrf | Self::Ter => Takes::Pairs,
            Self::WeightedPerplexity | Self::BitsPerByte => Takes::Weighted,
            Self::Script(_) => Takes::Any,
        }
    }
}

/// Kinds of scores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Takes {
    Numbers,
    Distributions,
    Pairs,
    Weighted,
    Any,
}

/// One entry of `metric_list`.
#[derive(Debug, Clone)]
pub(super) struct MetricSpec {
    pub name: String,
    pub aggregation: Aggregation,
    pub higher_is_better: bool,
    pub matching: Matching,
    /// The function that scores an answer, with its other arguments.
    pub function: Option<(Function, Vec<(String, Value)>)>,
    /// Whether reference and answer are kept for a measure over all items.
    pub pairs: bool,
}

/// What `exact_match` overlooks.
#[derive(Debug, Clone, Default)]
pub(super) struct Matching {
    ignore_case: bool,
    ignore_punctuation: bool,
    ignore_numbers: bool,
    regexes_to_ignore: Vec<Pattern>,
}

/// The score of one item under one metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum ItemScore {
    /// A whole number, written without a point in results files.
    Whole(i64),
    /// Any other number.
    Real(f64),
    /// What the Brier score is made of: the right choice, and the probability of each.
    Distribution {
        /// The right choice, from 0.
        gold: usize,
        /// One probability per choice; they sum to 1.
        probabilities: Vec<f64>,
    },
    /// What a measure over all items is made of: the reference and the answer, for example.
    Data(Value),
}

impl ItemScore {
    /// The score that a function gave.
    pub(super) fn given(value: Value) -> Self {
        match value {
            Value::Int(number) => Self::Whole(number),
            Value::Bool(flag) => Self::Whole(i64::from(flag)),
            Value::Float(number) => Self::Real(number),
            other => Self::Data(other),
        }
    }

    /// The number, where it is one or has one.
    pub(super) fn checked(&self) -> Option<f64> {
        match self {
            Self::Data(_) => None,
            other => Some(other.number()),
        }
    }

    /// The number that is averaged; of a distribution, its distance Σ(p − 1{right})² from certainty. Not a number for
    /// what is no number by itself.
    pub fn number(&self) -> f64 {
        match self {
            Self::Whole(number) => *number as f64,
            Self::Real(number) => *number,
            Self::Data(_) => f64::NAN,
            Self::Distribution { gold, probabilities } => {
                let squares: Vec<f64> = probabilities
                    .iter()
                    .enumerate()
                    .map(|(at, p)| (p - if at == *gold { 1.0 } else { 0.0 }).powi(2))
                    .collect();
                pairwise_sum(&squares)
            }
        }
    }

    /// As lines of `samples_*.jsonl` hold it.
    pub(super) fn value(&self) -> Value {
        match self {
            Self::Whole(number) => Value::Int(*number),
            Self::Real(number) => Value::Float(*number),
            Self::Data(value) => value.clone(),
            Self::Distribution { gold, probabilities } => {
                Value::List(vec![Value::Int(*gold as i64), numpy_text(probabilities).into()])
            }
        }
    }
}

/// The metrics lm-evaluation-harness takes where a task names none, and what it does with each that is supported.
static DEFAULTS: [(&str, Aggregation, bool, &[Output]); 15] = [
    ("acc", Aggregation::Mean, true, &[Output::LogLikelihood, Output::MultipleChoice]),
    ("acc_norm", Aggregation::Mean, true, &[Output::MultipleChoice]),
    ("acc_bytes", Aggregation::Mean, true, &[Output::MultipleChoice]),
    ("acc_mutual_info", Aggregation::Mean, true, &[Output::MultipleChoice]),
    ("brier_score", Aggregation::Brier, false, &[Output::MultipleChoice]),
    ("exact_match", Aggregation::Mean, true, &[Output::MultipleChoice, Output::GenerateUntil]),
    ("perplexity", Aggregation::Perplexity, false, &[Output::LogLikelihood]),
    ("f1", Aggregation::F1, true, &[Output::MultipleChoice, Output::GenerateUntil]),
    ("mcc", Aggregation::Matthews, true, &[Output::MultipleChoice]),
    ("bleu", Aggregation::Bleu, true, &[Output::GenerateUntil]),
    ("chrf", Aggregation::Chrf, true, &[Output::GenerateUntil]),
    ("ter", Aggregation::Ter, false, &[Output::GenerateUntil]),
    ("word_perplexity", Aggregation::WeightedPerplexity, false, &[Output::Rolling]),
    ("byte_perplexity", Aggregation::WeightedPerplexity, false, &[Output::Rolling]),
    ("bits_per_byte", Aggregation::BitsPerByte, false, &[Output::Rolling]),
];

/// Metrics of choices that task files name for texts too.
const PASSED_ON: [&str; 2] = ["acc", "acc_norm"];

impl MetricSpec {
    /// # Errors
    /// A metric, an aggregation or an option that is not known, with its line.
    pub(crate) fn read(
        list: Option<&Node>,
        output: Output,
        results: Option<&Function>,
        task: &Node,
    ) -> Result<Vec<Self>> {
        let Some(list) = list else {
            let names: &[&str] = match output {
                Output::LogLikelihood => &["perplexity", "acc"],
                Output::MultipleChoice => &["acc", "acc_norm"],
                Output::Rolling => &["word_perplexity", "byte_perplexity", "bits_per_byte"],
                Output::GenerateUntil => &["exact_match"],
            };
            return names.iter().map(|name| Self::default_of(name, output, task)).collect();
        };
        let Content::List(entries) = &list.content else { return Err(list.wrong("`metric_list` must be a list")) };
        let mut metrics: Vec<Self> = Vec::new();
        for entry in entries {
            let name = entry.given("metric").ok_or_else(|| entry.wrong("an entry of `metric_list` has no `metric`"))?;
            let metric = match (&name.content, results) {
                (Content::Function(function), _) => {
                    let read = Function::at(name, "metric", function)?;
                    let called = function.rsplit('.').next().unwrap_or(function);
                    let metric = Self::called(called);
                    Self { function: Some((read, Vec::new())), ..metric }.configured(entry, output)?
                }
                // What the function gives is not known before it runs.
                (_, Some(Function::Script(_))) => {
                    let name = name.text()?;
                    let known = DEFAULTS.iter().find(|(known, ..)| *known == name);
                    let mut metric = Self::called(name);
                    if let Some((_, aggregation, higher_is_better, _)) = known {
                        (metric.aggregation, metric.higher_is_better) = (aggregation.clone(), *higher_is_better);
                    }
                    Self { function: Some((Function::Results, Vec::new())), ..metric }.configured(entry, output)?
                }
                _ if output == Output::GenerateUntil && PASSED_ON.contains(&name.text()?) => {
                    // There is no such score of a text: reference and answer are passed on to the aggregation.
                    if !entry.get("aggregation").is_some_and(|node| matches!(node.content, Content::Function(_))) {
                        return Err(name.wrong(format!("`{}` of texts needs an aggregation of its own", name.text()?)));
                    }
                    Self { pairs: true, ..Self::called(name.text()?) }.configured(entry, output)?
                }
                _ => Self::default_of(name.text()?, output, name)?.configured(entry, output)?,
            };
            if results.is_none_or(|results| results.gives(&metric.name)) {
                metrics.retain(|other| other.name != metric.name);
                metrics.push(metric);
            }
        }
        if metrics.is_empty() { Err(list.wrong("no metric is left")) } else { Ok(metrics) }
    }

    fn default_of(name: &str, output: Output, at: &Node) -> Result<Self> {
        let known = DEFAULTS.iter().find(|(known, .., outputs)| *known == name && outputs.contains(&output));
        let Some((name, aggregation, higher_is_better, _)) = known else {
            let fitting: Vec<&str> =
                DEFAULTS.iter().filter(|(.., outputs)| outputs.contains(&output)).map(|(name, ..)| *name).collect();
            return Err(
                at.wrong(format!("the metric `{name}` is not supported here; supported: {}", fitting.join(", ")))
            );
        };
        let pairs = aggregation.takes() == Takes::Pairs;
        let (aggregation, higher_is_better) = (aggregation.clone(), *higher_is_better);
        Ok(Self { aggregation, higher_is_better, pairs, ..Self::called(name) })
    }

    /// What its functions depend on beside their names.
    pub(super) fn digests(&self) -> impl Iterator<Item = String> {
        let aggregation = match &self.aggregation {
            Aggregation::Script(function) => function.digest(),
            _ => None,
        };
        self.function.as_ref().and_then(|(function, _)| function.digest()).into_iter().chain(aggregation)
    }

    /// A metric of this name that is averaged.
    pub(super) fn called(name: &str) -> Self {
        let (aggregation, matching) = (Aggregation::Mean, Matching::default());
        Self { name: name.to_owned(), aggregation, higher_is_better: true, matching, function: None, pairs: false }
    }

    fn configured(mut self, entry: &Node, output: Output) -> Result<Self> {
        for (key, node) in entry.entries().iter().filter(|(_, node)| !node.is_null()) {
            match key.as_str() {
                "metric" => {}
                "higher_is_better" => self.higher_is_better = node.flag()?,
                "aggregation" => {
                    if let Content::Function(function) = &node.content {
                        self.aggregation = Aggregation::Script(Function::at(node, "aggregation", function)?);
                        continue;
                    }
                    let Some(aggregation) = Aggregation::named(node.text()?) else {
                        return Err(node.wrong(format!("the aggregation `{}` is not supported", node.text()?)));
                    };
                    // A function may give scores of any kind.
                    if self.function.is_none() && self.aggregation.takes() != aggregation.takes() {
                        let problem = format!("the aggregation `{}` does not fit `{}`", node.text()?, self.name);
                        return Err(node.wrong(problem));
                    }
                    self.aggregation = aggregation;
                }
                _ if matches!(self.function, Some((Function::Results, _))) => {}
                _ if self.function.is_some() && key != "hf_evaluate" => {
                    if let Some((_, options)) = &mut self.function {
                        options.push((key.clone(), node.data()?));
                    }
                }
                // What is scored without a function's help reads none of these.
                "average" | "hf_evaluate" | "ignore_case" | "ignore_punctuation" | "ignore_numbers"
                | "regexes_to_ignore"
                    if output != Output::GenerateUntil => {}
                _ if self.pairs && key != "hf_evaluate" => {}
                // Belongs to groups; in a task it is read by nobody.
                "weight_by_size" if self.name != "exact_match" => {}
                // The metric of that name in the `evaluate` library is the same one.
                "hf_evaluate" if self.name == "exact_match" => {}
                "ignore_case" if self.name == "exact_match" => self.matching.ignore_case = node.is_true(),
                "ignore_punctuation" if self.name == "exact_match" => self.matching.ignore_punctuation = node.is_true(),
                "ignore_numbers" if self.name == "exact_match" => self.matching.ignore_numbers = node.is_true(),
                "regexes_to_ignore" if self.name == "exact_match" => {
                    let patterns = node.texts()?;
                    self.matching.regexes_to_ignore = patterns
                        .iter()
                        .map(|pattern| Pattern::new(pattern).map_err(|problem| node.wrong(problem)))
                        .collect::<Result<_>>()?;
                }
                _ => return Err(node.wrong(format!("`{key}` is not known for the metric `{}`", self.name))),
            }
        }
        if output == Output::GenerateUntil && self.pairs && self.aggregation == Aggregation::F1 {
            return Err(entry.wrong("`f1` of texts is not defined by itself; it needs an `aggregation` of its own"));
        }
        Ok(self)
    }
}

impl Function {
    /// Whether a `process_results` function gives this metric.
    fn gives(&self, metric: &str) -> bool {
        match self {
            Self::TruthfulResults => metric == "acc",
            Self::MathResults => metric == "exact_match",
            Self::Script(_) => true,
            _ => false,
        }
    }
}

impl Matching {
    fn reduce(&self, text: &str) -> Result<String, String> {
        let mut text = text.to_owned();
        for pattern in &self.regexes_to_ignore {
            text = pattern.replace(&text, "", 0)?;
        }
        if self.ignore_case {
            text = text.to_lowercase();
        }
        let dropped = |c: &char| {
            (self.ignore_punctuation && c.is_ascii_punctuation()) || (self.ignore_numbers && c.is_ascii_digit())
        };
        Ok(text.chars().filter(|c| !dropped(c)).collect())
    }

    /// Whether an answer equals a reference, apart from what is overlooked.
    ///
    /// # Errors
    /// A regular expression that gives no answer.
    pub(crate) fn equal(&self, answer: &str, reference: &str) -> Result<bool, String> {
        Ok(self.reduce(answer)? == self.reduce(reference)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_match_overlooks_only_what_it_is_told() {
        let strict = Matching::default();
        assert!(!strict.equal("A.", "a").unwrap() && strict.equal("a", "a").unwrap());
        let loose =
            Matching { ignore_case: true, ignore_punctuation: true, ignore_numbers: true, ..Matching::default() };
        assert!(loose.equal("A.1", "a").unwrap());
    }
}
