//! Secrets out of every text that is kept, before a row is made of it.
//!
//! Owns which fields are texts. They are taken apart by name, so that a new field of a record does not compile until somebody has said
//! here whether it can hold text. Owns no rules: those are `privacy::secrets`.

use crate::events::{Aggregate, Event, Fact, Outcome, RosterEntry};
use crate::privacy::Secrets;
use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeMap;

/// Redacts records, and counts what it redacted by rule.
pub struct Redactor<'a> {
    secrets: &'a Secrets,
    /// Secrets by rule.
    pub counts: BTreeMap<&'static str, u64>,
    /// Neighbours repeat each other's session, client, repository.
    harmless: Harmless,
    /// A call and its result have one id, which often is that of their events as well. Most ids come no more after that, so they have places of their own.
    harmless_ids: Harmless,
}

/// Texts in which no secret was found, each in the place that its hash gives. The rules alone decide which those are.
#[derive(Default)]
struct Harmless(Vec<String>);

thread_local! {
    /// Those of the file that this thread read before, and its ids: the next file mostly is of the same people and tools.
    static SPARE: Cell<Option<[Harmless; 2]>> = const { Cell::new(None) };
}

impl Drop for Redactor<'_> {
    fn drop(&mut self) {
        SPARE.set(Some([std::mem::take(&mut self.harmless), std::mem::take(&mut self.harmless_ids)]));
    }
}

/// Places for texts that were searched.
const HARMLESS_KEPT: usize = 128;
/// Longer texts are not kept.
const HARMLESS_BYTES: usize = 256;

impl Harmless {
    fn new() -> Self {
        Self(vec![String::new(); HARMLESS_KEPT])
    }

    fn place(text: &str) -> usize {
        xxhash_rust::xxh3::xxh3_64(text.as_bytes()) as usize % HARMLESS_KEPT
    }

    fn has(&self, text: &str) -> bool {
        self.0[Self::place(text)] == text
    }

    fn keep(&mut self, text: &str) {
        if text.len() <= HARMLESS_BYTES {
            let kept = &mut self.0[Self::place(text)];
            kept.clear();
            kept.push_str(text);
        }
    }
}

impl<'a> Redactor<'a> {
    /// With nothing counted yet.
    pub fn new(secrets: &'a Secrets) -> Self {
        let [harmless, harmless_ids] = SPARE.take().unwrap_or_else(|| [Harmless::new(), Harmless::new()]);
        Self { secrets, counts: BTreeMap::new(), harmless, harmless_ids }
    }

