//! What a sheet of OpenDocument (`.ods`) takes in memory, counted before its reader lays it out.
//!
//! Cells and rows say how often they are repeated, and a space how many it stands for; the reader writes all of them out. The
//! XML is walked tag by tag, and cells and bytes are counted as it will lay them out.

use crate::bounds::Bound;

/// Columns of a sheet, and rows: the reader takes no more.
const MOST_COLUMNS: usize = 16_384;
const MOST_ROWS: usize = 1_048_576;

/// Fails for the content of a document whose sheets would not fit.
///
/// # Errors
/// The bound that is exceeded, to follow "the workbook".
pub(super) fn check(xml: &[u8]) -> Result<(), String> {
    let mut cost = Cost::default();
    let mut rest = xml;
    while let Some((tag, behind)) = next_tag(rest) {
        let is_closed = tag.ends_with(b"/");
        let name = tag.split(|byte| byte.is_ascii_whitespace() || *byte == b'/').next().unwrap_or_default();
        match name {
            b"table:table" => cost.end_of_table()?,
            b"table:table-row" => cost.row = Some(Row::new(repeated(tag, b"number-rows-repeated"))),
            b"table:table-cell" | b"table:covered-table-cell" => {
                cost.end_of_cell(behind.len())?;
                cost.cell = Some(Cell::of(tag, behind.len()));
                if is_closed {
                    cost.end_of_cell(behind.len())?;
                }
            }
            b"text:s" => cost.spaces(repeated(tag, b"text:c")),
            _ => {}
        }
        // What ends stands as `/NAME` in its tag.
        match tag {
            b"/table:table-cell" | b"/table:covered-table-cell" => cost.end_of_cell(behind.len())?,
            b"/table:table-row" => cost.end_of_row(behind.len())?,
            _ if is_closed && name == b"table:table-row" => cost.end_of_row(behind.len())?,
            _ => {}
        }
        rest = behind;
    }
    cost.end_of_table()
}

/// The next tag without its brackets, and what is behind it. Comments and the like are passed over.
fn next_tag(mut rest: &[u8]) -> Option<(&[u8], &[u8])> {
    loop {
        let open = rest.iter().position(|byte| *byte == b'<')?;
        rest = &rest[open + 1..];
        let passed: Option<&[u8]> = match rest {
            [b'!', b'-', b'-', ..] => Some(b"-->"),
            [b'!', b'[', ..] => Some(b"]]>"),
            [b'?', ..] => Some(b"?>"),
            [b'!', ..] => Some(b">"),
            _ => None,
        };
        if let Some(end) = passed {
            let at = rest.windows(end.len()).position(|window| window == end)?;
            rest = &rest[at + end.len()..];
            continue;
        }
        let mut quote = None;
        let is_end = rest.first() == Some(&b'/');
        let close = rest.iter().position(|&byte| {
            match quote {
                Some(open) if byte == open => quote = None,
                None if !is_end && matches!(byte, b'"' | b'\'') => quote = Some(byte),
                None => return byte == b'>',
                Some(_) => {}
            }
            false
        })?;
        return Some((&rest[..close], &rest[close + 1..]));
    }
}

/// The number that an attribute has, 1 without it. What is none the reader refuses.
fn repeated(tag: &[u8], attribute: &[u8]) -> usize {
    let Some(at) = tag.windows(attribute.len()).position(|window| window == attribute) else { return 1 };
    let value = tag[at + attribute.len()..].iter().skip_while(|byte| !byte.is_ascii_digit());
    let digits = value.take_while(|byte| byte.is_ascii_digit());
    digits.fold(0, |number: usize, digit| number.saturating_mul(10).saturating_add(usize::from(digit - b'0')))
}

struct Cell {
    repeats: usize,
    /// Whether it has something to lay out; what is empty at the end of a row is left out.
    holds: bool,
    /// Bytes of its tag and of the spaces in it.
    bytes: usize,
    /// What was left to read behind its tag.
    left: usize,
}

impl Cell {
    fn of(tag: &[u8], left: usize) -> Self {
        let has = |part: &[u8]| tag.windows(part.len()).any(|window| window == part);
        let holds = has(b"office:") || has(b"calcext:") || has(b"formula");
        Self { repeats: repeated(tag, b"number-columns-repeated"), holds, bytes: tag.len(), left }
    }
}

struct Row {
    repeats: usize,
    columns: usize,
    /// Empty cells that are laid out if more come.
    empty: usize,
    bytes: usize,
    holds: bool,
}

impl Row {
    fn new(repeats: usize) -> Self {
        Self { repeats: repeats.min(MOST_ROWS), columns: 0, empty: 0, bytes: 0, holds: false }
    }
}

/// What has been counted.
#[derive(Default)]
struct Cost {
    cell: Option<Cell>,
    row: Option<Row>,
    /// Of the table in hand: its columns, its rows down to the last with something, and empty ones that are laid out if more
    /// come.
    columns: usize,
    rows: usize,
    empty_rows: usize,
    /// Of all tables before.
    cells: usize,
    /// Cells as they stand in rows that are not repeated yet.
    plain: usize,
    bytes: usize,
}

