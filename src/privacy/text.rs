//! Text from logs made harmless for the place it is printed in: terminal, Markdown, CSV.
//!
//! Owns the escaping of those three (`faults.md`, injection and hostile files). HTML is escaped by the templates themselves.
//! Text is stored as it was; it is neutralised here, at every output.

/// True for what a reader cannot see but a terminal or renderer obeys: control characters, bidirectional overrides,
/// zero-width characters, tags.
fn is_steering(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

/// One line for a terminal or a log: steering characters become U+FFFD, so that their place stays visible; white space
/// becomes a blank.
pub fn terminal(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' => ' ',
            character if is_steering(character) => '\u{FFFD}',
            character => character,
        })
        .collect()
}

/// One line of Markdown that renders as the text and nothing else: no emphasis, links, images, HTML, mentions, issue
/// references or bare addresses.
pub fn markdown(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    for character in terminal(text).chars() {
        match character {
            // Entities instead of a backslash where a renderer links before it unescapes.
            '@' => escaped.push_str("&#64;"),
            '#' => escaped.push_str("&#35;"),
            ':' => escaped.push_str("&#58;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '+' | '-' | '.' | '!' | '|' | '~' => {
                escaped.push('\\');
                escaped.push(character);
            }
            character => escaped.push(character),
        }
    }
    escaped
}

/// A text cell for CSV that no spreadsheet takes for a formula: an apostrophe goes before `= + - @`, tab, carriage return,
/// NUL and their full-width forms, also behind leading blanks, and before an apostrophe, so that removing one leading
/// apostrophe gives the text back. Numeric columns must not pass through here: -1 is a number. Quoting is the writer's.
pub fn csv_text(text: &str) -> String {
    let first = text.trim_start_matches(' ').chars().next();
    let guarded =
        matches!(first, Some('=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '\0' | '\'' | '＝' | '＋' | '－' | '＠'));
    if guarded { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn terminals_get_no_orders() {
        assert_eq!(terminal("a\u{1b}[31mb\r\nc\u{202E}d\u{9b}"), "a\u{FFFD}[31mb  c\u{FFFD}d\u{FFFD}");
        assert_eq!(terminal("Grüße, 世界 🙂"), "Grüße, 世界 🙂");
    }

    #[test]
    fn markdown_shows_the_text_and_does_nothing() {
        assert_eq!(markdown("![x](http://h.example)"), r"\!\[x\]\(http&#58;//h\.example\)");
        assert_eq!(markdown("<b> @ada #12 a|b"), r"&lt;b&gt; &#64;ada &#35;12 a\|b");
        assert_eq!(markdown("a\n# b"), "a &#35; b");
    }

    #[test]
    fn csv_formulas_are_text() {
        for (text, expected) in [
            ("=1+1", "'=1+1"),
            ("  @x", "'  @x"),
            ("＝1", "'＝1"),
            ("'=1", "''=1"),
            ("plain-text", "plain-text"),
            ("", ""),
        ] {
            assert_eq!(csv_text(text), expected);
        }
    }

    proptest! {
        #[test]
        fn nothing_steering_survives_and_csv_is_reversible(text in any::<String>()) {
            prop_assert!(!terminal(&text).chars().any(is_steering));
            prop_assert!(!markdown(&text).chars().any(|character| is_steering(character) || character == '<'));
            let cell = csv_text(&text);
            prop_assert_eq!(cell.strip_prefix('\'').unwrap_or(&cell), text.as_str());
        }
    }
}
