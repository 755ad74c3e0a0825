//! Texts for bytes, and letters for their escapes.

/// Base64 with padding (RFC 4648, section 4).
pub(crate) fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |k: usize| u32::from(chunk.get(k).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for k in 0..4 {
            let letter = char::from(LETTERS[(bits >> (18 - 6 * k) & 63) as usize]);
            text.push(if k <= chunk.len() { letter } else { '=' });
        }
    }
    text
}

/// A text with the characters that it gives by their numbers, as JSON (`\\u0041`) and addresses (`%41`) may, where these can be
/// seen.
pub(crate) fn without_escapes(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['\\', '%']) {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        let (start, digits) = if rest.starts_with("\\u") { (2, 4) } else { (1, 2) };
        let number = rest.get(start..start + digits).filter(|_| !rest.starts_with('\\') || start == 2);
        let letter = number.and_then(|digits| u32::from_str_radix(digits, 16).ok()).and_then(char::from_u32);
        match letter.filter(char::is_ascii_graphic) {
            Some(letter) => {
                plain.push(letter);
                rest = &rest[start + digits..];
            }
            None => {
                plain.push_str(&rest[..1]);
                rest = &rest[1..];
            }
        }
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_standard() {
        let examples = [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")];
        for (plain, coded) in examples {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }

    #[test]
    fn letters_that_are_given_by_their_numbers_are_found() {
        assert_eq!(without_escapes("S\\u0045CR%45T"), "SECRET");
        for same in ["a\\n", "50 % of", "%zz", "\\u00e9 \\u000a", "%", "\\u", "é%4é"] {
            assert_eq!(without_escapes(same), same);
        }
    }
}
