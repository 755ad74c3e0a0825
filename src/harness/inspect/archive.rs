//! `.eval` files: ZIP archives whose `header.json` is the log without its samples.
//!
//! Of the format (PKWARE APPNOTE 6.3) what Inspect writes is read: entries that are stored or deflated, found by the central
//! directory, whose place the end of the file says; with the 64-bit record where a log is larger than 4 GiB.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use flate2::read::DeflateDecoder;

const HEADER: &[u8] = b"header.json";

/// The largest header, and the largest list of entries, that is read: those of Inspect have some thousand bytes.
const LARGEST: u64 = 256 << 20;

/// The header of an archive; `None` for a file that is none.
///
/// # Errors
/// A sentence, for an archive without a header, and one that is damaged.
pub(super) fn header(path: &Path) -> Result<Option<Vec<u8>>, String> {
    let unreadable = |error: std::io::Error| format!("cannot read the file: {error}");
    // A FIFO could be waited for without end; it is told by who reads it as JSON.
    if !std::fs::metadata(path).map_err(unreadable)?.is_file() {
        return Ok(None);
    }
    let mut file = File::open(path).map_err(unreadable)?;
    let mut mark = Vec::new();
    file.by_ref().take(2).read_to_end(&mut mark).map_err(unreadable)?;
    if mark != b"PK" {
        return Ok(None);
    }
    let mut archive = Archive { length: file.metadata().map_err(unreadable)?.len(), file };
    match archive.entry(HEADER)? {
        Some(bytes) => Ok(Some(bytes)),
        None => Err("the evaluation did not end: its archive has no header.json".to_owned()),
    }
}

struct Archive {
    file: File,
    length: u64,
}

/// The list of entries.
struct Directory {
    at: u64,
    size: u64,
}

impl Archive {
    fn entry(&mut self, wanted: &[u8]) -> Result<Option<Vec<u8>>, String> {
        const FIXED: usize = 46;
        let directory = self.directory()?;
        let list = self.bytes(directory.at, directory.size)?;
        let (mut rest, mut found) = (list.as_slice(), None);
        // The last entry of a name counts: archives grow at their end.
        while rest.starts_with(b"PK\x01\x02") && rest.len() >= FIXED {
            let length = |at: usize| usize::from(u16::from_le_bytes([rest[at], rest[at + 1]]));
            let (name, extra, comment) = (length(28), length(30), length(32));
            let end = FIXED + name + extra + comment;
            let fields = rest.get(..end).ok_or_else(damaged)?;
            if &fields[FIXED..FIXED + name] == wanted {
                found = Some(Entry::read(fields, &fields[FIXED + name..FIXED + name + extra])?);
            }
            rest = &rest[end..];
        }
        found.map(|entry| self.unpacked(&entry)).transpose()
    }

    /// The directory, which the record at the end of the file names.
    fn directory(&mut self) -> Result<Directory, String> {
        const RECORD: u64 = 22;
        // A comment of up to 65,535 bytes may follow the record.
        let from = self.length.saturating_sub(RECORD + 65_535);
        let tail = self.bytes(from, self.length - from)?;
        let at = tail.windows(4).rposition(|mark| mark == b"PK\x05\x06").ok_or_else(damaged)?;
        let record = tail.get(at..at + RECORD as usize).ok_or_else(damaged)?;
        let (size, place) = (u64::from(word(record, 12)), u64::from(word(record, 16)));
        if size != u64::from(u32::MAX) && place != u64::from(u32::MAX) {
            return Ok(Directory { at: place, size });
        }
        let locator = at.checked_sub(20).map(|start| &tail[start..at]).ok_or_else(damaged)?;
        if !locator.starts_with(b"PK\x06\x07") {
            return Err(damaged());
        }
        let record = self.bytes(long(locator, 8), 56)?;
        Ok(Directory { at: long(&record, 48), size: long(&record, 40) })
    }

    fn unpacked(&mut self, entry: &Entry) -> Result<Vec<u8>, String> {
        const FIXED: u64 = 30;
        let local = self.bytes(entry.at, FIXED)?;
        if !local.starts_with(b"PK\x03\x04") {
            return Err(damaged());
        }
        let length = |at: usize| u64::from(u16::from_le_bytes([local[at], local[at + 1]]));
        let packed = self.bytes(entry.at.saturating_add(FIXED + length(26) + length(28)), entry.packed)?;
        match entry.method {
            0 => Ok(packed),
            8 => {
                let mut bytes = Vec::new();
                let read = DeflateDecoder::new(packed.as_slice()).take(LARGEST + 1).read_to_end(&mut bytes);
                read.map_err(|error| format!("its header.json cannot be unpacked: {error}"))?;
                if bytes.len() as u64 > LARGEST { Err(damaged()) } else { Ok(bytes) }
            }
            method => {
                let name = if method == 93 { " (Zstandard)" } else { "" };
                Err(format!(
                    "its header.json is packed by method {method}{name}, which is not known here; `inspect log dump` writes it \
                     as JSON"
                ))
            }
        }
    }

