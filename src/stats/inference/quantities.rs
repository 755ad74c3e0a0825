//! How each method turns a fit into a [`Quantity`], with a note where it cannot.

use super::{Inference, Quantity};
use crate::stats::bootstrap::Replicates;
use crate::stats::clusters::Clusters;
use crate::stats::covariance::{Covariance, CovarianceEstimate, Kind};
use crate::stats::curve::FittedCurve;
use crate::stats::hinge::{HingeFit, Outcome};
use crate::stats::hinge_bootstrap::HingeQuantity;
use crate::stats::profile::ProfileSet;
use crate::stats::wild::{Interval, WildParameter};
use crate::{Error, Result};

pub(super) const WILD_SET: &str = "restricted wild cluster bootstrap, inverted";
pub(super) const PROFILE_F: &str = "profile, F quantile";
const PERCENTILE: &str = "pairs cluster bootstrap, percentile";
const BCA: &str = "pairs cluster bootstrap, BCa";
const WILD_T: &str = "restricted wild cluster bootstrap-t, inverted";

impl Quantity {
    fn bare(parameter: &str, estimate: Option<f64>, method: &'static str) -> Self {
        Self {
            parameter: parameter.to_owned(),
            estimate,
            standard_error: None,
            degrees_of_freedom: None,
            low: None,
            high: None,
            p_value: None,
            method,
            note: None,
        }
    }

    fn noted(mut self, note: String) -> Self {
        self.note = Some(match self.note.take() {
            Some(first) => format!("{first}; {note}"),
            None => note,
        });
        self
    }

    fn between(mut self, interval: Interval) -> Self {
        (self.low, self.high) = (interval.low, interval.high);
        match (self.low, self.high) {
            (None, None) => self.noted("not bounded on either side within the data".into()),
            (None, _) => self.noted("not bounded below within the data".into()),
            (_, None) => self.noted("not bounded above within the data".into()),
            _ => self,
        }
    }
}

impl Inference {
    /// The covariance of `fit`, of the kind asked for.
    pub(super) fn covariance_of(&self, fit: &dyn FittedCurve, families: &Clusters) -> Result<CovarianceEstimate> {
        Covariance::new(self.kind).clusters(families).estimate(&fit.jacobian(), fit.residuals())
    }

    /// Parameter `name` of `fit` by its covariance.
    pub(super) fn of_covariance(
        &self,
        fit: &HingeFit,
        name: &str,
        covariance: &Result<CovarianceEstimate>,
    ) -> Quantity {
        let kind = self.kind;
        let Some(place) = fit.names().iter().position(|n| n == name) else {
            return Quantity::bare(name, None, kind.name()).noted(not_determined(fit, name));
        };
        let quantity = Quantity::bare(name, Some(fit.estimates()[place]), kind.name());
        let mut quantity = self.with_covariance(quantity, place, covariance);
        if name == "c" {
            // Compute of one FLOP is no hypothesis.
            quantity.p_value = None;
        }
        quantity
    }

    fn with_covariance(
        &self,
        mut quantity: Quantity,
        place: usize,
        covariance: &Result<CovarianceEstimate>,
    ) -> Quantity {
        let covariance = match covariance {
            Ok(covariance) => covariance,
            Err(error) => return quantity.noted(format!("no standard error: {error}")),
        };
        let error = covariance.std_errors()[place];
        let Some(estimate) = quantity.estimate else { return quantity };
        if error == 0.0 {
            return quantity.noted("no standard error: the fit is perfect".into());
        }
        if covariance.is_determined_by_one_cluster(place) && self.kind.is_clustered() {
            return quantity.noted("no standard error: one family alone determines it".into());
        }
        let df = covariance.degrees_of_freedom()[place];
        quantity.standard_error = Some(error);
        quantity.degrees_of_freedom = Some(df);
        if df < FEW_DEGREES {
            quantity = quantity.noted(format!("only {df:.1} effective degrees of freedom: few families carry it"));
        }
        quantity.p_value = covariance.p_value(place, estimate, 0.0);
        if let Some((low, high)) = covariance.interval(place, estimate, self.level) {
            (quantity.low, quantity.high) = (Some(low), Some(high));
        }
        quantity
    }

