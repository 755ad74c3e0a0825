//! The figures without a fit: gain, brier, families, finetuned_old_vs_new and saturation.

use super::built::{Built, shared_range};
use super::exhibit::Exhibit;
use super::item::{Item, ItemPart};
use super::panel::{BY_RELEASE, GroupNames, chance_layer, compute_axis, group_layers, points, score_axis};
use super::quantity::{PaperQuantity, Quantity};
use super::scores::{ByModel, EPOCHS, Paper, adjustment_for, at_examples, is_new, known, negative_brier};
use crate::analysis::Phase;
use crate::analysis::figure::{Figure, Hue, Layer, LegendEntry, LegendKey, Marker, Note, Panel, Stroke};
use crate::analysis::scaling::Scored;
use crate::analysis::words::{signed, thousands};
use crate::error::{Error, Result};
use crate::registry::{Condition, Model};
use crate::stats::estimate::Estimate;

fn figure(name: &str, caption: &str, columns: usize, legend: Vec<LegendEntry>) -> Figure {
    Figure {
        name: name.into(),
        caption: caption.into(),
        panels: Vec::new(),
        columns,
        aspect: 1.35,
        legend,
        row_titles: Vec::new(),
        footer: String::new(),
        title: String::new(),
    }
}

/// The legend of two groups that are drawn as points only.
pub(super) fn point_legend(names: GroupNames) -> Vec<LegendEntry> {
    let mut legend = names.legend();
    for entry in &mut legend {
        if let LegendKey::MarkedStroke(marker, _) = entry.key {
            entry.key = LegendKey::Marker(marker);
        }
    }
    legend
}

/// What fine-tuning on the task adds to each model's score.
///
/// # Errors
/// When a score is missing.
pub(crate) fn gain(paper: &Paper<'_>) -> Result<Built> {
    let caption = "Accuracy gained by adjustment (adjusted minus unadjusted): newer models gain less. Dashed and dotted \
                   lines are the means of the older and of the newer models.";
    let mut legend = point_legend(BY_RELEASE);
    legend.push(mean_entry("Mean before November 2023", Hue::Reference, Stroke::Dashed));
    legend.push(mean_entry("Mean from November 2023 on", Hue::Comparison, Stroke::Dotted));
    let mut figure = figure("gain", caption, 2, legend);
    let mut quantities = Vec::new();
    for id in ["mmlu", "gsm8k"] {
        let (before, after) = paper.pair(id, &Condition::epochs(adjustment_for(id), EPOCHS))?;
        let gains: ByModel = after.iter().map(|(model, score)| (model.clone(), score - before[model])).collect();
        let scores = paper.by_release(&gains)?;
        let mut layers = group_layers(&scores, BY_RELEASE);
        let mut notes = Vec::new();
        for (comparison, quantity, label, hue, stroke) in [
            (false, PaperQuantity::MeanOld, "before", Hue::Reference, Stroke::Dashed),
            (true, PaperQuantity::MeanNew, "from Nov 2023", Hue::Comparison, Stroke::Dotted),
        ] {
            let group: Vec<Scored<'_>> = scores.iter().copied().filter(|s| s.comparison == comparison).collect();
            let mean = mean(&group)?;
            layers.push(mean_line(&scores, mean, hue, stroke));
            notes.push(Note::new(format!("Mean {label}: {mean:.3}"), quantity.name(), mean));
            quantities.push(Quantity::of(
                Exhibit::Gain,
                Item::new(id, ItemPart::Whole),
                quantity,
                Estimate::of(mean),
                &group,
            ));
        }
        figure.panels.push(Panel {
            title: known(id)?.name.to_string(),
            x: compute_axis(),
            y: score_axis("Gain in accuracy", Some(shared_range([&gains], 0.0))),
            layers,
            notes,
        });
    }
    Ok(Built { figure, quantities })
}

fn mean_entry(label: &str, hue: Hue, stroke: Stroke) -> LegendEntry {
    LegendEntry { label: label.into(), hue, key: LegendKey::Stroke(stroke) }
}

