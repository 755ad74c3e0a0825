//! How a server is spoken to.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::serial::read_by_name;

/// Which of its two ways a server is asked in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ServerApi {
    /// `completions`: prompts as they are, and the probabilities of their tokens.
    #[default]
    Completions,
    /// `chat/completions`: turns that the server wraps in the model's own template. Answers are written; no probabilities.
    Chat,
}

impl ServerApi {
    /// The name in options and files.
    fn name(self) -> &'static str {
        match self {
            Self::Completions => "completions",
            Self::Chat => "chat",
        }
    }
}

read_by_name!(ServerApi, "way to ask a server", [ServerApi::Completions, ServerApi::Chat]);

/// How a server is spoken to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerSettings {
    /// Requests under way at one time, at least 1.
    pub concurrency: usize,
    /// How often one request is tried before it counts as failed, at least 1.
    pub attempts: u32,
    /// How long one try may take, from the connection to the last byte.
    pub timeout: Duration,
    /// Pause after the first failed try; it doubles with every further one, up to a minute.
    pub back_off: Duration,
    /// Which of its two ways it is asked in.
    pub api: ServerApi,
    /// A PEM file with the certificates of the authorities that are trusted; those of the system where `None`.
    pub certificates: Option<PathBuf>,
    /// Sent as `Authorization: Bearer …`. A secret: it is never written with the other settings.
    #[serde(skip_serializing)]
    pub api_key: Option<String>,
}

/// The environment variable with the key that a server may ask for.
#[cfg(feature = "models")]
const API_KEY: &str = "ONSET_API_KEY";

impl ServerSettings {
    /// With the key in `file`, or else in the environment variable `ONSET_API_KEY` if there is one.
    ///
    /// # Errors
    /// [`Error::Read`], and [`Error::File`] for a file that holds no key or more than a line.
    #[cfg(feature = "models")]
    pub(crate) fn keyed(self, file: Option<&Path>) -> Result<Self> {
        let api_key = match file {
            Some(path) => {
                let text = std::fs::read_to_string(path).map_err(Error::read(path))?;
                let key = text.trim();
                // What the file holds is shown to nobody.
                if key.is_empty() || key.contains(|c: char| c.is_whitespace() || c.is_control()) {
                    let problem = "must hold one key and nothing else".to_owned();
                    return Err(Error::File { path: path.to_owned(), problem });
                }
                Some(key.to_owned())
            }
            None => std::env::var(API_KEY).ok().map(|key| key.trim().to_owned()).filter(|key| !key.is_empty()),
        };
        Ok(Self { api_key, ..self })
    }
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            concurrency: 8,
            attempts: 10,
            timeout: Duration::from_secs(300),
            back_off: Duration::from_millis(500),
            api: ServerApi::default(),
            certificates: None,
            api_key: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_but_never_written() {
        let settings: ServerSettings = serde_json::from_str(r#"{"concurrency": 2, "api_key": "secret"}"#).unwrap();
        assert_eq!((settings.concurrency, settings.api_key.as_deref()), (2, Some("secret")));
        assert!(!serde_json::to_string(&settings).unwrap().contains("secret"));
    }

    #[cfg(feature = "models")]
    #[test]
    fn a_file_with_a_key_holds_nothing_else_and_is_not_shown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, "sk-file\n").unwrap();
        let settings = ServerSettings::default().keyed(Some(&path)).unwrap();
        assert_eq!(settings.api_key.as_deref(), Some("sk-file"));
        for wrong in ["", "\n", "sk-one\nsk-two", "name sk-one"] {
            std::fs::write(&path, wrong).unwrap();
            let error = ServerSettings::default().keyed(Some(&path)).unwrap_err().to_string();
            assert!(error.contains("one key") && !error.contains("sk-"), "{error}");
        }
    }
}
