//! What a workbook of the old format (`.xls`) takes in memory, counted before its reader lays it out.
//!
//! Such a file is a small file system of sectors that a table chains ([MS-CFB]); its stream `Workbook` is a list of records
//! ([MS-XLS]). The reader follows a chain wherever it leads, makes room for as many cells as a record announces, and writes a
//! text that cells share out for each of them. So every chain must end here, and cells and texts are counted as it will lay
//! them out.
//!
//! [MS-CFB]: https://learn.microsoft.com/openspecs/windows_protocols/ms-cfb
//! [MS-XLS]: https://learn.microsoft.com/openspecs/office_file_formats/ms-xls

use crate::bounds::Bound;

/// The sector after the last one of a chain.
const END: u32 = 0xffff_fffe;
/// The first number that is none of a sector.
const RESERVED: u32 = 0xffff_fffa;
/// The same in the list of the table's sectors.
const UNUSED: u32 = 0xffff_fffc;
/// Bytes of a sector of small streams, and of a stream that is not small any more.
const SMALL: (usize, usize) = (64, 4096);
/// Records that continue another one, at most: they hold 8 KB each, and the reader takes the square of their number of steps.
const MOST_CONTINUED: usize = 16_384;

/// Fails for a workbook that would not fit, or that leads round in a circle.
///
/// # Errors
/// What is wrong, to follow "the workbook".
pub(super) fn check(bytes: &[u8]) -> Result<(), String> {
    // A file without the stream is told by the reader: it may be an encrypted workbook of the newer format.
    stream(bytes)?.map_or(Ok(()), |stream| Cost::default().of_book(&stream))
}

fn damaged() -> String {
    "is damaged; save the sheet as CSV UTF-8".to_owned()
}

fn short(bytes: &[u8], at: usize) -> Result<usize, String> {
    let two = bytes.get(at..).and_then(<[u8]>::first_chunk::<2>);
    two.map(|two| usize::from(u16::from_le_bytes(*two))).ok_or_else(damaged)
}

fn long(bytes: &[u8], at: usize) -> Result<u32, String> {
    let four = bytes.get(at..).and_then(<[u8]>::first_chunk::<4>);
    four.map(|four| u32::from_le_bytes(*four)).ok_or_else(damaged)
}

/// Sectors, and the one that follows each in its chain.
struct Sectors<'b> {
    bytes: &'b [u8],
    size: usize,
    next: Vec<u32>,
}

impl Sectors<'_> {
    fn sector(&self, id: u32) -> Result<&[u8], String> {
        let start = (id as usize).saturating_mul(self.size);
        let end = start.saturating_add(self.size).min(self.bytes.len());
        self.bytes.get(start..end).ok_or_else(damaged)
    }

    /// The first `length` bytes of a chain, which holds no sector twice.
    fn chain(&self, mut id: u32, length: usize) -> Result<Vec<u8>, String> {
        let mut chain = Vec::new();
        let mut left = self.bytes.len() / self.size + 1;
        while id != END && chain.len() < length {
            left = left.checked_sub(1).ok_or_else(damaged)?;
            let sector = self.sector(id)?;
            chain.extend_from_slice(&sector[..sector.len().min(length - chain.len())]);
            if chain.len() < length {
                id = *self.next.get(id as usize).ok_or_else(damaged)?;
            }
        }
        Ok(chain)
    }
}

