//! Text from logs made harmless for the place it is printed in: terminal, CSV.
//!
//! Owns the escaping of those two (`faults.md`, injection and hostile files). The report escapes for HTML and Markdown itself. Text is stored as it was; it is neutralised here, at every output.

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

/// A text cell for CSV that no spreadsheet takes for a formula: an apostrophe goes before `= + - @`, tab, line ends,
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
        fn a_csv_cell_can_be_turned_back(text in any::<String>()) {
            let cell = csv_text(&text);
            let undone = cell.strip_prefix('\'').unwrap_or(&cell);
            prop_assert!(undone == text);
            prop_assert!(!cell.trim_start_matches(' ').starts_with(['=', '+', '-', '@']));
        }

        #[test]
        fn nothing_steering_survives(text in any::<String>()) {
            prop_assert!(!terminal(&text).chars().any(is_steering));
        }
    }
}
