//! Where scores would emerge without fine-tuning, forecast from models that were fine-tuned on more and more task examples.
//!
//! A long table with scores after numbers of task examples (column `examples`) gives the law of the point of emergence
//! ([`stats::emergence_law`](crate::stats::emergence_law)), its value without any with an interval from drawing families, and
//! beside it the hinge of the scores without examples: the error of the forecast. Then the largest models are held out, and the
//! forecast of the others is put beside the same hinge.
//!
//! ```
//! use onset::analysis::emergence_law::EmergenceLawSettings;
//! use onset::analysis::fit::FitTables;
//! use onset::registry::table::Table;
//!
//! let mut text = String::from("model,family,compute,benchmark,metric,value,adjustment,examples\n");
//! for i in 0..12 {
//!     let x = 20.0 + f64::from(i) / 3.0;
//!     for (d, c) in [(0, 22.5), (100, 22.3), (1000, 21.7), (10000, 21.0)] {
//!         let y = 0.25 + 0.15 * f64::max(0.0, x - c) + 0.004 * f64::from((i * 7 + d) % 3);
//!         let (adjustment, examples) = if d == 0 { ("none", String::new()) } else { ("tuned", d.to_string()) };
//!         text.push_str(&format!("m{i},f{},{},quiz,acc,{y},{adjustment},{examples}\n", i % 6, 10f64.powf(x)));
//!     }
//! }
//! let table = Table::parse(text.as_bytes(), "toys.csv".as_ref(), &[])?;
//! let settings = EmergenceLawSettings { bootstrap: 49, chance: Some(0.25), ..EmergenceLawSettings::default() };
//! let report = settings.of_tables(&FitTables { tables: vec![table], ..FitTables::default() })?;
//! assert!(report.c0.value.is_some_and(|c| (c - 22.5).abs() < 0.4));
//! assert!(report.error.value.is_some() && report.held_out.len() == 2);
//! # Ok::<(), onset::Error>(())
//! ```

mod figure;
mod notes;
mod read;
mod report;
mod run;
mod settings;

pub use figure::figure;
pub use report::{AfterExamples, EmergenceLawReport, EmergencePoint, HeldOut};
pub use settings::EmergenceLawSettings;
