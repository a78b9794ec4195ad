//! Slash commands at the beginning of what somebody typed.

/// The slash command that a text begins with; a path is none.
pub(crate) fn slash_command(text: &str) -> Option<&str> {
    let word = text.split_whitespace().next()?;
    let name = word.strip_prefix('/')?;
    let is_name = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':'));
    is_name.then_some(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_told_from_paths() {
        assert_eq!(slash_command("/review the branch"), Some("/review"));
        assert_eq!(slash_command("/home/ada/x is broken"), None);
        assert_eq!(slash_command("and/or"), None);
    }
}
