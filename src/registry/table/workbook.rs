//! Workbooks of Excel and LibreOffice (xlsx, xls, xlsb, ods), in a program built with the Cargo feature `excel`.
//!
//! The first row with a value holds the names; rows are numbered as the program shows them. Numbers and dates are read as
//! the workbook stores them, whatever they look like on the screen.

use super::raw::Raw;

/// How a file of this kind begins: a zip archive, or the older container of Microsoft.
const MARKS: [&[u8]; 2] = [b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"];

/// Whether the bytes are those of a workbook.
pub(super) fn is_workbook(bytes: &[u8]) -> bool {
    MARKS.iter().any(|mark| bytes.starts_with(mark))
}

/// The sheet of this name, or the only one with a value.
///
/// # Errors
/// A sentence for a file that is none, or whose sheet is not known.
pub(super) fn read(bytes: &[u8], sheet: Option<&str>) -> Result<Raw, String> {
    sheets::read(bytes, sheet)
}

#[cfg(feature = "excel")]
mod sheets {
    use std::io::{Cursor, Read as _};

    use calamine::{Cell, Data, DataRef, Dimensions, Range, Reader, Sheets, open_workbook_auto_from_rs};

    use super::super::values::Values;
    use super::super::{old_workbook, open_document};
    use super::{MARKS, Raw};
    use crate::bounds::{Bound, survive};

    pub(crate) fn read(bytes: &[u8], sheet: Option<&str>) -> Result<Raw, String> {
        let problem =
            |error: calamine::Error| format!("the workbook cannot be read ({error}); save the sheet as CSV UTF-8");
        let bounded = |said: String| format!("the workbook {said}");
        unpacked(bytes).map_err(bounded)?;
        // The library trusts its input in places.
        let book = survive(|| open_workbook_auto_from_rs(Cursor::new(bytes)));
        let damaged = |_| "the workbook is damaged; save the sheet as CSV UTF-8".to_owned();
        let mut book = book.map_err(damaged)?.map_err(problem)?;
        let mut found: Vec<(String, Range<Data>)> = Vec::new();
        let mut extent = Extent::default();
        for name in book.sheet_names() {
            survive(|| extent.add_sheet(&mut book, &name)).map_err(damaged)?.map_err(bounded)?;
            let range = survive(|| book.worksheet_range(&name)).map_err(damaged)?.map_err(problem)?;
            if range.used_cells().next().is_some() {
                found.push((name, range));
            }
        }
        let names = || found.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
        match (sheet, &found[..]) {
            (_, []) => Err("the workbook has no cell with a value".to_owned()),
            (Some(wanted), all) => match all.iter().find(|(name, _)| name == wanted) {
                Some((name, range)) => of_sheet(&mut book, name, range),
                None => Err(format!("the workbook has no sheet `{wanted}`; its sheets are: {}", names())),
            },
            (None, [(name, range)]) => of_sheet(&mut book, name, range),
            (None, _) => Err(format!("the workbook has several sheets; choose one by --sheet: {}", names())),
        }
    }

    fn of_sheet(book: &mut Sheets<Cursor<&[u8]>>, name: &str, range: &Range<Data>) -> Result<Raw, String> {
        calculated(book, name, range)?;
        match merged(book, name) {
            ranges if ranges.is_empty() => cells(range),
            ranges => cells(&spread(range, &ranges)?),
        }
    }

    /// The ranges whose cells are merged into one.
    fn merged(book: &mut Sheets<Cursor<&[u8]>>, name: &str) -> Vec<Dimensions> {
        let found = survive(|| match book {
            Sheets::Xlsx(book) => book.merge_cells_by_sheet_name(name).ok(),
            Sheets::Xls(book) => book.merge_cells_by_sheet_name(name).ok(),
            Sheets::Xlsb(_) | Sheets::Ods(_) => None,
        });
        found.ok().flatten().unwrap_or_default()
    }

    /// The cells with the value of a merged range in all of its rows, as the program shows it; the first row with a value,
    /// which holds the names, stays as it is.
    fn spread(range: &Range<Data>, merged: &[Dimensions]) -> Result<Range<Data>, String> {
        let mut all = range.clone();
        let (Some(first), Some(last)) = (range.start(), range.end()) else { return Ok(all) };
        let used = range.used_cells().next().map_or(0, |(row, ..)| row as u32);
        let header = first.0 + used;
        let mut filled = 0_usize;
        for Dimensions { start, end } in merged {
            let Some(value) = range.get_value(*start).filter(|value| **value != Data::Empty) else { continue };
            for row in start.0.max(header + 1)..=end.0.min(last.0) {
                for column in start.1..=end.1.min(last.1) {
                    filled += 1;
                    Bound::WorkbookCells.check(filled)?;
                    if start.0 > header {
                        all.set_value((row, column), value.clone());
                    }
                }
            }
        }
        Ok(all)
    }

    /// Fails for a formula without a value, as programs write them that do not calculate.
    fn calculated(book: &mut Sheets<Cursor<&[u8]>>, name: &str, range: &Range<Data>) -> Result<(), String> {
        let Ok(Ok(formulas)) = survive(|| book.worksheet_formula(name)) else { return Ok(()) };
        let (top, left) = formulas.start().unwrap_or_default();
        let empty = |at: (u32, u32)| range.get_value(at).is_none_or(|value| *value == Data::Empty);
        let bare = formulas.used_cells().filter(|(.., formula)| !formula.is_empty());
        let bare = bare.map(|(row, column, _)| (top + row as u32, left + column as u32)).find(|at| empty(*at));
        match bare {
            Some((row, column)) => Err(format!(
                "the sheet has a formula without its value in row {}, column {}; open and save the workbook in a spreadsheet \
                 program, or save the sheet as CSV UTF-8",
                row + 1,
                column + 1
            )),
            None => Ok(()),
        }
    }

    /// Unpacks a workbook that is an archive, without keeping it: what archives say of their sizes need not be true.
    fn unpacked(bytes: &[u8]) -> Result<(), String> {
        if !bytes.starts_with(MARKS[0]) {
            Bound::WorkbookBytes.check(bytes.len())?;
            return old_workbook::check(bytes);
        }
        // What is damaged is told by who reads it.
        let Ok(Ok(mut archive)) = survive(|| zip::ZipArchive::new(Cursor::new(bytes))) else { return Ok(()) };
        let mut total = 0_u64;
        for at in 0..archive.len() {
            let left = Bound::WorkbookBytes.get().saturating_sub(total).saturating_add(1);
            let Ok(entry) = archive.by_index(at) else { continue };
            let is_document = entry.name().map_or(true, |name| name.eq_ignore_ascii_case("content.xml"));
            let mut content = Vec::new();
            let read = match is_document {
                true => entry.take(left).read_to_end(&mut content).map_or(content.len() as u64, |read| read as u64),
                false => std::io::copy(&mut entry.take(left), &mut std::io::sink()).unwrap_or(0),
            };
            total = total.saturating_add(read);
            Bound::WorkbookBytes.check(usize::try_from(total).unwrap_or(usize::MAX))?;
            open_document::check(&content)?;
        }
        Ok(())
    }

    /// What the sheets so far take: cells are laid out from the first to the last of a sheet, and a text that many cells share
    /// is written out for each.
    #[derive(Default)]
    struct Extent {
        /// Cells of the sheets before.
        cells: usize,
        corners: Option<[(u32, u32); 2]>,
        text: usize,
    }

    impl Extent {
        /// Fails for a sheet that would not fit beside those before it.
        fn add_sheet(&mut self, book: &mut Sheets<Cursor<&[u8]>>, name: &str) -> Result<(), String> {
            self.cells = self.cells.saturating_add(self.of_sheet());
            self.corners = None;
            match book {
                Sheets::Xlsx(book) => {
                    let Ok(mut cells) = book.worksheet_cells_reader(name) else { return Ok(()) };
                    while let Ok(Some(cell)) = cells.next_cell() {
                        self.add(&cell)?;
                    }
                }
                Sheets::Xlsb(book) => {
                    let Ok(mut cells) = book.worksheet_cells_reader(name) else { return Ok(()) };
                    while let Ok(Some(cell)) = cells.next_cell() {
                        self.add(&cell)?;
                    }
                }
                // These are laid out already, and were counted before.
                Sheets::Xls(_) | Sheets::Ods(_) => {}
            }
            Ok(())
        }

        fn add(&mut self, cell: &Cell<DataRef<'_>>) -> Result<(), String> {
            self.text += match cell.get_value() {
                DataRef::SharedString(text) => text.len(),
                DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.len(),
                _ => 0,
            };
            Bound::WorkbookBytes.check(self.text)?;
            let at = cell.get_position();
            let [low, high] = self.corners.unwrap_or([at, at]);
            self.corners = Some([(low.0.min(at.0), low.1.min(at.1)), (high.0.max(at.0), high.1.max(at.1))]);
            Bound::WorkbookCells.check(self.cells.saturating_add(self.of_sheet()))
        }

        fn of_sheet(&self) -> usize {
            let length = |from: u32, to: u32| (to - from) as usize + 1;
            self.corners.map_or(0, |[low, high]| length(low.0, high.0).saturating_mul(length(low.1, high.1)))
        }
    }

    fn cells(range: &Range<Data>) -> Result<Raw, String> {
        let top = range.start().map_or(0, |(row, _)| row as usize);
        let has_value = |row: &&[Data]| row.iter().any(|cell| text(cell).is_some());
        let rows: Vec<(usize, &[Data])> =
            range.rows().enumerate().filter(|(_, row)| has_value(row)).map(|(at, row)| (top + at + 1, row)).collect();
        let Some(((_, header), rows)) = rows.split_first() else {
            return Err("the sheet has no cell with a value".to_owned());
        };
        let names = header.iter().map(|name| text(name).unwrap_or_default().trim().to_owned()).collect();
        let columns = (0..header.len()).map(|column| values(rows.iter().map(|(_, row)| &row[column]))).collect();
        Ok(Raw { names, columns, lines: rows.iter().map(|(line, _)| *line).collect() })
    }

    /// Numbers where every cell is one or empty, and text otherwise.
    fn values<'c>(cells: impl Iterator<Item = &'c Data> + Clone) -> Values {
        let number = |cell: &Data| match cell {
            Data::Int(number) => Some(Some(*number as f64)),
            Data::Float(number) => Some(Some(*number)),
            cell => text(cell).is_none().then_some(None),
        };
        match cells.clone().map(number).collect::<Option<Vec<_>>>() {
            Some(numbers) => Values::numbers(&numbers),
            None => Values::from(cells.map(text).collect::<Vec<_>>()),
        }
    }

    /// The text of a cell; `None` of an empty one.
    fn text(cell: &Data) -> Option<String> {
        let text = match cell {
            Data::Empty => return None,
            Data::Int(number) => number.to_string(),
            Data::Float(number) => number.to_string(),
            Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => text.clone(),
            Data::Bool(flag) => flag.to_string(),
            Data::DateTime(date) => {
                let (year, month, day, ..) = date.to_ymd_hms_milli();
                format!("{year:04}-{month:02}-{day:02}")
            }
            Data::Error(error) => error.to_string(),
        };
        (!text.trim().is_empty()).then_some(text)
    }
}

#[cfg(not(feature = "excel"))]
mod sheets {
    use super::Raw;

    pub(super) fn read(_: &[u8], _: Option<&str>) -> Result<Raw, String> {
        Err("workbooks are read by a program built with `cargo build --release --features excel`; save the sheet as CSV \
             UTF-8"
            .to_owned())
    }
}
