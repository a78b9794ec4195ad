//! Who a home directory belongs to: logs name no account, but their paths often do.

/// The operating-system user in a path below `/home`, `/Users` or `C:\Users`, whatever the separator.
///
/// Shared and system directories (`/Users/Shared`, `C:\Users\Public`) name nobody.
pub(crate) fn home_user(path: &str) -> Option<&str> {
    let mut parts = path.split(['/', '\\']);
    let root = match parts.next()? {
        "" => parts.next()?,
        drive if drive.len() == 2 && drive.ends_with(':') => parts.next()?,
        _ => return None,
    };
    let user = (root == "home" || root.eq_ignore_ascii_case("users")).then(|| parts.next()).flatten()?;
    (!user.is_empty() && !matches!(user, "Shared" | "Public" | "Default")).then_some(user)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn homes_of_three_systems_name_their_user_and_other_paths_nobody() {
        assert_eq!(home_user("/home/ada/src/shop"), Some("ada"));
        assert_eq!(home_user("/Users/grace"), Some("grace"));
        assert_eq!(home_user(r"C:\Users\linus\work"), Some("linus"));
        for nobody in ["/srv/ci/build", "/Users/Shared/x", "home/ada", "", "/home", "/home/"] {
            assert_eq!(home_user(nobody), None, "{nobody}");
        }
    }
}
