//! From the scores of items to the result of a task, and from tasks to groups.
//!
//! The standard error of a mean is s/√n with the sample standard deviation s (divisor n − 1). Medians, perplexities and
//! means that skip missing scores have lm-evaluation-harness's bootstrap: 100 generators, seeded 0 to 99, draw 1,000
//! resamples each with Python's `random.choices`, and the standard deviation of the 100,000 values is the standard
//! error; same draws, same digits. The Brier score has none there and none here.
//!
//! A group of tasks with means mᵢ, sizes nᵢ and standard errors sᵢ has Σ nᵢmᵢ / Σ nᵢ and the pooled standard error
//! √(Σ (nᵢ − 1) nᵢ sᵢ² / (Σ nᵢ − k) / Σ nᵢ), or, where it does not weigh by size, Σ mᵢ / k and √(Σ sᵢ²) / k.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::corpus;
use super::metric::{Aggregation, ItemScore, MetricSpec};
use super::numpy::pairwise_sum;
use super::sampling::Random;
use super::value::Value;
use crate::stats::itemnoise::wilson;

/// The result of a task or group under one filter and metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AggregatedMetric {
    /// The metric, `acc` for example.
    pub name: String,
    /// The filter, `none` where the task names none.
    pub filter: String,
    /// The aggregate over all items.
    pub value: f64,
    /// Its standard error; `None` is what results files call `N/A`.
    pub stderr: Option<f64>,
    /// Items behind it.
    pub n: usize,
    /// Wilson's interval at 95 %, where every item scores 0 or 1.
    pub interval: Option<(f64, f64)>,
    /// Whether more is better.
    pub higher_is_better: bool,
}

/// Generators and resamples each, as lm-evaluation-harness has them by default.
const BOOTSTRAP: (u64, usize) = (100, 1000);

/// Resamples for measures of texts, which take long there.
const FEW: (u64, usize) = (1, 100);

/// The result over all items.
///
/// # Errors
/// Scores that the aggregation cannot take.
pub(super) fn metric(spec: &MetricSpec, filter: &str, scores: &[&ItemScore]) -> Result<AggregatedMetric, String> {
    let n = scores.len();
    let wrong = |problem: String| format!("`{}`: {problem}", spec.name);
    let over_all = match &spec.aggregation {
        Aggregation::F1 => Some(corpus::f1(&data(scores)?)),
        Aggregation::Matthews => Some(corpus::matthews(&data(scores)?)),
        Aggregation::Bleu => Some(corpus::bleu(&data(scores)?)),
        Aggregation::Chrf => Some(corpus::chrf(&data(scores)?)),
        Aggregation::Ter => Some(corpus::ter(&data(scores)?)),
        Aggregation::WeightedPerplexity => Some(corpus::weighted_perplexity(&data(scores)?)),
        Aggregation::BitsPerByte => Some(corpus::bits_per_byte(&data(scores)?)),
        _ => None,
    };
    let (value, stderr) = match (over_all, &spec.aggregation) {
        (Some(summed), aggregation) => {
            let summed = summed.map_err(wrong)?;
            let drawn = !matches!(aggregation, Aggregation::WeightedPerplexity | Aggregation::BitsPerByte);
            let draws = if matches!(spec.name.as_str(), "bleu" | "chrf" | "ter") { FEW } else { BOOTSTRAP };
            let stderr = (drawn && n > 1).then(|| bootstrap(n, draws, |places| summed.of(places.iter().copied())));
            (summed.of(0..n), stderr)
        }
        (None, Aggregation::Script(function)) => {
            let items: Vec<Value> = scores.iter().map(|score| score.value()).collect();
            (function.aggregated(&items).map_err(wrong)?, None)
        }
        (None, aggregation) => {
            let numbers = scores.iter().map(|score| score.checked());
            let numbers: Vec<f64> =
                numbers.collect::<Option<_>>().ok_or_else(|| wrong("a score that is no number".into()))?;
            let drawn =
                |places: &[usize]| aggregate(aggregation, &places.iter().map(|at| numbers[*at]).collect::<Vec<_>>());
            let stderr = match aggregation {
                _ if n < 2 => None,
                Aggregation::Mean => Some(sample_deviation(&numbers) / (n as f64).sqrt()),
                Aggregation::NanMean | Aggregation::Median | Aggregation::Perplexity => {
                    Some(bootstrap(n, BOOTSTRAP, drawn))
                }
                _ => None,
            };
            (aggregate(aggregation, &numbers), stderr)
        }
    };
    let yes_or_no = matches!(spec.aggregation, Aggregation::Mean)
        && scores.iter().all(|score| matches!(score.checked(), Some(0.0 | 1.0)));
    Ok(AggregatedMetric {
        name: spec.name.clone(),
        filter: filter.to_owned(),
        value,
        stderr,
        n,
        interval: yes_or_no.then(|| wilson(value, n)),
        higher_is_better: spec.higher_is_better,
    })
}

