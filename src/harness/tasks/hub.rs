//! Data sets of the Hugging Face hub, fetched into the folder that all programs share (`$HF_HOME`, or
//! `~/.cache/huggingface`) unless they are there already. With the Cargo feature `hub`; without, they are refused.

use std::path::PathBuf;

use crate::error::{Error, Result};

/// A data set of the hub, one of its parts, and a branch, tag or commit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source<'a> {
    pub dataset: &'a str,
    pub part: Option<&'a str>,
    pub revision: Option<&'a str>,
}

#[cfg(not(feature = "hub"))]
impl Source<'_> {
    /// The files that hold a split.
    pub(crate) fn fetch(self, _split: &str) -> Result<Vec<PathBuf>> {
        Err(Error::Argument(format!(
            "the data set `{}`{} ({}) is not on this machine; name the folder that holds it with --data (docs/tasks.md \
             has the layouts), or build with `--features hub`",
            self.dataset,
            self.part.map_or(String::new(), |part| format!(", `{part}`")),
            self.revision.unwrap_or("main"),
        )))
    }
}

#[cfg(feature = "hub")]
impl Source<'_> {
    /// The files that hold a split.
    ///
    /// # Errors
    /// [`Error::Argument`] where the data set has no such split, [`Error::Fetch`] where the hub has no such data set or
    /// cannot be reached.
    pub(crate) fn fetch(self, split: &str) -> Result<Vec<PathBuf>> {
        use hf_hub::api::sync::{ApiBuilder, ApiError};
        use hf_hub::{Cache, Repo, RepoType};

        use crate::error::Cause;

        use super::repository::{CARD, ENDINGS, Repository};

        let wrong = |problem: String| Error::Argument(format!("the data set `{}`: {problem}", self.dataset));
        let failed = |what: &str, error: ApiError| Error::Fetch {
            what: format!("the data set `{}`: {what}", self.dataset),
            source: Cause::of(error),
        };
        let revision = self.revision.unwrap_or("main").to_owned();
        let place = Repo::with_revision(self.dataset.to_owned(), RepoType::Dataset, revision);
        let builder = ApiBuilder::from_env().with_progress(false);
        let api = builder.build().map_err(|error| failed("the hub cannot be asked", error))?.repo(place.clone());
        let get = |name: &str| api.get(name).map_err(|error| failed(&format!("{name} cannot be fetched"), error));
        let repository = match api.info() {
            Ok(info) => {
                let files: Vec<String> = info.siblings.into_iter().map(|file| file.rfilename).collect();
                let card = files.iter().any(|file| file == CARD).then(|| get(CARD)).transpose()?;
                let card = card.map(|path| std::fs::read_to_string(&path).map_err(Error::read(&path))).transpose()?;
                Repository::new(files, card.as_deref())
            }
            Err(error) => {
                // Without a connection, what was fetched before can be used: the card was, if there is one.
                let known = Cache::from_env().repo(place).get(CARD).and_then(|card| Some(card.parent()?.to_owned()));
                let folder = known.ok_or_else(|| failed("the hub does not answer", error))?;
                Repository::at(&folder)?
            }
        };
        let files = repository.split(self.part, split);
        if files.is_empty() {
            let part = self.part.map_or(String::new(), |part| format!(" of `{part}`"));
            return Err(wrong(format!(
                "has no files of split `{split}`{part} in a format that is read ({})",
                ENDINGS.join(", ")
            )));
        }
        files.into_iter().map(get).collect()
    }
}
