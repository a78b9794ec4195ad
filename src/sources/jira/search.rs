//! A ticket as the search answers it (`formats.md` 10.4).

use crate::events::{Outcome, OutcomeKind, OutcomeStatus};
use crate::sources::elements::{self, Element};
use crate::sources::json::{borrow_last_wins, parse_rfc3339, reject_reason, safe_detail};
use crate::sources::{Reason, Sink};
use serde::Deserialize;
use std::borrow::Cow;

/// Resolutions that say that nothing came of it, in lower case. Others are each site's own and say that it is done.
const GIVEN_UP: &[&str] = &[
    "won't do",
    "won't fix",
    "duplicate",
    "cannot reproduce",
    "declined",
    "rejected",
    "invalid",
    "incomplete",
    "cancelled",
    "canceled",
    "obsolete",
];

/// What is read of a ticket. Summary, description and comments are not.
#[derive(Debug, Deserialize)]
struct Ticket<'a> {
    #[serde(borrow)]
    key: Option<Cow<'a, str>>,
    #[serde(borrow)]
    fields: Option<Fields<'a>>,
    #[serde(borrow)]
    changelog: Option<Changelog<'a>>,
}

#[derive(Debug, Deserialize)]
struct Fields<'a> {
    #[serde(borrow)]
    status: Option<Status<'a>>,
    #[serde(borrow)]
    resolution: Option<Named<'a>>,
    #[serde(borrow)]
    assignee: Option<Person<'a>>,
    #[serde(borrow)]
    created: Option<Cow<'a, str>>,
    #[serde(borrow)]
    updated: Option<Cow<'a, str>>,
    #[serde(borrow)]
    resolutiondate: Option<Cow<'a, str>>,
    #[serde(borrow)]
    statuscategorychangedate: Option<Cow<'a, str>>,
    #[serde(borrow)]
    parent: Option<Linked<'a>>,
    #[serde(borrow, default)]
    issuelinks: Option<Vec<Link<'a>>>,
}

#[derive(Debug, Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    name: Option<Cow<'a, str>>,
}

#[derive(Debug, Deserialize)]
struct Status<'a> {
    #[serde(borrow)]
    name: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "statusCategory")]
    category: Option<Category<'a>>,
}

#[derive(Debug, Deserialize)]
struct Category<'a> {
    #[serde(borrow)]
    key: Option<Cow<'a, str>>,
}

/// Cloud has an account id and, where its owner shows it, an e-mail; a server has a name.
#[derive(Debug, Deserialize)]
struct Person<'a> {
    #[serde(borrow, rename = "emailAddress")]
    email: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "accountId")]
    account: Option<Cow<'a, str>>,
    #[serde(borrow)]
    name: Option<Cow<'a, str>>,
}

#[derive(Debug, Deserialize)]
struct Linked<'a> {
    #[serde(borrow)]
    key: Option<Cow<'a, str>>,
}

#[derive(Debug, Deserialize)]
struct Link<'a> {
    #[serde(borrow, rename = "inwardIssue")]
    inward: Option<Linked<'a>>,
    #[serde(borrow, rename = "outwardIssue")]
    outward: Option<Linked<'a>>,
}

#[derive(Debug, Deserialize)]
struct Changelog<'a> {
    #[serde(borrow, default)]
    histories: Vec<Change<'a>>,
}

#[derive(Debug, Deserialize)]
struct Change<'a> {
    #[serde(borrow, default)]
    items: Vec<Item<'a>>,
}

#[derive(Debug, Deserialize)]
struct Item<'a> {
    #[serde(borrow)]
    field: Option<Cow<'a, str>>,
    #[serde(borrow)]
    from: Option<Cow<'a, str>>,
    #[serde(borrow)]
    to: Option<Cow<'a, str>>,
}

