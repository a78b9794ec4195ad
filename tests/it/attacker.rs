//! An attacker against the release rule: random organisations, twelve weekly reports each and comparisons with the lake as it was, everything
//! that was published and one insider.
//!
//! Owns the organisations (people who join, leave, change teams, deliver late; spend with a heavy tail; use of nobody known), the arithmetic of the attacker
//! and what counts as a disclosure. The reports are made by the code that makes them for people: `report::release::team_weeks` and
//! `report::build_with_ledger`. docs/disclosure.md describes the attacker, and how the full size is run:
//! `FOOTLIGHT_ATTACK_ORGANISATIONS=1000 cargo test --no-default-features --test it -- attacker --nocapture`, in parts with
//! `FOOTLIGHT_ATTACK_FIRST`.

use footlight::privacy::rounding::{amount, amount_interval, count, count_interval};
use footlight::privacy::{Interval, Ledger, Line, Pseudonyms, Rules, propagate};
use footlight::report::inputs::{DeclaredJob, Inputs, RunFacts, WeekTotals};
use footlight::report::model::Report;
use footlight::report::release::{LinkedTokens, TeamWeeks, team_weeks};
use footlight::report::{build, build_with_ledger};
use footlight::score::rows::{ActorWeekRow, FindingRow, SessionRow, TeamRow};
use jiff::ToSpan;
use jiff::civil::{Date, date};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Organisations in CI. The full size is asked for in the environment.
const ORGANISATIONS: u64 = 12;
/// Organisations in which the full size once found something.
const ONCE_FOUND: [u64; 6] = [76, 153, 353, 484, 643, 724];
const REPORTS: usize = 12;
/// Every so many reports one is also compared with the lake as it was so many reports before: both states are published.
const LOOKS_BACK: usize = 3;
/// Whole weeks in the first report.
const FIRST_WEEKS: usize = 3;
/// Most declared jobs in people's accounts.
const JOBS: usize = 3;
/// The cell of the jobs of fewer people than that have a line of their own.
const OF_FEW: &str = "of few";
/// Fewest people of a published cell.
const PEOPLE: usize = 10;
/// One person's amount must not be known better than this (faults.md, numeric goals).
const PERSON: f64 = 0.15;
/// Of a group below the floor not half may be known to be there, which is stricter.
const GROUP: f64 = 0.5;

/// What stands between the data and the attacker. All of it in the product; less only to show that the attacker finds what is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Defence {
    All,
    /// Every report is made by itself.
    NoLedger,
    /// Small and dominated cells are hidden, their neighbours are not.
    NoComplement,
}

/// A session.
#[derive(Debug, Clone)]
struct Work {
    person: usize,
    week: usize,
    tokens: i64,
    cost: i64,
    part: &'static str,
    finding: bool,
    /// The declared job that ran it in the person's account.
    job: Option<usize>,
    /// First report that has it.
    arrives: usize,
}

/// A person's team, and where they go.
#[derive(Debug, Clone)]
struct Person {
    team: usize,
    /// Week, team, and whether the roster then says that they were always there.
    moves: Option<(usize, usize, bool)>,
}

/// One publication: what the lake held when a report was made, with the roster of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Step {
    held: usize,
    roster: usize,
}

impl Step {
    fn looks_back(self) -> bool {
        self.held < self.roster
    }

    /// Everything that is published, in its order.
    fn all() -> Vec<Step> {
        let mut steps = Vec::new();
        for report in 0..REPORTS {
            steps.push(Step { held: report, roster: report });
            if report >= LOOKS_BACK && report % LOOKS_BACK == 0 {
                steps.push(Step { held: report - LOOKS_BACK, roster: report });
            }
        }
        steps
    }
}

/// People, and behind the last of them, in every list, whoever is not known.
#[derive(Debug)]
struct Organisation {
    people: Vec<Person>,
    work: Vec<Work>,
}

fn normal(random: &mut fastrand::Rng) -> f64 {
    (0..12).map(|_| random.f64()).sum::<f64>() - 6.0
}

