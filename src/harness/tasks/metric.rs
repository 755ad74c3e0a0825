//! Scores of one item: `metric_list` and `process_results`.

use serde::{Deserialize, Serialize};

use super::functions::Function;
use super::node::{Content, Node};
use super::output::Output;
use super::regex::Pattern;
use super::value::{Value, python_float};
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
            Self::F1 | Self::Matthews | Self::Bleu | Self::Chrf => Takes::Pairs,
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
static DEFAULTS: [(&str, Aggregation, bool, &[Output]); 11] = [
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
                "ignore_case" if self.name == "exact_match" => self.matching.ignore_case = truth(node),
                "ignore_punctuation" if self.name == "exact_match" => self.matching.ignore_punctuation = truth(node),
                "ignore_numbers" if self.name == "exact_match" => self.matching.ignore_numbers = truth(node),
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

/// Whether Python counts a value as true: text is, unless it is empty.
pub(super) fn truth(node: &Node) -> bool {
    match node.value() {
        Value::Null => false,
        Value::Bool(flag) => flag,
        Value::Int(number) => number != 0,
        Value::Float(number) => number != 0.0,
        Value::Text(text) => !text.is_empty(),
        Value::List(list) => !list.is_empty(),
        Value::Map(entries) => !entries.is_empty(),
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

/// Place of the first greatest number; of the first that is no number, where there is one (as numpy does).
pub(super) fn argmax(numbers: &[f64]) -> usize {
    if let Some(at) = numbers.iter().position(|number| number.is_nan()) {
        return at;
    }
    let mut best = 0;
    for (at, number) in numbers.iter().enumerate() {
        if *number > numbers[best] {
            best = at;
        }
    }
    best
}

/// Probabilities proportional to the exponentials, summed in numpy's order.
pub(super) fn softmax(logs: &[f64]) -> Vec<f64> {
    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = logs.iter().map(|log| (log - most).exp()).collect();
    let sum = pairwise_sum(&powers);
    powers.into_iter().map(|power| power / sum).collect()
}

/// The sum in the order in which numpy adds contiguous numbers: eight running sums in blocks of at most 128, blocks
/// halved. The same order gives the same last digit.
pub(super) fn pairwise_sum(numbers: &[f64]) -> f64 {
    if numbers.len() < 8 {
        return numbers.iter().fold(-0.0, |sum, number| sum + number);
    }
    if numbers.len() > 128 {
        let half = numbers.len() / 2;
        let (left, right) = numbers.split_at(half - half % 8);
        return pairwise_sum(left) + pairwise_sum(right);
    }
    let mut sums = [0.0; 8];
    sums.copy_from_slice(&numbers[..8]);
    let blocks = numbers[8..].chunks_exact(8);
    let rest = blocks.remainder();
    for block in blocks {
        for (sum, number) in sums.iter_mut().zip(block) {
            *sum += number;
        }
    }
    let [a, b, c, d, e, f, g, h] = sums;
    rest.iter().fold(((a + b) + (c + d)) + ((e + f) + (g + h)), |sum, number| sum + number)
}

/// How numpy prints a row of numbers: eight decimals at most, powers of ten where the range is wide, lines of at most
/// 75 characters.
fn numpy_text(numbers: &[f64]) -> String {
    // One character of each line is kept for the closing bracket.
    const WIDTH: usize = 74;
    let (mut text, mut line) = (String::new(), " ".to_owned());
    for (at, word) in numpy_words(numbers).iter().enumerate() {
        if at > 0 {
            line.push(' ');
        }
        if line.len() > 1 && line.len() + word.len() > WIDTH {
            text += line.trim_end();
            text.push('\n');
            line = " ".to_owned();
        }
        line += word;
    }
    format!("[{}]", &(text + &line)[1..])
}

fn numpy_words(numbers: &[f64]) -> Vec<String> {
    let finite: Vec<f64> = numbers.iter().copied().filter(|number| number.is_finite()).map(f64::abs).collect();
    let not_zero = finite.iter().copied().filter(|number| *number > 0.0);
    let (least, most) = not_zero.fold((f64::INFINITY, 0.0_f64), |(least, most), x| (least.min(x), most.max(x)));
    let powers = most > 0.0 && (most >= 1e8 || least < 1e-4 || most / least > 1000.0);
    let special = |number: &f64| if number.is_nan() { "nan" } else { "inf" }.to_owned();
    // Digits of each after the point: the fewest that tell it apart, but eight at most.
    let decimals = |text: &str| text.split_once('.').map_or(0, |(_, digits)| digits.len());
    let words: Vec<String> = if powers {
        let mantissa = |number: &f64| {
            let rounded = format!("{number:.8e}");
            let (digits, power) = rounded.split_once('e').unwrap_or((&rounded, "0"));
            let shortest = format!("{number:e}");
            let short = shortest.split_once('e').map_or("", |(digits, _)| digits).to_owned();
            let digits = if decimals(&short) <= 8 { short } else { digits.trim_end_matches('0').to_owned() };
            (digits, power.parse::<i32>().unwrap_or(0))
        };
        let most = numbers.iter().filter(|x| x.is_finite()).map(|x| decimals(&mantissa(x).0)).max().unwrap_or(0);
        let word = |number: &f64| {
            if !number.is_finite() {
                return special(number);
            }
            let (digits, power) = mantissa(number);
            let point = if digits.contains('.') { "" } else { "." };
            let zeros = "0".repeat(most - decimals(&digits));
            format!("{digits}{point}{zeros}e{}{:02}", if power < 0 { '-' } else { '+' }, power.abs())
        };
        numbers.iter().map(word).collect()
    } else {
        let short = |number: &f64| {
            let text = python_float(*number);
            if decimals(&text) <= 8 { text } else { format!("{number:.8}").trim_end_matches('0').to_owned() }
        };
        let shown = |text: &str| if text.ends_with(".0") { 0 } else { decimals(text) };
        let most = numbers.iter().filter(|x| x.is_finite()).map(|x| shown(&short(x))).max().unwrap_or(0);
        let word = |number: &f64| {
            if !number.is_finite() {
                return special(number);
            }
            let text = short(number);
            let (whole, digits) = text.split_once('.').unwrap_or((&text, ""));
            let digits = if shown(&text) == 0 { "" } else { digits };
            format!("{whole}.{digits:<most$}")
        };
        numbers.iter().map(word).collect()
    };
    let widest = words.iter().map(String::len).max().unwrap_or(0);
    words.into_iter().map(|word| format!("{word:>widest$}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    // The expected texts are `str(numpy.array(numbers))` of numpy 2.
    #[test]
    fn rows_print_as_numpy_prints_them() {
        for (numbers, expected) in [
            (vec![0.5, 0.25, 0.25], "[0.5  0.25 0.25]"),
            (vec![0.1, 0.123_456_789, 0.7], "[0.1        0.12345679 0.7       ]"),
            (vec![1e-5, 0.5, 0.49999], "[1.0000e-05 5.0000e-01 4.9999e-01]"),
            (vec![1.0, 2e-9], "[1.e+00 2.e-09]"),
            (vec![0.9, 0.1, 0.0], "[0.9 0.1 0. ]"),
            (
                vec![0.333_333_333_333_33; 12],
                "[0.33333333 0.33333333 0.33333333 0.33333333 0.33333333 0.33333333\n 0.33333333 0.33333333 0.33333333 \
                 0.33333333 0.33333333 0.33333333]",
            ),
        ] {
            assert_eq!(numpy_text(&numbers), expected);
        }
    }

    #[test]
    fn exact_match_overlooks_only_what_it_is_told() {
        let strict = Matching::default();
        assert!(!strict.equal("A.", "a").unwrap() && strict.equal("a", "a").unwrap());
        let loose =
            Matching { ignore_case: true, ignore_punctuation: true, ignore_numbers: true, ..Matching::default() };
        assert!(loose.equal("A.1", "a").unwrap());
    }
}
