//! Whose a log is: `[[identity]]` rules, then the roster's aliases, then what the log says, then nobody.
//!
//! A rule decides only what it can: what stays unknown is `(unassigned)`, counted and never dropped.

use crate::config::IdentityRule;
use crate::events::RosterEntry;
use regex::Regex;
use std::collections::HashMap;

/// The actor of logs that nobody is known to own, and the team of people on no roster.
pub const UNASSIGNED: &str = "(unassigned)";

/// Resolves accounts, users and paths to roster ids.
pub struct IdentityResolver {
    rules: Vec<(IdentityRule, Option<Regex>)>,
    aliases: HashMap<String, String>,
}

impl IdentityResolver {
    /// A resolver over rules in their order and the roster. An alias that two people claim is nobody's.
    pub fn new(rules: &[IdentityRule], roster: &[RosterEntry]) -> Result<Self, regex::Error> {
        let rules = rules
            .iter()
            .map(|rule| Ok((rule.clone(), rule.path.as_deref().map(path_pattern).transpose()?)))
            .collect::<Result<_, regex::Error>>()?;
        let mut claims = HashMap::<String, Vec<&str>>::new();
        for entry in roster {
            for name in entry.aliases.iter().chain([&entry.actor_id]) {
                let claimants = claims.entry(normalised(name)).or_default();
                if !claimants.contains(&entry.actor_id.as_str()) {
                    claimants.push(&entry.actor_id);
                }
            }
        }
        let mut aliases = HashMap::new();
        for (alias, claimants) in claims {
            match claimants.as_slice() {
                [one] => {
                    aliases.insert(alias, (*one).to_owned());
                }
                _ => tracing::warn!("the roster gives one alias to {} people; it is used for nobody", claimants.len()),
            }
        }
        // An id always means itself, even where somebody else claims it as an alias.
        for entry in roster {
            aliases.insert(normalised(&entry.actor_id), entry.actor_id.clone());
        }
        Ok(Self { rules, aliases })
    }

    /// The actor of a session log. Empty texts mean that the log does not say.
    pub fn session_actor(&self, actor_raw: &str, os_user: &str, source_file: &str) -> String {
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
                return self.canonical(actor);
            }
        }
        if !actor_raw.is_empty() {
            return self.canonical(actor_raw);
        }
        self.aliases.get(&normalised(os_user)).cloned().unwrap_or_else(|| UNASSIGNED.to_owned())
    }

    /// The actor of an outcome, from the author as its source has it.
    pub fn outcome_actor(&self, actor_raw: &str) -> String {
        for (rule, _) in &self.rules {
            let matches = rule.git_email.as_deref().is_some_and(|email| normalised(email) == normalised(actor_raw));
            if let (true, Some(actor)) = (matches, &rule.actor) {
                return self.canonical(actor);
            }
        }
        if actor_raw.is_empty() { UNASSIGNED.to_owned() } else { self.canonical(actor_raw) }
    }

    fn canonical(&self, name: &str) -> String {
        self.aliases.get(&normalised(name)).cloned().unwrap_or_else(|| name.trim().to_owned())
    }
}

/// E-mails and logins compare without case and surrounding blanks.
fn normalised(name: &str) -> String {
    name.trim().to_lowercase()
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
mod tests {
    use super::*;

    fn person(actor_id: &str, aliases: &[&str]) -> RosterEntry {
        RosterEntry {
            actor_id: actor_id.into(),
            aliases: aliases.iter().map(|alias| (*alias).to_owned()).collect(),
            team_id: None,
            role: None,
            is_service: false,
            time_zone: None,
            active_from: None,
            active_to: None,
            licences: Vec::new(),
        }
    }

    fn rule(text: &str) -> IdentityRule {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn rules_come_first_in_order_then_aliases_then_the_log_then_nobody() {
        let roster = [person("ada", &["Ada@Example.com", "alovelace"]), person("bob", &["bob@example.com"])];
        let rules = [rule("path = \"exports/{actor}/**\""), rule("os_user = \"dev\"\nactor = \"bob\"")];
        let resolver = IdentityResolver::new(&rules, &roster).unwrap();
        assert_eq!(resolver.session_actor("", "dev", "logs/exports/alovelace/claude/x.jsonl"), "ada");
        assert_eq!(resolver.session_actor("", "dev", "logs/other/x.jsonl"), "bob");
        assert_eq!(resolver.session_actor("ADA@example.com", "", "x"), "ada");
        assert_eq!(resolver.session_actor("eve@example.com", "", "x"), "eve@example.com");
        assert_eq!(resolver.session_actor("", "alovelace", "x"), "ada");
        assert_eq!(resolver.session_actor("", "stranger", "x"), UNASSIGNED);
        assert_eq!(resolver.outcome_actor("bob@EXAMPLE.com"), "bob");
        assert_eq!(resolver.outcome_actor(""), UNASSIGNED);
    }

    #[test]
    fn an_alias_of_two_people_is_nobodys_and_patterns_are_literal() {
        let roster = [person("ada", &["shared"]), person("bob", &["shared"])];
        let resolver = IdentityResolver::new(&[rule("path = \"a.b/{actor}/*.jsonl\"")], &roster).unwrap();
        assert_eq!(resolver.session_actor("shared", "", "x"), "shared");
        assert_eq!(resolver.session_actor("", "", "a.b/ada/x.jsonl"), "ada");
        assert_eq!(resolver.session_actor("", "", "aXb/ada/x.jsonl"), UNASSIGNED);
        assert_eq!(resolver.session_actor("", "", "a.b/ada/deep/x.jsonl"), UNASSIGNED);
    }
}
