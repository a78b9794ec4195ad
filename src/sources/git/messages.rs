//! What a commit message says: tickets and pull requests that it names, commits that it takes back, sessions that it
//! came from (`formats.md` 10.1, 10.7, 10.8).

use crate::sources::references;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// Trailers whose value is a session id. `Co-Authored-By` names a tool, not a session, and `Entire-Checkpoint` a checkpoint.
const SESSION_TRAILERS: &[&str] = &["claude-session", "entire-session", "session-id"];

/// A pull request (`#`) or merge request (`!`) of the repository itself. GitLab's `#12` is an issue and `!12` is something else.
pub(super) type Request = (char, u64);

/// What one message says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Message {
    /// `#12`, `owner/repo#12`, `PROJ-7`, in order of appearance.
    pub refs: Vec<String>,
    /// Object names, possibly abbreviated, after "This reverts commit".
    pub reverts: Vec<String>,
    /// Requests after "Reverts owner/repo#", as GitHub's revert button writes, and "This reverts merge request group/project!", as GitLab's does.
    pub reverts_requests: Vec<Request>,
    /// The request that it says it lands: a subject `... (#12)` of a squash merge, `Merge pull request #12 from ...`, a line
    /// `See merge request group/project!7`.
    pub request: Option<Request>,
    /// Title of that request, without its number: the subject, or the line below that of a merge of GitHub's.
    pub title: Option<String>,
    /// The title that a subject `Revert "..."` quotes, without the number of a request.
    pub quotes: Option<String>,
    /// Sorted distinct session ids.
    pub session_ids: Vec<String>,
    /// Checkpoints of Entire that it names.
    pub checkpoints: Vec<String>,
    /// Lines of this commit by session, as a git-ai note attests them.
    pub attested: Vec<(String, i64)>,
}

/// Reads a message.
pub(super) fn read(text: &str) -> Message {
    let subject = text.lines().next().unwrap_or("");
    let mut message = Message { request: request_of(subject), quotes: quoted_by(subject), ..Message::default() };
    for line in text.lines() {
        if let Some(rest) = line.trim().strip_prefix("Reverts ") {
            message.reverts_requests.extend(request_named(rest, '#'));
        }
        if let Some(rest) = line.trim().strip_prefix("See merge request ") {
            message.request = request_named(rest, '!').or(message.request);
        }
        message.session_ids.extend(session_in_trailer(line));
        message.checkpoints.extend(checkpoint_in_trailer(line));
    }
    // The sentence may be wrapped, so it is looked for in the whole text.
    let words: Vec<&str> = text.split_whitespace().collect();
    for window in words.windows(4) {
        if window[..3] == ["This", "reverts", "commit"] {
            let name = window[3].trim_end_matches(|c: char| !c.is_ascii_hexdigit());
            if (7..=64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                message.reverts.push(name.to_ascii_lowercase());
            }
        }
    }
    for window in words.windows(5) {
        if window[..4] == ["This", "reverts", "merge", "request"] {
            message.reverts_requests.extend(request_named(window[4], '!'));
        }
    }
    message.title = message.request.is_some().then(|| title_of(text));
    message.refs = references::in_text(text, &['#']);
    message.session_ids.sort_unstable();
    message.session_ids.dedup();
    message
}

fn request_of(subject: &str) -> Option<Request> {
    let number = match subject.strip_prefix("Merge pull request #") {
        Some(rest) => rest.split(' ').next()?.parse().ok(),
        None => subject.trim_end().strip_suffix(')')?.rsplit_once("(#")?.1.parse().ok(),
    };
    Some(('#', number?))
}

fn title_of(text: &str) -> String {
    let mut lines = text.lines();
    let subject = lines.next().unwrap_or("");
    let below = || lines.find(|line| !line.trim().is_empty());
    let is_merge = subject.starts_with("Merge pull request #");
    without_request(is_merge.then(below).flatten().unwrap_or(subject)).to_owned()
}

/// `Revert "Use integer cents (#12)" (#13)` quotes `Use integer cents`.
fn quoted_by(subject: &str) -> Option<String> {
    let title = without_request(subject).strip_prefix("Revert \"")?.strip_suffix('"')?;
    Some(without_request(title).to_owned())
}

/// `Use integer cents (#12)` is `Use integer cents`.
fn without_request(subject: &str) -> &str {
    let subject = subject.trim();
    let is_number = |number: &str| number.strip_suffix(')').is_some_and(|number| number.parse::<u64>().is_ok());
    subject.rsplit_once(" (#").filter(|(_, number)| is_number(number)).map_or(subject, |(title, _)| title)
}

