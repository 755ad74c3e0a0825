//! What a careful reader asks of the paper, answered with numbers: `findings.csv`.

use super::agreement::{Harmony, Subset, means, nesting, range};
use super::components::Factors;
use super::data::{Tables, Tuning};
use super::emergence::Emergence;
use crate::analysis::Phase;
use crate::error::Result;
use crate::stats::agreement::{LeftOut, Summary, above_floor};
use crate::stats::best_of::{expected_falls, gain_of_best, gain_of_higher};
use crate::stats::estimate::{Estimate, Interval};
use crate::stats::selection::Verdict;

/// Standard errors above the level of a guess from which on a model counts as above it (one-sided 5 %).
const CLEARLY: f64 = 1.645;
/// Candidates of the best score: the untrained model and five epochs.
const CANDIDATES: usize = 6;

/// One answer: a quantity before, after or after minus before.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Finding {
    /// What was asked.
    pub question: &'static str,
    /// What the number is.
    pub quantity: String,
    /// The number with its interval.
    pub estimate: Estimate,
}

struct Findings(Vec<Finding>);

impl Findings {
    fn push(&mut self, question: &'static str, quantity: impl Into<String>, estimate: Estimate) {
        self.0.push(Finding { question, quantity: quantity.into(), estimate });
    }

    fn number(&mut self, question: &'static str, quantity: impl Into<String>, value: f64) {
        self.push(question, quantity, Estimate::of(value));
    }

    fn three(&mut self, question: &'static str, quantity: &str, estimates: Vec<Estimate>) {
        for (when, estimate) in WHEN.iter().zip(estimates) {
            self.push(question, format!("{quantity}, {when}"), estimate);
        }
    }
}

const WHEN: [&str; 3] = ["before", "after", "after minus before"];

const SURE: &str = "How sure is it?";
const NOISE: &str = "How much of the disagreement is noise of items?";
const BEST: &str = "What does reporting the best of several epochs add?";
const FLOORS: &str = "How much of it comes from models that guess?";
const COMPONENTS: &str = "What is the first component's share to be read against?";
const KINDS: &str = "Does it hold for base and chat models apart?";
const COMPUTE: &str = "Does compute explain scores better after?";

/// All answers.
pub(super) fn findings(
    tables: &Tables,
    all: &Harmony,
    factors: &Factors,
    emergence: &Emergence,
) -> Result<Vec<Finding>> {
    let mut found = Findings(Vec::new());
    sure(&mut found, all);
    noise(&mut found, all);
    best(&mut found, tables, all)?;
    floors(&mut found, tables, all)?;
    components(&mut found, factors);
    kinds(&mut found, tables)?;
    compute(&mut found, emergence)?;
    Ok(found.0)
}

fn three_of(all: &Harmony, of: impl Fn(&Summary<Estimate>) -> &Estimate) -> Vec<Estimate> {
    let change = &all.change;
    [&change.before.summary, &change.after.summary, &change.difference].map(|summary| of(summary).clone()).to_vec()
}

fn sure(found: &mut Findings, all: &Harmony) {
    found.three(SURE, "mean τ-b", three_of(all, |s| &s.mean));
    found.push(SURE, "share of pairs of benchmarks with a larger τ-b after", all.change.pairs_above.clone());
    found.number(SURE, "makers", all.makers() as f64);
    found.number(SURE, "makers of equal size that would carry as much", all.change.before.effective_clusters);
    let sides = [&all.change.before.left_out, &all.change.after.left_out, &all.change.left_out];
    for (when, left_out) in WHEN.iter().zip(sides) {
        let mean = |left: &LeftOut| left.summary.mean;
        if let Some((low, high)) = range(left_out, mean) {
            found.number(SURE, format!("mean τ-b, {when}, without one maker: smallest"), low);
            found.number(SURE, format!("mean τ-b, {when}, without one maker: largest"), high);
        }
    }
}

fn noise(found: &mut Findings, all: &Harmony) {
    found.three(NOISE, "mean noise ceiling of τ-b", three_of(all, |s| &s.ceiling));
    found.three(NOISE, "mean τ-b as a share of its ceiling", three_of(all, |s| &s.share_of_ceiling));
    found.three(NOISE, "mean τ-b of the true scores", three_of(all, |s| &s.disattenuated));
}

