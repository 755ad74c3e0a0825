//! Packs the large tables of `data/` and the plotting library of pages, which the program carries with it, so that it is a
//! tenth smaller.

use std::error::Error;
use std::fs;
use std::io::Write;
use std::path::PathBuf;

use flate2::Compression;
use flate2::write::GzEncoder;

/// Files that are read from their packed form, and what that is called.
const PACKED: [(&str, &str); 5] = [
    ("data/evaluations.csv", "evaluations.csv.gz"),
    ("data/mmlu_correct.csv", "mmlu_correct.csv.gz"),
    ("data/mmlu_brier.csv", "mmlu_brier.csv.gz"),
    ("data/train-before-test/evaluations.csv", "train-before-test_evaluations.csv.gz"),
    ("vendor/plotly/plotly-basic.min.js", "plotly-basic.min.js.gz"),
];

fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    for (path, name) in PACKED {
        println!("cargo:rerun-if-changed={path}");
        // The header of such a file says no time: the same file gives the same bytes.
        let mut packed = GzEncoder::new(Vec::new(), Compression::best());
        packed.write_all(&fs::read(path)?)?;
        fs::write(out.join(name), packed.finish()?)?;
    }
    Ok(())
}
