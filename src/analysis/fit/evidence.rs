//! Which claims the tests allow: that scores rise (or fall) at all, and that they do so from a point of emergence.
//!
//! A best curve always exists, on noise too. So two tests stand before the words:
//!
//! - **a rise**: a constant level against a change of slope anywhere, a straight line among them
//!   ([`BreakTest::against_level`]). With fewer than six families, or one that holds more than 40 % of the models, its wild
//!   bootstrap does not hold: it rejects levels too often, and real rises never, since the few families draw one sign in
//!   more than 5 % of the replicates. There two t-tests take its place: that of the slopes within families
//!   ([`WithinFamilies`]), and, for families that differ in compute rather than hold it, that of one straight line's slope
//!   by CR3. Their p-values are joined as Simes (1986) does: the smaller doubled, or the larger where that is less. It
//!   holds its size for tests that agree more often than not, as two of one slope do (Sarkar and Chang 1997);
//! - **a point of emergence**: a straight line against a line with a break, where the slope turns steeper. A slope that
//!   turns flatter is saturation. For a curve with a ceiling the part before the ceiling is tested: compute beyond it counts
//!   as the compute at which it begins.
//!
//! Each at 5 %. docs/calibration.md has the false alarms.

use serde::{Deserialize, Serialize};

use super::models::FitModels;
use super::settings::{FitSettings, LEVEL};
use crate::Result;
use crate::serial::read_by_name;
use crate::stats::breaktest::{BreakFound, BreakTest};
use crate::stats::covariance::{Covariance, Kind};
use crate::stats::curve::FittedCurve;
use crate::stats::curves::{Curve, Levels};
use crate::stats::direction::Direction;
use crate::stats::estimate::finite;
use crate::stats::linear::Linear;
use crate::stats::parameter::Parameter;
use crate::stats::sample::Sample;
use crate::stats::within::WithinFamilies;

/// What the tests leave of a rise, or of a fall where scores fall.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shown {
    /// Scores rise from a point inside the data.
    Emergence,
    /// Scores rise; no point of emergence is shown.
    Trend,
    /// No rise is shown.
    Nothing,
    /// There is no test.
    Untested,
}

impl Shown {
    /// The name in files.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Emergence => "emergence",
            Self::Trend => "trend",
            Self::Nothing => "nothing",
            Self::Untested => "untested",
        }
    }
}

read_by_name!(Shown, "evidence", [Shown::Emergence, Shown::Trend, Shown::Nothing, Shown::Untested]);

/// How the slope changes at a break.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Turn {
    /// It turns steeper: emergence.
    Steeper,
    /// It turns flatter: saturation.
    Flatter,
}

impl Turn {
    /// The name in files.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Steeper => "steeper",
            Self::Flatter => "flatter",
        }
    }
}

read_by_name!(Turn, "turn", [Turn::Steeper, Turn::Flatter]);

/// What tells a rise from a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum RiseTest {
    /// The largest F of a change of slope against a constant level, with a wild cluster bootstrap.
    #[default]
    ChangeOfSlope,
    /// The t of a straight line's slope, by CR3: with few families, or one that holds most models.
    StraightLine,
    /// The t of the slopes within families, there too.
    WithinFamilies,
}

impl RiseTest {
    /// The name in files.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ChangeOfSlope => "change_of_slope",
            Self::StraightLine => "straight_line",
            Self::WithinFamilies => "within_families",
        }
    }
}

read_by_name!(RiseTest, "test of a rise", [RiseTest::ChangeOfSlope, RiseTest::StraightLine, RiseTest::WithinFamilies]);

/// Whether scores rise or fall at all.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct RiseReport {
    /// What tested it.
    #[serde(default)]
    pub test: RiseTest,
    /// Largest F of a change of slope against a constant level; `None` where a straight line is tested.
    pub sup_f: Option<f64>,
    /// The p-value of the test.
    pub p_value: Option<f64>,
    /// Which way.
    pub direction: Option<Direction>,
    /// Whether the scores are one level, so that there is nothing to test.
    pub level: bool,
    /// Why there is none.
    pub reason: Option<String>,
}

/// Whether there is a break at all.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct BreakReport {
    /// Largest F of a change of slope against a straight line.
    pub sup_f: Option<f64>,
    /// Its p-value by wild cluster bootstrap.
    pub p_value: Option<f64>,
    /// Davies' bound on the p-value, for independent models; `None` where models share families.
    pub davies_p: Option<f64>,
    /// Where the slope changes, in the predictor's own unit.
    pub at: Option<f64>,
    /// The slope before that place, per unit of the predictor's scale.
    pub slope_before: Option<f64>,
    /// The slope after it.
    pub slope_after: Option<f64>,
    /// How the slope changes there.
    pub turn: Option<Turn>,
    /// Why there is none.
    pub reason: Option<String>,
}

impl BreakReport {
    /// Whether the test finds that the curve turns steeper.
    pub(super) fn is_steeper(&self) -> bool {
        self.p_value.is_some_and(|p| p <= SIZE) && self.turn == Some(Turn::Steeper)
    }

    pub(super) fn without(reason: impl Into<String>) -> Self {
        Self { reason: Some(reason.into()), ..Self::default() }
    }
}

/// Size of the tests.
pub(super) const SIZE: f64 = 1.0 - LEVEL;

