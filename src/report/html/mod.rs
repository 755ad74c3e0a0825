//! A report as one HTML file: words, figures that answer to mouse and keyboard, sortable tables, methods, provenance.
//!
//! The file loads nothing. The plotting library (plotly.js, in `vendor/plotly`), the style and the scripts are inside it,
//! and its content security policy names its own scripts by their SHA-256 and forbids every connection, so that nothing a
//! table contains can run or call home. Names enter the page in two ways: as HTML, escaped by the template engine, and as
//! JSON in a data block, where `<`, `>` and `&` are written `\u003c`, `\u003e` and `\u0026`.
//!
//! A [`Document`] is what the page shows: a fit (from tables, from the folder or the JSON that `onset fit` writes), a
//! reproduction of the paper (from the folder that `onset reproduce` writes), or a study or lab with its fits. docs/report.md describes the page.
//!
//! ```
//! use onset::analysis::fit::FitSettings;
//! use onset::registry::modelset::{ModelSet, Settings};
//! use onset::registry::table::Table;
//! use onset::report::html::Document;
//!
//! let mut text = String::from("model,family,compute,score\n<script>alert(1)</script>,f,1e20,0.25\n");
//! for i in 0..12 {
//!     let x = 20.0 + 0.3 * f64::from(i);
//!     text.push_str(&format!("m{i},f{},{:e},{}\n", i / 3, 10f64.powf(x), 0.25 + 0.1 * (x - 22.0).max(0.0)));
//! }
//! let table = Table::parse(text.as_bytes(), "toys.csv".as_ref(), &[])?;
//! let set = ModelSet::from_tables(&[table], &Settings::default())?;
//! let settings = FitSettings { bootstrap: 99, curve: "hinge".parse()?, ..FitSettings::default() };
//! let page = Document::of_fit(&settings.fit(&set)?, &set).to_html()?;
//! assert!(page.contains("&lt;script&gt;alert(1)&lt;&#x2f;script&gt;") && !page.contains("<script>alert"));
//! # Ok::<(), onset::Error>(())
//! ```

mod agreement;
mod document;
mod fit;
mod glance;
mod input;
mod overview;
mod paper;
mod policy;
mod render;
mod words;

pub use document::Document;
pub(crate) use fit::{Behind, behind as fit_behind};
pub(crate) use input::{Kind, kind};
pub(crate) use render::FitPart;
