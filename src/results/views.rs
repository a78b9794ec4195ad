//! `OUT/views.sql`: the tables of a run as DuckDB views, each column with a sentence.
//!
//! Owns the words and the file. A few views come on top that join or add up what everybody would; none adds people up by team, since
//! `teams` has those cells with the small ones empty.

use super::columns::{ResultRow, write_file};
use super::{EvidenceRow, ResultsError};
use crate::report::inputs::{CoverageFact, JobFacts, OutcomeFact};
use crate::score::rows::{
    ActorWeekRow, AttributionRow, FindingRow, IdentityRow, OutcomeCoverageRow, PopulationRow, SeatRow, SessionRow,
    SessionSourceRow, SignalRow, TeamRow,
};
use arrow::datatypes::SchemaRef;
use std::fmt::Write as _;
use std::path::Path;

/// A table's name, what a row is, and what each column is, in the order of the file.
type Words = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

const ACTOR: &str = "pseudonym of the person, (unassigned) for nobody known";
const BAND: &str = "insufficient, none, note, look or review; what a reader is asked to do, never a verdict";
const SCORE: &str = "evidence in decibans; null when insufficient, and null is not zero";
const COST: &str = "US dollars, six decimals; null when nothing could be priced";
const OBJECTION: &str = "open (contested), accepted (out of the scores), rejected; empty without an objection";

