//! What a file or a server may cost before it is refused.
//!
//! Files of models and tasks come from anywhere. Each [`Bound`] has a default that everything published stays far below; what
//! exceeds it is refused with the bound's name (a fit takes fewer replicates instead), and whoever trusts the file raises it by `--bound NAME=NUMBER` or
//! [`Bound::set`]. The values are those of the whole process, as what they protect is.

mod guard;

use std::sync::atomic::{AtomicU64, Ordering};

pub(crate) use guard::{elsewhere, hide_caught_panics, survive};

macro_rules! bounds {
    ($($variant:ident, $name:literal, $default:expr, $what:literal;)*) => {
        /// What is bounded. `Bound::ALL` lists them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Bound {
            $(#[doc = concat!("How many: ", $what, ".")] $variant,)*
        }

        impl Bound {
            /// Every bound.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Its name on the command line.
            #[must_use]
            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// Its value where nothing else is said.
            #[must_use]
            pub fn default_value(self) -> u64 {
                match self { $(Self::$variant => $default),* }
            }

            /// What it counts.
            #[must_use]
            pub(crate) fn what(self) -> &'static str {
                match self { $(Self::$variant => $what),* }
            }
        }

        static VALUES: [AtomicU64; Bound::ALL.len()] = [$(AtomicU64::new($default)),*];
    };
}

bounds! {
    YamlBytes, "yaml-bytes", 4 << 20, "bytes of a task file";
    YamlDepth, "yaml-depth", 64, "levels of lists and mappings in a task file";
    YamlValues, "yaml-values", 200_000, "values of a task file with all that it includes and repeats";
    YamlFiles, "yaml-files", 200, "files that a task file includes, directly or through others";
    TemplateBytes, "template-bytes", 256 << 10, "bytes of a template";
    TemplateSteps, "template-steps", 1_000_000, "steps of one rendering of a template; 64 bytes of data cost one";
    TemplateSeconds, "template-seconds", 60, "seconds of one rendering of a template";
    TemplateCalls, "template-calls", 100, "macros of a template that call one another";
    ConfigBytes, "config-bytes", 64 << 20, "bytes of config.json and of the other settings beside a model";
    TokenizerBytes, "tokenizer-bytes", 256 << 20, "bytes of tokenizer.json";
    TokenizerGrowth, "tokenizer-growth", 1_000, "times that the normalizers of tokenizer.json may lengthen a text";
    PickleBytes, "pickle-bytes", 64 << 20, "bytes of the pickle in a PyTorch file, without the tensors";
    PickleDepth, "pickle-depth", 100, "levels of objects in such a pickle";
    PickleValues, "pickle-values", 4_000_000, "objects of such a pickle, each time that it is used";
    AnswerBytes, "answer-bytes", 64 << 20, "bytes of a server's answer";
    AnswerValues, "answer-values", 1_000_000, "values in a server's answer";
    AnswerHeaderBytes, "answer-header-bytes", 64 << 10, "bytes of the headers of a server's answer";
    TableBytes, "table-bytes", 1 << 30, "bytes of a compressed table once it is unpacked";
    Redirects, "redirects", 0, "redirections of a server that are followed";
    FitDraws, "fit-draws", 10_000_000, "models in all replicates of a bootstrap of a fit together, which takes fewer then, and says so";
    WorkbookBytes, "workbook-bytes", 512 << 20, "bytes of a workbook once it is unpacked, and of the texts of its cells";
    WorkbookCells, "workbook-cells", 10_000_000, "cells of the sheets of a workbook, with the empty ones between them";
}

impl Bound {
    /// The value that holds.
    #[must_use]
    pub(crate) fn get(self) -> u64 {
        VALUES[self as usize].load(Ordering::Relaxed)
    }

    /// The same as a size in memory.
    pub(crate) fn size(self) -> usize {
        usize::try_from(self.get()).unwrap_or(usize::MAX)
    }

    /// Sets the value for the whole process.
    pub fn set(self, value: u64) {
        VALUES[self as usize].store(value, Ordering::Relaxed);
    }

    /// What `NAME=NUMBER` says.
    ///
    /// # Errors
    /// A sentence that lists the names there are.
    pub(crate) fn parse(text: &str) -> Result<(Self, u64), String> {
        let (name, value) = text.split_once('=').unwrap_or((text, ""));
        let Some(bound) = Self::ALL.iter().find(|bound| bound.name() == name) else {
            let names: Vec<&str> = Self::ALL.iter().map(|bound| bound.name()).collect();
            return Err(format!("there is no bound `{name}`; there are: {}", names.join(", ")));
        };
        let value = value.replace('_', "").parse().map_err(|_| format!("`{value}` is no whole number"))?;
        Ok((*bound, value))
    }

    /// The options that give another process the same bounds, each with a space before it.
    #[cfg(feature = "models")]
    pub(crate) fn options() -> String {
        let changed = Self::ALL.iter().filter(|bound| bound.get() != bound.default_value());
        changed.map(|bound| format!(" --bound {}={}", bound.name(), bound.get())).collect()
    }

    /// Refuses more than the bound: what there is too much of, and how to allow it.
    pub(crate) fn exceeded(self) -> String {
        let (name, most) = (self.name(), self.get());
        format!("exceeds the bound {name} ({}, at most {most}); `--bound {name}=NUMBER` raises it", self.what())
    }

    /// Fails where `have` is more than the bound.
    pub(crate) fn check(self, have: usize) -> Result<(), String> {
        if have as u64 > self.get() { Err(self.exceeded()) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_is_read_by_its_name() {
        assert_eq!(Bound::parse("yaml-depth=1_000"), Ok((Bound::YamlDepth, 1_000)));
        assert!(Bound::parse("yaml-deep=1").unwrap_err().contains("yaml-depth"));
        assert!(Bound::parse("yaml-depth").is_err() && Bound::parse("yaml-depth=-1").is_err());
    }

    #[test]
    fn the_page_on_security_lists_every_bound() {
        let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/SECURITY.md")).expect("there");
        for bound in Bound::ALL {
            let row = format!("| `{}` | {} | {} |", bound.name(), bound.default_value(), bound.what());
            assert!(page.contains(&row), "SECURITY.md lacks: {row}");
        }
    }
}
