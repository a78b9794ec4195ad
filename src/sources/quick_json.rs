//! JSON that is mostly passed over: a serde deserializer that finds the ends of texts many bytes at a time.
//!
//! Owns speed and nothing else. Most bytes of a log are texts that nobody asks for, and every source reads through
//! [`from_str`]. It gives what `serde_json::from_str` gives, value for value: whatever this reader does not take (an error, another
//! blank than a space, deep nesting, an enum) is read again by serde_json, whose values and messages are then the answer. What it
//! does take is exactly what serde_json takes, which a property test holds.

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::Number;
use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;

/// Deepest nesting of arrays and objects, that of serde_json for values that it builds. Deeper text is left to it.
const MAX_DEPTH: usize = 127;
/// By this name serde_json's `RawValue` asks for the text of a value, and the value is a map of one entry of this name. Should that
/// change, raw values are left to serde_json.
const RAW_VALUE: &str = "$serde_json::private::RawValue";
/// Texts are looked through by words of eight bytes so far before a search that has to be set up pays.
const NEAR_WORDS: usize = 3;
/// Words of eight bytes that are copied while the next escape is looked for: source code has one every few of them.
const COPIED_WORDS: usize = 8;

/// Room for texts that were longer than this is given back.
const SPARE_BYTES: usize = 1 << 20;

thread_local! {
    /// The room that the text before had for what it held without escapes: growing it anew for each line costs more than filling it.
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// [`serde_json::from_str`], faster where much of the text is not asked for.
pub(crate) fn from_str<'de, T: Deserialize<'de>>(text: &'de str) -> serde_json::Result<T> {
    match quick(text) {
        Some(value) => Ok(value),
        None => serde_json::from_str(text),
    }
}

/// The value of a text, where this reader takes it; then nothing in it nests deeper than [`MAX_DEPTH`].
pub(crate) fn quick<'de, T: Deserialize<'de>>(text: &'de str) -> Option<T> {
    quick_seed(text, PhantomData::<T>)
}

/// What a seed makes of a text, where this reader takes it; else the seed may have been told a part. Where the seed asks for an object and nothing else,
/// the text must begin with one: asked for a map, this reader hands over a list as well.
pub(crate) fn quick_seed<'de, S: DeserializeSeed<'de>>(text: &'de str, seed: S) -> Option<S::Value> {
    // Inside a text serde_json refuses these; between values it takes three of them, which no log has on a line.
    if text.as_bytes().chunks(1024).any(|part| part.iter().fold(false, |found, byte| found | (*byte < b' '))) {
        return None;
    }
    let mut reader = Reader { text, at: 0, depth: 0, scratch: SPARE.take() };
    let value = seed.deserialize(&mut reader).ok().filter(|_| reader.peek().is_none());
    if reader.scratch.capacity() <= SPARE_BYTES {
        SPARE.set(reader.scratch);
    }
    value
}

/// Left to serde_json, which knows why.
#[derive(Debug)]
struct Left;

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("left to serde_json")
    }
}

impl std::error::Error for Left {}

impl de::Error for Left {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Left
    }
}

struct Reader<'de> {
    text: &'de str,
    at: usize,
    depth: usize,
    /// The last text that had escapes, without them.
    scratch: Vec<u8>,
}

/// A text as it stands in the line, or without its escapes in [`Reader::scratch`].
enum Found<'de> {
    Borrowed(&'de str),
    Unescaped,
}

impl<'de> Reader<'de> {
    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The next byte that is no space.
    fn peek(&mut self) -> Option<u8> {
        while self.byte() == Some(b' ') {
            self.at += 1;
        }
        self.byte()
    }

    fn expect(&mut self, byte: u8) -> Result<(), Left> {
        if self.peek() != Some(byte) {
            return Err(Left);
        }
        self.at += 1;
        Ok(())
    }

