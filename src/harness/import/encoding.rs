//! Results files as UTF-8, in whatever encoding they were saved.

use std::borrow::Cow;

/// The text of a file without its byte order mark: UTF-8, or UTF-16 with a mark or with the zero bytes that ASCII has in it.
///
/// # Errors
/// A sentence, for UTF-16 that ends in half a character.
pub(in crate::harness) fn utf8(bytes: &[u8]) -> Result<Cow<'_, [u8]>, String> {
    match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => Ok(Cow::Borrowed(rest)),
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [first, 0, ..] if *first != 0 => utf16(bytes, u16::from_le_bytes),
        [0, second, ..] if *second != 0 => utf16(bytes, u16::from_be_bytes),
        _ => Ok(Cow::Borrowed(bytes)),
    }
}

fn utf16<'a>(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<Cow<'a, [u8]>, String> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let bad = || "it looks like UTF-16, and its characters are damaged; save it as UTF-8".to_owned();
    let text: Result<String, _> = char::decode_utf16(pairs.iter().map(|pair| unit(*pair))).collect();
    match text {
        Ok(text) if rest.is_empty() => Ok(Cow::Owned(text.into_bytes())),
        _ => Err(bad()),
    }
}

#[cfg(test)]
mod tests {
    use super::utf8;

    #[test]
    fn every_encoding_gives_the_same_text() {
        let text = "{\"é\": 1}";
        let units = || text.encode_utf16();
        let little: Vec<u8> = units().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = units().flat_map(u16::to_be_bytes).collect();
        let marked = |mark: &[u8], rest: &[u8]| [mark, rest].concat();
        let files = [
            text.as_bytes().to_vec(),
            marked(&[0xEF, 0xBB, 0xBF], text.as_bytes()),
            marked(&[0xFF, 0xFE], &little),
            marked(&[0xFE, 0xFF], &big),
            little.clone(),
            big,
        ];
        for file in &files {
            assert_eq!(utf8(file).as_deref(), Ok(text.as_bytes()));
        }
        assert!(utf8(&little[..little.len() - 1]).is_err(), "half a character");
        assert_eq!(utf8(b"").as_deref(), Ok(&b""[..]));
    }
}
