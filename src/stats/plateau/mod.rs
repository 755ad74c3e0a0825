//! The hinge with a ceiling: chance, a straight rise, a plateau. Scores are bounded, and many end near a bound.
//!
//!   y = r + (u - r) g(x) + Σ θ_k z_k + ε,  g(x) = min(1, max(0, x - c) / (d - c))
//!
//! with r chance, c where the rise begins, d where it ends, u the level from there on, and α = (u - r)/(d - c) the gain per
//! unit of x between the two. Without a model beyond d it is the [hinge](super::hinge). r and u are given or estimated.
//!
//! With c and d held the curve is linear in what is left, so every pair of places of models is tried for (c, d), places
//! outside the data too where a level is given. While the same models lie below, between and beyond, the problem is linear
//! in the line between as well, with c and d where it meets the levels: from the best pairs this is repeated until nothing
//! changes (Muggeo 2003 for two breaks at once), and a search in ever smaller steps ends it. With more than 24 places the
//! pairs are taken from 24 of them, evenly.

mod search;
mod settings;

use search::Rows;
use settings::Plateau;

use super::curve::{Entry, FittedCurve, jacobian, sum_of_squares};
use super::observations::{differences, finite_result, identified_among, only, shift, spread};
use super::parameter::Parameter;
use super::sample::Sample;
use crate::{Error, Result};

/// Its line in the list of curves.
pub(super) const ENTRY: Entry = Entry {
    name: "plateau",
    formula: "y = min(upper, chance + alpha·max(0, x − c))",
    frees_chance: true,
    compared: true,
    fit: |levels, sample| {
        let fit = Plateau { chance: levels.chance, upper: levels.ceiling }.fit_sample(sample)?;
        Ok(Box::new(fit))
    },
};

/// A fitted hinge with a ceiling.
#[derive(Debug)]
struct PlateauFit {
    settings: Plateau,
    alpha: f64,
    c: f64,
    d: f64,
    chance: f64,
    upper: f64,
    /// The smallest x.
    bottom: f64,
    theta: Vec<f64>,
    identified: Vec<bool>,
    lead: Vec<Parameter>,
    residuals: Vec<f64>,
    fitted: Vec<f64>,
    sse: f64,
    sample: Sample,
}

impl Plateau {
    fn fit_sample(self, sample: &Sample) -> Result<PlateauFit> {
        for (name, value) in [("chance", self.chance), ("the ceiling", self.upper)] {
            if let Some(value) = value.filter(|v| !v.is_finite()) {
                return Err(Error::Argument(format!("{name} is {value}, not a finite number")));
            }
        }
        if self.chance.is_some() && self.chance == self.upper {
            return Err(Error::Argument("chance and the ceiling are the same level".into()));
        }
        let ones = vec![vec![1.0; sample.len()]];
        let identified = identified_among(&ones, sample.groups(), sample.weights())?;
        let rows = Rows::new(self, sample, &identified)?;
        let need = self.free_levels() + 2 + rows.z.len();
        if rows.t.len() < need {
            return Err(Error::NotEnoughModels { have: rows.t.len(), need });
        }
        let (places, linear) = rows
            .search()
            .ok_or_else(|| Error::Undetermined("no rise with a ceiling can be placed among these models".into()))?;
        let place = |t: f64| rows.origin + t * rows.x_unit;
        let (c, d) = (place(places.0), place(places.1));
        let (chance, upper) = (linear.chance * rows.y_unit, linear.upper * rows.y_unit);
        let theta = spread(&linear.theta.iter().map(|t| t * rows.y_unit).collect::<Vec<_>>(), &identified);
        let mut fit = PlateauFit {
            settings: self,
            alpha: (upper - chance) / (d - c),
            c,
            d,
            chance,
            upper,
            bottom: place(rows.bottom()),
            theta,
            lead: rows.lead(places),
            identified,
            residuals: Vec::new(),
            fitted: Vec::new(),
            sse: 0.0,
            sample: sample.clone(),
        };
        fit.fitted = (0..sample.len()).map(|i| fit.predict(sample.x()[i], &sample.z(i))).collect();
        fit.residuals = sample.y().iter().zip(&fit.fitted).map(|(y, f)| y - f).collect();
        fit.sse = sum_of_squares(&fit.residuals, sample.weights());
        finite_result(fit.residuals.iter().chain([&fit.alpha, &fit.upper]))?;
        Ok(fit)
    }
}

impl PlateauFit {
    /// Whether the curve is flat beyond `x`.
    fn is_beyond(&self, x: f64) -> bool {
        let has_ceiling = self.settings.upper.is_some() || self.lead.contains(&Parameter::Upper);
        has_ceiling && x >= self.d
    }

