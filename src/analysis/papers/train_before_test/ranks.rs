//! The ranks of all models on NQ-Open and on ARC-Challenge, and the ranks that noise leaves possible.

use super::agreement::{LEVEL, undefined};
use super::data::{TableBenchmark, Tables};
use super::maps::title;
use crate::analysis::Phase;
use crate::analysis::figure::{Axis, Figure, Hue, Layer, LegendEntry, LegendKey, Marker, Panel, Point, Scale, Stroke};
use crate::error::Result;
use crate::stats::rank::kendall;
use crate::stats::rank_range::{RankRange, rank_ranges};

/// The two benchmarks whose ranks differ most before.
const SHOWN: [&str; 2] = ["nq_open", "arc_challenge"];
/// How far the models' ranges spread to the side of their benchmark.
const SPREAD: f64 = 0.62;
const TICKS: [f64; 7] = [1.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0];

fn ranges(tables: &Tables, benchmark: &TableBenchmark, phase: Phase, models: &[usize]) -> Result<Vec<RankRange>> {
    let (scores, errors) = (tables.column(benchmark, phase, models), tables.errors(benchmark, phase, models));
    rank_ranges(&scores, &errors, LEVEL)?.into_iter().map(|range| range.ok_or_else(undefined)).collect()
}

/// The bump chart.
pub(super) fn ranks(tables: &Tables) -> Result<Figure> {
    let models = tables.all();
    let find = |id: &str| tables.benchmarks.iter().find(|benchmark| benchmark.id == id).ok_or_else(undefined);
    let benchmarks = [find(SHOWN[0])?, find(SHOWN[1])?];
    let mut makers: Vec<&str> = models.iter().map(|&i| tables.models[i].maker.as_str()).collect();
    makers.sort_by_key(|name| name.to_lowercase());
    makers.dedup();
    let mut panels = Vec::new();
    for phase in Phase::BOTH {
        let sides = benchmarks.map(|benchmark| ranges(tables, benchmark, phase, &models));
        let [left, right] = sides;
        panels.push(panel(tables, (&makers, benchmarks), phase, &[left?, right?])?);
    }
    let mut legend: Vec<LegendEntry> = makers
        .iter()
        .enumerate()
        .map(|(k, maker)| LegendEntry {
            label: (*maker).to_owned(),
            hue: Hue::Category(k),
            key: LegendKey::Stroke(Stroke::Solid),
        })
        .collect();
    let key = LegendKey::Marker(Marker::Dash);
    legend.push(LegendEntry { label: "Ranks left by noise".into(), hue: Hue::Context, key });
    Ok(Figure {
        name: "ranks".into(),
        caption: "Ranks of 61 models on NQ-Open and on ARC-Challenge; 1 is the best. Beside them, from the best to the worst, \
                  the ranks that the noise of items leaves to each model (95 %)."
            .into(),
        panels,
        columns: 2,
        aspect: 0.72,
        legend,
        row_titles: Vec::new(),
        footer: "Vertical lines: 95 % intervals of the ranks, from the best model to the worst.".into(),
        title: String::new(),
    })
}

fn panel(
    tables: &Tables,
    (makers, benchmarks): (&[&str], [&TableBenchmark; 2]),
    phase: Phase,
    sides: &[Vec<RankRange>; 2],
) -> Result<Panel> {
    let count = sides[0].len() as f64;
    let mut layers = Vec::new();
    for (side, benchmark) in benchmarks.into_iter().enumerate() {
        let outwards = if side == 0 { -1.0 } else { 1.0 };
        let points = sides[side].iter().enumerate().map(|(i, range)| Point {
            label: tables.models[i].name.clone(),
            x: side as f64 + outwards * (0.04 + SPREAD * range.rank / count),
            y: -range.rank,
            interval: Some((-(range.worst as f64), -(range.best as f64))),
            labelled: false,
        });
        layers.push(Layer::Points {
            series: format!("Ranks left by noise, {}", benchmark.name),
            hue: Hue::Context,
            marker: Marker::Dash,
            points: points.collect(),
        });
    }
    for (k, maker) in makers.iter().enumerate() {
        let own = |i: &usize| tables.models[*i].maker == *maker;
        let of_maker: Vec<usize> = (0..sides[0].len()).filter(own).collect();
        for &i in &of_maker {
            layers.push(Layer::Line {
                series: (*maker).to_owned(),
                hue: Hue::Category(k),
                stroke: Stroke::Solid,
                vertices: vec![(0.0, -sides[0][i].rank), (1.0, -sides[1][i].rank)],
            });
        }
    }
    let ranks = |side: usize| sides[side].iter().map(|range| range.rank).collect::<Vec<f64>>();
    let tau = kendall(&ranks(0), &ranks(1))?.value;
    Ok(Panel {
        title: match tau {
            Some(tau) => format!("{}: τ = {tau:.2}", title(phase)),
            None => title(phase).to_owned(),
        },
        x: Axis {
            label: "Benchmark".into(),
            scale: Scale::Linear,
            range: Some((-0.05 - SPREAD - 0.05, 1.1 + SPREAD)),
            ticks: vec![0.0, 1.0],
            tick_labels: benchmarks.map(|benchmark| benchmark.name.clone()).to_vec(),
        },
        y: Axis {
            label: "Rank".into(),
            scale: Scale::Linear,
            // Downwards, so that the best stands at the top.
            range: Some((-count - 1.0, 0.0)),
            ticks: TICKS.map(|rank| -rank).to_vec(),
            tick_labels: TICKS.map(|rank| rank.to_string()).to_vec(),
        },
        layers,
        notes: Vec::new(),
    })
}
