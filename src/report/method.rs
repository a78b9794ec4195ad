//! How each figure and view comes about: the rule in words, and the queries behind it as they were run.
//!
//! Owns the rules' wording and which models stand behind which figure. Owns no SQL: its text comes with the run.

use std::collections::BTreeSet;

use super::checks::question;
use super::escape::{plain, plain_long};
use super::inputs::Inputs;
use super::model::{MethodEntry, Query};

/// A rule with the files of its models; a `*` stands for any name.
struct Method {
    id: &'static str,
    label: &'static str,
    rule: &'static str,
    models: &'static [&'static str],
    table: &'static str,
}

/// Each figure and view with the rule, the models and the table behind it; no table where the rows are in `run.json`.
const METHOD: [Method; 25] = [
    Method {
        id: "answer",
        label: "Verdict and what to do",
        rule: "Partly for the metric: two population tests point to it, or a tenth of the spend is theater-like, or one test and 3 %. \
               Mostly real: half of the spend has an outcome, theater-like is under a tenth at its highest, and no test points. Else \
               mixed; insufficient where under half of the sessions could be compared and no test speaks. What to do follows the verdict; where no \
               test points, neither title nor advice names a target.",
        models: &["queries/rpt_session_links.sql", "queries/fct_findings.sql", "queries/fct_sessions.sql"],
        table: "sessions",
    },
    Method {
        id: "confidence",
        label: "Confidence",
        rule: "High without a reservation, moderate with one or two, low with more. Reservations: under 80 % of the sessions compared \
               with peers, outcomes known for under 80 % of the edited files, no population test that speaks, a range of linked spend \
               wider than 30 points, over 20 % of the spend unknown, over 10 % of usage or accounts missing, too few people.",
        models: &["queries/fct_sessions.sql", "queries/fct_coverage.sql", "queries/fct_population_panel.sql"],
        table: "sessions",
    },
    Method {
        id: "spend",
        label: "Spend",
        rule: "Sum of the cost of every model response that could be priced, each counted once, in integer micro-dollars. \
               Responses without a price add nothing, so this is a lower bound whenever there are some.",
        models: &["queries/stg_events.sql", "queries/fct_sessions.sql"],
        table: "sessions",
    },
    Method {
        id: "linked_share",
        label: "Spend with an outcome",
        rule: "Cost of sessions linked to an outcome, over spend. Low end: only links by id, lines or files, after waste. High end: links by \
               time alone and sessions whose outcomes are not covered count as linked.",
        models: &["queries/rpt_session_links.sql", "queries/fct_attribution.sql", "queries/fct_coverage.sql"],
        table: "attribution",
    },
    Method {
        id: "sustained_share",
        label: "Sustained use",
        rule: "People active in at least 3 of the last 4 whole weeks, over people active in the period, with the Wilson score \
               interval at 95 %. Declared automation and unassigned use are nobody's.",
        models: &["queries/fct_actor_weeks.sql"],
        table: "actor_weeks",
    },
    Method {
        id: "theater_like_share",
        label: "Theater-like spend",
        rule: "Cost of sessions without an outcome whose evidence reached the band review, over spend: two independent families, \
               one of them no-consumption or incentive, and false discoveries controlled at 5 %. High end: sessions in look, and \
               in review with an uncertain link, are added. Sessions that were not compared are in the spend and in neither end.",
        models: &["queries/sig_*.sql", "queries/fct_sessions.sql"],
        table: "sessions",
    },
    Method {
        id: "money",
        label: "What the money bought",
        rule: "Each session stands in one part; the steps of waste findings are moved to waste first. A part's low end holds what \
               can be nowhere else, its high end all that could be there. The five parts add up to the spend exactly.",
        models: &["queries/fct_sessions.sql", "queries/rpt_session_links.sql", "queries/fct_findings.sql"],
        table: "sessions",
    },
    Method {
        id: "models",
        label: "Totals by model",
        rule: "Every model response counted once, by the name that the log has; a cost only where the model has a price. A model that few \
               people used is withheld, and another one beside it where the rest would tell.",
        models: &["queries/rpt_totals_by_day_model.sql", "queries/stg_events.sql"],
        table: "",
    },
    Method {
        id: "weeks",
        label: "Usage and outcomes by week",
        rule: "Use stands in the week in which it happened, by each person's clock; a session in the week in which it began. Outcomes are \
               pieces of work that landed, each once a person. They are not known without a source, and of weeks after that of the newest \
               commit. A week that the logs do not hold whole is partial, and not final when data of it may still come.",
        models: &["queries/rpt_weekly.sql", "queries/fct_actor_weeks.sql"],
        table: "",
    },
    Method {
        id: "comparison",
        label: "What changed",
        rule: "Each number beside what the earlier report published: it has moved where the two intervals do not overlap. A week is restated \
               where the earlier report held it whole and now a figure differs.",
        models: &["queries/rpt_weekly.sql", "queries/fct_sessions.sql"],
        table: "",
    },
    Method {
        id: "teams",
        label: "Teams",
        rule: "The latest whole week of each team. Tokens with an outcome: of sessions linked to one, up to all of which nobody can tell. In look \
               or review: the share of the team's active people whose own week is in one of these bands, as an interval that holds \
               it with 90 %, pulled towards all teams of the week and the more so the fewer people there are; a wide one says that little is \
               known. It asks where to read on, never who did wrong: most of what stands out has an innocent explanation.",
        models: &["queries/fct_actor_weeks.sql", "queries/rpt_linked_weeks.sql", "queries/sig_*.sql"],
        table: "teams",
    },
    Method {
        id: "funnel",
        label: "Funnel",
        rule: "People, each step counted among those of the step before; active people without a seat are in the count and in no share of \
               the seats. Kept means still there when looked at again (after 30 days unless set otherwise) and not reverted.",
        models: &["queries/fct_actor_weeks.sql", "queries/rpt_session_links.sql", "queries/rpt_kept_outcomes.sql"],
        table: "actor_weeks",
    },
    Method {
        id: "population",
        label: "Population tests",
        rule: "Each test reads the whole organisation against a date or a threshold. It points to the metric when p is at most 0.05 \
               and the excess is above zero with its whole 95 % interval. Tests without enough data abstain and say why.",
        models: &["queries/sig_quota_bunching.sql", "queries/fct_quota_team_shares.sql", "queries/rpt_weekly.sql"],
        table: "population",
    },
    Method {
        id: "measuring",
        label: "Is the metric still measuring",
        rule: "A number that was made a target invites gaming when a test that bears on it points to the metric: bunching at its own \
               line, chasing at its own cut, and the tests of the first policy date. It is quiet when one speaks and none points, and \
               cannot be told when all abstain. Bins and means with too few people are hidden.",
        models: &[
            "queries/fct_actor_weeks.sql",
            "queries/fct_population_panel.sql",
            "queries/fct_rank_panel.sql",
            "queries/rpt_weekly.sql",
        ],
        table: "population",
    },
    Method {
        id: "reasons",
        label: "What stands out rests on",
        rule: "Of each session in look or review, the signal with the most evidence after discounts, in decibans: ten of them make it ten times likelier. Signals with too few people behind \
               them are hidden, and so is what would give them away by subtraction.",
        models: &["queries/sig_*.sql"],
        table: "signals",
    },
    Method {
        id: "quadrant",
        label: "Usage and outcomes of teams",
        rule: "Over the whole period, of 4 whole weeks at least: tokens over the weeks in which people were active, with a 95 % interval over \
               people (a ratio of sums) whose spread is that of all teams, since a team's own would tell of its largest member; share of the \
               tokens in sessions with an outcome, from certain links to every open one, ends moved outwards to 5 points. The lines are all \
               teams together. A team is left out where its sum, less its weeks that were published, would be a few people's.",
        models: &["queries/fct_sessions.sql", "queries/rpt_session_links.sql"],
        table: "teams",
    },
    Method {
        id: "cohorts",
        label: "Who stays",
        rule: "People by the month of their first active whole week, and the share of them active so many weeks later. Months with too \
               few people are hidden, with a second one where the total would tell, and where none is left everybody is one row; so are shares in which few stayed or few left.",
        models: &["queries/fct_actor_weeks.sql"],
        table: "actor_weeks",
    },
    Method {
        id: "signals",
        label: "Signals",
        rule: "A signal speaks or abstains on each unit. A reading is unusual when its conformal p against peers (same client, role \
               and trigger, volume taken out) is at most 0.05: about 5 % of honest units are.",
        models: &["queries/sig_*.sql"],
        table: "signals",
    },
    Method {
        id: "findings",
        label: "Findings",
        rule: "Facts about sessions that need no comparison, added up by kind: sessions, how often, and the tokens and cost of the steps in \
               question. Kinds with too few people behind them are withheld.",
        models: &["queries/fct_findings.sql"],
        table: "findings",
    },
    Method {
        id: "archetypes",
        label: "Archetypes",
        rule: "Sessions that stand out and as many that do not, clustered by what they did; a cluster counts when it comes back in resamples, and \
               what does not is noise. Names are given by rule. Ten people of three teams at least.",
        models: &["queries/fct_sessions.sql", "queries/sig_*.sql"],
        table: "sessions",
    },
    Method {
        id: "systems",
        label: "What agents wrote, sent and executed",
        rule: "Steps of agents that write, send or execute, by the system they touch; shares are of these steps, and approval of those of which the \
               log says who approved. Unattended is more than half an hour after a person's last turn.",
        models: &["queries/rpt_governance.sql"],
        table: "",
    },
    Method {
        id: "quality",
        label: "Data quality",
        rule: "Every record of an input is counted once: kept, passed over by kind, or quarantined with the reason. Sessions scored are those that \
               could be compared with peers; outcome coverage is the share of the edited files in repositories whose outcomes are known.",
        models: &["queries/rpt_sources.sql", "queries/fct_coverage.sql"],
        table: "outcome_coverage",
    },
    Method {
        id: "coverage",
        label: "How much of the billed use the logs hold",
        rule: "For each day of UTC and model, the smaller of what was billed and what the logs hold, over what was billed: use above the bill makes \
               up for nothing. Upper end: the same by model in the whole month. Of two reports of one use the vendor's own counts. In tokens \
               where a bill has them, else in dollars. Without a bill it is not known.",
        models: &["queries/rpt_coverage.sql", "queries/rpt_reconciliation.sql", "queries/int_billed.sql"],
        table: "coverage",
    },
    Method {
        id: "seats",
        label: "Seats and idle seats",
        rule: "Holders are those whom a vendor lists and those with a licence on the roster; services hold none. A seat is used when its vendor \
               or a session says so within the period of the logs. Idle, low end: never used at all, for the cost; high end: also those of whom \
               nobody can tell. The cost is the newest month's bill for seats, in proportion. Counts of few people are hidden.",
        models: &["queries/rpt_seats.sql", "queries/fct_seats.sql"],
        table: "seats",
    },
    Method {
        id: "automation",
        label: "Declared automation",
        rule: "Each session that is automation is a run of one job: the schedule of its platform that names it, else the declaration that names its \
               repository or account, else its service account, else nobody's. A run was taken up where an outcome is linked to it or a line of it \
               landed; it was not where its new lines are two weeks old, its outcomes are known and none is linked, or where it wrote none and its \
               delivery failed. Of the rest it is not known, and they are in no share. Service accounts are no people; a job with people in it is a \
               cell like any other.",
        models: &[
            "queries/rpt_declared_automations.sql",
            "queries/int_automation_runs.sql",
            "queries/int_session_uptake.sql",
        ],
        table: "declared_automations",
    },
];

