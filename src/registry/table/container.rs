//! Files that hold a table in a form of another program: what is packed is unpacked, and what is not read is named.

use std::borrow::Cow;
use std::io::Read;

use flate2::read::MultiGzDecoder;

use crate::bounds::Bound;

/// What stands first in files that are neither text, nor a workbook, nor Parquet; what they are; and what helps.
const OTHERS: [(&[u8], &str, &str); 17] = [
    (b"BZh", "compressed by bzip2", "unpack it (bunzip2)"),
    (b"\xfd7zXZ\0", "compressed by xz", "unpack it (unxz)"),
    (b"\x28\xb5\x2f\xfd", "compressed by zstd", "unpack it (unzstd)"),
    (b"ARROW1", "an Arrow or Feather file", "write it as CSV (pandas: `pd.read_feather(…).to_csv(…)`)"),
    (b"\xff\xff\xff\xff", "an Arrow stream", "write it as CSV"),
    (b"SQLite format 3\0", "an SQLite database", "write the table as CSV (`sqlite3 -header -csv FILE 'SELECT …'`)"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file", "write the table as CSV (pandas: `pd.read_hdf(…).to_csv(…)`)"),
    (b"RDX", "a file of R", "write the table as CSV (`write.csv(…, row.names = FALSE)`)"),
    (b"X\n\0\0", "a file of R", "write the table as CSV (`write.csv(…, row.names = FALSE)`)"),
    (b"<stata_dta>", "a file of Stata", "write the table as CSV (`export delimited`)"),
    (b"r\x01\x01\0", "a file of Stata", "write the table as CSV (`export delimited`)"),
    (b"r\x02\x01\0", "a file of Stata", "write the table as CSV (`export delimited`)"),
    (b"s\x01\x01\0", "a file of Stata", "write the table as CSV (`export delimited`)"),
    (b"s\x02\x01\0", "a file of Stata", "write the table as CSV (`export delimited`)"),
    (b"$FL2", "a file of SPSS", "write the table as CSV"),
    (b"\x80\x04", "a pickle of Python", "write the table as CSV (pandas: `pd.read_pickle(…).to_csv(…)`)"),
    (b"\x80\x05", "a pickle of Python", "write the table as CSV (pandas: `pd.read_pickle(…).to_csv(…)`)"),
];

/// The bytes, unpacked where gzip has packed them.
///
/// # Errors
/// A sentence for a packed file that is damaged or larger than [`Bound::TableBytes`], and for a file of another program.
pub(crate) fn unpacked(bytes: &[u8]) -> Result<Cow<'_, [u8]>, String> {
    let bytes = if bytes.starts_with(b"\x1f\x8b") { Cow::Owned(gunzip(bytes)?) } else { Cow::Borrowed(bytes) };
    if is_archive(&bytes) {
        return Err("it is a zip archive and no workbook; unpack it and name the table in it".to_owned());
    }
    match OTHERS.iter().find(|(first, ..)| bytes.starts_with(first)) {
        Some((_, what, help)) => Err(format!("it is {what}, which is not read; {help}")),
        None => Ok(bytes),
    }
}

/// Refuses text that is a document with marks instead of a table.
///
/// # Errors
/// A sentence that says what it is.
pub(super) fn plain(text: &str) -> Result<&str, String> {
    let head: String = text.trim_start().chars().take(9).collect::<String>().to_ascii_lowercase();
    let of = |marks: &[&str]| marks.iter().any(|mark| head.starts_with(mark));
    match (of(&["<!doctype", "<html", "<table", "<head", "<body"]), of(&["<?xml"])) {
        (true, _) => Err("it is a web page (HTML), which is not read; write the table as CSV (pandas: \
                          `pd.read_html(…)[0].to_csv(…)`), or download the file that the page shows"
            .into()),
        (_, true) => Err("it is XML, which is not read; write the table as CSV or as a workbook (.xlsx)".into()),
        _ => Ok(text),
    }
}

/// Whether it is a zip archive whose first file is none that a workbook begins with.
fn is_archive(bytes: &[u8]) -> bool {
    let Some(header) = bytes.strip_prefix(b"PK\x03\x04").and_then(|rest| rest.first_chunk::<26>()) else {
        return false;
    };
    let length = usize::from(u16::from_le_bytes([header[22], header[23]]));
    let first = bytes.get(30..30 + length).unwrap_or_default();
    let of_workbooks: [&[u8]; 8] =
        [b"[Content_Types]", b"_rels/", b"docProps/", b"xl/", b"mimetype", b"META-INF/", b"content.xml", b"customXml/"];
    !of_workbooks.iter().any(|name| first.starts_with(name))
}

fn gunzip(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let most = Bound::TableBytes.get();
    let mut unpacked = Vec::new();
    let read = MultiGzDecoder::new(bytes).take(most.saturating_add(1)).read_to_end(&mut unpacked);
    read.map_err(|error| format!("it is compressed by gzip and damaged ({error})"))?;
    if unpacked.len() as u64 > most {
        return Err(Bound::TableBytes.exceeded());
    }
    Ok(unpacked)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::{plain, unpacked};

    #[test]
    fn documents_with_marks_and_files_of_stata_are_named() {
        for page in ["<!DOCTYPE html><html>", "  \n<table><tr>", "<HTML>"] {
            assert!(plain(page).unwrap_err().contains("web page"), "{page}");
        }
        assert!(plain("<?xml version=\"1.0\"?><Workbook>").unwrap_err().contains("XML"));
        assert!(plain("<model>,score\na,1\n").is_ok());
        assert!(unpacked(b"r\x02\x01\0\0\0").unwrap_err().contains("Stata"));
    }

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn what_gzip_packed_is_read_and_a_damaged_file_is_refused() {
        let text = b"model,score\na,0.5\n";
        assert_eq!(*unpacked(&packed(text)).unwrap(), *text);
        // Two files one after the other are one.
        assert_eq!(*unpacked(&[packed(b"model,score\n"), packed(b"a,0.5\n")].concat()).unwrap(), *text);
        assert_eq!(*unpacked(text).unwrap(), *text);
        let whole = packed(text);
        let said = unpacked(&whole[..whole.len() - 6]).unwrap_err();
        assert!(said.starts_with("it is compressed by gzip and damaged"), "{said}");
    }

    #[test]
    fn files_of_other_programs_are_named() {
        for (bytes, what) in [
            (b"SQLite format 3\0\x10".to_vec(), "an SQLite database"),
            (b"ARROW1\0\0".to_vec(), "Arrow"),
            (packed(b"RDX3\nX\n"), "a file of R"),
            (b"\x80\x04\x95".to_vec(), "a pickle"),
        ] {
            let said = unpacked(&bytes).unwrap_err();
            assert!(said.contains(what) && said.contains("CSV"), "{said}");
        }
        let archive = [b"PK\x03\x04".as_slice(), &[0; 22], &[5, 0, 0, 0], b"e.csv"].concat();
        assert!(unpacked(&archive).unwrap_err().contains("zip archive"));
        let workbook = [b"PK\x03\x04".as_slice(), &[0; 22], &[6, 0, 0, 0], b"xl/a.x"].concat();
        assert!(unpacked(&workbook).is_ok());
        // A Latin-1 text that begins with such a letter is no pickle.
        assert!(unpacked(b"\x80,a\n").is_ok());
    }
}
