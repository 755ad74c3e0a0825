//! Times of the agreement of benchmarks: `cargo bench --bench agreement`.
//!
//! Prints seconds for τ-b of all pairs of 100 models × 60 benchmarks in 2,000 resamples, by products of signs and pair by
//! pair by Knight's method, for the whole analysis with ceilings and components, and the times of both methods for growing
//! numbers of models. `python benches/agreement_against_scipy.py` does the first with scipy.

use std::hint::black_box;
use std::time::Instant;

use onset::stats::agreement::{Agreement, Panel};
use onset::stats::ceiling::{Ceiling, CeilingFit, Noise};
use onset::stats::concordance::RankedTable;
use onset::stats::nested::{Inside, Nesting};
use onset::stats::principal::Unrelated;
use onset::stats::random::Seed;
use onset::stats::rank::kendall;
use rayon::prelude::*;

type Failure = Box<dyn std::error::Error + Send + Sync>;

const MODELS: usize = 100;
const BENCHMARKS: usize = 60;
const RESAMPLES: u64 = 2_000;
const ITEMS: usize = 1_000;

fn main() -> Result<(), Failure> {
    let columns = columns(MODELS, BENCHMARKS);
    let table = RankedTable::new(&columns)?;
    // Makers of ten models, and inside them pairs of a base and a chat model.
    let makers: Vec<usize> = (0..MODELS).map(|i| i / 10).collect();
    let pairs: Vec<usize> = (0..MODELS).map(|i| i / 2).collect();
    let nesting = Nesting::new(&makers, &pairs)?;
    let every = Nesting::flat(onset::stats::clusters::Clusters::singletons(MODELS));

    let resample = |nesting: &Nesting, b: u64| -> f64 {
        let drawn = nesting.draw(Inside::Drawn, &mut Seed(1).stream("bench", b));
        table.tau_of(&drawn).ok().and_then(|tau| tau.mean()).unwrap_or(f64::NAN)
    };
    let all = |nesting: &Nesting| (0..RESAMPLES).into_par_iter().map(|b| resample(nesting, b)).sum::<f64>();
    report("τ of all pairs, 2,000 resamples of single models, all threads", 3, || all(&every));
    report("the same, resamples of makers and pairs", 3, || all(&nesting));
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    one.install(|| report("of single models, one thread", 3, || all(&every)));

    let by_knight = |b: u64| -> f64 {
        let drawn = every.draw(Inside::Drawn, &mut Seed(1).stream("bench", b));
        let write = |column: &Vec<f64>| -> Vec<f64> {
            column.iter().zip(&drawn).flat_map(|(v, m)| std::iter::repeat_n(*v, *m as usize)).collect()
        };
        let rows: Vec<Vec<f64>> = columns.iter().map(write).collect();
        let tau = |a: usize, b: usize| kendall(&rows[a], &rows[b]).ok().and_then(|tau| tau.value).unwrap_or(f64::NAN);
        (0..BENCHMARKS).map(|a| (0..a).map(|b| tau(a, b)).sum::<f64>()).sum()
    };
    report("pair by pair with `kendall`, 20 resamples, one thread", 1, || (0..20).map(by_knight).sum());

    let noise = Noise::Items(ITEMS as f64);
    let ceilings: Vec<CeilingFit> =
        columns.iter().map(|column| Ceiling::new().fit(column, &noise)).collect::<Result<_, _>>()?;
    let panel = Panel::new(&columns).ceilings(&ceilings);
    let agreement = Agreement::new(Seed(1));
    let whole =
        || agreement.fit(&panel, &nesting).ok().and_then(|fit| fit.summary.mean.interval.low).unwrap_or(f64::NAN);
    report("the whole analysis: τ, components, ceilings, 2,000 resamples (aim 2)", 3, whole);
    let unrelated = || Unrelated::new(Seed(1)).run(&columns).map_or(f64::NAN, |shares| shares.expected[0]);
    report("components of 1,000 tables of unrelated columns", 3, unrelated);

    for models in [32, 64, 128, 256, 512, 1_024] {
        let columns = self::columns(models, 12);
        let table = RankedTable::new(&columns)?;
        let pairs = 12.0 * 11.0 / 2.0;
        let by_signs = time(20, || table.tau().mean().unwrap_or(f64::NAN)) / pairs;
        let tau = |a: usize, b: usize| kendall(&columns[a], &columns[b]).ok().and_then(|t| t.value).unwrap_or(f64::NAN);
        let by_knight = time(20, || (0..12).map(|a| (0..a).map(|b| tau(a, b)).sum::<f64>()).sum::<f64>()) / pairs;
        println!(
            "{models} models: a pair in the table {:.2} µs, with `kendall` {:.2} µs",
            1e6 * by_signs,
            1e6 * by_knight
        );
    }
    Ok(())
}

/// Scores over so many items, of one ability and a part of each benchmark's own.
fn columns(models: usize, benchmarks: usize) -> Vec<Vec<f64>> {
    let mut stream = Seed(7).stream("scores", models as u64);
    let ability: Vec<f64> = (0..models).map(|_| stream.normal()).collect();
    let mut score = |a: &f64| {
        let p = 1.0 / (1.0 + (-a - 0.7 * stream.normal()).exp());
        stream.binomial(ITEMS, p) as f64 / ITEMS as f64
    };
    (0..benchmarks).map(|_| ability.iter().map(&mut score).collect()).collect()
}

/// Seconds of the best of some runs, which other work on the machine disturbs least.
fn time(runs: usize, work: impl Fn() -> f64) -> f64 {
    (0..runs).fold(f64::INFINITY, |best, _| {
        let start = Instant::now();
        black_box(work());
        best.min(start.elapsed().as_secs_f64())
    })
}

fn report(what: &str, runs: usize, work: impl Fn() -> f64) {
    println!("{what}: {:.3} s", time(runs, work));
}
