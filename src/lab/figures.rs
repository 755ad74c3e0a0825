//! The figures of an experiment with known truth, as data.
//!
//! They answer to the paper's: `main` (multiple choice before and after adjustment), `reformulation` (multiple choice and
//! cloze, both unadjusted), `emergence` (the point of emergence moving with task examples), `dose` (the estimated
//! difference against the share of test-task documents, which is known here) and `agreement` (how far two exams over the
//! same facts rank the models alike).

use super::fits::{Fitted, LabReport, theta};
use crate::analysis::figure::{
    Axis, Figure, Hue, Layer, LegendEntry, LegendKey, Marker, Note, Panel, Point, Scale, Stroke,
};
use crate::analysis::fit::{self, FitReport};
use crate::registry::Format;

impl LabReport {
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
        figures.extend(self.harmony());
        figures
    }

    /// The figure of a fit with kinds and shares as names of the series.
    fn figure(&self, fit: &FitReport) -> Figure {
        let kinds = self.kinds.iter().map(|(kind, share)| format!("{kind}: share {share}"));
        let names: Vec<String> = std::iter::once(format!("reference: share {}", self.reference)).chain(kinds).collect();
        fit::figure_with(fit, &names, fit::Names::None)
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
            let mut next = self.figure(&fit.reference.hinge);
            let panel = next.panels.pop()?;
            figure.panels.push(Panel { title: format!("{examples} task examples"), ..panel });
            // Without an interval in a panel nothing is said of brackets.
            if figure.footer.is_empty() {
                figure.footer = next.footer;
            }
        }
        for (panel, condition) in figure.panels.iter_mut().zip(self.conditions()) {
            if let Some(value) = condition.reference.1.r_squared {
                panel.notes.push(Note::new(format!("R² of a line = {value:.3}"), "r_squared_line", value));
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

    /// The agreement of multiple choice and cloze against task examples, under what one ability would give.
    fn harmony(&self) -> Option<Figure> {
        let count = self.agreement.len();
        if count < 2 {
            return None;
        }
        let label = |examples: usize| if examples == 0 { "none".to_owned() } else { examples.to_string() };
        let known = || self.agreement.iter().enumerate().filter_map(|(k, one)| Some((k as f64, one, one.tau.value?)));
        let points = known().map(|(x, one, y)| Point {
            label: label(one.examples),
            x,
            y,
            interval: one.tau.interval.ends(),
            labelled: false,
        });
        let ceiling = known().filter_map(|(x, one, _)| Some((x, one.ceiling?))).collect();
        let [tau, one] = ["Multiple choice and cloze", "One ability, and the noise of items"];
        let marker = Marker::Circle;
        let layers = vec![
            Layer::Line { series: one.into(), hue: Hue::Context, stroke: Stroke::Dashed, vertices: ceiling },
            Layer::Line {
                series: tau.into(),
                hue: Hue::Comparison,
                stroke: Stroke::Solid,
                vertices: known().map(|(x, _, y)| (x, y)).collect(),
            },
            Layer::Points { series: tau.into(), hue: Hue::Comparison, marker, points: points.collect() },
        ];
        let key = LegendKey::MarkedStroke(marker, Stroke::Solid);
        Some(Figure {
            name: "agreement".into(),
            caption: "Kendall's τ-b of the models' ranks in two exams of different format over the same facts, after more and \
                      more task examples in multiple choice; bars are 95 % intervals from drawing families. Dashed: the τ-b \
                      of two exams of one ability, with as many items."
                .into(),
            panels: vec![Panel {
                title: String::new(),
                x: Axis {
                    label: "Task examples seen by all models".into(),
                    scale: Scale::Linear,
                    range: Some((-0.4, count as f64 - 0.6)),
                    ticks: (0..count).map(|k| k as f64).collect(),
                    tick_labels: self.agreement.iter().map(|one| label(one.examples)).collect(),
                },
                y: Axis {
                    label: "Kendall's τ-b".into(),
                    scale: Scale::Linear,
                    range: Some((0.0, 1.0)),
                    ticks: Vec::new(),
                    tick_labels: Vec::new(),
                },
                layers,
                notes: Vec::new(),
            }],
            columns: 1,
            aspect: 1.5,
            legend: vec![
                LegendEntry { label: tau.into(), hue: Hue::Comparison, key },
                LegendEntry { label: one.into(), hue: Hue::Context, key: LegendKey::Stroke(Stroke::Dashed) },
            ],
            row_titles: Vec::new(),
            footer: "Vertical lines: 95 % intervals.".into(),
            title: String::new(),
        })
    }

    fn dose(&self) -> Figure {
        let conditions = self.conditions();
        let (mut layers, mut legend) =
            (vec![Layer::HorizontalRule { series: "No difference".into(), y: 0.0 }], Vec::new());
        let choice: Vec<&Fitted<'_>> = conditions.iter().filter(|c| c.score == Format::MultipleChoice).collect();
        let ends = [choice.first().copied(), choice.last().copied().filter(|_| choice.len() > 1), conditions.last()];
        // Shares are spread by factors; a share of 0 has no place on such a scale.
        let shares: Vec<f64> = [self.reference].into_iter().chain(self.kinds.iter().map(|(_, share)| *share)).collect();
        let spread = if shares.iter().all(|share| *share > 0.0) { Scale::Log10 } else { Scale::Linear };
        let beside = |share: f64, place: usize| beside(spread, &shares, share, place);
        for (place, condition) in ends.into_iter().flatten().enumerate() {
            let (hue, marker) = [
                (Hue::Comparison, Marker::Circle),
                (Hue::Reference, Marker::Square),
                (Hue::Category(2), Marker::Triangle),
            ][place.min(2)];
            let series = match (condition.score, condition.examples) {
                (Format::Cloze, _) => "Cloze, as pretrained".to_owned(),
                (_, 0) => "Multiple choice, as pretrained".to_owned(),
                (_, examples) => format!("Multiple choice, {examples} task examples"),
            };
            let mut points = vec![Point {
                label: "reference".into(),
                x: beside(self.reference, place),
                y: 0.0,
                interval: None,
                labelled: false,
            }];
            for (group, (kind, share)) in self.kinds.iter().enumerate() {
                let Some(theta) = theta(condition.hinge, group) else { continue };
                let Some(y) = theta.value else { continue };
                let interval = theta.interval.low.zip(theta.interval.high);
                points.push(Point { label: kind.clone(), x: beside(*share, place), y, interval, labelled: false });
            }
            points.sort_by(|a, b| a.x.total_cmp(&b.x));
            let vertices = points.iter().map(|point| (point.x, point.y)).collect();
            layers.push(Layer::Line { series: series.clone(), hue, stroke: Stroke::Solid, vertices });
            layers.push(Layer::Points { series: series.clone(), hue, marker, points });
            legend.push(LegendEntry { label: series, hue, key: LegendKey::MarkedStroke(marker, Stroke::Solid) });
        }
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
            footer: "Vertical lines: 95 % intervals; those of one share stand side by side.".into(),
            title: String::new(),
        }
        .with_every_mark_in_the_legend(BAND)
    }
}

/// Where a series of points stands at a share: side by side with the two others, a little of the axis apart, so that their
/// intervals do not cover each other.
fn beside(scale: Scale, shares: &[f64], share: f64, place: usize) -> f64 {
    const APART: f64 = 0.025;
    let along = |share: f64| if scale == Scale::Log10 { share.log10() } else { share };
    let (low, high) =
        shares.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), s| (l.min(along(*s)), h.max(along(*s))));
    let at = along(share) + (place as f64 - 1.0) * APART * (high - low);
    if scale == Scale::Log10 { 10f64.powf(at) } else { at }
}

/// The figure with one scale for all panels, and what the marks of all of them mean.
fn plain(mut figure: Figure) -> Figure {
    for panel in &mut figure.panels {
        "Accuracy".clone_into(&mut panel.y.label);
        panel.y.range = Some((0.0, 1.02));
    }
    figure.with_every_mark_in_the_legend(BAND)
}

/// The legend's word for bands, at the level of the experiment's fits.
const BAND: &str = "95 % band";