fn best(found: &mut Findings, tables: &Tables, all: &Harmony) -> Result<()> {
    let models = tables.all();
    let (mut gains, mut higher, mut most) = (Vec::new(), Vec::new(), Vec::new());
    let (mut same, mut falls, mut count) = (0, 0, 0);
    let mut lowered = all.columns[1].clone();
    for (k, benchmark) in tables.benchmarks.iter().enumerate() {
        let errors = Phase::BOTH.map(|phase| tables.errors(benchmark, phase, &models));
        for i in 0..models.len() {
            let (before, after) = (all.columns[0][k][i], all.columns[1][k][i]);
            let both = errors[0][i].hypot(errors[1][i]);
            count += 1;
            same += usize::from(after == before);
            falls += usize::from(after < before);
            gains.push((after - before, both));
            higher.extend(gain_of_higher(after - before, both));
            // Scores that share all of their truth: the most that choosing can add.
            if let Some(gain) = gain_of_best(CANDIDATES, errors[1][i], 0.0) {
                most.push(gain);
                lowered[k][i] -= gain;
            }
        }
    }
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    found.number(BEST, "scores", f64::from(count));
    found.number(BEST, "scores lower after than before", falls as f64);
    found.number(BEST, "scores exactly the same", same as f64);
    if let Some(expected) = expected_falls(&gains) {
        found.number(BEST, "scores that would be lower if both were tested anew, at the gains seen", expected);
    }
    found.number(BEST, "mean gain of taking the higher of before and after", mean(&higher));
    found.number(BEST, "mean gain of the best of six equal candidates, at most", mean(&most));
    let trained = &[all.columns[0].clone(), lowered];
    found.three(BEST, "mean τ-b, scores after lowered by that most", means(trained, &all.nesting)?);
    let what = format!("mean τ-b of the {} benchmarks with 2,000 items or more", Subset::ManyItems.of(tables).len());
    found.three(BEST, &what, all.of_subset(Subset::ManyItems));
    Ok(())
}

fn floors(found: &mut Findings, tables: &Tables, all: &Harmony) -> Result<()> {
    let models = tables.all();
    let mut guessing = [0, 0];
    let columns = [Phase::Unadjusted, Phase::Adjusted].map(|phase| {
        let place = phase.of(0, 1);
        let above = tables.benchmarks.iter().enumerate().map(|(k, benchmark)| {
            // An answer that does not look at the question scores the share of the commonest one.
            let floor = benchmark.majority.unwrap_or(benchmark.chance).max(benchmark.chance);
            let errors = tables.errors(benchmark, phase, &models);
            let column = above_floor(&all.columns[place][k], floor, &errors, CLEARLY);
            guessing[place] += column.iter().filter(|v| v.is_nan()).count();
            column
        });
        above.collect::<Vec<_>>()
    });
    found.number(FLOORS, "scores that are not clearly above a guess, before", f64::from(guessing[0] as u32));
    found.number(FLOORS, "scores that are not clearly above a guess, after", f64::from(guessing[1] as u32));
    found.three(FLOORS, "mean τ-b among models clearly above a guess on both", means(&columns, &all.nesting)?);
    // The same models before and after, so that choosing them changes nothing.
    let common: [Vec<Vec<f64>>; 2] = [0, 1].map(|c| {
        let both = |k: usize, i: usize| !columns[0][k][i].is_nan() && !columns[1][k][i].is_nan();
        let kept = |k: usize, i: usize| if both(k, i) { columns[c][k][i] } else { f64::NAN };
        (0..columns[c].len()).map(|k| (0..models.len()).map(|i| kept(k, i)).collect()).collect()
    });
    let what = "mean τ-b among models clearly above a guess on both, before and after";
    found.three(FLOORS, what, means(&common, &all.nesting)?);
    let without = all.of_subset(Subset::OtherThanLanguage);
    found.three(FLOORS, "mean τ-b without the benchmarks of language understanding", without);
    Ok(())
}

