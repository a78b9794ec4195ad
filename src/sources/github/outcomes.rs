//! From a record to outcomes: what it is called, whose it is, what became of it, and what it names.

use super::records::{Account, Id, Page, Record, Review, Shape};
use crate::events::{Outcome, OutcomeKind, OutcomeStatus};
use crate::sources::elements::Element;
use crate::sources::json::{Count, borrow_last_wins, parse_rfc3339, reject_reason, safe_detail};
use crate::sources::{Position, Reason, Sink, references};
use rustc_hash::FxHashMap;
use std::borrow::Cow;

/// The deployments of a file. A status does not say which commit it is of; its deployment does, which may stand behind it.
#[derive(Default)]
pub(super) struct Deployments {
    /// Commit and creator by outcome id.
    known: FxHashMap<String, (Option<String>, Option<String>)>,
    /// Statuses whose deployment did not come yet.
    waiting: Vec<(Position, Outcome)>,
}

impl Deployments {
    /// Puts the statuses that waited into the sink; those of a deployment that is not in the file name no commit.
    pub(super) fn finish(mut self, sink: &mut dyn Sink) {
        for (at, mut status) in std::mem::take(&mut self.waiting) {
            self.complete(&mut status);
            sink.outcome(at, status);
        }
    }

    /// Gives a status the commit and the creator of its deployment. False where that is not known.
    fn complete(&self, status: &mut Outcome) -> bool {
        let Some((sha, creator)) = self.known.get(&status.outcome_id) else { return false };
        status.refs = sha.clone().into_iter().collect();
        status.actor_id = creator.clone().or(status.actor_id.take());
        true
    }
}

/// Puts what an object says into the sink, or rejects it.
pub(super) fn take(element: Element<'_>, deployments: &mut Deployments, sink: &mut dyn Sink) {
    let mut single = String::new();
    let record: Record<'_> = match borrow_last_wins(element.text, &mut single) {
        Ok(record) => record,
        Err(error) => return sink.reject(element.at, reject_reason(&error), &safe_detail(&error)),
    };
    let mut reading = Reading { at: element.at, sink };
    match record.shape() {
        Shape::PullRequest => reading.pull_request(&record),
        Shape::Issue => reading.issue(&record),
        Shape::Review => reading.review(&record),
        Shape::Deployment => reading.deployment(&record, deployments),
        Shape::DeploymentStatus => reading.deployment_status(&record, deployments),
        Shape::PullRequestAsIssue => reading.sink.ignore("pull_request_as_issue"),
        Shape::ReviewComment => reading.sink.ignore("review_comment"),
        Shape::Unknown => reading.reject(Reason::UnknownKind, "no record of GitHub that counts"),
    }
}

/// One record being read.
struct Reading<'s> {
    at: Position,
    sink: &'s mut dyn Sink,
}

