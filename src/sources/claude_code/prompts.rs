//! What a user record's text is: typed by a person, written by a machine, or injected by the client.
//!
//! Owns the rules of `formats.md` section 1 in their order, slash commands, and the removal of injected blocks from typed text.
//! Owns no state: what an earlier record said (a wake-up that fired, a plan that was accepted) comes in as a [`Signs`] field.

use crate::events::Trigger;
use std::borrow::Cow;

/// What is known of a user record besides its text.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Signs<'a> {
    pub(super) is_meta: bool,
    pub(super) is_compact_summary: bool,
    pub(super) is_transcript_only: bool,
    pub(super) origin: Option<&'a str>,
    pub(super) prompt_source: Option<&'a str>,
    pub(super) entrypoint: Option<&'a str>,
    pub(super) user_type: Option<&'a str>,
    pub(super) has_permission_mode: bool,
    /// The text is a plan that the person accepted, which starts a fresh conversation.
    pub(super) is_accepted_plan: bool,
    /// The record belongs to a subagent; the word is the evidence.
    pub(super) agent: Option<&'static str>,
    /// A scheduled task of this session fired, or this text is the one it was given; the word is the evidence.
    pub(super) scheduled: Option<&'static str>,
    /// Something other than text was sent along, so that empty text is still a prompt.
    pub(super) has_image: bool,
}