fn components(found: &mut Findings, factors: &Factors) {
    let first = |k: usize| factors.shares[k].first().cloned().unwrap_or_default();
    found.three(COMPONENTS, "share of the first component", vec![first(0), first(1), first(2)]);
    for (k, unrelated) in factors.unrelated.iter().enumerate() {
        let when = WHEN[k];
        let (expected, upper) = (unrelated.expected.first().copied(), unrelated.upper.first().copied());
        let estimate = Estimate { interval: Interval { low: None, high: upper }, ..Estimate::default() };
        let estimate = Estimate { value: expected, ..estimate };
        found.push(COMPONENTS, format!("share of unrelated benchmarks, {when}"), estimate);
        if let Some(share) = factors.one_factor[k] {
            found.number(COMPONENTS, format!("share of one ability and the noise of items, {when}"), share);
        }
        let more = unrelated.p_values.iter().take_while(|p| **p < 0.05).count();
        found.number(COMPONENTS, format!("components larger than those of unrelated benchmarks, {when}"), more as f64);
    }
}

fn kinds(found: &mut Findings, tables: &Tables) -> Result<()> {
    for (what, tuning) in [("mean τ-b of base models", Tuning::Base), ("mean τ-b of chat models", Tuning::Chat)] {
        let models = tables.those(|model| model.tuning == tuning);
        let columns = Phase::BOTH.map(|phase| tables.columns(phase, &models));
        found.three(KINDS, what, means(&columns, &nesting(tables, &models)?)?);
    }
    Ok(())
}

fn compute(found: &mut Findings, emergence: &Emergence) -> Result<()> {
    let count = |holds: &dyn Fn(&super::emergence::Compared) -> bool| {
        emergence.benchmarks.iter().filter(|one| holds(one)).count() as f64
    };
    found.number(COMPUTE, "benchmarks", emergence.benchmarks.len() as f64);
    found.number(COMPUTE, "models with trusted compute", emergence.models.len() as f64);
    found.number(COMPUTE, "generations of models among them", emergence.families as f64);
    found.number(COMPUTE, "benchmarks with a larger R² after", count(&|one| one.r_squared.value > Some(0.0)));
    found.number(
        COMPUTE,
        "benchmarks whose R² is larger after with certainty (95 % each)",
        count(&|one| one.r_squared.interval.low > Some(0.0)),
    );
    found.number(
        COMPUTE,
        "benchmarks with a point of emergence before and after",
        count(&|one| one.moved.value.is_some()),
    );
    found.number(
        COMPUTE,
        "benchmarks whose point of emergence is at less compute after",
        count(&|one| one.moved.value > Some(0.0)),
    );
    for phase in Phase::BOTH {
        let when = WHEN[phase.of(0, 1)];
        let mut r: Vec<f64> = emergence.benchmarks.iter().filter_map(|one| one.phase(phase).r_squared.value).collect();
        r.sort_by(f64::total_cmp);
        if let Some(median) = crate::stats::distribution::sample_quantile(&r, 0.5) {
            found.number(COMPUTE, format!("median R² of the hinge, {when}"), median);
        }
        for verdict in [Verdict::Abrupt, Verdict::Gradual, Verdict::None] {
            let what = format!("benchmarks whose rise is called {}, {when}", verdict.name());
            found.number(COMPUTE, what, emergence.verdicts(phase, verdict) as f64);
        }
        let (chat, all) = emergence.certain(|one| Some(&one.phase(phase).chat))?;
        let what = format!("benchmarks of {all} where chat models differ at equal compute (Holm, 5 %), {when}");
        found.number(COMPUTE, what, chat as f64);
        let makers: Vec<&String> = emergence
            .benchmarks
            .first()
            .map_or_else(Vec::new, |b| b.phase(phase).makers.iter().map(|m| &m.0).collect());
        for maker in makers {
            let (certain, all) = emergence
                .certain(|one| one.phase(phase).makers.iter().find(|(name, _)| name == maker).map(|(_, e)| e))?;
            let what =
                format!("benchmarks of {all} where models of {maker} differ at equal compute (Holm, 5 %), {when}");
            found.number(COMPUTE, what, certain as f64);
        }
        found.push(
            COMPUTE,
            format!("R² of the hinge for the first component, {when}"),
            emergence.component.phase(phase).r_squared.clone(),
        );
    }
    found.push(COMPUTE, "R² for the first component, after minus before", emergence.component.r_squared.clone());
    Ok(())
}
