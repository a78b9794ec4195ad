//! Records of GitHub in both spellings: `gh --json` (camel case) and REST (snake case). One struct reads both, since a file may hold any of them.

use crate::sources::elements;
use crate::sources::json::{Count, borrow_last_wins};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::borrow::Cow;

/// A text, borrowed where it has no escapes.
pub(super) type Text<'a> = Option<Cow<'a, str>>;

/// What is read of a record, whatever it is. Bodies are not; of titles only the references in them are kept.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Record<'a> {
    pub(super) number: Count,
    pub(super) id: Option<Id<'a>>,
    #[serde(borrow)]
    pub(super) node_id: Text<'a>,
    #[serde(borrow)]
    pub(super) title: Text<'a>,
    #[serde(borrow)]
    pub(super) url: Text<'a>,
    #[serde(borrow)]
    pub(super) html_url: Text<'a>,
    #[serde(borrow)]
    pub(super) state: Text<'a>,
    #[serde(borrow, alias = "stateReason")]
    pub(super) state_reason: Text<'a>,
    #[serde(borrow, alias = "user", alias = "creator")]
    pub(super) author: Option<Account<'a>>,
    #[serde(borrow)]
    pub(super) assignees: Option<Vec<Account<'a>>>,
    #[serde(borrow)]
    pub(super) closed_by: Option<Account<'a>>,
    #[serde(borrow, alias = "createdAt")]
    pub(super) created_at: Text<'a>,
    #[serde(borrow, alias = "updatedAt")]
    pub(super) updated_at: Text<'a>,
    #[serde(borrow, alias = "closedAt")]
    pub(super) closed_at: Text<'a>,
    #[serde(borrow, alias = "mergedAt")]
    pub(super) merged_at: Text<'a>,
    #[serde(borrow, alias = "submittedAt")]
    pub(super) submitted_at: Text<'a>,
    #[serde(borrow, rename = "mergeCommit")]
    pub(super) merge_commit: Option<Commit<'a>>,
    #[serde(borrow)]
    pub(super) merge_commit_sha: Text<'a>,
    #[serde(borrow, rename = "headRefName")]
    pub(super) head_ref_name: Text<'a>,
    #[serde(borrow, rename = "headRefOid")]
    pub(super) head_ref_oid: Text<'a>,
    #[serde(borrow)]
    pub(super) head: Option<Head<'a>>,
    pub(super) additions: Count,
    pub(super) deletions: Count,
    #[serde(borrow)]
    pub(super) files: Option<Vec<ChangedFile<'a>>>,
    /// A list in `gh`, a number in REST.
    #[serde(borrow)]
    pub(super) commits: Option<ListOrCount<Commit<'a>>>,
    #[serde(borrow)]
    pub(super) reviews: Option<Vec<Review<'a>>>,
    #[serde(borrow, rename = "closingIssuesReferences")]
    pub(super) closing_issues: Option<Vec<Closed<'a>>>,
    /// There in an issue of REST that is a pull request.
    pub(super) pull_request: Option<IgnoredAny>,
    #[serde(borrow)]
    pub(super) pull_request_url: Text<'a>,
    #[serde(borrow)]
    pub(super) commit_id: Text<'a>,
    /// There in a comment on a line of a pull request, which is no review.
    pub(super) diff_hunk: Option<IgnoredAny>,
    #[serde(borrow)]
    pub(super) deployment_url: Text<'a>,
    #[serde(borrow)]
    pub(super) environment: Text<'a>,
    #[serde(borrow)]
    pub(super) sha: Text<'a>,
}

/// A number in REST, a text in `gh`.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Id<'a> {
    Number(i64),
    #[serde(borrow)]
    Text(Cow<'a, str>),
}

/// The things themselves, or only how many there are.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum ListOrCount<T> {
    List(Vec<T>),
    Count(#[expect(dead_code, reason = "told from a list by its type alone")] u64),
}

impl<T> ListOrCount<T> {
    pub(super) fn list(&self) -> &[T] {
        match self {
            ListOrCount::List(items) => items,
            ListOrCount::Count(_) => &[],
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Account<'a> {
    #[serde(borrow)]
    pub(super) login: Text<'a>,
    /// `Bot` in REST where it is an app.
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'a>,
    /// Of `gh`, but not below `reviews`.
    pub(super) is_bot: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Commit<'a> {
    #[serde(borrow)]
    pub(super) oid: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Head<'a> {
    #[serde(borrow)]
    pub(super) r#ref: Text<'a>,
    #[serde(borrow)]
    pub(super) sha: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ChangedFile<'a> {
    #[serde(borrow)]
    pub(super) path: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Closed<'a> {
    pub(super) number: Count,
    #[serde(borrow)]
    pub(super) url: Text<'a>,
}

/// A review within a pull request of `gh`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Review<'a> {
    pub(super) id: Option<Id<'a>>,
    #[serde(borrow)]
    pub(super) author: Option<Account<'a>>,
    #[serde(borrow)]
    pub(super) state: Text<'a>,
    #[serde(borrow, rename = "submittedAt")]
    pub(super) submitted_at: Text<'a>,
    #[serde(borrow)]
    pub(super) commit: Option<Commit<'a>>,
}

/// What a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    PullRequest,
    /// An issue of REST that is a pull request, which the list of pull requests tells better.
    PullRequestAsIssue,
    Issue,
    Review,
    ReviewComment,
    Deployment,
    DeploymentStatus,
    Unknown,
}

