//! A reproduction of the paper as the page draws it: the folder's own numbers, in the look of the figures they belong to.
//!
//! The numbers are those of the CSV files. What a CSV does not say (the name of an axis, which colour stands for a series)
//! is taken from the figure of that name as this program makes it; where the two do not match row for row, the series keep
//! their numbers and take the next free colours.

use std::collections::BTreeMap;
use std::path::Path;
use std::str::FromStr;

use serde::Serialize;

use crate::analysis::figure::{Axis, Figure, Hue, Layer, Marker, Panel, Scale, Stroke};
use crate::analysis::papers::test_task::{Reading, Regenerated, Reproduce, published};
use crate::registry::Model;
use crate::registry::table::Table;
use crate::report::csv::{self, Mark};
use crate::{Error, Result};

/// Everything the page shows of a reproduction.
#[derive(Debug, Clone, Serialize)]
pub(super) struct PaperData {
    figures: Vec<PaperFigure>,
    /// The readings of the data that the figures have: `paper`, `corrected`.
    readings: Vec<&'static str>,
    /// What the program knows of the models, by name.
    models: BTreeMap<String, Facts>,
    /// Every printed number with its verdict.
    pub(super) verdicts: Cells,
    /// The tables of the paper.
    pub(super) tables: Vec<Cells>,
    /// Whether figures or tables were left out on request.
    pub(super) partial: bool,
}

/// A table of text.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Cells {
    pub(super) name: String,
    pub(super) columns: Vec<String>,
    pub(super) rows: Vec<Vec<String>>,
}

/// What is known of a model.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Facts {
    pub(super) family: String,
    pub(super) release: Option<String>,
    pub(super) compute: f64,
}

/// A figure as the page draws it.
#[derive(Debug, Clone, Serialize)]
pub(super) struct PaperFigure {
    name: String,
    reading: &'static str,
    caption: String,
    columns: usize,
    aspect: f64,
    rows: Vec<String>,
    panels: Vec<PaperPanel>,
}

#[derive(Debug, Clone, Serialize)]
struct PaperPanel {
    name: String,
    x: PaperAxis,
    y: PaperAxis,
    layers: Vec<PaperLayer>,
    notes: Vec<String>,
}

#[derive(Debug, Clone, Default, Serialize)]
struct PaperAxis {
    label: String,
    log: bool,
    range: Option<(f64, f64)>,
    ticks: Vec<f64>,
    tick_labels: Vec<String>,
}

/// One thing drawn, column by column.
#[derive(Debug, Clone, Serialize)]
struct PaperLayer {
    kind: Mark,
    series: String,
    /// `reference`, `comparison`, `fit`, `context` or the number of a category.
    hue: String,
    marker: &'static str,
    dash: &'static str,
    labels: Vec<String>,
    x: Vec<Option<f64>>,
    y: Vec<Option<f64>>,
    low: Vec<Option<f64>>,
    high: Vec<Option<f64>>,
}

/// One row of a figure's CSV.
struct Row<'t> {
    panel: &'t str,
    kind: Mark,
    series: &'t str,
    label: &'t str,
    text: &'t str,
    /// x, y, low, high.
    numbers: [Option<f64>; 4],
}

/// Names of the report in a folder: the whole one, and one of some figures only.
pub(super) const REPORTS: [&str; 2] = ["reproduction.csv", "reproduction-partial.csv"];