/// The stream with the workbook.
fn stream(bytes: &[u8]) -> Result<Option<Vec<u8>>, String> {
    let is_large = short(bytes, 30)? == 12;
    let size = if is_large { 4096 } else { 512 };
    let mut sectors = Sectors { bytes: bytes.get(size..).ok_or_else(damaged)?, size, next: Vec::new() };
    let mut of_table: Vec<u32> = (76..512).step_by(4).map(|at| long(bytes, at)).collect::<Result<_, _>>()?;
    let (mut id, mut left) = (long(bytes, 68)?, bytes.len() / size + 1);
    while id < RESERVED {
        left = left.checked_sub(1).ok_or_else(damaged)?;
        of_table.extend(numbers(sectors.sector(id)?)?);
        id = of_table.pop().ok_or_else(damaged)?;
    }
    of_table.retain(|id| *id < UNUSED);
    Bound::WorkbookBytes.check(of_table.len().saturating_mul(size))?;
    for id in of_table {
        let more = numbers(sectors.sector(id)?)?;
        sectors.next.extend(more);
    }
    let folder = sectors.chain(long(bytes, 48)?, usize::MAX)?;
    let entries: Vec<&[u8]> = folder.chunks_exact(128).collect();
    let Some(root) = entries.first() else { return Err(damaged()) };
    // By such a mark the reader takes a name for another one.
    let marks: [&[u8]; 3] = [b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf"];
    if entries.iter().any(|entry| marks.iter().any(|mark| entry.starts_with(mark))) {
        return Err(damaged());
    }
    let length = |entry: &[u8]| -> Result<usize, String> {
        let high = if is_large { u64::from(long(entry, 124)?) << 32 } else { 0 };
        usize::try_from(high | u64::from(long(entry, 120)?)).map_err(|_| damaged())
    };
    let mut small = Sectors { bytes: &[], size: SMALL.0, next: Vec::new() };
    let held;
    let sectors_of_small = long(bytes, 64)? as usize;
    if sectors_of_small > 0 {
        held = sectors.chain(long(root, 116)?, length(root)?)?;
        small.bytes = &held;
        small.next = numbers(&sectors.chain(long(bytes, 60)?, sectors_of_small.saturating_mul(size))?)?;
    }
    for wanted in ["workbook", "book"] {
        let Some(entry) = entries.iter().find(|entry| name(entry) == wanted) else { continue };
        let (start, length) = (long(entry, 116)?, length(entry)?);
        let of = if length < SMALL.1 { &small } else { &sectors };
        return of.chain(start, length).map(Some);
    }
    Ok(None)
}

fn numbers(sector: &[u8]) -> Result<Vec<u32>, String> {
    (0..sector.len()).step_by(4).map(|at| long(sector, at)).collect()
}

/// The name of an entry of the folder, in small letters.
fn name(entry: &[u8]) -> String {
    let units = entry[..64].chunks_exact(2).map(|two| u16::from_le_bytes([two[0], two[1]]));
    let letters = char::decode_utf16(units.take_while(|unit| *unit != 0));
    letters.map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER).to_ascii_lowercase()).collect()
}

/// A record: its kind, its bytes, and those of the records that continue it.
type Record<'s> = (usize, &'s [u8], Vec<&'s [u8]>);

/// The records from the beginning of `rest` to the first that is torn.
struct Records<'s> {
    rest: &'s [u8],
}

impl<'s> Records<'s> {
    const CONTINUE: usize = 0x3c;

    fn one(&mut self) -> Option<(usize, &'s [u8])> {
        let (kind, length) = (short(self.rest, 0).ok()?, short(self.rest, 2).ok()?);
        let data = self.rest.get(4..4 + length)?;
        self.rest = &self.rest[4 + length..];
        Some((kind, data))
    }
}

impl<'s> Iterator for Records<'s> {
    type Item = Record<'s>;

    fn next(&mut self) -> Option<Record<'s>> {
        let (kind, data) = self.one()?;
        let mut continued = Vec::new();
        while short(self.rest, 0) == Ok(Self::CONTINUE) && continued.len() <= MOST_CONTINUED {
            continued.push(self.one()?.1);
        }
        Some((kind, data, continued))
    }
}

/// Cells between corners, as they are laid out.
#[derive(Default)]
struct Area {
    corners: Option<[(usize, usize); 2]>,
}

impl Area {
    fn add(&mut self, at: (usize, usize)) {
        let [low, high] = self.corners.unwrap_or([at, at]);
        self.corners = Some([(low.0.min(at.0), low.1.min(at.1)), (high.0.max(at.0), high.1.max(at.1))]);
    }

    fn cells(&self) -> usize {
        self.corners.map_or(0, |[low, high]| (high.0 - low.0 + 1).saturating_mul(high.1 - low.1 + 1))
    }
}

/// What has been counted.
#[derive(Default)]
struct Cost {
    /// Bytes of each text that cells share.
    shared: Vec<usize>,
    /// Of the longest name that a formula can write out.
    name: usize,
    text: usize,
    cells: usize,
    walked: usize,
}

