//! From what a user calls a model to a folder or file on this machine.
//!
//! A path stays what it is. `hf:ORG/NAME` is a model of the Hugging Face hub, `hf:ORG/NAME@REVISION` one of its branches,
//! tags or commits, `hf:ORG/NAME/FILE.gguf` one file of it. With the feature `hub` it is fetched into the folder that all
//! programs share (`$HF_HOME`, or `~/.cache/huggingface`), unless it is there already; without, it is refused.
//!
//! ```
//! use std::path::Path;
//!
//! assert_eq!(onset::lm::locate(Path::new("models/pythia-70m"))?, Path::new("models/pythia-70m"));
//! assert!(onset::lm::locate(Path::new("hf:no/such/model/id")).is_err());
//! # Ok::<(), onset::Error>(())
//! ```

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// What precedes the id of a model of the hub.
const PREFIX: &str = "hf:";

/// The folder or file that `model` names; see the head of this file.
///
/// # Errors
/// [`Error::Argument`] for an id that is none, [`Error::Unsupported`] without the feature `hub`, [`Error::File`] where the
/// hub has no such model, it has no weights that can be read, or it cannot be reached.
pub fn locate(model: &Path) -> Result<PathBuf> {
    match model.to_str().and_then(|text| text.strip_prefix(PREFIX)) {
        Some(id) => fetch(model, &Id::parse(model, id)?),
        None => Ok(model.to_owned()),
    }
}

/// A model of the hub, or one of its files.
#[derive(Debug, PartialEq)]
struct Id {
    /// `ORG/NAME`, or the name alone of the oldest models.
    name: String,
    revision: String,
    file: Option<String>,
}

impl Id {
    fn parse(model: &Path, id: &str) -> Result<Self> {
        let wrong = || {
            let text =
                format!("`{}` is not hf:ORG/NAME, hf:ORG/NAME@REVISION or hf:ORG/NAME/FILE.gguf", model.display());
            Error::Argument(text)
        };
        let (path, revision) = id.split_once('@').unwrap_or((id, "main"));
        let plain = |part: &str| {
            let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            !part.is_empty() && !part.starts_with('.') && part.chars().all(allowed)
        };
        let parts: Vec<&str> = path.split('/').collect();
        if !path.split('/').all(plain) || !revision.split('/').all(plain) {
            return Err(wrong());
        }
        let (name, file) = match parts.as_slice() {
            [name] => ((*name).to_owned(), None),
            [organisation, name] => (format!("{organisation}/{name}"), None),
            [organisation, name, file] if file.ends_with(".gguf") => {
                (format!("{organisation}/{name}"), Some((*file).to_owned()))
            }
            _ => return Err(wrong()),
        };
        Ok(Self { name, revision: revision.to_owned(), file })
    }
}

#[cfg(not(feature = "hub"))]
fn fetch(model: &Path, id: &Id) -> Result<PathBuf> {
    let file = id.file.as_ref().map_or(String::new(), |file| format!("{file} of "));
    Err(Error::Unsupported {
        what: format!("{}: fetching {file}{} ({}) from the hub", model.display(), id.name, id.revision),
        supported: "folders and files on this machine, and the hub in a build with `--features hub`".to_owned(),
    })
}

