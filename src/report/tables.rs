//! The tables of the report: population tests, findings, signals, archetypes, teams.
//!
//! Owns grouping and order. Rows are ordered by name, never by size or score, and nothing here is a list of people: a team row is
//! a cell that `privacy` has already let through, a finding names a few sessions, first by id, so that it can be looked at.

use std::collections::{BTreeMap, BTreeSet};

use super::escape::{plain, plain_long};
use super::inputs::{Inputs, SignalEntry};
use super::model::{ArchetypeShare, Finding, PopulationTest, ReasonCount, Signal, System, Team};
use super::quantities::{Count, Estimate, Maybe, MicroDollars, Probability, Share, Tokens};

/// Sessions named per finding.
const EXAMPLES: usize = 3;
/// Abstention reasons shown per signal; the rest are added up.
const REASONS: usize = 3;
/// p from which a reading counts as unusual.
const UNUSUAL: f64 = 0.05;

/// What each finding states and when it is innocent: name, statement, word it bears on, innocent explanation.
const FINDINGS: [(&str, &str, &str, &str); 6] = [
    (
        "identical_calls",
        "The same tool call with the same result, again and again.",
        "waste",
        "Polling, watching a build, re-running a flaky test.",
    ),
    (
        "machine_clock_starts",
        "Starts labelled human that follow a machine's clock.",
        "theater",
        "A schedule that nobody declared, a stand-up routine, keep-alive pings.",
    ),
    (
        "no_op_run",
        "A run that changed and delivered nothing.",
        "waste",
        "An investigation, a review, a check that found all well.",
    ),
    (
        "output_never_landed",
        "Written lines that appear in no commit.",
        "exploration",
        "Spikes, prototypes, repositories that are not connected. About half of honest sessions.",
    ),
    (
        "repeated_prompt",
        "Near-identical prompts, issued again and again.",
        "theater",
        "Hand-off templates, evaluations across models, retries, teaching.",
    ),
    (
        "undelivered_output",
        "Output that was made and delivered to nobody.",
        "waste",
        "Delivery by a channel that these logs do not hold.",
    ),
];

fn length(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn catalogue(inputs: &Inputs) -> BTreeMap<&str, &SignalEntry> {
    inputs.catalogue.iter().map(|entry| (entry.name.as_str(), entry)).collect()
}

/// Adds two amounts of which each may be missing: missing only when both are.
fn add(sum: Option<i64>, amount: Option<i64>) -> Option<i64> {
    match (sum, amount) {
        (Some(sum), Some(amount)) => Some(sum.saturating_add(amount)),
        (sum, amount) => sum.or(amount),
    }
}

/// Population tests by name and scope.
pub(super) fn population(inputs: &Inputs) -> Vec<PopulationTest> {
    let catalogue = catalogue(inputs);
    let mut tests: Vec<PopulationTest> = inputs
        .population
        .iter()
        .map(|row| {
            let speaks = row.status == "speak";
            let innocent = catalogue.get(row.test.as_str()).map_or("", |entry| entry.innocent.as_str());
            PopulationTest {
                test: plain(&row.test),
                scope: plain(&row.scope),
                estimate: Maybe(row.estimate.map(Estimate)),
                low: Maybe(row.ci_low.map(Estimate)),
                high: Maybe(row.ci_high.map(Estimate)),
                p: Maybe(row.p.map(Probability)),
                n: Count(row.n),
                speaks,
                points_to_metric: row.fires(),
                note: plain_long(&row.note),
                innocent: plain_long(innocent),
            }
        })
        .collect();
    tests.sort_by(|a, b| (&a.test, &a.scope, &a.note).cmp(&(&b.test, &b.scope, &b.note)));
    tests
}

/// Facts observed, added up by kind.
pub(super) fn findings(inputs: &Inputs) -> Vec<Finding> {
    #[derive(Default)]
    struct Group<'a> {
        sessions: BTreeSet<&'a str>,
        count: i64,
        tokens: Option<i64>,
        cost: Option<i64>,
    }
    let mut groups: BTreeMap<&str, Group<'_>> = BTreeMap::new();
    for row in &inputs.findings {
        let group = groups.entry(&row.finding).or_default();
        group.sessions.insert(&row.session_id);
        group.count = group.count.saturating_add(row.count);
        group.tokens = add(group.tokens, row.tokens);
        group.cost = add(group.cost, row.cost_micro_usd);
    }
    let meaning = |name: &str| FINDINGS.iter().find(|(finding, ..)| *finding == name);
    groups
        .into_iter()
        .map(|(name, group)| {
            let (states, bears_on, innocent) = meaning(name)
                .map_or(("", "exploration", ""), |&(_, states, bears_on, innocent)| (states, bears_on, innocent));
            Finding {
                finding: plain(name),
                states: states.to_owned(),
                bears_on,
                sessions: Count(length(group.sessions.len())),
                count: Count(group.count),
                tokens: Maybe(group.tokens.map(Tokens)),
                cost: Maybe(group.cost.map(MicroDollars)),
                innocent: innocent.to_owned(),
                examples: group.sessions.into_iter().take(EXAMPLES).map(plain).collect(),
            }
        })
        .collect()
}

