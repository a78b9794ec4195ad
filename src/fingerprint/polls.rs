//! Which shell commands do nothing but wait for something, or ask how far it is (`signals.md`, look-alike register: polling).
//!
//! Owns the registry of such commands. Does not judge: a call that polls is no step of a loop, and what it waited for is for the models.

use super::Json;

/// What a call whose command only polls is marked with.
const POLL: &str = "poll";

/// Programs that wait or ask whatever their arguments are.
const WAITING: &[&str] = &["pg_isready", "pgrep", "sacct", "sleep", "squeue", "wait", "watch"];
/// Programs of which some subcommands wait or ask: the first words that are no options.
const ASKING: &[(&str, &[&[&str]])] = &[
    ("aws", &[&["cloudformation", "wait"], &["ec2", "wait"], &["ecs", "wait"]]),
    ("docker", &[&["compose", "ps"], &["ps"], &["wait"]]),
    ("gh", &[&["pr", "checks"], &["run", "list"], &["run", "view"], &["run", "watch"]]),
    ("glab", &[&["ci", "get"], &["ci", "list"], &["ci", "status"], &["ci", "view"]]),
    ("kubectl", &[&["rollout", "status"], &["wait"]]),
    ("systemctl", &[&["is-active"], &["status"]]),
];
/// Programs that wait when they are told to follow, and the words that tell them.
const FOLLOWING: &[(&str, &[&str])] = &[
    ("docker", &["-f", "--follow"]),
    ("journalctl", &["-f", "--follow"]),
    ("kubectl", &["-f", "--follow", "-w", "--watch"]),
    ("tail", &["-f", "-F", "--follow"]),
];
/// Programs that ask a server, and the last part of an address that only says how it is.
const FETCHING: &[&str] = &["curl", "http", "wget"];
const STATUS_PAGES: &[&str] = &["health", "healthz", "livez", "ping", "ready", "readyz", "status"];
/// What stands beside a poll in one line without doing anything else: conditions, filters, words to read.
const NEUTRAL: &[&str] = &[
    "[", "[[", "break", "cd", "cut", "date", "do", "done", "echo", "else", "export", "false", "fi", "for", "grep",
    "head", "jq", "printf", "set", "sort", "tail", "test", "tr", "true", "wc",
];
/// Words before a command that belong to the shell.
const KEYWORDS: &[&str] = &["!", "do", "else", "if", "then", "time", "timeout", "until", "while"];

