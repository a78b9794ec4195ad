//! The objects of JSON documents, one at a time: an array, arrays behind each other, objects a line, or a wrapper object with the array inside.
//!
//! Owns framing with byte offsets, in memory bounded by the largest object, and the rejects of what is no object. Owns no meaning: objects are
//! found by brackets and quotes alone, and whether one is JSON is told by whoever parses it.

use super::{Input, InputError, Position, Reason, Sink};
use std::io::{self, Read};

/// Bytes asked of the file at once; a wrapper's array must begin within the first of them.
const BLOCK: usize = 256 * 1024;

/// One object of a document.
#[derive(Debug)]
pub(crate) struct Element<'a> {
    /// Where it starts.
    pub at: Position,
    /// The object, valid UTF-8, from brace to brace.
    pub text: &'a str,
}

/// How far a scan has come in an object.
#[derive(Debug, Clone, Copy, Default)]
struct Scan {
    depth: usize,
    in_string: bool,
    escaped: bool,
}

/// What a byte ends.
#[derive(Debug, PartialEq, Eq)]
enum Ends {
    Nothing,
    /// The outermost bracket is closed.
    Object,
    /// A line ends inside a text, which no JSON has: the object was cut or never was one.
    Nonsense,
}

impl Scan {
    /// How many of the bytes that come next change nothing: those of a text up to what ends or escapes it.
    fn passes(&self, rest: &[u8]) -> usize {
        if !self.in_string || self.escaped {
            return 0;
        }
        memchr::memchr3(b'"', b'\\', b'\n', rest).unwrap_or(rest.len())
    }

    fn step(&mut self, byte: u8) -> Ends {
        if self.in_string {
            match byte {
                b'\n' => return Ends::Nonsense,
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_string = false,
                _ => {}
            }
            return Ends::Nothing;
        }
        match byte {
            b'"' => self.in_string = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => {
                self.depth = self.depth.saturating_sub(1);
                if self.depth == 0 {
                    return Ends::Object;
                }
            }
            _ => {}
        }
        Ends::Nothing
    }
}

/// The first object of a head as far as it is there; null when there is none. For recognition.
pub(crate) fn first_object<'h>(head: &'h [u8], wrappers: &[&str]) -> Option<&'h [u8]> {
    let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
    let object = object_at(head)?;
    // Keys of wrappers are compared as they are written, so what holds none of them is not looked through again.
    let may_wrap = wrappers.iter().any(|key| memchr::memmem::find(object, key.as_bytes()).is_some());
    let inside = if may_wrap { array_within(object, wrappers) } else { None };
    inside.map_or(Some(object), |inside| object_at(&object[inside..]))
}

/// The object that stands behind blanks and opening brackets, as far as it is there.
fn object_at(text: &[u8]) -> Option<&[u8]> {
    let is_opening = |byte: &u8| byte.is_ascii_whitespace() || *byte == b'[';
    let object = &text[text.iter().take_while(|byte| is_opening(byte)).count()..];
    if object.first() != Some(&b'{') {
        return None;
    }
    let mut scan = Scan::default();
    let mut at = 0;
    loop {
        at += scan.passes(&object[at..]);
        match object.get(at) {
            None => return Some(object),
            Some(&byte) if scan.step(byte) != Ends::Nothing => return Some(&object[..=at]),
            Some(_) => at += 1,
        }
    }
}

/// Whether one of these names may stand in a text, as it is or with escapes. What surely has none of them need not be parsed to be told from records that
/// have one.
pub(crate) fn may_name(text: &[u8], names: &[&str]) -> bool {
    let holds = |part: &[u8]| memchr::memmem::find(text, part).is_some();
    names.iter().any(|name| holds(format!("\"{name}\"").as_bytes())) || holds(b"\\u")
}

/// Whether an object, or as much of it as is there, has one of these names of its own, not within something inside it.
pub(crate) fn has_own_name(object: &[u8], names: &[&str]) -> bool {
    let mut scan = Scan::default();
    let mut string_start = 0;
    let mut next = 0;
    while let Some(&byte) = object.get(next) {
        let index = next;
        let was_in_string = scan.in_string;
        if scan.step(byte) != Ends::Nothing {
            return false;
        }
        next += 1 + scan.passes(&object[index + 1..]);
        match (was_in_string, scan.in_string) {
            (false, true) => string_start = index + 1,
            (true, false) if scan.depth == 1 => {
                let is_name = object[index + 1..].trim_ascii_start().first() == Some(&b':');
                if is_name && names.iter().any(|name| name.as_bytes() == &object[string_start..index]) {
                    return true;
                }
            }
            _ => {}
        }
    }
    false
}

/// Whether a head is an array of nothing.
pub(crate) fn is_empty_array(head: &[u8]) -> bool {
    let mut bytes = head.iter().filter(|byte| !byte.is_ascii_whitespace());
    bytes.next() == Some(&b'[') && bytes.next() == Some(&b']') && bytes.next().is_none()
}