impl Cost {
    fn of_book(mut self, stream: &[u8]) -> Result<(), String> {
        const END_OF_PART: usize = 0x0a;
        const SHARED_TEXTS: usize = 0xfc;
        const SHEET: usize = 0x85;
        const NAME: usize = 0x18;
        let mut sheets = Vec::new();
        for (kind, data, continued) in (Records { rest: stream }) {
            if continued.len() > MOST_CONTINUED {
                return Err(damaged());
            }
            match kind {
                END_OF_PART => break,
                SHARED_TEXTS => self.shared = shared(data, &continued)?,
                SHEET => sheets.push(long(data, 0)? as usize),
                _ => {}
            }
            if matches!(kind, SHEET | NAME) {
                self.name = self.name.max(data.len().min(3 * 255));
            }
        }
        sheets.into_iter().try_for_each(|place| self.add_sheet(stream.get(place..).ok_or_else(damaged)?))
    }

    /// A sheet is read from its place to its end, as often as it is named.
    fn add_sheet(&mut self, stream: &[u8]) -> Result<(), String> {
        let (mut cells, mut formulas, mut formula) = (Area::default(), Area::default(), (0, 0));
        let (mut begun, mut inside) = (false, 0_usize);
        let mut records = Records { rest: stream };
        while let Some((kind, data, continued)) = records.next() {
            if continued.len() > MOST_CONTINUED {
                return Err(damaged());
            }
            let ends = kind == 0x0a && inside == 0;
            match kind {
                // Charts and the like stand inside a sheet and are no part of it.
                0x809 if begun || inside > 0 => inside += 1,
                0x809 => begun = true,
                0x0a => inside = inside.saturating_sub(1),
                _ if inside > 0 => {}
                0x200 => Bound::WorkbookCells.check(announced(data)?)?,
                0xfd | 0x203 | 0x204 | 0xd6 | 0x205 | 0x27e | 0xbd | 0x06 => {
                    let at = (short(data, 0)?, short(data, 2)?);
                    cells.add(at);
                    match kind {
                        0xfd => self.text += self.shared.get(long(data, 6)? as usize).copied().unwrap_or(0),
                        0x204 | 0xd6 => self.text += data.len(),
                        0xbd => cells.add((at.0, short(data, data.len().saturating_sub(2))?)),
                        0x06 => {
                            formula = at;
                            formulas.add(at);
                            // A reference of five bytes can write out a sheet's name, twice.
                            self.text += data.len() / 5 * (2 * self.name + 16);
                        }
                        _ => {}
                    }
                }
                // The text of a formula before it.
                0x207 => {
                    cells.add(formula);
                    self.text += data.len();
                }
                _ => {}
            }
            Bound::WorkbookBytes.check(self.text)?;
            Bound::WorkbookCells.check(self.cells.saturating_add(cells.cells()).saturating_add(formulas.cells()))?;
            if ends {
                break;
            }
        }
        self.cells = self.cells.saturating_add(cells.cells()).saturating_add(formulas.cells());
        self.walked = self.walked.saturating_add(stream.len() - records.rest.len());
        Bound::WorkbookBytes.check(self.walked)
    }
}

/// The cells that a sheet says it has: the reader makes room for them, and takes the difference of its numbers as they are.
fn announced(data: &[u8]) -> Result<usize, String> {
    let narrow = |at| short(data, at).map(|number| number as u32);
    let (first, last, mut left, right) = match data.len() {
        10 => (narrow(0)?, narrow(2)?, narrow(4)?, narrow(6)?),
        14 | 16 => (long(data, 0)?, long(data, 4)?, narrow(8)?, narrow(10)?),
        _ => return Err(damaged()),
    };
    if left > 0xff || right < left {
        left = 0;
    }
    if last == 0 || right == 0 {
        return Ok(1);
    }
    Ok((last.wrapping_sub(first) as usize).saturating_mul(right.wrapping_sub(left) as usize))
}

/// The bytes of each text that cells share; a text may go on in the next record.
fn shared(data: &[u8], continued: &[&[u8]]) -> Result<Vec<usize>, String> {
    let mut left = data.get(8..).ok_or_else(damaged)?;
    let mut more = continued.iter().copied();
    let mut texts = Vec::new();
    loop {
        if left.is_empty() {
            let Some(next) = more.next() else { return Ok(texts) };
            left = next;
            if left.is_empty() {
                texts.push(0);
                continue;
            }
        }
        texts.push(text(&mut left, &mut more)?);
    }
}

