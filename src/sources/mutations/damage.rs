//! Damage of bytes, whatever the format: what transfers, crashes and other programs do to files.

use proptest::prelude::*;
use proptest::sample::{Index, select};

/// One change of bytes. Places are shares of the length that there is when it is made.
#[derive(Debug, Clone)]
pub(super) enum Damage {
    Overwrite(Index, u8),
    Flip(Index, u8),
    PutIn(Index, Vec<u8>),
    Cut(Index),
    Take(Index, usize),
    RepeatLine(Index, usize),
    TakeLine(Index),
    SwapLines(Index, Index),
    WindowsLines,
    ByteOrderMark,
    Nest(Index, usize),
}

/// Any damage.
pub(super) fn any_damage() -> impl Strategy<Value = Damage> {
    let snippets: Vec<Vec<u8>> = [
        &b"\0"[..],
        b"\xff\xfe",
        b"\xEF\xBB\xBF",
        b"\xed\xa0\x80",
        b"\\ud800",
        b"\"",
        b"\\",
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b";",
        b":",
        b"\n",
        b"\r\n",
        b"\t",
        b"null",
        b"-1",
        b"1e999",
        b"99999999999999999999999",
        b"0.1",
        b"\"\":",
        b"PAR1",
        b"\x1f\x8b",
    ]
    .map(<[u8]>::to_vec)
    .to_vec();
    let at = any::<Index>;
    prop_oneof![
        (at(), any::<u8>()).prop_map(|(at, byte)| Damage::Overwrite(at, byte)),
        (at(), 0u8..8).prop_map(|(at, bit)| Damage::Flip(at, bit)),
        (at(), select(snippets)).prop_map(|(at, bytes)| Damage::PutIn(at, bytes)),
        at().prop_map(Damage::Cut),
        (at(), 1usize..400).prop_map(|(at, length)| Damage::Take(at, length)),
        (at(), 1usize..50).prop_map(|(at, times)| Damage::RepeatLine(at, times)),
        at().prop_map(Damage::TakeLine),
        (at(), at()).prop_map(|(one, two)| Damage::SwapLines(one, two)),
        Just(Damage::WindowsLines),
        Just(Damage::ByteOrderMark),
        (at(), select(vec![100usize, 130, 20_000])).prop_map(|(at, depth)| Damage::Nest(at, depth)),
    ]
}

/// A place in so many bytes, their end included.
fn place(at: &Index, length: usize) -> usize {
    at.index(length + 1)
}

/// The bytes after it.
pub(super) fn damaged(mut bytes: Vec<u8>, damage: &Damage) -> Vec<u8> {
    let lines = |bytes: &[u8]| bytes.split_inclusive(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect::<Vec<_>>();
    match damage {
        Damage::Overwrite(at, byte) => {
            let at = place(at, bytes.len());
            if let Some(target) = bytes.get_mut(at) {
                *target = *byte;
            }
        }
        Damage::Flip(at, bit) => {
            let at = place(at, bytes.len());
            if let Some(target) = bytes.get_mut(at) {
                *target ^= 1 << bit;
            }
        }
        Damage::PutIn(at, snippet) => {
            let at = place(at, bytes.len());
            bytes.splice(at..at, snippet.iter().copied());
        }
        Damage::Cut(at) => bytes.truncate(place(at, bytes.len())),
        Damage::Take(at, length) => {
            let at = place(at, bytes.len());
            let end = (at + length).min(bytes.len());
            bytes.drain(at..end);
        }
        Damage::RepeatLine(at, times) => {
            let mut all = lines(&bytes);
            if !all.is_empty() {
                let at = at.index(all.len());
                let line = all[at].clone();
                all.splice(at..at, std::iter::repeat_n(line, *times));
            }
            bytes = all.concat();
        }
        Damage::TakeLine(at) => {
            let mut all = lines(&bytes);
            if !all.is_empty() {
                all.remove(at.index(all.len()));
            }
            bytes = all.concat();
        }
        Damage::SwapLines(one, two) => {
            let mut all = lines(&bytes);
            if !all.is_empty() {
                let (one, two) = (one.index(all.len()), two.index(all.len()));
                all.swap(one, two);
            }
            bytes = all.concat();
        }
        Damage::WindowsLines => {
            bytes = lines(&bytes)
                .concat()
                .iter()
                .flat_map(|&byte| if byte == b'\n' { vec![b'\r', b'\n'] } else { vec![byte] })
                .collect();
        }
        Damage::ByteOrderMark => {
            bytes.splice(0..0, *b"\xEF\xBB\xBF");
        }
        Damage::Nest(at, depth) => {
            let at = place(at, bytes.len());
            let deep = [b"[".repeat(*depth), b"]".repeat(*depth)].concat();
            bytes.splice(at..at, deep);
        }
    }
    bytes
}