    fn word(&mut self, word: &str) -> Result<(), Left> {
        if !self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            return Err(Left);
        }
        self.at += word.len();
        Ok(())
    }

    fn slice(&self, from: usize, to: usize) -> Result<&'de str, Left> {
        self.text.get(from..to).ok_or(Left)
    }

    fn enter(&mut self) -> Result<(), Left> {
        self.at += 1;
        self.depth += 1;
        if self.depth > MAX_DEPTH { Err(Left) } else { Ok(()) }
    }

    fn leave(&mut self, bracket: u8) -> Result<(), Left> {
        self.depth -= 1;
        self.expect(bracket)
    }

    /// Where the next quote or backslash stands, from here on.
    fn quote_or_escape(&self) -> Result<usize, Left> {
        let rest = &self.text.as_bytes()[self.at..];
        let (words, _) = rest.as_chunks::<8>();
        for (index, word) in words.iter().take(NEAR_WORDS).enumerate() {
            if let Some(mark) = first_mark(u64::from_le_bytes(*word)) {
                return Ok(self.at + index * 8 + mark);
            }
        }
        let near = words.len().min(NEAR_WORDS) * 8;
        memchr::memchr2(b'"', b'\\', &rest[near..]).map(|found| self.at + near + found).ok_or(Left)
    }

    /// Reads a text; the opening quote is the next byte.
    fn string(&mut self) -> Result<Found<'de>, Left> {
        self.at += 1;
        let bytes = self.text.as_bytes();
        let (start, end) = (self.at, self.quote_or_escape()?);
        if bytes[end] == b'"' {
            self.at = end + 1;
            return Ok(Found::Borrowed(self.slice(start, end)?));
        }
        self.scratch.clear();
        self.scratch.extend_from_slice(&bytes[start..end]);
        self.at = end;
        while bytes[self.at] != b'"' {
            self.at += 1;
            self.escape()?;
            self.copy_run()?;
        }
        self.at += 1;
        Ok(Found::Unescaped)
    }

    /// The last text that had escapes.
    fn unescaped(&self) -> Result<&str, Left> {
        simdutf8::basic::from_utf8(&self.scratch).map_err(|_| Left)
    }

    /// Copies what stands before the next quote or backslash, and goes there.
    fn copy_run(&mut self) -> Result<(), Left> {
        let rest = &self.text.as_bytes()[self.at..];
        let (words, _) = rest.as_chunks::<8>();
        for (index, word) in words.iter().take(COPIED_WORDS).enumerate() {
            // Nearly always all of it stays, and eight bytes are copied faster than some of them.
            self.scratch.extend_from_slice(word);
            if let Some(mark) = first_mark(u64::from_le_bytes(*word)) {
                self.scratch.truncate(self.scratch.len() + mark - 8);
                self.at += index * 8 + mark;
                return Ok(());
            }
        }
        let rest = &rest[words.len().min(COPIED_WORDS) * 8..];
        let mark = memchr::memchr2(b'"', b'\\', rest).ok_or(Left)?;
        self.scratch.extend_from_slice(&rest[..mark]);
        self.at += words.len().min(COPIED_WORDS) * 8 + mark;
        Ok(())
    }

    /// Adds what stands behind a backslash.
    fn escape(&mut self) -> Result<(), Left> {
        let letter = self.byte().ok_or(Left)?;
        self.at += 1;
        let short = match letter {
            b'"' | b'\\' | b'/' => letter,
            b'n' => b'\n',
            b't' => b'\t',
            b'r' => b'\r',
            b'b' => 0x8,
            b'f' => 0xC,
            b'u' => {
                let wide = self.wide_escape()?;
                self.scratch.extend_from_slice(wide.encode_utf8(&mut [0; 4]).as_bytes());
                return Ok(());
            }
            _ => return Err(Left),
        };
        self.scratch.push(short);
        Ok(())
    }

    /// The character whose number stands behind `\u`; beyond 16 bits it has two.
    fn wide_escape(&mut self) -> Result<char, Left> {
        let unit = self.hex()?;
        if !(0xD800..0xE000).contains(&unit) {
            return char::from_u32(unit).ok_or(Left);
        }
        self.word("\\u")?;
        let low = self.hex()?;
        if unit >= 0xDC00 || !(0xDC00..0xE000).contains(&low) {
            return Err(Left);
        }
        char::from_u32(0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00)).ok_or(Left)
    }

    fn hex(&mut self) -> Result<u32, Left> {
        let digits = self.text.as_bytes().get(self.at..self.at + 4).ok_or(Left)?;
        self.at += 4;
        digits.iter().try_fold(0, |value, digit| Some(value << 4 | char::from(*digit).to_digit(16)?)).ok_or(Left)
    }

    /// Passes over a text; the opening quote is the next byte.
    fn skip_string(&mut self) -> Result<(), Left> {
        self.at += 1;
        let first = self.quote_or_escape()?;
        if self.text.as_bytes()[first] == b'"' {
            self.at = first + 1;
            return Ok(());
        }
        // Quotes are far rarer than escapes, so the end is looked for by them, and escapes are then looked at all at once.
        let end = closing_quote(self.text.as_bytes(), first).ok_or(Left)?;
        if has_common_escapes(&self.text.as_bytes()[first..end]) {
            self.at = end + 1;
            return Ok(());
        }
        self.at = first;
        self.skip_escapes()
    }

    /// Passes over the rest of a text, one escape after the other.
    fn skip_escapes(&mut self) -> Result<(), Left> {
        loop {
            let end = self.quote_or_escape()?;
            self.at = end + 1;
            if self.text.as_bytes()[end] == b'"' {
                return Ok(());
            }
            // As serde_json does: an escape must be one, and what it stands for is not looked at.
            match self.byte() {
                Some(b'"' | b'\\' | b'/' | b'n' | b't' | b'r' | b'b' | b'f') => self.at += 1,
                Some(b'u') => {
                    self.at += 1;
                    self.hex()?;
                }
                _ => return Err(Left),
            }
        }
    }

    fn skip_digits(&mut self) -> Result<(), Left> {
        let start = self.at;
        while self.byte().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at == start { Err(Left) } else { Ok(()) }
    }

    /// Passes over a number and says whether it is an integer.
    fn skip_number(&mut self) -> Result<bool, Left> {
        if self.byte() == Some(b'-') {
            self.at += 1;
        }
        if self.byte() == Some(b'0') {
            self.at += 1;
        } else {
            self.skip_digits()?;
        }
        let mut integer = true;
        if self.byte() == Some(b'.') {
            self.at += 1;
            self.skip_digits()?;
            integer = false;
        }
        if let Some(b'e' | b'E') = self.byte() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.byte() {
                self.at += 1;
            }
            self.skip_digits()?;
            integer = false;
        }
        match self.byte() {
            Some(b'0'..=b'9') => Err(Left),
            _ => Ok(integer),
        }
    }

    /// Passes over a value of any kind.
    fn skip(&mut self) -> Result<(), Left> {
        match self.peek() {
            Some(b'"') => self.skip_string(),
            Some(b'{') => {
                self.enter()?;
                let mut first = true;
                while self.next_item(b'}', &mut first)? {
                    if self.peek() != Some(b'"') {
                        return Err(Left);
                    }
                    self.skip_string()?;
                    self.expect(b':')?;
                    self.skip()?;
                }
                self.leave(b'}')
            }
            Some(b'[') => {
                self.enter()?;
                let mut first = true;
                while self.next_item(b']', &mut first)? {
                    self.skip()?;
                }
                self.leave(b']')
            }
            Some(b't') => self.word("true"),
            Some(b'f') => self.word("false"),
            Some(b'n') => self.word("null"),
            Some(b'-' | b'0'..=b'9') => self.skip_number().map(|_| ()),
            _ => Err(Left),
        }
    }

    /// Whether another item comes before the closing bracket; passes over the comma before it.
    fn next_item(&mut self, bracket: u8, first: &mut bool) -> Result<bool, Left> {
        if self.peek() == Some(bracket) {
            return Ok(false);
        }
        if !std::mem::replace(first, false) {
            self.expect(b',')?;
        }
        Ok(true)
    }

    fn number<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Left> {
        let start = self.at;
        let integer = self.skip_number()?;
        let text = self.slice(start, self.at)?;
        if integer && let Ok(value) = text.parse::<u64>() {
            return visitor.visit_u64(value);
        }
        let number: Number = serde_json::from_str(text).map_err(|_| Left)?;
        match (number.as_u64(), number.as_i64(), number.as_f64()) {
            (Some(value), _, _) => visitor.visit_u64(value),
            (_, Some(value), _) => visitor.visit_i64(value),
            (_, _, Some(value)) => visitor.visit_f64(value),
            _ => Err(Left),
        }
    }
}