impl Organisation {
    fn random(seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let size = random.usize(12..110);
        let teams = random.usize(2..7);
        // Some organisations have one large team and crumbs, some have even ones.
        let skew = random.f64() * 2.0;
        let tail = 0.4 + 1.8 * random.f64();
        // Team 0 is nobody's: a few people are on no roster.
        let team = |random: &mut fastrand::Rng| match random.u8(0..100) {
            0..4 => 0,
            _ => 1 + (random.f64().powf(1.0 + skew) * teams as f64) as usize,
        };
        let (mut people, mut work) = (Vec::new(), Vec::new());
        for person in 0..size {
            let home = team(&mut random);
            let last_week = REPORTS + FIRST_WEEKS - 1;
            let moves = (random.f64() < 0.08).then(|| (random.usize(1..last_week), team(&mut random), random.bool()));
            people.push(Person { team: home, moves });
            let joins = if random.f64() < 0.15 { random.usize(0..last_week) } else { 0 };
            let leaves = if random.f64() < 0.15 { random.usize(joins..=last_week) } else { last_week };
            let level = (normal(&mut random) * tail).exp() * 40_000.0;
            let presence = 0.4 + 0.6 * random.f64();
            for week in joins..=leaves {
                for _ in 0..random.usize(1..3) {
                    if random.f64() > presence {
                        continue;
                    }
                    let tokens = (level * (normal(&mut random) * 0.5).exp()) as i64 + 1;
                    let first = (week + 1).saturating_sub(FIRST_WEEKS);
                    let late = if random.f64() < 0.04 { random.usize(1..4) } else { 0 };
                    work.push(Work {
                        person,
                        week,
                        tokens,
                        cost: tokens * random.i64(9..12),
                        part: match random.u8(0..100) {
                            0..50 => "linked",
                            50..80 => "exploration",
                            80..93 => "unknown",
                            _ => "theater_like",
                        },
                        finding: random.u8(0..10) == 0,
                        job: None,
                        arrives: first + late,
                    });
                }
            }
        }
        // Declared jobs are drawn by themselves, so that the organisations are those of before there were any.
        let mut random = fastrand::Rng::with_seed(!seed);
        for job in 0..random.usize(0..=JOBS) {
            // Some jobs are one person's, some are everybody's whole use.
            let (of_people, of_work) = (random.f64().powi(2), 0.2 + 0.8 * random.f64());
            let takes_part: Vec<bool> = (0..size).map(|_| random.f64() < of_people).collect();
            for one in work.iter_mut().filter(|one| takes_part[one.person] && one.job.is_none()) {
                one.job = (random.f64() < of_work).then_some(job);
            }
        }
        // So is the use of nobody known, in two organisations of five: those in which something was once found are as they were.
        let mut random = fastrand::Rng::with_seed(seed.wrapping_add(1 << 32));
        if matches!(seed % 5, 0 | 2) {
            let weeks = REPORTS + FIRST_WEEKS - 1;
            let level = work.iter().map(|one| one.tokens).sum::<i64>() as f64 / weeks as f64 * random.f64();
            for week in 0..weeks {
                let tokens = (level * (normal(&mut random) * 0.3).exp()) as i64 + 1;
                work.push(Work {
                    person: size,
                    week,
                    tokens,
                    cost: tokens * random.i64(9..12),
                    part: ["linked", "exploration", "unknown"][random.usize(0..3)],
                    finding: random.u8(0..10) == 0,
                    job: None,
                    arrives: (week + 1).saturating_sub(FIRST_WEEKS) + random.usize(0..2),
                });
            }
        }
        Organisation { people, work }
    }

    fn is_known(&self, person: usize) -> bool {
        person < self.people.len()
    }

    fn name(&self, person: usize) -> String {
        if self.is_known(person) { format!("p{person:03}") } else { team_name(0) }
    }

    /// Nothing yet of each person and of nobody known.
    fn nothing(&self) -> Vec<i64> {
        vec![0; self.people.len() + 1]
    }

    /// Share of the tokens whose person is not known.
    fn unknown_share(&self, step: Step) -> f64 {
        let of = |which: fn(&Organisation, usize) -> bool| {
            let arrived = self.work.iter().filter(|work| work.arrives <= step.held && which(self, work.person));
            arrived.map(|work| work.tokens).sum::<i64>() as f64
        };
        of(|organisation, person| !organisation.is_known(person)) / of(|_, _| true).max(1.0)
    }

    /// People with a run of the job by a report, and whether the job has a line of its own.
    fn has_line(&self, job: usize, step: Step) -> bool {
        let of_job = self.work.iter().filter(|work| work.arrives <= step.held && work.job == Some(job));
        of_job.map(|work| work.person).collect::<BTreeSet<_>>().len() >= PEOPLE
    }

    fn team(&self, person: usize, week: usize, report: usize) -> usize {
        let Some(one) = self.people.get(person) else { return 0 };
        match one.moves {
            Some((moved, team, always)) if moved < report + FIRST_WEEKS && (always || week >= moved) => team,
            _ => one.team,
        }
    }
}

fn monday(week: usize) -> Date {
    date(2026, 1, 5).saturating_add((7 * week as i64).days())
}

fn iso_week(week: usize) -> String {
    let day = monday(week).iso_week_date();
    format!("{:04}-W{:02}", day.year(), day.week())
}

fn job_name(job: usize) -> String {
    format!("job {job}")
}

fn team_name(team: usize) -> String {
    if team == 0 { "(unassigned)".into() } else { format!("team {team}") }
}

