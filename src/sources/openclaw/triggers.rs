//! What started a run: the marking rules of `formats.md` 3.3, each as a function of what one file holds.
//!
//! Owns the words, prefixes and key shapes, and how far each is trusted. Owns no reading of files.
//! Rule 1 (trajectory) and rules 3 and 5 (session index) become facts; rules 2, 4 and 6 are decided on the event.

use super::envelope::Unwrapped;
use super::platform::Platform;
use super::records::Provenance;
use crate::events::{Effect, Trigger};

/// Rule 1: a machine word in `session.started.data.trigger`, or a session key that names another agent.
pub(super) const RANK_TRAJECTORY: i32 = 1;
/// Rule 3: the session key, where it names a machine.
pub(super) const RANK_SESSION_KEY: i32 = 3;
/// Rule 5, and everything that says only that a person *may* have spoken: the channel in a session key, the word
/// `user` in a trajectory. It stands below the text markers of rule 4, since heartbeats run in the same sessions.
pub(super) const RANK_FRESHNESS: i32 = 5;

/// What started a run and the rule that says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) trigger: Trigger,
    /// `provenance.*` is rank 2, `text.*` rank 4, `text.bare` ranks below every fact.
    pub(super) evidence: Option<&'static str>,
}

impl Verdict {
    /// Nothing is known.
    pub(super) const UNKNOWN: Self = Self { trigger: Trigger::Unknown, evidence: None };

    fn new(trigger: Trigger, evidence: &'static str) -> Self {
        Self { trigger, evidence: Some(evidence) }
    }
}

/// Rule 2: `message.provenance`. Null when it says nothing that this version knows.
pub(super) fn by_provenance(provenance: &Provenance, platform: &Platform<'_>) -> Option<Verdict> {
    let tool = provenance.source_tool.as_deref().unwrap_or("");
    Some(match (provenance.kind.as_deref()?, tool) {
        ("external_user", _) => Verdict::new(Trigger::Human, "provenance.external_user"),
        ("inter_session", _) => Verdict::new(Trigger::Agent, "provenance.inter_session"),
        ("internal_system", "cron") => Verdict::new(Trigger::Schedule, "provenance.sourceTool=cron"),
        ("internal_system", "heartbeat") => Verdict::new(Trigger::Schedule, "provenance.sourceTool=heartbeat"),
        ("internal_system", tool) if platform.is_agent_word(tool) || tool.starts_with("subagent") => {
            Verdict::new(Trigger::Agent, "provenance.sourceTool=agent")
        }
        ("internal_system", tool) if platform.is_schedule_word(tool) => {
            Verdict::new(Trigger::Schedule, "provenance.sourceTool=configured")
        }
        ("internal_system", _) => Verdict::new(Trigger::Schedule, "provenance.internal_system"),
        _ => return None,
    })
}

/// What the product says to the model when a person typed `/new` or `/reset` and nothing else.
pub(super) const NEW_SESSION_PROMPT: &str = "A new session was started via /new or /reset";

/// What the product says to the next model when one failed in the middle of a run: the run goes on, whoever started it.
pub(super) const FALLBACK_RETRY_PROMPT: &str =
    "Continue where you left off. The previous model attempt failed or timed out.";

/// Beginnings of prompts that the product writes, with what they mean: those of `formats.md` 3.3, and those found in
/// the published package of version 2026.4.2.
const TEXT_MARKERS: &[(&str, Trigger, &str)] = &[
    ("[OpenClaw heartbeat poll]", Trigger::Schedule, "text.heartbeat_poll"),
    ("[OpenClaw cron wake]", Trigger::Schedule, "text.cron_wake"),
    ("[OpenClaw exec completion]", Trigger::Schedule, "text.exec_completion"),
    ("[OpenClaw session event]", Trigger::Schedule, "text.session_event"),
    ("Read HEARTBEAT.md if it exists", Trigger::Schedule, "text.heartbeat_prompt"),
    ("Run the following periodic tasks (only those due", Trigger::Schedule, "text.heartbeat_tasks"),
    ("Follow the heartbeat monitor scratch context", Trigger::Schedule, "text.heartbeat_scratch"),
    ("Pre-compaction memory flush.", Trigger::Schedule, "text.memory_flush"),
    ("A scheduled reminder has been triggered. The reminder content is:", Trigger::Schedule, "text.cron_reminder"),
    ("An async command you ran earlier has completed.", Trigger::Schedule, "text.exec_completion"),
    (NEW_SESSION_PROMPT, Trigger::Human, "text.new_session"),
    ("[Subagent Context] You are running as a subagent", Trigger::Agent, "text.subagent_context"),
    ("[Inter-session message]", Trigger::Agent, "text.inter_session"),
    ("Agent-to-agent announce step.", Trigger::Agent, "text.agent_to_agent"),
    ("<<<BEGIN_OPENCLAW_INTERNAL_CONTEXT>>>", Trigger::Agent, "text.task_completion"),
    ("OpenClaw runtime context (internal):", Trigger::Agent, "text.task_completion"),
    ("[Internal task completion event]", Trigger::Agent, "text.task_completion"),
];

