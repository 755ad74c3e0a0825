//! Files of models, read piece by piece and never mapped: a file that another program shortens or replaces meanwhile is an
//! error with its name, where a mapping would end the program. What is no file (a FIFO, a device) is refused before it is
//! opened, since opening could wait for ever.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::bounds::Bound;
use crate::error::{Error, Result};

/// An opened file of a model.
#[derive(Debug)]
pub(crate) struct Source {
    path: PathBuf,
    file: File,
    length: u64,
}

/// Multiple of an address at which every number may start.
const ALIGNMENT: usize = 16;

/// Bytes that start at an address for any kind of number.
#[derive(Debug)]
pub(crate) struct Aligned {
    bytes: Vec<u8>,
    from: usize,
}

impl std::ops::Deref for Aligned {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[self.from..]
    }
}

impl Source {
    /// # Errors
    /// [`Error::Read`], and [`Error::File`] for what is no file.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let data = std::fs::metadata(path).map_err(Error::read(path))?;
        if !data.is_file() {
            let what = if data.is_dir() { "is a folder" } else { "is a FIFO, a device or a socket" };
            return Err(Error::File { path: path.to_owned(), problem: format!("{what}; a model is made of files") });
        }
        let file = File::open(path).map_err(Error::read(path))?;
        let length = file.metadata().map_err(Error::read(path))?.len();
        Ok(Self { path: path.to_owned(), file, length })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes of the file when it was opened.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// These bytes of the file.
    ///
    /// # Errors
    /// [`Error::Read`], and [`Error::File`] where the file has become shorter.
    pub(crate) fn bytes(&self, range: &Range<usize>) -> Result<Aligned> {
        let mut bytes = vec![0; range.len() + ALIGNMENT];
        let from = bytes.as_ptr().align_offset(ALIGNMENT).min(ALIGNMENT);
        bytes.truncate(from + range.len());
        let mut file = &self.file;
        let read = file.seek(SeekFrom::Start(range.start as u64)).and_then(|_| file.read_exact(&mut bytes[from..]));
        match read {
            Ok(()) => Ok(Aligned { bytes, from }),
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Err(Error::File {
                path: self.path.clone(),
                problem: format!(
                    "had {} bytes and became shorter while it was read; wait until it is whole",
                    self.length
                ),
            }),
            Err(error) => Err(Error::read(&self.path)(error)),
        }
    }

    /// The first bytes of the file, at most so many.
    pub(crate) fn head(&self, most: u64) -> Result<Aligned> {
        self.bytes(&(0..usize::try_from(self.length.min(most)).unwrap_or(usize::MAX)))
    }
}

/// All bytes of a file of a model, which is no longer than a bound.
///
/// # Errors
/// As [`Source::open`], and [`Error::File`] that names the bound.
pub(crate) fn read(path: &Path, bound: Bound) -> Result<Vec<u8>> {
    let source = Source::open(path)?;
    let length = usize::try_from(source.length).unwrap_or(usize::MAX);
    bound.check(length).map_err(|problem| Error::File { path: path.to_owned(), problem })?;
    Ok(source.bytes(&(0..length))?.to_vec())
}

/// The same as text.
///
/// # Errors
/// As [`read`], and [`Error::Malformed`] for bytes that are not UTF-8.
pub(crate) fn read_text(path: &Path, bound: Bound) -> Result<String> {
    String::from_utf8(read(path, bound)?).map_err(Error::malformed(path, "is not UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_becomes_shorter_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("weights");
        std::fs::write(&path, [7; 100_000]).expect("written");
        let source = Source::open(&path).expect("opened");
        let bytes = source.bytes(&(3..99_999)).expect("read");
        assert!(bytes.len() == 99_996 && (bytes.as_ptr() as usize).is_multiple_of(ALIGNMENT));
        File::options().write(true).open(&path).and_then(|file| file.set_len(10)).expect("cut");
        assert!(source.bytes(&(0..11)).unwrap_err().to_string().contains("became shorter"));
        assert_eq!(source.bytes(&(0..10)).expect("read").len(), 10);
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_file_is_refused_and_not_waited_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("model.safetensors");
        let name = std::ffi::CString::new(path.to_str().expect("UTF-8")).expect("no zero");
        // SAFETY: the name is a text that ends in zero and outlives the call.
        assert_eq!(unsafe { libc::mkfifo(name.as_ptr(), 0o600) }, 0);
        assert!(Source::open(&path).unwrap_err().to_string().contains("FIFO"));
        assert!(Source::open(Path::new("/dev/zero")).is_err() && Source::open(folder.path()).is_err());
        assert!(read(&path, Bound::TokenizerBytes).is_err());
    }
}