/// Whether a file is one of `pattern`, which may hold one `*`.
fn matches(pattern: &str, file: &str) -> bool {
    match pattern.split_once('*') {
        Some((start, end)) => file.len() >= start.len() + end.len() && file.starts_with(start) && file.ends_with(end),
        None => pattern == file,
    }
}

/// Whether the method of the report names this file, `queries/x.sql`.
pub fn names_query(file: &str) -> bool {
    METHOD.iter().flat_map(|entry| entry.models).any(|pattern| matches(pattern, file))
}

/// The queries of the run by file, each with the place where it stands in the page.
pub(super) fn queries(inputs: &Inputs) -> Vec<Query> {
    let mut queries: Vec<Query> = inputs
        .queries
        .iter()
        .map(|query| Query {
            file: plain(&query.file),
            anchor: format!("sql-{}", plain(&query.file).replace(|c: char| !c.is_ascii_alphanumeric(), "-")),
            sql: plain_lines(&query.sql),
        })
        .collect();
    queries.sort_by(|a, b| a.file.cmp(&b.file));
    // Anchors are made of what remains of names; two that became one would lead to the wrong query.
    let mut seen = BTreeSet::new();
    queries.retain(|query| seen.insert(query.anchor.clone()));
    queries
}

/// [`plain_long`] line by line.
fn plain_lines(sql: &str) -> String {
    sql.lines().map(keep_indent).collect::<Vec<_>>().join("\n")
}