/// One of them: a number of letters, of one or two bytes each, with runs of formats and more behind.
fn text<'s>(left: &mut &'s [u8], more: &mut impl Iterator<Item = &'s [u8]>) -> Result<usize, String> {
    fn cut<'s>(left: &mut &'s [u8], count: usize) -> Result<(), String> {
        *left = left.get(count..).ok_or_else(damaged)?;
        Ok(())
    }
    let (mut letters, flags) = (short(left, 0)?, *left.get(2).ok_or_else(damaged)?);
    cut(left, 3)?;
    let mut behind = 0;
    if flags & 8 != 0 {
        behind += 4 * short(left, 0)?;
        cut(left, 2)?;
    }
    if flags & 4 != 0 {
        behind += long(left, 0)? as usize;
        cut(left, 4)?;
    }
    let (mut width, mut bytes) = (1 + usize::from(flags & 1), 0);
    loop {
        let here = letters.min(left.len() / width);
        bytes += here * width;
        cut(left, here * width)?;
        letters -= here;
        if letters == 0 {
            break;
        }
        *left = more.next().ok_or_else(damaged)?;
        width = 1 + usize::from(*left.first().ok_or_else(damaged)? & 1);
        cut(left, 1)?;
    }
    while behind > 0 {
        if left.is_empty() {
            *left = more.next().ok_or_else(damaged)?;
        }
        let here = behind.min(left.len());
        cut(left, here)?;
        behind -= here;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(kind: u16, data: &[u8]) -> Vec<u8> {
        [&kind.to_le_bytes()[..], &(data.len() as u16).to_le_bytes(), data].concat()
    }

    /// A workbook of one sheet with these shared texts and these records, in as many sectors as that takes.
    fn book(texts: &[&str], cells: &[Vec<u8>]) -> Vec<u8> {
        let begin = |kind: u8| record(0x809, &[0, 6, kind, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        let mut shared = vec![0; 8];
        for text in texts {
            shared.extend((text.len() as u16).to_le_bytes());
            shared.push(0);
            shared.extend(text.as_bytes());
        }
        let shared = record(0xfc, &shared);
        let start = begin(5);
        let place = start.len() + 4 + 8 + 2 + shared.len() + 4;
        let sheet = record(0x85, &[&(place as u32).to_le_bytes()[..], &[0, 0, 2, 0], b"S1"].concat());
        let mut stream = [start, sheet, shared, record(0x0a, &[]), begin(16)].concat();
        cells.iter().for_each(|cell| stream.extend(cell));
        stream.extend(record(0x0a, &[]));
        stream.resize(stream.len().max(4096).next_multiple_of(512), 0);
        filed(&stream)
    }

    /// A file with this stream: the table's sectors first, then the folder, then the stream.
    fn filed(stream: &[u8]) -> Vec<u8> {
        let of_stream = stream.len() / 512;
        let tables = (of_stream + 2).div_ceil(127);
        let mut head = vec![0_u8; 512];
        head[..8].copy_from_slice(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1");
        for (at, value) in [(24, 0x3e_u16), (26, 3), (28, 0xfffe), (30, 9), (32, 6)] {
            head[at..at + 2].copy_from_slice(&value.to_le_bytes());
        }
        for (at, value) in [(44, tables as u32), (48, tables as u32), (56, 4096), (60, END), (68, END)] {
            head[at..at + 4].copy_from_slice(&value.to_le_bytes());
        }
        head[76..].fill(0xff);
        for table in 0..tables {
            head[76 + 4 * table..80 + 4 * table].copy_from_slice(&(table as u32).to_le_bytes());
        }
        let mut next: Vec<u32> = vec![0xffff_fffd; tables];
        next.push(END);
        next.extend((0..of_stream).map(|at| if at + 1 == of_stream { END } else { (tables + at + 2) as u32 }));
        next.resize(tables * 128, u32::MAX);
        let mut file = head;
        next.iter().for_each(|id| file.extend(id.to_le_bytes()));
        for (name, start, length) in [("Root Entry", END, 0), ("Workbook", tables as u32 + 1, stream.len() as u32)] {
            let mut entry = vec![0_u8; 128];
            name.bytes().enumerate().for_each(|(at, letter)| entry[2 * at] = letter);
            entry[116..120].copy_from_slice(&start.to_le_bytes());
            entry[120..124].copy_from_slice(&length.to_le_bytes());
            file.extend(entry);
        }
        file.resize(file.len().next_multiple_of(512), 0);
        [file, stream.to_vec()].concat()
    }

    fn place(row: u16, column: u16) -> Vec<u8> {
        [row, column, 0].iter().flat_map(|number| number.to_le_bytes()).collect()
    }

    fn number(row: u16, column: u16, value: f64) -> Vec<u8> {
        record(0x203, &[place(row, column), value.to_le_bytes().to_vec()].concat())
    }

    fn shared_text(row: u16, column: u16, which: u32) -> Vec<u8> {
        record(0xfd, &[place(row, column), which.to_le_bytes().to_vec()].concat())
    }

    fn said(bytes: &[u8]) -> String {
        check(bytes).expect_err("refused")
    }

    #[test]
    fn a_workbook_of_the_old_format_is_read() {
        let texts = ["model", "score", "a", "b"];
        let cells = [
            shared_text(0, 0, 0),
            shared_text(0, 1, 1),
            shared_text(1, 0, 2),
            number(1, 1, 0.25),
            shared_text(2, 0, 3),
            number(2, 1, 0.5),
        ];
        let table =
            crate::registry::table::Table::parse(&book(&texts, &cells), "old.xls".as_ref(), &[]).expect("a table");
        assert_eq!((table.rows(), table.text(1, "model").expect("a name")), (2, "b"));
        assert_eq!(table.number(0, "score").expect("a number"), 0.25);
    }

    #[test]
    fn cells_and_texts_that_would_fill_the_memory_are_refused_with_their_bound() {
        let far = book(&[], &[number(0, 0, 1.0), number(65_535, 255, 2.0)]);
        assert!(said(&far).contains("--bound workbook-cells=NUMBER"), "{}", said(&far));
        // 2³⁵ cells that are announced, and none that is there.
        let announced: Vec<u8> =
            [&0_u32.to_le_bytes()[..], &(u32::MAX / 2).to_le_bytes(), &[0, 0, 16, 0, 0, 0]].concat();
        assert!(said(&book(&[], &[record(0x200, &announced)])).contains("--bound workbook-cells=NUMBER"));
        // 80,000 cells of one text: a file of 1 MB, 640 MB in memory.
        let text = "x".repeat(8_000);
        let sharing: Vec<Vec<u8>> =
            (0..60_000_u32).map(|at| shared_text((at / 2) as u16, (at % 2) as u16, 0)).collect();
        assert!(check(&book(&[&text], &sharing[..600])).is_ok());
        let many = [&sharing[..], &sharing[..20_000]].concat();
        let refused = said(&book(&[&text], &many));
        assert!(refused.contains("--bound workbook-bytes=NUMBER"), "{refused}");
    }

    #[test]
    fn a_chain_that_leads_round_in_a_circle_is_refused() {
        let whole = book(&["model"], &[shared_text(0, 0, 0)]);
        assert!(check(&whole).is_ok());
        // The folder's sector and the stream's first one, each followed by itself.
        for id in [1_u32, 2] {
            let mut circle = whole.clone();
            let at = 512 + 4 * id as usize;
            circle[at..at + 4].copy_from_slice(&id.to_le_bytes());
            // The length that the folder states of the stream ends no circle.
            circle[1024 + 128 + 120..][..4].copy_from_slice(&(1_u32 << 30).to_le_bytes());
            assert!(said(&circle).contains("damaged"), "sector {id}");
        }
    }

    #[test]
    fn no_changed_byte_of_a_workbook_is_more_than_an_error() {
        let whole = book(&["model", "score"], &[shared_text(0, 0, 0), shared_text(0, 1, 1), number(1, 1, 0.25)]);
        for at in (0..whole.len().min(2_300)).chain(whole.len().saturating_sub(40)..whole.len()) {
            for value in [0, 1, 0x7f, 0xff] {
                let mut changed = whole.clone();
                changed[at] = value;
                let _ = crate::registry::table::Table::parse(&changed, "old.xls".as_ref(), &[]);
            }
        }
    }
}