    fn derivative(&self, parameter: Parameter, x: f64) -> f64 {
        let (below, beyond) = (x <= self.c, self.is_beyond(x));
        match parameter {
            Parameter::Upper => f64::from(u8::from(beyond)),
            _ if below || beyond => 0.0,
            Parameter::Alpha if self.lead.contains(&Parameter::Start) => x - self.bottom,
            Parameter::Alpha => x - self.c,
            Parameter::C => -self.alpha,
            _ => 1.0,
        }
    }
}

impl FittedCurve for PlateauFit {
    /// `alpha`, `c` (`start`, the score of the smallest model, where every model lies beyond c), `upper` where it is free
    /// and reached, groups, and `chance` where it is free.
    fn names(&self) -> Vec<Parameter> {
        let mut names = self.lead.clone();
        names.extend(differences(&self.identified));
        names.extend(self.settings.chance.is_none().then_some(Parameter::Chance));
        names
    }

    fn estimates(&self) -> Vec<f64> {
        let value = |parameter: &Parameter| match parameter {
            Parameter::Alpha => self.alpha,
            Parameter::C => self.c,
            Parameter::Upper => self.upper,
            _ => self.chance + self.alpha * (self.bottom - self.c),
        };
        let mut values: Vec<f64> = self.lead.iter().map(value).collect();
        values.extend(only(&self.theta, &self.identified));
        values.extend(self.settings.chance.is_none().then_some(self.chance));
        values
    }

    fn jacobian(&self) -> Vec<Vec<f64>> {
        jacobian(self, &self.sample)
    }

    fn residuals(&self) -> &[f64] {
        &self.residuals
    }

    fn fitted(&self) -> &[f64] {
        &self.fitted
    }

    fn weights(&self) -> Option<&[f64]> {
        self.sample.weights()
    }

    fn sse(&self) -> f64 {
        self.sse
    }

    fn free_parameters(&self) -> usize {
        2 + self.settings.free_levels() + self.theta.len()
    }

    /// Left of the data no further than chance; right of them no further than a ceiling that was given or reached.
    fn predict(&self, x: f64, z: &[f64]) -> f64 {
        let level = if x <= self.c {
            self.chance
        } else if self.is_beyond(x) {
            self.upper
        } else {
            self.chance + self.alpha * (x - self.c)
        };
        level + shift(&self.theta, z)
    }

    fn gradient(&self, x: f64, z: &[f64]) -> Vec<f64> {
        let mut row: Vec<f64> = self.lead.iter().map(|p| self.derivative(*p, x)).collect();
        let known = |k: &usize| self.identified[*k];
        row.extend((0..self.theta.len()).filter(known).map(|k| z.get(k).copied().unwrap_or(0.0)));
        row.extend(self.settings.chance.is_none().then(|| f64::from(u8::from(!self.is_beyond(x)))));
        row
    }
}

#[cfg(test)]
mod tests {
    use super::super::hinge::Hinge;
    use super::*;

    /// Thirty models from 20 to 24, every third of a group that scores 0.03 higher, with a repeatable wiggle.
    fn sample(curve: impl Fn(f64) -> f64, noise: f64) -> Sample {
        let x: Vec<f64> = (0..30).map(|i| 20.0 + 4.0 * f64::from(i) / 29.0).collect();
        let group: Vec<f64> = (0..30).map(|i| f64::from(i % 3 == 1)).collect();
        let wiggle = |i: usize| noise * [1.0, -0.7, 0.4, -1.0, 0.3][(i * 3) % 5];
        let y: Vec<f64> = (0..30).map(|i| curve(x[i]) + 0.03 * group[i] + wiggle(i)).collect();
        Sample::new(&x, &y).and_then(|s| s.with_groups(&[group])).expect("a sample")
    }

    fn ramp(x: f64) -> f64 {
        (0.25 + 0.35 * (x - 21.03).max(0.0)).min(0.95)
    }

    fn fit(chance: Option<f64>, upper: Option<f64>, sample: &Sample) -> PlateauFit {
        Plateau { chance, upper }.fit_sample(sample).expect("a fit")
    }

    #[test]
    fn a_rise_between_two_levels_is_found_exactly() {
        let sample = sample(ramp, 0.0);
        for (chance, upper) in [(Some(0.25), None), (None, None), (Some(0.25), Some(0.95)), (None, Some(0.95))] {
            let found = fit(chance, upper, &sample);
            let names = found.names();
            assert!(names.starts_with(&[Parameter::Alpha, Parameter::C]), "{names:?}");
            assert_eq!(names.contains(&Parameter::Upper), upper.is_none());
            let exact = [(found.alpha, 0.35), (found.c, 21.03), (found.d, 23.03), (found.theta[0], 0.03)];
            for (ours, truth) in exact.into_iter().chain([(found.chance, 0.25), (found.upper, 0.95)]) {
                assert!((ours - truth).abs() < 1e-6, "{ours} for {truth}, chance {chance:?}, ceiling {upper:?}");
            }
        }
    }

