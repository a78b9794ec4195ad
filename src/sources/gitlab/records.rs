//! A merge request or issue (`formats.md` 10.3) and the outcome that it is.

use crate::events::{Outcome, OutcomeKind, OutcomeStatus};
use crate::sources::elements::{self, Element};
use crate::sources::json::{Count, borrow_last_wins, parse_rfc3339, reject_reason, safe_detail};
use crate::sources::{Reason, Sink, references};
use serde::Deserialize;
use std::borrow::Cow;

type Text<'a> = Option<Cow<'a, str>>;

/// What is read of a record. Title and description are looked through for references and dropped.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Record<'a> {
    iid: Count,
    #[serde(borrow)]
    title: Text<'a>,
    #[serde(borrow)]
    description: Text<'a>,
    #[serde(borrow)]
    state: Text<'a>,
    #[serde(borrow)]
    web_url: Text<'a>,
    #[serde(borrow)]
    references: Option<References<'a>>,
    #[serde(borrow)]
    author: Option<Account<'a>>,
    #[serde(borrow)]
    assignees: Option<Vec<Account<'a>>>,
    #[serde(borrow)]
    closed_by: Option<Account<'a>>,
    #[serde(borrow)]
    created_at: Text<'a>,
    #[serde(borrow)]
    updated_at: Text<'a>,
    #[serde(borrow)]
    merged_at: Text<'a>,
    #[serde(borrow)]
    closed_at: Text<'a>,
    #[serde(borrow)]
    source_branch: Text<'a>,
    #[serde(borrow)]
    sha: Text<'a>,
    #[serde(borrow)]
    merge_commit_sha: Text<'a>,
    #[serde(borrow)]
    squash_commit_sha: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct References<'a> {
    #[serde(borrow)]
    full: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Account<'a> {
    #[serde(borrow)]
    username: Text<'a>,
}

/// Where a record lives: `https://host/group/project` and `group/project`, and whether it is a merge request.
#[derive(Debug, PartialEq, Eq)]
struct Page {
    remote: String,
    project: String,
    is_request: bool,
}

/// Reads `https://host/group/sub/project/-/merge_requests/7`; old servers have no `/-`.
fn page(url: &str) -> Option<Page> {
    let (scheme, rest) = url.split_once("://")?;
    let (host, path) = rest.split_once('/')?;
    let (kind, is_request) = [("/merge_requests/", true), ("/issues/", false), ("/work_items/", false)]
        .into_iter()
        .find(|(kind, _)| path.contains(kind))?;
    let project = path.split_once(kind)?.0;
    let project = project.strip_suffix("/-").unwrap_or(project);
    (project.contains('/')).then(|| Page {
        remote: format!("{scheme}://{host}/{project}"),
        project: project.to_owned(),
        is_request,
    })
}

/// Whether an object, or as much of it as recognition sees, is a record of GitLab.
pub(super) fn is_record(object: &[u8]) -> bool {
    if !elements::may_name(object, &["iid"]) {
        return false;
    }
    let text = String::from_utf8_lossy(object);
    match borrow_last_wins::<Record<'_>>(&text, &mut String::new()) {
        Ok(record) => record.iid != Count::Absent && record.web_url.as_deref().and_then(page).is_some(),
        // Longer than what recognition sees.
        Err(error) => error.is_eof() && elements::has_own_name(object, &["iid"]),
    }
}

