//! Which files of a data set's repository hold a split: what its card says, else what its files are called.
//!
//! A repository is what the hub holds of a data set, and what a download of it leaves in a folder. Its card is the head of
//! `README.md`; `configs` there names the files of each part and split, with globs. Without, a split of a part is looked
//! for under the names of [`stems`], in one file or in pieces (`test-00000-of-00002.parquet`).

use std::path::{Path, PathBuf};

use super::glob;
use super::node::{Content, Node};
use super::yaml;
use crate::error::{Error, Result};

/// The file that holds a card.
pub(super) const CARD: &str = "README.md";

/// Endings of files with documents, the ones preferred first.
pub(super) const ENDINGS: [&str; 5] = ["jsonl", "json", "parquet", "csv", "tsv"];

/// A split's other names in file names.
const OTHER_NAMES: [(&str, &[&str]); 2] = [("validation", &["val", "valid", "dev"]), ("test", &["testing"])];

/// The files of a data set.
#[derive(Debug, Clone)]
pub(super) struct Repository {
    /// Their paths in it, with `/` between folders, sorted.
    files: Vec<String>,
    card: Option<Node>,
}

impl Repository {
    /// Of these files, and the text of the card where there is one. A card that cannot be read says nothing.
    pub(crate) fn new(mut files: Vec<String>, card: Option<&str>) -> Self {
        files.sort();
        let head = |text: &str| Some(text.strip_prefix("---\n")?.split("\n---").next()?.to_owned());
        let card = card.and_then(|text| head(&text.replace("\r\n", "\n")));
        Self { files, card: card.and_then(|card| yaml::parse(Path::new(CARD), &card).ok()) }
    }

    /// Of a folder.
    ///
    /// # Errors
    /// [`Error::Read`].
    pub(crate) fn at(folder: &Path) -> Result<Self> {
        let mut files = Vec::new();
        list(folder, "", &mut files)?;
        let path = folder.join(CARD);
        // A card that is there and cannot be read says which files are which: it is not one that is missing.
        let card = match std::fs::read(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            read => Some(read.map_err(Error::read(&path))?),
        };
        Ok(Self::new(files, card.as_deref().map(String::from_utf8_lossy).as_deref()))
    }

    /// The files of a split of the part `name`, in order; none where there are none.
    pub(crate) fn split(&self, name: Option<&str>, split: &str) -> Vec<&str> {
        let patterns = self.patterns(name, split);
        let matches = |file: &&String| patterns.iter().any(|pattern| glob::matches(pattern, file));
        let named: Vec<&str> = self.files.iter().filter(matches).map(String::as_str).collect();
        if !named.is_empty() {
            return named;
        }
        for stem in stems(name, split) {
            for ending in ENDINGS {
                let found: Vec<&str> =
                    self.files.iter().map(String::as_str).filter(|file| holds(file, &stem, ending)).collect();
                if !found.is_empty() {
                    return found;
                }
            }
        }
        Vec::new()
    }

    /// What the card says of a split.
    fn patterns(&self, name: Option<&str>, split: &str) -> Vec<String> {
        let configs = match self.card.as_ref().and_then(|card| card.get("configs")).map(|node| &node.content) {
            Some(Content::List(configs)) => configs.as_slice(),
            _ => &[],
        };
        let called =
            |config: &&Node, name: &str| config.get("config_name").is_some_and(|node| node.value().python() == name);
        let default = |config: &&Node| config.get("default").is_some_and(|node| matches!(node.flag(), Ok(true)));
        let config = match (name, configs) {
            (Some(name), _) => configs.iter().find(|config| called(config, name)),
            (None, [only]) => Some(only),
            (None, _) => configs.iter().find(default).or_else(|| configs.iter().find(|c| called(c, "default"))),
        };
        let Some(files) = config.and_then(|config| config.get("data_files")) else { return Vec::new() };
        let folder = config.and_then(|config| config.get("data_dir")).and_then(|node| node.text().ok());
        let paths = |node: &Node| node.texts().unwrap_or_default();
        let patterns = match &files.content {
            Content::List(entries) if entries.iter().any(|entry| entry.get("path").is_some()) => {
                let of_split = |entry: &&Node| entry.get("split").is_some_and(|node| node.value().python() == split);
                entries.iter().filter(of_split).filter_map(|entry| entry.get("path")).flat_map(paths).collect()
            }
            _ if split == "train" => paths(files),
            _ => Vec::new(),
        };
        let placed = |path: String| folder.map_or_else(|| path.clone(), |folder| format!("{folder}/{path}"));
        patterns.into_iter().map(placed).collect()
    }
}

