//! A figure as data: what is drawn, before anything is drawn.
//!
//! Every figure of onset is a [`Figure`] first. The plot layer turns it into SVG, PNG and PDF, the report layer into a
//! tidy CSV with exactly the plotted numbers, so that a picture and the table beside it can never disagree.

use serde::{Deserialize, Serialize};

/// A grid of panels with one legend shared by all of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// Name of the figure and of its files (`main`, `emergence`, ...).
    pub name: String,
    /// One sentence that says what is seen; written to the SVG as its description and to the gallery.
    pub caption: String,
    /// Panels in reading order, row by row.
    pub panels: Vec<Panel>,
    /// Panels per row.
    pub columns: usize,
    /// Width of one panel's plotting area over its height.
    pub aspect: f64,
    /// Entries of the shared legend, in order; series without an entry are drawn but not listed.
    pub legend: Vec<LegendEntry>,
    /// Heading of each row of panels, drawn to its left; empty, or one for every row.
    pub row_titles: Vec<String>,
    /// Small text below the panels: how the data were read, and what marks mean that have no key in the legend. Empty for
    /// none.
    #[serde(default)]
    pub footer: String,
    /// Heading of the whole figure; empty for none.
    #[serde(default)]
    pub title: String,
}

/// One coordinate system.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Panel {
    /// Heading above the panel. Where every panel of each column has the same, it stands once above the column.
    pub title: String,
    /// Horizontal axis.
    pub x: Axis,
    /// Vertical axis.
    pub y: Axis,
    /// What is drawn, from back to front.
    pub layers: Vec<Layer>,
    /// Lines of text in a box that covers no data (estimates such as `θ̂ = 0.068`).
    pub notes: Vec<Note>,
}

/// An axis of a panel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Axis {
    /// Quantity and unit, e.g. `Pretraining compute (FLOPs)`. Equal labels along a row or column are drawn once.
    pub label: String,
    /// How values map to positions.
    pub scale: Scale,
    /// Smallest and largest value shown; taken from the data with a margin when `None`.
    pub range: Option<(f64, f64)>,
    /// Positions of the labelled ticks; chosen automatically when empty.
    pub ticks: Vec<f64>,
    /// Names of the ticks for a categorical axis; empty, or one for every tick.
    pub tick_labels: Vec<String>,
}

/// How values map to positions on an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Scale {
    /// Proportional to the value.
    Linear,
    /// Proportional to its logarithm; ticks are labelled 10^k.
    Log10,
}

/// A colour by meaning; the theme decides which colour that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Hue {
    /// Models released before the cut-off, the reference group.
    Reference,
    /// Models released from the cut-off on, the group under comparison.
    Comparison,
    /// A fitted line that belongs to no group.
    Fit,
    /// Chance level, zero lines, everything that is context.
    Context,
    /// The n-th of several categories (families, benchmarks, adjustment epochs).
    Category(usize),
}

/// Shape of a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Marker {
    /// Filled circle.
    Circle,
    /// Filled square.
    Square,
    /// Filled triangle, point up.
    Triangle,
    /// Filled diamond.
    Diamond,
    /// Circle without filling.
    Ring,
    /// Short horizontal line: the middle of an error bar.
    Dash,
}

/// Pattern of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Stroke {
    /// Unbroken.
    Solid,
    /// Long dashes.
    Dashed,
    /// Dots.
    Dotted,
    /// Dashes and dots in turn.
    DashDotted,
}

/// One observation drawn as a point.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Name of the model (or other unit).
    pub label: String,
    /// Horizontal value, in the axis' own unit (FLOPs, not log10 FLOPs).
    pub x: f64,
    /// Vertical value.
    pub y: f64,
    /// Interval drawn as an error bar.
    pub interval: Option<(f64, f64)>,
    /// Whether the label is written beside the point.
    pub labelled: bool,
}

/// One cell of a heat map: a box one unit wide and high, on the axes' own scales.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// What the value is of.
    pub label: String,
    /// Middle of the box.
    pub x: f64,
    /// Middle of the box.
    pub y: f64,
    /// The value, -1 to 1: paper is 0, the colour of the reference group 1, that of the comparison -1.
    pub value: f64,
    /// What is written in the box; nothing when empty.
    pub text: String,
}

