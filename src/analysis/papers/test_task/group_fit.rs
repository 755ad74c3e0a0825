//! The fit behind a panel of two groups, in either reading: y = r + α·max(0, x − c) + θ·z.

use super::intervals;
use super::published_fit::PublishedFit;
use super::quantity::{Recomputed, Remark};
use crate::analysis::figure::Note;
use crate::analysis::scaling::Scored;
use crate::analysis::words::signed;
use crate::error::{Error, Result};
use crate::stats::estimate::{Estimate, Interval};
use crate::stats::hinge::{Hinge, HingeFit};
use crate::stats::parameter::Parameter;
use crate::stats::sample::Sample;

/// A hinge with one group term.
#[derive(Debug)]
pub(super) enum GroupFit {
    /// The published search and its standard errors.
    Published(Box<PublishedFit>),
    /// The exact optimum, families as clusters.
    Corrected(Box<CorrectedFit>),
}

/// The exact optimum and what it was fitted to.
#[derive(Debug)]
pub(super) struct CorrectedFit {
    hinge: Hinge,
    fit: HingeFit,
    sample: Sample,
}

impl GroupFit {
    /// Fits `scores` with chance known.
    ///
    /// # Errors
    /// As [`PublishedFit::new`].
    pub(super) fn new(reading: super::Reading, scores: &[Scored<'_>], chance: f64) -> Result<Self> {
        if reading == super::Reading::Published {
            return Ok(Self::Published(Box::new(PublishedFit::new(scores, chance)?)));
        }
        let x: Vec<f64> = scores.iter().map(Scored::log10_compute).collect();
        let y: Vec<f64> = scores.iter().map(|s| s.score).collect();
        let group = scores.iter().map(|s| f64::from(u8::from(s.comparison))).collect();
        let sample = Sample::new(&x, &y)?.with_groups(&[group])?.with_families(&intervals::families_of(scores))?;
        let hinge = Hinge::new().chance(chance);
        let fit = hinge.fit_sample(&sample)?;
        if !fit.theta_identified[0] {
            return Err(Error::Undetermined("one of the two groups of models is empty: there is no θ".into()));
        }
        Ok(Self::Corrected(Box::new(CorrectedFit { hinge, fit, sample })))
    }

    /// The break, log10 FLOPs.
    pub(super) fn c(&self) -> f64 {
        match self {
            Self::Published(fit) => fit.c,
            Self::Corrected(it) => it.fit.c,
        }
    }

    /// The curve at `x` (log10 FLOPs) for the reference group or the group under comparison.
    pub(super) fn predict(&self, x: f64, comparison: bool) -> f64 {
        match self {
            Self::Published(fit) => fit.predict(x, comparison),
            Self::Corrected(it) => it.fit.predict(x, &[f64::from(u8::from(comparison))]),
        }
    }

    /// The 95 % band of a group's curve at places `x` (log10 FLOPs); empty in the published reading.
    pub(super) fn band(&self, x: &[f64], comparison: bool) -> Vec<Interval> {
        match self {
            Self::Published(_) => Vec::new(),
            Self::Corrected(it) => intervals::hinge_band(&it.hinge, &it.sample, &[f64::from(u8::from(comparison))], x),
        }
    }

    /// θ; in the published reading with the p-value that takes c as known.
    pub(super) fn theta(&self) -> Recomputed {
        match self {
            Self::Published(fit) => Recomputed {
                estimate: Estimate { p_value: fit.conditional_p(), ..Estimate::of(fit.theta) },
                remark: fit.stopped_short.then(|| Remark::StopsShort {
                    theta: fit.best.theta[0],
                    best: fit.best.sse,
                    reached: fit.conditional.sse(),
                }),
                ..Recomputed::default()
            },
            Self::Corrected(it) => intervals::coefficient(&it.fit, Parameter::Theta, it.sample.families()),
        }
    }

    /// θ̂ with three decimals as the paper prints it, bold when its conditional p-value is below 0.05; in the corrected
    /// reading with its interval, bold when that leaves out zero.
    pub(super) fn theta_note(&self) -> Note {
        let theta = self.theta().estimate;
        let bold = match self {
            Self::Published(_) => theta.p_value.is_some_and(|p| p < 0.05),
            Self::Corrected(_) => theta.excludes_zero() == Some(true),
        };
        let text = format!("θ\u{302} = {}", with_bracket(&theta));
        Note {
            text,
            quantity: "theta".into(),
            value: theta.value,
            low: theta.interval.low,
            high: theta.interval.high,
            bold,
        }
    }

    /// R²: uncentred in the published reading, centred in the corrected one.
    ///
    /// # Errors
    /// [`Error::Undetermined`] when scores do not vary.
    pub(super) fn r_squared(&self) -> Result<Recomputed> {
        match self {
            Self::Published(fit) => fit
                .r_squared_uncentered()
                .map(|r2| Estimate::of(r2).into())
                .ok_or_else(|| Error::Undetermined("every score is at chance: there is no R²".into())),
            Self::Corrected(it) => intervals::hinge_r_squared(&it.hinge, &it.fit, &it.sample),
        }
    }

    /// R² with three decimals.
    pub(super) fn r_squared_note(&self, r2: &Recomputed) -> Note {
        let name = match self {
            Self::Published(_) => "r2_uncentered",
            Self::Corrected(_) => "r_squared",
        };
        let text = format!("R² = {}", with_bracket(&r2.estimate));
        let Interval { low, high } = r2.estimate.interval;
        Note { text, quantity: name.into(), value: r2.estimate.value, low, high, bold: false }
    }
}

/// A number with three decimals and its interval, where there is one: `0.068 [0.011, 0.125]`.
fn with_bracket(estimate: &Estimate) -> String {
    let value = estimate.value.map_or_else(|| "unknown".to_owned(), |v| signed(v, 3));
    match (estimate.interval.low, estimate.interval.high) {
        (Some(low), Some(high)) => format!("{value} [{}, {}]", signed(low, 3), signed(high, 3)),
        _ => value,
    }
}