    /// A quantity by its replicates; where BCa cannot be computed, by percentile.
    pub(super) fn of_replicates(
        &self,
        name: &str,
        estimate: Option<f64>,
        drawn: &Result<Replicates>,
        quantity: HingeQuantity,
        bca: bool,
    ) -> Quantity {
        let bare = |method| Quantity::bare(name, estimate, method);
        let method = if bca { BCA } else { PERCENTILE };
        let drawn = match drawn {
            Ok(drawn) => drawn,
            Err(error) => return bare(method).noted(format!("no interval: {error}")),
        };
        let k = quantity.place();
        let (interval, method) = match drawn.bca(k, self.level).filter(|_| bca) {
            Some(interval) => (Some(interval), BCA),
            None => (drawn.percentile(k, self.level), PERCENTILE),
        };
        let mut found = bare(method);
        found.standard_error = drawn.standard_error(k);
        match interval {
            Some(interval) => found.between(interval),
            None => found.noted("no interval: undefined in most replicates".into()),
        }
    }

    /// α, c and θ by the covariances that were not asked for.
    pub(super) fn other_covariances(&self, fit: &HingeFit, groups: &[Vec<f64>], families: &Clusters) -> Vec<Quantity> {
        let names: Vec<String> = ["alpha".to_owned(), "c".to_owned()]
            .into_iter()
            .chain((0..groups.len()).map(|k| theta_name(k, groups)))
            .filter(|name| fit.names().contains(name))
            .collect();
        [Kind::Classical, Kind::Hc3, Kind::Cr1, Kind::Cr2, Kind::Cr3]
            .into_iter()
            .flat_map(|kind| {
                let settings = self.clone().covariance(kind);
                let covariance = settings.covariance_of(fit, families);
                names
                    .iter()
                    .filter(|name| kind != self.kind || *name == "c")
                    .map(|name| settings.of_covariance(fit, name, &covariance))
                    .collect::<Vec<_>>()
            })
            .collect()
    }

    /// Every quantity by the bootstraps that were not asked for.
    pub(super) fn other_resampling(
        &self,
        fit: &HingeFit,
        groups: &[Vec<f64>],
        drawn: &Result<Replicates>,
    ) -> Vec<Quantity> {
        let mut wanted = vec![
            ("alpha".to_owned(), named(fit, "alpha"), HingeQuantity::Alpha),
            ("c".to_owned(), fit.emergence(), HingeQuantity::Break),
            ("r_squared".to_owned(), fit.r_squared(), HingeQuantity::RSquared),
        ];
        wanted.extend((0..groups.len()).map(|k| {
            let name = theta_name(k, groups);
            let estimate = named(fit, &name);
            (name, estimate, HingeQuantity::Group(k))
        }));
        wanted
            .iter()
            .flat_map(|(name, estimate, quantity)| {
                // Where BCa falls back on the percentile interval, that stands in the list already.
                let bca = self.of_replicates(name, *estimate, drawn, *quantity, true);
                let bca = (bca.method == BCA && name != "r_squared").then_some(bca);
                [Some(self.of_replicates(name, *estimate, drawn, *quantity, false)), bca]
            })
            .flatten()
            .collect()
    }

    /// θ of group `k` by inverting the wild cluster bootstrap-t.
    pub(super) fn wild_quantity(&self, fit: &HingeFit, name: &str, parameter: &Result<WildParameter<'_>>) -> Quantity {
        let quantity = Quantity::bare(name, named(fit, name), WILD_T);
        let found = match parameter {
            Ok(parameter) => parameter.interval(self.level),
            Err(error) => return quantity.noted(format!("no interval: {error}")),
        };
        match found {
            Ok(interval) => quantity.between(interval),
            Err(error) => quantity.noted(format!("no interval: {error}")),
        }
    }