/// The rows that scoring would leave for one report.
fn inputs(organisation: &Organisation, step: Step) -> Inputs {
    let last = step.held + FIRST_WEEKS - 1;
    let mut inputs = Inputs {
        run: RunFacts {
            small_cell_floor: PEOPLE as i64,
            period_start: Some(monday(0)),
            period_end: Some(monday(last).saturating_add(6.days())),
            unassigned_tokens_share: Some(organisation.unknown_share(step)),
            ..RunFacts::default()
        },
        ..Inputs::default()
    };
    let mut jobs: BTreeMap<usize, DeclaredJob> = BTreeMap::new();
    let mut person_weeks: BTreeMap<(usize, usize), ActorWeekRow> = BTreeMap::new();
    let mut weeks: BTreeMap<usize, WeekTotals> = BTreeMap::new();
    for (number, work) in organisation.work.iter().enumerate().filter(|(_, work)| work.arrives <= step.held) {
        let actor = organisation.name(work.person);
        let team_id = team_name(organisation.team(work.person, work.week, step.roster));
        let row = person_weeks.entry((work.person, work.week)).or_insert_with(|| ActorWeekRow {
            actor: actor.clone(),
            team_id: team_id.clone(),
            iso_week: iso_week(work.week),
            tokens: Some(0),
            cost_micro_usd: Some(0),
            outcomes: Some(0),
            band: "none".into(),
            ..ActorWeekRow::default()
        });
        let add = |sum: &mut Option<i64>, amount| *sum = Some(sum.unwrap_or(0) + amount);
        row.sessions += 1;
        add(&mut row.tokens, work.tokens);
        add(&mut row.cost_micro_usd, work.cost);
        let week = weeks
            .entry(work.week)
            .or_insert_with(|| WeekTotals { iso_week: iso_week(work.week), ..WeekTotals::default() });
        week.sessions += 1;
        add(&mut week.tokens, work.tokens);
        add(&mut week.cost_micro_usd, work.cost);
        if let Some(job) = work.job {
            let declared = jobs.entry(job).or_default();
            declared.facts.kind = "declaration".into();
            declared.facts.job = job_name(job);
            declared.facts.runs += 1;
            add(&mut declared.facts.tokens, work.tokens);
            add(&mut declared.facts.cost_micro_usd, work.cost);
            let own = declared.people.entry(actor.clone()).or_default();
            *own = [own[0] + 1, own[1] + work.tokens, own[2] + work.cost];
        }
        let session_id = format!("s{number}");
        if work.finding {
            inputs.findings.push(FindingRow {
                session_id: session_id.clone(),
                finding: "output_never_landed".into(),
                count: 1,
                tokens: Some(work.tokens),
                cost_micro_usd: Some(work.cost),
                ..FindingRow::default()
            });
        }
        let (link, band) = match work.part {
            "linked" => ("linked", "none"),
            "exploration" => ("none", "none"),
            "unknown" => ("none", "insufficient"),
            _ => ("none", "review"),
        };
        inputs.sessions.push(SessionRow {
            session_id,
            actor,
            team_id,
            trigger: "human".into(),
            iso_week: iso_week(work.week),
            output_tokens: Some(work.tokens),
            cost_micro_usd: Some(work.cost),
            outcome_link: link.into(),
            band: band.into(),
            ..SessionRow::default()
        });
    }
    for (_, week) in person_weeks.keys() {
        if let Some(week) = weeks.get_mut(week) {
            week.active_actors += 1;
        }
    }
    inputs.actor_weeks = person_weeks.into_values().collect();
    inputs.weeks = weeks.into_values().collect();
    inputs.declared = jobs.into_values().collect();
    inputs
}

/// A published number: what it stands for, person by person, and between what it says the truth lies.
#[derive(Debug, Clone)]
struct Known {
    value: i64,
    truth: Vec<i64>,
    /// The same number was published before and was true then: it may be that one, kept.
    or: Option<Box<Known>>,
    low: f64,
    high: f64,
}

/// The value of a cell that a report withholds; its truth is kept to judge what bounds say of it.
const HIDDEN: i64 = i64::MIN;

impl Known {
    /// Less what nobody known put in, the last of the list. It protects nobody: whoever reads which share of the tokens it is knows about how much of
    /// it is where, and the attacker is taken to know it exactly.
    fn new(value: i64, mut truth: Vec<i64>, low: f64, high: f64) -> Known {
        let of_nobody = truth.last_mut().map(std::mem::take).unwrap_or_default() as f64;
        Known { value, truth, or: None, low: low - of_nobody, high: high - of_nobody }
    }

    /// A cell that is there and not shown.
    fn hidden(truth: Vec<i64>) -> Known {
        Known { low: 0.0, high: f64::INFINITY, ..Known::new(HIDDEN, truth, 0.0, 0.0) }
    }

    fn is_shown(&self) -> bool {
        self.value != HIDDEN
    }

    /// What it is if it is the number of before.
    fn kept(&self) -> Known {
        self.or.as_deref().unwrap_or(self).clone()
    }

