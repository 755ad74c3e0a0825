//! Which panels of a grid share the texts of their axes, so that each is drawn once.
//!
//! A label that all panels have stands once beside the whole grid; one that a column (row) has, below its lowest (beside
//! its first) panel. Labels of ticks follow the same rule where ranges and ticks agree too. Titles stand once above the
//! columns where every column has one title.

use super::axis::Ruler;
use crate::analysis::figure::{Axis, Panel};

/// Which axis texts a panel draws itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Own {
    pub x_label: bool,
    pub y_label: bool,
    pub x_ticks: bool,
    pub y_ticks: bool,
}

/// The shared and the own texts of a grid.
pub(super) struct Sharing<'a> {
    pub own: Vec<Own>,
    /// Labels that hold for the whole figure.
    pub x_label: Option<&'a str>,
    pub y_label: Option<&'a str>,
    /// Whether the titles of the first row are those of all rows.
    pub titles: bool,
}

impl<'a> Sharing<'a> {
    /// Compares the axes of a grid that has at least one panel.
    pub(super) fn new(panels: &'a [Panel], rulers: &[(Ruler, Ruler)], columns: usize) -> Self {
        let common = |axis: fn(&Panel) -> &Axis| {
            let label = axis(&panels[0]).label.as_str();
            let all = panels.len() > 1 && !label.is_empty() && panels.iter().all(|p| axis(p).label == label);
            all.then_some(label)
        };
        let (x_label, y_label) = (common(|p| &p.x), common(|p| &p.y));
        let own = |i: usize| {
            let (row, column) = (i / columns, i % columns);
            let in_row = || (row * columns..((row + 1) * columns).min(panels.len())).filter(|&j| j != i);
            let in_column = || (column..panels.len()).step_by(columns).filter(|&j| j != i);
            let (first, lowest) = (column == 0, i + columns >= panels.len());
            let same_x = |j: usize| panels[j].x.label == panels[i].x.label;
            let same_y = |j: usize| panels[j].y.label == panels[i].y.label;
            let same_x_axis =
                |j: usize| same_x(j) && same_axis(&panels[j].x, &panels[i].x) && rulers[j].0 == rulers[i].0;
            let same_y_axis =
                |j: usize| same_y(j) && same_axis(&panels[j].y, &panels[i].y) && rulers[j].1 == rulers[i].1;
            Own {
                x_label: x_label.is_none() && (lowest || !in_column().all(same_x)),
                y_label: y_label.is_none() && (first || !in_row().all(same_y)),
                x_ticks: lowest || !in_column().all(same_x_axis),
                y_ticks: first || !in_row().all(same_y_axis),
            }
        };
        let own = (0..panels.len()).map(own).collect();
        let titles = (columns..panels.len()).all(|i| panels[i].title == panels[i % columns].title);
        Self { own, x_label, y_label, titles }
    }
}

/// Whether two axes ask for the same ticks.
fn same_axis(a: &Axis, b: &Axis) -> bool {
    a.scale == b.scale && a.ticks == b.ticks && a.tick_labels == b.tick_labels
}
