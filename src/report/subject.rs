//! A person's own file: what is held about them, how it was read, why, and how to add to it or object. For the person, not about them.
//!
//! Owns the shape and the words. It shows one person and compares with nobody by name; it has no place for a second person. JSON is
//! [`SubjectFile`] itself; in HTML and Markdown every text has passed [`plain`](super::escape::plain).

use askama::Template;
use serde::Serialize;

use super::RenderError;
use super::case::{CaseReading, Origin, STYLE, cost_text, decibans, finding_line, objection_row, score_text};
use super::escape::{plain, plain_long};
use super::html::style_hash;
use super::inputs::SignalEntry;
use super::look_alikes::look_alikes;
use crate::privacy::json_text;
use crate::score::explain::Explanation;
use crate::score::rows::{ActorWeekRow, AttributionRow, FindingRow, SessionRow};

/// Everything a run holds about one person.
#[derive(Debug, Clone, Serialize)]
pub struct SubjectFile {
    /// Version of this shape.
    pub schema_version: u32,
    /// Who.
    pub person: Person,
    /// Records in the lake, by table and source.
    pub held: Vec<Held>,
    /// Weeks, oldest first, each with its reading.
    pub weeks: Vec<SubjectWeek>,
    /// Sessions, oldest first, each with its reading.
    pub sessions: Vec<SubjectSession>,
    /// Observed facts, compared with nobody.
    pub findings: Vec<FindingRow>,
    /// Outcomes that sessions were linked to.
    pub attribution: Vec<AttributionRow>,
    /// What the signals that spoke measure, and when they are innocent.
    pub signals: Vec<SignalEntry>,
    /// Where the numbers come from.
    pub origin: Origin,
}

/// Who the file is for, as roster and logs have it.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Person {
    /// Account.
    pub account: String,
    /// The name that stands for the account in every table.
    pub pseudonym: String,
    /// Other names of the account.
    pub aliases: Vec<String>,
    /// Team, `(unassigned)` when on no roster.
    pub team_id: String,
    /// Role.
    pub role: Option<String>,
    /// Time zone.
    pub time_zone: Option<String>,
    /// First day on the roster.
    pub active_from: Option<String>,
    /// Last day on the roster.
    pub active_to: Option<String>,
}

/// Records of one kind.
#[derive(Debug, Clone, Serialize)]
pub struct Held {
    /// Table of the lake.
    pub table: String,
    /// Source that read them.
    pub source: String,
    /// Files that they came from.
    pub files: i64,
    /// How many.
    pub records: i64,
    /// First, RFC 3339.
    pub first: String,
    /// Last, RFC 3339.
    pub last: String,
}

/// One week and how it was read.
#[derive(Debug, Clone, Serialize)]
pub struct SubjectWeek {
    /// The row of `actor_weeks`.
    pub week: ActorWeekRow,
    /// Its reading; none when it was not scored.
    pub explanation: Option<Explanation>,
    /// What each signal read, spoken or abstained, by name.
    pub readings: Vec<CaseReading>,
}

/// One session and how it was read.
#[derive(Debug, Clone, Serialize)]
pub struct SubjectSession {
    /// The row of `sessions`.
    pub session: SessionRow,
    /// Its reading; none when it was not scored.
    pub explanation: Option<Explanation>,
    /// What each signal read, spoken or abstained, by name.
    pub readings: Vec<CaseReading>,
}

/// A unit for the page.
struct Unit {
    id: String,
    when: String,
    what: String,
    amount: String,
    cost: String,
    outcome: String,
    band: String,
    score: String,
    objection: String,
    why: Vec<String>,
}

/// A signal for the page.
struct Word {
    name: String,
    measures: String,
    innocent: String,
}

#[derive(Template)]
#[template(path = "subject.html")]
struct Html<'a> {
    style_hash: String,
    view: &'a View,
}

#[derive(Template)]
#[template(path = "subject.md")]
struct Markdown<'a> {
    view: &'a View,
}

