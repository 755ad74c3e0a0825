//! What is asked of training runs with losses and scores.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::analysis::TrainingModels;
use crate::registry::modelset::Settings;
use crate::serial::serde_as_text;
use crate::stats::random::Seed;
use crate::{Error, Result};

/// How a score is forecast in two steps, by its loss.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LossThenScoreSettings {
    /// How the tables are read. `score` is the score that is forecast; what concerns the predictor, groups, clusters and scores after
    /// adjustment is not used.
    pub tables: Settings,
    /// The loss: a column, or a benchmark of a long table.
    pub loss: String,
    /// Metric of the loss, in long tables.
    pub loss_metric: Option<String>,
    /// Which runs both steps are fitted to.
    pub training: TrainingModels,
    /// How many checkpoints a mean is taken of, for the loss at the end of a run and for every point of the second step.
    pub average: usize,
    /// Share of a run, from its beginning, that the second step leaves out.
    pub skip: f64,
    /// The score of a perfect model; 1 of shares and 100 of percentages when `None`.
    pub perfect: Option<f64>,
    /// Models that are forecast beside the runs of the tables.
    pub targets: Vec<SizeAndData>,
    /// Resamples behind every interval.
    pub bootstrap: usize,
    /// Level of every interval, between 0.5 and 1.
    pub level: f64,
    /// Seed of every draw.
    pub seed: Seed,
}

/// A model that is not trained yet: `PARAMETERS@TOKENS`, such as `13B@5T`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SizeAndData {
    /// Parameters.
    pub params: f64,
    /// Training tokens.
    pub tokens: f64,
}

impl Default for LossThenScoreSettings {
    fn default() -> Self {
        Self {
            tables: Settings::default(),
            loss: "loss".to_owned(),
            loss_metric: None,
            training: TrainingModels::default(),
            average: 1,
            skip: 0.1,
            perfect: None,
            targets: Vec::new(),
            bootstrap: 1_000,
            level: 0.95,
            seed: Seed(0),
        }
    }
}

impl LossThenScoreSettings {
    pub(super) fn check(&self) -> Result<()> {
        if !(0.5..1.0).contains(&self.level) {
            return Err(Error::Argument(format!("the level {} is not between 0.5 and 1", self.level)));
        }
        if self.average == 0 {
            return Err(Error::Argument("--average 0: a mean is of at least one checkpoint".into()));
        }
        if !(0.0..1.0).contains(&self.skip) {
            return Err(Error::Argument(format!("--skip {} is no share of a run: 0 or more, and below 1", self.skip)));
        }
        self.training.check()
    }
}

/// What one stands for with this letter.
const LETTERS: [(char, i32); 4] = [('T', 12), ('B', 9), ('M', 6), ('K', 3)];

/// A number with a letter for its unit.
fn count(text: &str) -> Option<f64> {
    let text = text.trim();
    let last = text.chars().next_back()?;
    let unit = LETTERS.iter().find(|(letter, _)| last.eq_ignore_ascii_case(letter));
    let value = match unit {
        // Written out, the nearest number to it is read.
        Some((_, power)) => format!("{}e{power}", text[..text.len() - last.len_utf8()].trim()).parse::<f64>().ok()?,
        None => text.parse().ok()?,
    };
    (value > 0.0 && value.is_finite()).then_some(value)
}

/// The shortest way to write it that is read as the same number.
fn written(value: f64) -> String {
    for (letter, power) in LETTERS {
        let short = format!("{}{letter}", value / 10f64.powi(power));
        if value >= 10f64.powi(power) && count(&short) == Some(value) {
            return short;
        }
    }
    value.to_string()
}

impl fmt::Display for SizeAndData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", written(self.params), written(self.tokens))
    }
}

impl FromStr for SizeAndData {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let bad = |why: &str| Error::Argument(format!("`{text}`: {why}; write PARAMETERS@TOKENS, such as 13B@5T"));
        let (params, tokens) = text.split_once('@').ok_or_else(|| bad("there is no @"))?;
        let number = |text: &str| count(text).ok_or_else(|| bad(&format!("`{}` is no number above 0", text.trim())));
        Ok(Self { params: number(params)?, tokens: number(tokens)? })
    }
}

serde_as_text!(SizeAndData);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_of_two_steps_that_are_read_are_those_that_were_written() {
        let settings = LossThenScoreSettings {
            loss: "bits".into(),
            loss_metric: Some("bits_per_byte".into()),
            training: TrainingModels::All,
            average: 5,
            skip: 0.2,
            perfect: Some(100.0),
            targets: vec!["13B@5T".parse().expect("a target")],
            bootstrap: 99,
            level: 0.9,
            seed: Seed(7),
            ..LossThenScoreSettings::default()
        };
        let written = serde_json::to_string(&settings).expect("JSON");
        assert_eq!(serde_json::from_str::<LossThenScoreSettings>(&written).expect("settings"), settings);
        let empty = serde_json::from_str::<LossThenScoreSettings>("{}").expect("settings");
        assert_eq!(empty, LossThenScoreSettings::default());
        assert!(serde_json::from_str::<LossThenScoreSettings>("{\"lost\": 1}").is_err(), "a misspelt setting");
    }

    #[test]
    fn a_target_is_read_with_units_or_without() {
        let read = |text: &str| text.parse::<SizeAndData>();
        let expected = SizeAndData { params: 1.3e10, tokens: 5e12 };
        for text in ["13B@5T", "13e9@5e12", " 13 b @ 5000b", "13000M@5T"] {
            assert_eq!(read(text).expect(text), expected, "{text}");
        }
        assert_eq!(expected.to_string(), "13B@5T");
        let odd = SizeAndData { params: 13_202_396_160.0, tokens: 999.0 };
        assert_eq!(read(&odd.to_string()).expect("itself"), odd, "{odd}");
        for bad in ["13B", "@5T", "13B@", "-1B@5T", "13B@0", "13X@5T", "inf@5T", "B@T"] {
            assert!(read(bad).expect_err(bad).to_string().contains("PARAMETERS@TOKENS"), "{bad}");
        }
    }
}