const TABLES: &[Words] = &[
    (
        "sessions",
        "one root session with its subagents",
        &[
            ("session_id", "the source's own id"),
            ("actor", ACTOR),
            ("team_id", "team, (unassigned) when on no roster; read teams for figures by team"),
            ("client", "tool with its version after a slash"),
            ("trigger", "what started it: human, schedule, agent or unknown"),
            ("started_at", "first step, UTC"),
            ("ended_at", "last step, UTC"),
            ("iso_week", "ISO week of the start in the person's local time, 2026-W07"),
            ("prompts", "texts handed to the agent, other than by another agent"),
            ("completions", "model responses"),
            ("tool_calls", "tool calls"),
            ("input_tokens", "fresh input tokens, without cache; null when none was reported"),
            ("output_tokens", "output tokens, reasoning included; null when none was reported"),
            ("cache_read_tokens", "tokens read from the prompt cache"),
            ("cache_write_tokens", "tokens written to the prompt cache"),
            ("cost_usd", COST),
            ("completions_without_usage", "responses whose usage the log did not report"),
            ("lower_bound_completions", "responses whose output count is a lower bound"),
            ("outcome_link", "linked, none, or unknown where outcomes are not covered"),
            ("score_db", SCORE),
            ("band", BAND),
            ("archetype", "name of the group of similar sessions, noise, or empty when not grouped"),
            ("objection", OBJECTION),
        ],
    ),
    (
        "actor_weeks",
        "one person and ISO week in local time, services left out",
        &[
            ("actor", ACTOR),
            ("team_id", "team, (unassigned) when on no roster; read teams for figures by team"),
            ("iso_week", "ISO week in the person's local time"),
            ("sessions", "root sessions started"),
            ("prompts", "prompts"),
            ("tokens", "tokens of every kind; null when none was reported"),
            ("cost_usd", COST),
            ("outcomes", "outcomes landed in a week of use; null when no outcome source covers the person or the week"),
            ("score_db", SCORE),
            ("band", BAND),
            ("objection", OBJECTION),
        ],
    ),
    (
        "signals",
        "one signal read on one unit, spoken or abstained",
        &[
            ("scope", "session or actor_week"),
            ("unit_id", "session id, or PSEUDONYM/2026-W07"),
            ("signal", "name; docs/signals.md has its definition"),
            ("family", "signals of one family look at one thing; the strongest counts"),
            ("value", "the reading in the signal's own unit; larger is more suspicious"),
            ("n", "observations behind it"),
            ("p", "conformal p among peers after volume is taken out; null when not calibrated"),
            ("weight_db", "evidence in decibans after the discount"),
            ("status", "speak or abstain"),
            ("abstain_reason", "why it abstains; null when it speaks"),
            ("discount", "factor on positive evidence by innocent explanations, 1 when none"),
            ("evidence", "JSON object: what was counted, the peers, the discounts with reasons"),
        ],
    ),
    (
        "findings",
        "one observed fact, compared with nobody",
        &[
            ("session_id", "session"),
            ("finding", "what was observed, such as identical_calls"),
            ("count", "how often"),
            ("tokens", "tokens of the steps concerned; null when not reported"),
            ("cost_usd", COST),
            ("first_at", "first step concerned, UTC"),
            ("last_at", "last step concerned, UTC"),
            ("evidence", "JSON object with the facts and the innocent readings"),
        ],
    ),
    (
        "teams",
        "one team and ISO week; every figure is null in a small or dominated cell",
        &[
            ("team_id", "team"),
            ("iso_week", "ISO week"),
            ("actors", "people on the roster"),
            (
                "active_actors",
                "of these, with a session begun or a prompt in the week, as wherever active people are counted",
            ),
            ("tokens", "tokens of every kind; null when withheld, or when no log states any"),
            ("cost_usd", COST),
            ("outcomes", "outcomes landed by people in weeks in which they used a tool; the report's weeks have all"),
            ("tokens_with_outcome_low", "of the tokens, those of sessions that are certainly linked to an outcome"),
            ("tokens_with_outcome_high", "the same with unknown links counted as linked"),
            ("flagged_share", "shrunk share of active people in look or review, 0 to 1"),
            ("flagged_low", "lower end of its 90 % interval"),
            ("flagged_high", "upper end of its 90 % interval"),
            (
                "flagged_distinguishable",
                "true when the share is not the organisation's, judged with the week's other teams (Benjamini-Hochberg at 10 %)",
            ),
            ("suppressed", "true when the cell is hidden; leave it hidden"),
        ],
    ),
    (
        "population",
        "one test of the organisation against itself; names nobody",
        &[
            ("test", "name, such as quota_bunching"),
            ("scope", "organisation, or the quota it was run for"),
            ("estimate", "in the test's own unit"),
            ("estimate_unit", "that unit; may be empty where nothing was estimated"),
            ("ci_low", "lower end of the 95 % interval"),
            ("ci_high", "upper end of the 95 % interval"),
            ("p", "p-value; null when the test abstains"),
            ("n", "observations, to 5 where they are people's and there are enough people to be protected"),
            ("n_unit", "what they are: person-weeks, people, steps of people, teams, weeks or templates"),
            ("status", "speak or abstain"),
            ("note", "the reading in words, or why it abstains"),
        ],
    ),
    (
        "attribution",
        "one session-outcome pair",
        &[
            ("session_id", "session"),
            ("outcome_id", "the source's own id: commit, owner/repo#12, PROJ-7"),
            ("tier", "how the link was found: explicit, lines, files or window"),
            ("confidence", "0 to 1"),
            ("lines_matched", "distinct added lines that both have; 0 also where lines were not compared"),
            ("outcome_kind", "commit, pull_request, ticket and so on; an id is of its kind"),
        ],
    ),
    (
        "session_sources",
        "one session and one source that saw something of it",
        &[
            ("session_id", "session"),
            ("source", "source; footlight sources lists them"),
            ("requests_seen", "model responses of the session that the source saw"),
            (
                "requests_counted",
                "of these, counted under its name; the rest under that of a source nearer to the tool",
            ),
        ],
    ),
    (
        "identities",
        "one id of the logs and outcomes, and whose it is",
        &[
            ("identity", "pseudonym of the id; empty where the log has none"),
            ("form", "email, login, key, name, os_user, path or nothing"),
            ("actor", ACTOR),
            ("confidence", "declared, roster, email, login, os_user, itself or unknown, the surest first"),
            ("conflict", "something contradicts itself"),
            ("reason", "what, or why it is nobody's; empty otherwise"),
            ("looks_like", "pseudonym of the one roster entry that it looks like; never used"),
            ("events", "events that name it"),
            ("outcomes", "outcomes that name it"),
        ],
    ),
    (
        "attributed_outcomes",
        "one outcome of attribution, and whether it was kept",
        &[
            ("outcome_id", "the source's own id"),
            ("kept", "true when alive after the survival horizon and not reverted; null when too young to tell"),
            ("outcome_kind", "commit, pull_request, ticket and so on; an id is of its kind"),
        ],
    ),
    (
        "evidence",
        "one part of one score",
        &[
            ("scope", "session or actor_week"),
            ("unit_id", "session id, or PSEUDONYM/2026-W07"),
            ("part", "unit (the score itself), contribution, family or reason"),
            ("position", "place among the parts of the kind"),
            ("name", "signal, family, band or sentence"),
            ("kind", "signal, exculpation or rounding for a contribution; the week for a unit"),
            ("family", "family of a contribution; the pseudonym for a unit"),
            ("hundredths", "hundredths of a deciban: the contributions of a unit add up exactly to the unit"),
            ("decibans", "capped decibans of a family"),
            ("sessions", "sessions pooled, for a unit"),
        ],
    ),
    (
        "seats",
        "one person and one tool that they hold a seat of, used or not",
        &[
            ("actor", ACTOR),
            ("product", "tool"),
            ("team_id", "team, (unassigned) when on no roster"),
            ("used", "whether it was used in the period that the logs cover; null where nobody can tell"),
            ("ever_used", "whether it was used at any time; null where nobody can tell"),
            ("last_used_week", "ISO week of the last use that is known, UTC"),
        ],
    ),
    (
        "outcome_coverage",
        "one person: how much of what they edited lies where outcomes are known",
        &[
            ("actor", ACTOR),
            ("edited_paths", "distinct files that their sessions edited"),
            ("covered_paths", "of these, in repositories that outcomes are known of"),
        ],
    ),
    (
        "coverage",
        "one month and tool or maker: how much of the billed use the logs hold",
        &[
            ("month", "month of UTC, 2026-06"),
            ("scope", "a tool, or the maker of the models"),
            ("measure", "tokens or micro_usd: what the amounts are in"),
            ("billed", "on the bill, or counted by the vendor"),
            ("logged", "in the logs, for days that the bill covers"),
            ("held_low", "of the billed, what the logs hold by day and model"),
            ("held_high", "of the billed, what the logs hold by model in the whole month"),
            ("billed_periods", "days with a bill; 1 where bills are by the month"),
            (
                "people",
                "people known behind it: named by the bill, or with use in the logs, the fewer where both are known",
            ),
        ],
    ),
    (
        "declared_automations",
        "one job of declared automation, or what schedules of a tool began and nobody declared",
        &[
            ("kind", "declaration (footlight.toml), schedule (of the platform), service (account), undeclared"),
            ("job", "repository pattern, id of the schedule, service account or tool; never an account of a person"),
            ("schedule", "cron expression as declared; null where jobs of one name differ"),
            ("owner", "whose it is, as declared; null where nobody says so or the owner may be a person"),
            ("runs", "root sessions; 0 for what was declared and never ran"),
            ("weeks", "ISO weeks in which one began"),
            ("tokens", "tokens of every kind; null when none was reported"),
            ("cost_usd", COST),
            ("unpriced_runs", "sessions with tokens and without a price"),
            ("followed_runs", "sessions of which it is known whether anybody took up their output"),
            ("taken_up_runs", "of these, with an outcome linked or a line landed; null when none can be followed"),
            ("lines", "new lines of the sessions that can be followed"),
            ("landed_lines", "of these, landed; null when no session can be followed"),
            ("cost_not_taken_up_usd", "cost of the sessions that can be followed and nobody took up; null without one"),
        ],
    ),
];

