//! The record kinds that Claude Code is known to write and that carry nothing the pipeline counts.
//!
//! Owns the tables that tell a known kind, which is counted as ignored, from a stranger, which is rejected so that a new kind
//! with usage in it cannot pass unseen. Order within a table means nothing.

/// What is known of a record's `type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RecordKind {
    Assistant,
    User,
    Progress,
    System,
    Attachment,
    PullRequestLink,
    PermissionMode,
    /// Session metadata and client state; the word is the ignored kind.
    Metadata(&'static str),
    Unknown,
}

/// Session metadata and client state: titles, snapshots for rewind, the queue of typed-ahead text. Mostly without uuid or timestamp.
const METADATA: &[&str] = &[
    "agent-color",
    "agent-name",
    "agent-setting",
    "ai-title",
    "attribution-snapshot",
    "bridge-session",
    "content-replacement",
    "custom-title",
    "file-history-delta",
    "file-history-snapshot",
    "history-suppression",
    "last-prompt",
    "marble-origami-commit",
    "marble-origami-snapshot",
    "mode",
    "queue-operation",
    "speculation-accept",
    "summary",
    "tag",
    "task-summary",
    "worktree-state",
];

/// `system` records: timing, boundaries, notices, the client's own retries.
const SYSTEM: &[&str] = &[
    "system/agents_killed",
    "system/api_error",
    "system/api_metrics",
    "system/away_summary",
    "system/bridge_status",
    "system/compact_boundary",
    "system/informational",
    "system/local_command",
    "system/memory_saved",
    "system/microcompact_boundary",
    "system/permission_retry",
    "system/scheduled_task_fire",
    "system/stop_hook_summary",
    "system/thinking",
    "system/turn_duration",
];

/// `attachment` records: context that the client adds, never something a person typed.
const ATTACHMENT: &[&str] = &[
    "attachment/agent_listing_delta",
    "attachment/auto_mode",
    "attachment/auto_mode_exit",
    "attachment/command_permissions",
    "attachment/compact_file_reference",
    "attachment/critical_system_reminder",
    "attachment/date_change",
    "attachment/deferred_tools_delta",
    "attachment/diagnostics",
    "attachment/directory",
    "attachment/edited_image_file",
    "attachment/edited_text_file",
    "attachment/file",
    "attachment/hook_additional_context",
    "attachment/hook_blocking_error",
    "attachment/hook_cancelled",
    "attachment/hook_error_during_execution",
    "attachment/hook_non_blocking_error",
    "attachment/hook_permission_decision",
    "attachment/hook_stopped_continuation",
    "attachment/hook_success",
    "attachment/hook_system_message",
    "attachment/invoked_skills",
    "attachment/mcp_instructions_delta",
    "attachment/mcp_resource",
    "attachment/nested_memory",
    "attachment/opened_file_in_ide",
    "attachment/output_style",
    "attachment/plan_file_reference",
    "attachment/plan_mode",
    "attachment/plan_mode_exit",
    "attachment/plan_mode_reentry",
    "attachment/queued_command",
    "attachment/relevant_memories",
    "attachment/selected_lines_in_ide",
    "attachment/skill_discovery",
    "attachment/skill_listing",
    "attachment/structured_output",
    "attachment/task_reminder",
    "attachment/task_status",
    "attachment/todo_reminder",
    "attachment/token_usage",
    "attachment/ultrathink_effort",
];

/// `progress` records other than `agent_progress`: the screen's running output.
const PROGRESS: &[&str] = &[
    "progress/bash_progress",
    "progress/hook_progress",
    "progress/mcp_progress",
    "progress/powershell_progress",
    "progress/query_update",
    "progress/search_results_received",
    "progress/skill_progress",
    "progress/task_progress",
    "progress/waiting_for_task",
];

/// Sorts a record by its `type`.
pub(super) fn record_kind(kind: &str) -> RecordKind {
    match kind {
        "assistant" => RecordKind::Assistant,
        "user" => RecordKind::User,
        "progress" => RecordKind::Progress,
        "system" => RecordKind::System,
        "attachment" => RecordKind::Attachment,
        "pr-link" => RecordKind::PullRequestLink,
        "permission-mode" => RecordKind::PermissionMode,
        other => METADATA
            .iter()
            .find(|known| **known == other)
            .map_or(RecordKind::Unknown, |known| RecordKind::Metadata(known)),
    }
}

/// The ignored kind of a `system` record.
pub(super) fn system_kind(subtype: &str) -> &'static str {
    named(SYSTEM, "system/", subtype).unwrap_or("system/other")
}

/// The ignored kind of an `attachment` record.
pub(super) fn attachment_kind(kind: &str) -> &'static str {
    named(ATTACHMENT, "attachment/", kind).unwrap_or("attachment/other")
}

/// The ignored kind of a `progress` record.
pub(super) fn progress_kind(kind: &str) -> &'static str {
    named(PROGRESS, "progress/", kind).unwrap_or("progress/other")
}

fn named(table: &[&'static str], prefix: &str, word: &str) -> Option<&'static str> {
    table.iter().copied().find(|known| known.strip_prefix(prefix) == Some(word))
}

/// An unknown kind as the reject's detail: cut to 40 characters, and only if it is a plain word, since it may be anything.
pub(super) fn stranger(kind: &str) -> &str {
    let cut = kind.char_indices().nth(40).map_or(kind, |(end, _)| &kind[..end]);
    let plain = cut.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-'));
    if plain && !cut.is_empty() { cut } else { "type is not a plain word" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_kinds_are_told_from_strangers() {
        assert_eq!(record_kind("ai-title"), RecordKind::Metadata("ai-title"));
        assert_eq!(record_kind("billing"), RecordKind::Unknown);
        assert_eq!(system_kind("turn_duration"), "system/turn_duration");
        assert_eq!(system_kind("brand_new"), "system/other");
        assert_eq!(attachment_kind("hook_success"), "attachment/hook_success");
        assert_eq!(progress_kind("bash_progress"), "progress/bash_progress");
    }

    #[test]
    fn a_stranger_is_named_only_by_a_plain_word() {
        assert_eq!(stranger("new-kind_2"), "new-kind_2");
        assert_eq!(stranger(&"x".repeat(100)).len(), 40);
        assert_eq!(stranger("my secret"), "type is not a plain word");
        assert_eq!(stranger(""), "type is not a plain word");
    }
}
