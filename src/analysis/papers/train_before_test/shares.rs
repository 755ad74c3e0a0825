//! Bars: the mean agreement of every benchmark, and the shares of the components.

use super::agreement::Harmony;
use super::components::{Factors, SHOWN};
use super::data::Tables;
use super::maps::title;
use crate::analysis::Phase;
use crate::analysis::figure::{Axis, Figure, Hue, Layer, LegendEntry, LegendKey, Marker, Panel, Point, Scale};
use crate::stats::estimate::Estimate;

/// Width of a bar; two stand beside each other.
const BAR: f64 = 0.38;

/// The colour of a condition.
pub(super) fn hue(phase: Phase) -> Hue {
    phase.of(Hue::Reference, Hue::Comparison)
}

/// The legend's entries of both conditions.
pub(super) fn entries(key: impl Fn(Phase) -> LegendKey) -> Vec<LegendEntry> {
    let entry = |phase| LegendEntry { label: title(phase).into(), hue: hue(phase), key: key(phase) };
    Phase::BOTH.map(entry).to_vec()
}

/// One bar for each of these, its interval on its end.
fn bars(phase: Phase, names: &[String], estimates: &[Estimate]) -> [Layer; 2] {
    let left = |k: usize| k as f64 + phase.of(-BAR, 0.0);
    let known = || estimates.iter().enumerate().filter_map(|(k, estimate)| Some((k, estimate, estimate.value?)));
    let series = title(phase).to_owned();
    let whiskers = known().map(|(k, estimate, y)| Point {
        label: names[k].clone(),
        x: left(k) + 0.5 * BAR,
        y,
        interval: estimate.interval.ends(),
        labelled: false,
    });
    [
        Layer::Bars {
            series: series.clone(),
            hue: hue(phase),
            bars: known().map(|(k, _, y)| (left(k), left(k) + BAR, y)).collect(),
        },
        Layer::Points {
            series: format!("{series}, 95 % interval"),
            hue: Hue::Context,
            marker: Marker::Dash,
            points: whiskers.collect(),
        },
    ]
}

fn names_axis(label: &str, names: &[String]) -> Axis {
    Axis {
        label: label.into(),
        scale: Scale::Linear,
        range: Some((-0.6, names.len() as f64 - 0.4)),
        ticks: (0..names.len()).map(|k| k as f64).collect(),
        tick_labels: names.to_vec(),
    }
}

fn share_axis(label: &str) -> Axis {
    Axis {
        label: label.into(),
        scale: Scale::Linear,
        range: Some((0.0, 1.0)),
        ticks: Vec::new(),
        tick_labels: Vec::new(),
    }
}

/// The mean agreement of every benchmark with the others, and the ceiling that noise sets.
pub(super) fn benchmarks(tables: &Tables, all: &Harmony) -> Figure {
    let names: Vec<String> = tables.benchmarks.iter().map(|benchmark| benchmark.name.clone()).collect();
    let mut layers = Vec::new();
    for phase in Phase::BOTH {
        layers.extend(bars(phase, &names, &all.fit(phase).columns));
    }
    for phase in Phase::BOTH {
        let ceilings = &all.ceilings[phase.of(0, 1)];
        let points = ceilings.iter().enumerate().filter_map(|(k, fit)| {
            let x = k as f64 + phase.of(-0.5, 0.5) * BAR;
            Some(Point { label: names[k].clone(), x, y: fit.ceiling?, interval: None, labelled: false })
        });
        layers.push(Layer::Points {
            series: format!("Noise ceiling, {}", title(phase).to_lowercase()),
            hue: hue(phase),
            marker: Marker::Diamond,
            points: points.collect(),
        });
    }
    let mut legend = entries(|_| LegendKey::Box);
    let ceiling = LegendKey::Marker(Marker::Diamond);
    legend.push(LegendEntry { label: "Noise ceiling".into(), hue: Hue::Context, key: ceiling });
    Figure {
        name: "benchmarks".into(),
        caption:
            "Mean Kendall's τ-b of each benchmark with the 23 others; lines are 95 % intervals from resampling makers. \
                  Diamonds: the τ-b that the benchmark would have with itself on fresh items of the same number."
                .into(),
        panels: vec![Panel {
            title: String::new(),
            x: names_axis("Benchmark", &names),
            y: share_axis("Mean τ-b with the others"),
            layers,
            notes: Vec::new(),
        }],
        columns: 1,
        aspect: 3.0,
        legend,
        row_titles: Vec::new(),
        footer: "Vertical lines: 95 % intervals.".into(),
        title: String::new(),
    }
}

/// Shares of the components of all models and of one maker's.
pub(super) fn components(all: &Factors, qwen: &Factors) -> Figure {
    let names: Vec<String> = (1..=SHOWN).map(|place| format!("PC{place}")).collect();
    let panel = |name: String, factors: &Factors| {
        let mut layers = Vec::new();
        for phase in Phase::BOTH {
            layers.extend(bars(phase, &names, &factors.shares[phase.of(0, 1)]));
        }
        for phase in Phase::BOTH {
            let upper = &factors.unrelated[phase.of(0, 1)].upper;
            let points = upper.iter().take(SHOWN).enumerate().map(|(k, y)| Point {
                label: names[k].clone(),
                x: k as f64 + phase.of(-0.5, 0.5) * BAR,
                y: *y,
                interval: None,
                labelled: false,
            });
            layers.push(Layer::Points {
                series: format!("Unrelated benchmarks, {}", title(phase).to_lowercase()),
                hue: Hue::Fit,
                marker: Marker::Ring,
                points: points.collect(),
            });
        }
        Panel {
            title: name,
            x: names_axis("Principal component", &names),
            y: share_axis("Share of variance"),
            layers,
            notes: Vec::new(),
        }
    };
    let mut legend = entries(|_| LegendKey::Box);
    let ring = LegendKey::Marker(Marker::Ring);
    legend.push(LegendEntry { label: "Unrelated benchmarks, 95 %".into(), hue: Hue::Fit, key: ring });
    Figure {
        name: "components".into(),
        caption: "Share of the variance of the first five principal components of the standardised scores; lines are 95 % \
                  intervals from resampling makers (for the Qwen models: generations). Rings: what 95 % of permutations of \
                  unrelated benchmarks stay below."
            .into(),
        panels: vec![
            panel(format!("All {} models", all.models), all),
            panel(format!("{} Qwen models", qwen.models), qwen),
        ],
        columns: 2,
        aspect: 1.4,
        legend,
        row_titles: Vec::new(),
        footer: "Vertical lines: 95 % intervals.".into(),
        title: String::new(),
    }
}