/// Whether an object, or as much of it as is there, is a ticket.
pub(super) fn is_ticket(object: &[u8]) -> bool {
    if !elements::may_name(object, &["fields"]) {
        return false;
    }
    let text = String::from_utf8_lossy(object);
    match borrow_last_wins::<Ticket<'_>>(&text, &mut String::new()) {
        Ok(ticket) => ticket.key.is_some() && ticket.fields.is_some_and(|fields| fields.created.is_some()),
        // Longer than what recognition sees.
        Err(error) => {
            error.is_eof() && elements::has_own_name(object, &["fields"]) && text.contains("\"statusCategory\"")
        }
    }
}

/// Puts a ticket into the sink, or rejects it.
pub(super) fn take(element: Element<'_>, sink: &mut dyn Sink) {
    let at = element.at;
    let mut single = String::new();
    let ticket: Ticket<'_> = match borrow_last_wins(element.text, &mut single) {
        Ok(ticket) => ticket,
        Err(error) => return sink.reject(at, reject_reason(&error), &safe_detail(&error)),
    };
    let (Some(key), Some(fields)) = (&ticket.key, &ticket.fields) else {
        return sink.reject(at, Reason::UnknownKind, "no ticket: it has no key or no fields");
    };
    let mut moment = |text: &Option<Cow<'_, str>>, field: &str| {
        let text = text.as_deref()?;
        parse_rfc3339(text).map_err(|reason| sink.reject(at, reason, field)).ok().map(|moment| moment.us)
    };
    let created = moment(&fields.created, "created");
    let resolved = moment(&fields.resolutiondate, "resolutiondate");
    let updated = moment(&fields.updated, "updated");
    let moved = moment(&fields.statuscategorychangedate, "statuscategorychangedate");
    let status = status(&ticket, fields);
    // Workflows that set no resolution have no date of it: then it was done when its status last went to another category, or was last touched.
    let Some(ts_us) = resolved.or(moved).or(updated).or(created) else {
        return sink.reject(at, Reason::MissingField, "created");
    };
    let mut outcome = Outcome::new(ts_us, key.as_ref(), OutcomeKind::Ticket, status);
    outcome.version = updated.map_or(0, |us| us / 1_000_000);
    outcome.actor_id = fields.assignee.as_ref().and_then(|person| {
        let names = [&person.email, &person.account, &person.name];
        names.into_iter().flatten().find(|name| !name.trim().is_empty()).map(|name| name.clone().into_owned())
    });
    let links = fields.issuelinks.iter().flatten().flat_map(|link| [&link.inward, &link.outward]).flatten();
    for linked in fields.parent.iter().chain(links) {
        outcome.refs.extend(linked.key.clone().map(Cow::into_owned));
    }
    outcome.refs.dedup();
    sink.outcome(at, outcome);
}

/// Done is what the category of the status says; the resolution says whether anything came of it. What was resolved once and is not done now has been
/// taken back.
fn status(ticket: &Ticket<'_>, fields: &Fields<'_>) -> OutcomeStatus {
    let lower = |text: &Option<Cow<'_, str>>| text.as_deref().map(|text| text.trim().to_lowercase());
    let resolution = fields.resolution.as_ref().and_then(|resolution| lower(&resolution.name));
    let category = fields.status.as_ref().and_then(|status| status.category.as_ref()?.key.as_deref());
    let name = fields.status.as_ref().and_then(|status| lower(&status.name));
    let is_done = match category {
        Some(category) => category == "done",
        None => resolution.is_some(),
    };
    if is_done {
        let given_up = resolution.is_some_and(|resolution| GIVEN_UP.contains(&resolution.as_str()));
        return if given_up { OutcomeStatus::Abandoned } else { OutcomeStatus::Landed };
    }
    let unresolved = |item: &Item<'_>| {
        item.field.as_deref() == Some("resolution")
            && item.from.is_some()
            && item.to.as_deref().is_none_or(str::is_empty)
    };
    let histories = ticket.changelog.iter().flat_map(|changelog| &changelog.histories);
    let was_done = histories.flat_map(|change| &change.items).any(unresolved);
    if was_done || name.as_deref() == Some("reopened") { OutcomeStatus::Reverted } else { OutcomeStatus::Open }
}