impl PaperData {
    /// The folder that `onset reproduce` writes.
    pub(super) fn of_folder(folder: &Path) -> Result<Self> {
        let report = REPORTS.iter().find(|name| folder.join(name).is_file());
        let Some(report) = report else {
            let problem = format!("it has no {}, as a folder of onset reproduce has", REPORTS[0]);
            return Err(Error::File { path: folder.to_owned(), problem });
        };
        let known = published()?;
        let inside = folder.join(Reading::Corrected.name());
        let wanted: Vec<String> = written(folder).into_iter().chain(written(&inside)).collect();
        // The names are those of figures and tables that there are, so all are made at once where none is left out.
        let made = Reproduce::new().only(&wanted)?.run(&known)?;
        let mut data = Self {
            figures: Vec::new(),
            readings: Vec::new(),
            models: known.models.iter().map(|model| (model.name.clone(), Facts::of(model))).collect(),
            verdicts: Cells::of("reproduction", &Table::read(&folder.join(report), &[])?),
            tables: Vec::new(),
            partial: *report != REPORTS[0],
        };
        for (place, like) in [(folder, &made.paper), (&inside, &made.corrected)] {
            data.read(place, like)?;
        }
        Ok(data)
    }

    /// Adds the figures and tables of one reading, if the folder has any.
    fn read(&mut self, folder: &Path, like: &Regenerated) -> Result<()> {
        let reading = like.reading.name();
        for name in written(folder) {
            let table = Table::read(&folder.join(format!("{name}.csv")), &[])?;
            if !table.names().iter().any(|column| column == "panel") {
                self.tables.push(Cells::of(&format!("{name}_{reading}"), &table));
                continue;
            }
            let like = like.figures.iter().find(|figure| figure.name == name);
            let figure = figure(&name, reading, &rows(&table)?, like);
            self.figures.push(figure);
            if !self.readings.contains(&reading) {
                self.readings.push(reading);
            }
        }
        Ok(())
    }
}

/// The figures and tables in a folder, in the paper's order.
fn written(folder: &Path) -> Vec<String> {
    Reproduce::names().filter(|name| folder.join(format!("{name}.csv")).is_file()).map(str::to_owned).collect()
}

impl Facts {
    fn of(model: &Model) -> Self {
        Self { family: model.family.clone(), release: Some(model.release.to_string()), compute: model.compute().0 }
    }
}

impl Cells {
    /// How many rows have a cell in this column that reads as this value.
    pub(super) fn count<T: FromStr + PartialEq>(&self, column: &str, value: &T) -> usize {
        let place = self.columns.iter().position(|name| name == column);
        let read = |row: &Vec<String>| place.and_then(|k| row.get(k)).and_then(|cell| cell.parse::<T>().ok());
        self.rows.iter().filter(|row| read(row).as_ref() == Some(value)).count()
    }

    pub(super) fn of(name: &str, table: &Table) -> Self {
        let cell = |row: usize, column: &String| table.optional_text(row, column).unwrap_or_default().to_owned();
        let rows = (0..table.rows()).map(|row| table.names().iter().map(|column| cell(row, column)).collect());
        Self { name: name.to_owned(), columns: table.names().to_vec(), rows: rows.collect() }
    }
}

impl PaperFigure {
    /// A figure of which everything is known: the look and the plotted numbers.
    pub(super) fn of(figure: &Figure, reading: &'static str) -> Result<Self> {
        let bytes = csv::figure_data(figure).to_bytes()?;
        let table = Table::parse(&bytes, Path::new(&figure.name), &[])?;
        Ok(self::figure(&figure.name, reading, &rows(&table)?, Some(figure)))
    }
}

impl PaperFigure {
    /// The numbers of a figure's CSV in the look of the figure.
    pub(super) fn of_csv(path: &Path, reading: &'static str, like: &Figure) -> Result<Self> {
        Ok(figure(&like.name, reading, &rows(&Table::read(path, &[])?)?, Some(like)))
    }
}

fn rows(table: &Table) -> Result<Vec<Row<'_>>> {
    let text = |row: usize, column: &str| table.optional_text(row, column).unwrap_or_default();
    (0..table.rows())
        .map(|row| {
            let number = |column: &str| table.optional_number(row, column);
            Ok(Row {
                panel: text(row, "panel"),
                kind: table.parsed(row, "kind")?,
                series: text(row, "series"),
                label: text(row, "label"),
                text: text(row, "text"),
                numbers: [number("x")?, number("y")?, number("low")?, number("high")?],
            })
        })
        .collect()
}

