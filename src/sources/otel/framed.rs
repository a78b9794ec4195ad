//! Files of binary messages: a single one, or many with their length before each, as the collector's file exporter writes protocol buffers and everything
//! that it compresses.
//!
//! Owns framing, the limits on length, and unpacking. Owns no messages.

use super::protobuf;
use crate::sources::{Input, InputError, Position, Reason, Sink};
use std::io::{self, Read};

/// Bytes before each message: its length, the largest byte first.
const PREFIX: usize = 4;
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// A message may unpack to this many times the longest line.
const LINES_PER_MESSAGE: u64 = 4;

/// How the messages of a file are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// Each has its length before it.
    Lengths,
    /// The file is one message.
    Single,
}

/// Whether a file is one of binary messages, by its beginning.
pub(super) fn framing(head: &[u8], is_json: impl Fn(&[u8]) -> bool) -> Option<Framing> {
    if protobuf::has_record(head) {
        return Some(Framing::Single);
    }
    let (prefix, rest) = head.split_at_checked(PREFIX)?;
    let length = length_of(prefix);
    let message = &rest[..rest.len().min(usize::try_from(length).unwrap_or(usize::MAX))];
    let unpacked = if message.starts_with(&ZSTD) { beginning(message) } else { message.to_vec() };
    let is_request = protobuf::has_record(&unpacked) || (unpacked.starts_with(b"{") && is_json(&unpacked));
    (length > 0 && is_request).then_some(Framing::Lengths)
}

fn length_of(prefix: &[u8]) -> u64 {
    prefix.iter().fold(0, |length, &byte| length << 8 | u64::from(byte))
}

/// What of a packed message can be unpacked, though its end may be cut off.
fn beginning(message: &[u8]) -> Vec<u8> {
    let mut unpacked = Vec::new();
    if let Ok(decoder) = zstd::stream::read::Decoder::new(message) {
        // An error is the cut; what was unpacked before it stays.
        let _ = decoder.take(64 * 1024).read_to_end(&mut unpacked);
    }
    unpacked
}

/// Reads every message, unpacked, and hands it over. Returns where the committed part ends.
pub(super) fn read(
    framing: Framing,
    input: &Input,
    sink: &mut dyn Sink,
    mut take: impl FnMut(&[u8], Position, &mut dyn Sink),
) -> Result<u64, InputError> {
    let mut reader = input.open()?;
    let failed = |error| input.io_error(error);
    let most = (input.limits.line_bytes as u64).saturating_mul(LINES_PER_MESSAGE);
    if framing == Framing::Single {
        let mut message = Vec::new();
        reader.by_ref().take(most + 1).read_to_end(&mut message).map_err(failed)?;
        let rest = io::copy(&mut reader, &mut io::sink()).map_err(failed)?;
        let length = message.len() as u64 + rest;
        match length > most {
            true => sink.reject(Position::default(), Reason::LineTooLong, &format!("a message of {length} bytes")),
            false => take(&message, Position::default(), sink),
        }
        return Ok(length);
    }
    let (mut committed, mut all_unpacked) = (0u64, 0u64);
    loop {
        let at = Position { offset: committed, line: 0 };
        let mut prefix = Vec::with_capacity(PREFIX);
        reader.by_ref().take(PREFIX as u64).read_to_end(&mut prefix).map_err(failed)?;
        if prefix.is_empty() {
            return Ok(committed);
        }
        let length = length_of(&prefix);
        let mut message = Vec::new();
        let kept = length.min(most);
        let mut there = reader.by_ref().take(kept).read_to_end(&mut message).map_err(failed)? as u64;
        there += io::copy(&mut reader.by_ref().take(length - kept), &mut io::sink()).map_err(failed)?;
        if prefix.len() < PREFIX || there < length {
            sink.reject(at, Reason::TornLine, "the last message is not whole yet");
            return Ok(committed);
        }
        committed += PREFIX as u64 + length;
        if length > most {
            sink.reject(at, Reason::LineTooLong, &format!("a message of {length} bytes"));
            continue;
        }
        if !message.starts_with(&ZSTD) {
            take(&message, at, sink);
            continue;
        }
        // Many small bombs are one: what all messages unpack to is limited as that of a compressed file is.
        let allowed = committed.saturating_mul(input.limits.ratio).max(input.limits.ratio_after);
        let most = most.min(allowed.saturating_sub(all_unpacked));
        let mut unpacked = Vec::new();
        let unpacking = zstd::stream::read::Decoder::new(message.as_slice())
            .and_then(|decoder| decoder.take(most.saturating_add(1)).read_to_end(&mut unpacked));
        all_unpacked += unpacked.len() as u64;
        match unpacking {
            Ok(length) if length as u64 > most => sink.reject(at, Reason::CompressionBomb, "message"),
            Ok(_) => take(&unpacked, at, sink),
            Err(_) => sink.reject(at, Reason::DamagedArchive, "message"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::testing::{Recorded, input_of};

    #[test]
    fn many_small_bombs_are_one() {
        let bomb = zstd::encode_all(&[0; 1 << 20][..], 19).unwrap();
        let honest = zstd::encode_all(&b"ok"[..], 3).unwrap();
        let mut bytes = Vec::new();
        for message in [&honest, &bomb, &bomb, &bomb, &bomb] {
            bytes.extend((message.len() as u32).to_be_bytes());
            bytes.extend(message);
        }
        let (mut input, _guard) = input_of("x.zst.pb", &bytes);
        input.limits.ratio_after = 5 << 19;
        let (mut sink, mut taken) = (Recorded::default(), Vec::new());
        let end = read(Framing::Lengths, &input, &mut sink, |message, _, _| taken.push(message.len()));
        assert_eq!(end.unwrap(), bytes.len() as u64);
        assert_eq!(taken, [2, 1 << 20, 1 << 20]);
        assert_eq!(sink.reasons(), ["compression_bomb", "compression_bomb"]);
    }
}
