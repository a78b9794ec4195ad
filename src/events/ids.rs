//! Identity: when two records are the same step, and which of two copies stays.
//!
//! A step is known by (source, native id), else by a hash of its canonical fields (`faults.md`, input
//! identity). Of two copies the larger `version` stays, then that of the session whose id begins smaller (its first
//! four bytes count), then the smaller hash of the file's name: a rule on content alone, so file order and thread count cannot matter.

use super::{Aggregate, Event, Fact, Outcome, OutcomeStatus, RosterEntry, TokenBasis};

/// 128-bit identity of a row, collision-free in practice at 10^9 rows.
pub type Key = [u8; 16];

/// Builds a [`Key`] from length-prefixed parts, so that ("ab", "c") and ("a", "bc") differ. The parts are short, so they are put side by side
/// and hashed at once.
pub struct KeyBuilder(Vec<u8>);

impl KeyBuilder {
    /// Starts a key in a named space (`event`, `outcome`, ...).
    pub fn new(space: &str) -> Self {
        let mut builder = Self(Vec::with_capacity(256));
        builder.text(space);
        builder
    }

    /// Adds a text.
    pub fn text(&mut self, part: &str) -> &mut Self {
        self.0.extend_from_slice(&(part.len() as u64).to_le_bytes());
        self.0.extend_from_slice(part.as_bytes());
        self
    }

    /// Adds an optional text; null differs from empty.
    pub fn optional(&mut self, part: Option<&str>) -> &mut Self {
        match part {
            Some(part) => self.number(1).text(part),
            None => self.number(0),
        }
    }

    /// Adds a number.
    pub fn number(&mut self, part: i64) -> &mut Self {
        self.0.extend_from_slice(&part.to_le_bytes());
        self
    }

    /// The key.
    pub fn finish(&self) -> Key {
        let mut key = [0; 16];
        key.copy_from_slice(&blake3::hash(&self.0).as_bytes()[..16]);
        key
    }
}

/// Identity of an event read by `source`.
pub fn event_key(source: &str, event: &Event) -> Key {
    let mut key = KeyBuilder::new("event");
    key.text(source).text(event.kind.as_str());
    match &event.event_id {
        Some(id) => key.number(1).text(id),
        None => {
            key.number(0)
                .number(event.ts_us)
                .text(&event.session_id)
                .optional(event.actor_id.as_deref())
                .optional(event.model.as_deref())
                .optional(event.tool_name.as_deref())
                .optional(event.call_id.as_deref())
                .optional(event.path.as_deref());
            for count in [event.tokens.input, event.tokens.output, event.tokens.cache_read, event.tokens.cache_write] {
                key.number(count.unwrap_or(-1));
            }
            key.number(event.text.as_ref().map_or(0, |text| text.exact_hash))
                .number(event.call_hash.unwrap_or(0))
                .number(event.result_hash.unwrap_or(0))
        }
    };
    key.finish()
}

/// An id of a request, response or prompt in the form in which it is compared with what other sources say; null where it cannot name one request.
///
/// Providers' ids are long and random. Filler (`unknown`, zeros), numbers that are drawn from few (`chatcmpl-998`: Ollama and other small servers count or
/// draw up to six digits) and a gateway's own mark on an answer from its cache (`..._cache_hit1780.3`) name no request that anybody else saw.
pub fn shared_id(id: &str) -> Option<&str> {
    const SHORTEST: usize = 8;
    const LONGEST: usize = 256;
    const FEW_DIGITS: usize = 6;
    let id = id.trim().trim_matches('"');
    let last = id.rsplit(['-', '_']).next().unwrap_or(id);
    let is_few = last.len() <= FEW_DIGITS
        && last.len() + SHORTEST + 2 > id.len()
        && last.bytes().all(|byte| byte.is_ascii_digit());
    // One bit for each character of ASCII.
    const DIGITS: u128 = 0x3ff << b'0';
    let distinct = id.bytes().filter(u8::is_ascii_alphanumeric).fold(0u128, |seen, byte| seen | 1 << byte);
    let is_filler = distinct.count_ones() < 4 || distinct & DIGITS == 0;
    let fits = (SHORTEST..=LONGEST).contains(&id.len());
    (fits && !is_few && !is_filler && !id.contains("_cache_hit")).then_some(id)
}

/// Which copy of one event stays: one that stands in a session of its own before one in a session that another started (a replay of the
/// parent's history in a side conversation), then the one that its source changed later, where the source says so, then the larger output, then the one with
/// more other usage, then the one that also states a cost or who approved. A copy without usage (`absent`) stays only where no other has any, whatever
/// session it is in: it is the beginning of a step whose end another copy tells.
pub fn event_version(event: &Event) -> i64 {
    let tokens = &event.tokens;
    let is_own = event.parent_session_id.is_none();
    let says_more = i64::from(event.cost_micro_usd.is_some() || event.approval.is_some());
    let own = i64::from(is_own) << 62;
    // Counts are at most 10^12, so an output shifted by 20 bits stays below the bit of an own session.
    let output = tokens.output.unwrap_or(0).clamp(0, (1 << 41) - 1);
    let other: i64 = [tokens.input, tokens.cache_read, tokens.cache_write].iter().flatten().sum();
    if let Some(updated_us) = event.updated_us {
        // Milliseconds have 41 bits until 2039, as output has; the bit above them says that it is a time.
        let updated = (1 << 61) + ((updated_us / 1000).clamp(0, (1 << 41) - 1) << 20);
        return own + updated + (output.min((1 << 19) - 1) << 1) + says_more;
    }
    if event.token_basis == Some(TokenBasis::Absent) {
        return says_more - if is_own { 2 } else { 4 };
    }
    // Output decides; the rest only breaks ties, so it must not carry into it.
    own + (output << 20) + (other.clamp(0, (1 << 19) - 1) << 1) + says_more
}

