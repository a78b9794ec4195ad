//! Files of several JSON documents: pages of a report behind each other, a list of them, or one a line.
//!
//! Owns where one document ends and the next begins, and which files are read line by line. Owns no page: what a document holds is its reader's.

use super::document::{Items, longest, read_text};
use super::exports::is_cut_by_lines;
use super::json::{reject_reason, safe_detail};
use super::{Handled, Input, InputError, Limits, Position, Reason, Sink, read_lines};
use serde_json::value::RawValue;
use std::io::{self, Read};

/// Of a text with broken documents so many times its length may be read again: what is open to the end of the file is read to that end from each of its lines.
const READ_AGAIN: usize = 64;

/// Reads every document of a file: one, several behind each other (pages of a report, one a line or not), or a list of them. One that cannot be
/// read ends with its line. Returns where the committed part ends.
///
/// A file that is longer than a document may be is read line by line, if it is cut by lines: then each line may be as long as a document.
pub(crate) fn read_documents(
    input: &Input,
    sink: &mut dyn Sink,
    mut handle: impl FnMut(&RawValue, Position, &mut dyn Sink),
) -> Result<u64, InputError> {
    if is_cut_by_lines(&input.head()?) && is_longer(input, longest(input))? {
        return read_document_lines(input, sink, handle);
    }
    let document = match read_text(input, sink)? {
        Ok(document) => document,
        Err(end) => return Ok(end),
    };
    let mut rest = document.text.as_str();
    let mut left = rest.len().saturating_mul(READ_AGAIN);
    loop {
        let (broken, failed) = match take_documents(rest, |part| document.position(part), sink, &mut handle) {
            Ok(()) => return Ok(document.length),
            Err(failed) => failed,
        };
        let at = document.position(broken);
        let in_vain = place_of(rest, &failed).saturating_sub(rest.len() - broken.len());
        let Some(fewer) = left.checked_sub(in_vain) else {
            sink.reject(at, Reason::BadJson, "more of it is broken than can be looked through");
            return Ok(document.length);
        };
        left = fewer;
        let line = broken.find('\n').map(|end| &broken[end..]).filter(|rest| !rest.trim().is_empty());
        match line {
            Some(next) => {
                sink.reject(at, reject_reason(&failed), &safe_detail(&failed));
                rest = next;
            }
            None if failed.is_eof() => {
                sink.reject(at, Reason::TornLine, "the document is not whole yet");
                return Ok(at.offset);
            }
            None => {
                sink.reject(at, reject_reason(&failed), &safe_detail(&failed));
                return Ok(document.length);
            }
        }
    }
}

/// Where in a text its parser failed, in bytes.
fn place_of(text: &str, failed: &serde_json::Error) -> usize {
    let lines_before = failed.line().saturating_sub(1);
    let line_start = match lines_before.checked_sub(1) {
        Some(last) => memchr::memchr_iter(b'\n', text.as_bytes()).nth(last).map_or(text.len(), |end| end + 1),
        None => 0,
    };
    line_start.saturating_add(failed.column()).min(text.len())
}

/// Whether a file has more plain bytes than this.
fn is_longer(input: &Input, bytes: u64) -> Result<bool, InputError> {
    let read = io::copy(&mut input.open()?.take(bytes.saturating_add(1)), &mut io::sink());
    read.map(|read| read > bytes).map_err(|error| input.io_error(error))
}

fn read_document_lines(
    input: &Input,
    sink: &mut dyn Sink,
    mut handle: impl FnMut(&RawValue, Position, &mut dyn Sink),
) -> Result<u64, InputError> {
    let line_bytes = usize::try_from(longest(input)).unwrap_or(usize::MAX);
    let input = Input { limits: Limits { line_bytes, ..input.limits }, ..input.clone() };
    read_lines(&input, sink, |line, sink| {
        let place = |part: &str| {
            let inside = (part.as_ptr() as usize).saturating_sub(line.text.as_ptr() as usize);
            Position { offset: line.at.offset + inside as u64, ..line.at }
        };
        match take_documents(line.text, place, sink, &mut handle) {
            Ok(()) => Handled::Done,
            Err((_, failed)) if !line.complete && failed.is_eof() => Handled::Torn,
            Err((broken, failed)) => {
                sink.reject(place(broken), reject_reason(&failed), &safe_detail(&failed));
                Handled::Done
            }
        }
    })
}

