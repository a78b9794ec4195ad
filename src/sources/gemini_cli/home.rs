//! What Gemini CLI keeps in `~/.gemini` beside its chats. Owns the list; [`crate::sources::companions`] asks it.

use crate::sources::companions::{Home, is_named};

pub(super) static HOME: Home = Home {
    is: |directory, _| is_named(directory, ".gemini"),
    kept: &[
        ("settings.json*", "settings"),
        ("state.json", "settings"),
        ("projects.json", "settings"),
        ("trustedFolders.json", "settings"),
        ("extension_integrity.json", "settings"),
        ("keybindings.json", "settings"),
        ("installation_id", "settings"),
        ("user_id", "settings"),
        ("oauth_creds.json", "credentials"),
        ("gemini-credentials.json", "credentials"),
        ("google_accounts.json", "credentials"),
        ("mcp-oauth-tokens*.json", "credentials"),
        ("tmp/*/shell_history", "prompt_history"),
        // The repository in which each step of a session is committed before files are changed.
        ("history/*/.git", "file_history"),
        ("tmp/*/checkpoints", "checkpoints"),
        ("tmp/*/checkpoint*.json", "checkpoints"),
        ("tmp/*/tool-outputs", "tool_results"),
        ("tmp/*/tool_outputs", "tool_results"),
        ("tmp/*/otel", "telemetry"),
        ("tmp/*/logs", "debug_logs"),
        ("tmp/*/plans", "plans"),
        ("tmp/*/tracker", "todos"),
        ("tmp/*/memory", "memory"),
        ("tmp/*/images", "cache"),
        ("tmp/bin", "installation"),
        ("extensions", "plugins"),
        ("antigravity*", "another_product"),
        ("GEMINI.md", "instructions"),
        ("agents", "instructions"),
        ("commands", "instructions"),
        ("policies", "instructions"),
        ("skills", "instructions"),
        ("hooks", "instructions"),
    ],
    work: &[],
};
