//! The settings, and the fit to all points.

use serde::{Deserialize, Serialize};

use super::law::{EmergenceLawParameters, EmergenceShift, GainBy, LawBound};
use super::points::EmergencePoints;
use super::search::{Place, Search};
use super::simplex::End;
use crate::{Error, Result};

/// Settings of the fit. Chance is 0 unless set.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct EmergenceLaw {
    chance: f64,
    form: EmergenceShift,
    gain: GainBy,
}

/// A fitted law.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct EmergenceLawFit {
    /// Its parameters.
    pub law: EmergenceLawParameters,
    /// n residuals, observed minus fitted.
    pub residuals: Vec<f64>,
    /// Sum of their squares.
    pub sse: f64,
    /// What ended at a bound; c₀ then follows from that bound.
    pub bounds: Vec<LawBound>,
    /// The ends of the search, the best first, from which resamples start.
    pub(super) ends: Vec<End<4>>,
}

impl EmergenceLaw {
    /// A law whose curves leave 0.
    pub fn new() -> Self {
        Self::default()
    }

    /// Holds chance at `chance`.
    #[must_use]
    pub fn chance(mut self, chance: f64) -> Self {
        self.chance = chance;
        self
    }

    /// How the point of emergence moves.
    #[must_use]
    pub fn form(mut self, form: EmergenceShift) -> Self {
        self.form = form;
        self
    }

    /// Whether the gain depends on the number of examples.
    #[must_use]
    pub fn gain(mut self, gain: GainBy) -> Self {
        self.gain = gain;
        self
    }

    /// What chance is held at.
    pub(super) fn level(&self) -> f64 {
        self.chance
    }

    pub(super) fn search<'a>(&self, points: &'a EmergencePoints) -> Search<'a> {
        Search::new(points, self.chance, self.form, self.gain)
    }

    /// Fits all numbers of examples at once.
    ///
    /// # Errors
    /// `Argument` when chance is no number; `Undetermined` when no score rises above chance, or when scores rise at every
    /// compute, so that no point of emergence is seen.
    pub fn fit(&self, points: &EmergencePoints) -> Result<EmergenceLawFit> {
        if !self.chance.is_finite() {
            return Err(Error::Argument(format!("chance is {}, which is no number", self.chance)));
        }
        let search = self.search(points);
        let ends = search.everywhere();
        let best: Place = ends.first().map(|end| end.place).ok_or_else(no_emergence)?;
        let law = search.law(&best, None);
        let fitted: Vec<f64> =
            points.x.iter().zip(&points.level).map(|(x, level)| law.score(*x, points.numbers[*level])).collect();
        // A point of emergence is one where some stand before it and others beyond.
        let before = points.x.iter().zip(&points.level).any(|(x, level)| *x < law.c_at(points.numbers[*level]));
        if law.gain <= 0.0 || !before || fitted.iter().all(|y| *y == self.chance) {
            return Err(no_emergence());
        }
        let residuals: Vec<f64> = points.y.iter().zip(fitted).map(|(y, fitted)| y - fitted).collect();
        let sse = residuals.iter().map(|r| r * r).sum();
        Ok(EmergenceLawFit { law, residuals, sse, bounds: search.bounds(&best), ends })
    }
}

fn no_emergence() -> Error {
    Error::Undetermined(
        "no point of emergence: scores do not rise above chance, or they rise at every compute; smaller models at chance, or \
         larger ones above it, would show it"
            .into(),
    )
}
