//! What is unusual about logs themselves, by kind, with what else does it.
//!
//! Owns the words. A check states what is there and how often; it says nothing about why, and nothing about anybody.

use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Sessions named for each check, the first by id.
const EXAMPLES: usize = 3;

/// Name, what is stated, and what else does this.
const CHECKS: [(&str, &str, &str); 11] = [
    (
        "clock_backwards",
        "Steps that say an earlier time than a step before them in the same file.",
        "A clock that was set right, a laptop that was asleep, a file put together from several, an export written newest first.",
    ),
    (
        "copied_log",
        "Files of which nothing counts by itself: every record stands under another name too, and counts once.",
        "A log that was renamed, rotated or moved, back-ups, resumed and forked sessions, a directory copied to another machine.",
    ),
    (
        "crowded_minute",
        "More responses of one thread in a minute than its turns allow.",
        "Several threads under one session id, batches, responses from a cache.",
    ),
    (
        "ids_out_of_order",
        "Ids that hold a time, in another order than the times of their records.",
        "Several machines with clocks apart, a log put together from several.",
    ),
    (
        "identical_counts",
        "Half and more of a session's responses with one and the same input and output.",
        "Health checks, evaluations and jobs that ask the same every time.",
    ),
    (
        "impossible_rate",
        "Responses with more output tokens a second than any model writes.",
        "Durations that leave out the waiting, responses from a cache, batches.",
    ),
    (
        "no_jitter",
        "Responses on whole seconds, in the log of a tool that mostly writes parts of a second.",
        "An export or a conversion that rounds its times.",
    ),
    (
        "regular_steps",
        "Responses that follow each other by one and the same number of seconds.",
        "Scheduled jobs, polling, health checks.",
    ),
    (
        "round_numbers",
        "Half and more of a session's outputs are multiples of a hundred; by chance one in a hundred is.",
        "A limit on the length of the output, counts that were estimated.",
    ),
    (
        "same_id",
        "Responses with an id that another record has with other counts or as another person's.",
        "One request seen by two tools that count differently, a shared account, a session handed over.",
    ),
    (
        "same_numbers",
        "Responses with the second and all token counts of one in another person's session.",
        "A shared account, a session handed over with its history, a replayed test.",
    ),
];

/// A row of `fct_log_checks`; a file of `int_copied_logs` is one without a session.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckRow {
    /// Name of the check.
    pub check: String,
    /// Session; none for a file of which nothing is left.
    pub session_id: Option<String>,
    /// Records that it is true of.
    pub records: i64,
    /// Tokens of the session's records that were looked at.
    pub tokens: Option<i64>,
    /// First day, UTC.
    pub first_day: Option<String>,
    /// Last day, UTC.
    pub last_day: Option<String>,
}

/// One check over all logs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Name.
    pub check: String,
    /// What was observed.
    pub states: &'static str,
    /// Sessions, or files for `copied_log`.
    pub logs: i64,
    /// Records that it is true of.
    pub records: i64,
    /// Tokens of the records that were looked at.
    pub tokens: Option<i64>,
    /// First day.
    pub first_day: Option<String>,
    /// Last day.
    pub last_day: Option<String>,
    /// What else does this.
    pub innocent: &'static str,
    /// A few sessions, first by id, to be looked at with `footlight explain`.
    pub examples: Vec<String>,
}

/// Adds the rows up by check, in the order of names. A check without a row is left out.
pub fn checks(rows: &[CheckRow]) -> Vec<Check> {
    let mut groups: BTreeMap<&str, Vec<&CheckRow>> = BTreeMap::new();
    for row in rows {
        groups.entry(&row.check).or_default().push(row);
    }
    groups
        .into_iter()
        .map(|(name, rows)| {
            let known = CHECKS.iter().find(|(check, ..)| *check == name);
            let (_, states, innocent) = known.copied().unwrap_or((name, "", ""));
            let sessions: BTreeSet<&str> = rows.iter().filter_map(|row| row.session_id.as_deref()).collect();
            let tokens: Vec<i64> = rows.iter().filter_map(|row| row.tokens).collect();
            Check {
                check: name.to_owned(),
                states,
                logs: i64::try_from(rows.len()).unwrap_or(i64::MAX),
                records: rows.iter().map(|row| row.records).sum(),
                tokens: (!tokens.is_empty()).then(|| tokens.iter().sum()),
                first_day: rows.iter().filter_map(|row| row.first_day.clone()).min(),
                last_day: rows.iter().filter_map(|row| row.last_day.clone()).max(),
                innocent,
                examples: sessions.into_iter().take(EXAMPLES).map(str::to_owned).collect(),
            }
        })
        .collect()
}
