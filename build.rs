//! Packs the large tables of `data/`, which the program carries with it, so that it is a tenth smaller.

use std::error::Error;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

/// Files of `data/` that are read from their packed form.
const TABLES: [&str; 4] =
    ["evaluations.csv", "mmlu_correct.csv", "mmlu_brier.csv", "train-before-test/evaluations.csv"];

fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    for name in TABLES {
        let path = Path::new("data").join(name);
        println!("cargo:rerun-if-changed={}", path.display());
        // The header of such a file says no time: the same table gives the same bytes.
        let mut packed = GzEncoder::new(Vec::new(), Compression::best());
        packed.write_all(&fs::read(&path)?)?;
        fs::write(out.join(format!("{}.gz", name.replace('/', "_"))), packed.finish()?)?;
    }
    Ok(())
}