/// Signals by family and name: those of the catalogue and those that were read.
pub(super) fn signals(inputs: &Inputs) -> Vec<Signal> {
    #[derive(Default)]
    struct Group<'a> {
        family: &'a str,
        spoke: i64,
        calibrated: i64,
        unusual: i64,
        abstained: i64,
        reasons: BTreeMap<&'a str, i64>,
    }
    let catalogue = catalogue(inputs);
    let tests: BTreeSet<&str> = inputs.population.iter().map(|row| row.test.as_str()).collect();
    let mut groups: BTreeMap<&str, Group<'_>> = BTreeMap::new();
    let is_finding = |name: &str| FINDINGS.iter().any(|(finding, ..)| *finding == name);
    let is_signal = |entry: &&SignalEntry| !tests.contains(entry.name.as_str()) && !is_finding(&entry.name);
    for entry in inputs.catalogue.iter().filter(is_signal) {
        groups.entry(&entry.name).or_default().family = &entry.family;
    }
    for row in inputs.signals.iter().filter(|row| row.scope != "population") {
        let group = groups.entry(&row.signal).or_default();
        if group.family.is_empty() {
            group.family = &row.family;
        }
        if row.status == "speak" {
            group.spoke += 1;
            group.calibrated += i64::from(row.p.is_some());
            group.unusual += i64::from(row.p.is_some_and(|p| p <= UNUSUAL));
        } else {
            group.abstained += 1;
            *group.reasons.entry(row.abstain_reason.as_deref().unwrap_or("no reason given")).or_default() += 1;
        }
    }
    let mut signals: Vec<Signal> = groups
        .into_iter()
        .map(|(name, group)| {
            let entry = catalogue.get(name);
            let text = |field: fn(&SignalEntry) -> &str| plain_long(entry.map_or("", |entry| field(entry)));
            Signal {
                signal: plain(name),
                family: plain(group.family),
                measures: text(|entry| &entry.measures),
                suggests: text(|entry| &entry.suggests),
                innocent: text(|entry| &entry.innocent),
                reference: text(|entry| &entry.reference),
                spoke: Count(group.spoke),
                unusual: Maybe((group.calibrated > 0).then_some(Count(group.unusual))),
                prevalence: Maybe(Share::of(group.unusual, group.calibrated)),
                abstained: Count(group.abstained),
                reasons: most_frequent(group.reasons),
            }
        })
        .collect();
    signals.sort_by(|a, b| (&a.family, &a.signal).cmp(&(&b.family, &b.signal)));
    signals
}

/// The most frequent reasons, then what is left of them in one line.
fn most_frequent(reasons: BTreeMap<&str, i64>) -> Vec<ReasonCount> {
    let mut sorted: Vec<(&str, i64)> = reasons.into_iter().collect();
    sorted.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let rest: i64 = sorted.iter().skip(REASONS).map(|(_, count)| count).sum();
    let mut shown: Vec<ReasonCount> = sorted
        .iter()
        .take(REASONS)
        .map(|&(reason, count)| ReasonCount { reason: plain(reason), count: Count(count) })
        .collect();
    if rest > 0 {
        shown.push(ReasonCount { reason: "other reasons".into(), count: Count(rest) });
    }
    shown
}