/// What both pages show, every text neutralised.
struct View {
    account: String,
    pseudonym: String,
    about: Vec<(&'static str, String)>,
    totals: Vec<(&'static str, String)>,
    held: Vec<Held>,
    weeks: Vec<Unit>,
    sessions: Vec<Unit>,
    findings: Vec<String>,
    links: Vec<String>,
    words: Vec<Word>,
    example: String,
    origin: Origin,
}

impl SubjectFile {
    /// Version of the JSON.
    pub const SCHEMA_VERSION: u32 = 1;

    /// The page.
    ///
    /// # Errors
    /// [`RenderError`] when the template cannot be filled in, which no file causes.
    pub fn html(&self) -> Result<String, RenderError> {
        Ok(Html { style_hash: style_hash(STYLE), view: &self.view() }.render()?)
    }

    /// The same as Markdown.
    ///
    /// # Errors
    /// As for [`SubjectFile::html`].
    pub fn markdown(&self) -> Result<String, RenderError> {
        Ok(Markdown { view: &self.view() }.render()? + "\n")
    }

    /// The same as JSON, indented, with a line end.
    ///
    /// # Errors
    /// [`RenderError`] when a number cannot be written as JSON, which no file holds.
    pub fn json(&self) -> Result<String, RenderError> {
        Ok(json_text(&serde_json::to_string_pretty(self)?) + "\n")
    }

    fn view(&self) -> View {
        let person = &self.person;
        let known = |text: &Option<String>| text.as_deref().map_or_else(|| "not known".to_owned(), plain);
        let aliases: Vec<String> = person.aliases.iter().map(|alias| plain(alias)).collect();
        View {
            account: plain(&person.account),
            pseudonym: plain(&person.pseudonym),
            about: vec![
                ("Other names", if aliases.is_empty() { "none".to_owned() } else { aliases.join(", ") }),
                ("Team", plain(&person.team_id)),
                ("Role", known(&person.role)),
                ("Time zone", known(&person.time_zone)),
                ("On the roster from", known(&person.active_from)),
                ("On the roster to", known(&person.active_to)),
            ],
            totals: self.totals(),
            held: self.held.iter().map(Held::neutral).collect(),
            weeks: self.weeks.iter().map(Unit::from).collect(),
            sessions: self.sessions.iter().map(Unit::from).collect(),
            findings: self.finding_lines(),
            links: self.link_lines(),
            words: self.signals.iter().map(Word::from).collect(),
            example: self.weeks.last().map_or_else(
                || objection_row("SESSION-ID"),
                |last| objection_row(&plain(&format!("{}/{}", last.week.actor, last.week.iso_week))),
            ),
            origin: self.origin.clone(),
        }
    }

    fn totals(&self) -> Vec<(&'static str, String)> {
        let sum = |field: fn(&SessionRow) -> i64| self.sessions.iter().map(|one| field(&one.session)).sum::<i64>();
        let known = |field: fn(&SessionRow) -> Option<i64>| {
            let values: Vec<i64> = self.sessions.iter().filter_map(|one| field(&one.session)).collect();
            (!values.is_empty()).then(|| values.iter().sum::<i64>())
        };
        let tokens = |field| known(field).map_or_else(|| "not reported".to_owned(), |sum| sum.to_string());
        vec![
            ("Sessions", self.sessions.len().to_string()),
            ("Prompts", sum(|row| row.prompts).to_string()),
            ("Responses", sum(|row| row.completions).to_string()),
            ("Tool calls", sum(|row| row.tool_calls).to_string()),
            ("Fresh input tokens", tokens(|row| row.input_tokens)),
            ("Output tokens", tokens(|row| row.output_tokens)),
            ("Cache reads", tokens(|row| row.cache_read_tokens)),
            ("Cache writes", tokens(|row| row.cache_write_tokens)),
            ("Cost", cost_text(known(|row| row.cost_micro_usd))),
            ("Responses without usage", sum(|row| row.completions_without_usage).to_string()),
        ]
    }

    fn finding_lines(&self) -> Vec<String> {
        self.findings.iter().map(|one| format!("{}: {}", plain(&one.session_id), finding_line(one))).collect()
    }

    fn link_lines(&self) -> Vec<String> {
        self.attribution
            .iter()
            .map(|link| {
                let (session, outcome, tier) = (plain(&link.session_id), plain(&link.outcome_id), plain(&link.tier));
                format!("{session}: {outcome}, by {tier} (confidence {:.2})", link.confidence)
            })
            .collect()
    }
}

impl Held {
    fn neutral(&self) -> Self {
        Self { table: plain(&self.table), source: plain(&self.source), ..self.clone() }
    }
}

impl From<&SubjectWeek> for Unit {
    fn from(one: &SubjectWeek) -> Self {
        let week = &one.week;
        Self {
            id: plain(&format!("{}/{}", week.actor, week.iso_week)),
            when: plain(&week.iso_week),
            what: format!("sessions: {}", week.sessions),
            amount: format!("prompts: {}", week.prompts),
            cost: cost_text(week.cost_micro_usd),
            outcome: week.outcomes.map_or_else(|| "not known".to_owned(), |count| count.to_string()),
            band: plain(&week.band),
            score: score_text(week.score_db),
            objection: plain(&week.objection),
            why: why(one.explanation.as_ref(), &one.readings),
        }
    }
}

impl From<&SubjectSession> for Unit {
    fn from(one: &SubjectSession) -> Self {
        let session = &one.session;
        let started = jiff::Timestamp::from_microsecond(session.started_at)
            .map_or_else(|_| String::new(), |at| at.strftime("%Y-%m-%d %H:%M").to_string());
        Self {
            id: plain(&session.session_id),
            when: format!("{started} UTC"),
            what: plain(&session.client),
            amount: format!("prompts: {}", session.prompts),
            cost: cost_text(session.cost_micro_usd),
            outcome: plain(&session.outcome_link),
            band: plain(&session.band),
            score: score_text(session.score_db),
            objection: plain(&session.objection),
            why: why(one.explanation.as_ref(), &one.readings),
        }
    }
}

impl From<&SignalEntry> for Word {
    fn from(entry: &SignalEntry) -> Self {
        Self {
            name: plain(&entry.name).replace('_', " "),
            measures: plain_long(&entry.measures),
            innocent: look_alikes(&entry.name, &entry.innocent),
        }
    }
}

/// An explanation and what it rests on: each reading with its numbers, and what could not be judged.
fn why(explanation: Option<&Explanation>, readings: &[CaseReading]) -> Vec<String> {
    let mut lines = explanation.map(reasons).unwrap_or_default();
    lines.extend(readings.iter().filter(|one| one.status == "speak").map(|one| format!("Read: {}.", one.line())));
    let abstained = |one: &CaseReading| {
        let reason = plain_long(one.abstain_reason.as_deref()?);
        Some(format!("{}: {reason}", plain(&one.signal).replace('_', " ")))
    };
    let abstained: Vec<String> = readings.iter().filter_map(abstained).collect();
    if !abstained.is_empty() {
        lines.push(format!("Not judged: {}.", abstained.join("; ")));
    }
    lines
}

/// An explanation in plain sentences: what added to the score, what took away, what was counted in favour, what it may well be.
pub fn reasons(explanation: &Explanation) -> Vec<String> {
    let mut lines: Vec<String> = explanation.reasons.iter().map(|reason| plain_long(reason)).collect();
    for part in explanation.contributions.iter().filter(|part| part.kind != "rounding" && part.hundredths != 0) {
        let (name, amount) = (part.name.replace('_', " "), decibans(part.hundredths));
        lines.push(match (part.kind, part.hundredths > 0) {
            ("exculpation", _) => format!("Facts about {name} speak for you: {amount} dB."),
            (_, true) => format!("{name} is higher than in comparable work of others: {amount} dB."),
            (_, false) => format!("{name} is no higher than in comparable work of others: {amount} dB."),
        });
    }
    for one in explanation.innocent.iter().filter(|one| one.discount < 1.0) {
        let (name, why) = (plain(&one.signal).replace('_', " "), plain_long(&one.why.join(", ")));
        let known = if why.is_empty() { "is known".to_owned() } else { format!("is known, {why}") };
        lines.push(format!(
            "An innocent explanation of {name} {known}: its evidence counts {:.0} %.",
            one.discount * 100.0
        ));
    }
    if !explanation.benign.is_empty() {
        lines.push(format!("It may well be: {}.", explanation.benign.join("; ")));
    }
    lines
}

#[cfg(test)]
pub(in crate::report) mod tests;
