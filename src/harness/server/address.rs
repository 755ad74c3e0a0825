//! Addresses of servers: what may stand in one, and what of it may be shown.

use crate::error::{Error, Result};

/// The address below which `completions` is, from one with or without `/v1`.
///
/// # Errors
/// [`Error::Argument`] for text that is no address or more than one, [`Error::Unsupported`] for `https` in a program built
/// without it.
pub(crate) fn address(url: &str) -> Result<String> {
    // What follows is no part of an address, may be a key, and would end up in the middle of the path.
    if url.contains(['?', '#']) {
        let said = "the address of a server has no `?` and no `#`; a key is given as ONSET_API_KEY, such signs of a password as %3F \
                    and %23";
        return Err(Error::Argument(said.into()));
    }
    let trimmed = url.trim_end_matches('/');
    let encrypted = trimmed.strip_prefix("https://");
    if encrypted.is_some() && !cfg!(feature = "https") {
        return Err(Error::Unsupported {
            what: format!("{}: encryption", without_password(url)),
            supported:
                "http:// (a program built with the feature `https` speaks it; a tunnel such as `ssh -L` makes a \
                        distant server local)"
                    .into(),
        });
    }
    let host = encrypted.or_else(|| trimmed.strip_prefix("http://")).unwrap_or_default();
    if host.is_empty() || host.contains(char::is_whitespace) {
        return Err(Error::Argument(format!(
            "`{}` is not an address such as http://localhost:8000",
            without_password(url)
        )));
    }
    let base = trimmed.strip_suffix("/completions").unwrap_or(trimmed);
    let base = base.strip_suffix("/chat").unwrap_or(base);
    let last = host.split_once('/').map_or("", |_| base.rsplit('/').next().unwrap_or_default());
    let version = last.strip_prefix('v').unwrap_or_default();
    let versioned = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit());
    Ok(if versioned { base.to_owned() } else { format!("{base}/v1") })
}

/// The name and password in an address.
pub(super) fn userinfo(url: &str) -> Option<&str> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    // A password may hold a sign that ends an address: what should be a port is its beginning then.
    let port = authority.rsplit_once(':').map(|(_, port)| port).filter(|_| !authority.ends_with(']'));
    let is_cut = !authority.contains('@') && port.is_some_and(|port| !port.bytes().all(|byte| byte.is_ascii_digit()));
    let opened = if is_cut { rest } else { authority };
    opened.rsplit_once('@').map(|(opened, _)| opened)
}

/// An address as it may be shown and written down.
pub(super) fn without_password(url: &str) -> String {
    match userinfo(url) {
        Some(opened) => url.replacen(&format!("{opened}@"), "", 1),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_in_an_address_is_not_shown() {
        for (given, shown) in [
            ("http://me:pass@host:8000/v1", "http://host:8000/v1"),
            ("http://me@host/a@b", "http://host/a@b"),
            ("http://p@ss:wo@rd@host", "http://host"),
            ("http://host:8000", "http://host:8000"),
            ("http://me:pa/ss@host:8000/v1", "http://host:8000/v1"),
            ("http://[::1]:8000/a@b", "http://[::1]:8000/a@b"),
        ] {
            assert_eq!(without_password(given), shown);
        }
        for refused in ["ftp://me:hush@host", "http://host/v1?key=hush", "http://host#hush", "http://me:p?hush@host"] {
            let error = address(refused).expect_err("refused").to_string();
            assert!(!error.contains("hush"), "{error}");
        }
    }

    #[test]
    fn a_base_path_and_another_version_stay_where_they_are() {
        for (given, base) in [
            ("http://host:8000", "http://host:8000/v1"),
            ("http://host/models/a/", "http://host/models/a/v1"),
            ("http://host/api/v3", "http://host/api/v3"),
            ("http://host/v1/chat/completions", "http://host/v1"),
            ("http://host/x/completions", "http://host/x/v1"),
            ("http://v2", "http://v2/v1"),
        ] {
            assert_eq!(address(given).expect("an address"), base);
        }
    }

    #[cfg(not(feature = "https"))]
    #[test]
    fn encryption_names_the_feature_that_has_it_and_no_password() {
        let error = address("https://me:hush@host").expect_err("refused").to_string();
        assert!(error.contains("feature `https`") && error.contains("ssh -L") && !error.contains("hush"), "{error}");
    }
}
