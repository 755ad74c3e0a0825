//! What the page may do: run its own scripts, known by their SHA-256, and nothing else.

use sha2::{Digest as _, Sha256};

use crate::encoding::base64;

/// The content security policy of a page with these scripts.
///
/// `connect` says whether the page may talk to the server it came from. Styles may be inline because the plotting library
/// sets them; images may be data, which is how a figure is turned into a file.
pub(super) fn content_security(scripts: &[&str], connect: bool) -> String {
    let hashes: Vec<String> = scripts.iter().map(|script| format!("'sha256-{}'", base64(&sha256(script)))).collect();
    format!(
        "default-src 'none'; script-src {}; style-src 'unsafe-inline'; img-src data: blob:; connect-src {}; \
         base-uri 'none'; form-action 'none'",
        hashes.join(" "),
        if connect { "'self'" } else { "'none'" }
    )
}

/// JSON that may stand inside a `<script>` element: what could end the element or start a comment is escaped.
pub(super) fn json_block(json: &str) -> String {
    // Outside of strings JSON has none of these characters, inside of them the escape means the same.
    let mut safe = String::with_capacity(json.len());
    for letter in json.chars() {
        match letter {
            '<' => safe.push_str("\\u003c"),
            '>' => safe.push_str("\\u003e"),
            '&' => safe.push_str("\\u0026"),
            '\u{2028}' => safe.push_str("\\u2028"),
            '\u{2029}' => safe.push_str("\\u2029"),
            other => safe.push(other),
        }
    }
    safe
}

/// SHA-256 as lower-case hexadecimal digits.
pub(super) fn fingerprint(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn sha256(text: &str) -> Vec<u8> {
    Sha256::digest(text.as_bytes()).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_in_a_page_cannot_end_its_element_and_reads_back_the_same() {
        let name = "</script><!-- & \u{2028}";
        let json = serde_json::to_string(name).expect("a string");
        let safe = json_block(&json);
        assert!(!safe.contains(['<', '>', '&', '\u{2028}']));
        assert_eq!(serde_json::from_str::<String>(&safe).expect("JSON"), name);
    }
}
