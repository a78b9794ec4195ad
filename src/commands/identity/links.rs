//! Every id of a lake with whom it was resolved to, and what in the roster contradicts itself.
//!
//! Owns the list, for `footlight identities` and the data-quality panel. Owns no rule of resolution.

use super::forms::{self, exact};
use super::{Confidence, Form, Resolution, UNASSIGNED};
use crate::events::RosterEntry;
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};

const TWO_ROWS: &str = "the roster has rows for it that contradict each other in";
const KIND: &str = "kind";

/// The roster of a lake, one entry a person or service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roster {
    /// Entries, by id. Where an id has several rows one of them decides, see [`Roster::of`].
    pub entries: Vec<RosterEntry>,
    /// Ids of which the newest roster has rows that contradict each other, with the fields.
    pub contradictions: BTreeMap<String, Vec<&'static str>>,
}

impl Roster {
    /// The roster of rows, in the order in which they stand in their files, with the number of the run that read them: a later run's rows replace an
    /// earlier one's of the same id. Rows of one run are put together: aliases and times are joined. Team, role and time zone are those of the
    /// row that was in force on the day `as_of`; of several, or where none was, of the one that began last, and at last of the one that stands last.
    /// Rows that speak of the same days and differ contradict each other all the same, and are listed.
    pub fn of(rows: Vec<(RosterEntry, i64)>, as_of: Date) -> Self {
        let mut newest = BTreeMap::<String, (i64, Vec<RosterEntry>)>::new();
        for (entry, run) in rows {
            let (latest, kept) = newest.entry(entry.actor_id.clone()).or_insert((run, Vec::new()));
            if run > *latest {
                (*latest, *kept) = (run, Vec::new());
            }
            if run == *latest {
                kept.push(entry);
            }
        }
        let mut roster = Self::default();
        for (actor_id, (_, rows)) in newest {
            let (entry, fields) = joined(rows, as_of);
            if !fields.is_empty() {
                roster.contradictions.insert(actor_id, fields);
            }
            roster.entries.extend(entry);
        }
        roster
    }

    /// Those that nothing may resolve to: the roster says that they are a person, and that they are not.
    pub fn of_two_kinds(&self) -> impl Iterator<Item = String> {
        self.contradictions.iter().filter(|(_, fields)| fields.contains(&KIND)).map(|(actor, _)| actor.clone())
    }
}

/// One entry out of rows about one id, and the fields in which those that speak of the same days differ.
fn joined(rows: Vec<RosterEntry>, as_of: Date) -> (Option<RosterEntry>, Vec<&'static str>) {
    let fields = contradictions(&rows);
    let deciding = rows.iter().enumerate().max_by_key(|(place, row)| {
        let (from, to) = active(row);
        ((from..=to).contains(&as_of), from, *place)
    });
    let Some((_, deciding)) = deciding else { return (None, fields) };
    let joined = |of: fn(&RosterEntry) -> &Vec<String>| -> Vec<String> {
        rows.iter().flat_map(of).collect::<BTreeSet<_>>().into_iter().cloned().collect()
    };
    let first = rows.iter().min_by_key(|row| active(row).0);
    let last = rows.iter().max_by_key(|row| active(row).1);
    let entry = RosterEntry {
        aliases: joined(|row| &row.aliases),
        licences: joined(|row| &row.licences),
        is_service: deciding.is_service && !fields.contains(&KIND),
        active_from: first.and_then(|row| row.active_from.clone()),
        active_to: last.and_then(|row| row.active_to.clone()),
        ..deciding.clone()
    };
    (Some(entry), fields)
}

/// The days that a row speaks of; open ends, and what is no date, reach as far as dates do.
fn active(row: &RosterEntry) -> (Date, Date) {
    let day = |text: &Option<String>| text.as_deref().and_then(|text| text.parse::<Date>().ok());
    (day(&row.active_from).unwrap_or(Date::MIN), day(&row.active_to).unwrap_or(Date::MAX))
}

fn contradictions(rows: &[RosterEntry]) -> Vec<&'static str> {
    let mut fields = BTreeSet::new();
    for (place, one) in rows.iter().enumerate() {
        for other in &rows[place + 1..] {
            let mut differ = |field, differs: bool| differs.then(|| fields.insert(field));
            // What somebody is does not change with the day.
            differ(KIND, one.is_service != other.is_service);
            let ((from, to), (other_from, other_to)) = (active(one), active(other));
            if from <= other_to && other_from <= to {
                differ("team_id", one.team_id != other.team_id);
                differ("role", one.role != other.role);
                differ("time_zone", one.time_zone != other.time_zone);
                differ("active_from", one.active_from != other.active_from);
                differ("active_to", one.active_to != other.active_to);
            }
        }
    }
    fields.into_iter().collect()
}