/// Rule 4: markers at the start of the text that is left when the envelope is taken off.
pub(super) fn by_text(text: &str, platform: &Platform<'_>) -> Option<Verdict> {
    if let Some(&(_, trigger, evidence)) = TEXT_MARKERS.iter().find(|(prefix, ..)| text.starts_with(prefix)) {
        return Some(Verdict::new(trigger, evidence));
    }
    if cron_job_id(text, platform).is_some() {
        return Some(Verdict::new(Trigger::Schedule, "text.cron"));
    }
    platform.has_schedule_prefix(text).then(|| Verdict::new(Trigger::Schedule, "text.configured_prefix"))
}

/// The job id of a prompt `[cron:<jobId> <name>] ...`, with a configured schedule word in the place of `cron` too.
pub(super) fn cron_job_id<'t>(text: &'t str, platform: &Platform<'_>) -> Option<&'t str> {
    let (word, rest) = text.strip_prefix('[')?.split_once(':')?;
    let end = rest.find([' ', ']'])?;
    (platform.is_schedule_word(word) && (1..=128).contains(&end)).then(|| &rest[..end])
}

/// The text without the clock that schedulers write under their prompts, which would make two runs of one prompt differ.
pub(super) fn without_clock(text: &str) -> &str {
    const LONGEST_TAIL: usize = 300;
    match text.rfind("\nCurrent time: ") {
        Some(start) if text.len() - start <= LONGEST_TAIL => text[..start].trim_end(),
        _ => text,
    }
}

/// Which door a person used, when rule 4 finds no marker of a machine.
pub(super) fn by_envelope(message: &Unwrapped<'_>) -> Verdict {
    if message.has_metadata {
        Verdict::new(Trigger::Human, "text.sender_metadata")
    } else if message.has_stamp {
        Verdict::new(Trigger::Human, "text.time_stamp")
    } else if message.has_system_lines && message.text.is_empty() {
        Verdict::new(Trigger::Schedule, "text.system_event")
    } else {
        Verdict::new(Trigger::Human, "text.bare")
    }
}

/// What a session key says of the runs under it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyKind {
    /// `cron:<jobId>`, or a configured schedule word. An isolated heartbeat's key needs the index to tell it from a peer of that name.
    Schedule(&'static str),
    /// A web hook started it: no person and no clock, counted with the clocks.
    Hook,
    /// `subagent:<uuid>`.
    Agent,
    /// A chat channel, an editor: people write here, and heartbeats may too.
    Channel,
    /// `explicit:model-run-<uuid>`: a test of a model.
    Probe,
    /// `main` and everything else: the key alone does not tell.
    Open,
}