    fn minus(&self, other: &Known) -> Known {
        let minus = |one: &[i64], two: &[i64]| one.iter().zip(two).map(|(one, two)| one - two).collect();
        let either = self.or.is_some() || other.or.is_some();
        Known {
            value: 0,
            truth: minus(&self.truth, &other.truth),
            or: either.then(|| Box::new(self.kept().minus(&other.kept()))),
            low: self.low - other.high,
            high: self.high - other.low,
        }
    }
}

/// `view/cell/figure`, then what each report said of it.
type Published = BTreeMap<String, Vec<Option<Known>>>;

/// What is true of each cell when a report is made, person by person, by `view/cell/figure`.
fn truths(organisation: &Organisation, step: Step) -> BTreeMap<String, Vec<i64>> {
    let weeks: Vec<String> = (0..REPORTS + FIRST_WEEKS).map(iso_week).collect();
    let mut truths: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    let lines: Vec<bool> = (0..JOBS).map(|job| organisation.has_line(job, step)).collect();
    for work in organisation.work.iter().filter(|work| work.arrives <= step.held) {
        let (week, team) = (&weeks[work.week], team_name(organisation.team(work.person, work.week, step.roster)));
        let mut cells = vec![
            format!("week {week}/{team}"),
            format!("week {week}/"),
            "money/".into(),
            format!("money/{}", work.part),
        ];
        cells.extend(work.finding.then(|| "finding/output_never_landed".to_owned()));
        if let Some(job) = work.job {
            let cell = if lines[job] { job_name(job) } else { OF_FEW.to_owned() };
            cells.extend(["automation/".to_owned(), format!("automation/{cell}")]);
        }
        for cell in cells {
            for figure in FIGURES {
                let people = truths.entry(format!("{cell}/{figure}")).or_insert_with(|| organisation.nothing());
                match figure {
                    // The people behind the spend of the period are counted without whoever is not known.
                    "people" if cell == "money/" && !organisation.is_known(work.person) => {}
                    "tokens" => people[work.person] += work.tokens,
                    "cost" => people[work.person] += work.cost,
                    _ => people[work.person] = 1,
                }
            }
        }
    }
    truths
}

/// Tokens of the people in a team by a roster, and in how many weeks of people; of everybody without one.
fn of_team(organisation: &Organisation, step: Step, team: Option<&str>) -> (Vec<i64>, i64) {
    let mut tokens = organisation.nothing();
    let mut weeks = BTreeSet::new();
    let arrived = organisation.work.iter().filter(|work| work.arrives <= step.held);
    for work in arrived.filter(|work| {
        team.is_none_or(|team| team_name(organisation.team(work.person, work.week, step.roster)) == team)
    }) {
        tokens[work.person] += work.tokens;
        weeks.insert((work.person, work.week));
    }
    (tokens, weeks.len() as i64)
}

/// Reads what a report says of tokens by person and week: whoever knows how many weeks people were there knows the sum by it. `at` tells what
/// was true when a report was made, and in how many weeks.
fn read_mean(
    published: &mut Published,
    report: usize,
    key: &str,
    mean: Option<i64>,
    at: impl Fn(Step) -> (Vec<i64>, i64),
) {
    let steps = Step::all();
    let said = published.entry(key.to_owned()).or_insert_with(|| vec![None; steps.len()]);
    let Some(value) = mean else {
        let (truth, _) = at(steps[report]);
        let is_there = truth.iter().any(|amount| *amount != 0);
        said[report] = is_there.then(|| Known::hidden(truth));
        return;
    };
    let before = said.iter().flatten().rev().find(|known| known.is_shown() && known.value == value).cloned();
    let (low, high) = amount_interval(value.unsigned_abs());
    let as_of = |step: Step| {
        let (truth, weeks) = at(step);
        let sum = truth.iter().sum::<i64>() as f64;
        let is_this = amount((sum / weeks.max(1) as f64).round() as i64) == value;
        let (low, high) = ((low as f64 - 0.5) * weeks as f64, (high as f64 + 0.5) * weeks as f64);
        is_this.then(|| Known::new(value, truth, low, high))
    };
    said[report] = match (as_of(steps[report]), before) {
        // The one of before was a mean over the weeks of before.
        (Some(now), before) => Some(Known { or: before.map(|before| Box::new(before.kept())), ..now }),
        (None, Some(before)) => Some(before),
        // Decided for an earlier report, which showed no team since all together were withheld.
        (None, None) => steps[..report].iter().rev().find_map(|step| as_of(*step)),
    };
    assert!(said[report].is_some(), "report {report} says {value} of {key}, which was never true");
}

