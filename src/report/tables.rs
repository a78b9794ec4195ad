//! The tables of the report: population tests, findings, signals, archetypes, teams.
//!
//! Owns grouping and order. Rows are ordered by name, never by size or score, and nothing here is a list of people: every row is a
//! cell that the release has let through, or has no figures.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};

use super::escape::{plain, plain_long};
use super::inputs::{Inputs, SignalEntry};
use super::look_alikes::{look_alikes, weighed};
use super::model::{ArchetypeShare, Finding, PopulationTest, ReasonCount, Signal, Team};
use super::people::UNASSIGNED;
use super::quantities::{Count, Estimate, Maybe, MicroDollars, Probability, Share, Tokens};
use super::readings::{OfSignal, Owners};
use super::release::{Draft, Gathered, Release, members};
use crate::privacy::{Contribution, Hidden, Members};

/// Sessions named per finding.
const EXAMPLES: usize = 3;
/// Abstention reasons shown per signal; the rest are added up.
const REASONS: usize = 3;

/// What is said of a finding without words here: one of `--queries`, of which nobody has said when it is innocent.
const WITHOUT_WORDS: (&str, &str, &str) =
    ("A finding of a model that this report has no words for.", "unknown", "No explanation is known.");

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

/// Population tests by name and scope. A test speaks of everybody at once; what it counted is rounded where that is people, or what they did.
pub(super) fn population(inputs: &Inputs, release: &Release<'_>) -> Vec<PopulationTest> {
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
                estimate_unit: plain(&row.estimate_unit),
                low: Maybe(row.ci_low.map(Estimate)),
                high: Maybe(row.ci_high.map(Estimate)),
                p: Maybe(row.p.map(Probability)),
                n: Count(if row.counts_people() { release.count(row.n) } else { row.n }),
                n_unit: plain(&row.n_unit),
                speaks,
                points_to_metric: row.fires(),
                note: plain_long(&row.note),
                innocent: look_alikes(&row.test, innocent),
                counts_people: row.counts_people(),
            }
        })
        .collect();
    tests.sort_by(|a, b| (&a.test, &a.scope, &a.note).cmp(&(&b.test, &b.scope, &b.note)));
    tests
}

/// What may be shown of a kind of fact.
#[derive(Serialize, Deserialize)]
struct FoundCounts {
    sessions: i64,
    count: i64,
    tokens: Option<i64>,
    cost: Option<i64>,
}

/// Facts observed, added up by kind.
pub(super) fn findings(inputs: &Inputs, owners: &Owners<'_>, release: &mut Release<'_>) -> Vec<Finding> {
    #[derive(Default)]
    struct Group<'a> {
        sessions: FxHashSet<&'a str>,
        count: i64,
        tokens: Option<i64>,
        cost: Option<i64>,
        people: Gathered<'a>,
    }
    let mut groups: FxHashMap<&str, Group<'_>> = FxHashMap::default();
    for row in &inputs.findings {
        let group = groups.entry(row.finding.as_str()).or_default();
        let counted = u64::from(group.sessions.insert(&row.session_id));
        group.count = group.count.saturating_add(row.count);
        group.tokens = add(group.tokens, row.tokens);
        group.cost = add(group.cost, row.cost_micro_usd);
        let amount = |value: Option<i64>| value.unwrap_or(0).unsigned_abs();
        let part = Contribution { tokens: amount(row.tokens), cost: amount(row.cost_micro_usd), rest: counted };
        release.add(&mut group.people, owners.of(&row.session_id).unwrap_or(UNASSIGNED), part);
    }
    let meaning = |name: &str| FINDINGS.iter().find(|(finding, ..)| *finding == name);
    let groups: BTreeMap<&str, Group<'_>> = groups.into_iter().collect();
    groups
        .into_iter()
        .map(|(name, group)| {
            let (states, bears_on, innocent) =
                meaning(name).map_or(WITHOUT_WORDS, |&(_, states, bears_on, innocent)| (states, bears_on, innocent));
            let counts = FoundCounts {
                sessions: release.count(length(group.sessions.len())),
                count: release.count(group.count),
                tokens: group.tokens.map(|tokens| release.amount(tokens)),
                cost: group.cost.map(|cost| release.amount(cost)),
            };
            let shown = release.cell("findings", Draft::new(name, members(&group.people), counts));
            // A session is somebody's: those who may look at one have the table of findings.
            let examples = if release.is_active() { 0 } else { EXAMPLES };
            Finding {
                finding: plain(name),
                states: states.to_owned(),
                bears_on,
                sessions: Maybe(shown.as_ref().map(|shown| Count(shown.sessions))),
                count: Maybe(shown.as_ref().map(|shown| Count(shown.count))),
                tokens: Maybe(shown.as_ref().and_then(|shown| shown.tokens).map(Tokens)),
                cost: Maybe(shown.as_ref().and_then(|shown| shown.cost).map(MicroDollars)),
                innocent: innocent.to_owned(),
                examples: first_by_name(group.sessions, examples),
            }
        })
        .collect()
}

