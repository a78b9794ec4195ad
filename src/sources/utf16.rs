//! Files of UTF-16 as bytes of UTF-8, so that every reader has one encoding: what PowerShell's `>` and spreadsheets' "Unicode text" write.
//!
//! Owns the byte-order mark by which such a file is known, and the decoding. Owns no framing: offsets are those of the UTF-8, as those of a compressed file
//! are those of its plain bytes.

use std::io::{self, Read};

/// Bytes of a byte-order mark.
pub(super) const MARK_BYTES: usize = 2;
/// Stands for half a character without its other half. No text of UTF-8 has it, so that the line is rejected and no other.
const NO_CHARACTER: u8 = 0xff;
/// Bytes of UTF-16 that are decoded at once.
const BLOCK: usize = 16 * 1024;

/// Which byte of a unit comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ByteOrder {
    /// The smaller.
    Little,
    /// The larger.
    Big,
}

/// The byte order of a file of UTF-16 that begins so; null for any other. A mark alone is not believed: a comma, a quote or a line end has a byte of zero
/// beside its own, which no text of UTF-8 has.
pub fn byte_order(head: &[u8]) -> Option<ByteOrder> {
    let order = match head {
        // That of UTF-32.
        [0xff, 0xfe, 0, 0, ..] => None,
        [0xff, 0xfe, ..] => Some(ByteOrder::Little),
        [0xfe, 0xff, ..] => Some(ByteOrder::Big),
        _ => None,
    };
    order.filter(|_| head.contains(&0))
}

/// Reads what stands behind the mark as UTF-8. Half a character at the end of the file is held back, as it is of a file that is still written.
pub(super) struct Decoder<R> {
    inner: R,
    order: ByteOrder,
    /// UTF-8 that was not asked for yet, from `next` on.
    ready: Vec<u8>,
    next: usize,
    /// The first byte of a unit whose second comes next.
    odd: Option<u8>,
    /// The first unit of a pair whose second comes next.
    high: Option<u16>,
}

impl<R: Read> Decoder<R> {
    pub(super) fn new(inner: R, order: ByteOrder) -> Self {
        Self { inner, order, ready: Vec::new(), next: 0, odd: None, high: None }
    }

    fn decode(&mut self, bytes: &[u8]) {
        let mut bytes = self.odd.take().into_iter().chain(bytes.iter().copied());
        while let Some(first) = bytes.next() {
            let Some(second) = bytes.next() else {
                self.odd = Some(first);
                return;
            };
            let unit = match self.order {
                ByteOrder::Little => u16::from_le_bytes([first, second]),
                ByteOrder::Big => u16::from_be_bytes([first, second]),
            };
            self.take_unit(unit);
        }
    }

    fn take_unit(&mut self, unit: u16) {
        match (self.high.take(), unit) {
            (Some(high), 0xdc00..=0xdfff) => self.add([high, unit]),
            (high, unit) => {
                if high.is_some() {
                    self.ready.push(NO_CHARACTER);
                }
                match unit {
                    0xd800..=0xdbff => self.high = Some(unit),
                    unit => self.add([unit]),
                }
            }
        }
    }

    fn add(&mut self, units: impl IntoIterator<Item = u16>) {
        for decoded in char::decode_utf16(units) {
            match decoded {
                Ok(character) => self.ready.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
                Err(_) => self.ready.push(NO_CHARACTER),
            }
        }
    }
}

impl<R: Read> Read for Decoder<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.next == self.ready.len() {
            self.ready.clear();
            self.next = 0;
            let mut block = [0; BLOCK];
            let count = self.inner.read(&mut block)?;
            if count == 0 {
                return Ok(0);
            }
            self.decode(&block[..count]);
        }
        let count = buffer.len().min(self.ready.len() - self.next);
        buffer[..count].copy_from_slice(&self.ready[self.next..self.next + count]);
        self.next += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hands out three bytes at a time, so that units and pairs are cut.
    struct Trickle<'a>(&'a [u8]);

    impl Read for Trickle<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = self.0.len().min(buffer.len()).min(3);
            let (now, later) = self.0.split_at(count);
            buffer[..count].copy_from_slice(now);
            self.0 = later;
            Ok(count)
        }
    }

    fn decoded(bytes: &[u8], order: ByteOrder) -> Vec<u8> {
        let mut text = Vec::new();
        Decoder::new(Trickle(bytes), order).read_to_end(&mut text).unwrap();
        text
    }

    #[test]
    fn a_text_is_the_same_in_either_byte_order() {
        let text = "actor,text\r\nada,\"größer → 𝄞\"\n".repeat(3_000);
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert!(decoded(&little, ByteOrder::Little) == text.as_bytes());
        assert!(decoded(&big, ByteOrder::Big) == text.as_bytes());
        // What is cut within a character is held back, and nothing else.
        let cut = "ab𝄞".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        for end in 4..8 {
            assert_eq!(decoded(&cut[..end], ByteOrder::Little), b"ab", "{end}");
        }
    }

    #[test]
    fn half_a_character_is_no_utf8_and_what_follows_it_is_read() {
        let of = |units: &[u16]| {
            decoded(&units.iter().copied().flat_map(u16::to_le_bytes).collect::<Vec<u8>>(), ByteOrder::Little)
        };
        assert_eq!(of(&[0x61, 0xd834, 0x62]), b"a\xffb");
        assert_eq!(of(&[0x61, 0xdd1e, 0x62]), b"a\xffb");
        assert_eq!(of(&[0xd834, 0xd834, 0xdd1e, 0x62]), [&b"\xff"[..], "𝄞b".as_bytes()].concat());
    }

    #[test]
    fn a_mark_is_believed_where_there_is_a_byte_of_zero() {
        assert_eq!(byte_order(b"\xff\xfe{\0\"\0"), Some(ByteOrder::Little));
        assert_eq!(byte_order(b"\xfe\xff\0{\0\""), Some(ByteOrder::Big));
        // A header in another script, and the comma behind its first name.
        assert_eq!(byte_order(b"\xff\xfe\x14\x04,\0"), Some(ByteOrder::Little));
        for other in [&b"\xff\xfe{\"a\":1}"[..], b"\xff\xfe\0\0{\0\0\0", b"{\0}\0", b"\xef\xbb\xbf{}", b"\xff\xfe", b""]
        {
            assert_eq!(byte_order(other), None, "{other:?}");
        }
    }
}