    /// The difference in parameter `name` between two fits of the same models. Both fits are one least-squares problem of
    /// 2n rows in which the difference is a parameter of its own; families run through both halves.
    pub(super) fn stacked(
        &self,
        fits: &[HingeFit; 2],
        name: &str,
        estimate: Option<f64>,
        families: &Clusters,
    ) -> Quantity {
        let quantity = Quantity::bare(name, estimate, self.kind.name());
        let place = |fit: &HingeFit| fit.names().iter().position(|n| n == name);
        let (Some(estimate), Some(first), Some(second)) = (estimate, place(&fits[0]), place(&fits[1])) else {
            return quantity.noted(match estimate {
                Some(_) => "no standard error: not a parameter of both fits".into(),
                None => "not determined by both scores".into(),
            });
        };
        let jacobians = [fits[0].jacobian(), fits[1].jacobian()];
        let n = fits[0].residuals.len();
        let pad = |column: &[f64], half: usize| -> Vec<f64> {
            let zeros = vec![0.0; n];
            if half == 0 { [column, &zeros].concat() } else { [&zeros[..], column].concat() }
        };
        // f0 = J0 (δ + β1), f1 = J1 β1: the column of δ is that of the first fit, that of β1 runs through both.
        let mut columns =
            vec![pad(&jacobians[0][first], 0), [&jacobians[0][first][..], &jacobians[1][second]].concat()];
        for (half, own) in [(0, first), (1, second)] {
            let rest = jacobians[half].iter().enumerate().filter(|(j, _)| *j != own);
            columns.extend(rest.map(|(_, column)| pad(column, half)));
        }
        let residuals = [&fits[0].residuals[..], &fits[1].residuals].concat();
        let twice = Clusters::new(&[families.of(), families.of()].concat());
        let covariance = Covariance::new(self.kind).clusters(&twice).estimate(&columns, &residuals);
        let mut quantity = self.with_covariance(quantity, 0, &covariance);
        quantity.estimate = Some(estimate);
        quantity
    }
}

/// c by a set of values.
pub(super) fn c_quantity(fit: &HingeFit, set: Result<&ProfileSet, String>, method: &'static str) -> Quantity {
    let mut quantity = Quantity::bare("c", fit.emergence(), method);
    if fit.outcome != Outcome::Break {
        quantity = quantity.noted(not_determined(fit, "c"));
    }
    match set {
        Err(error) => quantity.noted(format!("no interval: {error}")),
        Ok(set) => match set.hull() {
            None => quantity.noted("every break within the data is rejected".into()),
            Some(hull) => {
                let quantity = quantity.between(hull);
                if set.pieces.len() > 1 {
                    quantity
                        .noted(format!("the set has {} pieces; the ends are those of all together", set.pieces.len()))
                } else {
                    quantity
                }
            }
        },
    }
}

/// `theta` for one group, `theta_1`, … for several.
pub(super) fn theta_name(k: usize, groups: &[Vec<f64>]) -> String {
    if groups.len() == 1 { "theta".to_owned() } else { format!("theta_{}", k + 1) }
}

/// The estimate of a parameter that the fit determines.
pub(super) fn named(fit: &HingeFit, name: &str) -> Option<f64> {
    fit.names().iter().position(|n| n == name).map(|place| fit.estimates()[place])
}

/// Applies an equivalence question to a quantity with a standard error.
pub(super) fn with_error<T>(quantity: &Quantity, question: impl Fn(f64, f64, f64) -> Result<T>) -> Result<T> {
    match (quantity.estimate, quantity.standard_error, quantity.degrees_of_freedom) {
        (Some(estimate), Some(error), Some(df)) => question(estimate, error, df),
        _ => Err(Error::Undetermined(format!(
            "no equivalence test of {}: {}",
            quantity.parameter,
            quantity.note.as_deref().unwrap_or("it has no standard error")
        ))),
    }
}

fn not_determined(fit: &HingeFit, name: &str) -> String {
    match (name, fit.outcome) {
        ("c", Outcome::NoBreak) => "no break within the data: every model lies beyond it".into(),
        ("c", Outcome::Flat) => "no break: nothing rises above chance".into(),
        ("alpha", Outcome::Flat) => "nothing rises above chance".into(),
        _ => format!("the data do not determine {name}"),
    }
}

/// Below this many degrees of freedom a Satterthwaite interval is not to be relied on (Pustejovsky and Tipton 2018).
const FEW_DEGREES: f64 = 4.0;
