//! The two papers meet: does compute explain the scores of each benchmark, before and after?
//!
//! Scores against log10 compute, chat models as a group of their own: the hinge and its rivals, the point of emergence, how
//! much compute explains, and what chat tuning and each maker add at equal compute. Models of one generation (Qwen1.5) count
//! as related; a maker's difference is judged among the base models and their chat models, for the makers there are. The
//! p-values of one question over all benchmarks are adjusted by Holm's method.

use rayon::prelude::*;

use super::agreement::{LEVEL, SEED};
use super::data::{Tables, Tuning};
use crate::analysis::Phase;
use crate::error::{Error, Result};
use crate::stats::bootstrap::Bootstrap;
use crate::stats::clusters::Clusters;
use crate::stats::covariance::{Covariance, Kind};
use crate::stats::curve::FittedCurve;
use crate::stats::curves::Curve;
use crate::stats::estimate::{Estimate, Method};
use crate::stats::hinge::{Hinge, HingeFit};
use crate::stats::hinge_bootstrap::{self, HingeQuantity};
use crate::stats::multiplicity::holm;
use crate::stats::parameter::Parameter;
use crate::stats::profile::Profile;
use crate::stats::sample::Sample;
use crate::stats::selection::{Selection, Verdict};

/// Replicates of the bootstraps behind each benchmark.
const REPLICATES: usize = 399;
/// A maker with fewer models has no difference of its own.
const FEWEST_OF_MAKER: usize = 4;

/// Every benchmark's curves.
pub(super) struct Emergence {
    /// Places of the models: those whose compute is trusted.
    pub(super) models: Vec<usize>,
    /// Their compute in FLOPs.
    pub(super) compute: Vec<f64>,
    pub(super) families: usize,
    /// One for every benchmark, in the order of the tables.
    pub(super) benchmarks: Vec<Compared>,
    /// The scores on the first component.
    pub(super) component: Compared,
}

/// One benchmark before and after.
pub(super) struct Compared {
    pub(super) name: String,
    pub(super) chance: Option<f64>,
    pub(super) phases: [Analysed; 2],
    /// After minus before.
    pub(super) r_squared: Estimate,
    /// Before minus after: how far the point of emergence moved to less compute, in decades.
    pub(super) moved: Estimate,
}

/// One benchmark under one condition.
pub(super) struct Analysed {
    pub(super) scores: Vec<f64>,
    pub(super) hinge: HingeFit,
    pub(super) verdict: Verdict,
    pub(super) selected: Curve,
    pub(super) r_squared: Estimate,
    /// log10 FLOPs.
    pub(super) emergence: Estimate,
    /// Chat models less base models at equal compute.
    pub(super) chat: Estimate,
    /// Each maker less all others.
    pub(super) makers: Vec<(String, Estimate)>,
}

impl Emergence {
    pub(super) fn of(tables: &Tables, component: [&[Option<f64>]; 2]) -> Result<Self> {
        let models = tables.those(|model| model.compute_is_sure);
        let setting = Setting::of(tables, &models)?;
        let benchmarks = (0..tables.benchmarks.len())
            .into_par_iter()
            .map(|k| {
                let benchmark = &tables.benchmarks[k];
                let scores = Phase::BOTH.map(|phase| tables.column(benchmark, phase, &models));
                setting.compare(&benchmark.name, Some(benchmark.chance), scores).map_err(|e| e.within(&benchmark.id))
            })
            .collect::<Result<Vec<_>>>()?;
        let scores = component.map(|all| models.iter().map(|&i| all[i].unwrap_or(f64::NAN)).collect());
        let component = setting.compare("First component", None, scores)?;
        let compute = models.iter().map(|&i| tables.models[i].compute.0).collect();
        Ok(Self { families: setting.families.count(), models, compute, benchmarks, component })
    }

    /// How many of the benchmarks' estimates differ from 0 at 5 %, p-values adjusted by Holm's method; and of how many
    /// there is a p-value.
    pub(super) fn certain<'e>(&'e self, of: impl Fn(&'e Compared) -> Option<&'e Estimate>) -> Result<(usize, usize)> {
        let p: Vec<f64> = self.benchmarks.iter().filter_map(of).filter_map(|estimate| estimate.p_value).collect();
        Ok((holm(&p)?.iter().filter(|p| **p < 1.0 - LEVEL).count(), p.len()))
    }

    /// In how many benchmarks the condition has this verdict.
    pub(super) fn verdicts(&self, phase: Phase, verdict: Verdict) -> usize {
        self.benchmarks.iter().filter(|one| one.phase(phase).verdict == verdict).count()
    }
}

impl Compared {
    pub(super) fn phase(&self, phase: Phase) -> &Analysed {
        let [before, after] = &self.phases;
        phase.of(before, after)
    }
}

/// What all benchmarks share.
struct Setting {
    x: Vec<f64>,
    chat: Vec<f64>,
    families: Clusters,
    /// Base models with their chat models.
    pairs: Clusters,
    /// Makers with enough models, and which models are theirs.
    makers: Vec<(String, Vec<f64>)>,
}