/// Where in an object the array of one of these keys begins, if it does within the bytes given.
fn array_within(object: &[u8], keys: &[&str]) -> Option<usize> {
    if object.first() != Some(&b'{') || keys.is_empty() {
        return None;
    }
    let mut scan = Scan::default();
    let mut string_start = 0;
    let mut last_string: &[u8] = b"";
    let mut next = 0;
    while let Some(&byte) = object.get(next) {
        let index = next;
        let was_in_string = scan.in_string;
        if !was_in_string && byte == b'[' && scan.depth == 1 && object[..index].trim_ascii_end().last() == Some(&b':') {
            let key = std::str::from_utf8(last_string).unwrap_or("");
            if keys.contains(&key) {
                return Some(index);
            }
        }
        if scan.step(byte) != Ends::Nothing {
            return None;
        }
        next += 1 + scan.passes(&object[index + 1..]);
        match (was_in_string, scan.in_string) {
            (false, true) => string_start = index + 1,
            (true, false) => last_string = &object[string_start..index],
            _ => {}
        }
    }
    None
}

/// The bytes of a file in a window that moves on.
struct Window<R> {
    reader: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Offset in the file and line of `start`.
    at: Position,
}

impl<R: Read> Window<R> {
    fn bytes(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Gives up the first bytes.
    fn pass(&mut self, count: usize) {
        let passed = &self.buffer[self.start..self.start + count];
        self.at.line += memchr::memchr_iter(b'\n', passed).count() as u64;
        self.at.offset += count as u64;
        self.start += count;
    }

    /// Reads on behind what there is. False at the end of the file.
    fn refill(&mut self, sink: &mut dyn Sink) -> io::Result<bool> {
        self.buffer.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        if self.buffer.len() - self.end < BLOCK / 2 {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        loop {
            match self.reader.read(&mut self.buffer[self.end..]) {
                Ok(count) => {
                    sink.content(&self.buffer[self.end..self.end + count]);
                    self.end += count;
                    return Ok(count > 0);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The next byte that is neither blank nor comma; null at the end of the file.
    fn next_mark(&mut self, sink: &mut dyn Sink) -> io::Result<Option<u8>> {
        loop {
            let blank = |byte: &u8| byte.is_ascii_whitespace() || *byte == b',';
            let blanks = self.bytes().iter().take_while(|byte| blank(byte)).count();
            self.pass(blanks);
            if let Some(&byte) = self.bytes().first() {
                return Ok(Some(byte));
            }
            if !self.refill(sink)? {
                return Ok(None);
            }
        }
    }
}

/// What stands at a bracket.
enum Framed {
    /// An object of this length.
    Object(usize),
    /// An object that was passed over, since it is longer than the limit.
    TooLong,
    /// So many bytes that are no object.
    Nonsense(usize),
    /// The file ends first.
    Torn,
}

/// Finds the end of what begins here at a depth: 0 at its opening bracket, 1 within it.
fn frame<R: Read>(window: &mut Window<R>, depth: usize, limit: usize, sink: &mut dyn Sink) -> io::Result<Framed> {
    let mut scan = Scan { depth, ..Scan::default() };
    let (mut done, mut too_long) = (0, false);
    loop {
        let bytes = window.bytes();
        while done < bytes.len() {
            done += scan.passes(&bytes[done..]);
            if done == bytes.len() {
                break;
            }
            let ends = scan.step(bytes[done]);
            done += 1;
            match ends {
                Ends::Nothing => {}
                Ends::Nonsense => return Ok(Framed::Nonsense(done)),
                Ends::Object if too_long => {
                    window.pass(done);
                    return Ok(Framed::TooLong);
                }
                Ends::Object => return Ok(Framed::Object(done)),
            }
        }
        if done > limit || too_long {
            too_long = true;
            window.pass(done);
            done = 0;
        }
        if !window.refill(sink)? {
            return Ok(Framed::Torn);
        }
    }
}

/// Reads every object of a document and returns where its committed part ends.
///
/// Objects stand at the top, in arrays at the top however nested, or in the array of one of the keys `wrappers` of an object at the top; what
/// else such a wrapper has, page numbers and totals, is passed over. What is no object is rejected, as is a document that ends too early.
pub(crate) fn read_elements(
    input: &Input,
    wrappers: &[&str],
    sink: &mut dyn Sink,
    mut handle: impl FnMut(Element<'_>, &mut dyn Sink),
) -> Result<u64, InputError> {
    let start = Position { offset: 0, line: 1 };
    let mut window = Window { reader: input.open()?, buffer: vec![0; BLOCK], start: 0, end: 0, at: start };
    let failed = |error| input.io_error(error);
    window.refill(sink).map_err(failed)?;
    if window.bytes().starts_with(b"\xEF\xBB\xBF") {
        window.pass(3);
    }
    let (mut arrays, mut in_wrapper, mut committed) = (0usize, false, 0);
    while let Some(mark) = window.next_mark(sink).map_err(failed)? {
        match mark {
            b'[' => {
                arrays += 1;
                window.pass(1);
            }
            b']' if arrays > 0 => {
                arrays -= 1;
                window.pass(1);
                if arrays == 0 && in_wrapper {
                    in_wrapper = false;
                    match frame(&mut window, 1, input.limits.line_bytes, sink).map_err(failed)? {
                        Framed::Object(length) | Framed::Nonsense(length) => window.pass(length),
                        Framed::TooLong => {}
                        Framed::Torn => return Ok(torn(&window, committed, sink)),
                    }
                }
                committed = window.at.offset;
            }
            b'{' => {
                if arrays == 0 && !in_wrapper {
                    while window.bytes().len() < BLOCK && window.refill(sink).map_err(failed)? {}
                    if let Some(array) = array_within(window.bytes(), wrappers) {
                        in_wrapper = true;
                        window.pass(array);
                        continue;
                    }
                }
                let at = window.at;
                match frame(&mut window, 0, input.limits.line_bytes, sink).map_err(failed)? {
                    Framed::Object(length) => {
                        match simdutf8::basic::from_utf8(&window.bytes()[..length]) {
                            Ok(text) => handle(Element { at, text }, sink),
                            Err(_) => sink.reject(at, Reason::BadUtf8, "invalid byte sequence"),
                        }
                        window.pass(length);
                        committed = window.at.offset;
                    }
                    Framed::TooLong => {
                        let length = window.at.offset - at.offset;
                        sink.reject(at, Reason::LineTooLong, &format!("{length} bytes"));
                        committed = window.at.offset;
                    }
                    Framed::Nonsense(length) => {
                        sink.reject(at, Reason::BadJson, "a line ends inside a text");
                        window.pass(length);
                        committed = window.at.offset;
                    }
                    Framed::Torn => return Ok(torn(&window, committed, sink)),
                }
            }
            _ => {
                sink.reject(window.at, Reason::BadJson, "not an object");
                pass_over(&mut window, sink).map_err(failed)?;
                committed = window.at.offset;
            }
        }
    }
    if arrays > 0 || in_wrapper {
        return Ok(torn(&window, committed, sink));
    }
    Ok(window.at.offset)
}

/// The document goes on where the file ends.
fn torn<R>(window: &Window<R>, committed: u64, sink: &mut dyn Sink) -> u64 {
    sink.reject(window.at, Reason::TornLine, "the document is not whole yet");
    committed
}

/// Passes over what is no object, up to the next bracket that may open one or the end of the line.
fn pass_over<R: Read>(window: &mut Window<R>, sink: &mut dyn Sink) -> io::Result<()> {
    // The first byte is what was rejected, whatever it is.
    window.pass(1);
    loop {
        let rest = window.bytes();
        if let Some(index) = rest.iter().position(|byte| matches!(byte, b'{' | b'[' | b']' | b'\n')) {
            window.pass(index);
            return Ok(());
        }
        let length = rest.len();
        window.pass(length);
        if !window.refill(sink)? {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::testing::{Recorded, input_of};

    fn read(bytes: &[u8], limit: usize) -> (Vec<(u64, u64, String)>, Recorded, u64) {
        let (mut input, _guard) = input_of("x.json", bytes);
        input.limits.line_bytes = limit;
        let (mut sink, mut found) = (Recorded::default(), Vec::new());
        let end = read_elements(&input, &["issues"], &mut sink, |element, _| {
            found.push((element.at.offset, element.at.line, element.text.to_owned()));
        })
        .unwrap();
        (found, sink, end)
    }

    fn texts(bytes: &[u8]) -> Vec<String> {
        let (found, sink, end) = read(bytes, 1 << 20);
        assert_eq!((sink.reasons(), end), (vec![], bytes.len() as u64), "{}", String::from_utf8_lossy(bytes));
        found.into_iter().map(|(_, _, text)| text).collect()
    }

    #[test]
    fn objects_are_found_in_every_shape_that_tools_print() {
        let both = [r#"{"a":1}"#, r#"{"b":"}]\"{"}"#];
        for shape in [
            "[A,B]",
            "A\nB\n",
            "[A][B]",
            "[[A],[B]]\n",
            "\u{feff}[\n A,\n B\n]",
            r#"{"total":2,"names":["issues"],"issues":[A,B],"isLast":true}"#,
            r#"{"issues" : [ A ] }{"issues":[B]}"#,
        ] {
            let text = shape.replace('A', both[0]).replace('B', both[1]);
            assert_eq!(texts(text.as_bytes()), both, "{shape}");
        }
        assert_eq!(texts(b"[]"), Vec::<String>::new());
        assert_eq!(texts(br#"{"key":"A-1","fields":{"issues":[{"x":1}]}}"#).len(), 1, "not a wrapper");
    }

    #[test]
    fn what_is_no_object_is_rejected_with_its_place_and_the_rest_goes_on() {
        let (found, sink, end) = read(b"warning: slow\n[{\"a\":1}, 7, \"x\", {\"b\":2}]\n", 100);
        assert_eq!(found, [(15, 2, r#"{"a":1}"#.to_owned()), (32, 2, r#"{"b":2}"#.to_owned())]);
        assert_eq!(sink.reasons(), ["bad_json", "bad_json"]);
        assert_eq!(end, 41);
        let (found, sink, _) = read(b"{\"a\":\"cut\n{\"b\":2}\n", 100);
        assert_eq!((found.len(), sink.reasons()), (1, vec!["bad_json"]));
        let (found, sink, end) =
            read(format!("[{{\"a\":\"{}\"}},{{\"b\":2}}]", "x".repeat(BLOCK * 3)).as_bytes(), 1000);
        assert_eq!((found.len(), sink.reasons()), (1, vec!["line_too_long"]));
        assert_eq!(end, sink.content.len() as u64);
    }

    #[test]
    fn a_document_cut_anywhere_gives_what_is_whole_and_one_reject() {
        for whole in [&br#"[{"a":{"b":[1]}},{"c":"d"}]"#[..], br#"{"at":0,"issues":[{"a":1},{"c":"d"}],"last":[]}"#] {
            let ends: Vec<usize> = (1..whole.len()).filter(|end| whole[..*end].ends_with(b"}")).collect();
            for cut in 1..whole.len() {
                let (found, sink, end) = read(&whole[..cut], 1000);
                let complete = read(whole, 1000).0;
                let expected = complete.iter().filter(|(at, _, text)| *at as usize + text.len() <= cut).count();
                assert_eq!(found.len(), expected, "{cut}");
                assert_eq!(sink.reasons(), ["torn_line"], "{cut}");
                assert!(end as usize <= cut && (end == 0 || ends.iter().any(|place| *place as u64 <= end)), "{cut}");
            }
        }
    }

    #[test]
    fn an_objects_own_names_are_not_those_inside_it_or_in_its_texts() {
        let object = br#"{"a" : {"b": 1}, "c": "\"d\":", "e": ["f"], "g": "cut"#;
        for (name, own) in
            [("a", true), ("b", false), ("c", true), ("d", false), ("f", false), ("g", true), ("cut", false)]
        {
            assert_eq!(has_own_name(object, &[name]), own, "{name}");
        }
    }

    #[test]
    fn the_first_object_is_the_record_and_not_what_wraps_it() {
        for (head, object) in [
            (r#" [[{"a":"}"}, {"b":1}]]"#, Some(r#"{"a":"}"}"#)),
            (r#"{"total":2,"items":[ {"a":1},{"b":2}]}"#, Some(r#"{"a":1}"#)),
            (r#"{"total":2,"items":[{"a":[1"#, Some(r#"{"a":[1"#)),
            (r#"{"total":0,"items":[]}"#, None),
            (r#"{"of":"items","a":[{"b":1}]}"#, Some(r#"{"of":"items","a":[{"b":1}]}"#)),
            (r#"{"a":{"items":[{"b":1}]}}{"items":[{"c":1}]}"#, Some(r#"{"a":{"items":[{"b":1}]}}"#)),
            ("{\"items\":[{\"a\":\"cut\nb\"}]}", Some("{\"a\":\"cut\n")),
            ("Issue key,items", None),
        ] {
            let found = first_object(head.as_bytes(), &["issues", "items"]);
            assert_eq!(found.map(String::from_utf8_lossy).as_deref(), object, "{head}");
        }
    }

    #[test]
    fn a_name_may_stand_where_it_is_written_or_escaped() {
        for (text, may) in [
            (r#"{"iid":1}"#, true),
            (r#"{"a":{"iid":1}}"#, true),
            (r#"{"\u0069id":1}"#, true),
            (r#"{"a":"\"iid\""}"#, false),
            (r#"{"iids":1,"id":2}"#, false),
        ] {
            assert_eq!(may_name(text.as_bytes(), &["number", "iid"]), may, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic_and_the_end_is_never_beyond_the_file(text in "([\\[\\]{}\",:\n\\\\ ]|issues|é|a){0,60}") {
            let (_, _, end) = read(text.as_bytes(), 20);
            proptest::prop_assert!(end <= text.len() as u64);
            first_object(text.as_bytes(), &["issues"]);
            has_own_name(text.as_bytes(), &["issues"]);
        }
    }
}