    #[test]
    fn a_fall_to_a_floor_is_found_as_well() {
        let found = fit(None, None, &sample(|x| 3.0 - 4.0 * (ramp(x) - 0.25), 0.01));
        assert!(found.alpha < -1.3 && (found.c - 21.03).abs() < 0.1 && (found.upper - 0.2).abs() < 0.05, "{found:?}");
    }

    #[test]
    fn no_pair_of_places_on_a_fine_grid_does_better() {
        for noise in [0.02, 0.1] {
            let sample = sample(ramp, noise);
            for (chance, upper) in [(Some(0.25), None), (None, None), (Some(0.25), Some(0.95))] {
                let settings = Plateau { chance, upper };
                let found = settings.fit_sample(&sample).expect("a fit");
                let rows = Rows::new(settings, &sample, &[true]).expect("rows");
                let unit = rows.y_unit * rows.y_unit;
                let at = |k: u32| rows.bottom() + (rows.top() - rows.bottom()) * f64::from(k) / 200.0;
                for i in 0..=200 {
                    for j in i + 1..=200 {
                        let least = rows.held((at(i), at(j))).map_or(f64::INFINITY, |linear| linear.sse * unit);
                        assert!(found.sse <= least + 1e-9, "{} at {i}, {j}: {least}", found.sse);
                    }
                }
            }
        }
    }

    #[test]
    fn without_a_ceiling_in_sight_it_is_the_hinge() {
        let sample = sample(|x| 0.25 + 0.1 * (x - 21.4_f64).max(0.0), 0.01);
        let (plateau, hinge) = (fit(Some(0.25), None, &sample), Hinge::new().chance(0.25).fit_sample(&sample));
        let hinge = hinge.expect("a hinge");
        // The last model may be a plateau of its own; never a worse curve.
        assert!(plateau.sse <= hinge.sse + 1e-12 && (plateau.c - hinge.c).abs() < 0.1, "{plateau:?}");
        assert!(plateau.predict(26.0, &[]) >= plateau.predict(24.0, &[]) - 1e-12);
        let far = fit(Some(0.25), Some(1.0), &sample);
        assert!((far.sse - hinge.sse).abs() < 1e-9 && (far.c - hinge.c).abs() < 1e-5, "{far:?}");
        assert_eq!(far.predict(60.0, &[]), 1.0, "a given ceiling holds beyond the data");
    }

    #[test]
    fn its_gradient_is_the_derivative_of_the_curve() {
        let sample = sample(ramp, 0.02);
        for (chance, upper) in [(Some(0.25), None), (None, None), (Some(0.25), Some(0.95))] {
            let found = fit(chance, upper, &sample);
            let (names, values) = (found.names(), found.estimates());
            for (x, z) in [(20.5, 0.0), (22.0, 1.0), (23.9, 1.0)] {
                let gradient = found.gradient(x, &[z]);
                let curve = |values: &[f64]| {
                    let of = |p: Parameter| names.iter().position(|n| *n == p).map(|k| values[k]);
                    let (r, u) = (of(Parameter::Chance).or(chance), of(Parameter::Upper).or(upper));
                    let (a, c) = (of(Parameter::Alpha).expect("α"), of(Parameter::C).expect("c"));
                    let line = r.expect("a level") + a * (x - c).max(0.0);
                    line.min(u.expect("a ceiling")) + of(Parameter::Theta).expect("θ") * z
                };
                for k in 0..names.len() {
                    let (mut up, mut down) = (values.clone(), values.clone());
                    (up[k], down[k]) = (values[k] + 1e-6, values[k] - 1e-6);
                    let slope = (curve(&up) - curve(&down)) / 2e-6;
                    assert!((slope - gradient[k]).abs() < 1e-6, "{:?} at {x}: {slope} {}", names[k], gradient[k]);
                }
            }
        }
    }

    #[test]
    fn what_cannot_be_fitted_is_refused() {
        let same = Sample::new(&[20.0; 6], &[0.2; 6]).expect("a sample");
        assert!(Plateau { chance: None, upper: None }.fit_sample(&same).is_err());
        let few = Sample::new(&[20.0, 21.0], &[0.2, 0.3]).expect("a sample");
        assert!(matches!(
            Plateau { chance: Some(0.2), upper: None }.fit_sample(&few),
            Err(Error::NotEnoughModels { .. })
        ));
        let level = Plateau { chance: Some(0.5), upper: Some(0.5) }.fit_sample(&sample(ramp, 0.1));
        assert!(level.is_err());
    }
}
