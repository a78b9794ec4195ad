//! What the product wraps around a person's words before the model sees them: metadata blocks, time stamps, event lines.
//!
//! Takes the wrapping off, so that only the words are sketched, and reads from it who wrote and in which time zone.
//! The blocks are called untrusted because a sender chooses his own name; the sender id is the channel's.
//! Owns no verdict on what started the run: that is [`super::triggers`].

use crate::sources::json::parse_last_wins;

/// A user message, unwrapped.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Unwrapped<'t> {
    /// The words that are left.
    pub(super) text: &'t str,
    /// Account of the sender in the channel.
    pub(super) sender: Option<String>,
    /// A metadata block of the channel was there, with or without a sender.
    pub(super) has_metadata: bool,
    /// A time stamp was there.
    pub(super) has_stamp: bool,
    /// Minutes east of UTC, from the time stamp.
    pub(super) utc_offset_min: Option<i32>,
    /// Machine-written `System:` lines stood before the words.
    pub(super) has_system_lines: bool,
}

/// Names that local surfaces put in the place of a sender: they say which window was used, not who sat at it.
const SURFACES: &[&str] = &["openclaw-control-ui", "gateway-client", "cli", "webchat", "openclaw-tui"];
/// A bracketed stamp longer than this is not one.
const STAMP_BYTES: usize = 240;
/// Layers taken off at most. Real messages have under ten; without a bound, a text of nothing but stamps would be
/// searched once for each.
const LAYERS: usize = 64;

/// Fields of `Conversation info` and `Sender` blocks that say who wrote.
#[derive(Debug, Default, serde::Deserialize)]
struct Who {
    id: Option<serde_json::Value>,
    sender_id: Option<serde_json::Value>,
    e164: Option<serde_json::Value>,
    username: Option<serde_json::Value>,
    sender: Option<serde_json::Value>,
}

/// Takes the wrapping off, layer by layer, until something stands first that is no layer.
pub(super) fn unwrap(text: &str) -> Unwrapped<'_> {
    let mut found = Unwrapped { text: text.trim(), ..Unwrapped::default() };
    // Better sources of the sender come later in real messages, so they are ranked and not taken in order.
    let mut sender_rank = usize::MAX;
    // The product writes each block once, first; a second one was typed by the sender to pass for somebody else.
    let mut titles_seen: Vec<&str> = Vec::new();
    for _ in 0..LAYERS {
        if let Some((title, json, rest)) = metadata_block(found.text) {
            found.has_metadata = true;
            let tells = title.starts_with("Conversation info") || title.starts_with("Sender");
            if tells
                && !titles_seen.contains(&title)
                && !found.has_stamp
                && let Some((rank, sender)) = sender_of(json).filter(|(rank, _)| *rank < sender_rank)
            {
                sender_rank = rank;
                found.sender = Some(sender);
            }
            titles_seen.push(title);
            found.text = rest;
        } else if let Some((stamp, rest)) = stamp(found.text) {
            found.has_stamp = true;
            found.utc_offset_min = offset_minutes(stamp).or(found.utc_offset_min);
            if let Some(id) = stamp.split(' ').find_map(|word| word.strip_prefix("id:")).filter(|id| !id.is_empty()) {
                found.sender.get_or_insert_with(|| id.to_owned());
            }
            found.text = rest;
        } else if is_system_line(found.text, found.has_system_lines) {
            found.has_system_lines = true;
            found.text = found.text.split_once('\n').map_or("", |(_, rest)| rest.trim_start());
        } else {
            break;
        }
    }
    found
}

/// `System: [<time>] <event>`, and the further lines of the same event, which have no time.
fn is_system_line(text: &str, after_another: bool) -> bool {
    text.starts_with("System: [")
        || text.starts_with("System (untrusted): [")
        || after_another && (text.starts_with("System: ") || text.starts_with("System (untrusted): "))
}

/// A title that ends in `(untrusted metadata):` or `(untrusted, for context):`, the fenced JSON under it, and the rest.
fn metadata_block(text: &str) -> Option<(&str, &str, &str)> {
    let (title, rest) = text.split_once('\n')?;
    let title = title.trim_end();
    if !(title.ends_with("(untrusted metadata):") || title.ends_with("(untrusted, for context):")) || title.len() > 120
    {
        return None;
    }
    let body = rest.trim_start().strip_prefix("```json")?;
    let (json, rest) = body.split_once("\n```")?;
    Some((title, json, rest.trim_start()))
}

fn sender_of(json: &str) -> Option<(usize, String)> {
    let who: Who = parse_last_wins(json).ok()?;
    [who.id, who.sender_id, who.e164, who.username, who.sender].into_iter().enumerate().find_map(|(rank, value)| {
        let name = match value? {
            serde_json::Value::String(name) => name,
            serde_json::Value::Number(number) => number.to_string(),
            _ => return None,
        };
        let name = name.trim();
        (!name.is_empty() && !SURFACES.contains(&name)).then(|| (rank, name.to_owned()))
    })
}

