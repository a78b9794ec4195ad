//! Ids of traces and spans: bytes, which files write in hexadecimal and Tempo in base64.

use super::records::Text;

/// An id of `BYTES` bytes in lower-case hexadecimal, read from hexadecimal or, as Tempo answers, from base64. An id of zeros or of another length is none.
pub(super) fn hexadecimal<const BYTES: usize>(id: Option<Text<'_>>) -> Option<String> {
    let Text(id) = id?;
    let bytes = if id.len() == BYTES * 2 { hex_bytes(&id) } else { base64_bytes(&id) }?;
    (bytes.len() == BYTES).then(|| hex_text(&bytes)).flatten()
}

/// Bytes of an id as text; null for an id of zeros.
pub(super) fn hex_text(bytes: &[u8]) -> Option<String> {
    use std::fmt::Write as _;
    if bytes.iter().all(|&byte| byte == 0) {
        return None;
    }
    Some(bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

fn hex_bytes(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    text.as_bytes().chunks(2).map(|pair| Some((digit(pair[0])? * 16 + digit(*pair.get(1)?)?) as u8)).collect()
}

fn base64_bytes(text: &str) -> Option<Vec<u8>> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    let (mut bits, mut held) = (0u32, 0);
    for byte in text.trim_end_matches('=').bytes() {
        bits = bits << 6 | ALPHABET.iter().position(|&letter| letter == byte)? as u32;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
            bits &= (1 << held) - 1;
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::borrow::Cow;

    #[test]
    fn ids_in_hexadecimal_and_base64_are_the_same() {
        let of = |text: &'static str| hexadecimal::<8>(Some(Text(Cow::Borrowed(text))));
        assert_eq!(of("b7ad6b7169203331").as_deref(), Some("b7ad6b7169203331"));
        assert_eq!(of("B7AD6B7169203331").as_deref(), Some("b7ad6b7169203331"));
        assert_eq!(of("t61rcWkgMzE=").as_deref(), Some("b7ad6b7169203331"));
        for none in ["", "0000000000000000", "t61rcWkg", "zzzzzzzzzzzzzzzz", "\u{e9}"] {
            assert_eq!(of(none), None, "{none}");
        }
    }
}
