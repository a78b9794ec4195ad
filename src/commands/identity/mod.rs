//! Whose a log is: `[[identity]]` rules, then the roster, then what the log says, then nobody.
//!
//! Owns the decision over one id, how sure it is, and what contradicts itself. A rule decides only what it can: what stays unknown or is claimed by
//! two is `(unassigned)`, listed with the reason and never guessed. The rules in words are docs/identities.md.

mod forms;
mod links;

pub use forms::Form;
pub use links::{IdentityLink, Links, Roster};

use crate::config::IdentityRule;
use crate::events::RosterEntry;
use forms::{Reduced, exact, reduced};
use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};

/// The actor of logs that nobody is known to own, and the team of people on no roster.
pub const UNASSIGNED: &str = "(unassigned)";

/// How an id was resolved, the surest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// An `[[identity]]` rule says so.
    Declared,
    /// The roster has the id, letter by letter but for case.
    Roster,
    /// The mailbox of a tagged address is on the roster.
    Email,
    /// A forge's address names a login of the roster.
    Login,
    /// The user of the home directory is on the roster.
    OsUser,
    /// On no roster: the account stands for itself.
    Itself,
    /// Nobody.
    Unknown,
}

impl Confidence {
    /// Every confidence, the surest first.
    pub const ALL: [Confidence; 7] = [
        Confidence::Declared,
        Confidence::Roster,
        Confidence::Email,
        Confidence::Login,
        Confidence::OsUser,
        Confidence::Itself,
        Confidence::Unknown,
    ];

    /// The word in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Confidence::Declared => "declared",
            Confidence::Roster => "roster",
            Confidence::Email => "email",
            Confidence::Login => "login",
            Confidence::OsUser => "os_user",
            Confidence::Itself => "itself",
            Confidence::Unknown => "unknown",
        }
    }
}

/// Whose an id is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolution {
    /// Roster id, the account itself where it is on no roster, or [`UNASSIGNED`].
    pub actor: String,
    /// How sure that is.
    pub confidence: Confidence,
    /// Why it is nobody's; empty where it is somebody's. Without names.
    pub reason: &'static str,
    /// The form of the id that decided.
    pub form: Form,
    /// The id that decided, as the log has it.
    pub id: String,
}

/// Why an id is nobody's although something is known of it.
pub const CLAIMED_TWICE: &str = "claimed by two entries of the roster";
/// The same, where the roster contradicts itself in whether it is a person.
pub const OF_TWO_KINDS: &str = "the roster calls its owner a person and a service";
const NO_MAILBOX: &str = "an address that names nobody";
const NOT_ON_ROSTER: &str = "a user of a home directory that no roster entry has";
const NOTHING_SAID: &str = "the log says nothing";

/// Who claims a name.
type Claims = BTreeMap<String, BTreeSet<String>>;

/// Resolves accounts, users and paths to roster ids.
pub struct IdentityResolver {
    rules: Vec<(IdentityRule, Option<Regex>)>,
    /// By ids and aliases as they are.
    exact: Claims,
    /// By the mailboxes of addresses, tags taken off.
    mailboxes: Claims,
    /// Entries that nothing may resolve to.
    barred: BTreeSet<String>,
}

impl IdentityResolver {
    /// A resolver over rules in their order and the roster. The order of the roster does not matter.
    ///
    /// # Errors
    /// A `path` that is no pattern.
    pub fn new(rules: &[IdentityRule], roster: &[RosterEntry]) -> Result<Self, regex::Error> {
        let rules = rules
            .iter()
            .map(|rule| Ok((rule.clone(), rule.path.as_deref().map(path_pattern).transpose()?)))
            .collect::<Result<_, regex::Error>>()?;
        let mut exact_claims = Claims::new();
        let mut mailboxes = Claims::new();
        for entry in roster {
            for name in entry.aliases.iter().chain([&entry.actor_id]) {
                exact_claims.entry(exact(name)).or_default().insert(entry.actor_id.clone());
                let mailbox = match reduced(name) {
                    Some(Reduced::Mailbox(mailbox)) => mailbox,
                    _ => exact(name),
                };
                mailboxes.entry(mailbox).or_default().insert(entry.actor_id.clone());
            }
        }
        // An id always means itself, even where somebody else claims it as an alias.
        let mut owners = Claims::new();
        for entry in roster {
            owners.entry(exact(&entry.actor_id)).or_default().insert(entry.actor_id.clone());
        }
        exact_claims.extend(owners);
        Ok(Self { rules, exact: exact_claims, mailboxes, barred: BTreeSet::new() })
    }

    /// The same without entries of which the roster says both that they are a person and that they are a service: what may be said of them hangs on it.
    #[must_use]
    pub fn barring(mut self, actors: impl IntoIterator<Item = String>) -> Self {
        self.barred.extend(actors);
        self
    }

    /// The actor of a session log. Empty texts mean that the log does not say.
    pub fn session_actor(&self, actor_raw: &str, os_user: &str, source_file: &str) -> String {
        self.session(actor_raw, os_user, source_file).actor
    }

