//! Text from logs made harmless for the place it is printed in: terminal, CSV, JSON.
//!
//! Owns the escaping of those three (`faults.md`, injection and hostile files). The report escapes for HTML and Markdown itself. Text is stored as it was; it is neutralised here, at every output.

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

/// [`terminal`] for text of several lines: their ends stay.
pub fn terminal_lines(text: &str) -> String {
    text.split_inclusive('\n')
        .map(|line| line.strip_suffix('\n').map_or_else(|| terminal(line), |line| terminal(line) + "\n"))
        .collect()
}

/// Written JSON with every steering character as an escape, which means the same to a reader and nothing to a terminal. Outside strings
/// JSON has none but white space, which stays.
pub fn json_text(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for character in json.chars() {
        if is_steering(character) && !matches!(character, '\n' | '\r' | '\t') {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            out.push(character);
        }
    }
    out
}

/// A text cell for CSV that no spreadsheet takes for a formula: an apostrophe goes before `= + - @` and their full-width and small forms,
/// also behind leading blanks and characters that nobody sees, before control characters such as tab, line ends and NUL, and before an
/// apostrophe, so that removing one leading apostrophe gives the text back. Numeric columns must not pass through here: -1 is a number.
/// Quoting is the writer's.
pub fn csv_text(text: &str) -> String {
    let unseen = |character: char| character.is_whitespace() || is_steering(character);
    let control = text.trim_start_matches(' ').starts_with(|character: char| character.is_control());
    let first = text.trim_start_matches(unseen).chars().next();
    let formula = matches!(
        first,
        Some('=' | '+' | '-' | '@' | '\'' | '＝' | '＋' | '－' | '＠' | '﹦' | '﹢' | '﹣' | '﹫' | '−')
    );
    if control || formula { format!("'{text}") } else { text.to_owned() }
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
            ("\u{a0}\u{feff}=1", "'\u{a0}\u{feff}=1"),
            (" \t1", "' \t1"),
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
        fn json_means_the_same_and_orders_nothing(text in any::<String>()) {
            let value = serde_json::json!({ "text": format!("{text}\u{9b}\u{202e}\u{e0041}") });
            let written = json_text(&serde_json::to_string_pretty(&value).unwrap());
            prop_assert!(!written.chars().any(|character| is_steering(character) && character != '\n'));
            prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&written).unwrap(), value);
        }

        #[test]
        fn nothing_steering_survives(text in any::<String>()) {
            prop_assert!(!terminal_lines(&text).chars().any(|character| is_steering(character) && character != '\n'));
            prop_assert!(!terminal(&text).chars().any(is_steering));
        }
    }
}