/// Identity of an outcome: the same commit seen in two clones is one outcome.
pub fn outcome_key(outcome: &Outcome) -> Key {
    KeyBuilder::new("outcome").text(outcome.kind.as_str()).text(&outcome.outcome_id).finish()
}

/// Identity of an aggregate: what it is a sum over. A report that is fetched again states the same sums, or fuller ones.
pub fn aggregate_key(source: &str, aggregate: &Aggregate) -> Key {
    let mut key = KeyBuilder::new("aggregate");
    key.text(source).text(aggregate.report).number(aggregate.from_us).number(aggregate.to_us);
    for part in [
        &aggregate.client,
        &aggregate.actor_id,
        &aggregate.key_id,
        &aggregate.group_id,
        &aggregate.session_id,
        &aggregate.provider,
        &aggregate.model,
        &aggregate.dimension,
    ] {
        key.optional(part.as_deref());
    }
    key.finish()
}

/// Which copy of one aggregate stays: the fuller, since reports lag behind and only grow.
pub fn aggregate_version(aggregate: &Aggregate) -> i64 {
    let tokens = &aggregate.tokens;
    let counts = [
        tokens.input,
        tokens.output,
        tokens.cache_read,
        tokens.cache_write,
        aggregate.requests,
        aggregate.prompts,
        aggregate.sessions,
        aggregate.lines_suggested,
        aggregate.lines_added,
        aggregate.lines_deleted,
        aggregate.edits_accepted,
        aggregate.edits_rejected,
        aggregate.commits,
        aggregate.pull_requests,
        aggregate.cost_micro_usd,
    ];
    counts.iter().flatten().fold(0i64, |sum, &count| sum.saturating_add(count))
}

/// Which view of one outcome stays: the later one, then the one that says that more has become of it, then the one that knows more. Git counts
/// views by the commits read, everything else by the second in which the source last changed the outcome; where it does not say, by the
/// second of the outcome itself, in which case what a tracker says of the same thing later is the later view.
pub fn outcome_version(outcome: &Outcome) -> i64 {
    let seen = if outcome.version > 0 { outcome.version } else { outcome.ts_us / 1_000_000 };
    let status = match outcome.status {
        OutcomeStatus::Open => 0,
        OutcomeStatus::Abandoned => 1,
        OutcomeStatus::Landed => 2,
        OutcomeStatus::Reverted => 3,
    };
    let told = [
        outcome.actor_id.is_some(),
        outcome.repo.is_some(),
        outcome.branch.is_some(),
        outcome.lines_added.is_some(),
        outcome.lines_surviving.is_some(),
        !outcome.paths.is_empty(),
        !outcome.session_ids.is_empty(),
    ];
    // At most 7 + 16, and so under 32.
    let told = told.iter().filter(|told| **told).count() + outcome.refs.len().min(16);
    seen.saturating_mul(4).saturating_add(status).saturating_mul(32).saturating_add(told as i64)
}

/// Identity of a roster row: what it says, so that two rows about one id which say different things are two.
pub fn roster_key(entry: &RosterEntry) -> Key {
    let mut key = KeyBuilder::new("roster");
    key.text(&entry.actor_id).number(i64::from(entry.is_service)).number(entry.aliases.len() as i64);
    for alias in &entry.aliases {
        key.text(alias);
    }
    key.number(entry.licences.len() as i64);
    for licence in &entry.licences {
        key.text(licence);
    }
    for field in [&entry.team_id, &entry.role, &entry.time_zone, &entry.active_from, &entry.active_to] {
        key.optional(field.as_deref());
    }
    key.finish()
}

