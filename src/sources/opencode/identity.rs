//! When a message was made, by its id: how a copy in a forked session is told from the original.
//!
//! `session fork` writes every message again under a new id in a new session, with its times, tokens and cost unchanged. An id holds the
//! moment it was made: `msg_`, then twelve hexadecimal digits of milliseconds * 4096 + a counter, cut to 48 bits.

/// A copy is made at least this long after the original. Clients make the ids of prompts themselves, some moments before they are stored.
const COPIED_AFTER_MS: i64 = 10_000;
/// Bits of the milliseconds that an id keeps.
const KEPT_BITS: u32 = 36;

/// Whether the id was made well after the message that it names, so that the message is a copy. False for ids of another form.
pub(super) fn is_copy(id: &str, created_us: i64) -> bool {
    let Some(digits) = id.strip_prefix("msg_").and_then(|rest| rest.get(..12)) else { return false };
    let Ok(stamp) = i64::from_str_radix(digits, 16) else { return false };
    let period = 1i64 << KEPT_BITS;
    let later = ((stamp >> 12) - created_us / 1000).rem_euclid(period);
    // The upper half of the circle is "before": a clock that was set back, or an id made ahead of its message.
    (COPIED_AFTER_MS..period / 2).contains(&later)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id_at(ms: i64) -> String {
        format!("msg_{:012x}Q4RtYpLmNbVc", (ms << 12 | 1) & ((1 << 48) - 1))
    }

    #[test]
    fn an_id_made_later_than_its_message_is_that_of_a_copy() {
        let created = 1_780_304_400_000;
        for (later, copy) in [(0, false), (9_999, false), (10_000, true), (86_400_000, true), (-5_000, false)] {
            assert_eq!(is_copy(&id_at(created + later), created * 1000), copy, "{later}");
        }
        for id in ["msg_oc1", "", "msg_zzzzzzzzzzzz", "prt_019e00000000"] {
            assert!(!is_copy(id, created * 1000), "{id}");
        }
    }

    #[test]
    fn the_moment_in_an_id_wraps_and_is_compared_on_the_circle() {
        let wrap = 26 * (1i64 << 36);
        assert!(!is_copy(&id_at(wrap + 5), (wrap - 20) * 1000));
        assert!(is_copy(&id_at(wrap + 20_000), (wrap - 20) * 1000));
    }
}
