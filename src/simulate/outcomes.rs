//! What comes of work: commits with a part of the written lines, pull requests, reviews, tickets, documents, reverts.
//!
//! Owns outcomes and the truth of attribution. About half of what agents write lands (SWE-chat: 44 % of the code survives, 23 % of sessions
//! land nothing), by the person or a teammate, squashed or not, with lines typed by hand among them.

use super::SimulateError;
use super::journal::{Journal, Outcome};
use super::person::{Person, Role};
use super::random::Random;
use super::session::{Finished, Style, WrittenFile};
use super::voice;
use super::world::Policy;
use jiff::Timestamp;

/// Where a person's week is written down: the files, everybody, the policy.
pub(super) struct Desk<'a> {
    pub(super) journal: &'a mut Journal,
    pub(super) people: &'a [Person],
    pub(super) policy: &'a Policy,
    pub(super) seed: u64,
    /// Number of the next pull request or ticket.
    pub(super) next_number: u64,
}

impl Desk<'_> {
    /// The moment of so many local hours after the Monday of a week, in milliseconds.
    pub(super) fn moment(&self, person: &Person, week: usize, hours: f64) -> i64 {
        let local = self.policy.monday(week).to_datetime(jiff::civil::Time::midnight());
        let span = jiff::Span::new().seconds((hours * 3_600.0) as i64);
        // A moment in the hour that summer time takes is the one after it.
        local.saturating_add(span).to_zoned(person.zone.clone()).map_or(0, |moment| moment.timestamp().as_millisecond())
    }

    /// How sessions are written down.
    pub(super) fn style(&self) -> Style {
        self.journal.style
    }

    fn number(&mut self) -> u64 {
        self.next_number += 1;
        self.next_number
    }

    /// A colleague of the team, or the person when there is none.
    fn colleague<'p>(&'p self, random: &mut Random, person: &'p Person) -> &'p Person {
        let team: Vec<&Person> = self
            .people
            .iter()
            .filter(|other| other.team == person.team && other.index != person.index && !other.is_service())
            .collect();
        if team.is_empty() { person } else { team[random.below(team.len())] }
    }
}

