//! What stands between text found in logs and the reader of a report.
//!
//! Owns two steps: [`plain`], which every text passes once when the report is built (control, bidirectional and invisible
//! characters cannot hide or reorder what is read, whatever the format), and [`Markdown`], the escaper that askama applies to
//! every value of a `.md` template. HTML is escaped by askama itself. Owns no pseudonyms and no suppression.

use std::fmt::{self, Write};

use askama::filters::Escaper;

use crate::privacy::terminal;

/// Longest text a report shows; names longer than this are noise or an attack on the layout.
const LONGEST: usize = 240;

/// Joins two characters without a mark: breaks the patterns that hosts turn into links and mentions, invisibly.
const WORD_JOINER: char = '\u{2060}';

/// Longest sentence or command.
const LONGEST_PROSE: usize = 2_400;

/// A name or a word on one line, at most 240 characters, with nothing in it that a terminal, a browser or an editor would obey.
///
/// Blanks at its ends go: beside one, the marks of bold text in Markdown would be asterisks.
pub fn plain(text: &str) -> String {
    cut(text, LONGEST).trim().to_owned()
}

/// [`plain`] for sentences and commands, which may be longer.
pub fn plain_long(text: &str) -> String {
    cut(text, LONGEST_PROSE).trim().to_owned()
}

fn cut(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        None => terminal(text),
        Some((end, _)) => format!("{}…", terminal(text.get(..end).unwrap_or_default())),
    }
}

/// Escapes values for GitHub-flavoured Markdown outside fences, where reports are pasted.
///
/// Every punctuation character with a meaning gets a backslash, except `.`, `-` and `+` between two letters or digits and
/// `.` after a letter, and `$` before an amount, where they have none and numbers, names and sentences stay readable. `<`, `>` and `&` become entities. After `@` and `#`, inside `://`
/// and after `www.` an invisible word joiner stops mentions, issue links and bare addresses, which a backslash does not.
#[derive(Debug, Clone, Copy)]
pub struct Markdown;

impl Escaper for Markdown {
    fn write_escaped_str<W: Write>(&self, mut out: W, text: &str) -> fmt::Result {
        let mut previous = ' ';
        let mut rest = text.chars();
        while let Some(character) = rest.next() {
            let next = rest.clone().next().unwrap_or(' ');
            match character {
                '<' => out.write_str("&lt;")?,
                '>' => out.write_str("&gt;")?,
                '&' => out.write_str("&amp;")?,
                '\n' | '\r' => out.write_char(' ')?,
                '@' | '#' => write!(out, "\\{character}{WORD_JOINER}")?,
                // A mathematical span begins and ends with one; an amount of money after a blank can do neither.
                '$' if previous != ' ' || !next.is_ascii_digit() => out.write_str("\\$")?,
                ':' if next == '/' => write!(out, ":{WORD_JOINER}")?,
                '.' if matches!(previous, 'w' | 'W') => write!(out, "\\.{WORD_JOINER}")?,
                '.' if previous.is_alphabetic() => out.write_char('.')?,
                '.' | '-' | '+' if previous.is_alphanumeric() && next.is_alphanumeric() => out.write_char(character)?,
                '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '+' | '-' | '.' | '!' | '|' | '~' => {
                    write!(out, "\\{character}")?;
                }
                other => out.write_char(other)?,
            }
            previous = character;
        }
        Ok(())
    }
}

/// Text as it is, in a fence of GitHub-flavoured Markdown that nothing in it can close. The text must have passed [`plain`], line by line.
pub fn fenced(language: &'static str, text: &str) -> String {
    let longest = text.split(|character| character != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}{language}\n{text}\n{fence}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn markdown(text: &str) -> String {
        let mut out = String::new();
        Markdown.write_escaped_str(&mut out, text).unwrap();
        out.replace(WORD_JOINER, "¦")
    }

    #[test]
    fn nothing_a_terminal_or_a_browser_obeys_is_left() {
        assert_eq!(plain("a\u{1b}]52;c;x\u{7}b\u{202e}c\u{e0041}d\ne\u{9b}1m"), "a�]52;c;x�b�c�d e�1m");
        assert_eq!(plain(&"x".repeat(500)).chars().count(), LONGEST + 1);
        assert_eq!(plain("Zoë 李 café"), "Zoë 李 café");
    }

    #[test]
    fn no_text_closes_its_fence() {
        assert_eq!(fenced("sql", "select 1"), "```sql\nselect 1\n```");
        assert_eq!(fenced("", "a ```` b"), "`````\na ```` b\n`````");
    }

    #[test]
    fn markdown_means_nothing_after_escaping() {
        assert_eq!(markdown("![x](http://evil.example/a.png)"), r"\!\[x\]\(http:¦//evil.example/a.png\)");
        assert_eq!(
            markdown("@team #12 | a_b `c` <img src=x> &amp;"),
            r"\@¦team \#¦12 \| a\_b \`c\` &lt;img src=x&gt; &amp;amp;"
        );
        assert_eq!(markdown("www.evil.example\n# h"), r"www\.¦evil.example \#¦ h");
        assert_eq!(markdown("- 1.5 gpt-5.2 -- 1."), r"\- 1.5 gpt-5.2 \-\- 1\.");
        assert_eq!(markdown("$5 of $10, $x$ $$y$$ 1$2"), r"$5 of $10, \$x\$ \$\$y\$\$ 1\$2");
    }
}