/// Reads what a report says of a cell: what is true now when that rounds to it, what was true of the same number before, or either.
fn read(published: &mut Published, report: usize, key: &str, shown: Option<i64>, now: Option<&Vec<i64>>) {
    let counted = key.ends_with("people");
    let round = if counted { count } else { amount };
    let said = published.entry(key.to_owned()).or_insert_with(|| vec![None; Step::all().len()]);
    let Some(value) = shown else {
        if let Some(now) = now {
            said[report] = Some(Known::hidden(now.clone()));
        }
        return;
    };
    let before = said.iter().flatten().rev().find(|known| known.is_shown() && known.value == value);
    let before = before.map(Known::kept);
    let size = value.unsigned_abs();
    let (low, high) = if counted { count_interval(size) } else { amount_interval(size) };
    let now = now.filter(|now| round(now.iter().sum()) == value).cloned();
    let now = now.map(|now| Known::new(value, now, low as f64, high as f64));
    said[report] = match (now, before) {
        (Some(now), before) => Some(Known { or: before.map(Box::new), ..now }),
        (None, Some(before)) => Some(before),
        (None, None) => panic!("report {report} says {value} of {key}, which was never true"),
    };
}

const FIGURES: [&str; 3] = ["tokens", "cost", "people"];

/// Tokens of sessions by what came of them.
fn links(sessions: &[SessionRow]) -> Vec<LinkedTokens> {
    let link = |session: &SessionRow| {
        let parts =
            [session.input_tokens, session.output_tokens, session.cache_read_tokens, session.cache_write_tokens];
        let tokens: i64 = parts.into_iter().flatten().sum();
        let of = |link: &str| if session.outcome_link == link { tokens } else { 0 };
        LinkedTokens {
            actor: session.actor.clone(),
            team_id: session.team_id.clone(),
            iso_week: session.iso_week.clone(),
            linked: of("linked"),
            unknown: of("unknown"),
        }
    };
    sessions.iter().map(link).collect()
}

/// Twelve reports of an organisation, as the attacker has them.
fn published(organisation: &Organisation, defence: Defence) -> Published {
    let mut ledger = Ledger::in_memory(&Pseudonyms::with_key([3; 32]));
    let rules = Rules::new(PEOPLE).unwrap();
    let mut published = Published::new();
    for (report, step) in Step::all().into_iter().enumerate() {
        ledger.look_back(step.looks_back());
        let mut inputs = inputs(organisation, step);
        let table = TeamWeeks {
            links: &links(&inputs.sessions),
            actor_weeks: &inputs.actor_weeks,
            weeks: inputs.weeks.clone(),
            roster_size: &|_, _| 0,
            roster_teams: &BTreeSet::new(),
        };
        let with_ledger = (defence != Defence::NoLedger).then_some(&mut ledger);
        let (teams, weeks, _) = team_weeks(table, rules, with_ledger).unwrap();
        inputs.teams = if defence == Defence::NoComplement { naive(&inputs, rules) } else { teams };
        inputs.weeks = weeks;
        let made = match defence {
            Defence::NoLedger => build(&inputs),
            Defence::All | Defence::NoComplement => build_with_ledger(&inputs, &mut ledger).unwrap(),
        };
        ledger.commit().unwrap();
        if !made.released.protected {
            continue;
        }
        take(&mut published, organisation, (report, step), &inputs.teams, &made);
    }
    published
}

/// Threshold, dominance and rounding, and nothing else.
fn naive(inputs: &Inputs, rules: Rules) -> Vec<TeamRow> {
    let mut cells: BTreeMap<(String, String), Vec<&ActorWeekRow>> = BTreeMap::new();
    for row in &inputs.actor_weeks {
        cells.entry((row.team_id.clone(), row.iso_week.clone())).or_default().push(row);
    }
    let amounts = |rows: &[&ActorWeekRow], of: fn(&ActorWeekRow) -> Option<i64>| -> Vec<u64> {
        rows.iter().map(|row| of(row).unwrap_or(0).unsigned_abs()).collect()
    };
    let rows = cells.into_iter().map(|((team_id, iso_week), rows)| {
        let (tokens, cost) = (amounts(&rows, |row| row.tokens), amounts(&rows, |row| row.cost_micro_usd));
        let suppressed = rules.hides(&tokens).or(rules.hides(&cost)).is_some() || team_id == "(unassigned)";
        let sum = |amounts: &[u64]| (!suppressed).then(|| amount(amounts.iter().sum::<u64>() as i64));
        TeamRow {
            team_id,
            iso_week,
            active_actors: (!suppressed).then(|| count(rows.len() as i64)),
            tokens: sum(&tokens),
            cost_micro_usd: sum(&cost),
            suppressed,
            ..TeamRow::default()
        }
    });
    rows.collect()
}

