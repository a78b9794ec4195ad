//! The columns of `schema.md`: their names in files and their numbers in a row.

/// Where a name is looked for first, of 256 places. Each name below has one of its own, but nothing depends on that.
const fn place(name: &[u8]) -> usize {
    if name.is_empty() { 0 } else { (name.len() * 4 + name[0] as usize * 13 + name[name.len() - 1] as usize) % 256 }
}

/// The number of the name in each place, 255 where none is.
const fn places(names: &[&str]) -> [u8; 256] {
    let mut places = [u8::MAX; 256];
    let mut number = 0;
    while number < names.len() {
        places[place(names[number].as_bytes())] = number as u8;
        number += 1;
    }
    places
}

macro_rules! columns {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub(super) enum $name { $($variant,)+ }

        impl $name {
            /// Names in the order of the numbers.
            pub(super) const NAMES: &'static [&'static str] = &[$($word,)+];

            const PLACES: [u8; 256] = places(Self::NAMES);

            /// The number of a column, null for a stranger. A row asks for each of its fields, so names are not compared one after another.
            pub(super) fn number(name: &str) -> Option<usize> {
                let number = usize::from(Self::PLACES[place(name.as_bytes())]);
                if Self::NAMES.get(number) == Some(&name) {
                    return Some(number);
                }
                match name {
                    $($word => Some($name::$variant as usize),)+
                    _ => None,
                }
            }
        }
    };
}

columns! {
    /// `*.events.*`
    EventColumn {
        Ts = "ts",
        SessionId = "session_id",
        ParentSessionId = "parent_session_id",
        EventId = "event_id",
        RequestId = "request_id",
        ResponseId = "response_id",
        ActorId = "actor_id",
        Kind = "kind",
        Trigger = "trigger",
        Client = "client",
        Provider = "provider",
        Model = "model",
        InputTokens = "input_tokens",
        OutputTokens = "output_tokens",
        ReasoningTokens = "reasoning_tokens",
        CacheReadTokens = "cache_read_tokens",
        CacheWriteTokens = "cache_write_tokens",
        TokenBasis = "token_basis",
        CostUsd = "cost_usd",
        Text = "text",
        ToolName = "tool_name",
        ToolArgs = "tool_args",
        CallId = "call_id",
        IsError = "is_error",
        Effect = "effect",
        System = "system",
        Approval = "approval",
        Path = "path",
        Repo = "repo",
        Branch = "branch",
        DurationMs = "duration_ms",
    }
}

columns! {
    /// `*.outcomes.*`
    OutcomeColumn {
        Ts = "ts",
        OutcomeId = "outcome_id",
        Kind = "kind",
        Status = "status",
        ActorId = "actor_id",
        SessionId = "session_id",
        Repo = "repo",
        Branch = "branch",
        Paths = "paths",
        LinesAdded = "lines_added",
        LinesDeleted = "lines_deleted",
        LinesSurviving = "lines_surviving",
        Patch = "patch",
        Refs = "refs",
        UpdatedAt = "updated_at",
    }
}

columns! {
    /// `roster.csv`
    RosterColumn {
        ActorId = "actor_id",
        Aliases = "aliases",
        TeamId = "team_id",
        Role = "role",
        Kind = "kind",
        TimeZone = "time_zone",
        ActiveFrom = "active_from",
        ActiveTo = "active_to",
        Licences = "licences",
    }
}