/// The marker of a call with these arguments: `poll` where they hold a shell command that only polls.
pub(super) fn marker(arguments: &Json<'_>) -> Option<&'static str> {
    let Json::Object(fields) = arguments else { return None };
    let (_, command) = fields.iter().rev().find(|(key, _)| matches!(key.as_ref(), "command" | "cmd" | "script"))?;
    let polls = match command {
        Json::Text(text) => only_polls(text),
        // `["bash", "-lc", "sleep 30"]`, or the words of one command.
        Json::List(items) => {
            let words: Vec<&str> = items
                .iter()
                .filter_map(|item| if let Json::Text(word) = item { Some(word.as_ref()) } else { None })
                .collect();
            match words[..] {
                [shell, option, script] if program(shell).ends_with("sh") && option.starts_with('-') => {
                    only_polls(script)
                }
                _ => only_polls(&words.join(" ")),
            }
        }
        _ => false,
    };
    polls.then_some(POLL)
}

/// Whether some part of the line polls and no part does anything else.
fn only_polls(line: &str) -> bool {
    let mut polls = false;
    for part in line.split(['\n', ';', '|', '&']) {
        let words: Vec<&str> = part
            .split_whitespace()
            .skip_while(|word| {
                KEYWORDS.contains(word)
                    || word.contains('=')
                    || word.bytes().all(|byte| byte.is_ascii_digit() || byte == b's')
            })
            .collect();
        let Some((first, rest)) = words.split_first() else { continue };
        // `2>&1` was cut at its ampersand.
        if first.bytes().all(|byte| byte.is_ascii_digit()) {
            continue;
        }
        if asks(program(first), rest) {
            polls = true;
        } else if !NEUTRAL.contains(&program(first)) {
            return false;
        }
    }
    polls
}

fn asks(program: &str, words: &[&str]) -> bool {
    let operands = || after_options(words).iter().filter(|word| !word.starts_with('-'));
    let subcommand = |wanted: &[&str]| wanted.iter().eq(operands().take(wanted.len()));
    WAITING.contains(&program)
        || ASKING
            .iter()
            .any(|(name, subcommands)| *name == program && subcommands.iter().any(|wanted| subcommand(wanted)))
        || FOLLOWING.iter().any(|(name, options)| *name == program && words.iter().any(|word| options.contains(word)))
        || FETCHING.contains(&program) && words.iter().any(|word| is_status_page(word))
}

/// The words from the first on that belongs to no option before it; an option of one letter takes the word after it, as in `gh -R shop/till run view`.
fn after_options<'a>(words: &'a [&'a str]) -> &'a [&'a str] {
    let mut rest = words;
    while let [option, after @ ..] = rest {
        if !option.starts_with('-') {
            break;
        }
        rest = if option.len() == 2 { after.get(1..).unwrap_or_default() } else { after };
    }
    rest
}

fn is_status_page(address: &str) -> bool {
    let path = address.trim_matches(['"', '\'']).split(['?', '#']).next().unwrap_or_default();
    path.contains('/') && path.rsplit('/').next().is_some_and(|last| STATUS_PAGES.contains(&last))
}

/// A program without its directory.
fn program(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(arguments: &str) -> bool {
        marker(&serde_json::from_str(arguments).unwrap()).is_some()
    }

    #[test]
    fn commands_that_only_wait_or_ask_are_polls() {
        for command in [
            "sleep 30",
            "sleep 30 && gh run view 812 --json status | jq .status",
            "gh run watch 812 2>&1 | tail -n 5",
            "gh -R shop/till pr checks 7",
            "cd /w/shop && kubectl -n till get pods -w",
            "kubectl rollout status deployment/till --timeout=60s",
            "until curl -sf http://localhost:8080/healthz; do sleep 2; done; echo up",
            "while ! pg_isready -q; do sleep 1; done",
            "timeout 60 tail -f /var/log/till.log",
            "for i in 1 2 3; do /usr/bin/docker ps | grep till; sleep 5; done",
            "wget -qO- 'https://till.example/api/status?deep=1'",
        ] {
            assert!(only_polls(command), "{command}");
        }
    }

    #[test]
    fn a_command_that_does_something_as_well_is_no_poll() {
        for command in [
            "sleep 1; cargo test",
            "cargo test",
            "gh run rerun 812",
            "gh pr create --title status",
            "kubectl get pods",
            "kubectl delete pod till-0 && sleep 5",
            "curl -X POST https://till.example/api/orders",
            "curl https://till.example/status/7/orders",
            "tail -n 20 till.log",
            "echo waiting",
            "watchman since /w/shop",
            "grep -rn sleep src",
            "",
        ] {
            assert!(!only_polls(command), "{command}");
        }
    }

    #[test]
    fn the_command_is_found_under_the_names_that_tools_give_it() {
        assert!(marked(r#"{"command":"sleep 60","description":"wait"}"#));
        assert!(marked(r#"{"command":["bash","-lc","sleep 60"]}"#));
        assert!(marked(r#"{"cmd":["sleep","60"]}"#));
        assert!(!marked(r#"{"command":["bash","-lc","make"]}"#));
        assert!(!marked(r#"{"query":"sleep 60"}"#));
        assert!(!marked(r#"{"command":7}"#));
        assert!(!marked(r#""sleep 60""#));
    }
}