/// Views that join or add up.
const MORE: &[Words] = &[
    (
        "organisation_weeks",
        "one ISO week of everybody who used a tool, known or not; services, and outcomes of whoever used none that week, are in the report alone",
        &[
            ("iso_week", "iso_week"),
            ("active_people", "count(*) filter (where (sessions > 0 or prompts > 0) and actor <> '(unassigned)')"),
            ("sessions", "sum(sessions)"),
            ("prompts", "sum(prompts)"),
            ("tokens", "sum(tokens)"),
            ("cost_usd", "sum(cost_usd)"),
            ("outcomes", "sum(outcomes)"),
        ],
    ),
    (
        "score_parts",
        "one contribution to one score; hundredths add up exactly to score_hundredths",
        &[
            ("scope", "part.scope"),
            ("unit_id", "part.unit_id"),
            ("name", "part.name"),
            ("kind", "part.kind"),
            ("family", "part.family"),
            ("hundredths", "part.hundredths"),
            ("score_hundredths", "unit.hundredths"),
            ("band", "unit.name"),
        ],
    ),
];

/// The rest of each statement of [`MORE`].
const MORE_FROM: [&str; 2] = [
    "from actor_weeks\ngroup by iso_week\norder by iso_week",
    "from evidence as part\ninner join evidence as unit\n    on unit.scope = part.scope and unit.unit_id = part.unit_id and unit.part = 'unit'\nwhere part.part = 'contribution'",
];

