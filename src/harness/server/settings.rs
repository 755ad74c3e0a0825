//! How a server is spoken to.

use std::time::Duration;

use serde::{Deserialize, Serialize};

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
    /// Sent as `Authorization: Bearer …`. A secret: it is never written with the other settings.
    #[serde(skip_serializing)]
    pub api_key: Option<String>,
}

/// The environment variable with the key that a server may ask for.
const API_KEY: &str = "ONSET_API_KEY";

impl ServerSettings {
    /// So many requests at one time, and the key in the environment variable `ONSET_API_KEY` if there is one.
    #[must_use]
    pub(crate) fn with_concurrency(concurrency: usize) -> Self {
        let api_key = std::env::var(API_KEY).ok().filter(|key| !key.trim().is_empty());
        Self { concurrency, api_key, ..Self::default() }
    }
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            concurrency: 8,
            attempts: 10,
            timeout: Duration::from_secs(300),
            back_off: Duration::from_millis(500),
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
}