/// The first names in their order.
fn first_by_name(names: FxHashSet<&str>, most: usize) -> Vec<String> {
    if most == 0 {
        return Vec::new();
    }
    names.into_iter().collect::<BTreeSet<_>>().into_iter().take(most).map(plain).collect()
}

/// What may be shown of a signal: units that it spoke on, units that it abstained on, and why.
type Heard = (i64, i64, Vec<(String, i64)>);

/// Signals by family and name: those of the catalogue and those that were read.
pub(super) fn signals(inputs: &Inputs, release: &mut Release<'_>) -> Vec<Signal> {
    let catalogue = catalogue(inputs);
    let tests: BTreeSet<&str> = inputs.population.iter().map(|row| row.test.as_str()).collect();
    let is_finding = |name: &str| FINDINGS.iter().any(|(finding, ..)| *finding == name);
    let is_signal = |entry: &&SignalEntry| !tests.contains(entry.name.as_str()) && !is_finding(&entry.name);
    let silent: Vec<(&str, OfSignal)> = inputs
        .catalogue
        .iter()
        .filter(is_signal)
        .filter(|entry| !inputs.signals.signals.contains_key(&entry.name))
        .map(|entry| (entry.name.as_str(), OfSignal { family: entry.family.clone(), ..OfSignal::default() }))
        .collect();
    let mut groups: BTreeMap<&str, &OfSignal> =
        inputs.signals.signals.iter().map(|(name, of)| (name.as_str(), of)).collect();
    groups.extend(silent.iter().map(|(name, of)| (*name, of)));
    let family = |name: &str, read: &str| {
        let listed = catalogue.get(name).copied().filter(|entry| is_signal(entry) && !entry.family.is_empty());
        plain(listed.map_or(read, |entry| &entry.family))
    };
    let mut signals: Vec<Signal> = groups
        .into_iter()
        .map(|(name, group)| {
            let entry = catalogue.get(name);
            let header = entry.map_or("", |entry| entry.innocent.as_str());
            let text = |field: fn(&SignalEntry) -> &str| plain_long(entry.map_or("", |entry| field(entry)));
            let heard_of = heard_of(group, release);
            let unusual_of = of_readings(&group.unusual_of, release);
            // What it was silent on goes with what it spoke on: another signal tells how many units there are.
            let heard: Heard =
                (release.count(group.spoke), release.count(group.abstained), most_frequent(&group.reasons, release));
            let heard = if heard_of.is_empty() && group.spoke == 0 {
                Some(heard)
            } else {
                let of_nobody = group.spoke > 0 && heard_of.values().all(|part| part.tokens == 0);
                let barred = of_nobody.then_some(Hidden::TooFewPeople);
                let draft = Draft { barred, counted_by_tokens: true, ..Draft::new(name, heard_of, heard) };
                release.cell("signals", draft)
            };
            let unusual = if unusual_of.is_empty() && group.unusual == 0 {
                Some(0)
            } else {
                release.cell("signals, unusual", Draft::new(name, unusual_of, release.count(group.unusual)))
            };
            let unusual = unusual.filter(|_| heard.is_some());
            let (spoke, abstained, reasons) = match heard {
                Some((spoke, abstained, reasons)) => (Some(spoke), Some(abstained), reasons),
                None => (None, None, Vec::new()),
            };
            let share = Share::of(group.unusual, group.calibrated);
            let prevalence =
                if unusual.is_some() { share.map(|share| release.share(share)) } else { release.band(share) };
            Signal {
                signal: plain(name),
                family: family(name, &group.family),
                measures: text(|entry| &entry.measures),
                suggests: text(|entry| &entry.suggests),
                innocent: look_alikes(name, header),
                weighed: weighed(name, header),
                reference: text(|entry| &entry.reference),
                spoke: Maybe(spoke.map(Count)),
                unusual: Maybe(unusual.filter(|_| group.calibrated > 0).map(Count)),
                prevalence: Maybe(prevalence.filter(|_| spoke.is_some())),
                abstained: Maybe(abstained.map(Count)),
                reasons: reasons
                    .into_iter()
                    .map(|(reason, count)| ReasonCount { reason, count: Count(count) })
                    .collect(),
            }
        })
        .collect();
    signals.sort_by(|a, b| (&a.family, &a.signal).cmp(&(&b.family, &b.signal)));
    signals
}

