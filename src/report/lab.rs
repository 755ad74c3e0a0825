//! What an experiment with known truth shows: a table, a CSV and the figures.
//!
//! The figures answer to the paper's: `main` (multiple choice before and after adjustment), `reformulation` (multiple
//! choice and cloze, both unadjusted), `emergence` (the point of emergence moving with task examples) and `dose` (the
//! estimated difference against the share of test-task documents, which is known here).

use std::fmt;
use std::str::FromStr;

use super::csv::{CsvTable, number};
use super::terminal::{Align, TextTable};
use crate::analysis::figure::{
    Axis, Figure, Hue, Layer, LegendEntry, LegendKey, Marker, Note, Panel, Point, Scale, Stroke,
};
use crate::analysis::fit::{self, Analysis, FitReport, Parameter};
use crate::{Error, Result};

/// How the lab's exams ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// The options stand in the prompt, the answer is a letter.
    MultipleChoice,
    /// The options are texts that continue the prompt.
    Cloze,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MultipleChoice => "multiple choice",
            Self::Cloze => "cloze",
        })
    }
}

impl FromStr for Format {
    type Err = Error;

    /// Reads a cell of the column `format`.
    fn from_str(text: &str) -> Result<Self> {
        match text {
            "multiple_choice" => Ok(Self::MultipleChoice),
            "cloze" => Ok(Self::Cloze),
            other => Err(Error::Argument(format!("`{other}` is neither multiple_choice nor cloze"))),
        }
    }
}

/// The fits of an experiment.
#[derive(Debug, Clone, PartialEq)]
pub struct LabReport {
    /// Kinds of models compared with the reference: name of the group in the fits, and true share of test-task documents.
    pub kinds: Vec<(String, f64)>,
    /// The reference's share.
    pub reference: f64,
    /// Cloze, as pretrained.
    pub cloze: LabFit,
    /// Multiple choice after so many task examples, ascending; each fit also holds the scores as pretrained.
    pub adjusted: Vec<(usize, LabFit)>,
}

/// Curves through the same scores.
#[derive(Debug, Clone, PartialEq)]
pub struct LabFit {
    /// Of all models, with the difference between kinds.
    pub all: Curves,
    /// Of the reference's models alone: where they leave chance, as in the paper's figure of emergence.
    pub reference: Curves,
}

/// A hinge and a line.
#[derive(Debug, Clone, PartialEq)]
pub struct Curves {
    /// With a point of emergence.
    pub hinge: FitReport,
    /// Log-linear.
    pub line: FitReport,
}

/// Scores under one condition.
struct Condition<'a> {
    score: Format,
    examples: usize,
    hinge: &'a Analysis,
    line: &'a Analysis,
    /// Hinge and line of the reference's models alone.
    reference: (&'a Analysis, &'a Analysis),
}