/// [`plain_long`] takes the blanks at the ends of a line, and a query without them is hard to read.
fn keep_indent(line: &str) -> String {
    let blanks = line.chars().take_while(|character| *character == ' ').count();
    format!("{}{}", " ".repeat(blanks), plain_long(line))
}

/// Each rule with the queries that the run used.
pub(super) fn method(inputs: &Inputs, queries: &[Query]) -> Vec<MethodEntry> {
    let entry = |method: &Method| MethodEntry {
        id: method.id,
        label: method.label,
        rule: method.rule,
        models: method.models,
        queries: queries
            .iter()
            .filter(|query| method.models.iter().any(|pattern| matches(pattern, &query.file)))
            .map(|query| query.file.clone())
            .collect(),
        table: method.table,
        check: plain_lines(&question(method.id, inputs)),
    };
    METHOD.iter().map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_stands_for_the_models_of_its_kind() {
        assert!(names_query("queries/sig_orphan_output.sql") && names_query("queries/stg_events.sql"));
        assert!(!names_query("queries/int_calls.sql") && !names_query("queries/sig_x.slt"));
    }

    /// A rule that names a file which is gone would explain nothing.
    #[test]
    fn every_named_model_is_in_the_repository() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        for file in METHOD.iter().flat_map(|entry| entry.models).filter(|file| !file.contains('*')) {
            assert!(folder.join(file).is_file(), "{file}");
        }
    }
}