/// Whom a signal spoke on, with how often in the place of tokens, and whom it abstained on, in that of a cost. They are behind it where it spoke; what it
/// abstained on is looked at for change, since one person's late sessions are in it too.
fn heard_of(group: &OfSignal, release: &Release<'_>) -> Members {
    let mut people = Gathered::default();
    for (actor, times) in &group.spoke_of {
        release.add(&mut people, actor, Contribution { tokens: *times, ..Contribution::default() });
    }
    for (actor, times) in &group.abstained_of {
        release.add(&mut people, actor, Contribution { cost: *times, ..Contribution::default() });
    }
    members(&people)
}

/// People of a signal: each counts, and how often is only looked at for change.
fn of_readings(counts: &FxHashMap<String, u64>, release: &Release<'_>) -> Members {
    let mut people = Gathered::default();
    for (actor, times) in counts {
        release.add(&mut people, actor, Contribution { rest: *times, ..Contribution::default() });
    }
    members(&people)
}

/// The most frequent reasons, then what is left of them in one line.
fn most_frequent(reasons: &FxHashMap<String, i64>, release: &Release<'_>) -> Vec<(String, i64)> {
    let mut sorted: Vec<(&str, i64)> = reasons.iter().map(|(reason, count)| (reason.as_str(), *count)).collect();
    sorted.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let rest: i64 = sorted.iter().skip(REASONS).map(|(_, count)| count).sum();
    let mut shown: Vec<(String, i64)> =
        sorted.iter().take(REASONS).map(|&(reason, count)| (plain(reason), release.count(count))).collect();
    if rest > 0 {
        shown.push(("other reasons".to_owned(), release.count(rest)));
    }
    // A handful of abstentions is about a handful of people.
    shown.retain(|(_, count)| *count > 0);
    shown
}

/// Fewest teams of a published archetype: a way of working is a team's trait before it is a person's.
const ARCHETYPE_TEAMS: usize = 3;
/// Fewest people of one, whatever the configured floor.
const ARCHETYPE_PEOPLE: usize = 10;