impl LabReport {
    fn conditions<'a>(&'a self) -> Vec<Condition<'a>> {
        let mut conditions = Vec::new();
        let mut add = |score, examples, fit: &'a LabFit, part: fn(&FitReport) -> Option<&Analysis>| {
            let Curves { hinge, line } = &fit.all;
            let alone = &fit.reference;
            if let Some((hinge, line)) = part(hinge).zip(part(line))
                && let Some(reference) = part(&alone.hinge).zip(part(&alone.line))
            {
                conditions.push(Condition { score, examples, hinge, line, reference });
            }
        };
        if let Some((_, first)) = self.adjusted.first() {
            add(Format::MultipleChoice, 0, first, |report| Some(&report.unadjusted));
        }
        for (examples, fit) in &self.adjusted {
            add(Format::MultipleChoice, *examples, fit, |report| report.adjusted.as_ref());
        }
        add(Format::Cloze, 0, &self.cloze, |report| Some(&report.unadjusted));
        conditions
    }

    /// Every difference from the reference: score and number of task examples, kind, estimate.
    #[cfg(feature = "models")]
    pub(super) fn differences(&self) -> Vec<((Format, usize), &str, Option<&Parameter>)> {
        let mut differences = Vec::new();
        for Condition { score, examples, hinge, .. } in self.conditions() {
            for (place, (kind, _)) in self.kinds.iter().enumerate() {
                differences.push(((score, examples), kind.as_str(), theta(hinge, place)));
            }
        }
        differences
    }

    /// Every estimate at full precision: a row for each condition and kind of model.
    #[must_use]
    pub fn csv(&self) -> CsvTable {
        let mut table = CsvTable::new(&[
            "score",
            "examples",
            "kind",
            "share",
            "theta",
            "theta_low",
            "theta_high",
            "theta_p",
            "alpha",
            "c_e",
            "c_e_low",
            "c_e_high",
            "r_squared",
            "r_squared_line",
            "margin",
            "equivalence_p",
            "equivalent",
            "c_e_reference",
            "c_e_reference_low",
            "c_e_reference_high",
            "r_squared_line_reference",
        ]);
        let shown = |value: Option<f64>| value.map(number).unwrap_or_default();
        for Condition { score, examples, hinge, line, reference: (alone, alone_line) } in self.conditions() {
            for (place, (kind, share)) in self.kinds.iter().enumerate() {
                let theta = theta(hinge, place);
                // The test of equivalence is about the first kind.
                let equivalence = (place == 0).then_some(&hinge.equivalence);
                table.rows.push(vec![
                    score.to_string(),
                    examples.to_string(),
                    kind.clone(),
                    number(*share),
                    shown(theta.and_then(|t| t.estimate)),
                    shown(theta.and_then(|t| t.low)),
                    shown(theta.and_then(|t| t.high)),
                    shown(theta.and_then(|t| t.p_value)),
                    shown(hinge.alpha.estimate),
                    shown(hinge.c_e.estimate),
                    shown(hinge.c_e.low),
                    shown(hinge.c_e.high),
                    shown(hinge.r_squared),
                    shown(line.r_squared),
                    shown(equivalence.and_then(|e| e.margin)),
                    shown(equivalence.and_then(|e| e.p_value)),
                    equivalence.and_then(|e| e.equivalent).map(|yes| yes.to_string()).unwrap_or_default(),
                    shown(alone.c_e.estimate),
                    shown(alone.c_e.low),
                    shown(alone.c_e.high),
                    shown(alone_line.r_squared),
                ]);
            }
        }
        table
    }

    /// The same for people, at most `width` columns wide.
    #[must_use]
    pub fn terminal(&self, width: usize) -> String {
        let mut table = TextTable::new(&[
            ("score", Align::Left),
            ("examples", Align::Right),
            ("theta", Align::Right),
            ("95 % interval", Align::Right),
            ("p equal", Align::Right),
            ("c_e, ref.", Align::Right),
            ("R2 line", Align::Right),
        ]);
        for (place, (kind, share)) in self.kinds.iter().enumerate() {
            table.section(&format!("{kind}: share {share} against {}", self.reference));
            for Condition { score, examples, hinge, reference: (alone, line), .. } in self.conditions() {
                let theta = theta(hinge, place);
                let end = |end: Option<f64>| end.map_or_else(|| "?".to_owned(), |v| format!("{v:+.3}"));
                let equal = hinge.equivalence.p_value.filter(|_| place == 0);
                table.push(vec![
                    score.to_string(),
                    examples.to_string(),
                    end(theta.and_then(|t| t.estimate)),
                    format!("{} … {}", end(theta.and_then(|t| t.low)), end(theta.and_then(|t| t.high))),
                    equal.map(|p| format!("{p:.3}")).unwrap_or_default(),
                    alone.c_e.estimate.map_or_else(|| "?".to_owned(), |c| format!("{c:.1e}")),
                    line.r_squared.map_or_else(|| "?".to_owned(), |r| format!("{r:.2}")),
                ]);
            }
        }
        table.render(width)
    }

    /// The figures, as data.
    #[must_use]
    pub fn figures(&self) -> Vec<Figure> {
        let mut figures = Vec::new();
        if let Some((examples, last)) = self.adjusted.last() {
            let mut main = self.figure(&last.all.hinge);
            "main".clone_into(&mut main.name);
            main.caption = format!(
                "Models that differ only in the share of test-task documents in their pretraining text: multiple choice \
                 as pretrained, and after all have seen the same {examples} task examples."
            );
            figures.push(plain(main));
        }
        figures.extend(self.reformulation());
        figures.extend(self.emergence());
        figures.push(self.dose());
        figures
    }

    /// The figure of a fit with kinds and shares as names of the series.
    fn figure(&self, fit: &FitReport) -> Figure {
        let kinds = self.kinds.iter().map(|(kind, share)| format!("{kind}: share {share}"));
        let names: Vec<String> = std::iter::once(format!("reference: share {}", self.reference)).chain(kinds).collect();
        fit::figure_with_names(fit, &names)
    }

    fn reformulation(&self) -> Option<Figure> {
        let (_, first) = self.adjusted.first()?;
        let mut figure = self.figure(&first.all.hinge);
        figure.panels.truncate(1);
        figure.panels.extend(self.figure(&self.cloze.all.hinge).panels.into_iter().take(1));
        for (panel, title) in figure.panels.iter_mut().zip(["Multiple choice", "Cloze"]) {
            title.clone_into(&mut panel.title);
        }
        figure.columns = 2;
        "reformulation".clone_into(&mut figure.name);
        "The same models asked for the same facts in two formats, as pretrained.".clone_into(&mut figure.caption);
        Some(plain(figure))
    }

    fn emergence(&self) -> Option<Figure> {
        let (_, first) = self.adjusted.first()?;
        let mut figure = self.figure(&first.reference.hinge);
        figure.panels.truncate(1);
        "No task examples".clone_into(&mut figure.panels.first_mut()?.title);
        for (examples, fit) in &self.adjusted {
            let panel = self.figure(&fit.reference.hinge).panels.pop()?;
            figure.panels.push(Panel { title: format!("{examples} task examples"), ..panel });
        }
        for (panel, condition) in figure.panels.iter_mut().zip(self.conditions()) {
            if let Some(value) = condition.reference.1.r_squared {
                panel.notes.push(Note::new(format!("line: R² = {value:.3}"), "r_squared_line", value));
            }
        }
        figure.columns = figure.panels.len().min(2);
        "emergence".clone_into(&mut figure.name);
        figure.caption = format!(
            "Models with a share of {} of test-task documents, multiple choice after more and more task examples: where \
             scores leave chance, and how straight their rise is.",
            self.reference
        );
        Some(plain(figure))
    }

    fn dose(&self) -> Figure {
        let conditions = self.conditions();
        let (mut layers, mut legend) = (vec![Layer::HorizontalRule { series: "Zero".into(), y: 0.0 }], Vec::new());
        let choice: Vec<&Condition<'_>> = conditions.iter().filter(|c| c.score == Format::MultipleChoice).collect();
        let ends = [choice.first().copied(), choice.last().copied().filter(|_| choice.len() > 1), conditions.last()];
        for (place, condition) in ends.into_iter().flatten().enumerate() {
            let (hue, marker) = [
                (Hue::Comparison, Marker::Circle),
                (Hue::Reference, Marker::Square),
                (Hue::Category(2), Marker::Triangle),
            ][place.min(2)];
            let series = match (condition.score, condition.examples) {
                (Format::Cloze, _) => "Cloze, as pretrained".to_owned(),
                (Format::MultipleChoice, 0) => "Multiple choice, as pretrained".to_owned(),
                (Format::MultipleChoice, examples) => format!("Multiple choice, {examples} task examples"),
            };
            let mut points =
                vec![Point { label: "reference".into(), x: self.reference, y: 0.0, interval: None, labelled: false }];
            for (place, (kind, share)) in self.kinds.iter().enumerate() {
                let Some(theta) = theta(condition.hinge, place) else { continue };
                let Some(y) = theta.estimate else { continue };
                let interval = theta.low.zip(theta.high);
                points.push(Point { label: kind.clone(), x: *share, y, interval, labelled: false });
            }
            points.sort_by(|a, b| a.x.total_cmp(&b.x));
            let vertices = points.iter().map(|point| (point.x, point.y)).collect();
            layers.push(Layer::Line { series: series.clone(), hue, stroke: Stroke::Solid, vertices });
            layers.push(Layer::Points { series: series.clone(), hue, marker, points });
            legend.push(LegendEntry { label: series, hue, key: LegendKey::MarkedStroke(marker, Stroke::Solid) });
        }
        // Shares are spread by factors; a share of 0 has no place on such a scale.
        let shares = [self.reference].into_iter().chain(self.kinds.iter().map(|(_, share)| *share));
        let spread = if shares.into_iter().all(|share| share > 0.0) { Scale::Log10 } else { Scale::Linear };
        let axis = |label: &str, scale| Axis {
            label: label.to_owned(),
            scale,
            range: None,
            ticks: Vec::new(),
            tick_labels: Vec::new(),
        };
        Figure {
            name: "dose".into(),
            caption:
                "Estimated difference at equal compute against the true share of test-task documents; bars are 95 % \
                      intervals."
                    .into(),
            panels: vec![Panel {
                title: String::new(),
                x: axis("Share of test-task documents in pretraining", spread),
                y: axis("Difference at equal compute (θ\u{302})", Scale::Linear),
                layers,
                notes: Vec::<Note>::new(),
            }],
            columns: 1,
            aspect: 1.5,
            legend,
            row_titles: Vec::new(),
        }
    }
}

/// The figure with one scale for all panels, and no names beside the points: they say nothing that shape and colour do not.
fn plain(mut figure: Figure) -> Figure {
    for panel in &mut figure.panels {
        "Accuracy".clone_into(&mut panel.y.label);
        panel.y.range = Some((0.0, 1.02));
    }
    for layer in figure.panels.iter_mut().flat_map(|panel| &mut panel.layers) {
        if let Layer::Points { points, .. } = layer {
            points.iter_mut().for_each(|point| point.labelled = false);
        }
    }
    figure
}

/// The difference of one kind from the reference.
fn theta(analysis: &Analysis, kind: usize) -> Option<&Parameter> {
    match kind {
        0 => Some(&analysis.theta),
        _ => analysis.thetas.get(kind).map(|named| &named.parameter),
    }
}