/// Everything of a report that the attacker uses.
fn take(
    published: &mut Published,
    organisation: &Organisation,
    (report, step): (usize, Step),
    teams: &[TeamRow],
    made: &Report,
) {
    let truths = truths(organisation, step);
    // Of the use of nobody known a reader is told the share, no finer than in steps of 5 points.
    let share = made.data_quality.unassigned_tokens.0.map(|share| share.0 * 20.0);
    assert!(share.is_some_and(|steps| (steps - steps.round()).abs() < 1e-9), "{share:?}");
    let mut take = |cell: &str, figure: &str, shown: Option<i64>| {
        let key = format!("{cell}/{figure}");
        read(published, report, &key, shown, truths.get(&key));
    };
    for row in teams {
        let cell = format!("week {}/{}", row.iso_week, row.team_id);
        take(&cell, "tokens", row.tokens);
        take(&cell, "cost", row.cost_micro_usd);
        take(&cell, "people", row.active_actors);
    }
    for week in &made.weeks {
        let cell = format!("week {}/", week.iso_week);
        take(&cell, "tokens", week.tokens.0.map(|tokens| tokens.0));
        take(&cell, "cost", week.cost.0.map(|cost| cost.0));
        take(&cell, "people", week.active_actors.0.map(|people| people.0));
    }
    take("money/", "tokens", made.money.total_tokens.0.map(|tokens| tokens.0));
    take("money/", "cost", made.money.total.0.map(|cost| cost.0));
    for part in made.money.parts.iter().filter(|part| part.id != "waste") {
        let cell = format!("money/{}", part.id);
        take(&cell, "tokens", part.tokens.0.map(|tokens| tokens.0));
        take(&cell, "cost", part.cost.0.map(|cost| cost.0));
    }
    for finding in &made.findings {
        let cell = format!("finding/{}", finding.finding);
        take(&cell, "tokens", finding.tokens.0.map(|tokens| tokens.0));
        take(&cell, "cost", finding.cost.0.map(|cost| cost.0));
    }
    let automation = &made.automation;
    let cells = automation.jobs.iter().map(|job| (job.job.as_str(), job));
    let cells = cells.chain(automation.of_few_people.0.iter().map(|job| (OF_FEW, job)));
    for (cell, job) in cells.chain(automation.total.0.iter().map(|job| ("", job))) {
        let cell = format!("automation/{cell}");
        take(&cell, "tokens", job.tokens.0.map(|tokens| tokens.0));
        take(&cell, "cost", job.cost.0.map(|cost| cost.0));
    }
    // Teams over the period: what is left out is hidden.
    let centre = made.quadrant.usage_centre.0.map(|tokens| tokens.0);
    read_mean(published, report, "quadrant//tokens", centre, |step| of_team(organisation, step, None));
    for team in teams.iter().map(|row| row.team_id.as_str()).collect::<BTreeSet<_>>() {
        let place = made.quadrant.teams.iter().find(|place| place.team_id == team).map(|place| place.usage.0);
        let key = format!("quadrant/{team}/tokens");
        read_mean(published, report, &key, place, |step| of_team(organisation, step, Some(team)));
    }
    let mut take = |cell: &str, figure: &str, shown: Option<i64>| {
        let key = format!("{cell}/{figure}");
        read(published, report, &key, shown, truths.get(&key));
    };
    // Everybody who was ever active: the people behind the spend of the period.
    let active = made.funnel.iter().find(|step| step.id == "active");
    take("money/", "people", active.and_then(|step| step.people.0).map(|people| people.0));
}

/// What is wrong with knowing this; none when it may be known.
fn disclosure(known: &Known) -> Option<String> {
    // Where it cannot be told which of two truths was published both must be disclosed.
    known.or.as_ref().map_or(Some(String::new()), |or| disclosed(or))?;
    disclosed(known)
}

fn disclosed(known: &Known) -> Option<String> {
    let behind: Vec<i64> = known.truth.iter().copied().filter(|amount| *amount != 0).collect();
    if behind.is_empty() {
        return None;
    }
    let sum = behind.iter().sum::<i64>() as f64;
    if behind.len() < PEOPLE && sum != 0.0 {
        // Turned round, so that the truth is positive.
        let (low, high) = if sum < 0.0 { (-known.high, -known.low) } else { (known.low, known.high) };
        let size = sum.abs();
        if low >= (1.0 - GROUP) * size || high <= (1.0 + PERSON) * size {
            return Some(format!("{} people with {size} are known between {low} and {high}", behind.len()));
        }
    }
    // One insider, the second largest, knows their own part; the rest is at least nothing.
    if behind.iter().all(|amount| *amount > 0) {
        let mut sorted = behind;
        sorted.sort_unstable_by_key(|amount| std::cmp::Reverse(*amount));
        let insider = sorted.get(1).copied().unwrap_or(0) as f64;
        let (target, most) = (sorted[0] as f64, known.high - insider);
        if most <= (1.0 + PERSON) * target {
            return Some(format!("one person has {target}, and the insider knows at most {most}"));
        }
    }
    None
}

