//! The loss of a fine-tuning run as a figure.

use crate::analysis::figure::{Axis, Figure, Hue, Layer, LegendEntry, LegendKey, Panel, Scale, Stroke};
use crate::train::TrainStep;

/// Loss and learning rate over the examples seen; beside the loss of every step, its running mean.
#[must_use]
pub(crate) fn loss_figure(steps: &[TrainStep]) -> Figure {
    let line = |series: &str, hue, stroke, vertices| Layer::Line { series: series.into(), hue, stroke, vertices };
    let at = |value: &dyn Fn(&TrainStep) -> f64| steps.iter().map(|step| (step.examples as f64, value(step))).collect();
    let axis = |label: &str| Axis {
        label: label.into(),
        scale: Scale::Linear,
        range: None,
        ticks: Vec::new(),
        tick_labels: Vec::new(),
    };
    // A mean over about a twentieth of the run shows its course.
    let keep = 1.0 - 1.0 / (steps.len() as f64 / 20.0).max(1.0);
    let (mut sum, mut weight) = (0.0, 0.0);
    let smooth = |step: &TrainStep| {
        (sum, weight) = (keep * sum + step.loss, keep * weight + 1.0);
        (step.examples as f64, sum / weight)
    };
    let smooth: Vec<(f64, f64)> = steps.iter().map(smooth).collect();
    let panel = |title: &str, y: &str, layers| Panel {
        title: title.into(),
        x: axis("Task examples seen"),
        y: axis(y),
        layers,
        notes: Vec::new(),
    };
    let entry = |label: &str, hue| LegendEntry { label: label.into(), hue, key: LegendKey::Stroke(Stroke::Solid) };
    Figure {
        name: "loss".into(),
        caption: "Training loss in nats per learned token, and the learning rate, over the task examples seen.".into(),
        panels: vec![
            panel(
                "Loss",
                "Nats per learned token",
                vec![
                    line("each step", Hue::Context, Stroke::Solid, at(&|step| step.loss)),
                    line("running mean", Hue::Reference, Stroke::Solid, smooth),
                ],
            ),
            panel(
                "Learning rate",
                "Learning rate",
                vec![line("learning rate", Hue::Reference, Stroke::Solid, at(&|step| step.rate))],
            ),
        ],
        columns: 2,
        aspect: 1.4,
        legend: vec![entry("each step", Hue::Context), entry("running mean", Hue::Reference)],
        row_titles: Vec::new(),
        footer: String::new(),
        title: String::new(),
    }
}