impl Record<'_> {
    /// What the record is, by the fields that only one of them has.
    pub(super) fn shape(&self) -> Shape {
        let is_numbered = self.number != Count::Absent;
        let place = self.place();
        if self.pull_request_url.is_some() {
            return if self.diff_hunk.is_some() { Shape::ReviewComment } else { Shape::Review };
        }
        if self.deployment_url.is_some() {
            return Shape::DeploymentStatus;
        }
        if self.environment.is_some() && self.sha.is_some() {
            return Shape::Deployment;
        }
        match place.map(|place| place.kind) {
            _ if !is_numbered => Shape::Unknown,
            _ if self.pull_request.is_some() => Shape::PullRequestAsIssue,
            Some(PageKind::PullRequest) => Shape::PullRequest,
            Some(PageKind::Issue) => Shape::Issue,
            // A list that was made without `url` says what it is and not where.
            _ if self.head_ref_name.is_some() || self.head.is_some() => Shape::PullRequest,
            _ if self.state_reason.is_some() => Shape::Issue,
            _ => Shape::Unknown,
        }
    }

    /// The page of the record, from either address.
    pub(super) fn place(&self) -> Option<Page> {
        [&self.html_url, &self.url].into_iter().find_map(|url| Page::of(url.as_deref()?))
    }
}

/// What a page is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PageKind {
    PullRequest,
    Issue,
    Other,
}

/// Where a record lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Page {
    /// `https://github.com/owner/name`.
    pub(super) remote: String,
    /// `owner/name`.
    pub(super) repository: String,
    pub(super) kind: PageKind,
    /// What stands behind the kind: the number.
    pub(super) number: Option<i64>,
}

impl Page {
    /// Reads the address of a page or of the API: `https://github.com/o/r/pull/7`, `https://api.github.com/repos/o/r/pulls/7`,
    /// `https://ghe.example/api/v3/repos/o/r/pulls/7`.
    pub(super) fn of(url: &str) -> Option<Self> {
        let (_, rest) = url.split_once("://")?;
        let (authority, path) = rest.split_once('/')?;
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let host = if host == "api.github.com" { "github.com" } else { host };
        let path = path.strip_prefix("api/v3/").unwrap_or(path);
        let mut parts = path.strip_prefix("repos/").unwrap_or(path).split(['/', '?', '#']);
        let (owner, name) = (parts.next()?, parts.next()?);
        if owner.is_empty() || name.is_empty() {
            return None;
        }
        let kind = match parts.next() {
            Some("pull" | "pulls") => PageKind::PullRequest,
            Some("issues") => PageKind::Issue,
            _ => PageKind::Other,
        };
        Some(Self {
            remote: format!("https://{host}/{owner}/{name}"),
            repository: format!("{owner}/{name}"),
            kind,
            number: parts.next().and_then(|number| number.parse().ok()),
        })
    }
}

/// Whether an object, or as much of it as recognition sees, is a record of GitHub.
pub(super) fn is_record(object: &[u8]) -> bool {
    /// Names that tell a record of which the end was not seen.
    const OWN: &[&str] =
        &["headRefName", "isDraft", "closingIssuesReferences", "patch_url", "pull_request_url", "merge_commit_sha"];
    /// Without any of these a whole record has no [`Shape`].
    const NEEDED: &[&str] = &["number", "pull_request_url", "deployment_url", "environment"];
    if !elements::may_name(object, NEEDED) && !elements::may_name(object, OWN) {
        return false;
    }
    let text = String::from_utf8_lossy(object);
    match borrow_last_wins::<Record<'_>>(&text, &mut String::new()) {
        Ok(record) => record.shape() != Shape::Unknown,
        // Longer than what recognition sees.
        Err(error) => error.is_eof() && elements::has_own_name(object, OWN),
    }
}

/// What an object is, in words.
pub(super) fn shape_of(object: &[u8]) -> &'static str {
    let text = String::from_utf8_lossy(object);
    match borrow_last_wins::<Record<'_>>(&text, &mut String::new()).map(|record| record.shape()) {
        Ok(Shape::PullRequest | Shape::PullRequestAsIssue) | Err(_) => "pull request",
        Ok(Shape::Issue) => "issue",
        Ok(Shape::Review) => "review",
        Ok(Shape::ReviewComment) => "comment of a review",
        Ok(Shape::Deployment) => "deployment",
        Ok(Shape::DeploymentStatus) => "status of a deployment",
        Ok(Shape::Unknown) => "record that GitHub does not have",
    }
}
