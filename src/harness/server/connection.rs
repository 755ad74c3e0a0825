//! How connections are made: a proxy where the environment names one, TLS where the address asks for it.

use super::address::userinfo;
use super::settings::ServerSettings;
use crate::bounds::Bound;
use crate::error::{Error, Result};

/// What connects to a server, and the name and password of the proxy on the way.
pub(super) fn agent(url: &str, settings: &ServerSettings) -> Result<(ureq::Agent, Option<String>)> {
    let (proxy, opened) = match proxy_of(url, |name| std::env::var(name).ok()) {
        Some((name, address)) => {
            let opened = userinfo(&address).map(str::to_owned);
            // The reason would show the address with its password.
            let wrong = |_| Error::Argument(format!("the environment variable {name} holds no address of a proxy"));
            (Some(ureq::Proxy::new(&address).map_err(wrong)?), opened)
        }
        None => (None, None),
    };
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(settings.timeout))
        .max_redirects(u32::try_from(Bound::Redirects.get()).unwrap_or(u32::MAX))
        .max_redirects_will_error(false)
        .max_response_header_size(Bound::AnswerHeaderBytes.size())
        .max_idle_connections_per_host(settings.concurrency.max(1))
        .proxy(proxy);
    #[cfg(feature = "https")]
    let config = if url.starts_with("https://") { config.tls_config(tls(settings)?) } else { config };
    Ok((config.build().new_agent(), opened))
}

/// The name and value of the variable that names a proxy for this address. This machine's own servers have none.
fn proxy_of(url: &str, variable: impl Fn(&str) -> Option<String>) -> Option<(&'static str, String)> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split('/').next().unwrap_or_default();
    let place = authority.rsplit_once('@').map_or(authority, |(_, place)| place);
    let host = match place.strip_prefix('[') {
        Some(six) => six.split(']').next().unwrap_or_default(),
        None => place.split(':').next().unwrap_or_default(),
    };
    let local = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    let spared = ["NO_PROXY", "no_proxy"].into_iter().find_map(&variable).unwrap_or_default();
    let spares = |entry: &str| {
        let entry = entry.trim().trim_start_matches("*.").trim_start_matches('.');
        let ends = host.strip_suffix(entry).is_some_and(|before| before.is_empty() || before.ends_with('.'));
        entry == "*" || (!entry.is_empty() && ends)
    };
    if local || spared.split(',').any(spares) {
        return None;
    }
    let names = match scheme {
        "https" => ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"],
        // `HTTP_PROXY` can be set by a header of a request where a program answers for a web server.
        _ => ["http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"],
    };
    names.into_iter().find_map(|name| Some((name, variable(name).filter(|value| !value.trim().is_empty())?)))
}

/// The certificates of the file that is named, or else those that the system trusts (`SSL_CERT_FILE` replaces them).
#[cfg(feature = "https")]
fn tls(settings: &ServerSettings) -> Result<ureq::tls::TlsConfig> {
    use std::sync::Arc;
    use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, TlsProvider, parse_pem};

    let certificates: Vec<Certificate<'static>> = match &settings.certificates {
        Some(path) => {
            let bytes = std::fs::read(path).map_err(Error::read(path))?;
            let items: Vec<PemItem<'_>> = parse_pem(&bytes)
                .collect::<std::result::Result<_, _>>()
                .map_err(|error| Error::File { path: path.clone(), problem: format!("is no PEM file: {error}") })?;
            let of = |item| if let PemItem::Certificate(certificate) = item { Some(certificate) } else { None };
            items.into_iter().filter_map(of).collect()
        }
        None => {
            let found = rustls_native_certs::load_native_certs().certs;
            found.iter().map(|certificate| Certificate::from_der(certificate).to_owned()).collect()
        }
    };
    if certificates.is_empty() {
        let place = settings.certificates.as_ref().map_or("this system".to_owned(), |path| path.display().to_string());
        return Err(Error::Argument(format!(
            "{place} has no certificates of authorities, by which a server would be known: name a PEM file with \
             --certificates"
        )));
    }
    Ok(TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .root_certs(RootCerts::new_with_certs(&certificates))
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build())
}

/// Whether a failure is one of the certificate, which the next try meets again.
pub(super) fn is_distrust(error: &ureq::Error) -> bool {
    #[cfg(feature = "https")]
    if let ureq::Error::Io(error) = error {
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
        return matches!(inner, Some(rustls::Error::InvalidCertificate(_)));
    }
    let _ = error;
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_that_of_the_scheme_and_spares_what_it_is_told_to_spare() {
        let of = |url: &str, all: &[(&str, &str)]| {
            let variable =
                |name: &str| all.iter().find(|(other, _)| *other == name).map(|(_, value)| (*value).to_owned());
            proxy_of(url, variable).map(|(_, value)| value)
        };
        let all = [("HTTP_PROXY", "a"), ("https_proxy", "b"), ("NO_PROXY", "inner.org, .x.net")];
        assert_eq!(of("http://host/v1", &all).as_deref(), Some("a"));
        assert_eq!(of("https://me:pw@host/v1", &all).as_deref(), Some("b"));
        assert_eq!(of("http://host", &[("ALL_PROXY", "c")]).as_deref(), Some("c"));
        for spared in ["http://inner.org:80/v1", "http://a.inner.org", "http://y.x.net", "http://localhost:8000"] {
            assert_eq!(of(spared, &all), None, "{spared}");
        }
        assert_eq!(of("http://127.0.0.1:1/v1", &all), None);
        assert_eq!(of("http://[::1]:1/v1", &all), None);
        assert_eq!(of("http://dinner.org", &all).as_deref(), Some("a"));
        assert_eq!(of("http://host", &[("http_proxy", ""), ("NO_PROXY", "*")]), None);
    }
}
