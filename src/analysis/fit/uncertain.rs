//! What an uncertainty of compute that the user names does to the estimates: α, c and θ of the curve that leads are
//! corrected by simulation–extrapolation, and with them their intervals, p-values and the test of equivalence. Numbers that
//! would still take compute as exact are not given: bootstrap and permutation p-values, the set of c, other cut-offs,
//! differences of two fits. The tests of a rise and of a break stand as they are: errors in compute weaken a rise and do
//! not make one.

use serde::{Deserialize, Serialize};

use super::models::FitModels;
use super::settings::FitSettings;
use crate::registry::modelset::Group;
use crate::stats::curves::Curve;
use crate::stats::distribution::student_two_sided;
use crate::stats::estimate::{Estimate, Interval, Method, Named, finite};
use crate::stats::parameter::Parameter;
use crate::stats::simex::{Corrected, Simex};
use crate::{Error, Result};

/// Why an interval is struck out.
pub(super) const EXACT: &str = "no interval: it would take compute as exact";

/// How well the intervals hold, by docs/calibration.md.
pub(super) const SHORT: &str = "compute is uncertain: intervals by simulation–extrapolation are a little short; those at 95 % \
                                held the true value in 90 to 92 % of simulated tables; the tests of a slope and of a \
                                break, forecasts, the hold-out and R² take compute as it is told";

impl FitModels<'_> {
    /// That compute is told apart better than it is known.
    ///
    /// # Errors
    /// [`Error::Argument`] where the errors of log10 compute would be as large as its whole spread.
    pub(super) fn check_compute_sd(&self) -> Result<()> {
        let Some(sd) = self.compute_sd() else { return Ok(()) };
        let n = self.rows.len() as f64;
        let mean = self.rows.iter().map(|row| row.position).sum::<f64>() / n;
        let spread = (self.rows.iter().map(|row| (row.position - mean).powi(2)).sum::<f64>() / n).sqrt();
        let error = (sd.iter().map(|sd| sd * sd).sum::<f64>() / n).sqrt();
        match error < spread {
            true => Ok(()),
            false => Err(Error::Argument(format!(
                "--compute-sd says that log10 compute is off by {error:.3}, and all of it spreads by {spread:.3} only: \
                 nothing could be told of it; a factor of 2 is 0.30"
            ))),
        }
    }

    /// The standard deviations of log10 compute, where some are above 0.
    pub(super) fn compute_sd(&self) -> Option<Vec<f64>> {
        let sd = self.rows.iter().map(|row| row.compute_sd).collect::<Option<Vec<f64>>>()?;
        sd.iter().any(|sd| *sd > 0.0).then_some(sd)
    }
}

/// One parameter with and without error in compute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ErrorReport {
    /// The parameter.
    pub name: Parameter,
    /// As if compute were exact.
    pub plain: Option<f64>,
    /// Corrected.
    pub corrected: Option<f64>,
    /// Plain over corrected.
    pub attenuation: Option<f64>,
    /// Standard error of the corrected one.
    pub se: Option<f64>,
    /// Its interval.
    #[serde(flatten)]
    pub interval: Interval,
}

/// The parameters of a curve, corrected; `None` where compute is exact.
pub(super) fn corrected(
    settings: &FitSettings,
    models: &FitModels<'_>,
    curve: Curve,
    unknown: &mut Vec<String>,
) -> Option<Vec<ErrorReport>> {
    let sd = models.compute_sd()?;
    let run = || -> Result<Vec<Corrected>> {
        let simex = Simex::new(settings.seed, &sd)?.level(settings.level).covariance(models.covariance);
        match curve {
            Curve::Hinge => simex.run(&models.hinge(), &models.sample),
            other => simex.run_curve(&models.sample, |sample| other.fit(models.levels(), sample)),
        }
    };
    match run() {
        Ok(found) => {
            let mut all: Vec<ErrorReport> = found.iter().map(ErrorReport::from).collect();
            // A difference that can have no interval has none here either.
            for error in &mut all {
                if error.name.group().is_some_and(|k| models.refusal(k).is_some()) {
                    (error.se, error.interval) = (None, Interval::default());
                }
            }
            Some(all)
        }
        Err(error) => {
            unknown.push(format!("error in compute: {error}"));
            Some(Vec::new())
        }
    }
}

impl From<&Corrected> for ErrorReport {
    fn from(one: &Corrected) -> Self {
        Self {
            name: one.name,
            plain: finite(one.plain),
            corrected: one.corrected.and_then(finite),
            attenuation: one.attenuation.and_then(finite),
            se: one.standard_error.and_then(finite),
            interval: one.interval,
        }
    }
}

/// Puts the corrected parameters in the place of the plain ones, which lose their intervals where nothing corrects them.
pub(super) fn correct_all(
    errors: Option<&[ErrorReport]>,
    models: &FitModels<'_>,
    alpha: &mut Estimate,
    c: &mut Estimate,
    thetas: &mut [Named<Group>],
) {
    let Some(errors) = errors else { return };
    let of = |names: &[Parameter]| errors.iter().find(|error| names.contains(&error.name));
    let sum = errors.iter().any(|error| error.name == Parameter::Delta);
    correct(alpha, of(&[Parameter::Alpha, Parameter::Slope]).filter(|_| !sum));
    correct(c, of(&[Parameter::C]));
    for (k, place) in models.places.iter().enumerate() {
        let (estimate, error) = (&mut thetas[*place].estimate, of(&[Parameter::theta(k, models.places.len())]));
        match models.refusal(k) {
            None => correct(estimate, error),
            // Its interval is refused; its value is that of uncertain compute all the same.
            Some(_) => estimate.value = estimate.value.and(error.and_then(|error| error.corrected)),
        }
    }
}

/// Puts a corrected estimate in the place of a plain one.
pub(super) fn correct(estimate: &mut Estimate, error: Option<&ErrorReport>) {
    if estimate.value.is_none() {
        // What the data do not determine has no interval that takes compute as exact.
        (estimate.interval, estimate.method) = (Interval::default(), None);
        estimate.others.clear();
        return;
    }
    let plain = std::mem::take(estimate);
    let Some((error, value)) = error.and_then(|error| Some((error, error.corrected?))) else {
        *estimate = Estimate { value: plain.value, ..Estimate::default() }.because(EXACT);
        return;
    };
    let se = error.se.filter(|_| !plain.interval.is_open());
    let Some(se) = se else {
        let reason = match (plain.reason, error.se) {
            (Some(reason), Some(_)) => reason,
            _ => "no standard error: the extrapolated variance is not positive".into(),
        };
        *estimate = Estimate::of(value).by(Method::Simex).because(reason);
        return;
    };
    let p_value = plain.df.filter(|_| error.name.can_be_zero()).and_then(|df| student_two_sided(value / se, df));
    *estimate = Estimate {
        se: Some(se),
        df: plain.df,
        interval: error.interval,
        p_value,
        ..Estimate::of(value).by(Method::Simex)
    };
    if let Some(reason) = plain.reason {
        estimate.reason = Some(reason);
    }
}