impl Reading<'_> {
    fn reject(&mut self, reason: Reason, detail: &str) {
        self.sink.reject(self.at, reason, detail);
    }

    /// A moment; one that cannot be read is rejected by itself.
    fn moment(&mut self, text: Option<&str>, field: &str) -> Option<i64> {
        match parse_rfc3339(text.filter(|text| !text.is_empty())?) {
            Ok(moment) => Some(moment.us),
            Err(reason) => {
                self.reject(reason, field);
                None
            }
        }
    }

    /// The page and number of a pull request or issue; without an address it could be anybody's.
    fn place(&mut self, record: &Record<'_>) -> Option<(Page, i64)> {
        let Some(page) = record.place() else {
            self.reject(Reason::MissingField, "url");
            return None;
        };
        let Some(number) = page.number.or(record.number.get("number", self.at, self.sink)) else {
            self.reject(Reason::MissingField, "number");
            return None;
        };
        Some((page, number))
    }

    fn pull_request(&mut self, record: &Record<'_>) {
        let Some((page, number)) = self.place(record) else { return };
        let created = self.moment(record.created_at.as_deref(), "createdAt");
        let merged = self.moment(record.merged_at.as_deref(), "mergedAt");
        let closed = self.moment(record.closed_at.as_deref(), "closedAt");
        let updated = self.moment(record.updated_at.as_deref(), "updatedAt");
        let state = record.state.as_deref().unwrap_or("").to_ascii_lowercase();
        let status = match state.as_str() {
            _ if merged.is_some() => OutcomeStatus::Landed,
            "merged" => OutcomeStatus::Landed,
            "closed" => OutcomeStatus::Abandoned,
            "open" => OutcomeStatus::Open,
            _ if closed.is_some() => OutcomeStatus::Abandoned,
            "" => OutcomeStatus::Open,
            _ => return self.reject(Reason::BadValue, "state"),
        };
        let ended = if status == OutcomeStatus::Open { None } else { merged.or(closed) };
        let Some(ts_us) = ended.or(created) else {
            return self.reject(Reason::MissingField, "createdAt");
        };
        let id = format!("{}#{number}", page.repository);
        let mut outcome = Outcome::new(ts_us, id.as_str(), OutcomeKind::PullRequest, status);
        let newest = [updated, created, merged, closed].into_iter().flatten().max();
        outcome.version = newest.map_or(0, |us| us / 1_000_000);
        outcome.actor_id = account(record.author.as_ref());
        outcome.repo = Some(page.remote.clone());
        let head = record.head_ref_name.as_deref().or(record.head.as_ref().and_then(|head| head.r#ref.as_deref()));
        outcome.branch = head.filter(|head| !head.is_empty()).map(str::to_owned);
        outcome.lines_added = record.additions.get("additions", self.at, self.sink);
        outcome.lines_deleted = record.deletions.get("deletions", self.at, self.sink);
        let files = record.files.iter().flatten();
        outcome.paths = files.filter_map(|file| file.path.clone().map(Cow::into_owned)).collect();
        outcome.refs = named(record, &page, head, status);
        outcome.refs.retain(|reference| *reference != id);
        let author = outcome.actor_id.clone();
        self.sink.outcome(self.at, outcome);
        for review in record.reviews.iter().flatten() {
            self.review_within(review, &id, &page, author.as_deref());
        }
    }

    /// A review as `gh` lists it below its pull request.
    fn review_within(&mut self, review: &Review<'_>, request: &str, page: &Page, author: Option<&str>) {
        let reviewer = account(review.author.as_ref())
            .map(|login| if REVIEWING_APPS.contains(&login.as_str()) { as_app(&login) } else { login });
        if reviewer.is_some() && reviewer.as_deref() == author {
            return self.sink.ignore("review_of_own_change");
        }
        let commit = review.commit.as_ref().and_then(|commit| commit.oid.as_deref());
        let id = review.id.as_ref().map(spelled);
        self.put_review(id, request, page, reviewer, review.state.as_deref(), review.submitted_at.as_deref(), commit);
    }

    /// A review as REST lists it. Whose the change is, it does not say: `int_counted_outcomes` knows.
    fn review(&mut self, record: &Record<'_>) {
        let page = record.pull_request_url.as_deref().and_then(Page::of);
        let Some((page, number)) = page.and_then(|page| page.number.map(|number| (page, number))) else {
            return self.reject(Reason::BadValue, "pull_request_url");
        };
        let request = format!("{}#{number}", page.repository);
        // The id that `gh` has is called node_id here.
        let id = record.node_id.as_deref().map(str::to_owned).or(record.id.as_ref().map(spelled));
        let reviewer = account(record.author.as_ref());
        let submitted = record.submitted_at.as_deref();
        self.put_review(id, &request, &page, reviewer, record.state.as_deref(), submitted, record.commit_id.as_deref());
    }

    #[expect(clippy::too_many_arguments, reason = "the two spellings of a review meet here, field by field")]
    fn put_review(
        &mut self,
        id: Option<String>,
        request: &str,
        page: &Page,
        reviewer: Option<String>,
        state: Option<&str>,
        submitted: Option<&str>,
        commit: Option<&str>,
    ) {
        let Some(id) = id else { return self.reject(Reason::MissingField, "reviews.id") };
        let status = match state.unwrap_or("").to_ascii_uppercase().as_str() {
            // Not submitted: a draft that nobody but its author sees.
            "PENDING" => return self.sink.ignore("pending_review"),
            "APPROVED" | "CHANGES_REQUESTED" | "COMMENTED" => OutcomeStatus::Landed,
            "DISMISSED" => OutcomeStatus::Reverted,
            _ => return self.reject(Reason::BadValue, "reviews.state"),
        };
        let Some(ts_us) = self.moment(submitted, "reviews.submittedAt") else {
            if submitted.is_none() {
                self.reject(Reason::MissingField, "reviews.submittedAt");
            }
            return;
        };
        let mut outcome = Outcome::new(ts_us, format!("{request}/{id}"), OutcomeKind::Review, status);
        outcome.actor_id = reviewer;
        outcome.repo = Some(page.remote.clone());
        outcome.refs = std::iter::once(request.to_owned()).chain(commit.map(str::to_owned)).collect();
        self.sink.outcome(self.at, outcome);
    }

    fn issue(&mut self, record: &Record<'_>) {
        let Some((page, number)) = self.place(record) else { return };
        let created = self.moment(record.created_at.as_deref(), "createdAt");
        let closed = self.moment(record.closed_at.as_deref(), "closedAt");
        let updated = self.moment(record.updated_at.as_deref(), "updatedAt");
        let state = record.state.as_deref().unwrap_or("").to_ascii_lowercase();
        let reason = record.state_reason.as_deref().unwrap_or("").to_ascii_lowercase();
        let status = match (state.as_str(), reason.as_str()) {
            ("closed", "not_planned" | "duplicate") => OutcomeStatus::Abandoned,
            ("closed", _) => OutcomeStatus::Landed,
            ("open", "reopened") => OutcomeStatus::Reverted,
            ("open", _) => OutcomeStatus::Open,
            _ => return self.reject(Reason::BadValue, "state"),
        };
        let ended = match status {
            OutcomeStatus::Open => None,
            OutcomeStatus::Reverted => updated,
            OutcomeStatus::Landed | OutcomeStatus::Abandoned => closed.or(updated),
        };
        let Some(ts_us) = ended.or(created) else {
            return self.reject(Reason::MissingField, "createdAt");
        };
        let id = format!("{}#{number}", page.repository);
        let mut outcome = Outcome::new(ts_us, id.as_str(), OutcomeKind::Ticket, status);
        let newest = [updated, created, closed].into_iter().flatten().max();
        outcome.version = newest.map_or(0, |us| us / 1_000_000);
        // Whoever opened an issue may only have reported it.
        let assignee = record.assignees.iter().flatten().next();
        outcome.actor_id = account(assignee).or_else(|| account(record.closed_by.as_ref()));
        let title = record.title.as_deref().unwrap_or("");
        outcome.refs = in_title(title, &page);
        outcome.refs.retain(|reference| *reference != id);
        outcome.repo = Some(page.remote);
        self.sink.outcome(self.at, outcome);
    }

    fn deployment(&mut self, record: &Record<'_>, deployments: &mut Deployments) {
        let page = record.place();
        let (Some(page), Some(id)) = (page, record.id.as_ref().map(spelled)) else {
            return self.reject(Reason::MissingField, "url or id");
        };
        let Some(created) = self.moment(record.created_at.as_deref(), "created_at") else {
            return self.reject(Reason::MissingField, "created_at");
        };
        // What became of it its statuses say; the view of the latest of them replaces this one.
        let mut outcome =
            Outcome::new(created, deployment_id(&page, &id), OutcomeKind::Deployment, OutcomeStatus::Open);
        outcome.version = created / 1_000_000;
        outcome.repo = Some(page.remote);
        let said = (record.sha.clone().map(Cow::into_owned), account(record.author.as_ref()));
        deployments.known.insert(outcome.outcome_id.clone(), said);
        deployments.complete(&mut outcome);
        self.sink.outcome(self.at, outcome);
    }

    fn deployment_status(&mut self, record: &Record<'_>, deployments: &mut Deployments) {
        let url = record.deployment_url.as_deref().unwrap_or("");
        let id = url.trim_end_matches('/').rsplit('/').next().filter(|id| !id.is_empty());
        let (Some(page), Some(id)) = (Page::of(url), id) else {
            return self.reject(Reason::BadValue, "deployment_url");
        };
        let status = match record.state.as_deref().unwrap_or("") {
            // What a later deployment makes of one that was out: it says nothing of what became of that one, and has a date of its own.
            "inactive" => return self.sink.ignore("inactive_deployment"),
            "success" => OutcomeStatus::Landed,
            "failure" | "error" => OutcomeStatus::Abandoned,
            "pending" | "queued" | "in_progress" | "waiting" => OutcomeStatus::Open,
            _ => return self.reject(Reason::BadValue, "state"),
        };
        let Some(created) = self.moment(record.created_at.as_deref(), "created_at") else {
            return self.reject(Reason::MissingField, "created_at");
        };
        let mut outcome = Outcome::new(created, deployment_id(&page, id), OutcomeKind::Deployment, status);
        outcome.version = created / 1_000_000;
        outcome.actor_id = account(record.author.as_ref());
        outcome.repo = Some(page.remote);
        match deployments.complete(&mut outcome) {
            true => self.sink.outcome(self.at, outcome),
            false => deployments.waiting.push((self.at, outcome)),
        }
    }
}

fn deployment_id(page: &Page, id: &str) -> String {
    format!("{}/deployments/{id}", page.repository)
}

fn spelled(id: &Id<'_>) -> String {
    match id {
        Id::Number(number) => number.to_string(),
        Id::Text(text) => text.clone().into_owned(),
    }
}

/// Apps that review, by the name that `gh` gives them below `reviews`, where it says of nobody whether they are an app.
const REVIEWING_APPS: &[&str] = &[
    "coderabbitai",
    "copilot-pull-request-reviewer",
    "cursor",
    "gemini-code-assist",
    "github-actions",
    "kilo-code-bot",
];

/// The login. `gh` calls an app `app/dependabot`, REST `dependabot[bot]` or, of its own apps, by a name and the type `Bot`.
fn account(account: Option<&Account<'_>>) -> Option<String> {
    let account = account?;
    let login = account.login.as_deref().filter(|login| !login.is_empty())?;
    let app = login.strip_prefix("app/");
    let is_app = app.is_some() || account.is_bot == Some(true) || account.kind.as_deref() == Some("Bot");
    Some(if is_app { as_app(app.unwrap_or(login)) } else { login.to_owned() })
}

fn as_app(name: &str) -> String {
    if name.ends_with("[bot]") { name.to_owned() } else { format!("{name}[bot]") }
}

fn in_title(title: &str, page: &Page) -> Vec<String> {
    references::in_text(title, &['#'])
        .into_iter()
        .map(|reference| references::qualified(&reference, &page.repository))
        .collect()
}

/// What a pull request names: its commits, the issues that it closes, the tickets of its title and branch, and what the revert button takes back.
fn named(record: &Record<'_>, page: &Page, head: Option<&str>, status: OutcomeStatus) -> Vec<String> {
    let mut refs: Vec<String> = Vec::new();
    let mut name = |reference: Option<String>| {
        if let Some(reference) = reference.filter(|reference| !reference.is_empty())
            && !refs.contains(&reference)
        {
            refs.push(reference);
        }
    };
    let text = |text: Option<&Cow<'_, str>>| text.map(|text| text.clone().into_owned());
    name(text(record.merge_commit.as_ref().and_then(|commit| commit.oid.as_ref())));
    // Of an open request REST names the commit of a trial merge, which is on no branch.
    if status == OutcomeStatus::Landed {
        name(text(record.merge_commit_sha.as_ref()));
    }
    for commit in record.commits.iter().flat_map(|commits| commits.list()) {
        name(text(commit.oid.as_ref()));
    }
    name(text(record.head_ref_oid.as_ref()));
    name(text(record.head.as_ref().and_then(|head| head.sha.as_ref())));
    for closed in record.closing_issues.iter().flatten() {
        let page = closed.url.as_deref().and_then(Page::of);
        let repository = page.map_or_else(|| record.place().map(|page| page.repository), |page| Some(page.repository));
        if let (Some(repository), Count::Value(number)) = (repository, closed.number) {
            name(Some(format!("{repository}#{number}")));
        }
    }
    // The branch that GitHub's revert button makes: `revert-12-fix/cart`. The title quotes that of the request which it takes back, with its references.
    let taken_back = head.and_then(|head| head.strip_prefix("revert-")?.split('-').next()?.parse::<i64>().ok());
    if let Some(number) = taken_back {
        name(Some(format!("{}#{number}", page.repository)));
        return refs;
    }
    for reference in in_title(record.title.as_deref().unwrap_or(""), page) {
        name(Some(reference));
    }
    name(head.and_then(references::in_branch));
    refs
}