fn figure(name: &str, reading: &'static str, rows: &[Row<'_>], like: Option<&Figure>) -> PaperFigure {
    // A file with other panels than the program makes is drawn in one column.
    let split = like.and_then(|figure| split(figure, rows));
    let like = like.filter(|_| split.is_some());
    let panels = split.unwrap_or_else(|| by_name(rows));
    PaperFigure {
        name: name.to_owned(),
        reading,
        caption: like.map_or_else(String::new, |figure| figure.caption.clone()),
        columns: like.map_or(1, |figure| figure.columns.max(1)),
        aspect: like.map_or(1.3, |figure| figure.aspect),
        rows: like.map_or_else(Vec::new, |figure| figure.row_titles.clone()),
        panels: panels.iter().enumerate().map(|(k, rows)| panel(rows, like.map(|figure| &figure.panels[k]))).collect(),
    }
}

/// The rows of each panel, by the numbers of rows that the figure's own panels have; panels may share a name. `None` where
/// these numbers do not fit the file.
fn split<'r, 't>(figure: &Figure, rows: &'r [Row<'t>]) -> Option<Vec<Vec<&'r Row<'t>>>> {
    let mut rest = rows;
    let mut panels = Vec::with_capacity(figure.panels.len());
    for panel in &figure.panels {
        let count = panel.layers.iter().map(|layer| Look::of(layer).length).sum::<usize>() + panel.notes.len();
        let (own, after) = rest.split_at_checked(count)?;
        if own.iter().any(|row| row.panel != own[0].panel) {
            return None;
        }
        panels.push(own.iter().collect());
        rest = after;
    }
    rest.is_empty().then_some(panels)
}

/// The rows of each panel, by its name.
fn by_name<'r, 't>(rows: &'r [Row<'t>]) -> Vec<Vec<&'r Row<'t>>> {
    let mut panels: Vec<Vec<&Row<'t>>> = Vec::new();
    for row in rows {
        match panels.iter_mut().find(|panel| panel[0].panel == row.panel) {
            Some(panel) => panel.push(row),
            None => panels.push(vec![row]),
        }
    }
    panels
}

fn panel(rows: &[&Row<'_>], like: Option<&Panel>) -> PaperPanel {
    let drawn: Vec<&Row<'_>> = rows.iter().filter(|row| row.kind != Mark::Note).copied().collect();
    let looks: Vec<Look> = like.map_or_else(Vec::new, |panel| panel.layers.iter().map(Look::of).collect());
    let expected = looks.iter().flat_map(|look| std::iter::repeat_n((look.kind, look.series), look.length));
    let same = expected.eq(drawn.iter().map(|row| (row.kind, row.series)));
    let layers = if same {
        let mut rest = drawn.as_slice();
        let mut layers = Vec::with_capacity(looks.len());
        for look in &looks {
            let (of_layer, after) = rest.split_at(look.length.min(rest.len()));
            layers.push(layer(of_layer, look));
            rest = after;
        }
        layers
    } else {
        plain_layers(&drawn)
    };
    let log = |axis: usize| drawn.iter().filter_map(|row| row.numbers[axis]).any(|value| value > 1e9);
    let axis = |of: Option<&Axis>, k: usize| match of {
        Some(axis) => PaperAxis {
            label: axis.label.clone(),
            log: axis.scale == Scale::Log10,
            range: axis.range,
            ticks: axis.ticks.clone(),
            tick_labels: axis.tick_labels.clone(),
        },
        None => PaperAxis { log: log(k), ..PaperAxis::default() },
    };
    PaperPanel {
        name: rows.first().map_or_else(String::new, |row| row.panel.to_owned()),
        x: axis(like.map(|panel| &panel.x), 0),
        y: axis(like.map(|panel| &panel.y), 1),
        layers,
        notes: rows.iter().filter(|row| row.kind == Mark::Note).map(|row| row.text.to_owned()).collect(),
    }
}

/// How one layer looks, and the rows it has in the CSV.
struct Look<'f> {
    kind: Mark,
    series: &'f str,
    length: usize,
    hue: String,
    marker: &'static str,
    dash: &'static str,
}

