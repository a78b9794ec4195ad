//! Record kinds that are known and carry nothing that is needed here. Everything else is rejected as unknown.

/// Kinds of lines.
pub(super) const IGNORED_LINES: &[&str] =
    &["compacted", "ghost_snapshot", "inter_agent_communication", "inter_agent_communication_metadata", "world_state"];

/// Kinds of `response_item`. Messages are here because prompts come as `event_msg/user_message`: a message of the role `user`
/// may be injected.
pub(super) const IGNORED_ITEMS: &[&str] = &[
    "additional_tools",
    "agent_message",
    "compaction",
    "compaction_summary",
    "compaction_trigger",
    "context_compaction",
    "ghost_snapshot",
    "message",
    "other",
    "reasoning",
    "tool_search_call",
    "tool_search_output",
];

/// Kinds of `event_msg`.
pub(super) const IGNORED_EVENTS: &[&str] = &[
    "agent_message_content_delta",
    "agent_message_delta",
    "agent_reasoning",
    "agent_reasoning_delta",
    "agent_reasoning_raw_content",
    "agent_reasoning_raw_content_delta",
    "agent_reasoning_section_break",
    "apply_patch_approval_request",
    "background_event",
    "collab_agent_interaction_begin",
    "collab_agent_interaction_end",
    "collab_agent_spawn_begin",
    "collab_agent_spawn_end",
    "collab_close_begin",
    "collab_close_end",
    "collab_resume_begin",
    "collab_resume_end",
    "collab_waiting_begin",
    "collab_waiting_end",
    "context_compacted",
    "deprecation_notice",
    "dynamic_tool_call_request",
    "elicitation_request",
    "entered_review_mode",
    "exec_approval_request",
    "exec_command_begin",
    "exec_command_output_delta",
    "exited_review_mode",
    "guardian_assessment",
    "guardian_warning",
    "hook_completed",
    "hook_started",
    "image_generation_begin",
    "image_generation_end",
    "item_started",
    "mcp_startup_complete",
    "mcp_startup_update",
    "mcp_tool_call_begin",
    "model_reroute",
    "model_verification",
    "patch_apply_begin",
    "patch_apply_updated",
    "plan_delta",
    "plan_update",
    "raw_response_item",
    "reasoning_content_delta",
    "reasoning_raw_content_delta",
    "request_permissions",
    "request_user_input",
    "safety_buffering",
    "session_configured",
    "shutdown_complete",
    "stream_error",
    "sub_agent_activity",
    "task_complete",
    "task_started",
    "terminal_interaction",
    "thread_goal_updated",
    "thread_name_updated",
    "thread_rolled_back",
    "thread_settings_applied",
    "turn_complete",
    "turn_diff",
    "turn_started",
    "undo_completed",
    "undo_started",
    "view_image_tool_call",
    "warning",
    "web_search_begin",
    "web_search_end",
];

/// Kinds of the items in `event_msg/item_completed`; what they tell stands in a `response_item` too, or is no step.
pub(super) const IGNORED_TURN_ITEMS: &[&str] = &[
    "CollabAgentToolCall",
    "ContextCompaction",
    "HookPrompt",
    "ImageGeneration",
    "ImageView",
    "Plan",
    "Reasoning",
    "Sleep",
    "SubAgentActivity",
    "WebSearch",
];

/// The kind's own word in a table, so that it can be counted.
pub(super) fn known(table: &'static [&'static str], kind: &str) -> Option<&'static str> {
    table.binary_search(&kind).ok().map(|index| table[index])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted_for_the_search() {
        for table in [IGNORED_LINES, IGNORED_ITEMS, IGNORED_EVENTS, IGNORED_TURN_ITEMS] {
            assert!(table.is_sorted());
        }
        assert_eq!(known(IGNORED_EVENTS, "task_started"), Some("task_started"));
        assert_eq!(known(IGNORED_EVENTS, "novelty"), None);
    }
}