fn printed(at_ms: i64, person: &Person) -> String {
    Timestamp::from_millisecond(at_ms)
        .map(|moment| moment.to_zoned(person.zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string())
        .unwrap_or_default()
}

fn hours(random: &mut Random, median: f64) -> i64 {
    (random.lognormal(median, 1.0).clamp(0.05, 240.0) * 3_600_000.0) as i64
}

fn outcome(kind: &'static str, status: &'static str, id: String, at_ms: i64, author: &Person) -> Outcome {
    Outcome {
        ts: printed(at_ms, author),
        outcome_id: id,
        kind,
        status,
        actor_id: author.actor_id.clone(),
        session_id: None,
        repo: None,
        branch: None,
        paths: Vec::new(),
        lines_added: None,
        lines_deleted: None,
        lines_surviving: None,
        patch: None,
        refs: Vec::new(),
    }
}

/// A commit of these files.
fn commit(
    random: &mut Random,
    author: &Person,
    at_ms: i64,
    repo: &str,
    files: &[WrittenFile],
    survival: f64,
) -> Outcome {
    let added: usize = files.iter().map(|file| file.lines.len()).sum();
    let mut patch = String::new();
    for file in files {
        let first = random.whole(1, 300);
        patch.push_str(&format!("--- a/{0}\n+++ b/{0}\n@@ -{first},0 +{first},{1} @@\n", file.path, file.lines.len()));
        for line in &file.lines {
            patch.push('+');
            patch.push_str(line);
            patch.push('\n');
        }
    }
    Outcome {
        repo: Some(repo.to_owned()),
        branch: Some("main"),
        paths: files.iter().map(|file| file.path.clone()).collect(),
        lines_added: Some(added),
        lines_deleted: Some((added as f64 * random.between(0.0, 0.5)) as usize),
        lines_surviving: Some((added as f64 * survival).round() as usize),
        patch: Some(patch),
        ..outcome("commit", "landed", random.hex(40), at_ms, author)
    }
}

/// What people keep of a file: some stretches, in order.
fn kept(random: &mut Random, file: &WrittenFile, share: f64) -> WrittenFile {
    let mut keeping = random.chance(share);
    let mut lines = Vec::new();
    for line in &file.lines {
        if random.chance(0.12) {
            keeping = random.chance(share);
        }
        if keeping {
            lines.push(line.clone());
        }
    }
    WrittenFile { path: file.path.clone(), lines }
}

/// Lands some of what sessions of one piece of work wrote.
pub(super) fn land(
    desk: &mut Desk<'_>,
    random: &mut Random,
    person: &Person,
    sessions: Vec<Finished>,
) -> Result<(), SimulateError> {
    let Some(last) = sessions.last() else { return Ok(()) };
    let Some(repo) = last.repo.clone() else { return Ok(()) };
    let end_ms = sessions.iter().map(|session| session.end_ms).max().unwrap_or(last.end_ms);
    let at_ms = end_ms + hours(random, 3.0);
    if !random.chance(person.landing) {
        if random.chance(0.3) {
            let id = format!("acme/{}#{}", short(&repo), desk.number());
            let request = outcome("pull_request", "abandoned", id, at_ms, person);
            desk.journal.outcome(person.index, Outcome { repo: Some(repo), ..request })?;
        }
        return Ok(());
    }
    let share = random.between(0.3, 1.0);
    let squash = sessions.len() == 1 || random.chance(0.45);
    let author = if random.chance(0.12) { desk.colleague(random, person).clone() } else { person.clone() };
    let groups: Vec<Vec<&Finished>> =
        if squash { vec![sessions.iter().collect()] } else { sessions.iter().map(|session| vec![session]).collect() };
    let mut names = Vec::new();
    for (number, group) in groups.iter().enumerate() {
        let mut files: Vec<WrittenFile> = Vec::new();
        let mut contributors = Vec::new();
        for session in group {
            let parts: Vec<WrittenFile> = session
                .files
                .iter()
                .map(|file| kept(random, file, share))
                .filter(|file| !file.lines.is_empty())
                .collect();
            // A blank or a bare return is nobody's work.
            if parts.iter().flat_map(|file| &file.lines).any(|line| line.trim().len() > 12) {
                contributors.push(session.id.clone());
            }
            files.extend(parts);
        }
        if files.is_empty() {
            continue;
        }
        if random.chance(0.5) {
            let (thing, count) = (person.voice.thing(random).to_owned(), random.whole(1, 25) as usize);
            files.push(WrittenFile {
                path: voice::file_name(&thing, random),
                lines: voice::code(random, &thing, count),
            });
        }
        let survival = random.between(0.55, 1.0);
        let later_ms = at_ms + number as i64 * random.whole(40_000, 900_000);
        let mut row = commit(random, &author, later_ms, &repo, &files, survival);
        if contributors.len() == 1 && random.chance(0.15) {
            row.session_id = Some(contributors[0].clone());
        }
        let reverted = random.chance(0.02);
        if reverted {
            (row.status, row.lines_surviving) = ("reverted", Some(0));
        }
        for session_id in &contributors {
            desk.journal.attribution(session_id, &row.outcome_id)?;
        }
        names.push(row.outcome_id.clone());
        desk.journal.outcome(person.index, row)?;
    }
    if !names.is_empty() && random.chance(0.55) {
        request(desk, random, person, &repo, names, at_ms)?;
    }
    Ok(())
}

fn short(repo: &str) -> &str {
    repo.rsplit('/').next().unwrap_or(repo).trim_end_matches(".git")
}

/// A pull request of these commits; somebody reviews it, sometimes a ticket is done with it.
fn request(
    desk: &mut Desk<'_>,
    random: &mut Random,
    person: &Person,
    repo: &str,
    commits: Vec<String>,
    at_ms: i64,
) -> Result<(), SimulateError> {
    let id = format!("acme/{}#{}", short(repo), desk.number());
    let merged_ms = at_ms + hours(random, 6.0);
    let merged = outcome("pull_request", "landed", id.clone(), merged_ms, person);
    desk.journal.outcome(person.index, Outcome { repo: Some(repo.to_owned()), refs: commits, ..merged })?;
    let reviewer = desk.colleague(random, person).clone();
    let review_ms = at_ms + ((merged_ms - at_ms) as f64 * random.between(0.3, 0.95)) as i64;
    let review = outcome("review", "landed", format!("{id}/review-{}", random.hex(6)), review_ms, &reviewer);
    desk.journal.outcome(person.index, Outcome { repo: Some(repo.to_owned()), refs: vec![id.clone()], ..review })?;
    if random.chance(0.4) {
        let ticket_id = format!("SHOP-{}", 10_000 + desk.number());
        let ticket = outcome("ticket", "landed", ticket_id, merged_ms + hours(random, 2.0), person);
        desk.journal.outcome(person.index, Outcome { refs: vec![id], ..ticket })?;
    }
    Ok(())
}

/// Commits that no agent had a part in.
pub(super) fn by_hand(
    desk: &mut Desk<'_>,
    random: &mut Random,
    person: &Person,
    week: usize,
) -> Result<(), SimulateError> {
    if !matches!(person.role, Role::Developer | Role::Reviewer) {
        return Ok(());
    }
    for _ in 0..random.poisson(person.commits_by_hand) {
        let thing = person.voice.thing(random).to_owned();
        let count = random.lognormal(9.0, 0.9).clamp(1.0, 200.0) as usize;
        let file = WrittenFile { path: voice::file_name(&thing, random), lines: voice::code(random, &thing, count) };
        let at_ms = desk.moment(person, week, super::honest::working_hour(random, person));
        let (repo, survival) = (person.repo(random), random.between(0.6, 1.0));
        let row = commit(random, person, at_ms, &repo, &[file], survival);
        desk.journal.outcome(person.index, row)?;
    }
    Ok(())
}

/// A review, a ticket or a document that a conversation helped with.
pub(super) fn other(
    desk: &mut Desk<'_>,
    random: &mut Random,
    person: &Person,
    session: &Finished,
    kind: &'static str,
) -> Result<(), SimulateError> {
    let number = desk.number();
    let repo = session.repo.clone().unwrap_or_else(|| person.repo(random));
    let (id, refs) = match kind {
        "review" => {
            let request = format!("acme/{}#{number}", short(&repo));
            (format!("{request}/review-{}", random.hex(6)), vec![request])
        }
        "ticket" => (format!("SHOP-{}", 10_000 + number), Vec::new()),
        _ => (format!("DOC-{number}-{}", random.hex(4)), Vec::new()),
    };
    let at_ms = session.end_ms + hours(random, 1.2);
    let explicit = random.chance(0.1).then(|| session.id.clone());
    if explicit.is_some() {
        desk.journal.attribution(&session.id, &id)?;
    }
    let row = outcome(kind, "landed", id, at_ms, person);
    let repo = (kind == "review").then_some(repo);
    desk.journal.outcome(person.index, Outcome { session_id: explicit, repo, refs, ..row })
}

/// All that a session wrote, landed at once: generated changes, results of evaluations.
pub(super) fn land_whole(
    desk: &mut Desk<'_>,
    random: &mut Random,
    person: &Person,
    session: &Finished,
) -> Result<(), SimulateError> {
    let Some(repo) = session.repo.clone() else { return Ok(()) };
    if session.files.is_empty() {
        return Ok(());
    }
    let at_ms = session.end_ms + hours(random, 2.0);
    let survival = random.between(0.8, 1.0);
    let row = commit(random, person, at_ms, &repo, &session.files, survival);
    desk.journal.attribution(&session.id, &row.outcome_id)?;
    let names = vec![row.outcome_id.clone()];
    desk.journal.outcome(person.index, row)?;
    request(desk, random, person, &repo, names, at_ms)
}

/// A commit that is there to be a commit: what the session wrote, little of which stays.
pub(super) fn junk(
    desk: &mut Desk<'_>,
    random: &mut Random,
    person: &Person,
    session: &Finished,
) -> Result<(), SimulateError> {
    let repo = session.repo.clone().unwrap_or_else(|| person.repo(random));
    let at_ms = session.end_ms + hours(random, 1.0);
    let mut files: Vec<WrittenFile> = session.files.iter().take(2).cloned().collect();
    let from_session = !files.is_empty();
    if !from_session {
        let thing = person.voice.thing(random).to_owned();
        let count = random.whole(1, 8) as usize;
        files.push(WrittenFile {
            path: format!("docs/{}.md", thing.replace(' ', "_")),
            lines: voice::code(random, &thing, count),
        });
    }
    let survival = random.between(0.0, 0.25);
    let row = commit(random, person, at_ms, &repo, &files, survival);
    if from_session && files.iter().flat_map(|file| &file.lines).any(|line| line.trim().len() > 12) {
        desk.journal.attribution(&session.id, &row.outcome_id)?;
    }
    desk.journal.outcome(person.index, row)
}
