//! What Cline and the extensions made from it keep in their directory below `globalStorage` beside the rows of tasks. Owns the list;
//! [`crate::sources::companions`] asks it.

use super::EXTENSIONS;
use crate::sources::companions::{Home, is_named};

pub(super) static HOME: Home = Home {
    is: |directory, _| EXTENSIONS.iter().any(|(name, _)| is_named(directory, name)),
    kept: &[
        ("settings", "settings"),
        ("tasks/*/settings.json", "settings"),
        ("tasks/_index.json", "session_index"),
        ("tasks/*/context_history.json", "task_context"),
        ("tasks/*/focus_chain*", "todos"),
        ("tasks/*/command-output", "tool_results"),
        // Repositories in which each step of a task is committed.
        ("tasks/*/checkpoints", "file_history"),
        ("checkpoints", "file_history"),
        ("cache", "cache"),
        ("puppeteer", "installation"),
    ],
    work: &[],
};
