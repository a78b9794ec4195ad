//! What a user record is: a person's prompt, something the program said in the user's name, or the results of tools.

use super::records::{Message, text_of};

/// First words of texts that the program puts into the conversation in the user's name.
const INJECTED: &[&str] = &[
    "<session_context>",
    "<state_snapshot>",
    "<hook_context>",
    "This is the Gemini CLI. We are setting up the context for our chat.",
    "System: Potential loop detected",
];
/// What the program says when a model stopped and should go on.
const CONTINUE: &[&str] = &["Please continue.", "System: Please continue."];

/// What stands before the contents of the files that somebody named with `@`, up to the end of the text.
const FILES: &str = "--- Content from referenced files ---";

/// What a user record is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// Typed, as far as the file tells.
    Typed(String),
    /// The program asked the model to go on.
    Continue(String),
    /// Said by the program; the word is the ignored kind.
    Machine(&'static str),
}

/// Reads a user record. What was typed is preferred to what it was expanded to; versions that wrote the expansion alone put the files behind what was typed.
pub(super) fn said(message: &Message) -> Said {
    let text = match message.display_content.as_ref().and_then(text_of) {
        Some(shown) => shown,
        None => {
            let Some(mut sent) = message.content.as_ref().and_then(text_of) else {
                return Said::Machine("user.no_text");
            };
            if let Some(files) = sent.find(FILES) {
                sent.truncate(sent[..files].trim_end().len());
                if sent.is_empty() {
                    return Said::Machine("user.injected");
                }
            }
            sent
        }
    };
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Said::Machine("user.no_text");
    }
    if CONTINUE.contains(&trimmed) {
        return Said::Continue(text);
    }
    if INJECTED.iter().any(|start| trimmed.starts_with(start)) {
        return Said::Machine("user.injected");
    }
    Said::Typed(text)
}