/// Identity of a fact.
pub fn fact_key(source: &str, fact: &Fact) -> Key {
    KeyBuilder::new("fact")
        .text(source)
        .text(&fact.session_id)
        .number(fact.ts_us.unwrap_or(i64::MIN))
        .text(fact.name.as_str())
        .text(&fact.value)
        .text(&fact.evidence)
        .finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::Kind;

    #[test]
    fn native_id_decides_and_its_absence_hashes_the_fields() {
        let mut one = Event::new(1, "s", Kind::Completion, "c");
        let mut two = one.clone();
        two.ts_us = 2;
        assert_ne!(event_key("x", &one), event_key("x", &two));
        one.event_id = Some("m".into());
        two.event_id = Some("m".into());
        assert_eq!(event_key("x", &one), event_key("x", &two));
        assert_ne!(event_key("x", &one), event_key("y", &one));
    }

    #[test]
    fn only_an_id_that_names_one_request_is_shared() {
        for id in
            ["req_011CSy9", "msg_01ABCdef", "chatcmpl-9f3a77", "7f3c2a10-0b7e-4c9e-9d2e-2f1b4c5d6e7f", "resp_068ab9"]
        {
            assert_eq!(shared_id(id), Some(id));
        }
        assert_eq!(shared_id(" \"req_011CSy9\" "), Some("req_011CSy9"));
        let reused = ["chatcmpl-998", "chatcmpl-123456", "cmpl-1", "chatcmpl-9f3a77b1c2_cache_hit1780304400.25"];
        let filler = [
            "",
            "unknown",
            "undefined",
            "not-available",
            "00000000-0000-0000-0000-000000000000",
            "1111111111",
            "None",
            "req_1",
        ];
        for id in reused.into_iter().chain(filler) {
            assert_eq!(shared_id(id), None, "{id}");
        }
        assert_eq!(shared_id(&"a1b2c3d4".repeat(40)), None);
    }

    #[test]
    fn the_later_view_of_an_outcome_wins_then_the_further_one_then_the_fuller_one() {
        use crate::events::{Outcome, OutcomeKind};
        let view = |updated: i64, status: OutcomeStatus, refs: usize| {
            let mut outcome = Outcome::new(1_780_000_000_000_000, "acme/shop#7", OutcomeKind::PullRequest, status);
            outcome.version = updated;
            outcome.refs = vec!["#5".to_owned(); refs];
            outcome_version(&outcome)
        };
        let views = [
            view(1_780_000_100, OutcomeStatus::Open, 0),
            view(1_780_000_100, OutcomeStatus::Landed, 0),
            view(1_780_000_100, OutcomeStatus::Landed, 40),
            view(1_780_000_101, OutcomeStatus::Open, 0),
        ];
        assert!(views.is_sorted_by(|one, two| one < two), "{views:?}");
        assert!(
            view(0, OutcomeStatus::Landed, 9) < views[0],
            "what does not say when it was seen was seen when it happened"
        );
    }

    #[test]
    fn larger_output_wins_before_anything_else() {
        let mut small = Event::new(1, "s", Kind::Completion, "c");
        small.tokens.output = Some(3);
        small.tokens.input = Some(5_000_000);
        let mut large = small.clone();
        large.tokens.output = Some(4);
        large.tokens.input = None;
        assert!(event_version(&large) > event_version(&small));
    }

    #[test]
    fn of_equal_usage_the_copy_with_a_cost_stays() {
        let bare = Event::new(1, "s", Kind::Completion, "c");
        let mut priced = bare.clone();
        priced.cost_micro_usd = Some(0);
        assert!(event_version(&priced) > event_version(&bare));
        let mut fuller = bare;
        fuller.tokens.input = Some(1);
        assert!(event_version(&fuller) > event_version(&priced));
    }

    #[test]
    fn what_a_source_changed_later_stays_whatever_it_counts() {
        let mut fuller = Event::new(1, "s", Kind::Completion, "c");
        fuller.tokens.output = Some(1_000_000_000_000);
        let mut corrected = Event::new(1, "s", Kind::Completion, "c");
        corrected.updated_us = Some(1_780_304_400_000_000);
        assert!(event_version(&corrected) > event_version(&fuller), "one that says nothing of it is older");
        fuller.updated_us = Some(1_780_304_399_999_000);
        assert!(event_version(&corrected) > event_version(&fuller));
        fuller.updated_us = corrected.updated_us;
        assert!(event_version(&corrected) < event_version(&fuller));
        corrected.updated_us = Some(i64::MAX);
        assert!((0..1 << 62).contains(&(event_version(&corrected) - (1 << 62))), "beside the bit of an own session");
    }

    #[test]
    fn a_replay_in_a_side_conversation_never_replaces_the_original() {
        let mut original = Event::new(1, "s", Kind::Completion, "c");
        original.tokens.output = Some(3);
        let mut replay = original.clone();
        replay.parent_session_id = Some("s".into());
        replay.tokens.output = Some(1_000_000_000_000);
        replay.tokens.cache_read = Some(1_000_000_000_000);
        assert!(event_version(&original) > event_version(&replay));
    }

    #[test]
    fn a_copy_without_usage_stays_only_where_no_other_has_any() {
        let mut empty = Event::new(1, "s", Kind::Completion, "c");
        empty.token_basis = Some(TokenBasis::Absent);
        let mut full = empty.clone();
        full.parent_session_id = Some("p".into());
        let replayed = full.clone();
        assert!(event_version(&empty) > event_version(&replayed), "of two without, that of its own session");
        let mut priced = replayed.clone();
        priced.cost_micro_usd = Some(7);
        assert!(event_version(&empty) > event_version(&priced) && event_version(&priced) > event_version(&replayed));
        (full.token_basis, full.tokens.output) = (Some(TokenBasis::Reported), Some(0));
        assert!(event_version(&full) > event_version(&empty));
    }
}
