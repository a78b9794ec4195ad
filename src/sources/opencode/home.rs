//! What OpenCode keeps beside its sessions in its directories for data, state, cache and configuration. Owns the list; [`crate::sources::companions`] asks it.

use crate::sources::companions::{Home, is_named};

pub(super) static HOME: Home = Home {
    // A checkout of the product has that name too.
    is: |directory, _| {
        let is_of_system =
            |above: &std::path::Path| ["share", "state", ".cache", ".config"].iter().any(|name| is_named(above, name));
        is_named(directory, "opencode")
            && (directory.parent().is_some_and(is_of_system)
                || directory.join("storage").is_dir()
                || directory.join("opencode.db").is_file())
    },
    kept: &[
        ("opencode.json*", "settings"),
        ("config.json*", "settings"),
        ("tui.json*", "settings"),
        ("kv.json", "settings"),
        ("model.json", "settings"),
        ("auth.json", "credentials"),
        ("mcp-auth.json", "credentials"),
        ("account.json", "credentials"),
        ("prompt-history.jsonl", "prompt_history"),
        ("prompt-stash.jsonl", "prompt_history"),
        ("frecency.jsonl", "cache"),
        ("models*.json", "cache"),
        ("log", "debug_logs"),
        ("snapshot", "file_history"),
        ("tool-output", "tool_results"),
        ("plans", "plans"),
        ("storage/migration", "store"),
        ("storage/session_share", "store"),
        ("storage/share", "store"),
        ("storage/permission", "store"),
        ("locks", "locks"),
        ("repos", "plugins"),
        ("plugin", "plugins"),
        ("plugins", "plugins"),
        ("bin", "installation"),
        ("node_modules", "installation"),
        ("package*.json", "installation"),
        ("AGENTS.md", "instructions"),
        ("agent", "instructions"),
        ("agents", "instructions"),
        ("command", "instructions"),
        ("commands", "instructions"),
        ("skill", "instructions"),
        ("skills", "instructions"),
        ("tool", "instructions"),
        ("tools", "instructions"),
        ("themes", "instructions"),
    ],
    work: &[],
};
