//! Scatter figures: bits per byte before and after, and scores against compute.

use super::data::Tables;
use super::emergence::{Compared, Emergence};
use super::maps::title;
use super::number::Corpus;
use super::perplexity::corpus;
use super::shares::{entries, hue};
use crate::analysis::Phase;
use crate::analysis::figure::{
    Axis, Figure, Hue, Layer, LegendEntry, LegendKey, Marker, Note, Panel, Point, Scale, Stroke,
};
use crate::error::Result;
use crate::stats::rank::kendall;

/// Makers in alphabetical order, each with its place among the colours.
fn makers(tables: &Tables, models: &[usize]) -> Vec<String> {
    let mut names: Vec<String> = models.iter().map(|&i| tables.models[i].maker.clone()).collect();
    names.sort_by_key(|name| name.to_lowercase());
    names.dedup();
    names
}

const MARKERS: [Marker; 4] = [Marker::Circle, Marker::Triangle, Marker::Square, Marker::Diamond];

fn maker_legend(makers: &[String]) -> Vec<LegendEntry> {
    let entry = |(k, name): (usize, &String)| LegendEntry {
        label: name.clone(),
        hue: Hue::Category(k),
        key: LegendKey::Marker(MARKERS[k % MARKERS.len()]),
    };
    makers.iter().enumerate().map(entry).collect()
}

/// Clouds of points, one for every maker.
fn clouds(tables: &Tables, makers: &[String], models: &[usize], points: &[(f64, f64)]) -> Vec<Layer> {
    let cloud = |(k, maker): (usize, &String)| {
        let own = models.iter().zip(points).filter(|(i, _)| tables.models[**i].maker == *maker);
        Layer::Points {
            series: maker.clone(),
            hue: Hue::Category(k),
            marker: MARKERS[k % MARKERS.len()],
            points: own.map(|(i, at)| point(&tables.models[*i].name, *at)).collect(),
        }
    };
    makers.iter().enumerate().map(cloud).collect()
}

fn point(label: &str, (x, y): (f64, f64)) -> Point {
    Point { label: label.into(), x, y, interval: None, labelled: false }
}

fn axis(label: &str, scale: Scale, range: Option<(f64, f64)>) -> Axis {
    Axis { label: label.into(), scale, range, ticks: Vec::new(), tick_labels: Vec::new() }
}

fn figure(name: &str, caption: &str, panels: Vec<Panel>, columns: usize, legend: Vec<LegendEntry>) -> Figure {
    Figure {
        name: name.into(),
        caption: caption.into(),
        panels,
        columns,
        aspect: 1.3,
        legend,
        row_titles: Vec::new(),
        footer: String::new(),
        title: String::new(),
    }
}

/// Bits per byte of every corpus before and after.
pub(super) fn corpora(tables: &Tables) -> Result<Figure> {
    let models = tables.with_corpora();
    let makers = makers(tables, &models);
    let mut panels = Vec::new();
    for which in Corpus::ALL {
        let corpus = corpus(tables, which)?;
        let bits = |phase| tables.column(corpus, phase, &models).into_iter().map(|v| -v).collect::<Vec<f64>>();
        let [before, after] = Phase::BOTH.map(bits);
        let tau = kendall(&before, &after)?.value;
        let points: Vec<(f64, f64)> = before.into_iter().zip(after).collect();
        let notes = tau.map(|tau| Note::new(format!("τ = {tau:.3}"), "kendall_tau", tau)).into_iter().collect();
        panels.push(Panel {
            title: corpus.name.clone(),
            x: axis("Bits per byte, direct", Scale::Linear, None),
            y: axis("Bits per byte, trained", Scale::Linear, None),
            layers: clouds(tables, &makers, &models, &points),
            notes,
        });
    }
    let caption = "Bits per byte of three corpora of 2025 before and after every model is trained on that corpus.";
    Ok(figure("corpora", caption, panels, 3, maker_legend(&makers)))
}

/// Where the hinges of both conditions coincide, both are seen.
fn stroke(phase: Phase) -> Stroke {
    phase.of(Stroke::Solid, Stroke::Dashed)
}

