//! Secrets in texts that are kept: found by a table of rules compiled in, replaced at ingest, before anything is written.
//!
//! Owns the rules (`rules.tsv`), the finding and the replacement `[SECRET:rule:tag]`, where the tag is an HMAC of the secret: two places
//! with one secret can be told to have it, and nobody can tell which it is. Owns no fields: `ingest` says what is kept. Nothing is ever
//! tried out against a service. Prompt text itself is never stored, so it needs no redaction.

mod encodings;
mod rules;
mod touching;

pub use rules::names;

use super::pseudonym::{Domain, Pseudonyms};
use rules::Found;
use std::borrow::Cow;

/// Version of the rule table; a test holds the table's SHA-256 to it.
pub const VERSION: &str = "2026-11-22.2";

/// Characters of a tag: 40 bits, enough to tell the secrets of one lake apart and useless for a search.
const TAG_CHARACTERS: usize = 8;

/// Replaces secrets.
#[derive(Debug, Clone, Default)]
pub struct Secrets {
    key: Option<Pseudonyms>,
}

impl Secrets {
    /// Tags secrets under the lake's key, so that two different ones stay two.
    pub fn keyed(key: Pseudonyms) -> Self {
        Self { key: Some(key) }
    }

    /// Replaces secrets without a tag, for messages and for what is shown before there is a lake.
    pub fn unkeyed() -> Self {
        Self { key: None }
    }

