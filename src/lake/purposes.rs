//! Why the lake has each of its columns: the categories of the data-protection annex (GDPR art. 5(1)(c), 30(1)(c)).
//!
//! Owns the category of every column. A column without one fails a test, so that nothing is collected that nobody can explain.

use super::Table;

/// A category of data with the reason to hold it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Category {
    /// What it is.
    pub title: &'static str,
    /// Why it is there.
    pub why: &'static str,
    /// Whether it can tell a person by itself.
    pub is_identifying: bool,
}

/// Every category, the most identifying first.
pub const CATEGORIES: [Category; 10] =
    [ACCOUNTS, ORGANISATION, CONTEXT, ORIGIN, STRUCTURE, TIME, INITIATIVE, TOOLS, USAGE, SKETCHES];

const ACCOUNTS: Category = Category {
    title: "Accounts",
    why: "whose use it is, so that one person's names are one person and small groups can be recognised and hidden; every result has a keyed pseudonym instead",
    is_identifying: true,
};
const ORGANISATION: Category = Category {
    title: "Place in the organisation",
    why: "teams are what reports are about; role, working time zone and first weeks are innocent explanations and peer groups",
    is_identifying: true,
};
const CONTEXT: Category = Category {
    title: "Work context",
    why: "repositories, branches and paths join use to outcomes, which is what speaks for people; they can hold names",
    is_identifying: true,
};
const ORIGIN: Category = Category {
    title: "Origin of the record",
    why: "the input and the place in it: identity rules, exactly-once reading, and the proof behind a finding for whoever has the original; names of files can hold names",
    is_identifying: true,
};
const STRUCTURE: Category = Category {
    title: "Sessions, steps and outcomes",
    why: "which steps belong together, and which outcome names which work; ids are the sources' own",
    is_identifying: false,
};
const TIME: Category = Category {
    title: "Time",
    why: "weeks, machine-clock starts, and that work followed; no output has the time of day of a person",
    is_identifying: false,
};
const INITIATIVE: Category = Category {
    title: "Who or what started and approved it",
    why: "schedules and agents are told from people, in people's favour; governance of unattended actions",
    is_identifying: false,
};
const TOOLS: Category = Category {
    title: "Tools and models",
    why: "peers are those with the same tool; loops, and what agents did to which system",
    is_identifying: false,
};
const USAGE: Category = Category {
    title: "Usage and cost",
    why: "totals, which are the subject of the report; usage by itself is never evidence",
    is_identifying: false,
};
const SKETCHES: Category = Category {
    title: "Sketches of text",
    why: "hashes and sizes by which repeated and landed text is recognised without being kept; the text itself is read once and dropped",
    is_identifying: false,
};

/// The category of a column; none for what only keeps the tables in order and says nothing of anybody (keys, versions, hashes of rows and files).
pub fn category(table: Table, column: &str) -> Option<Category> {
    Some(match column {
        "kind" if table == Table::Roster => ORGANISATION,
        "actor_id" | "aliases" | "os_user" | "key_id" => ACCOUNTS,
        "team_id" | "role" | "time_zone" | "active_from" | "active_to" | "licences" | "group_id" | "seat_used" => {
            ORGANISATION
        }
        "path" | "paths" | "repo" | "branch" | "lines_deleted" | "lines_surviving" => CONTEXT,
        "source" | "source_file" | "byte_offset" | "line" | "reason" | "detail" | "report" | "counted_by"
        | "evidence" | "ignored" => ORIGIN,
        "session_id" | "parent_session_id" | "session_ids" | "event_id" | "call_id" | "request_id" | "response_id"
        | "outcome_id" | "kind" | "status" | "refs" | "name" | "value" | "rank" | "dimension" => STRUCTURE,
        "ts" | "from_ts" | "to_ts" | "utc_offset_min" | "duration_ms" | "modified_ns" | "changed_ns" => TIME,
        "trigger" | "trigger_evidence" | "marker" | "command" | "approval" => INITIATIVE,
        "client" | "provider" | "model" | "tool_name" | "effect" | "system" | "is_error" => TOOLS,
        "input_tokens"
        | "output_tokens"
        | "reasoning_tokens"
        | "cache_read_tokens"
        | "cache_write_tokens"
        | "cache_write_1h_tokens"
        | "token_basis"
        | "output_is_lower_bound"
        | "output_estimate"
        | "cost_usd"
        | "cost_basis"
        | "requests"
        | "prompts"
        | "sessions"
        | "lines_suggested"
        | "edits_accepted"
        | "edits_rejected"
        | "commits"
        | "pull_requests" => USAGE,
        "lines_added" if table == Table::Outcomes => CONTEXT,
        "lines_added" => USAGE,
        "text_chars" | "text_words" | "text_hash" | "masked_hash" | "shingles" | "bands" | "call_hash"
        | "result_hash" | "added_lines" | "spans" | "repeated_permille" | "packed_permille" | "identifiers" => SKETCHES,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What keeps the tables in order.
    const ORDER: [&str; 9] = [
        "version",
        "tie",
        "row_hash",
        "content_id",
        "committed_bytes",
        "first_line_hash",
        "file_bytes",
        "records",
        "rejects",
    ];

    #[test]
    fn every_column_is_explained() {
        for table in Table::ALL {
            for field in table.schema().fields() {
                let name = field.name().as_str();
                let keeps_order = name == table.key_column() || ORDER.contains(&name);
                let category = category(table, name);
                assert_ne!(category.is_some(), keeps_order, "{}.{name}", table.name());
                assert!(category.is_none_or(|category| CATEGORIES.contains(&category)), "{name}");
            }
        }
    }
}