impl Setting {
    fn of(tables: &Tables, models: &[usize]) -> Result<Self> {
        let of = |i: &usize| &tables.models[*i];
        let mut names: Vec<&String> = models.iter().map(|i| &of(i).maker).collect();
        names.sort();
        names.dedup();
        let indicator =
            |name: &String| -> Vec<f64> { models.iter().map(|i| f64::from(u8::from(of(i).maker == *name))).collect() };
        let makers = names.into_iter().map(|name| (name.clone(), indicator(name)));
        let enough = |(_, members): &(String, Vec<f64>)| members.iter().sum::<f64>() >= FEWEST_OF_MAKER as f64;
        Ok(Self {
            x: models.iter().map(|i| of(i).compute.log10()).collect(),
            chat: models.iter().map(|i| f64::from(u8::from(of(i).tuning == Tuning::Chat))).collect(),
            families: Clusters::new(&models.iter().map(|i| of(i).family.as_str()).collect::<Vec<_>>()),
            pairs: Clusters::new(&models.iter().map(|i| of(i).base.as_str()).collect::<Vec<_>>()),
            makers: makers.filter(enough).collect(),
        })
    }

    fn compare(&self, name: &str, chance: Option<f64>, scores: [Vec<f64>; 2]) -> Result<Compared> {
        let sample = |y: &[f64]| {
            Sample::new(&self.x, y)?.with_groups(std::slice::from_ref(&self.chat))?.with_families(&self.families)
        };
        let [before, after] = [sample(&scores[0])?, sample(&scores[1])?];
        let hinge = Hinge::with_chance(chance);
        let bootstrap = Bootstrap::new(SEED).replicates(REPLICATES);
        let drawn = hinge_bootstrap::difference(&bootstrap, &hinge, [&after, &before])?;
        let [y_before, y_after] = scores;
        let phases = [self.analyse(chance, &before, y_before)?, self.analyse(chance, &after, y_after)?];
        let difference = |quantity: HingeQuantity, value: Option<f64>| match value {
            Some(value) => Estimate {
                interval: drawn.percentile(quantity.place(), LEVEL).unwrap_or_default(),
                p_value: drawn.p_value(quantity.place(), 0.0),
                ..Estimate::of(value).by(Method::PairsPercentile)
            },
            None => Estimate::unknown("one of the two has no point of emergence within the data"),
        };
        let minus = |of: &dyn Fn(&Analysed) -> Option<f64>| Some(of(&phases[1])? - of(&phases[0])?);
        let r_squared = difference(HingeQuantity::RSquared, minus(&|one| one.hinge.r_squared()));
        let moved = difference(HingeQuantity::Break, minus(&|one| one.hinge.emergence()));
        Ok(Compared { name: name.to_owned(), chance, phases, r_squared, moved: turned(moved) })
    }

    fn analyse(&self, chance: Option<f64>, sample: &Sample, scores: Vec<f64>) -> Result<Analysed> {
        let hinge = Hinge::with_chance(chance);
        let fit = hinge.fit_sample(sample)?;
        let compared = Selection::new().between(chance.into()).without_prediction_errors().compare(sample)?;
        let drawn = hinge_bootstrap::parameters(&Bootstrap::new(SEED).replicates(REPLICATES), &hinge, sample)?;
        let r_squared = match fit.r_squared() {
            Some(value) => Estimate {
                interval: drawn.percentile(HingeQuantity::RSquared.place(), LEVEL).unwrap_or_default(),
                ..Estimate::of(value).by(Method::PairsPercentile)
            },
            None => Estimate::unknown("all scores are the same"),
        };
        let makers = self.makers.iter().map(|(name, members)| {
            let groups = [self.chat.clone(), members.clone()];
            let fit = Sample::new(sample.x(), sample.y())?.with_groups(&groups).and_then(|s| hinge.fit_sample(&s));
            Ok((name.clone(), group(&fit?, 1, 2, &self.pairs)))
        });
        Ok(Analysed {
            scores,
            verdict: compared.verdict,
            selected: compared.selected,
            r_squared,
            emergence: emergence(&fit, sample, chance),
            chat: group(&fit, 0, 1, &self.families),
            makers: makers.collect::<Result<_>>()?,
            hinge: fit,
        })
    }
}

/// With the sign turned.
fn turned(estimate: Estimate) -> Estimate {
    let interval = crate::stats::estimate::Interval {
        low: estimate.interval.high.map(|v| -v),
        high: estimate.interval.low.map(|v| -v),
    };
    Estimate { value: estimate.value.map(|v| -v), interval, ..estimate }
}

/// The difference of one group, clustered.
fn group(fit: &HingeFit, place: usize, groups: usize, clusters: &Clusters) -> Estimate {
    let at = fit.place_of(Parameter::theta(place, groups)).filter(|_| fit.theta_identified[place]);
    let Some(at) = at else { return Estimate::unknown("the data do not determine it") };
    match Covariance::new(Kind::Cr2).clusters(clusters).estimate(&fit.jacobian(), fit.residuals()) {
        Ok(covariance) => Estimate::student(fit.theta[place], at, &covariance, LEVEL),
        Err(error) => Estimate::of(fit.theta[place]).because(error.to_string()),
    }
}

fn emergence(fit: &HingeFit, sample: &Sample, chance: Option<f64>) -> Estimate {
    let Some(c) = fit.emergence() else {
        return Estimate::unknown("scores rise over the whole range of compute, or not at all");
    };
    // The bootstrap's set of all breaks would take most of the time of both papers.
    let set = Profile::new(sample, chance).and_then(|profile| profile.set(LEVEL));
    match set {
        Ok(set) => Estimate { interval: set.hull().unwrap_or_default(), ..Estimate::of(c).by(Method::ProfileF) },
        Err(error) => Estimate::of(c).because(error.to_string()),
    }
}

/// Components as they are on the models whose compute is trusted need a score of each.
pub(super) fn complete(scores: &[Option<f64>]) -> Result<&[Option<f64>]> {
    if scores.iter().all(Option::is_some) {
        return Ok(scores);
    }
    Err(Error::Undetermined("a model has no score on the first component".into()))
}
