//! Values in memory as a table: written as CSV, handed on as a [`Table`], or given away as a [`DataFrame`]. The one writer of
//! tables.

use std::fmt::Display;
use std::path::Path;
use std::sync::OnceLock;

use polars::prelude::{Column as FrameColumn, DataFrame};

use super::shield::shielded;
use super::{Table, Values};
use crate::{Error, Result};

/// Named columns of values, all of one length.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Sheet {
    columns: Vec<(String, Typed)>,
    rows: usize,
}

/// The values of one column.
#[derive(Debug, Clone, PartialEq)]
enum Typed {
    Text(Vec<Option<String>>),
    Number(Vec<Option<f64>>),
    Whole(Vec<Option<u64>>),
    Flag(Vec<Option<bool>>),
}

impl Sheet {
    /// Without columns yet, for this many rows.
    pub(crate) fn rows(rows: usize) -> Self {
        Self { columns: Vec::new(), rows }
    }

    /// Columns of text; rows have a cell for each.
    #[cfg(feature = "models")]
    pub(crate) fn new<const COLUMNS: usize>(
        names: [&str; COLUMNS],
        rows: impl IntoIterator<Item = [String; COLUMNS]>,
    ) -> Self {
        let mut columns = names.map(|_| Vec::new());
        for row in rows {
            columns.iter_mut().zip(row).for_each(|(column, cell)| column.push(Some(cell)));
        }
        let rows = columns.first().map_or(0, Vec::len);
        let typed = names.iter().zip(columns).map(|(name, cells)| ((*name).to_owned(), Typed::Text(cells)));
        Self { columns: typed.collect(), rows }
    }

    /// Columns whose types are seen from their texts: numbers where every text is one, truth values where every text is
    /// `true` or `false`. Cells that a row lacks are empty.
    pub(crate) fn of_texts(names: &[String], rows: &[Vec<String>]) -> Self {
        let typed = names.iter().enumerate().map(|(at, name)| {
            let cells: Vec<Option<&str>> =
                rows.iter().map(|row| row.get(at).map(String::as_str).filter(|cell| !cell.is_empty())).collect();
            (name.clone(), Typed::of(&cells))
        });
        Self { columns: typed.collect(), rows: rows.len() }
    }

    /// With a further column of texts, by the row's place.
    pub(crate) fn text(self, name: &str, cell: impl Fn(usize) -> Option<String>) -> Self {
        self.with(name, |rows| Typed::Text(rows.map(cell).collect()))
    }

    /// With a further column of numbers, by the row's place.
    pub(crate) fn number(self, name: &str, cell: impl Fn(usize) -> Option<f64>) -> Self {
        self.with(name, |rows| Typed::Number(rows.map(cell).collect()))
    }

    /// With a further column of whole numbers, by the row's place.
    pub(crate) fn whole(self, name: &str, cell: impl Fn(usize) -> Option<u64>) -> Self {
        self.with(name, |rows| Typed::Whole(rows.map(cell).collect()))
    }

    /// With a further column of truth values, by the row's place.
    pub(crate) fn flag(self, name: &str, cell: impl Fn(usize) -> Option<bool>) -> Self {
        self.with(name, |rows| Typed::Flag(rows.map(cell).collect()))
    }

    fn with(mut self, name: &str, typed: impl FnOnce(std::ops::Range<usize>) -> Typed) -> Self {
        self.columns.push((name.to_owned(), typed(0..self.rows)));
        self
    }

    /// A further column of text before all others.
    #[cfg(feature = "models")]
    pub(crate) fn first(mut self, name: &str, cell: impl Fn(usize) -> String) -> Self {
        self.columns.insert(0, (name.to_owned(), Typed::Text((0..self.rows).map(|row| Some(cell(row))).collect())));
        self
    }

    /// Without the columns from `from` on that hold nothing.
    pub(crate) fn without_empty(mut self, from: usize) -> Self {
        let mut at = 0..;
        self.columns.retain(|(_, typed)| at.next().is_some_and(|at| at < from) || typed.holds_something());
        self
    }

    /// As CSV: UTF-8, comma-separated, a header first; cells are quoted where they must be. Numbers have the fewest digits
    /// that read back as the same number.
    pub(crate) fn csv(&self) -> String {
        let row = |row: usize| self.columns.iter().map(move |(_, typed)| typed.shown(row));
        csv_text(self.columns.iter().map(|(name, _)| name), (0..self.rows).map(row))
    }

    /// As a table that messages call `path`; rows are counted as in the file that would be written of it.
    pub(crate) fn table(&self, path: &Path) -> Table {
        Table {
            path: path.to_owned(),
            names: self.columns.iter().map(|(name, _)| name.clone()).collect(),
            declared: vec![None; self.columns.len()],
            columns: self.columns.iter().map(|(_, typed)| typed.values()).collect(),
            lines: (2..).take(self.rows).collect(),
            decimal: None,
            marks: self.columns.iter().map(|_| OnceLock::new()).collect(),
            agreed: OnceLock::new(),
        }
    }