/// Something drawn in a panel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Layer {
    /// A cloud of observations.
    Points {
        /// Name of the series, as in the legend and the CSV.
        series: String,
        /// Colour by meaning.
        hue: Hue,
        /// Shape.
        marker: Marker,
        /// The observations.
        points: Vec<Point>,
    },
    /// A curve through its vertices in order.
    Line {
        /// Name of the series.
        series: String,
        /// Colour by meaning.
        hue: Hue,
        /// Pattern.
        stroke: Stroke,
        /// Vertices (x, y).
        vertices: Vec<(f64, f64)>,
    },
    /// The area between two curves: a confidence band, or the gap between two frontiers.
    Band {
        /// Name of the series.
        series: String,
        /// Colour by meaning.
        hue: Hue,
        /// Vertices (x, low, high).
        vertices: Vec<(f64, f64, f64)>,
    },
    /// Bars that stand on zero.
    Bars {
        /// Name of the series.
        series: String,
        /// Colour by meaning.
        hue: Hue,
        /// Bars (left edge, right edge, height).
        bars: Vec<(f64, f64, f64)>,
    },
    /// A grid of cells, each coloured by its value and with the value written in it: a heat map.
    Cells {
        /// Name of the series.
        series: String,
        /// The cells, in any order.
        cells: Vec<Cell>,
    },
    /// A horizontal line over the whole panel (chance level, zero), dashed in the colour of context.
    HorizontalRule {
        /// Name of the series.
        series: String,
        /// Height.
        y: f64,
    },
    /// A vertical line over the whole panel (a point of emergence, a cut-off), dotted.
    VerticalRule {
        /// Name of the series.
        series: String,
        /// Colour by meaning.
        hue: Hue,
        /// Position.
        x: f64,
    },
}

/// An entry of the shared legend.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LegendEntry {
    /// Text beside the key.
    pub label: String,
    /// Colour by meaning.
    pub hue: Hue,
    /// What the key looks like.
    pub key: LegendKey,
}

/// What stands beside a legend entry's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum LegendKey {
    /// A point.
    Marker(Marker),
    /// A piece of line.
    Stroke(Stroke),
    /// A piece of line with a point on it.
    MarkedStroke(Marker, Stroke),
    /// A piece of a vertical line.
    Upright(Stroke),
    /// A filled box (bands, bars).
    Box,
}

/// An estimate written into a panel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Note {
    /// Text as drawn, e.g. `θ̂ = 0.068`. Superscripts and the combining circumflex are plain Unicode.
    pub text: String,
    /// Machine name of the quantity for the CSV, e.g. `theta`.
    pub quantity: String,
    /// The quantity at full precision; `None` where the data do not determine one.
    pub value: Option<f64>,
    /// Lower end of its interval, where there is one.
    pub low: Option<f64>,
    /// Upper end of its interval.
    pub high: Option<f64>,
    /// Drawn bold (the paper's mark for p < 0.05).
    pub bold: bool,
}

impl Note {
    /// A number alone.
    #[must_use]
    pub fn new(text: impl Into<String>, quantity: &str, value: f64) -> Self {
        Self { text: text.into(), quantity: quantity.into(), value: Some(value), low: None, high: None, bold: false }
    }
}

impl Figure {
    /// The name of a panel in the CSV: its title, preceded by its row's.
    #[must_use]
    pub(crate) fn panel_name(&self, index: usize) -> String {
        let row = self.row_titles.get(index / self.columns.max(1)).map_or("", String::as_str);
        let title = self.panels.get(index).map_or("", |panel| panel.title.as_str());
        [row, title].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(", ")
    }

    /// The figure with an entry in its legend for every rule of its panels that has none, and for bands without a filled box
    /// of their own: `bands` says what they are.
    #[must_use]
    pub(crate) fn with_every_mark_in_the_legend(mut self, bands: &str) -> Self {
        let mut entries: Vec<LegendEntry> = Vec::new();
        let mut has_bands = false;
        for layer in self.panels.iter().flat_map(|panel| &panel.layers) {
            let (label, hue, key) = match layer {
                Layer::HorizontalRule { series, .. } => (series, Hue::Context, LegendKey::Stroke(Stroke::Dashed)),
                Layer::VerticalRule { series, hue, .. } => (series, *hue, LegendKey::Upright(Stroke::Dotted)),
                Layer::Band { series, .. } => {
                    let has_its_own = |entry: &LegendEntry| entry.key == LegendKey::Box && entry.label == *series;
                    has_bands |= !self.legend.iter().any(has_its_own);
                    continue;
                }
                Layer::Points { .. } | Layer::Line { .. } | Layer::Bars { .. } | Layer::Cells { .. } => continue,
            };
            if !self.legend.iter().chain(&entries).any(|entry| entry.label == *label) {
                entries.push(LegendEntry { label: label.clone(), hue, key });
            }
        }
        if has_bands && !self.legend.iter().any(|entry| entry.label == bands) {
            entries.push(LegendEntry { label: bands.to_owned(), hue: Hue::Context, key: LegendKey::Box });
        }
        self.legend.extend(entries);
        self
    }

    /// From so many named places on a horizontal axis on, a panel takes the width of both columns of a page.
    const MANY_NAMES: usize = 9;

    /// Whether the figure takes the width of both columns of a page: it has panels side by side, or one with many names
    /// below it.
    pub(crate) fn is_wide(&self) -> bool {
        self.columns >= 2 || self.panels.iter().any(|panel| panel.x.tick_labels.len() >= Self::MANY_NAMES)
    }
}