fn mean(group: &[Scored<'_>]) -> Result<f64> {
    if group.is_empty() {
        return Err(Error::Undetermined("a mean needs at least one model".into()));
    }
    Ok(group.iter().map(|s| s.score).sum::<f64>() / group.len() as f64)
}

/// A horizontal line at `mean` over the compute of all models.
fn mean_line(scores: &[Scored<'_>], mean: f64, hue: Hue, stroke: Stroke) -> Layer {
    let compute = scores.iter().map(|s| s.model.compute().0);
    let (low, high) = compute.fold((f64::INFINITY, 0.0), |(low, high): (f64, f64), c| (low.min(c), high.max(c)));
    Layer::Line { series: "Mean".into(), hue, stroke, vertices: vec![(low, mean), (high, mean)] }
}

/// ARC Challenge and HellaSwag: accuracy as cloze and as multiple choice, and the Brier score of the latter.
///
/// # Errors
/// When a score is missing.
pub(crate) fn brier(paper: &Paper<'_>) -> Result<Built> {
    let caption = "Unadjusted models. Multiple choice shows a sudden rise where cloze rises gradually, in accuracy and in \
                   the (negative) Brier score alike: the rise is no artefact of a discontinuous metric.";
    let mut figure = figure("brier", caption, 3, point_legend(BY_RELEASE));
    for (id, name) in [("arc_challenge", "ARC Challenge"), ("hellaswag", "HellaSwag")] {
        let cloze = paper.unadjusted(id)?;
        let choice = paper.unadjusted(&format!("{id}_mc"))?;
        let chance = paper.chance(known(id)?);
        let range = shared_range([&cloze, &choice], chance);
        for (title, label, scores, range) in [
            ("Cloze", "Accuracy", &cloze, Some(range)),
            ("Multiple choice", "Accuracy", &choice, Some(range)),
            ("Multiple choice, Brier score", "−Brier score", &negative_brier(paper, &format!("{id}_mc"))?, None),
        ] {
            // A guess has no known Brier score.
            let chance = range.map(|_| chance_layer(chance));
            figure.panels.push(Panel {
                title: title.into(),
                x: compute_axis(),
                y: score_axis(label, range),
                layers: chance.into_iter().chain(group_layers(&paper.by_release(scores)?, BY_RELEASE)).collect(),
                notes: Vec::new(),
            });
        }
        figure.row_titles.push(name.into());
    }
    Ok(Built { figure, quantities: Vec::new() })
}

/// Three families whose order changes with adjustment.
///
/// # Errors
/// When a score is missing.
pub(crate) fn families_figure(paper: &Paper<'_>) -> Result<Built> {
    type Member = fn(&Model) -> bool;
    let shown: [(&str, Marker, Member); 3] = [
        ("Llama 2", Marker::Circle, |m| m.family == "llama-2"),
        ("Qwen 1.5", Marker::Triangle, |m| m.family == "qwen"),
        // The paper draws the Pythia models from 1 billion parameters on.
        ("Pythia", Marker::Square, |m| m.family == "pythia" && m.params >= 1e9),
    ];
    let legend = shown
        .iter()
        .enumerate()
        .map(|(k, (name, marker, _))| LegendEntry {
            label: (*name).into(),
            hue: Hue::Category(k),
            key: LegendKey::MarkedStroke(*marker, Stroke::Solid),
        })
        .collect();
    let caption = "Three model families before (top) and after (bottom) adjustment: their order changes.";
    let mut figure = figure("families", caption, 2, legend);
    figure.row_titles = vec!["Unadjusted".into(), "Adjusted".into()];
    for phase in Phase::BOTH {
        for id in ["mmlu", "gsm8k"] {
            let (before, after) = paper.pair(id, &Condition::epochs(adjustment_for(id), EPOCHS))?;
            let scores = paper.by_release(phase.of(&before, &after))?;
            let mut layers = vec![chance_layer(paper.chance(known(id)?))];
            for (k, (name, marker, member)) in shown.iter().enumerate() {
                let mut cloud = points(scores.iter().filter(|s| member(s.model)));
                cloud.sort_by(|a, b| a.x.total_cmp(&b.x));
                layers.push(Layer::Line {
                    series: (*name).into(),
                    hue: Hue::Category(k),
                    stroke: Stroke::Solid,
                    vertices: cloud.iter().map(|p| (p.x, p.y)).collect(),
                });
                layers.push(Layer::Points {
                    series: (*name).into(),
                    hue: Hue::Category(k),
                    marker: *marker,
                    points: cloud,
                });
            }
            figure.panels.push(Panel {
                title: known(id)?.name.to_string(),
                x: compute_axis(),
                y: score_axis("Accuracy", Some(shared_range([&before, &after], paper.chance(known(id)?)))),
                layers,
                notes: Vec::new(),
            });
        }
    }
    Ok(Built { figure, quantities: Vec::new() })
}

/// Older models after 64,000 task examples beside newer models as released.
///
/// # Errors
/// When a score is missing.
pub(crate) fn finetuned_old_vs_new(paper: &Paper<'_>) -> Result<Built> {
    let names = GroupNames { reference: "Older models, fine-tuned", comparison: "Newer models as released" };
    let caption = "Older models fine-tuned on 64,000 task examples resemble newer models as released.";
    let mut figure = figure("finetuned_old_vs_new", caption, 2, point_legend(names));
    for id in ["mmlu", "gsm8k"] {
        let scores = finetuned_old_and_new(paper, id)?;
        figure.panels.push(Panel {
            title: known(id)?.name.to_string(),
            x: compute_axis(),
            y: score_axis("Accuracy", None),
            layers: [chance_layer(paper.chance(known(id)?))]
                .into_iter()
                .chain(group_layers(&paper.by_release(&scores)?, names))
                .collect(),
            notes: Vec::new(),
        });
    }
    Ok(Built { figure, quantities: Vec::new() })
}

/// Older models after 64,000 task examples and newer models as released.
///
/// # Errors
/// When there is no such score.
pub(super) fn finetuned_old_and_new(paper: &Paper<'_>, id: &str) -> Result<ByModel> {
    let mut scores = at_examples(paper, id, 64_000)?;
    let released = paper.unadjusted(id)?;
    let newer = |name: &String| paper.data().models.get(name).is_some_and(is_new);
    scores.extend(released.into_iter().filter(|(name, _)| newer(name)));
    Ok(scores)
}

/// The gain of the last checkpoints is small beside the gain before: adjustment has saturated.
///
/// # Errors
/// When a score is missing.
pub(crate) fn saturation(paper: &Paper<'_>) -> Result<Built> {
    let caption = "Gain in accuracy over most of the adjustment (left) and over its last part (right), as measured: a \
                   model may lose. The last part adds little.";
    let mut figure = figure("saturation", caption, 2, point_legend(BY_RELEASE));
    for (id, [start, middle, end]) in [("mmlu", [0, 192_000, 256_000]), ("gsm8k", [0, 1_280_000, 1_600_000])] {
        let gains: Vec<ByModel> = [(start, middle), (middle, end)]
            .map(|(a, b)| gained(paper, id, a, b))
            .into_iter()
            .collect::<Result<_>>()?;
        let range = shared_range(&gains, 0.0);
        for ((from, to), gain) in [(start, middle), (middle, end)].into_iter().zip(&gains) {
            let scores = paper.by_release(gain)?;
            let mean = mean(&scores)?;
            let mut layers = vec![Layer::HorizontalRule { series: "No gain".into(), y: 0.0 }];
            layers.extend(group_layers(&scores, BY_RELEASE));
            figure.panels.push(Panel {
                title: format!("From {} to {} task examples", thousands(from), thousands(to)),
                x: compute_axis(),
                y: score_axis("Gain in accuracy", Some(range)),
                layers,
                notes: vec![Note::new(format!("Mean {}", signed(mean, 3)), "mean_gain", mean)],
            });
        }
        figure.row_titles.push(known(id)?.name.to_string());
    }
    Ok(Built { figure, quantities: Vec::new() })
}

fn gained(paper: &Paper<'_>, id: &str, from: u64, to: u64) -> Result<ByModel> {
    let at = |n: u64| match n {
        0 => paper.unadjusted(id),
        n => paper.scores(id, &Condition::examples(adjustment_for(id), n)),
    };
    let (before, after) = (at(from)?, at(to)?);
    Ok(after.into_iter().filter_map(|(model, score)| Some((model.clone(), score - before.get(&model)?))).collect())
}