/// One id of the lake or the roster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityLink {
    /// What it is.
    pub form: Form,
    /// The id as the log has it.
    pub id: String,
    /// Whose it is, [`UNASSIGNED`] when nobody's.
    pub actor: String,
    /// How sure that is.
    pub confidence: Confidence,
    /// What contradicts itself, or why it is nobody's; empty otherwise.
    pub reason: String,
    /// Whether something contradicts itself, rather than not being known.
    pub is_conflict: bool,
    /// The one entry of the roster that it looks like; never used.
    pub looks_like: Option<String>,
    /// Events that name it.
    pub events: i64,
    /// Outcomes that name it.
    pub outcomes: i64,
}

/// The ids of a lake.
#[derive(Debug, Default)]
pub struct Links {
    links: BTreeMap<(Form, String, String), IdentityLink>,
}

impl Links {
    /// Adds an id that so many events and outcomes name.
    pub fn add(&mut self, resolution: &Resolution, events: i64, outcomes: i64) {
        let Resolution { actor, confidence, reason, form, id } = resolution;
        let key = (*form, id.clone(), actor.clone());
        let link = self.links.entry(key).or_insert_with(|| IdentityLink {
            form: *form,
            id: id.clone(),
            actor: actor.clone(),
            confidence: *confidence,
            reason: (*reason).to_owned(),
            is_conflict: [super::CLAIMED_TWICE, super::OF_TWO_KINDS].contains(reason),
            looks_like: None,
            events: 0,
            outcomes: 0,
        });
        link.events += events;
        link.outcomes += outcomes;
    }

    /// The list, by form and id, with what the roster contradicts itself in, whether a log names it or not.
    pub fn finish(mut self, roster: &Roster, resolver: &super::IdentityResolver) -> Vec<IdentityLink> {
        let of_roster = |id: &str, actor: &str, reason: String| IdentityLink {
            form: Form::of(id),
            id: id.to_owned(),
            actor: actor.to_owned(),
            confidence: Confidence::Unknown,
            reason,
            is_conflict: true,
            looks_like: None,
            events: 0,
            outcomes: 0,
        };
        for (name, entries) in resolver.contested() {
            let known = self.links.values().any(|link| link.is_conflict && exact(&link.id) == name);
            if !known {
                let link = of_roster(name, UNASSIGNED, format!("claimed by {entries} entries of the roster"));
                self.links.insert((link.form, link.id.clone(), link.actor.clone()), link);
            }
        }
        for (actor, fields) in &roster.contradictions {
            let reason = format!("{TWO_ROWS} {}", fields.join(", "));
            let nobody = fields.contains(&KIND);
            let mut named = false;
            for link in self.links.values_mut().filter(|link| exact(&link.id) == exact(actor)) {
                (link.reason, link.is_conflict, named) = (reason.clone(), true, true);
            }
            if !named {
                let link = of_roster(actor, if nobody { UNASSIGNED } else { actor }, reason);
                self.links.insert((link.form, link.id.clone(), link.actor.clone()), link);
            }
        }
        let looks = Looks::of(&roster.entries);
        let mut links: Vec<IdentityLink> = self.links.into_values().collect();
        for link in links.iter_mut().filter(|link| !link.is_conflict && link.confidence >= Confidence::Itself) {
            link.looks_like = looks.like(&link.id);
        }
        links
    }
}

/// What roster entries look like: the part of their addresses before the `@`, and the words of their names.
struct Looks(BTreeMap<String, BTreeSet<String>>);

impl Looks {
    fn of(entries: &[RosterEntry]) -> Self {
        let mut looks = BTreeMap::<String, BTreeSet<String>>::new();
        for entry in entries {
            for name in entry.aliases.iter().chain([&entry.actor_id]) {
                let words = forms::words(name).map(|words| words.join(" "));
                for look in forms::local_part(name).into_iter().chain(words).chain([exact(name)]) {
                    looks.entry(look).or_default().insert(entry.actor_id.clone());
                }
            }
        }
        Self(looks)
    }

    /// The one entry that an id looks like.
    fn like(&self, id: &str) -> Option<String> {
        let words = forms::words(id).map(|words| words.join(" "));
        let mut found = BTreeSet::new();
        for look in [Some(exact(id)), forms::local_part(id), words].into_iter().flatten() {
            found.extend(self.0.get(&look).into_iter().flatten());
        }
        (found.len() == 1).then(|| found.first().map(|actor| (*actor).clone())).flatten()
    }
}
