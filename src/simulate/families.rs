//! The families of theater and the ways to hide them: a table, and who of it is meant. What they look like is in `theater`.

use super::HELD_OUT;
use super::held_out;

/// One way of making usage.
#[derive(Debug, PartialEq)]
pub(super) struct Family {
    pub(super) name: &'static str,
    /// Done by those who run agents with tools.
    pub(super) needs_tools: bool,
    /// How it is hidden.
    pub(super) evasions: &'static [&'static str],
}

const TEXT: &[&str] = &["paraphrase", "salted_tail", "junk_commits", "spread_over_colleagues"];
const PADDED: &[&str] = &["salted_tail", "junk_commits", "agent_reads_agent", "spread_over_colleagues"];
const LOOP: &[&str] = &["noise_calls", "argument_jitter", "agent_reads_agent", "junk_commits"];
const TIMER: &[&str] = &["uniform_jitter", "exponential_timer", "agent_reads_agent", "spread_over_colleagues"];
const TARGET: &[&str] = &["overshoot", "junk_commits", "spread_over_colleagues", "paraphrase"];

/// Every family.
pub(super) const FAMILIES: &[Family] = &[
    Family { name: "repeat", needs_tools: false, evasions: TEXT },
    Family { name: "paraphrase_repeat", needs_tools: false, evasions: TEXT },
    Family { name: "pad_repeat", needs_tools: false, evasions: PADDED },
    Family { name: "pad_random", needs_tools: false, evasions: PADDED },
    Family { name: "pad_article", needs_tools: false, evasions: PADDED },
    Family { name: "doom_loop", needs_tools: true, evasions: LOOP },
    Family { name: "ping_pong_loop", needs_tools: true, evasions: LOOP },
    Family { name: "unattended_cron", needs_tools: true, evasions: TIMER },
    Family {
        name: "overkill",
        needs_tools: false,
        evasions: &["paraphrase", "junk_commits", "spread_over_colleagues"],
    },
    Family { name: "hugger", needs_tools: false, evasions: TARGET },
    Family { name: "deadline_burster", needs_tools: false, evasions: TARGET },
    Family { name: "rank_chaser", needs_tools: false, evasions: TARGET },
];

/// The families of these names, in the tables' order: the twelve when nothing is named, and the held-out ones only when they are asked for.
pub(super) fn chosen(names: &[String]) -> Vec<&'static Family> {
    let named = |family: &&Family| names.iter().any(|name| name == family.name);
    let all_held_out = names.iter().any(|name| name == HELD_OUT);
    let known = FAMILIES.iter().filter(|family| names.is_empty() || named(family));
    known.chain(held_out::FAMILIES.iter().filter(|family| all_held_out || named(family))).collect()
}