/// Rule 3: reads a session key, with or without its `agent:<agentId>:`.
pub(super) fn key_kind(key: &str, platform: &Platform<'_>) -> KeyKind {
    let below = match key.strip_prefix("agent:").and_then(|rest| rest.split_once(':')) {
        Some((_, below)) => below,
        None => key,
    };
    let mut parts = below.split(':');
    let (first, second) = (parts.next().unwrap_or(""), parts.next());
    match (first, second) {
        ("cron", Some(_)) => KeyKind::Schedule("cron"),
        ("hook", Some(_)) => KeyKind::Hook,
        ("acp", _) => KeyKind::Channel,
        ("explicit", Some(run)) if run.starts_with("model-run-") => KeyKind::Probe,
        (word, Some(_)) if platform.is_agent_word(word) => KeyKind::Agent,
        (word, Some(_)) if platform.is_schedule_word(word) => KeyKind::Schedule("configured"),
        (word, _) if word.starts_with("dreaming-narrative-") => KeyKind::Schedule("dreaming"),
        _ if below.contains(":subagent:") => KeyKind::Agent,
        // The channel stands first, or is left out, and an account may stand behind it.
        _ if below.split(':').take(3).any(|part| matches!(part, "direct" | "dm" | "group" | "channel" | "room")) => {
            KeyKind::Channel
        }
        _ => KeyKind::Open,
    }
}

/// The job id of a session key `...:cron:<jobId>[:run:<id>]`, with configured schedule words too.
pub(super) fn key_job_id<'k>(key: &'k str, platform: &Platform<'_>) -> Option<&'k str> {
    let below = match key.strip_prefix("agent:").and_then(|rest| rest.split_once(':')) {
        Some((_, below)) => below,
        None => key,
    };
    let (word, rest) = below.split_once(':')?;
    let job = rest.split(':').next().filter(|job| !job.is_empty())?;
    (word != "heartbeat" && platform.is_schedule_word(word)).then_some(job)
}

/// Longest other text beside `HEARTBEAT_OK` in an answer that still means "nothing to do".
const HEARTBEAT_OK_REST_CHARS: usize = 300;