    /// The text without its secrets. `told` hears the rule of each.
    pub fn redact<'a>(&self, text: &'a str, mut told: impl FnMut(&'static str)) -> Cow<'a, str> {
        let found = rules::find(text);
        if found.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut out = String::with_capacity(text.len());
        let mut from = 0;
        for Found { start, end, rule, .. } in found {
            told(rule);
            out.push_str(text.get(from..start).unwrap_or_default());
            out.push_str("[SECRET:");
            out.push_str(rule);
            if let Some(key) = &self.key {
                let tag = key.of(Domain::Secret, text.get(start..end).unwrap_or_default());
                out.push(':');
                out.push_str(tag.get(..TAG_CHARACTERS).unwrap_or_default());
            }
            out.push(']');
            from = end;
        }
        out.push_str(text.get(from..).unwrap_or_default());
        Cow::Owned(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use sha2::{Digest, Sha256};

    fn redacted(text: &str) -> String {
        Secrets::unkeyed().redact(text, |_| {}).into_owned()
    }

    #[test]
    fn the_table_is_the_one_of_its_version() {
        let hash: String = Sha256::digest(rules::TABLE.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        // A change of the table gets a new VERSION, and its hash here.
        assert_eq!(
            (VERSION, hash.as_str()),
            ("2026-11-22.2", "2340dad290986efc315efff2137c24dcf5fa928efda779cf1980950b1f96676e")
        );
    }

    #[test]
    fn every_rule_is_whole() {
        assert_eq!(rules::faults(), Vec::<String>::new());
        assert!(names().count() >= 80, "{}", names().count());
    }

    #[test]
    fn secrets_go_and_what_stands_around_them_stays() {
        // Put together here, so that nobody's scanner takes this file for a leak.
        let github = format!("ghp_{}", "aB3dE6gH9jK2".repeat(3));
        let aws = format!("AKIA{}", "Q7WE2RTYU4IOPAS5");
        for (text, expected) in [
            (format!("push with {github}."), "push with [SECRET:github-token].".to_owned()),
            (format!("logs/{aws}/a.jsonl"), "logs/[SECRET:aws-access-key]/a.jsonl".to_owned()),
            (
                "postgres://ada:tr0ub4dor@db.example/x".to_owned(),
                "postgres://ada:[SECRET:password-in-url]@db.example/x".to_owned(),
            ),
            ("DB_PASSWORD=hunter2 make".to_owned(), "DB_PASSWORD=[SECRET:password-assigned] make".to_owned()),
            (r#"{"password": "hunter2"}"#.to_owned(), r#"{"password": "[SECRET:password-assigned]"}"#.to_owned()),
            ("curl --token abc123def https://x".to_owned(), "curl --token [SECRET:secret-flag] https://x".to_owned()),
            (
                "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY----- after".to_owned(),
                "[SECRET:private-key-block] after".to_owned(),
            ),
        ] {
            assert_eq!(redacted(&text), expected);
        }
    }

    #[test]
    fn secrets_that_touch_are_found_each() {
        let github = format!("ghp_{}", "aB3dE6gH9jK2".repeat(3));
        let npm = format!("npm_{}", "zY3xW6vU9tS2".repeat(3));
        let aws = format!("AKIA{}", "Q7WE2RTYU4IOPAS5");
        let twilio = format!("SK{}", "0f1e2d3c".repeat(4));
        let (github_told, npm_told) = ("[SECRET:github-token]", "[SECRET:npm-token]");
        let (aws_told, twilio_told) = ("[SECRET:aws-access-key]", "[SECRET:twilio-key]");
        for (text, expected) in [
            // The first is of open length and takes the beginning of the second.
            (format!("{github}{github}"), format!("{github_told}{github_told}")),
            (format!("{github}{npm}"), format!("{github_told}{npm_told}")),
            // Neither has the end of a word beside it.
            (format!("{npm}{github}"), format!("{npm_told}{github_told}")),
            (format!("{aws}{twilio}{npm}{aws}"), format!("{aws_told}{twilio_told}{npm_told}{aws_told}")),
            (format!("{npm}password=hunter2"), format!("{npm_told}password=[SECRET:password-assigned]")),
            // The name of the second is taken for the end of the first.
            (
                "client_secret: abc123DEF456client_secret: ghi789JKL012".to_owned(),
                "client_secret: [SECRET:secret-assigned] [SECRET:secret-assigned]".to_owned(),
            ),
            // Behind a marker, and where a value went on behind one.
            (format!("{github_told}{npm}"), format!("{github_told}{npm_told}")),
            (format!("password={github_told}hunter2"), format!("password={github_told}[SECRET:password-assigned]")),
            // A beginning is no neighbour: what follows must be a secret itself.
            (format!("{aws}npm_run_build"), format!("{aws}npm_run_build")),
            (format!("x{aws}"), format!("x{aws}")),
        ] {
            assert_eq!(redacted(&text), expected);
        }
    }

    #[test]
    fn escapes_hide_nothing() {
        let key = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nZZ==\n-----END RSA PRIVATE KEY-----";
        for (text, expected) in [
            ("db%3Fpassword%3Dhunter2%26x".to_owned(), "db%3Fpassword%3D[SECRET:password-assigned]%26x".to_owned()),
            (
                "postgres%3A%2F%2Fada%3Atr0ub4dor%40db.example".to_owned(),
                "postgres%3A%2F%2Fada%3A[SECRET:password-in-url]%40db.example".to_owned(),
            ),
            (
                r#"{\\\"token\\\":\\\"a1b2c3d4e5\\\"}"#.to_owned(),
                r#"{\\\"token\\\":\\\"[SECRET:secret-assigned]\\\"}"#.to_owned(),
            ),
            (
                r"x?a=1\u0026token\u003da1b2c3d4e5".to_owned(),
                r"x?a=1\u0026token\u003d[SECRET:secret-assigned]".to_owned(),
            ),
            (format!("see {key} after"), "see [SECRET:private-key-block] after".to_owned()),
            (format!("see {} after", key.replace('\n', "\\n")), "see [SECRET:private-key-block] after".to_owned()),
            (
                format!("x={}&y", key.replace(' ', "+").replace('\n', "%0A").replace('=', "%3D")),
                "x=[SECRET:private-key-block]&y".to_owned(),
            ),
            // What only looks escaped stays.
            (r"C:\new\tools\run.rs".to_owned(), r"C:\new\tools\run.rs".to_owned()),
            ("100%25 sure".to_owned(), "100%25 sure".to_owned()),
        ] {
            assert_eq!(redacted(&text), expected);
        }
    }

    #[test]
    fn what_only_looks_like_one_stays() {
        for text in [
            "the token: string parameter",
            "password: required",
            "password=${DB_PASSWORD}",
            "api_key = os.environ[\"KEY\"]",
            "set the password to something long",
            "git@github.com:acme/shop.git",
            "https://ada@git.example/acme/shop.git",
            "0123456789abcdef0123456789abcdef01234567",
            "8daaf822-6cec-4722-ae2d-6a7980f6c79c",
            "token_count: 12345678",
            "src/auth/token=parser.rs",
            "sk-learn-estimators-are-great",
            "max_tokens=100000000",
        ] {
            assert_eq!(redacted(text), text);
        }
    }

    #[test]
    fn tags_tell_secrets_apart_and_keys_unrelate_them() {
        let one = Secrets::keyed(Pseudonyms::with_key([1; 32]));
        let two = Secrets::keyed(Pseudonyms::with_key([2; 32]));
        let told = |secrets: &Secrets, text: &str| secrets.redact(text, |_| {}).into_owned();
        let (first, second) = ("password=hunter2", "password=hunter3");
        assert_eq!(told(&one, first), told(&one, first));
        assert_ne!(told(&one, first), told(&one, second));
        assert_ne!(told(&one, first), told(&two, first));
        assert_eq!(told(&one, first).len(), "password=[SECRET:password-assigned:12345678]".len());
    }

    proptest! {
        #[test]
        fn redaction_is_done_once_and_never_fails(text in any::<String>(), secret in "[a-z]{3}=[A-Za-z0-9]{10}") {
            for text in [text.clone(), format!("{text} password={secret} token: {secret}9a {text}")] {
                let once = redacted(&text);
                prop_assert_eq!(redacted(&once), once.clone());
            }
        }
    }
}
