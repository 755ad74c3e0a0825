//! Encrypted connections, against a server with a certificate of its own.

use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::{Server, ServerSettings};

fn file(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tls")).join(name)
}

/// Answers every request on every connection with this text, until the test ends.
fn start(answer: &'static str) -> u16 {
    let certificate = CertificateDer::from_pem_file(file("server.pem")).expect("a certificate");
    let key = PrivateKeyDer::try_from(std::fs::read(file("server-key.der")).expect("read")).expect("a key");
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("a server");
    let config = Arc::new(config);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut stream = StreamOwned::new(ServerConnection::new(config.clone()).expect("a connection"), stream);
            let mut request = [0; 4096];
            if stream.read(&mut request).is_err() {
                continue;
            }
            let head = format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", answer.len());
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(answer.as_bytes()));
            stream.conn.send_close_notify();
            let _ = stream.flush();
        }
    });
    port
}

fn settings(certificates: Option<PathBuf>) -> ServerSettings {
    ServerSettings { attempts: 1, certificates, ..ServerSettings::default() }
}

const ANSWER: &str = r#"{"choices": [{"text": " more"}]}"#;

#[test]
fn an_encrypted_server_is_asked_where_its_authority_is_trusted() {
    let port = start(ANSWER);
    let url = format!("https://localhost:{port}/base");
    let server = Server::connect(&url, "m", &settings(Some(file("authority.pem")))).expect("it is trusted");
    assert_eq!(server.backends[0].shown(), format!("https://localhost:{port}/base/v1"));
}

#[test]
fn a_certificate_of_nobody_we_trust_is_an_error_that_names_the_option_and_no_secret() {
    let port = start(ANSWER);
    let url = format!("https://me:hush-hush@localhost:{port}");
    // The server's own certificate is that of no authority.
    let error = Server::connect(&url, "m", &settings(None)).expect_err("not trusted").to_string();
    assert!(error.contains("not trusted") && error.contains("--certificates"), "{error}");
    assert!(!error.contains("hush-hush"), "{error}");
}

#[test]
fn a_file_without_certificates_is_named() {
    let error = Server::connect("https://localhost:1", "m", &settings(Some(file("server-key.der"))))
        .expect_err("no certificate");
    assert!(error.to_string().contains("server-key.der"), "{error}");
}