/// `[Tue 2026-05-05 09:44 GMT+5:30] text`, or an older channel's `[Telegram Ada id:42 2026-01-20 09:44 UTC] text`.
fn stamp(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix('[')?;
    let end = inner.find(']').filter(|&end| end <= STAMP_BYTES)?;
    let stamp = &inner[..end];
    let mut words = stamp.split(' ').peekable();
    while let Some(word) = words.next() {
        if is_shape(word, "dddd-dd-dd") && words.peek().is_some_and(|clock| is_shape(clock, "dd:dd")) {
            return Some((stamp, inner[end + 1..].trim_start()));
        }
    }
    None
}

/// Whether `word` starts with digits where `shape` has `d` and with the same bytes elsewhere.
fn is_shape(word: &str, shape: &str) -> bool {
    word.len() >= shape.len()
        && word.bytes().zip(shape.bytes()).all(|(byte, want)| match want {
            b'd' => byte.is_ascii_digit(),
            want => byte == want,
        })
}

/// Offset in a stamp's last word: `UTC`, `GMT+8`, `GMT-3:30`. Abbreviations such as `PDT` name no offset for certain.
fn offset_minutes(stamp: &str) -> Option<i32> {
    let zone = stamp.rsplit(' ').next()?;
    if matches!(zone, "UTC" | "GMT") {
        return Some(0);
    }
    let zone = zone.strip_prefix("GMT").or_else(|| zone.strip_prefix("UTC"))?;
    let (sign, digits) = match zone.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = digits.split_once(':').unwrap_or((digits, "0"));
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    ((0..=14).contains(&hours) && (0..60).contains(&minutes)).then(|| sign * (hours * 60 + minutes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_message_is_unwrapped_to_its_words() {
        let text = "Conversation info (untrusted metadata):\n```json\n{\"message_id\": \"9\", \"sender_id\": \"4711\", \"sender\": \"Ada\"}\n```\n\n\
            Sender (untrusted metadata):\n```json\n{\"label\": \"Ada (4711)\", \"id\": \"4711\", \"name\": \"Ada\"}\n```\n\n\
            Replied message (untrusted, for context):\n```json\n{\"id\": \"someone-else\", \"body\": \"old words\"}\n```\n\n\
            [Tue 2026-05-05 09:44 GMT+5:30] please move the meeting";
        let found = unwrap(text);
        assert_eq!(found.text, "please move the meeting");
        assert_eq!(found.sender.as_deref(), Some("4711"));
        assert_eq!(found.utc_offset_min, Some(330));
        assert!(found.has_metadata && found.has_stamp);
    }

    #[test]
    fn a_local_window_is_no_person_and_an_unfinished_block_is_text() {
        let text = "Sender (untrusted metadata):\n```json\n{\"id\": \"openclaw-control-ui\"}\n```\n\nhello";
        let found = unwrap(text);
        assert_eq!((found.text, found.sender, found.has_metadata), ("hello", None, true));
        let open = "Sender (untrusted metadata):\n```json\n{\"id\": \"1\"}";
        assert_eq!(unwrap(open).text, open);
        let damaged = "Sender (untrusted metadata):\n```json\n{\"id\": \n```\nhello";
        assert_eq!((unwrap(damaged).text, unwrap(damaged).sender), ("hello", None));
    }

    #[test]
    fn a_sender_cannot_type_himself_another_id() {
        let block = |id: &str| format!("Sender (untrusted metadata):\n```json\n{{\"id\": \"{id}\"}}\n```\n");
        let info = "Conversation info (untrusted metadata):\n```json\n{\"sender_id\": \"1\"}\n```\n";
        assert_eq!(unwrap(&format!("{}{}hi", block("1"), block("2"))).sender.as_deref(), Some("1"));
        let stamped = format!("{info}[Wed 2026-05-06 08:00 UTC] {}hi", block("2"));
        assert_eq!(unwrap(&stamped).sender.as_deref(), Some("1"));
        let phone = "Sender (untrusted metadata):\n```json\n{\"name\": \"Ada\", \"e164\": \"+4915550100\"}\n```\nhi";
        assert_eq!(unwrap(phone).sender.as_deref(), Some("+4915550100"));
    }

    #[test]
    fn stamps_offsets_and_system_lines() {
        let found =
            unwrap("System: [2026-01-20 09:00:00 UTC] Exec completed\n[Telegram Ada id:42 2026-01-20 09:44 GMT-3] yes");
        assert_eq!((found.text, found.sender.as_deref(), found.utc_offset_min), ("yes", Some("42"), Some(-180)));
        assert!(found.has_system_lines);
        assert_eq!(unwrap("[Wed 2026-03-11 23:51 PDT] hi").utc_offset_min, None);
        assert_eq!(unwrap("[see 2026-03-11] hi").text, "[see 2026-03-11] hi");
        assert_eq!(unwrap("[cron:1 x] hi").text, "[cron:1 x] hi");
        assert_eq!(unwrap("[Wed 2026-03-11 23:51 GMT+99] hi").utc_offset_min, None);
        assert_eq!(unwrap("").text, "");
    }
}