/// What reports show, with their numbers.
fn shown(said: &[Option<Known>]) -> impl Iterator<Item = (usize, &Known)> {
    said.iter()
        .enumerate()
        .filter_map(|(report, known)| Some((report, known.as_ref().filter(|known| known.is_shown())?)))
}

/// Every attack; what is disclosed, and how.
fn attack(published: &Published) -> Vec<String> {
    let mut found = Vec::new();
    let mut look = |how: String, known: &Known| {
        if let Some(what) = disclosure(known) {
            found.push(format!("{how}: {what}"));
        }
    };
    // Each number, and its difference to each earlier version of itself.
    for (key, said) in published {
        for (report, known) in shown(said) {
            look(format!("{key} of report {report}"), known);
            for (earlier, before) in shown(said).take_while(|(earlier, _)| *earlier < report) {
                // What stays as it is says nothing new.
                if before.value != known.value {
                    look(format!("{key} of report {report} less {earlier}"), &known.minus(before));
                }
            }
        }
    }
    // Each table: the total less its cells, of one report, of two, and with what an earlier report said where the later is silent.
    let mut tables: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for key in published.keys() {
        let mut parts = key.split('/');
        if let (Some(view), Some(_), Some(figure)) = (parts.next(), parts.next(), parts.next()) {
            tables.entry((view, figure)).or_default().push(key);
        }
    }
    for ((view, figure), keys) in &tables {
        let total_key = format!("{view}//{figure}");
        let Some(totals) = published.get(&total_key).filter(|_| *figure != "people") else { continue };
        let cells: Vec<&Vec<Option<Known>>> =
            keys.iter().filter(|key| **key != total_key).map(|key| &published[*key]).collect();
        let mut rests: Vec<(String, Known)> = Vec::new();
        for (of_total, total) in shown(totals) {
            for of_cells in 0..totals.len() {
                let latest = |said: &&Vec<Option<Known>>| {
                    shown(said).take_while(|(at, _)| *at <= of_cells).last().map(|(_, known)| known.clone())
                };
                let own = |said: &&Vec<Option<Known>>| said[of_cells].clone().filter(Known::is_shown);
                let rest = |shown: Vec<Known>| shown.iter().fold(total.clone(), |rest, cell| rest.minus(cell));
                rests.push((
                    format!("{total_key} of report {of_total} less cells of {of_cells}"),
                    rest(cells.iter().filter_map(own).collect()),
                ));
                if of_cells == of_total {
                    let filled = cells.iter().filter_map(latest).collect();
                    rests.push((format!("{total_key} of report {of_total} less the latest cells"), rest(filled)));
                }
            }
            // What bounds say of each hidden cell.
            let mut intervals = vec![Interval { low: total.low, high: total.high }];
            intervals.extend(cells.iter().map(|said| {
                said[of_total].as_ref().map_or(Interval::UNKNOWN, |known| Interval { low: known.low, high: known.high })
            }));
            propagate(&mut intervals, &[Line { total: 0, parts: (1..=cells.len()).collect() }]);
            // Where some of the numbers are older than others the bounds are not about the cells of now.
            let now = || cells.iter().filter_map(|said| said[of_total].as_ref());
            let sum = now().flat_map(|known| &known.truth).sum::<i64>();
            if total.or.is_none() && now().all(|known| known.or.is_none()) && sum == total.truth.iter().sum::<i64>() {
                for (said, bounds) in cells.iter().zip(intervals.iter().skip(1)) {
                    if let Some(hidden) = said[of_total].as_ref().filter(|known| !known.is_shown()) {
                        let known = Known { low: bounds.low, high: bounds.high, or: None, ..hidden.clone() };
                        rests.push((format!("bounds of a hidden cell of {total_key} of report {of_total}"), known));
                    }
                }
            }
        }
        for (how, known) in &rests {
            look(how.clone(), known);
        }
        let own: Vec<&(String, Known)> = rests.iter().filter(|(how, _)| how.ends_with("latest cells")).collect();
        for (at, (how, known)) in own.iter().enumerate() {
            for (earlier, before) in own.iter().take(at) {
                look(format!("({how}) less ({earlier})"), &known.minus(before));
            }
        }
    }
    // The spend of the period less the weeks it is made of.
    let steps = Step::all();
    for figure in ["tokens", "cost"] {
        let Some(money) = published.get(&format!("money//{figure}")) else { continue };
        for (report, total) in shown(money) {
            for latest in [false, true] {
                let jobs = published.iter().filter(|(key, _)| key.starts_with("automation/") && key.ends_with(figure));
                let known = jobs.filter_map(|(_, said)| match latest {
                    true => shown(said).take_while(|(at, _)| *at <= report).last().map(|(_, known)| known),
                    false => said[report].as_ref().filter(|known| known.is_shown()),
                });
                let rest = known.fold(total.clone(), |rest, job| rest.minus(job));
                look(format!("{figure} of report {report} less its jobs, latest {latest}"), &rest);
            }
            let week = |week| published.get(&format!("week {}//{figure}", iso_week(week)))?[report].as_ref();
            let weeks = (0..steps[report].held + FIRST_WEEKS).map(|at| week(at).filter(|known| known.is_shown()));
            let Some(weeks) = weeks.collect::<Option<Vec<&Known>>>() else { continue };
            let rest = weeks.iter().fold(total.clone(), |rest, week| rest.minus(week));
            look(format!("{figure} of report {report} less its weeks"), &rest);
            let newest = weeks.last().copied();
            let week_before = |step: &&Step| step.held + 1 == steps[report].held && !step.looks_back();
            let before = steps.iter().find(week_before).and_then(|before| steps.iter().position(|step| step == before));
            let before = before.and_then(|before| money[before].as_ref()).filter(|known| known.is_shown());
            if let (Some(newest), Some(before)) = (newest, before) {
                look(
                    format!("{figure} of report {report} less the one before and the new week"),
                    &total.minus(before).minus(newest),
                );
            }
        }
    }
    // A team's sum over the period less its weeks, as they are and as they were known last.
    let of_period = published.iter().filter(|(key, _)| key.starts_with("quadrant/") && !key.starts_with("quadrant//"));
    for (key, said) in of_period {
        let cell = key.trim_start_matches("quadrant/");
        for (report, total) in shown(said) {
            for latest in [false, true] {
                let mut rest = total.clone();
                for week in 0..steps[report].held + FIRST_WEEKS {
                    let Some(said) = published.get(&format!("week {}/{cell}", iso_week(week))) else { continue };
                    let known = match latest {
                        true => shown(said).take_while(|(at, _)| *at <= report).last().map(|(_, known)| known),
                        false => said[report].as_ref().filter(|known| known.is_shown()),
                    };
                    if let Some(known) = known {
                        rest = rest.minus(known);
                    }
                }
                look(format!("{key} of report {report} less its weeks, latest {latest}"), &rest);
            }
        }
    }
    found
}