    fn bytes(&mut self, at: u64, size: u64) -> Result<Vec<u8>, String> {
        if size > LARGEST || at.checked_add(size).is_none_or(|end| end > self.length) {
            return Err(damaged());
        }
        let mut bytes = vec![0; size as usize];
        let read = self.file.seek(SeekFrom::Start(at)).and_then(|_| self.file.read_exact(&mut bytes));
        read.map_err(|error| format!("cannot read the file: {error}"))?;
        Ok(bytes)
    }
}

/// One file of the archive.
struct Entry {
    method: u16,
    packed: u64,
    at: u64,
}

impl Entry {
    /// From its fields in the directory; sizes that do not fit 32 bits stand in the extra fields.
    fn read(fields: &[u8], extra: &[u8]) -> Result<Self, String> {
        let (mut packed, unpacked) = (u64::from(word(fields, 20)), word(fields, 24));
        let mut at = u64::from(word(fields, 42));
        let method = u16::from_le_bytes([fields[10], fields[11]]);
        let mut rest = extra;
        while let [a, b, c, d, more @ ..] = rest {
            let size = usize::from(u16::from_le_bytes([*c, *d]));
            let value = more.get(..size).ok_or_else(damaged)?;
            if [*a, *b] == [1, 0] {
                // Only those that do not fit, in this order.
                let mut wide = value.chunks_exact(8).map(|eight| long(eight, 0));
                if unpacked == u32::MAX {
                    wide.next().ok_or_else(damaged)?;
                }
                for narrow in [&mut packed, &mut at] {
                    if *narrow == u64::from(u32::MAX) {
                        *narrow = wide.next().ok_or_else(damaged)?;
                    }
                }
            }
            rest = &more[size..];
        }
        Ok(Self { method, packed, at })
    }
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn long(bytes: &[u8], at: usize) -> u64 {
    u64::from(word(bytes, at)) | u64::from(word(bytes, at + 4)) << 32
}

fn damaged() -> String {
    "not a log of Inspect: the archive is damaged".to_owned()
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::DeflateEncoder;

    use super::header;

    /// An archive with one file.
    fn archive(name: &str, method: u16, packed: &[u8]) -> Vec<u8> {
        let sizes = |out: &mut Vec<u8>| {
            out.extend([0; 8]);
            out.extend((packed.len() as u32).to_le_bytes());
            out.extend([0; 4]);
            out.extend((name.len() as u16).to_le_bytes());
            out.extend([0; 2]);
        };
        let mut out = b"PK\x03\x04\x14\0\0\0".to_vec();
        out.extend(method.to_le_bytes());
        sizes(&mut out);
        out.extend(name.as_bytes());
        out.extend(packed);
        let directory = out.len() as u32;
        out.extend(b"PK\x01\x02\x14\0\x14\0\0\0");
        out.extend(method.to_le_bytes());
        sizes(&mut out);
        out.extend([0; 14]);
        out.extend(name.as_bytes());
        let size = out.len() as u32 - directory;
        out.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
        out.extend(size.to_le_bytes());
        out.extend(directory.to_le_bytes());
        out.extend([0; 2]);
        out
    }

    fn read(bytes: &[u8]) -> Result<Option<Vec<u8>>, String> {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(bytes).expect("written");
        header(file.path())
    }

    #[test]
    fn a_header_is_read_stored_or_deflated() {
        let text = b"{\"status\": \"success\"}".repeat(9);
        assert_eq!(read(&archive("header.json", 0, &text)), Ok(Some(text.clone())));
        let mut packed = DeflateEncoder::new(Vec::new(), Compression::default());
        packed.write_all(&text).expect("packed");
        let packed = packed.finish().expect("packed");
        assert_eq!(read(&archive("header.json", 8, &packed)), Ok(Some(text)));
    }

    #[test]
    fn what_is_no_archive_or_a_damaged_one_is_told() {
        assert_eq!(read(b"{}"), Ok(None));
        let whole = archive("header.json", 0, b"{}");
        for cut in 2..whole.len() {
            assert!(read(&whole[..cut]).is_err(), "{cut} bytes");
        }
        assert!(read(&archive("header.json", 93, b"{}")).expect_err("Zstandard").contains("inspect log dump"));
        assert!(read(&archive("_journal/start.json", 0, b"{}")).expect_err("no header").contains("did not end"));
    }
}