/// Archetypes by name, as far as people of several teams stand behind them.
pub(super) fn archetypes(inputs: &Inputs, release: &mut Release<'_>) -> Vec<ArchetypeShare> {
    let mut sorted: Vec<_> = inputs.archetypes.iter().collect();
    sorted.sort_by(|a, b| a.name.cmp(&b.name));
    let total: i64 = sorted.iter().map(|archetype| archetype.sessions).sum();
    let mut groups: FxHashMap<&str, (Gathered<'_>, FxHashSet<&str>)> = FxHashMap::default();
    let names: FxHashSet<&str> = sorted.iter().map(|archetype| archetype.name.as_str()).collect();
    for session in inputs.sessions.iter().filter(|session| names.contains(session.archetype.as_str())) {
        let (people, teams) = groups.entry(&session.archetype).or_default();
        release.add(people, &session.actor, Contribution::COUNTED);
        teams.insert(&session.team_id);
    }
    let drafts = sorted.iter().map(|archetype| {
        let (people, teams) = groups.remove(archetype.name.as_str()).unwrap_or_default();
        let barred = match (people.len(), teams.len()) {
            (..ARCHETYPE_PEOPLE, _) => Some(Hidden::TooFewPeople),
            (_, ..ARCHETYPE_TEAMS) => Some(Hidden::TooFewTeams),
            _ => None,
        };
        let share = Share::of(archetype.sessions, total).map(|share| release.share(share).0);
        let value = (release.count(archetype.sessions), share, release.count(archetype.actors));
        Draft { barred, ..Draft::new(&archetype.name, members(&people), value) }
    });
    let drafts: Vec<Draft<(i64, Option<f64>, i64)>> = drafts.collect();
    let (shown, _) = release.panel("archetypes", drafts, Some((release.count(total), None, 0)));
    sorted
        .iter()
        .zip(shown)
        .map(|(archetype, shown)| ArchetypeShare {
            name: plain(&archetype.name),
            sessions: Maybe(shown.map(|(sessions, ..)| Count(sessions))),
            share: Maybe(shown.and_then(|(_, share, _)| share).map(Share)),
            actors: Maybe(shown.map(|(.., actors)| Count(actors))),
        })
        .collect()
}

/// The latest whole week of each team, by name.
pub(super) fn teams(inputs: &Inputs, release: &Release<'_>) -> Vec<Team> {
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
            let of_tokens =
                |part: Option<i64>| count(part).zip(count(row.tokens)).and_then(|(part, whole)| Share::of(part, whole));
            // Of figures that are rounded already; the ends are moved outwards once more.
            let with_outcome = of_tokens(row.tokens_with_outcome_low)
                .zip(of_tokens(row.tokens_with_outcome_high))
                .map(|(low, high)| release.range(low, high));
            Team {
                team_id: plain(&row.team_id),
                iso_week: plain(&row.iso_week),
                suppressed: row.suppressed,
                active_actors: Maybe(count(row.active_actors).map(Count)),
                tokens: Maybe(count(row.tokens).map(Tokens)),
                cost: Maybe(count(row.cost_micro_usd).map(MicroDollars)),
                outcomes: Maybe(count(row.outcomes).map(Count)),
                with_outcome_low: Maybe(with_outcome.map(|(low, _)| low)),
                with_outcome_high: Maybe(with_outcome.map(|(_, high)| high)),
                flagged: share(row.flagged_share),
                flagged_low: share(row.flagged_low),
                flagged_high: share(row.flagged_high),
                like_organisation: !row.suppressed && row.flagged_distinguishable == Some(false),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::build;
    use super::super::fixture::organisation;
    use super::*;

    #[test]
    fn what_a_signal_abstained_on_does_not_tell_on_whom_it_spoke() {
        let mut inputs = organisation();
        let of = inputs.signals.signals.get_mut("timer_regularity").unwrap();
        (of.spoke, of.abstained) = (3, 907);
        of.spoke_of = [("p00k3q".to_owned(), 3)].into_iter().collect();
        let report = build(&inputs);
        let signal = |name: &str| report.signals.iter().find(|signal| signal.signal == name).unwrap();
        let timer = signal("timer_regularity");
        assert_eq!((timer.spoke.0, timer.abstained.0, timer.reasons.len()), (None, None, 0));
        assert!(signal("orphan_output").abstained.0.is_some());
    }

    #[test]
    fn every_finding_has_words_and_a_stranger_is_said_to_be_one() {
        let union = include_str!("../../queries/fct_findings.sql");
        let branches: BTreeSet<&str> =
            union.lines().filter_map(|line| Some(line.split_once(" from fct_finding_")?.1.trim())).collect();
        assert_eq!(branches, FINDINGS.iter().map(|(name, ..)| *name).collect::<BTreeSet<_>>());
        let mut inputs = organisation();
        inputs.findings.iter_mut().for_each(|row| row.finding = "of_our_own".to_owned());
        let found = build(&inputs).findings.remove(0);
        let said = (found.states.as_str(), found.bears_on, found.innocent.as_str());
        assert_eq!((found.finding.as_str(), said), ("of_our_own", WITHOUT_WORDS));
    }
}