/// Hands over the documents that a text begins with, those of a list one by one. The error is what follows them, and why it is none.
fn take_documents<'t>(
    text: &'t str,
    place: impl Fn(&str) -> Position,
    sink: &mut dyn Sink,
    handle: &mut impl FnMut(&RawValue, Position, &mut dyn Sink),
) -> Result<(), (&'t str, serde_json::Error)> {
    let mut documents = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
    while let Some(document) = documents.next() {
        let raw = match document {
            Ok(raw) => raw,
            Err(failed) => return Err((text.get(documents.byte_offset()..).unwrap_or("").trim_start(), failed)),
        };
        match serde_json::from_str::<Items<&RawValue>>(raw.get()) {
            Ok(list) => {
                for raw in list.0 {
                    handle(raw, place(raw.get()), sink);
                }
            }
            Err(_) => handle(raw, place(raw.get()), sink),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::testing::{Recorded, input_of};

    /// What is found with its offset, the reasons of rejects, and where the committed part ends. A line may have so many bytes, a document four times as many.
    fn read(text: &str, line_bytes: usize) -> (String, Vec<&'static str>, u64) {
        let (mut input, _guard) = input_of("x.json", text.as_bytes());
        input.limits.line_bytes = line_bytes;
        let (mut sink, mut found) = (Recorded::default(), Vec::new());
        let end = read_documents(&input, &mut sink, |raw, at, _| found.push(format!("{}:{}", at.offset, raw.get())));
        (found.join(" "), sink.reasons(), end.unwrap())
    }

    #[test]
    fn documents_behind_each_other_in_lists_and_lines_are_all_read() {
        let read = |text| read(text, 1000);
        assert_eq!(read("{\"a\":1}"), ("0:{\"a\":1}".into(), vec![], 7));
        assert_eq!(read("[{},\n{}]"), ("1:{} 5:{}".into(), vec![], 8));
        assert_eq!(read("{}\n{x\n{}\n"), ("0:{} 6:{}".into(), vec!["bad_json"], 9));
        assert_eq!(read("{}\n{\"a\":"), ("0:{}".into(), vec!["torn_line"], 3));
        assert_eq!(read("{}\n}"), ("0:{}".into(), vec!["bad_json"], 4));
        assert_eq!(read(""), (String::new(), vec![], 0));
        assert_eq!(read("{}\n{\n}\n"), ("0:{} 3:{\n}".into(), vec![], 7), "one over several lines");
    }

    /// Read to the end from each of its lines, this would be looked through for hours.
    #[test]
    fn a_file_of_open_brackets_ends_at_once() {
        let text = format!("{{}}\n{}", "[\n".repeat(1 << 20));
        let (found, reasons, end) = read(&text, text.len());
        assert_eq!((found.as_str(), end), ("0:{}", text.len() as u64));
        assert!(reasons.len() <= READ_AGAIN + 2 && reasons.iter().all(|reason| *reason == "bad_json"), "{reasons:?}");
    }

    #[test]
    fn the_place_of_a_failure_is_counted_in_bytes() {
        for (text, place) in [("{\"a\":x}", 6), ("{\n\"é\":\nx}", 9), ("[\n[\n", 4)] {
            let failed = serde_json::from_str::<&RawValue>(text).unwrap_err();
            assert_eq!(place_of(text, &failed), place, "{text}: {failed}");
        }
    }

    #[test]
    fn lines_may_be_more_than_a_document_may() {
        assert_eq!(read("{}\n{}\n[{},{}]\n", 2), ("0:{} 3:{} 7:{} 10:{}".into(), vec![], 14));
        assert_eq!(read("{}{}\n{x\n{}\n", 2), ("0:{} 2:{} 8:{}".into(), vec!["bad_json"], 11));
        assert_eq!(read("{}\n{}\n{\"a\":", 2), ("0:{} 3:{}".into(), vec!["torn_line"], 6));
        assert_eq!(read("{}\n[1,2,3,4,5]\n{}\n", 2), ("0:{} 15:{}".into(), vec!["line_too_long"], 18));
        assert_eq!(read("[{},\n{},\n{}]", 2).1, ["line_too_long"], "one document, and no lines");
    }
}
