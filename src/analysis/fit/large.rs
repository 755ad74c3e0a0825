//! Fits of many models: what is computed otherwise, and how long they go on.

use std::time::{Duration, Instant};

use super::models::FitModels;
use super::settings::FitSettings;
use super::steps::Told;
use crate::bounds::Bound;
use crate::registry::modelset::ModelSet;
use crate::stats::breaktest;
use crate::stats::many::{MANY, PARTS, SETS};

/// Replicates of a bootstrap, however many models there are.
const FEWEST: usize = 99;

/// Replicates of a bootstrap of so many models. One less than a multiple of 100 makes 5 % and 1 % exact levels.
fn replicates(asked: usize, models: usize) -> usize {
    let affordable = Bound::FitDraws.size() / models.max(1);
    if asked <= affordable.max(FEWEST) { asked } else { ((affordable + 1) / 100 * 100).max(FEWEST + 1) - 1 }
}

impl FitSettings {
    /// The settings as a set of so many models is fitted with; `notes` is told what is approximated.
    pub(super) fn for_size(&self, models: &FitModels<'_>, notes: &mut Vec<String>) -> Self {
        let (n, families) = (models.sample.used(), models.sample.counted().families().count());
        let bootstrap = replicates(self.bootstrap, n);
        if bootstrap < self.bootstrap {
            notes.push(format!(
                "{n} models: bootstraps take {bootstrap} replicates instead of {}; `--bound fit-draws=NUMBER` raises the \
                 product of both",
                self.bootstrap
            ));
        }
        if breaktest::breaks(n) < breaktest::BREAKS {
            notes.push(format!(
                "{n} models: tests of a break try {} places of it instead of {}",
                breaktest::breaks(n),
                breaktest::BREAKS
            ));
        }
        if n > MANY && self.leave_out {
            notes.push(format!(
                "{n} models: prediction errors leave out one of {PARTS} parts of the models at a time instead of each model"
            ));
        }
        if families > MANY {
            let errors = if self.leave_out {
                format!("prediction errors leave out one of {PARTS} parts of the clusters at a time, and ")
            } else {
                String::new()
            };
            notes.push(format!(
                "{families} clusters: {errors}the acceleration of BCa intervals is that of a jackknife over {SETS} sets of them"
            ));
        }
        Self { bootstrap, ..self.clone() }
    }

    /// About how long a fit of a set will take on this machine, from one hinge fitted to try; `None` where it is over at once.
    pub(crate) fn forecast(&self, set: &ModelSet) -> Option<Duration> {
        let models = FitModels::new(set, false, Some(0.0), Told(&|_| ())).ok()?;
        let n = models.sample.len();
        if n <= MANY {
            return None;
        }
        // The first fit pays for memory that the others find.
        models.hinge().fit_sample(&models.sample).ok()?;
        let began = Instant::now();
        models.hinge().fit_sample(&models.sample).ok()?;
        let one = began.elapsed().as_secs_f64();
        let replicates = replicates(self.bootstrap, n) as f64;
        let groups = models.places.len() as f64;
        let jackknife = models.sample.families().count().min(SETS) as f64;
        // In fits of a hinge: parameters and band by pairs of clusters, tests of a rise and of a break, the set of c, and per
        // group the bootstrap of its difference and the permutations.
        let pairs = 2.0 * replicates + jackknife;
        let tests = BREAKS * replicates;
        let borders = SEARCHED * replicates.min(ENOUGH);
        let differences = groups * (BISECTED * replicates.min(ENOUGH) + PERMUTED * replicates);
        let has_hinge = self.curve.one().is_none_or(|curve| curve == crate::stats::curves::Curve::Hinge);
        let hinge = if has_hinge { pairs + borders + differences } else { 0.0 };
        let folds = if self.leave_out { 2.0 * PARTS as f64 } else { 0.0 };
        let curves = if self.curve.is_open() { ALL_CURVES * (folds + AGAIN) } else { folds + AGAIN };
        let scores = if set.adjusted.is_some() { 2.0 } else { 1.0 };
        let threads = rayon::current_num_threads() as f64;
        Duration::try_from_secs_f64(scores * one * (hinge + tests + curves) / threads).ok()
    }
}

/// What parts of a fit cost, in fits of a hinge, as measured on 5,000 models: both break tests a replicate, the steps and
/// bisections of the set of c and of a difference's interval, a relabelling, and the curves that are compared.
const BREAKS: f64 = 1.0;
const SEARCHED: f64 = 20.0;
const BISECTED: f64 = 15.0;
const PERMUTED: f64 = 2.0;
const ALL_CURVES: f64 = 500.0;
/// Fits of the curves beside those without a part of the models.
const AGAIN: f64 = 20.0;
/// Replicates that decide most of the searches' questions.
const ENOUGH: f64 = 1_024.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_more_models_the_fewer_replicates_but_never_too_few_and_never_more_than_asked() {
        let of = |models| replicates(9_999, models);
        assert_eq!([1, 53, 1_000, 5_000, 20_000, 1_000_000].map(of), [9_999, 9_999, 9_999, 1_999, 499, 99]);
        assert_eq!([replicates(49, 1_000_000), replicates(1_200, 7_000)], [49, 1_200]);
        assert_eq!(replicates(1_500, 7_000), 1_399);
        assert_eq!([53, 100_000, 200_000, 10_000_000].map(breaktest::breaks), [200, 200, 100, 20]);
    }

    #[test]
    fn what_many_models_are_spared_is_said_and_few_are_spared_nothing() {
        use super::super::steps::FitStep;
        use crate::registry::modelset::Settings;
        use crate::registry::table::Table;
        let report = |models: usize| {
            let mut text = String::from("model,family,compute,score\n");
            for i in 0..models {
                let x = 20.0 + 4.0 * i as f64 / models as f64;
                let score = 0.25 + 0.1 * (x - 22.0).max(0.0) + 0.004 * ((i * 5) % 7) as f64;
                text.push_str(&format!("m{i},f{i},{:e},{score}\n", 10_f64.powf(x)));
            }
            let table = Table::parse(text.as_bytes(), "t.csv".as_ref(), &[]).expect("a table");
            let set = ModelSet::from_tables(&[table], &Settings::default()).expect("models");
            let curve = "linear".parse().expect("a curve");
            let settings = FitSettings { bootstrap: 49, curve, ..FitSettings::default() };
            let steps = std::sync::Mutex::new(Vec::new());
            let report = settings.fit_and_tell(&set, &|step| steps.lock().expect("free").push(step)).expect("a fit");
            assert!(steps.into_inner().expect("free").contains(&FitStep::Compare));
            assert_eq!(settings.forecast(&set).is_some(), models > MANY);
            report
        };
        let spared = |line: &&String| line.contains("one of 10 parts") || line.contains("200 sets");
        let (few, many) = (report(MANY), report(MANY + 1));
        assert_eq!(few.notes.iter().filter(spared).count(), 0, "{:?}", few.notes);
        assert_eq!(many.notes.iter().filter(spared).count(), 2, "{:?}", many.notes);
        let error = |report: &crate::analysis::fit::FitReport| {
            let line = report.unadjusted.curves.iter().find(|one| one.curve.name() == "linear").expect("the line");
            (line.rmse_without_model.expect("an error"), line.rmse_without_family.expect("an error"))
        };
        let ((a, b), (c, d)) = (error(&few), error(&many));
        assert!((a / c - 1.0).abs() < 0.02 && (b / d - 1.0).abs() < 0.02, "{a} {b} {c} {d}");
    }
}
