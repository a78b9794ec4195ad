//! Texts whose characters stand escaped, as they are meant: `password%3Dhunter2`, `\"token\"`, `\u0026key\u003d`.
//!
//! Owns percent-encoding (RFC 3986) and the backslash escapes of JSON and of the languages that are like it, and where in the escaped text each
//! character stands. Only what is ASCII is taken off: rules are about nothing else.

/// How often an escape is itself escaped at most: a JSON string in a JSON string in a URL.
const DEPTH: usize = 3;

/// A text with its escapes taken off.
pub(super) struct Decoded {
    pub(super) text: String,
    /// Where each byte began in the escaped text, and its length at the end.
    places: Vec<usize>,
}

impl Decoded {
    /// Where a byte of the plain text stands in the escaped one.
    pub(super) fn place(&self, at: usize) -> usize {
        self.places.get(at).or(self.places.last()).copied().unwrap_or(0)
    }
}

/// The text after one, two, three rounds of taking escapes off, as far as there are any.
pub(super) fn decoded(text: &str) -> Vec<Decoded> {
    let mut rounds: Vec<Decoded> = Vec::new();
    for _ in 0..DEPTH {
        let last = rounds.last();
        let Some(mut next) = once(last.map_or(text, |last| &last.text)) else { break };
        if let Some(last) = last {
            next.places.iter_mut().for_each(|place| *place = last.place(*place));
        }
        rounds.push(next);
    }
    rounds
}

/// One round; none where there is nothing to take off.
fn once(text: &str) -> Option<Decoded> {
    memchr::memchr2(b'%', b'\\', text.as_bytes())?;
    let mut plain = Decoded { text: String::with_capacity(text.len()), places: Vec::with_capacity(text.len() + 1) };
    let (mut at, mut any) = (0, false);
    while let Some(character) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let (meant, length) = match escape(&text.as_bytes()[at..]) {
            Some((byte, length)) => {
                any = true;
                (char::from(byte), length)
            }
            None => (character, character.len_utf8()),
        };
        plain.places.extend(std::iter::repeat_n(at, meant.len_utf8()));
        plain.text.push(meant);
        at += length;
    }
    plain.places.push(text.len());
    any.then_some(plain)
}

/// The ASCII character that an escape at the beginning means, and how long the escape is.
fn escape(bytes: &[u8]) -> Option<(u8, usize)> {
    let hexadecimal = |from: usize, digits: usize| {
        let text = std::str::from_utf8(bytes.get(from..from + digits)?).ok()?;
        let value = text.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u32::from_str_radix(text, 16).ok())??;
        u8::try_from(value).ok().filter(u8::is_ascii).map(|byte| (byte, from + digits))
    };
    match bytes {
        [b'%', ..] => hexadecimal(1, 2),
        [b'\\', b'u', ..] => hexadecimal(2, 4),
        [b'\\', b'x', ..] => hexadecimal(2, 2),
        [b'\\', b'n', ..] => Some((b'\n', 2)),
        [b'\\', b'r', ..] => Some((b'\r', 2)),
        [b'\\', b't', ..] => Some((b'\t', 2)),
        [b'\\', meant @ (b'"' | b'\'' | b'/' | b'\\'), ..] => Some((*meant, 2)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn plain(text: &str) -> Vec<String> {
        decoded(text).into_iter().map(|one| one.text).collect()
    }

    #[test]
    fn escapes_are_taken_off_round_by_round_and_places_lead_back() {
        assert_eq!(plain("nothing here"), Vec::<String>::new());
        assert_eq!(plain("100 % of it \\d"), Vec::<String>::new());
        assert_eq!(plain("a%3Db%2F"), ["a=b/"]);
        assert_eq!(plain("%2525"), ["%25", "%"]);
        assert_eq!(plain(r#"{\"a\":\"b\u003d\n\"}"#), ["{\"a\":\"b=\n\"}"]);
        assert_eq!(plain("%C3%BC \\u00fc"), Vec::<String>::new(), "only ASCII is");
        let text = r"x\\u003dü%3D";
        let last = decoded(text).pop().map(|one| (one.text.clone(), one.place(1), one.place(2), one.place(4)));
        assert_eq!(last, Some(("x=ü=".to_owned(), 1, text.find('ü').unwrap(), text.find('%').unwrap())));
    }

    proptest! {
        #[test]
        fn places_are_those_of_characters(text in r#"([a-z%\\"u0-9ü]|%3D|\\u0026|\\n){0,40}"#) {
            for one in decoded(&text) {
                prop_assert_eq!(one.place(one.text.len()), text.len());
                let mut before = 0;
                for (at, _) in one.text.char_indices() {
                    prop_assert!(text.is_char_boundary(one.place(at)) && one.place(at) >= before);
                    before = one.place(at);
                }
            }
        }
    }
}