    /// As a frame.
    ///
    /// # Errors
    /// [`Error::Undetermined`] when two columns have one name.
    pub(crate) fn frame(&self) -> Result<DataFrame> {
        let columns = self.columns.iter().map(|(name, typed)| typed.column(name)).collect();
        DataFrame::new(self.rows, columns).map_err(|e| Error::Undetermined(format!("no frame can be made: {e}")))
    }
}

impl Typed {
    fn of(cells: &[Option<&str>]) -> Self {
        fn all<T>(cells: &[Option<&str>], read: impl Fn(&str) -> Option<T>) -> Option<Vec<Option<T>>> {
            cells.iter().map(|cell| cell.map(|cell| read(cell).ok_or(())).transpose().ok()).collect()
        }
        if cells.iter().all(Option::is_none) {
            return Self::Text(vec![None; cells.len()]);
        }
        let finite = |cell: &str| cell.parse().ok().filter(|number: &f64| number.is_finite());
        if let Some(whole) = all(cells, |cell| cell.parse().ok()) {
            return Self::Whole(whole);
        }
        if let Some(numbers) = all(cells, finite) {
            return Self::Number(numbers);
        }
        if let Some(flags) = all(cells, |cell| cell.parse().ok()) {
            return Self::Flag(flags);
        }
        Self::Text(cells.iter().map(|cell| cell.map(str::to_owned)).collect())
    }

    fn holds_something(&self) -> bool {
        match self {
            Self::Text(cells) => cells.iter().flatten().any(|cell| !cell.is_empty()),
            Self::Number(cells) => cells.iter().any(Option::is_some),
            Self::Whole(cells) => cells.iter().any(Option::is_some),
            Self::Flag(cells) => cells.iter().any(Option::is_some),
        }
    }

    fn shown(&self, row: usize) -> String {
        fn show<T: Display>(cells: &[Option<T>], row: usize) -> String {
            cells.get(row).and_then(Option::as_ref).map(T::to_string).unwrap_or_default()
        }
        match self {
            Self::Text(cells) => show(cells, row),
            Self::Number(cells) => show(cells, row),
            Self::Whole(cells) => show(cells, row),
            Self::Flag(cells) => show(cells, row),
        }
    }

    fn values(&self) -> Values {
        match self {
            Self::Text(cells) => Values::from(cells.clone()),
            Self::Number(cells) => Values::numbers(cells),
            // Exact below 2⁵³, far above any number of items, examples or tokens.
            Self::Whole(cells) => Values::numbers(&cells.iter().map(|cell| cell.map(|n| n as f64)).collect::<Vec<_>>()),
            Self::Flag(cells) => {
                Values::from(cells.iter().map(|cell| cell.map(|flag| flag.to_string())).collect::<Vec<_>>())
            }
        }
    }

    fn column(&self, name: &str) -> FrameColumn {
        match self {
            Self::Text(cells) => FrameColumn::new(name.into(), cells),
            Self::Number(cells) => FrameColumn::new(name.into(), cells),
            Self::Whole(cells) => FrameColumn::new(name.into(), cells),
            Self::Flag(cells) => FrameColumn::new(name.into(), cells),
        }
    }
}

/// A header and rows as CSV; cells are quoted where they must be, and what a spreadsheet would execute is text.
pub(crate) fn csv_text<H: AsRef<str>, C: AsRef<str>, R: IntoIterator<Item = C>>(
    header: impl IntoIterator<Item = H>,
    rows: impl IntoIterator<Item = R>,
) -> String {
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
    // Memory takes whatever is written, and rows may have any length: nothing here can fail.
    let mut header = header.into_iter().peekable();
    if header.peek().is_some() {
        header.for_each(|name| drop(writer.write_field(shielded(name.as_ref()).as_ref())));
        let _ = writer.write_record(None::<&[u8]>);
    }
    for row in rows {
        row.into_iter().for_each(|cell| drop(writer.write_field(shielded(cell.as_ref()).as_ref())));
        let _ = writer.write_record(None::<&[u8]>);
    }
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::Sheet;

    #[test]
    fn types_are_seen_from_texts() {
        let names = ["name", "n", "x", "holds", "none"].map(str::to_owned);
        let rows =
            [["a", "1", "0.5", "true", ""], ["b", "", "2", "false", ""]].map(|row| row.map(str::to_owned).to_vec());
        let frame = Sheet::of_texts(&names, &rows).frame().expect("a frame");
        let types: Vec<String> = frame.columns().iter().map(|column| column.dtype().to_string()).collect();
        assert_eq!(types, ["str", "u64", "f64", "bool", "str"]);
        assert_eq!((frame.height(), frame.columns()[1].null_count()), (2, 1));
    }

    #[test]
    fn numbers_reach_a_table_without_becoming_text() {
        let third = 1.0 / 3.0;
        let sheet = Sheet::rows(2).number("x", |row| (row == 0).then_some(third)).text("name", |_| Some("a, b".into()));
        let table = sheet.table("t.csv".as_ref());
        assert_eq!(table.number(0, "x").expect("a number"), third);
        assert_eq!(
            table.number(1, "x").expect_err("nothing").to_string(),
            "t.csv, row 3, column `x`: the cell is empty"
        );
        assert_eq!(sheet.csv(), format!("x,name\n{third},\"a, b\"\n,\"a, b\"\n"));
    }
}
