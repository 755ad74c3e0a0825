//! Where a model that a user names lies; and what a name that is no place stands for.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::lm::locate;
use crate::registry::known_models;

/// The folder or file of a model.
///
/// # Errors
/// Those of [`locate`]; [`Error::Argument`] where nothing of this name is here, with what is known of the name.
pub(super) fn model(named: &Path) -> Result<PathBuf> {
    let place = locate(named)?;
    if place.symlink_metadata().is_ok() {
        return Ok(place);
    }
    Err(Error::Argument(absent(named)?))
}

fn absent(named: &Path) -> Result<String> {
    let here = format!("there is no model `{}` here: no folder and no file has this name", named.display());
    let known = known_models()?;
    let Some(model) = named.to_str().and_then(|name| known.known_as(name)) else {
        return Ok(format!("{here}; a model is a folder with config.json and weights, a GGUF file, or hf:ORG/NAME"));
    };
    let billions = |count: f64| count / 1e9;
    let what = format!(
        "{here}. It is known as a model of {} billion parameters, trained on {} billion tokens, released in {} (family {})",
        billions(model.params),
        billions(model.tokens),
        model.release,
        model.family
    );
    Ok(match &model.hf_id {
        Some(id) => {
            let name = id.rsplit('/').next().unwrap_or(id);
            let fetched = if cfg!(feature = "hub") {
                format!("`hf:{id}` fetches it")
            } else {
                format!(
                    "`hf download {id} --local-dir {name}` fetches it, or `hf:{id}` in a program built with `--features hub`"
                )
            };
            format!("{what}. {fetched}")
        }
        None => what,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_name_that_is_no_folder_is_explained() {
        let said = model(Path::new("pythia-70m")).unwrap_err().to_string();
        assert!(said.contains("0.07 billion parameters") && said.contains("EleutherAI/pythia-70m"), "{said}");
        let said = model(Path::new("EleutherAI/pythia-70m")).unwrap_err().to_string();
        assert!(said.contains("300 billion tokens"), "{said}");
        let said = model(Path::new("nobody/knows-this")).unwrap_err().to_string();
        assert!(said.contains("config.json") && !said.contains("billion"), "{said}");
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(model(folder.path()).unwrap(), folder.path());
    }
}