/// Archetypes by name. One that fewer people than the floor stand behind is hidden, and if it were the only one so is the next
/// smallest, since the total would give it away.
pub(super) fn archetypes(inputs: &Inputs) -> Vec<ArchetypeShare> {
    let floor = inputs.run.small_cell_floor;
    let mut sorted: Vec<_> = inputs.archetypes.iter().collect();
    sorted.sort_by(|a, b| a.name.cmp(&b.name));
    let total: i64 = sorted.iter().map(|archetype| archetype.sessions).sum();
    let mut hidden: BTreeSet<&str> =
        sorted.iter().filter(|archetype| archetype.actors < floor).map(|archetype| archetype.name.as_str()).collect();
    if hidden.len() == 1
        && let Some(next) = sorted.iter().filter(|a| a.actors >= floor).min_by_key(|a| (a.actors, a.sessions, &a.name))
    {
        hidden.insert(&next.name);
    }
    sorted
        .iter()
        .map(|archetype| {
            let shown = !hidden.contains(archetype.name.as_str());
            ArchetypeShare {
                name: plain(&archetype.name),
                sessions: Maybe(shown.then_some(Count(archetype.sessions))),
                share: Maybe(Share::of(archetype.sessions, total).filter(|_| shown)),
                actors: Maybe(shown.then_some(Count(archetype.actors))),
            }
        })
        .collect()
}

/// What agents did to each system, by name. A system that fewer people than the floor use is named without figures, unless the whole
/// report is about so few that it says so itself.
pub(super) fn systems(inputs: &Inputs, describes_persons: bool) -> Vec<System> {
    let mut sorted: Vec<_> = inputs.systems.iter().collect();
    sorted.sort_by(|a, b| a.system.cmp(&b.system));
    sorted
        .into_iter()
        .map(|row| {
            let shown = describes_persons || row.actors >= inputs.run.small_cell_floor;
            let calls = row.writes + row.sends + row.executes;
            let count = |value: i64| Maybe(shown.then_some(Count(value)));
            let share = |part: i64, whole: i64| Maybe(Share::of(part, whole).filter(|_| shown));
            System {
                system: plain(&row.system),
                suppressed: !shown,
                writes: count(row.writes),
                sends: count(row.sends),
                executes: count(row.executes),
                started_by_human: share(row.started_by_human, calls),
                started_by_machine: share(row.started_by_schedule + row.started_by_agent, calls),
                approved_by_human: share(row.approved_by_human, calls - row.approval_unknown),
                approval_unknown: share(row.approval_unknown, calls),
                off_hours: share(row.off_hours, calls),
                unattended: share(row.unattended, calls),
            }
        })
        .collect()
}

/// The latest whole week of each team, by name.
pub(super) fn teams(inputs: &Inputs) -> Vec<Team> {
    let partial: BTreeSet<&str> =
        inputs.weeks.iter().filter(|week| week.partial).map(|week| week.iso_week.as_str()).collect();
    let mut latest = BTreeMap::new();
    for row in inputs.teams.iter().filter(|row| !partial.contains(row.iso_week.as_str())) {
        let kept = latest.entry(row.team_id.as_str()).or_insert(row);
        if row.iso_week > kept.iso_week {
            *kept = row;
        }
    }
    latest
        .into_values()
        .map(|row| {
            // A suppressed row is shown without figures even if a caller left some in it.
            let count = |value: Option<i64>| value.filter(|_| !row.suppressed);
            let share = |value: Option<f64>| Maybe(value.filter(|_| !row.suppressed).map(Share));
            let of_tokens = |part: Option<i64>| {
                Maybe(count(part).zip(count(row.tokens)).and_then(|(part, whole)| Share::of(part, whole)))
            };
            Team {
                team_id: plain(&row.team_id),
                iso_week: plain(&row.iso_week),
                suppressed: row.suppressed,
                active_actors: Maybe(count(row.active_actors).map(Count)),
                tokens: Maybe(count(row.tokens).map(Tokens)),
                cost: Maybe(count(row.cost_micro_usd).map(MicroDollars)),
                outcomes: Maybe(count(row.outcomes).map(Count)),
                with_outcome_low: of_tokens(row.tokens_with_outcome_low),
                with_outcome_high: of_tokens(row.tokens_with_outcome_high),
                flagged: share(row.flagged_share),
                flagged_low: share(row.flagged_low),
                flagged_high: share(row.flagged_high),
                like_organisation: !row.suppressed && row.flagged_distinguishable == Some(false),
            }
        })
        .collect()
}
