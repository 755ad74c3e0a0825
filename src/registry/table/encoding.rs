//! From the bytes of a file to its text: UTF-8 or UTF-16, with or without a byte order mark.

use std::borrow::Cow;

/// The text of a file.
///
/// # Errors
/// A sentence for bytes that are neither, with the row and what helps.
pub(super) fn text(bytes: &[u8]) -> Result<Cow<'_, str>, String> {
    match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => utf8(rest),
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes).map(Cow::Owned),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes).map(Cow::Owned),
        // Without the mark: a zero byte beside the first letter.
        [first, 0, _, _, ..] if *first != 0 => utf16(bytes, u16::from_le_bytes).map(Cow::Owned),
        [0, first, _, _, ..] if *first != 0 => utf16(bytes, u16::from_be_bytes).map(Cow::Owned),
        _ => utf8(bytes),
    }
}

fn utf8(bytes: &[u8]) -> Result<Cow<'_, str>, String> {
    std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|e| {
        let line = 1 + bytes[..e.valid_up_to()].iter().filter(|&&b| b == b'\n').count();
        format!("row {line} is not UTF-8 text; save the file as UTF-8 (in Excel: `CSV UTF-8`)")
    })
}

fn utf16(bytes: &[u8], unit: impl Fn([u8; 2]) -> u16) -> Result<String, String> {
    let units = bytes.as_chunks::<2>().0.iter().map(|pair| unit(*pair));
    let whole = bytes.len().is_multiple_of(2);
    char::decode_utf16(units).collect::<Result<String, _>>().ok().filter(|_| whole).ok_or_else(|| {
        "it looks like UTF-16 text and is damaged; save the file as UTF-8 (in Excel: `CSV UTF-8`)".to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn utf8_and_utf16_are_read_with_and_without_a_byte_order_mark() {
        let written = "model,größe\nπ,1\n";
        let units: Vec<u16> = written.encode_utf16().collect();
        let little: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        let big: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
        let marked = |mark: &[u8], bytes: &[u8]| [mark, bytes].concat();
        for bytes in [
            written.as_bytes().to_vec(),
            marked(&[0xef, 0xbb, 0xbf], written.as_bytes()),
            marked(&[0xff, 0xfe], &little),
            marked(&[0xfe, 0xff], &big),
            little.clone(),
            big,
        ] {
            assert_eq!(text(&bytes).expect("text"), written);
        }
        assert!(text(&little[..little.len() - 1]).expect_err("half a letter").contains("UTF-8"));
        let said = text(b"model\nGr\xf6\xdfe\n").expect_err("Latin-1");
        assert!(said.starts_with("row 2 is not UTF-8 text") && said.contains("CSV UTF-8"), "{said}");
    }
}
