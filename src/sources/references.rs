//! What one piece of work calls another: pull requests, issues and tickets named in messages, titles and branches.
//!
//! Owns the spelling of names and nothing of what a name means. Names are kept as written and never checked against what exists.

/// At most this many references are kept of one text.
const REFERENCES_KEPT: usize = 64;

/// Upper-case words with a number behind a dash that are standards, not tickets.
const NOT_TICKETS: &[&str] = &[
    "AES", "CVE", "CWE", "GHSA", "GPT", "HTTP", "IEEE", "ISO", "MD", "PEP", "RFC", "RSA", "SHA", "TLS", "UTF", "WCAG",
];

/// References in a text, each once, in the order of appearance. `marks` are the signs before a number: `#`, and `!` for GitLab's merge requests.
pub(crate) fn in_text(text: &str, marks: &[char]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    // Some join references without a blank: `#12,#13`, `PROJ-7(#12)`.
    for word in text.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '(' | ')' | '[' | ']')) {
        for reference in in_word(word, marks) {
            if found.len() < REFERENCES_KEPT && !found.contains(&reference) {
                found.push(reference);
            }
        }
    }
    found
}

/// References in one word: `#12`, `owner/repo#12`, `PROJ-7`, with any brackets and punctuation around them.
fn in_word(word: &str, marks: &[char]) -> Vec<String> {
    let outer = |c: char| !(c.is_ascii_alphanumeric() || marks.contains(&c));
    let word = word.trim_matches(outer);
    for &mark in marks {
        let Some((before, number)) = word.split_once(mark) else { continue };
        let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
        if digits.is_empty() && mark != '#' {
            continue;
        }
        let ends = number[digits.len()..].chars().next().is_none_or(|c| !c.is_alphanumeric() && c != '-');
        let parts = before.split('/').count();
        // Only GitLab has groups in groups, and only it has a second mark.
        let repository = (parts == 2 || parts > 2 && marks.len() > 1)
            && before.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte));
        let names = before.is_empty() || repository || before.ends_with(|c: char| !c.is_alphanumeric() && c != '/');
        return if names && ends && (1..=9).contains(&digits.len()) {
            vec![format!("{}{mark}{digits}", if repository { before } else { "" })]
        } else {
            Vec::new()
        };
    }
    word.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_')).filter_map(ticket).collect()
}

/// `PROJ-7`: two to ten upper-case letters or digits, a dash, a number.
fn ticket(word: &str) -> Option<String> {
    let (project, number) = word.split_once('-')?;
    let named = (2..=10).contains(&project.len())
        && project.starts_with(|c: char| c.is_ascii_uppercase())
        && project.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    let numbered =
        (1..=7).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit()) && !number.starts_with('0');
    (named && numbered && !NOT_TICKETS.contains(&project)).then(|| word.to_owned())
}

/// The ticket that a branch is named for, in upper case: `ada/proj-7-round-cents` is for `PROJ-7`. Trackers make such names in lower case. A branch
/// `release-2` names a ticket that nobody has, which costs nothing.
pub(crate) fn in_branch(branch: &str) -> Option<String> {
    branch.split(['/', '_']).find_map(|part| {
        let (project, rest) = part.split_once('-')?;
        let number = rest.split('-').next()?;
        ticket(&format!("{}-{number}", project.to_ascii_uppercase()))
    })
}

/// A reference as everybody would write it: one without a repository is in this one.
pub(crate) fn qualified(reference: &str, repository: &str) -> String {
    if reference.starts_with(['#', '!']) { format!("{repository}{reference}") } else { reference.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_found_in_any_dress_and_standards_are_not_tickets() {
        let text = "Round cents, PROJ-7 (#12) acme/shop#31, [OPS-44]: fixes #9. UTF-8, SHA-256, a#b, x1#22, PROJ-07, v1-2, proj-7, a/b/c#3, wow!3";
        assert_eq!(in_text(text, &['#']), ["PROJ-7", "#12", "acme/shop#31", "OPS-44", "#9"]);
        let text = "See !3, group/sub/shop!4 and #5. Great!";
        assert_eq!(in_text(text, &['#', '!']), ["!3", "group/sub/shop!4", "#5"]);
        let text = "Fixes #12,#13;acme/shop#31 PROJ-7(#14) [OPS-44]!8 #5,!7";
        let joined = ["#12", "#13", "acme/shop#31", "PROJ-7", "#14", "OPS-44", "!8", "#5", "!7"];
        assert_eq!(in_text(text, &['#', '!']), joined);
    }

    #[test]
    fn branches_name_tickets_in_either_case() {
        assert_eq!(in_branch("ada/proj-7-round-cents").as_deref(), Some("PROJ-7"));
        assert_eq!(in_branch("fix/OPS-44").as_deref(), Some("OPS-44"));
        assert_eq!(in_branch("PROJ-9_retry").as_deref(), Some("PROJ-9"));
        for none in ["main", "fix/cart-total", "sha-256", "x-", "-7", ""] {
            assert_eq!(in_branch(none), None, "{none}");
        }
    }

    #[test]
    fn a_bare_number_belongs_to_its_repository() {
        assert_eq!(qualified("#12", "acme/shop"), "acme/shop#12");
        assert_eq!(qualified("!3", "group/shop"), "group/shop!3");
        assert_eq!(qualified("acme/tax#1", "acme/shop"), "acme/tax#1");
        assert_eq!(qualified("PROJ-7", "acme/shop"), "PROJ-7");
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(#|!|/|PROJ-|\\(#|é|[0-9a-f]{0,12}|-| ){0,30}") {
            in_text(&text, &['#', '!']);
            in_branch(&text);
        }
    }
}