impl<'f> Look<'f> {
    fn of(layer: &'f Layer) -> Self {
        let look = |kind, series, length, hue, marker, dash| Self { kind, series, length, hue, marker, dash };
        match layer {
            Layer::Points { series, hue, marker, points } => {
                look(Mark::Point, series, points.len(), self::hue(*hue), symbol(*marker), "solid")
            }
            Layer::Line { series, hue, stroke, vertices } => {
                let dash = match stroke {
                    Stroke::Solid => "solid",
                    Stroke::Dashed => "dash",
                    Stroke::Dotted => "dot",
                    Stroke::DashDotted => "dashdot",
                };
                look(Mark::Line, series, vertices.len(), self::hue(*hue), "circle", dash)
            }
            Layer::Band { series, hue, vertices } => {
                look(Mark::Band, series, vertices.len(), self::hue(*hue), "circle", "solid")
            }
            Layer::Bars { series, hue, bars } => {
                look(Mark::Bar, series, bars.len(), self::hue(*hue), "circle", "solid")
            }
            Layer::Cells { series, cells } => {
                look(Mark::Cell, series, cells.len(), "reference".into(), "square", "solid")
            }
            Layer::HorizontalRule { series, .. } => look(Mark::Rule, series, 1, "context".into(), "circle", "dash"),
            Layer::VerticalRule { series, hue, .. } => look(Mark::Rule, series, 1, self::hue(*hue), "circle", "dot"),
        }
    }
}

fn hue(hue: Hue) -> String {
    match hue {
        Hue::Reference => "reference".into(),
        Hue::Comparison => "comparison".into(),
        Hue::Fit => "fit".into(),
        Hue::Context => "context".into(),
        Hue::Category(k) => k.to_string(),
    }
}

/// The plotting library's name of a shape.
fn symbol(marker: Marker) -> &'static str {
    match marker {
        Marker::Circle => "circle",
        Marker::Square => "square",
        Marker::Triangle => "triangle-up",
        Marker::Diamond => "diamond",
        Marker::Ring => "circle-open",
        Marker::Dash => "line-ew-open",
    }
}

fn layer(rows: &[&Row<'_>], look: &Look<'_>) -> PaperLayer {
    let column = |k: usize| rows.iter().map(|row| row.numbers[k]).collect::<Vec<_>>();
    PaperLayer {
        kind: look.kind,
        series: look.series.to_owned(),
        hue: look.hue.clone(),
        marker: look.marker,
        dash: look.dash,
        labels: rows.iter().map(|row| row.label.to_owned()).collect(),
        x: column(0),
        y: column(1),
        low: column(2),
        high: column(3),
    }
}

/// Neighbouring rows of one kind and series as one layer, each series in the next free colour.
fn plain_layers(rows: &[&Row<'_>]) -> Vec<PaperLayer> {
    let mut series: Vec<&str> = Vec::new();
    rows.chunk_by(|a, b| (a.kind, a.series) == (b.kind, b.series))
        .map(|chunk| {
            let kind = chunk[0].kind;
            let name = chunk[0].series;
            let place = series.iter().position(|s| *s == name).unwrap_or_else(|| {
                series.push(name);
                series.len() - 1
            });
            let look = Look {
                kind,
                series: name,
                length: chunk.len(),
                hue: place.to_string(),
                marker: "circle",
                dash: if kind == Mark::Rule { "dash" } else { "solid" },
            };
            layer(chunk, &look)
        })
        .collect()
}