/// Place of the quote that closes a text of which the bytes from `start` on are looked at: the first one with an even number of
/// backslashes before it.
fn closing_quote(bytes: &[u8], start: usize) -> Option<usize> {
    let mut from = start;
    loop {
        let quote = from + memchr::memchr(b'"', &bytes[from..])?;
        let backslashes = bytes[start..quote].iter().rev().take_while(|byte| **byte == b'\\').count();
        if backslashes % 2 == 0 {
            return Some(quote);
        }
        from = quote + 1;
    }
}

/// Whether every backslash stands before what nearly all escapes are of, another backslash among them. False says nothing: the second
/// of two backslashes may stand before anything. Without a branch, so that the compiler looks at a vector of bytes at once.
fn has_common_escapes(bytes: &[u8]) -> bool {
    let after = bytes.get(1..).unwrap_or_default();
    let odd = bytes.iter().zip(after).fold(0, |odd: u8, (one, next)| {
        let common = (*next == b'n') | (*next == b'"') | (*next == b't') | (*next == b'\\');
        odd | u8::from((*one == b'\\') & !common)
    });
    odd == 0
}

/// One in every byte.
const REPEAT: u64 = u64::MAX / 255;
const QUOTES: u64 = REPEAT * 0x22;
const BACKSLASHES: u64 = REPEAT * 0x5C;

