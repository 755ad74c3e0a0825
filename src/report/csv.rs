//! CSV files: the data behind a figure, and any table of named columns.

use std::fmt;
use std::str::FromStr;

use crate::analysis::figure::{Figure, Layer, Panel};
use crate::error::{Error, Result};
use crate::registry::table::{DataFrame, Sheet, csv_text};
use crate::serial::serde_as_text;

/// A table of text cells with named columns, in the order they are written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CsvTable {
    /// Column names.
    pub columns: Vec<String>,
    /// Rows, each as long as `columns`.
    pub rows: Vec<Vec<String>>,
}

impl CsvTable {
    /// An empty table with these columns.
    #[must_use]
    pub(crate) fn new(columns: &[&str]) -> Self {
        Self { columns: columns.iter().map(|c| (*c).to_owned()).collect(), rows: Vec::new() }
    }

    /// The table as UTF-8 CSV with `\n` line ends (RFC 4180 quoting).
    ///
    /// # Errors
    /// [`Error::Encode`] when a row has another length than the header.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        self.check()?;
        Ok(csv_text(&self.columns, &self.rows).into_bytes())
    }

    /// The table as a frame. A column whose texts are all numbers holds numbers (whole ones where all are), one of `true`
    /// and `false` truth values, any other texts; an empty cell has no value.
    ///
    /// # Errors
    /// [`Error::Encode`] when a row has another length than the header, [`Error::Undetermined`] when two columns have one
    /// name.
    pub fn to_frame(&self) -> Result<DataFrame> {
        self.check()?;
        Sheet::of_texts(&self.columns, &self.rows).frame()
    }

    fn check(&self) -> Result<()> {
        let columns = self.columns.len();
        match self.rows.iter().position(|row| row.len() != columns) {
            Some(at) => {
                let problem = format!("row {} has {} cells, the header has {columns}", at + 1, self.rows[at].len());
                Err(Error::encode("a table could not be written")(problem))
            }
            None => Ok(()),
        }
    }
}

/// A number at full precision: the shortest text that reads back as the same value, in scientific notation where the
/// plain one would be long (compute in FLOPs). Values that are not finite are blank.
#[must_use]
pub(crate) fn number(value: f64) -> String {
    if !value.is_finite() {
        String::new()
    } else if value != 0.0 && (value.abs() >= 1e15 || value.abs() < 1e-5) {
        format!("{value:e}")
    } else {
        format!("{value}")
    }
}

/// What a row of a figure's CSV is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Mark {
    /// An observation.
    Point,
    /// A vertex of a curve.
    Line,
    /// A vertex of an area.
    Band,
    /// A bar.
    Bar,
    /// A cell of a heat map.
    Cell,
    /// A line across the panel.
    Rule,
    /// A text.
    Note,
}

impl Mark {
    const ALL: [Self; 7] = [Self::Point, Self::Line, Self::Band, Self::Bar, Self::Cell, Self::Rule, Self::Note];
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Point => "point",
            Self::Line => "line",
            Self::Band => "band",
            Self::Bar => "bar",
            Self::Cell => "cell",
            Self::Rule => "rule",
            Self::Note => "note",
        })
    }
}

impl FromStr for Mark {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|mark| mark.to_string() == text);
        found.ok_or_else(|| Error::Argument(format!("`{text}` is nothing that is drawn")))
    }
}

serde_as_text!(Mark);

/// Everything a figure shows, one row per drawn thing.
///
/// Columns: `panel` (its title, preceded by its row's title), `kind` (`point`, `line`, `band`, `bar`, `cell`, `rule`,
/// `note`), `series`, `label` (the model of a point, the quantity of a note, what a cell is of), `x`, `y`, `low`, `high`
/// (interval of a point, edges of a band; `low` alone is the value of a cell), `text` (a note or a cell as printed).
#[must_use]
pub fn figure_data(figure: &Figure) -> CsvTable {
    let mut table = CsvTable::new(&["panel", "kind", "series", "label", "x", "y", "low", "high", "text"]);
    for (index, panel) in figure.panels.iter().enumerate() {
        panel_rows(&mut table, &figure.panel_name(index), panel);
    }
    table
}

fn panel_rows(table: &mut CsvTable, name: &str, panel: &Panel) {
    let mut push = |mark: Mark, series: &str, label: &str, numbers: [Option<f64>; 4], text: &str| {
        let mut row: Vec<String> = [name, &mark.to_string(), series, label].iter().map(|s| (*s).to_owned()).collect();
        row.extend(numbers.iter().map(|n| n.map_or(String::new(), number)));
        row.push(text.to_owned());
        table.rows.push(row);
    };
    for layer in &panel.layers {
        match layer {
            Layer::Points { series, points, .. } => {
                for p in points {
                    let (low, high) = p.interval.unzip();
                    push(Mark::Point, series, &p.label, [Some(p.x), Some(p.y), low, high], "");
                }
            }
            Layer::Line { series, vertices, .. } => {
                for &(x, y) in vertices {
                    push(Mark::Line, series, "", [Some(x), Some(y), None, None], "");
                }
            }
            Layer::Band { series, vertices, .. } => {
                for &(x, low, high) in vertices {
                    push(Mark::Band, series, "", [Some(x), None, Some(low), Some(high)], "");
                }
            }
            Layer::Bars { series, bars, .. } => {
                for &(left, right, height) in bars {
                    push(
                        Mark::Bar,
                        series,
                        "",
                        [Some((left + right) / 2.0), Some(height), Some(left), Some(right)],
                        "",
                    );
                }
            }
            Layer::Cells { series, cells } => {
                for c in cells {
                    push(Mark::Cell, series, &c.label, [Some(c.x), Some(c.y), Some(c.value), None], &c.text);
                }
            }
            Layer::HorizontalRule { series, y } => push(Mark::Rule, series, "", [None, Some(*y), None, None], ""),
            Layer::VerticalRule { series, x, .. } => push(Mark::Rule, series, "", [Some(*x), None, None, None], ""),
        }
    }
    for note in &panel.notes {
        push(Mark::Note, "", &note.quantity, [None, note.value, note.low, note.high], &note.text);
    }
}
