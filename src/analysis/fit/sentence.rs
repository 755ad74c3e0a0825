//! What a fit found, in the words that the terminal, the page and notebooks have in common. The tests decide, not the best
//! curve alone.

use super::evidence::{BreakReport, Shown, Turn};
use super::report::{Analysis, FitReport};
use crate::stats::selection::Verdict;

impl FitReport {
    /// Where and how scores of one analysis rise, in one sentence without a capital and a full stop; `number` writes values
    /// of the predictor.
    pub(crate) fn finding(&self, of: &Analysis, number: impl Fn(f64) -> String) -> String {
        let rise = of.direction.word();
        let rises = format!("scores {}", of.direction.word());
        let tested = of.rise_test.p_value.map_or_else(String::new, |p| format!(" (p {})", p_value(p)));
        match of.shown {
            Shown::Emergence => {
                let at = of.emergence().and_then(|c| c.value).map(number);
                let from = at
                    .map_or_else(|| "a point inside the data".to_owned(), |at| format!("{} {at}", self.predictor.name));
                format!("{rises} from {from} on{tested}")
            }
            Shown::Trend => {
                let how = match of.verdict {
                    Some(Verdict::Abrupt) => ", mostly within a third of the range".to_owned(),
                    Some(Verdict::Gradual) => " gradually".to_owned(),
                    Some(Verdict::None) => format!(", but the chosen curve does not {rise} over the whole range"),
                    None => String::new(),
                };
                format!("{rises} with {}{how}{tested}; no point of emergence is shown", self.predictor.name)
            }
            Shown::Nothing if of.rise_test.level => "scores are one level".to_owned(),
            Shown::Nothing => {
                let other = of.rise_test.direction.filter(|way| *way != of.direction);
                match (other, of.rise_test.p_value) {
                    (Some(way), Some(p)) if p <= super::evidence::SIZE => {
                        let way = way.word();
                        format!("scores do not {rise}: they {way} with {}{tested}", self.predictor.name)
                    }
                    _ => format!("no {rise} is shown{tested}"),
                }
            }
            Shown::Untested => {
                let reason = of.rise_test.reason.as_deref().unwrap_or("there is no test");
                format!("whether scores {rise} is not tested: {reason}")
            }
        }
    }
}

impl BreakReport {
    /// What a break that a test shows is: emergence or saturation, and where. `None` where the test shows none. `number`
    /// writes values of the predictor, `slope` slopes.
    pub(crate) fn meaning(&self, number: impl Fn(f64) -> String, slope: impl Fn(f64) -> String) -> Option<String> {
        self.p_value.filter(|p| *p <= super::evidence::SIZE)?;
        let at = self.at.map(&number)?;
        let (before, after) = (self.slope_before?, self.slope_after?);
        let turn = match self.turn? {
            Turn::Steeper => "steeper",
            Turn::Flatter if before.abs() < after.abs() => "steeper in the other direction, not emergence",
            Turn::Flatter => "flatter: saturation, not emergence",
        };
        Some(format!("at {at} the slope turns from {} to {}, {turn}", slope(before), slope(after)))
    }
}

/// `= 0.0312`, `< 0.0001`.
pub(crate) fn p_value(p: f64) -> String {
    if p < 0.0001 { "< 0.0001".into() } else { format!("= {p:.4}") }
}