#[cfg(feature = "hub")]
fn fetch(model: &Path, id: &Id) -> Result<PathBuf> {
    use hf_hub::api::sync::{ApiBuilder, ApiError};
    use hf_hub::{Cache, Repo, RepoType};

    use crate::error::Cause;

    let problem = |problem: String| Error::File { path: model.to_owned(), problem };
    let failed = |what: &str, error: ApiError| Error::Fetch {
        what: format!("{}: {what}", model.display()),
        source: Cause::of(error),
    };
    let repository = Repo::with_revision(id.name.clone(), RepoType::Model, id.revision.clone());
    let api = ApiBuilder::from_env()
        .build()
        .map_err(|error| failed("the hub cannot be asked", error))?
        .repo(repository.clone());
    let get = |name: &str| api.get(name).map_err(|error| failed(&format!("{name} cannot be fetched"), error));
    if let Some(file) = &id.file {
        return get(file);
    }
    let names = match api.info() {
        Ok(info) => info.siblings.into_iter().map(|sibling| sibling.rfilename).collect::<Vec<_>>(),
        Err(error) => {
            // Without a connection, what was fetched before can be used.
            let known = Cache::from_env().repo(repository).get("config.json");
            let folder = known.and_then(|file| Some(file.parent()?.to_owned()));
            return folder.ok_or_else(|| failed("the hub does not answer", error));
        }
    };
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let weights = weights(&names);
    if weights.is_empty() {
        let text = "has no model.safetensors or pytorch_model.bin; a GGUF file is named hf:ORG/NAME/FILE.gguf";
        return Err(problem(text.to_owned()));
    }
    let config = get("config.json")?;
    for name in names.iter().filter(|name| BESIDE.contains(name)).chain(&weights) {
        get(name)?;
    }
    config.parent().map(Path::to_owned).ok_or_else(|| problem("is in no folder".to_owned()))
}

/// Files that belong to a model beside its config and weights.
#[cfg(feature = "hub")]
const BESIDE: &[&str] = &[
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "generation_config.json",
    "chat_template.jinja",
];

/// The weights among the files of a repository: a whole file before its pieces, safetensors before pickles.
#[cfg(any(feature = "hub", test))]
fn weights<'a>(names: &[&'a str]) -> Vec<&'a str> {
    for (stem, ending) in [("model", ".safetensors"), ("pytorch_model", ".bin")] {
        let (whole, index) = (format!("{stem}{ending}"), format!("{stem}{ending}.index.json"));
        if let Some(&name) = names.iter().find(|&&name| name == whole) {
            return vec![name];
        }
        if names.contains(&index.as_str()) {
            let piece = |name: &&str| name.starts_with(&format!("{stem}-")) && name.ends_with(ending) || *name == index;
            return names.iter().copied().filter(|name| piece(name) && !name.contains('/')).collect();
        }
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_the_hub_are_taken_apart() -> Result<()> {
        let parse = |id: &str| Id::parse(Path::new(id), id);
        let id = |name: &str, revision: &str, file: Option<&str>| Id {
            name: name.to_owned(),
            revision: revision.to_owned(),
            file: file.map(str::to_owned),
        };
        assert_eq!(parse("gpt2")?, id("gpt2", "main", None));
        assert_eq!(parse("EleutherAI/pythia-70m@step1000")?, id("EleutherAI/pythia-70m", "step1000", None));
        assert_eq!(parse("org/name/model-Q4_K.gguf")?, id("org/name", "main", Some("model-Q4_K.gguf")));
        for wrong in ["", "/", "a/", "a/b/c", "../a", "a/..", "a/b@", "a b/c", "a/b/c/d.gguf", "a/b@../x"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
        Ok(())
    }

    #[test]
    fn whole_safetensors_are_preferred_to_pieces_and_to_pickles() {
        let pieces = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];
        let index = "model.safetensors.index.json";
        let all = [pieces[0], pieces[1], index, "pytorch_model.bin", "config.json", "onnx/model-1.safetensors"];
        assert_eq!(weights(&all), [pieces[0], pieces[1], index]);
        assert_eq!(weights(&["pytorch_model.bin", "model.safetensors", index]), ["model.safetensors"]);
        assert_eq!(weights(&["pytorch_model.bin", "flax_model.msgpack"]), ["pytorch_model.bin"]);
        assert!(weights(&["model.gguf"]).is_empty());
    }

    #[cfg(not(feature = "hub"))]
    #[test]
    fn without_the_feature_the_hub_is_refused_by_name() {
        let error = locate(Path::new("hf:EleutherAI/pythia-70m")).expect_err("nothing can be fetched").to_string();
        assert!(error.contains("hf:EleutherAI/pythia-70m") && error.contains("--features hub"), "{error}");
    }
}