/// What measures over all items are made of.
fn data<'a>(scores: &[&'a ItemScore]) -> Result<Vec<&'a Value>, String> {
    let of = |score: &&'a ItemScore| match score {
        ItemScore::Data(value) => Ok(value),
        _ => Err("a score that is a number, where a pair is needed".to_owned()),
    };
    scores.iter().map(of).collect()
}

fn mean(numbers: &[f64]) -> f64 {
    numbers.iter().sum::<f64>() / numbers.len() as f64
}

fn aggregate(aggregation: &Aggregation, scores: &[f64]) -> f64 {
    match aggregation {
        Aggregation::Brier => pairwise_sum(scores) / scores.len() as f64,
        Aggregation::Perplexity => (-mean(scores)).exp(),
        Aggregation::NanMean => {
            let there: Vec<f64> = scores.iter().copied().filter(|score| !score.is_nan()).collect();
            pairwise_sum(&there) / there.len() as f64
        }
        Aggregation::Median => {
            let mut sorted = scores.to_vec();
            sorted.sort_by(f64::total_cmp);
            sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
        }
        _ => mean(scores),
    }
}

/// Square root of the sum of squared deviations over n − 1.
fn sample_deviation(numbers: &[f64]) -> f64 {
    let middle = mean(numbers);
    (numbers.iter().map(|number| (number - middle).powi(2)).sum::<f64>() / (numbers.len() - 1) as f64).sqrt()
}

fn bootstrap(n: usize, draws: (u64, usize), measure: impl Fn(&[usize]) -> f64 + Sync) -> f64 {
    let chunk = |seed: u64| {
        let mut random = Random::new(seed);
        let mut drawn = vec![0; n];
        let mut values = Vec::with_capacity(draws.1);
        for _ in 0..draws.1 {
            for (place, at) in drawn.iter_mut().zip(random.resample(n)) {
                *place = at;
            }
            values.push(measure(&drawn));
        }
        values
    };
    // One generator per chunk, so the values and their order do not depend on the number of threads.
    let chunks: Vec<Vec<f64>> = (0..draws.0).into_par_iter().map(chunk).collect();
    sample_deviation(&chunks.concat())
}

/// What `aggregate_metric_list` asks for.
#[derive(Debug, Clone)]
pub(super) struct GroupMetric {
    pub name: String,
    /// Filters to aggregate; all that occur where `None`.
    pub filters: Option<Vec<String>>,
    pub weight_by_size: bool,
}

impl GroupMetric {
    /// The group's results from those of its tasks.
    pub(crate) fn of(&self, tasks: &[&[AggregatedMetric]]) -> Vec<AggregatedMetric> {
        let found = || tasks.iter().flat_map(|metrics| metrics.iter()).filter(|metric| metric.name == self.name);
        let filters = self.filters.clone().unwrap_or_else(|| {
            let mut all: Vec<String> = found().map(|metric| metric.filter.clone()).collect();
            all.sort();
            all.dedup();
            all
        });
        let pooled = |filter: String| {
            let parts: Vec<&AggregatedMetric> = found().filter(|metric| metric.filter == filter).collect();
            let first = parts.first()?;
            let sizes: Vec<f64> = parts.iter().map(|part| part.n as f64).collect();
            let weights: Vec<f64> = if self.weight_by_size { sizes.clone() } else { vec![1.0; sizes.len()] };
            let (k, total) = (sizes.len() as f64, sizes.iter().sum::<f64>());
            let value = parts.iter().zip(&weights).map(|(part, weight)| part.value * weight).sum::<f64>()
                / weights.iter().sum::<f64>();
            let errors: Option<Vec<f64>> = parts.iter().map(|part| part.stderr).collect();
            let stderr = errors.map(|errors| {
                if self.weight_by_size {
                    let squares = errors.iter().zip(&sizes).map(|(error, size)| (size - 1.0) * error * error * size);
                    (squares.sum::<f64>() / (total - k) / total).sqrt()
                } else {
                    errors.iter().map(|error| error * error).sum::<f64>().sqrt() / k
                }
            });
            let every_item = self.weight_by_size && parts.iter().all(|part| part.interval.is_some());
            Some(AggregatedMetric {
                name: self.name.clone(),
                filter,
                value,
                stderr,
                n: total as usize,
                interval: every_item.then(|| wilson(value, total as usize)),
                higher_is_better: first.higher_is_better,
            })
        };
        filters.into_iter().filter_map(pooled).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Newcombe 1998, doi:10.1002/(SICI)1097-0258(19980430)17:8<857::AID-SIM777>3.0.CO;2-E, gives 0.2553 and 0.3662 for
    // 81 of 263.
    #[test]
    fn wilson_intervals_are_those_of_the_literature() {
        let (low, high) = wilson(81.0 / 263.0, 263);
        assert!((low - 0.2553).abs() < 5e-5 && (high - 0.3662).abs() < 5e-5, "{low} {high}");
        assert!((1..100).all(|n| wilson(0.0, n).0 == 0.0 && wilson(1.0, n).1 == 1.0));
        assert!(wilson(1.0, 10).0 > 0.7);
    }
}