    /// The same, with how it was found.
    pub fn session(&self, actor_raw: &str, os_user: &str, source_file: &str) -> Resolution {
        for (rule, path) in &self.rules {
            if rule.git_email.is_some() {
                continue;
            }
            let mut bound = None;
            if let Some(path) = path {
                let Some(captures) = path.captures(source_file) else { continue };
                bound = captures.name("actor").map(|actor| actor.as_str());
            }
            if rule.os_user.as_deref().is_some_and(|wanted| wanted != os_user)
                || rule.key_id.as_deref().is_some_and(|wanted| wanted != actor_raw)
            {
                continue;
            }
            if let Some(actor) = rule.actor.as_deref().or(bound) {
                let (form, id) = match (rule.key_id.as_deref(), rule.os_user.as_deref()) {
                    (Some(key), _) => (Form::of(key), key),
                    (None, Some(user)) => (Form::OsUser, user),
                    (None, None) => (Form::Path, actor),
                };
                return self.declared(actor, form, id);
            }
        }
        if !actor_raw.trim().is_empty() {
            return self.account(actor_raw);
        }
        let found = |actor: String, confidence, reason| Resolution {
            actor,
            confidence,
            reason,
            form: if os_user.is_empty() { Form::Nothing } else { Form::OsUser },
            id: os_user.to_owned(),
        };
        let nobody = |reason| found(UNASSIGNED.to_owned(), Confidence::Unknown, reason);
        match self.claimant(&self.exact, &exact(os_user)) {
            Some(Ok(actor)) => found(actor, Confidence::OsUser, ""),
            Some(Err(reason)) => nobody(reason),
            None if os_user.is_empty() => nobody(NOTHING_SAID),
            None => nobody(NOT_ON_ROSTER),
        }
    }

    /// The actor of an outcome, from the author as its source has it.
    pub fn outcome(&self, actor_raw: &str) -> Resolution {
        for (rule, _) in &self.rules {
            let matches = rule.git_email.as_deref().is_some_and(|email| exact(email) == exact(actor_raw));
            if let (true, Some(actor)) = (matches, &rule.actor) {
                return self.declared(actor, Form::of(actor_raw), actor_raw);
            }
        }
        self.account(actor_raw)
    }

    /// What a rule names may be an alias.
    fn declared(&self, actor: &str, form: Form, id: &str) -> Resolution {
        let found = self.account(actor);
        let confidence = if found.actor == UNASSIGNED { Confidence::Unknown } else { Confidence::Declared };
        Resolution { confidence, form, id: id.to_owned(), ..found }
    }

    /// An account as a log or an outcome has it.
    fn account(&self, id: &str) -> Resolution {
        let found = |actor: String, confidence, reason| Resolution {
            actor,
            confidence,
            reason,
            form: Form::of(id),
            id: id.to_owned(),
        };
        let nobody = |reason| found(UNASSIGNED.to_owned(), Confidence::Unknown, reason);
        let key = exact(id);
        if key.is_empty() {
            return nobody(NOTHING_SAID);
        }
        match self.claimant(&self.exact, &key) {
            Some(Ok(actor)) => return found(actor, Confidence::Roster, ""),
            Some(Err(reason)) => return nobody(reason),
            None => {}
        }
        let (stripped, confidence, claims) = match reduced(id) {
            Some(Reduced::Nobody) => return nobody(NO_MAILBOX),
            Some(Reduced::Login(login)) => (login, Confidence::Login, &self.exact),
            Some(Reduced::Mailbox(mailbox)) => (mailbox, Confidence::Email, &self.mailboxes),
            None => (key, Confidence::Email, &self.mailboxes),
        };
        match self.claimant(claims, &stripped) {
            Some(Ok(actor)) => found(actor, confidence, ""),
            Some(Err(reason)) => nobody(reason),
            // Two writings of one account that is on no roster are one account all the same.
            None if matches!(Form::of(id), Form::Email | Form::Login) => found(stripped, Confidence::Itself, ""),
            None => found(id.trim().to_owned(), Confidence::Itself, ""),
        }
    }

    /// The only claimant of a name, or why there is none; null where nobody claims it.
    fn claimant(&self, claims: &Claims, name: &str) -> Option<Result<String, &'static str>> {
        let claimants = claims.get(name)?;
        Some(match claimants.first() {
            Some(actor) if claimants.len() == 1 && self.barred.contains(actor) => Err(OF_TWO_KINDS),
            Some(actor) if claimants.len() == 1 => Ok(actor.clone()),
            _ => Err(CLAIMED_TWICE),
        })
    }

    /// Names that two entries of the roster claim, with the number of entries.
    pub fn contested(&self) -> impl Iterator<Item = (&str, usize)> {
        self.exact.iter().filter(|(_, claimants)| claimants.len() > 1).map(|(name, all)| (name.as_str(), all.len()))
    }
}

/// `exports/{actor}/**` as an expression that matches at any directory of an input's name.
fn path_pattern(pattern: &str) -> Result<Regex, regex::Error> {
    let mut expression = String::from("^(?:.*/)?");
    let mut rest = pattern.trim_start_matches('/');
    while !rest.is_empty() {
        let (piece, used) = if rest.starts_with("{actor}") {
            ("(?P<actor>[^/]+)".to_owned(), 7)
        } else if rest.starts_with("**") {
            (".*".to_owned(), 2)
        } else if rest.starts_with('*') {
            ("[^/]*".to_owned(), 1)
        } else if rest.starts_with('?') {
            ("[^/]".to_owned(), 1)
        } else {
            let length = rest.chars().next().map_or(1, char::len_utf8);
            (regex::escape(&rest[..length]), length)
        };
        expression.push_str(&piece);
        rest = &rest[used..];
    }
    expression.push('$');
    Regex::new(&expression)
}

#[cfg(test)]
mod tests;