/// Whether the scores of a sample rise or fall.
pub(super) fn rise(settings: &FitSettings, sample: &Sample, careful: bool) -> RiseReport {
    let level = Curve::Flat.fit(None, sample).is_ok_and(|flat| {
        let size = sample.y().iter().map(|y| y.abs()).fold(0.0, f64::max);
        flat.residuals().iter().all(|e| e.abs() <= ROUNDING * size)
    });
    if level {
        return RiseReport { level, reason: Some("the scores are one level".into()), ..RiseReport::default() };
    }
    if careful {
        return few_families(sample);
    }
    let test = BreakTest::new(settings.seed).replicates(settings.bootstrap).against_level();
    match test.run(sample) {
        Ok(found) => RiseReport {
            sup_f: finite(found.sup_f),
            p_value: finite(found.p_value),
            direction: found.turn(),
            ..RiseReport::default()
        },
        Err(error) => RiseReport { reason: Some(error.to_string()), ..RiseReport::default() },
    }
}

/// The tests for few families, or one that holds most models, joined as Simes does.
fn few_families(sample: &Sample) -> RiseReport {
    let line = slope_p(sample);
    let within = WithinFamilies::of(sample).map(|found| (RiseTest::WithinFamilies, found.p_value, found.statistic));
    let slope = line.as_ref().ok().and_then(|found| *found).map(|(p, slope)| (RiseTest::StraightLine, p, slope));
    let mut tests: Vec<(RiseTest, f64, f64)> = within.into_iter().chain(slope).collect();
    tests.sort_by(|a, b| a.1.total_cmp(&b.1));
    if let Some((test, smaller, way)) = tests.first().copied() {
        // One test alone is counted as two: which one there is hangs on the data.
        let larger = tests.get(1).map_or(1.0, |(_, p, _)| *p);
        let p_value = finite((2.0 * smaller).min(larger));
        return RiseReport { test, p_value, direction: Direction::of(way), ..RiseReport::default() };
    }
    let reason = match line {
        Ok(_) => "the slope of a straight line has no standard error by CR3".into(),
        Err(error) => error.to_string(),
    };
    RiseReport {
        test: RiseTest::StraightLine,
        reason: Some(format!("too few families to test: {reason}")),
        ..RiseReport::default()
    }
}

/// Which way a straight line goes, tested or not.
pub(super) fn leans(sample: &Sample) -> Option<Direction> {
    Direction::of(Linear::new().fit_sample(sample).ok()?.estimate_of(Parameter::Slope)?)
}

/// The p-value of a straight line's slope being 0, by CR3, and the slope; `None` without a standard error.
fn slope_p(sample: &Sample) -> Result<Option<(f64, f64)>> {
    let line = Linear::new().fit_sample(sample)?;
    let covariance = Covariance::new(Kind::Cr3).clusters(sample.families()).of(&line)?;
    Ok(line.place_of(Parameter::Slope).and_then(|place| {
        let slope = line.estimates()[place];
        Some((covariance.p_value(place, slope, 0.0)?, slope))
    }))
}

/// A test of a break in words of the report; `position` brings places into the predictor's own unit.
pub(super) fn break_report(
    found: Result<BreakFound>,
    direction: Direction,
    independent: bool,
    position: impl Fn(f64) -> f64,
) -> BreakReport {
    let test = match found {
        Ok(test) => test,
        Err(error) => return BreakReport::without(error.to_string()),
    };
    let davies = test.davies.filter(|_| independent);
    let (before, after) = test.slopes;
    let turn = match direction.along(after - before) {
        change if change > 0.0 => Some(Turn::Steeper),
        change if change < 0.0 => Some(Turn::Flatter),
        _ => None,
    };
    BreakReport {
        sup_f: finite(test.sup_f),
        p_value: finite(test.p_value),
        davies_p: davies.and_then(|davies| finite(davies.p_value)),
        at: finite(position(test.at)),
        slope_before: finite(before),
        slope_after: finite(after),
        turn,
        reason: finite(test.sup_f).is_none().then(|| "F exceeds the largest number".into()),
    }
}

/// The test of a straight line against one with a break.
pub(super) fn break_test(settings: &FitSettings, sample: &Sample) -> Result<BreakFound> {
    BreakTest::new(settings.seed).replicates(settings.bootstrap).run(sample)
}

/// The models with their predictor cut off where a fitted plateau begins; `None` for a curve without one.
pub(super) fn before_ceiling(models: &FitModels<'_>, fit: &dyn FittedCurve) -> Option<Sample> {
    let end = ceiling_begins(fit, models.levels())?;
    models.sample.with_predictor(&models.sample.x().iter().map(|x| x.min(end)).collect::<Vec<f64>>()).ok()
}

/// Where the plateau of a fitted hinge with a ceiling begins, on the scale of the fit.
pub(super) fn ceiling_begins(fit: &dyn FittedCurve, levels: Levels) -> Option<f64> {
    let upper = fit.estimate_of(Parameter::Upper).or(levels.ceiling)?;
    let chance = fit.estimate_of(Parameter::Chance).or(levels.chance)?;
    finite(fit.estimate_of(Parameter::C)? + (upper - chance) / fit.estimate_of(Parameter::Alpha)?)
}

/// What may be said of scores that go in `direction` by a curve with (or without) a break.
pub(super) fn shown(rise: &RiseReport, direction: Direction, breaks: bool, broken: &BreakReport) -> Shown {
    if rise.level {
        return Shown::Nothing;
    }
    let Some(p) = rise.p_value else { return Shown::Untested };
    if p > SIZE || rise.direction != Some(direction) {
        return Shown::Nothing;
    }
    if breaks && broken.is_steeper() { Shown::Emergence } else { Shown::Trend }
}

/// Scores that differ by less than this share of their size are one level.
const ROUNDING: f64 = 1e-12;