impl Cost {
    fn spaces(&mut self, count: usize) {
        if let Some(cell) = &mut self.cell {
            cell.bytes = cell.bytes.saturating_add(count);
        }
    }

    fn end_of_cell(&mut self, left: usize) -> Result<(), String> {
        let (Some(cell), Some(row)) = (self.cell.take(), &mut self.row) else { return Ok(()) };
        let room = |columns: usize| MOST_COLUMNS.saturating_sub(columns);
        row.columns += row.empty.min(room(row.columns));
        row.empty = 0;
        let repeats = cell.repeats.min(room(row.columns));
        if !cell.holds {
            row.empty = repeats;
            return Ok(());
        }
        row.holds = true;
        row.columns += repeats;
        let bytes = cell.bytes.saturating_add(cell.left.saturating_sub(left));
        row.bytes = row.bytes.saturating_add(repeats.saturating_mul(bytes));
        Bound::WorkbookBytes.check(self.bytes.saturating_add(row.bytes))
    }

    fn end_of_row(&mut self, left: usize) -> Result<(), String> {
        self.end_of_cell(left)?;
        let Some(row) = self.row.take() else { return Ok(()) };
        self.plain = self.plain.saturating_add(row.columns);
        Bound::WorkbookCells.check(self.plain)?;
        if !row.holds {
            self.empty_rows = self.empty_rows.saturating_add(row.repeats);
            return Ok(());
        }
        if self.rows > 0 {
            self.rows = self.rows.saturating_add(self.empty_rows);
        }
        self.empty_rows = 0;
        self.rows = self.rows.saturating_add(row.repeats);
        self.columns = self.columns.max(row.columns);
        self.bytes = self.bytes.saturating_add(row.repeats.saturating_mul(row.bytes));
        Bound::WorkbookBytes.check(self.bytes)?;
        Bound::WorkbookCells.check(self.cells.saturating_add(self.rows.saturating_mul(self.columns)))
    }

    fn end_of_table(&mut self) -> Result<(), String> {
        self.cells = self.cells.saturating_add(self.rows.saturating_mul(self.columns));
        (self.columns, self.rows, self.empty_rows) = (0, 0, 0);
        Bound::WorkbookCells.check(self.cells)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(rows: &str) -> Vec<u8> {
        format!("<?xml version=\"1.0\"?><office:spreadsheet><table:table table:name=\"S\">{rows}</table:table></office:spreadsheet>")
            .into_bytes()
    }

    fn said(rows: &str) -> String {
        check(&table(rows)).expect_err("refused")
    }

    #[test]
    fn a_sheet_as_programs_write_it_costs_what_stands_in_it() {
        // Empty cells and rows are repeated to the sheet's end.
        let value = "<table:table-cell office:value-type=\"float\" office:value=\"0.5\"><text:p>0.5</text:p></table:table-cell>";
        let rows = format!(
            "<table:table-row>{value}{value}<table:table-cell table:number-columns-repeated=\"16382\"/></table:table-row>\
             <table:table-row table:number-rows-repeated=\"1048575\">\
             <table:table-cell table:style-name=\"a>b\" table:number-columns-repeated=\"16384\"/></table:table-row>"
        );
        assert_eq!(check(&table(&rows)), Ok(()));
        assert_eq!(check(b"<no></closed"), Ok(()));
    }

    #[test]
    fn what_is_repeated_counts_as_often_as_it_is_written_out() {
        let cell = |attributes: &str, inside: &str| {
            format!("<table:table-cell office:value-type=\"string\" {attributes}>{inside}</table:table-cell>")
        };
        let row = |attributes: &str, cells: &str| format!("<table:table-row {attributes}>{cells}</table:table-row>");
        let cells = "--bound workbook-cells=NUMBER";
        let bytes = "--bound workbook-bytes=NUMBER";
        let wide = "table:number-columns-repeated=\"16384\"";
        let all = row("table:number-rows-repeated=\"1048576\"", &cell(wide, ""));
        assert!(said(&all).contains(bytes) || said(&all).contains(cells), "{}", said(&all));
        // Rows of their own, each as wide as it can be for a value in its last column.
        let last = "<table:table-cell table:number-columns-repeated=\"16383\"/><table:table-cell formula=\"1\"/>";
        assert!(said(&row("", last).repeat(700)).contains(cells));
        // Empty rows between two cells.
        let one = row("", &cell("", "x"));
        let between = "<table:table-row table:number-rows-repeated=\"1048000\"><table:table-cell/></table:table-row>";
        let broad = row("", &cell("table:number-columns-repeated=\"16\"", "x"));
        assert!(said(&format!("{broad}{between}{one}")).contains(cells));
        // One text many times, and many spaces in few bytes.
        assert!(said(&row("", &cell(wide, &"x".repeat(40_000)))).contains(bytes));
        assert!(said(&row("", &cell("", "<text:p><text:s text:c=\"900000000\"/></text:p>"))).contains(bytes));
    }
}