struct Outcome {
    numbers: usize,
    disclosures: Vec<String>,
}

fn run(organisations: std::ops::Range<u64>, defence: Defence) -> Outcome {
    let outcomes: Vec<Outcome> = organisations
        .into_par_iter()
        .map(|seed| {
            let published = published(&Organisation::random(seed), defence);
            let numbers = published.values().flat_map(|said| shown(said)).count();
            let disclosures = attack(&published).into_iter().map(|what| format!("organisation {seed}: {what}"));
            Outcome { numbers, disclosures: disclosures.collect() }
        })
        .collect();
    Outcome {
        numbers: outcomes.iter().map(|one| one.numbers).sum(),
        disclosures: outcomes.into_iter().flat_map(|one| one.disclosures).collect(),
    }
}

#[test]
fn nobody_below_the_floor_is_found() {
    let asked = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let organisations = asked("FOOTLIGHT_ATTACK_ORGANISATIONS").unwrap_or(ORGANISATIONS);
    // Several processes can share the work, and one organisation be looked at by itself.
    let first = asked("FOOTLIGHT_ATTACK_FIRST").unwrap_or(0);
    let outcome = run(first..first + organisations, Defence::All);
    println!(
        "{organisations} organisations from {first} on, {} reports: {} published numbers, {} disclosures",
        organisations * Step::all().len() as u64,
        outcome.numbers,
        outcome.disclosures.len()
    );
    let shown: Vec<&String> = outcome.disclosures.iter().take(12).collect();
    assert!(shown.is_empty(), "{} disclosures, first: {shown:#?}", outcome.disclosures.len());
    // An empty report would protect everybody.
    assert!(outcome.numbers as u64 > organisations * 200, "{} numbers", outcome.numbers);
}

#[test]
fn what_was_found_once_is_not_found_again() {
    for organisation in ONCE_FOUND {
        let outcome = run(organisation..organisation + 1, Defence::All);
        assert!(outcome.disclosures.is_empty(), "{:#?}", outcome.disclosures);
        assert!(outcome.numbers > 50, "{} numbers", outcome.numbers);
    }
}

#[test]
fn without_the_ledger_or_the_complement_they_are() {
    let found = |defence, kinds: &[&str]| {
        let found = run(0..4, defence).disclosures;
        let of_kind = found.iter().filter(|what| kinds.iter().any(|kind| what.contains(kind))).count();
        println!("{defence:?}: {} disclosures in 4 organisations, {of_kind} by {kinds:?}", found.len());
        of_kind
    };
    // A number less an earlier version of itself.
    assert!(found(Defence::NoLedger, &[" less 0:", " less 1:", " less 2:"]) > 10);
    // A total less its visible cells, or what that leaves for a hidden one.
    assert!(found(Defence::NoComplement, &["less cells of", "bounds of a hidden cell"]) > 0);
}