/// Puts a record into the sink, or rejects it.
pub(super) fn take(element: Element<'_>, sink: &mut dyn Sink) {
    let at = element.at;
    let mut single = String::new();
    let record: Record<'_> = match borrow_last_wins(element.text, &mut single) {
        Ok(record) => record,
        Err(error) => return sink.reject(at, reject_reason(&error), &safe_detail(&error)),
    };
    let Some(number) = record.iid.get("iid", at, sink) else {
        return sink.reject(at, Reason::UnknownKind, "no record of GitLab that counts: it has no iid");
    };
    let Some(page) = record.web_url.as_deref().and_then(page) else {
        return sink.reject(at, Reason::MissingField, "web_url");
    };
    let mut moment = |text: &Text<'_>, field: &str| {
        let text = text.as_deref()?;
        parse_rfc3339(text).map_err(|reason| sink.reject(at, reason, field)).ok().map(|moment| moment.us)
    };
    let created = moment(&record.created_at, "created_at");
    let merged = moment(&record.merged_at, "merged_at");
    let closed = moment(&record.closed_at, "closed_at");
    let updated = moment(&record.updated_at, "updated_at");
    let (status, ended) = match (record.state.as_deref().unwrap_or(""), page.is_request) {
        ("merged", true) => (OutcomeStatus::Landed, merged.or(updated)),
        ("closed", true) => (OutcomeStatus::Abandoned, closed.or(updated)),
        // Locked while it is being merged.
        ("opened" | "locked", true) | ("opened", false) => (OutcomeStatus::Open, None),
        ("closed", false) => (OutcomeStatus::Landed, closed.or(updated)),
        _ => return sink.reject(at, Reason::BadValue, "state"),
    };
    let Some(ts_us) = ended.or(created) else {
        return sink.reject(at, Reason::MissingField, "created_at");
    };
    let (mark, kind) = if page.is_request { ('!', OutcomeKind::PullRequest) } else { ('#', OutcomeKind::Ticket) };
    let full = record.references.as_ref().and_then(|references| references.full.as_deref());
    // A moved project keeps its records' full names up to date, and its addresses too; the name is shorter to trust.
    let id = full
        .filter(|full| full.contains(mark))
        .map_or_else(|| format!("{}{mark}{number}", page.project), str::to_owned);
    let mut outcome = Outcome::new(ts_us, id.as_str(), kind, status);
    let newest = [updated, created, merged, closed].into_iter().flatten().max();
    outcome.version = newest.map_or(0, |us| us / 1_000_000);
    let account = |account: Option<&Account<'_>>| account?.username.clone().map(Cow::into_owned);
    outcome.actor_id = if page.is_request {
        account(record.author.as_ref())
    } else {
        // Whoever opened an issue may only have reported it.
        account(record.assignees.iter().flatten().next()).or_else(|| account(record.closed_by.as_ref()))
    };
    outcome.refs = named(&record, &page, status);
    outcome.refs.retain(|reference| *reference != id);
    outcome.branch = record.source_branch.map(Cow::into_owned);
    outcome.repo = Some(page.remote);
    sink.outcome(at, outcome);
}

/// What a record names: the commits that it put on the default branch, and the issues, requests and tickets of its title, description and branch.
fn named(record: &Record<'_>, page: &Page, status: OutcomeStatus) -> Vec<String> {
    let mut refs: Vec<String> = Vec::new();
    if status == OutcomeStatus::Landed {
        for commit in [&record.merge_commit_sha, &record.squash_commit_sha].into_iter().flatten() {
            refs.push(commit.clone().into_owned());
        }
    }
    refs.extend(record.sha.clone().map(Cow::into_owned));
    if let Some(request) = taken_back(record) {
        refs.push(references::qualified(&request, &page.project));
    } else {
        let texts = [record.title.as_deref(), record.description.as_deref()];
        for text in texts.into_iter().flatten() {
            let found = references::in_text(text, &['#', '!']);
            refs.extend(found.iter().map(|reference| references::qualified(reference, &page.project)));
        }
        refs.extend(record.source_branch.as_deref().and_then(references::in_branch));
    }
    let mut seen = rustc_hash::FxHashSet::default();
    refs.retain(|reference| !reference.is_empty() && seen.insert(reference.clone()));
    refs
}

/// The request that GitLab's revert button takes back: the branch is `revert-SHA` and the description says which. The title quotes that of the request,
/// with its references, and somebody may have written more below: none of these is taken back.
fn taken_back(record: &Record<'_>) -> Option<String> {
    record.source_branch.as_deref().filter(|branch| branch.starts_with("revert-"))?;
    let (_, request) = record.description.as_deref()?.split_once("This reverts merge request ")?;
    let found = references::in_text(request.split_whitespace().next()?, &['#', '!']);
    found.into_iter().find(|reference| reference.contains('!'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_old_and_new_servers_name_project_and_kind() {
        let found = page("https://gitlab.example.test/shop/web/cart/-/merge_requests/7").unwrap();
        assert_eq!(
            (found.remote.as_str(), found.project.as_str(), found.is_request),
            ("https://gitlab.example.test/shop/web/cart", "shop/web/cart", true)
        );
        assert!(!page("https://gitlab.example.test/shop/cart/issues/7").unwrap().is_request);
        for stranger in
            ["https://github.com/acme/shop/pull/7", "https://gitlab.example.test/merge_requests/7", "cart!7"]
        {
            assert_eq!(page(stranger), None, "{stranger}");
        }
    }
}