/// Rule 6: an answer that says the run had nothing to do. `did` is the strongest effect of the run's tools so far:
/// after a message was sent or a file written, the same words only mean "nothing more to say".
pub(super) fn is_no_op(answer: &str, did: Option<Effect>, platform: &Platform<'_>) -> bool {
    if matches!(did, Some(Effect::Send | Effect::Write)) {
        return false;
    }
    let answer = answer.trim_matches(|c: char| c.is_whitespace() || matches!(c, '*' | '`' | '"' | '.' | '_'));
    if answer == "NO_REPLY" || platform.is_idle_answer(answer) {
        return true;
    }
    // Some models answer in the form of a call.
    if answer.starts_with('{') && answer.split_whitespace().collect::<String>() == r#"{"action":"NO_REPLY"}"# {
        return true;
    }
    let rest = answer
        .strip_prefix("HEARTBEAT_OK")
        .or_else(|| answer.trim_end_matches(|c: char| !c.is_alphanumeric()).strip_suffix("HEARTBEAT_OK"));
    rest.is_some_and(|rest| rest.trim().chars().count() <= HEARTBEAT_OK_REST_CHARS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::{OpenClawPlatform, SourceOptions};
    use std::path::Path;

    fn mesh() -> SourceOptions {
        SourceOptions {
            openclaw: vec![OpenClawPlatform {
                name: "meshdesk".into(),
                roots: vec![".meshdesk".into()],
                schedule_words: vec!["routine".into(), "pulse".into()],
                agent_words: vec!["helper".into()],
                schedule_prefixes: vec!["[Meshdesk pulse]".into()],
                idle_answers: vec!["ALL_QUIET".into()],
                chat_systems: vec!["deskchat".into()],
            }],
            ..SourceOptions::default()
        }
    }

    #[test]
    fn keys_of_every_shape() {
        let options = mesh();
        let plain = Platform::of(Path::new("/h/.openclaw/x"), &options);
        for (key, kind) in [
            ("agent:main:main", KeyKind::Open),
            ("agent:main:cron:j1", KeyKind::Schedule("cron")),
            ("agent:main:cron:j1:run:s1", KeyKind::Schedule("cron")),
            ("agent:main:main:heartbeat", KeyKind::Open),
            ("agent:main:slack:channel:heartbeat", KeyKind::Channel),
            ("agent:main:telegram:account-1:direct:7", KeyKind::Channel),
            ("agent:main:direct:7", KeyKind::Channel),
            ("hook:gmail:7", KeyKind::Hook),
            ("agent:main:subagent:u1", KeyKind::Agent),
            ("agent:main:subagent:u1:subagent:u2", KeyKind::Agent),
            ("agent:main:telegram:direct:1:thread:9", KeyKind::Channel),
            ("agent:main:deskchat:room:1", KeyKind::Channel),
            ("agent:main:explicit:model-run-u1", KeyKind::Probe),
            ("agent:main:dreaming-narrative-3", KeyKind::Schedule("dreaming")),
            ("agent:main:acp:u1", KeyKind::Channel),
            ("agent:main:routine:j1", KeyKind::Open),
            ("", KeyKind::Open),
            ("agent:", KeyKind::Open),
        ] {
            assert_eq!(key_kind(key, &plain), kind, "{key}");
        }
        let mesh = Platform::of(Path::new("/h/.meshdesk/x"), &options);
        assert_eq!(key_kind("agent:a:routine:j1", &mesh), KeyKind::Schedule("configured"));
        assert_eq!(key_kind("agent:a:helper:u1", &mesh), KeyKind::Agent);
        assert_eq!(key_job_id("agent:a:routine:j1:run:s", &mesh), Some("j1"));
        assert_eq!(key_job_id("agent:a:main", &mesh), None);
    }

    #[test]
    fn text_markers_need_to_stand_first() {
        let options = mesh();
        let plain = Platform::of(Path::new("/h/.openclaw/x"), &options);
        let evidence = |text| by_text(text, &plain).and_then(|verdict| verdict.evidence);
        assert_eq!(evidence("[cron:j-1 nightly digest] go"), Some("text.cron"));
        assert_eq!(evidence("[cron:j-1] go"), Some("text.cron"));
        assert_eq!(evidence("[OpenClaw heartbeat poll]\nmore"), Some("text.heartbeat_poll"));
        assert_eq!(evidence("why does it say [OpenClaw heartbeat poll]?"), None);
        assert_eq!(evidence("[cron: what is this"), None);
        assert_eq!(evidence("[routine:j-1 x] go"), None);
        let mesh = Platform::of(Path::new("/h/.meshdesk/x"), &options);
        assert_eq!(cron_job_id("[routine:j-1 x] go", &mesh), Some("j-1"));
        assert_eq!(by_text("[Meshdesk pulse] look", &mesh).and_then(|it| it.evidence), Some("text.configured_prefix"));
    }

    #[test]
    fn the_clock_under_a_prompt_is_left_out() {
        let text = "[cron:j nightly] go on\nCurrent time: Friday, May 8th, 2026 (UTC)\nReference UTC: 2026-05-08";
        assert_eq!(without_clock(text), "[cron:j nightly] go on");
        let quoted = format!("what is\nCurrent time: {}", "x".repeat(300));
        assert_eq!(without_clock(&quoted), quoted);
    }

    #[test]
    fn nothing_done_is_told_from_nothing_more_to_say() {
        let options = mesh();
        let plain = Platform::of(Path::new("/h/.openclaw/x"), &options);
        let mesh = Platform::of(Path::new("/h/.meshdesk/x"), &options);
        let is_no_op = |answer: &str, did| is_no_op(answer, did, &plain);
        assert!(is_no_op("HEARTBEAT_OK", None));
        assert!(is_no_op("**HEARTBEAT_OK** all quiet", Some(Effect::Read)));
        assert!(is_no_op(&format!("{} HEARTBEAT_OK", "x".repeat(300)), None));
        assert!(!is_no_op(&format!("{} HEARTBEAT_OK", "x".repeat(301)), None));
        assert!(!is_no_op("I will answer HEARTBEAT_OK later today", None));
        assert!(is_no_op("all quiet. HEARTBEAT_OK!!", None));
        assert!(is_no_op("{ \"action\": \"NO_REPLY\" }", None));
        assert!(!is_no_op("{\"action\":\"send\"}", None));
        assert!(is_no_op(" NO_REPLY\n", Some(Effect::Execute)));
        assert!(!is_no_op("NO_REPLY", Some(Effect::Send)));
        assert!(!is_no_op("NO_REPLY is what I say when idle", None));
        assert!(!is_no_op("", None) && !is_no_op("ALL_QUIET", None));
        assert!(super::is_no_op("`ALL_QUIET`", None, &mesh));
        assert!(!super::is_no_op("ALL_QUIET", Some(Effect::Send), &mesh));
    }
}