/// Which of eight bytes is the first quote or backslash.
fn first_mark(word: u64) -> Option<usize> {
    let marks = zero_bytes(word ^ QUOTES) | zero_bytes(word ^ BACKSLASHES);
    (marks != 0).then(|| marks.trailing_zeros() as usize / 8)
}

/// The high bit of the lowest byte that is zero; bits above it mean nothing.
fn zero_bytes(word: u64) -> u64 {
    word.wrapping_sub(REPEAT) & !word & (REPEAT << 7)
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = Left;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Left> {
        match self.peek() {
            Some(b'"') => match self.string()? {
                Found::Borrowed(text) => visitor.visit_borrowed_str(text),
                Found::Unescaped => visitor.visit_str(self.unescaped()?),
            },
            Some(b'{') => {
                self.enter()?;
                let value = visitor.visit_map(Items { reader: self, first: true })?;
                self.leave(b'}')?;
                Ok(value)
            }
            Some(b'[') => {
                self.enter()?;
                let value = visitor.visit_seq(Items { reader: self, first: true })?;
                self.leave(b']')?;
                Ok(value)
            }
            Some(b't') => {
                self.word("true")?;
                visitor.visit_bool(true)
            }
            Some(b'f') => {
                self.word("false")?;
                visitor.visit_bool(false)
            }
            Some(b'n') => {
                self.word("null")?;
                visitor.visit_unit()
            }
            Some(b'-' | b'0'..=b'9') => self.number(visitor),
            _ => Err(Left),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Left> {
        if self.peek() == Some(b'n') {
            self.word("null")?;
            return visitor.visit_none();
        }
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Left> {
        if name != RAW_VALUE {
            return visitor.visit_newtype_struct(self);
        }
        self.peek();
        let start = self.at;
        self.skip()?;
        visitor.visit_map(Raw(Some(self.slice(start, self.at)?)))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Left> {
        self.skip()?;
        visitor.visit_unit()
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Left> {
        Err(Left)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Left> {
        Err(Left)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Left> {
        Err(Left)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string unit unit_struct seq tuple tuple_struct map struct identifier
    }
}

/// The items of an array or an object.
struct Items<'r, 'de> {
    reader: &'r mut Reader<'de>,
    first: bool,
}

impl<'de> SeqAccess<'de> for Items<'_, 'de> {
    type Error = Left;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Left> {
        if !self.reader.next_item(b']', &mut self.first)? {
            return Ok(None);
        }
        seed.deserialize(&mut *self.reader).map(Some)
    }
}

impl<'de> MapAccess<'de> for Items<'_, 'de> {
    type Error = Left;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Left> {
        if !self.reader.next_item(b'}', &mut self.first)? {
            return Ok(None);
        }
        // Keys that are read as numbers, and whatever else is no text, are left.
        if self.reader.peek() != Some(b'"') {
            return Err(Left);
        }
        match self.reader.string()? {
            Found::Borrowed(key) => seed.deserialize(BorrowedStrDeserializer::new(key)).map(Some),
            Found::Unescaped => {
                let key: de::value::StrDeserializer<'_, Left> =
                    de::IntoDeserializer::into_deserializer(self.reader.unescaped()?);
                seed.deserialize(key).map(Some)
            }
        }
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Left> {
        self.reader.expect(b':')?;
        seed.deserialize(&mut *self.reader)
    }
}

/// The text of a value as serde_json's `RawValue` is handed it.
struct Raw<'de>(Option<&'de str>);

impl<'de> MapAccess<'de> for Raw<'de> {
    type Error = Left;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Left> {
        self.0.map(|_| seed.deserialize(BorrowedStrDeserializer::new(RAW_VALUE))).transpose()
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Left> {
        seed.deserialize(BorrowedStrDeserializer::new(self.0.take().ok_or(Left)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::Json;
    use proptest::prelude::*;
    use serde::Deserialize;
    use serde::de::IgnoredAny;
    use serde_json::Value;
    use serde_json::value::RawValue;
    use std::borrow::Cow;

    /// A record that takes some fields, passes over others and keeps one as it stands.
    #[derive(Debug, PartialEq, Deserialize)]
    struct Record<'a> {
        a: Option<i64>,
        #[serde(borrow, default)]
        b: Cow<'a, str>,
        #[serde(borrow)]
        c: Option<Json<'a>>,
        d: Option<Vec<f64>>,
        e: Option<Box<Record<'a>>>,
    }

    #[derive(Deserialize)]
    struct Kept<'a> {
        #[serde(borrow)]
        a: &'a RawValue,
        b: Option<IgnoredAny>,
    }

    /// Both readers on one text, as every kind of thing that a source asks for. True where the quick one takes it as a tree.
    fn agree(text: &str) -> bool {
        let tree = quick::<Value>(text);
        if let Some(tree) = &tree {
            assert_eq!(Some(tree), serde_json::from_str(text).ok().as_ref(), "{text}");
        }
        if let Some(record) = quick::<Record<'_>>(text) {
            assert_eq!(Some(record), serde_json::from_str(text).ok(), "{text}");
        }
        if quick::<IgnoredAny>(text).is_some() {
            assert!(serde_json::from_str::<IgnoredAny>(text).is_ok(), "{text}");
        }
        if let Some(kept) = quick::<Kept<'_>>(text) {
            let wanted: Kept<'_> = serde_json::from_str(text).unwrap();
            assert_eq!((kept.a.get(), kept.b.is_some()), (wanted.a.get(), wanted.b.is_some()), "{text}");
        }
        tree.is_some()
    }

    #[test]
    fn whole_values_are_taken_and_equal() {
        for text in [
            "null",
            "true",
            "-0",
            "0",
            "18446744073709551615",
            "18446744073709551616",
            "-9223372036854775808",
            "1.5e-3",
            r#" [ 1 , "x" , { } ] "#,
            r#""""#,
            r#""a long text without any escape at all, which is longer than three words""#,
            r#""a long text with one escape far behind its beginning, here:\n and \"more\" \\""#,
            r#"{"z":"C:\\Users\\ada and \u00e9\/","y":"\\\\\"\\","x":"\n\n\t"}"#,
            r#"{"a":7,"b":"plain","c":{"k":[true,null]},"d":[1,2.5],"e":{"a":null,"b":"\u00e9\ud83d\ude42"},"z":{"x":["\ud800"]}}"#,
        ] {
            let lone = text.contains(r"\ud800");
            assert_eq!(agree(text), !lone, "{text}");
        }
        let text = r#"{"b":{"x":[1,"]}"]},"a": {"y" : "\\\""} }"#;
        assert_eq!(quick::<Kept<'_>>(text).unwrap().a.get(), r#"{"y" : "\\\""}"#);
        let borrowed = quick::<Cow<'_, str>>(r#""ab""#).unwrap();
        assert_eq!(borrowed, "ab");
    }

    #[test]
    fn what_stands_between_escapes_is_copied_whole() {
        for length in 0..100 {
            for letter in ["x", "é", "🙂"] {
                let run = letter.repeat(length);
                let text = format!(r#""{run}\n{run}\u00e9\\{run}\ud83d\ude42{run}""#);
                assert!(agree(&text), "{text}");
                assert_eq!(quick::<String>(&text), Some(format!("{run}\n{run}é\\{run}🙂{run}")));
                assert!(!agree(&text[..text.len() - 1]), "without an end: {text}");
            }
        }
    }

    #[test]
    fn what_is_no_json_is_left() {
        for text in [
            "",
            "nul",
            "truex",
            "01",
            "-",
            "1.",
            "1e",
            "+1",
            "1 2",
            "[1,]",
            "[1 2]",
            "[",
            "{",
            "{\"a\"}",
            "{\"a\":}",
            "{a:1}",
            "{\"a\":1,}",
            "{\"a\":1]",
            "\"",
            "\"\\",
            "\"\\x\"",
            r#"{"z":"\n\x"}"#,
            r#"{"z":"\n\\\"}"#,
            "\"\\u12\"",
            "\"\\u12g4\"",
            "\"\\ud800\"",
            "\"a\tb\"",
            "\"\\udc00\\udc00\"",
        ] {
            assert!(quick::<Value>(text).is_none(), "{text}");
            assert!(serde_json::from_str::<Value>(text).is_err(), "{text}");
        }
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(quick::<IgnoredAny>(&nested(MAX_DEPTH)).is_some());
        assert!(quick::<IgnoredAny>(&nested(MAX_DEPTH + 1)).is_none(), "left to serde_json");
        assert!(from_str::<IgnoredAny>(&nested(MAX_DEPTH + 1)).is_ok());
        assert!(serde_json::from_str::<Value>(&nested(MAX_DEPTH)).is_ok());
        assert!(from_str::<Value>(&nested(MAX_DEPTH + 1)).is_err());
        assert_eq!(from_str::<Value>("{\n\t\"a\": 1\n}").unwrap(), serde_json::json!({ "a": 1 }), "blanks are left");
    }

    proptest! {
        #[test]
        fn it_takes_nothing_that_serde_json_does_not(
            text in r#"([{}\[\]:,"\\ ]|"[abcde]":|"(\\n|\\u00e9|\\ud83d\\ude42|\\u12|é|x{1,40}){0,3}"|-?[0-9]{1,21}|0\.5|1e5|null|true|false|x|\\){0,24}"#
        ) {
            agree(&text);
        }

        #[test]
        fn a_tree_that_was_written_is_read(tree in trees(), cut in 0usize..400) {
            let text = tree.to_string();
            prop_assert!(agree(&text), "{}", text);
            let cut = text.floor_char_boundary(cut.min(text.len()));
            agree(&text[..cut]);
            agree(&format!("{}x{}", &text[..cut], &text[cut..]));
        }
    }

    fn trees() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            (-1e9..1e9).prop_map(Value::from),
            "[a-z\"\\\\\n\téß🙂 ]{0,60}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::vec(("[abcde\"\n]{1,2}", inner), 0..6)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }
}