/// The hinge of base models over the range of compute.
fn hinge_line(compute: &[f64], one: &Compared, phase: Phase, hue: Hue, stroke: Stroke) -> Layer {
    let fit = &one.phase(phase).hinge;
    let logs: Vec<f64> = compute.iter().map(|c| c.log10()).collect();
    let (low, high) = logs.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| (a.min(*x), b.max(*x)));
    let mut places = vec![low];
    places.extend(Some(fit.c).filter(|c| low < *c && *c < high));
    places.push(high);
    let vertices = places.into_iter().map(|x| (10f64.powf(x), fit.predict(x, &[0.0]))).collect();
    Layer::Line { series: title(phase).into(), hue, stroke, vertices }
}

fn r_squared(one: &Compared, phase: Phase) -> Option<Note> {
    let estimate = &one.phase(phase).r_squared;
    let value = estimate.value?;
    let quantity = phase.of("r_squared_before", "r_squared_after");
    let note = Note::new(format!("R² = {value:.2}"), quantity, value);
    Some(Note { low: estimate.interval.low, high: estimate.interval.high, ..note })
}

/// The first component against compute.
pub(super) fn compute(tables: &Tables, emergence: &Emergence) -> Figure {
    let makers = makers(tables, &emergence.models);
    let one = &emergence.component;
    let panel = |phase: Phase| {
        let scores = &one.phase(phase).scores;
        let points: Vec<(f64, f64)> = emergence.compute.iter().copied().zip(scores.iter().copied()).collect();
        let mut layers = clouds(tables, &makers, &emergence.models, &points);
        layers.push(hinge_line(&emergence.compute, one, phase, Hue::Fit, Stroke::Solid));
        Panel {
            title: title(phase).into(),
            x: axis("Pretraining compute (FLOPs)", Scale::Log10, None),
            y: axis("Score on the first component", Scale::Linear, None),
            layers,
            notes: r_squared(one, phase).into_iter().collect(),
        }
    };
    let caption = "Scores on the first principal component against pretraining compute, with the hinge of base models. Models \
                   whose compute is unsure are left out, as in the paper.";
    let mut legend = maker_legend(&makers);
    legend.push(LegendEntry { label: "Hinge".into(), hue: Hue::Fit, key: LegendKey::Stroke(Stroke::Solid) });
    figure("compute", caption, Phase::BOTH.map(panel).to_vec(), 2, legend)
}

/// Every benchmark against compute, before and after.
pub(super) fn each_benchmark(tables: &Tables, emergence: &Emergence) -> Figure {
    let panel = |one: &Compared| {
        let mut layers: Vec<Layer> =
            one.chance.map(|y| Layer::HorizontalRule { series: "Chance".into(), y }).into_iter().collect();
        for phase in Phase::BOTH {
            let scores = &one.phase(phase).scores;
            let points = emergence.models.iter().zip(emergence.compute.iter().zip(scores));
            layers.push(Layer::Points {
                series: title(phase).into(),
                hue: hue(phase),
                marker: phase.of(Marker::Circle, Marker::Triangle),
                points: points.map(|(i, (x, y))| point(&tables.models[*i].name, (*x, *y))).collect(),
            });
        }
        layers.extend(Phase::BOTH.map(|phase| hinge_line(&emergence.compute, one, phase, hue(phase), stroke(phase))));
        let both = Phase::BOTH.map(|phase| one.phase(phase).r_squared.value);
        let notes = match both {
            [Some(before), Some(after)] => {
                let text = format!("R² {before:.2} → {after:.2}");
                let gained = &one.r_squared;
                let note = Note::new(text, "r_squared_gained", after - before);
                vec![Note { low: gained.interval.low, high: gained.interval.high, ..note }]
            }
            _ => Vec::new(),
        };
        Panel {
            title: one.name.clone(),
            x: axis("Pretraining compute (FLOPs)", Scale::Log10, None),
            y: axis("Score", Scale::Linear, None),
            layers,
            notes,
        }
    };
    let caption = "Scores of the models whose compute is trusted against pretraining compute, before and after training on the \
                   benchmark, with the hinges of base models and how much they explain.";
    let legend = {
        let mut legend =
            entries(|phase| LegendKey::MarkedStroke(phase.of(Marker::Circle, Marker::Triangle), stroke(phase)));
        let key = LegendKey::Stroke(Stroke::Dashed);
        legend.push(LegendEntry { label: "Chance".into(), hue: Hue::Context, key });
        legend
    };
    let panels = emergence.benchmarks.iter().map(panel).collect();
    Figure { footer: "R²: before → after training.".into(), ..figure("each_benchmark", caption, panels, 4, legend) }
}