/// What the file of a split may be called, without its ending.
pub(super) fn stems(name: Option<&str>, split: &str) -> Vec<String> {
    let others = OTHER_NAMES.iter().find(|(known, _)| *known == split).map_or(&[][..], |(_, others)| others);
    let mut stems = Vec::new();
    for split in std::iter::once(&split).chain(others) {
        match name {
            Some(name) => {
                stems.extend([format!("{name}/{split}"), format!("{name}-{split}"), format!("{split}/{name}")]);
                stems.push(format!("data/{name}/{split}"));
            }
            None => stems.extend([(*split).to_owned(), format!("data/{split}")]),
        }
    }
    // A part in a single file has no splits.
    stems.extend(name.filter(|_| split == "train").map(str::to_owned));
    stems
}

/// Whether a file is called so, or is a piece of what is.
fn holds(file: &str, stem: &str, ending: &str) -> bool {
    let rest = file.strip_prefix(stem).and_then(|rest| rest.strip_suffix(ending)?.strip_suffix('.'));
    rest.is_some_and(|rest| {
        let piece = |rest: &str| {
            let (at, of) = rest.split_once("-of-")?;
            let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            // The hub's own conversions end in a hash.
            Some(number(at) && number(of.split('-').next()?))
        };
        rest.is_empty() || rest.strip_prefix('-').and_then(piece) == Some(true)
    })
}

/// Files below a folder, hidden ones aside.
fn list(folder: &Path, above: &str, found: &mut Vec<String>) -> Result<()> {
    for entry in std::fs::read_dir(folder).map_err(Error::read(folder))? {
        let path: PathBuf = entry.map_err(Error::read(folder))?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()).filter(|name| !name.starts_with('.')) else {
            continue;
        };
        if path.is_dir() {
            list(&path, &format!("{above}{name}/"), found)?;
        } else {
            found.push(format!("{above}{name}"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository(files: &[&str], card: Option<&str>) -> Repository {
        Repository::new(files.iter().map(|file| (*file).to_owned()).collect(), card)
    }

    #[test]
    fn a_card_says_which_files_hold_a_split() {
        let card = "---\nlicense: mit\nconfigs:\n- config_name: anatomy\n  data_files:\n  - split: test\n    path: \
                    anatomy/test-*\n  - split: dev\n    path: [other/dev.csv]\n- config_name: all\n  data_files: \
                    all/*.parquet\n  default: true\n---\n# MMLU\n";
        let files = [
            "anatomy/test-00001-of-00002.parquet",
            "anatomy/test-00000-of-00002.parquet",
            "other/dev.csv",
            "anatomy/dev-00000-of-00001.parquet",
            "all/a.parquet",
            "README.md",
        ];
        let hub = repository(&files, Some(card));
        assert_eq!(hub.split(Some("anatomy"), "test"), [files[1], files[0]]);
        assert_eq!(hub.split(Some("anatomy"), "dev"), ["other/dev.csv"]);
        assert_eq!(hub.split(None, "train"), ["all/a.parquet"]);
        assert!(hub.split(Some("anatomy"), "train").is_empty());
    }

    #[test]
    fn without_a_card_names_say_it() {
        let hub = repository(
            &[
                "main/test-00000-of-00001.parquet",
                "main/train.jsonl",
                "main/train.csv",
                "data/val-00000-of-00001-ab12.parquet",
                "data/validation_notes.json",
                "gpqa_main.csv",
                "test/part.json",
                "main/test-hard.parquet",
            ],
            None,
        );
        assert_eq!(hub.split(Some("main"), "test"), ["main/test-00000-of-00001.parquet"]);
        assert_eq!(hub.split(Some("main"), "train"), ["main/train.jsonl"]);
        assert_eq!(hub.split(None, "validation"), ["data/val-00000-of-00001-ab12.parquet"]);
        assert_eq!(hub.split(Some("gpqa_main"), "train"), ["gpqa_main.csv"]);
        assert_eq!(hub.split(Some("part"), "test"), ["test/part.json"]);
        assert!(hub.split(Some("main"), "dev").is_empty());
    }
}