/// Every table with its columns, in the order of [`TABLES`].
fn schemas() -> [(&'static str, SchemaRef); 15] {
    fn of<R: ResultRow>() -> (&'static str, SchemaRef) {
        (R::TABLE, R::schema())
    }
    [
        of::<SessionRow>(),
        of::<ActorWeekRow>(),
        of::<SignalRow>(),
        of::<FindingRow>(),
        of::<TeamRow>(),
        of::<PopulationRow>(),
        of::<AttributionRow>(),
        of::<SessionSourceRow>(),
        of::<IdentityRow>(),
        of::<OutcomeFact>(),
        of::<EvidenceRow>(),
        of::<SeatRow>(),
        of::<OutcomeCoverageRow>(),
        of::<CoverageFact>(),
        of::<JobFacts>(),
    ]
}

/// The file.
pub fn views() -> String {
    let mut sql = String::from(
        "-- The tables of one footlight run as DuckDB views.\n\
         --\n\
         -- Paths are relative to the directory of this file. In that directory:   duckdb -init views.sql\n\
         -- In any other, or in a notebook:   set file_search_path = 'OUT';   then run this file.\n\
         --\n\
         -- sessions, actor_weeks, signals, findings and evidence have a row for every person or session, under pseudonyms: keep them\n\
         -- like the logs. Figures by team are in teams, where small cells are empty; adding sessions up by team would undo that.\n",
    );
    for ((table, about, columns), (_, schema)) in TABLES.iter().zip(schemas()) {
        let _ = write!(sql, "\n-- {table}: {about}\ncreate or replace view {table} as\nselect\n");
        for (index, field) in schema.fields().iter().enumerate() {
            let words = columns.iter().find(|(name, _)| name == field.name()).map_or("", |(_, words)| words);
            let comma = if index + 1 < schema.fields().len() { "," } else { "" };
            let _ = writeln!(sql, "    {}{comma} -- {words}", quoted(field.name()));
        }
        let _ = writeln!(sql, "from read_parquet('tables/{table}.parquet');");
    }
    for ((view, about, columns), from) in MORE.iter().zip(MORE_FROM) {
        let columns: Vec<String> =
            columns.iter().map(|(name, expression)| format!("    {expression} as {}", quoted(name))).collect();
        let _ = write!(
            sql,
            "\n-- {view}: {about}\ncreate or replace view {view} as\nselect\n{}\n{from};\n",
            columns.join(",\n")
        );
    }
    sql
}

/// Words that SQL has a meaning for are quoted.
fn quoted(name: &str) -> String {
    if matches!(name, "trigger" | "count" | "value" | "position" | "name" | "test" | "first" | "last") {
        format!("\"{name}\"")
    } else {
        name.to_owned()
    }
}

/// Writes `OUT/views.sql`.
pub fn write_views(out: &Path) -> Result<(), ResultsError> {
    let path = out.join("views.sql");
    write_file(&path, views().as_bytes()).map_err(|error| ResultsError::Io { path, error })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_has_words_and_no_words_are_left_over() {
        for ((table, _, words), (name, schema)) in TABLES.iter().zip(schemas()) {
            assert_eq!(*table, name);
            let columns: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
            let told: Vec<&str> = words.iter().map(|(column, _)| *column).collect();
            assert_eq!(told, columns, "{table}");
        }
        assert_eq!(TABLES.len(), schemas().len());
    }

    #[test]
    fn the_file_whole() {
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path("snapshots");
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!("views.sql", views()));
    }
}
