//! Text from logs made harmless for the terminal.
//!
//! Owns that escaping (`faults.md`, injection and hostile files). The report escapes for HTML and Markdown itself. Text is stored as it was; it is neutralised here, at every output.

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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn terminals_get_no_orders() {
        assert_eq!(terminal("a\u{1b}[31mb\r\nc\u{202E}d\u{9b}"), "a\u{FFFD}[31mb  c\u{FFFD}d\u{FFFD}");
        assert_eq!(terminal("Grüße, 世界 🙂"), "Grüße, 世界 🙂");
    }

    proptest! {
        #[test]
        fn nothing_steering_survives(text in any::<String>()) {
            prop_assert!(!terminal(&text).chars().any(is_steering));
        }
    }
}