/// `owner/repo#12`, or `group/project!7` and `!7` for the other mark.
fn request_named(text: &str, mark: char) -> Option<Request> {
    let (_, number) = text.trim_end().rsplit_once(mark)?;
    Some((mark, number.trim_end_matches('.').parse().ok()?))
}

fn session_in_trailer(line: &str) -> Option<String> {
    let (key, value) = line.trim().split_once(':')?;
    SESSION_TRAILERS.contains(&key.trim().to_ascii_lowercase().as_str()).then(|| session_id(value)).flatten()
}

/// `Entire-Checkpoint: 0123456789ab`, twelve hexadecimal digits, or a ULID in the later layout.
fn checkpoint_in_trailer(line: &str) -> Option<String> {
    let (key, value) = line.trim().split_once(':')?;
    let id = value.trim();
    let is_id = (12..=26).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (key.trim().eq_ignore_ascii_case("entire-checkpoint") && is_id).then(|| id.to_owned())
}

/// The id in a trailer's value: of a link its last part, of Entire's `2026-01-08-<uuid>` the UUID, which is what
/// the agent's own log calls the session.
pub(super) fn session_id(value: &str) -> Option<String> {
    let value = value.trim();
    let id = if value.contains("://") { value.trim_end_matches('/').rsplit('/').next()? } else { value };
    let id = match id.len().checked_sub(36) {
        Some(11) if is_uuid(id.get(11..)?) && id.as_bytes()[10] == b'-' => &id[11..],
        _ => id,
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':');
    ((1..=200).contains(&id.len()) && id.bytes().all(plain)).then(|| id.to_owned())
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// The part of a git-ai note that names agents; unknown fields are the producer's business.
#[derive(Deserialize)]
struct AuthorshipNote {
    #[serde(default)]
    prompts: BTreeMap<String, Value>,
    #[serde(default)]
    sessions: BTreeMap<String, Value>,
}

/// Lines by native session id in a git-ai note: attestation lines (a path, then indented `KEY RANGES`), `---`, JSON whose `prompts` and `sessions` hold
/// `agent_id.id` under those keys. Lines of people (`h_`) are nobody's session. Without attestations every session of the JSON is named with no lines. A note that is something else names none.
pub(super) fn attested_in_note(note: &str) -> Vec<(String, i64)> {
    let Some((attested, json)) = note.split_once("---\n") else { return Vec::new() };
    let Ok(note) = serde_json::from_str::<AuthorshipNote>(json.trim()) else { return Vec::new() };
    let entries = || note.prompts.iter().chain(&note.sessions);
    let session_of = |entry: &Value| session_id(entry.get("agent_id")?.get("id")?.as_str()?);
    let mut lines: BTreeMap<String, i64> = BTreeMap::new();
    let mut has_attestation = false;
    for line in attested.lines().filter(|line| line.starts_with(char::is_whitespace)) {
        let Some((key, ranges)) = line.trim().split_once(' ') else { continue };
        has_attestation = true;
        // `s_<session>::t_<trace>`: several traces are one session.
        let key = key.split_once("::").map_or(key, |(session, _)| session);
        let session = entries().find(|(name, _)| *name == key).and_then(|(_, entry)| session_of(entry));
        if let Some(session) = session {
            let count = lines.entry(session).or_default();
            *count = count.saturating_add(lines_in(ranges));
        }
    }
    if !has_attestation {
        lines.extend(entries().filter_map(|(_, entry)| Some((session_of(entry)?, 0))));
    }
    lines.into_iter().collect()
}

/// How many lines `1-12,20` is.
fn lines_in(ranges: &str) -> i64 {
    let one = |range: &str| -> Option<i64> {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last): (i64, i64) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        (1..=last).contains(&first).then(|| last - first + 1)
    };
    ranges.split(',').filter_map(one).fold(0, i64::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_and_the_request_that_a_subject_lands() {
        let message = read("Round cents, PROJ-7 (#12)\n\nSee acme/shop#31, [OPS-44]: fixes #9.");
        assert_eq!(message.refs, ["PROJ-7", "#12", "acme/shop#31", "OPS-44", "#9"]);
        assert_eq!(message.request, Some(('#', 12)));
    }

    #[test]
    fn sessions_come_from_trailers_that_name_one() {
        let message = read(
            "Subject\n\nClaude-Session: https://claude.example.test/code/session_01A\nEntire-Session: 2026-01-08-5b0e0a4e-0000-4000-8000-000000000001\n\
             session-id: abc.1\nCo-Authored-By: Claude <noreply@example.test>\nEntire-Checkpoint: 0123456789ab\nSession-Id: two words",
        );
        assert_eq!(message.checkpoints, ["0123456789ab"]);
        assert_eq!(message.session_ids, ["5b0e0a4e-0000-4000-8000-000000000001", "abc.1", "session_01A"]);
    }

    #[test]
    fn reverts_are_read_by_object_name_and_by_pull_request() {
        let message = read(
            "Revert \"x\" (#13)\n\nThis reverts\ncommit 0123456789abcdef0123456789abcdef01234567.\n\nReverts acme/shop#12",
        );
        assert_eq!(message.reverts, ["0123456789abcdef0123456789abcdef01234567"]);
        assert_eq!(message.reverts_requests, [('#', 12)]);
        assert_eq!(read("This reverts commit message style").reverts, Vec::<String>::new());
    }

    #[test]
    fn merge_requests_are_landed_and_taken_back_under_their_own_mark() {
        let message = read(
            "Merge branch 'void' into 'main'\n\nAdd voids (#12)\n\nCloses #3\n\nSee merge request group/sub/shop!7",
        );
        assert_eq!(message.request, Some(('!', 7)));
        let message =
            read("Revert \"Merge branch 'void' into 'main'\"\n\nThis reverts merge\nrequest group/sub/shop!7");
        assert_eq!((message.reverts_requests, message.request), (vec![('!', 7)], None));
        assert_eq!(read("x\n\nThis reverts merge request !7.").reverts_requests, [('!', 7)]);
        assert_eq!(read("x (#2)\n\nSee merge request guidelines!").request, Some(('#', 2)));
    }

    #[test]
    fn titles_of_requests_and_those_that_a_revert_quotes_are_without_numbers() {
        let title = |text: &str| read(text).title;
        assert_eq!(title("Use cents (#12)").as_deref(), Some("Use cents"));
        assert_eq!(title("Merge pull request #12 from acme/cents\n\nUse cents").as_deref(), Some("Use cents"));
        assert_eq!(
            title("Merge pull request #12 from acme/cents").as_deref(),
            Some("Merge pull request #12 from acme/cents")
        );
        assert_eq!(title("Use cents"), None);
        let quotes = |text: &str| read(text).quotes;
        assert_eq!(quotes("Revert \"Use cents\" (#13)").as_deref(), Some("Use cents"));
        assert_eq!(quotes("Revert \"Use cents (#12)\"").as_deref(), Some("Use cents"));
        assert_eq!(quotes("Revert \"Revert \"Use cents\"\" (#14)").as_deref(), Some("Revert \"Use cents\""));
        assert_eq!(quotes("Revert use of cents"), None);
    }

    #[test]
    fn git_ai_notes_name_native_sessions() {
        let note = "src/cart.ts\n  s_00000000000001::t_00000000000001 1-12,20\n---\n{\"prompts\":{},\"sessions\":{\"s_00000000000001\":{\"agent_id\":{\"tool\":\"claude\",\"id\":\"s-1\"}}}}\n";
        assert_eq!(attested_in_note(note), [("s-1".to_owned(), 13)]);
        assert_eq!(attested_in_note("just a remark\n---\nnot json"), []);
    }

    #[test]
    fn lines_are_those_of_a_session_and_not_of_a_person_or_of_a_session_that_only_took_part() {
        let json = r#"{"prompts":{"0123456789abcdef":{"agent_id":{"id":"old"}}},"sessions":{"s_1":{"agent_id":{"id":"s-1"}},"s_2":{"agent_id":{"id":"s-2"}}},"humans":{"h_1":{"author":"Ada"}}}"#;
        let note = format!(
            "a.ts\n  s_1::t_1 1-12,20\n  h_1 13-19\nb.ts\n  s_1::t_2 5\n  0123456789abcdef 7-8,x,9-3\n---\n{json}\n"
        );
        assert_eq!(attested_in_note(&note), [("old".to_owned(), 2), ("s-1".to_owned(), 14)]);
        let without_lines = format!("---\n{json}\n");
        assert_eq!(attested_in_note(&without_lines).len(), 3);
    }

    proptest::proptest! {
        #[test]
        fn no_message_makes_it_panic(text in "(Claude-Session: |Entire-Session: 2026-01-08-|Reverts |This reverts commit |This reverts merge request |See merge request |#|!|/|://|PROJ-|\\(#|é|[0-9a-f]{0,40}|-|\n| ){0,30}") {
            read(&text);
            attested_in_note(&text);
        }
    }
}