/// Who started a turn, and the rule that says so.
pub(super) type Cause = (Trigger, &'static str);

/// What a user record's text is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum UserText<'a> {
    /// A prompt, without injected blocks. Null text is an image alone.
    Prompt { cause: Cause, text: Option<Cow<'a, str>> },
    /// A slash command with its arguments.
    Command { cause: Cause, name: String, arguments: Option<Cow<'a, str>> },
    /// The person stopped the agent, while a tool ran or not.
    Interrupt { in_tool: bool },
    /// Not a prompt; the word is the ignored kind, the cause that of the turn that follows, where it starts one.
    Injected { kind: &'static str, cause: Option<Cause> },
}

/// Starts of texts that the client writes under the person's name.
const INJECTED_PREFIXES: &[(&str, &str)] = &[
    ("<local-command-stdout>", "user/local_command_output"),
    ("<local-command-stderr>", "user/local_command_output"),
    ("<local-command-caveat>", "user/local_command_caveat"),
    ("<bash-input>", "user/bash_input"),
    ("<bash-stdout>", "user/bash_output"),
    ("<bash-stderr>", "user/bash_output"),
    ("<system-reminder>", "user/system_reminder"),
    ("<user-prompt-submit-hook>", "user/hook_output"),
    ("<session-start-hook>", "user/hook_output"),
    ("Stop hook feedback:", "user/hook_output"),
    ("Caveat:", "user/local_command_caveat"),
    ("This session is being continued from a previous conversation", "user/compact_summary"),
];

/// Elements in which the client hands over what another agent wrote: a teammate, another session, a background agent.
const AGENT_MESSAGE_ELEMENTS: &[&str] = &["agent-message", "cross-session-message", "teammate-message"];
/// What the client may put before such an element.
const AGENT_MESSAGE_PREFIX: &str = "Another Claude session sent a message:";

/// Elements that the client puts into or around typed text.
const INJECTED_ELEMENTS: &[&str] = &[
    "bash-stderr",
    "bash-stdout",
    "command-contents",
    "ide_diagnostics",
    "ide_opened_file",
    "ide_selection",
    "local-command-caveat",
    "local-command-stderr",
    "local-command-stdout",
    "new-diagnostics",
    "session-start-hook",
    "system-reminder",
    "task-notification",
    "user-prompt-submit-hook",
];

/// Elements of the editor that stand before typed text, so that the prefix rules must look behind them.
const EDITOR_ELEMENTS: &[&str] = &["ide_diagnostics", "ide_opened_file", "ide_selection", "new-diagnostics"];

const INTERRUPT_PREFIX: &str = "[Request interrupted by user";
/// What follows it where a tool was stopped, or refused, and no request.
const INTERRUPT_OF_TOOL: &str = " for tool use";

/// Applies the rules in order: what is injected, who says a person typed it, what only a machine writes, who else may have written it.
pub(super) fn classify<'a>(signs: &Signs<'_>, text: &'a str) -> UserText<'a> {
    let injected = |kind, cause| UserText::Injected { kind, cause };
    if let Some(rest) = text.trim_start().strip_prefix(INTERRUPT_PREFIX) {
        return UserText::Interrupt { in_tool: rest.starts_with(INTERRUPT_OF_TOOL) };
    }
    let says_human = match (signs.origin, signs.prompt_source) {
        (Some("human"), _) => Some("origin.kind=human"),
        (None, Some("typed")) => Some("promptSource=typed"),
        _ => None,
    };
    if let (Some(evidence), None) = (signs.scheduled, says_human) {
        return shaped((Trigger::Schedule, evidence), text, signs);
    }
    if signs.is_compact_summary {
        return injected("user/compact_summary", None);
    }
    if signs.is_meta {
        return injected("user/meta", None);
    }
    if signs.is_transcript_only {
        return injected("user/transcript_only", None);
    }
    if let Some(evidence) = says_human {
        return shaped((Trigger::Human, evidence), text, signs);
    }
    match signs.origin {
        Some("task-notification") => {
            return injected("user/task_notification", Some((Trigger::Agent, "origin.kind=task-notification")));
        }
        Some(_) => return injected("user/origin_other", Some((Trigger::Unknown, "origin.kind=other"))),
        None => {}
    }
    if signs.prompt_source == Some("system") {
        return injected("user/prompt_source_system", Some((Trigger::Unknown, "promptSource=system")));
    }
    let start = without_elements(text, EDITOR_ELEMENTS);
    let start = start.trim_start();
    if start.starts_with("<task-notification>") {
        return injected("user/task_notification", Some((Trigger::Agent, "task_notification_text")));
    }
    if is_agent_message(start) {
        return injected("user/agent_message", Some((Trigger::Agent, "agent_message_text")));
    }
    if let Some((_, kind)) = INJECTED_PREFIXES.iter().find(|(prefix, _)| start.starts_with(prefix)) {
        return injected(kind, None);
    }
    shaped(author(signs), text, signs)
}

/// Whether a text begins as what another agent wrote.
fn is_agent_message(start: &str) -> bool {
    let opens = |element: &str, name: &str| element.strip_prefix(name).is_some_and(|rest| rest.starts_with([' ', '>']));
    start.starts_with(AGENT_MESSAGE_PREFIX)
        || start.strip_prefix('<').is_some_and(|element| AGENT_MESSAGE_ELEMENTS.iter().any(|name| opens(element, name)))
}

/// Rules 5 to 7 and what is left: an external user's text without any machine mark is a person's.
fn author(signs: &Signs<'_>) -> Cause {
    if let Some(evidence) = signs.agent {
        (Trigger::Agent, evidence)
    } else if signs.entrypoint.is_some_and(|entrypoint| entrypoint.starts_with("sdk")) {
        (Trigger::Unknown, "entrypoint=sdk")
    } else if signs.user_type != Some("external") && !signs.has_permission_mode {
        (Trigger::Unknown, "user_type_not_external")
    } else if signs.is_accepted_plan {
        (Trigger::Human, "planContent")
    } else if signs.has_permission_mode {
        (Trigger::Human, "permissionMode")
    } else {
        (Trigger::Human, "text.bare")
    }
}

fn shaped<'a>(cause: Cause, text: &'a str, signs: &Signs<'_>) -> UserText<'a> {
    if let Some((name, arguments)) = slash_command(text) {
        return UserText::Command { cause, name, arguments };
    }
    let text = without_elements(text, INJECTED_ELEMENTS);
    if !text.trim().is_empty() {
        UserText::Prompt { cause, text: Some(text) }
    } else if signs.has_image {
        UserText::Prompt { cause, text: None }
    } else {
        UserText::Injected { kind: "user/empty", cause: None }
    }
}

/// `<command-name>/foo</command-name>` with `<command-args>`, in either order, at the start of the text.
pub(super) fn slash_command(text: &str) -> Option<(String, Option<Cow<'_, str>>)> {
    /// Longer names are not commands; the name goes into a table as it is.
    const LONGEST_NAME: usize = 100;
    let start = text.trim_start();
    if !start.starts_with("<command-name>") && !start.starts_with("<command-message>") {
        return None;
    }
    let name = element(text, "command-name")?.trim().trim_start_matches('/');
    if name.is_empty() || name.len() > LONGEST_NAME || name.contains(char::is_whitespace) {
        return None;
    }
    let arguments = element(text, "command-args").map(str::trim).filter(|arguments| !arguments.is_empty());
    Some((format!("/{name}"), arguments.map(|arguments| without_elements(arguments, INJECTED_ELEMENTS))))
}

/// What of a text in a request's user message is a person's own words, a slash command written out; null where all of it is the client's. Requests have
/// the client's texts as blocks beside what was typed, or as elements around it, so elements are taken out before the start of the rest is judged.
pub(in crate::sources) fn own_words(text: &str) -> Option<String> {
    let text = without_elements(text, INJECTED_ELEMENTS);
    // Who typed it is not asked here.
    match classify(&Signs::default(), text.trim()) {
        UserText::Prompt { text, .. } => text.map(Cow::into_owned),
        UserText::Command { name, arguments: None, .. } => Some(name),
        UserText::Command { name, arguments: Some(arguments), .. } => Some(format!("{name} {arguments}")),
        UserText::Interrupt { .. } | UserText::Injected { .. } => None,
    }
}

/// Whether a text is what the client writes where a person interrupted it.
pub(in crate::sources) fn is_interrupt(text: &str) -> bool {
    matches!(classify(&Signs::default(), text.trim()), UserText::Interrupt { .. })
}

/// Whether the texts behind this one in a request's message are the client's: true behind a slash command, whose expansion follows it; false behind what a
/// local command put out, which has none, and behind an interrupt; null where this text does not say.
pub(in crate::sources) fn begins_expansion(text: &str) -> Option<bool> {
    let shows_output = ["</local-command-stdout>", "</local-command-stderr>"].iter().any(|end| text.contains(end));
    let own = without_elements(text, INJECTED_ELEMENTS);
    match classify(&Signs::default(), own.trim()) {
        UserText::Command { .. } => Some(!shows_output),
        UserText::Interrupt { .. } => Some(false),
        UserText::Injected { .. } => shows_output.then_some(false),
        UserText::Prompt { .. } => None,
    }
}

fn element<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    rest.split_once(&format!("</{name}>")).map(|(inside, _)| inside)
}

/// The text without these elements and what is in them. An element that never closes stays: it may be what the person wrote about.
/// Linear in the text: each element name is looked for a closing tag that is missing at most once.
fn without_elements<'a>(text: &'a str, names: &[&str]) -> Cow<'a, str> {
    let mut kept = String::new();
    let mut copied = 0;
    let mut search = 0;
    let mut unclosed: Vec<&str> = Vec::new();
    while let Some(found) = text.get(search..).and_then(|rest| rest.find('<')) {
        let open = search + found;
        search = open + 1;
        let inside = &text[search..];
        let Some(name) = names
            .iter()
            .copied()
            .find(|name| inside.strip_prefix(name).is_some_and(|rest| rest.starts_with('>') || rest.starts_with(' ')))
        else {
            continue;
        };
        if unclosed.contains(&name) {
            continue;
        }
        let close = format!("</{name}>");
        match inside.find(&close) {
            Some(end) => {
                kept.push_str(&text[copied..open]);
                copied = search + end + close.len();
                search = copied;
            }
            None => unclosed.push(name),
        }
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    kept.push_str(&text[copied..]);
    Cow::Owned(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERACTIVE: Signs<'static> = Signs {
        is_meta: false,
        is_compact_summary: false,
        is_transcript_only: false,
        origin: None,
        prompt_source: None,
        entrypoint: Some("cli"),
        user_type: Some("external"),
        has_permission_mode: true,
        is_accepted_plan: false,
        agent: None,
        scheduled: None,
        has_image: false,
    };

    fn cause(signs: Signs<'_>, text: &str) -> Option<Cause> {
        match classify(&signs, text) {
            UserText::Prompt { cause, .. } | UserText::Command { cause, .. } => Some(cause),
            UserText::Interrupt { .. } | UserText::Injected { .. } => None,
        }
    }

    #[test]
    fn rules_in_order() {
        assert_eq!(cause(INTERACTIVE, "fix it"), Some((Trigger::Human, "permissionMode")));
        assert_eq!(cause(Signs { is_meta: true, origin: Some("human"), ..INTERACTIVE }, "x"), None);
        assert_eq!(
            cause(Signs { origin: Some("human"), entrypoint: Some("sdk-cli"), ..INTERACTIVE }, "x"),
            Some((Trigger::Human, "origin.kind=human"))
        );
        assert_eq!(
            cause(Signs { origin: Some("task-notification"), prompt_source: Some("typed"), ..INTERACTIVE }, "x"),
            None
        );
        assert_eq!(cause(Signs { prompt_source: Some("system"), ..INTERACTIVE }, "x"), None);
        assert_eq!(
            cause(Signs { agent: Some("isSidechain"), ..INTERACTIVE }, "x"),
            Some((Trigger::Agent, "isSidechain"))
        );
        assert_eq!(
            cause(Signs { entrypoint: Some("sdk-cli"), ..INTERACTIVE }, "x"),
            Some((Trigger::Unknown, "entrypoint=sdk"))
        );
        assert_eq!(
            cause(Signs { user_type: None, has_permission_mode: false, ..INTERACTIVE }, "x"),
            Some((Trigger::Unknown, "user_type_not_external"))
        );
        assert_eq!(
            cause(Signs { scheduled: Some("ScheduleWakeup"), is_meta: true, ..INTERACTIVE }, "x"),
            Some((Trigger::Schedule, "ScheduleWakeup"))
        );
        assert_eq!(
            cause(Signs { scheduled: Some("ScheduleWakeup"), origin: Some("human"), ..INTERACTIVE }, "x"),
            Some((Trigger::Human, "origin.kind=human"))
        );
    }

    #[test]
    fn injected_texts_are_no_prompts() {
        for text in [
            "<local-command-stdout>ok</local-command-stdout>",
            "<bash-input>ls</bash-input>",
            "<task-notification>done</task-notification>",
            "<system-reminder>be brief</system-reminder> and more",
            "Caveat: the messages below",
            "<ide_opened_file>a.rs</ide_opened_file><system-reminder>x</system-reminder>",
        ] {
            assert_eq!(cause(INTERACTIVE, text), None, "{text}");
        }
        let from_an_agent =
            UserText::Injected { kind: "user/agent_message", cause: Some((Trigger::Agent, "agent_message_text")) };
        for text in [
            "<teammate-message teammate_id=\"pd\" color=\"blue\">\n{\"type\":\"idle_notification\"}\n</teammate-message>",
            "Another Claude session sent a message:\n<teammate-message teammate_id=\"pd\">done</teammate-message>",
            "<cross-session-message from=\"shop\">done</cross-session-message>",
            "\n<agent-message>done</agent-message>",
        ] {
            assert_eq!(classify(&INTERACTIVE, text), from_an_agent, "{text}");
        }
        for text in ["why does `<teammate-message>` show up?", "<agent-messages> is the element that I mean"] {
            assert_eq!(cause(INTERACTIVE, text), Some((Trigger::Human, "permissionMode")), "{text}");
        }
        for (text, in_tool) in
            [("[Request interrupted by user for tool use]", true), ("[Request interrupted by user]", false)]
        {
            assert_eq!(classify(&INTERACTIVE, text), UserText::Interrupt { in_tool });
        }
    }

    #[test]
    fn blocks_inside_typed_text_are_removed_and_the_rest_stays() {
        let text = "rename it <system-reminder>today is Monday</system-reminder>please, see <b> and <system-reminder>";
        assert_eq!(
            classify(&INTERACTIVE, text),
            UserText::Prompt {
                cause: (Trigger::Human, "permissionMode"),
                text: Some("rename it please, see <b> and <system-reminder>".into())
            }
        );
        let editor = "<ide_opened_file>The user opened a.rs</ide_opened_file>explain this file";
        assert!(
            matches!(classify(&INTERACTIVE, editor), UserText::Prompt { text: Some(text), .. } if text == "explain this file")
        );
    }

    #[test]
    fn slash_commands_keep_their_name_and_arguments_only() {
        for text in [
            "<command-name>/review</command-name>\n<command-message>review</command-message>\n<command-args>pull 7</command-args>",
            "<command-message>review</command-message>\n<command-name>/review</command-name>\n<command-args> pull 7 </command-args>",
        ] {
            assert_eq!(
                classify(&INTERACTIVE, text),
                UserText::Command {
                    cause: (Trigger::Human, "permissionMode"),
                    name: "/review".into(),
                    arguments: Some("pull 7".into())
                }
            );
        }
        assert!(matches!(
            classify(&INTERACTIVE, "<command-name>/clear</command-name><command-args></command-args>"),
            UserText::Command { arguments: None, .. }
        ));
    }

    #[test]
    fn what_a_client_puts_into_a_request_is_nobodys_words() {
        for (text, want) in [
            ("hey", Some("hey")),
            ("<system-reminder>\nthe todo list is empty</system-reminder>\nhey", Some("hey")),
            ("<system-reminder>\nthe todo list is empty</system-reminder>\n", None),
            ("<bash-input>ls</bash-input>", None),
            ("Caveat: the messages below", None),
            ("This session is being continued from a previous conversation that ran out of context.", None),
            ("[Request interrupted by user]", None),
            ("<command-name>/review</command-name><command-args>pull 7</command-args>", Some("/review pull 7")),
            ("<command-message>x</command-message><command-name>/clear</command-name>", Some("/clear")),
            ("what is a <system-reminder>?", Some("what is a <system-reminder>?")),
        ] {
            assert_eq!(own_words(text).as_deref(), want, "{text}");
        }
    }

    #[test]
    fn what_follows_a_command_in_a_request_is_its_expansion() {
        for (text, want) in [
            ("<command-message>x</command-message><command-name>/review</command-name>", Some(true)),
            ("<system-reminder>a</system-reminder>\n<command-name>/review</command-name>", Some(true)),
            ("<command-name>/clear</command-name>\n<local-command-stdout></local-command-stdout>", Some(false)),
            ("<local-command-stdout>(no content)</local-command-stdout>", Some(false)),
            ("[Request interrupted by user]", Some(false)),
            ("<system-reminder>be brief</system-reminder>", None),
            ("Caveat: the messages below", None),
            ("what does </local-command-stdout> close?", None),
        ] {
            assert_eq!(begins_expansion(text), want, "{text}");
        }
    }

    #[test]
    fn an_image_alone_is_a_prompt_and_nothing_is_not() {
        assert!(matches!(classify(&Signs { has_image: true, ..INTERACTIVE }, ""), UserText::Prompt { text: None, .. }));
        assert_eq!(classify(&INTERACTIVE, "  "), UserText::Injected { kind: "user/empty", cause: None });
    }

    #[test]
    fn unclosed_elements_do_not_make_it_quadratic() {
        let text = "<system-reminder>".repeat(200_000);
        assert_eq!(without_elements(&text, INJECTED_ELEMENTS).len(), text.len());
    }
}
