//! Figures that question a fit: would another cut-off, or one family less, have given another answer?

use std::collections::BTreeMap;

use crate::analysis::figure::{Axis, Figure, Hue, Layer, Marker, Panel, Point, Scale};
use crate::analysis::fit::{Analysis, FitReport};
use crate::registry::Month;
use crate::{Error, Result};

/// θ for every month that the cut-off between old and new models could have been, with 95 % intervals (CR2); the dotted
/// line is the cut-off of the fit.
///
/// # Errors
/// [`Error::Undetermined`] where the models are not grouped by their release alone.
pub fn cutoff_sweep(report: &FitReport) -> Result<Figure> {
    let panel = |title: &str, analysis: &Analysis| {
        let swept = analysis.cutoffs.as_deref().filter(|c| !c.is_empty());
        let swept = swept
            .ok_or_else(|| Error::Undetermined("no cut-off was varied: the group is not one by release".into()))?;
        let points = swept.iter().filter_map(|one| {
            let (x, y) = (one.cutoff.years(), one.theta?);
            Some(Point {
                label: one.cutoff.to_string(),
                x,
                y,
                interval: one.interval.low.zip(one.interval.high),
                labelled: false,
            })
        });
        let mut layers = vec![Layer::HorizontalRule { series: "No difference".into(), y: 0.0 }];
        let used = report.groups.first().and_then(|group| group.name.month()).map(Month::years);
        layers.extend(used.map(|x| Layer::VerticalRule { series: "Cut-off of the fit".into(), hue: Hue::Fit, x }));
        layers.push(Layer::Points {
            series: "θ".into(),
            hue: Hue::Comparison,
            marker: Marker::Circle,
            points: points.collect(),
        });
        Ok(of_layers(title, axis("New is released from"), axis("θ, new minus old"), layers))
    };
    beside(
        report,
        "cutoffs",
        "Difference between new and old models at equal compute for every possible cut-off, with 95 % intervals.",
        1.3,
        panel,
    )
}

/// θ of the first group with each family (or other cluster) left out; the line is θ with all of them.
///
/// # Errors
/// [`Error::Undetermined`] where there is no group, or too few families to leave one out.
pub fn without_each_family(report: &FitReport) -> Result<Figure> {
    let mut order: Vec<(String, f64)> = left_out(&report.unadjusted).into_iter().collect();
    order.sort_by(|a, b| a.1.total_cmp(&b.1));
    if order.is_empty() {
        return Err(Error::Undetermined("no family could be left out: there is no group, or too few families".into()));
    }
    let names: Vec<String> = order.into_iter().map(|(name, _)| name).collect();
    let panel = |title: &str, analysis: &Analysis| {
        let theta = left_out(analysis);
        let points = names.iter().zip(1_u32..).filter_map(|(name, place)| {
            let x = *theta.get(name)?;
            Some(Point { label: name.clone(), x, y: f64::from(place), interval: None, labelled: false })
        });
        let mut layers = Vec::new();
        layers.extend(analysis.theta.value.map(|x| Layer::VerticalRule {
            series: "All families".into(),
            hue: Hue::Fit,
            x,
        }));
        layers.push(Layer::Points {
            series: "θ".into(),
            hue: Hue::Comparison,
            marker: Marker::Circle,
            points: points.collect(),
        });
        let families = Axis {
            ticks: (1_u32..).take(names.len()).map(f64::from).collect(),
            tick_labels: names.clone(),
            ..axis("Family left out")
        };
        Ok(of_layers(title, axis("θ, new minus old"), families, layers))
    };
    beside(report, "families_left_out", "Difference between the groups with each family left out.", 0.9, panel)
}

/// One panel for the score, and one for the score after adjustment beside it.
fn beside(
    report: &FitReport,
    name: &str,
    caption: &str,
    aspect: f64,
    panel: impl Fn(&str, &Analysis) -> Result<Panel>,
) -> Result<Figure> {
    let panels = match &report.adjusted {
        None => vec![panel("", &report.unadjusted)?],
        Some(after) => vec![panel("Before adjustment", &report.unadjusted)?, panel("After adjustment", after)?],
    };
    Ok(Figure {
        name: name.into(),
        caption: caption.into(),
        columns: panels.len(),
        panels,
        aspect,
        legend: Vec::new(),
        row_titles: Vec::new(),
        footer: String::new(),
        title: String::new(),
    })
}

fn of_layers(title: &str, x: Axis, y: Axis, layers: Vec<Layer>) -> Panel {
    Panel { title: title.into(), x, y, layers, notes: Vec::new() }
}

fn axis(label: &str) -> Axis {
    Axis { label: label.into(), scale: Scale::Linear, range: None, ticks: Vec::new(), tick_labels: Vec::new() }
}

/// θ without each cluster, by its name.
fn left_out(analysis: &Analysis) -> BTreeMap<String, f64> {
    analysis.models.iter().filter_map(|m| Some((m.cluster.clone(), m.theta_without_cluster?))).collect()
}