    /// A text that is not part of a record: a message, the name of a field.
    pub fn redacted<'t>(&mut self, text: &'t str) -> Cow<'t, str> {
        self.secrets.redact(text, |rule| *self.counts.entry(rule).or_default() += 1)
    }

    /// Takes the secrets out of a text; true where there were any.
    fn take_out(&mut self, text: &mut String) -> bool {
        match self.redacted(text) {
            Cow::Owned(without) => {
                *text = without;
                true
            }
            Cow::Borrowed(_) => false,
        }
    }

    fn text(&mut self, text: &mut String) {
        self.take_out(text);
    }

    /// Of a text that many records have: searched once, as long as others do not take its place.
    fn repeated_text(&mut self, text: &mut String) {
        if !self.harmless.has(text) && !self.take_out(text) {
            self.harmless.keep(text);
        }
    }

    /// The same of an id.
    fn id(&mut self, text: &mut String) {
        if !self.harmless_ids.has(text) && !self.take_out(text) {
            self.harmless_ids.keep(text);
        }
    }

    fn repeated_texts<'t>(&mut self, texts: impl IntoIterator<Item = &'t mut String>) {
        texts.into_iter().for_each(|text| self.repeated_text(text));
    }

    fn texts<'t>(&mut self, texts: impl IntoIterator<Item = &'t mut String>) {
        texts.into_iter().for_each(|text| self.text(text));
    }

    /// Of a step.
    pub fn event(&mut self, event: &mut Event) {
        let Event {
            session_id,
            parent_session_id,
            event_id,
            request_id,
            response_id,
            actor_id,
            os_user,
            client,
            provider,
            model,
            command,
            tool_name,
            call_id,
            system,
            path,
            repo,
            branch,
            // Numbers, hashes and words of our own.
            ts_us: _,
            utc_offset_min: _,
            kind: _,
            trigger: _,
            trigger_evidence: _,
            tokens: _,
            token_basis: _,
            output_is_lower_bound: _,
            output_estimate: _,
            cost_micro_usd: _,
            cost_basis: _,
            text: _,
            stated_chars: _,
            marker: _,
            is_error: _,
            effect: _,
            approval: _,
            duration_ms: _,
            call_hash: _,
            call_names: _,
            result_hash: _,
            added_lines: _,
            updated_us: _,
        } = event;
        self.repeated_texts([session_id, client]);
        let repeated =
            [parent_session_id, actor_id, os_user, provider, model, command, tool_name, system, path, repo, branch];
        self.repeated_texts(repeated.into_iter().flatten());
        [event_id, request_id, response_id, call_id].into_iter().flatten().for_each(|id| self.id(id));
    }

    /// Of something that came of the work.
    pub fn outcome(&mut self, outcome: &mut Outcome) {
        let Outcome {
            outcome_id,
            actor_id,
            session_ids,
            repo,
            branch,
            paths,
            refs,
            ts_us: _,
            kind: _,
            status: _,
            lines_added: _,
            lines_deleted: _,
            lines_surviving: _,
            added_lines: _,
            version: _,
        } = outcome;
        self.text(outcome_id);
        self.repeated_texts([actor_id, repo, branch].into_iter().flatten());
        self.texts(session_ids.iter_mut().chain(paths).chain(refs));
    }

    /// Of something about a session.
    pub fn fact(&mut self, fact: &mut Fact) {
        let Fact { session_id, value, evidence, ts_us: _, name: _, rank: _ } = fact;
        self.repeated_text(session_id);
        self.texts([value, evidence]);
    }

    /// Of a sum.
    pub fn aggregate(&mut self, aggregate: &mut Aggregate) {
        let Aggregate {
            client,
            actor_id,
            key_id,
            group_id,
            session_id,
            provider,
            model,
            dimension,
            from_us: _,
            to_us: _,
            report: _,
            counted_by: _,
            trigger: _,
            tokens: _,
            cost_micro_usd: _,
            requests: _,
            prompts: _,
            sessions: _,
            lines_suggested: _,
            lines_added: _,
            lines_deleted: _,
            edits_accepted: _,
            edits_rejected: _,
            commits: _,
            pull_requests: _,
            seat_used: _,
        } = aggregate;
        let optional = [client, actor_id, key_id, group_id, session_id, provider, model, dimension];
        self.repeated_texts(optional.into_iter().flatten());
    }

    /// Of a person or service.
    pub fn roster(&mut self, entry: &mut RosterEntry) {
        let RosterEntry {
            actor_id,
            aliases,
            team_id,
            role,
            time_zone,
            active_from,
            active_to,
            licences,
            is_service: _,
        } = entry;
        self.text(actor_id);
        self.texts(aliases);
        self.texts(licences);
        self.texts([team_id, role, time_zone, active_from, active_to].into_iter().flatten());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::Kind;

    #[test]
    fn a_text_that_was_harmless_before_hides_no_other() {
        let secrets = Secrets::unkeyed();
        // The second file finds what was harmless in the first.
        for _file in 0..2 {
            let mut redactor = Redactor::new(&secrets);
            // Far more than there are places, so that texts take each other's.
            for number in 0..4 * HARMLESS_KEPT {
                let mut event = Event::new(0, format!("session {number}"), Kind::Prompt, "tool/1");
                event.repo = Some(format!("https://ada:hunter{number}@git.example/shop.git"));
                event.branch = Some("main".to_owned());
                event.event_id = Some(format!("call {number}"));
                event.call_id = event.event_id.clone();
                event.request_id = Some(format!("https://ada:hunter{number}@git.example/request"));
                event.response_id = event.request_id.clone();
                redactor.event(&mut event);
                assert_eq!(event.session_id, format!("session {number}"));
                assert_eq!(event.repo.as_deref(), Some("https://ada:[SECRET:password-in-url]@git.example/shop.git"));
                assert_eq!(event.branch.as_deref(), Some("main"));
                assert_eq!(event.event_id, event.call_id);
                assert_eq!(event.event_id, Some(format!("call {number}")));
                let request = "https://ada:[SECRET:password-in-url]@git.example/request";
                assert_eq!(event.request_id.as_deref(), Some(request));
                assert_eq!(event.response_id, event.request_id);
            }
            // Of the repository, and of each of the two ids, which are one text.
            assert_eq!(redactor.counts.values().sum::<u64>(), 3 * 4 * HARMLESS_KEPT as u64);
        }
    }
}
