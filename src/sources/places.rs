//! What paths and addresses give away: the user of a home directory, which is wanted, and the password in a remote address, which is not.

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

/// A remote address without the password that may stand in it.
pub(crate) fn without_credentials(url: &str) -> String {
    match url.split_once("://") {
        Some((scheme, rest)) => {
            let authority = rest.split('/').next().unwrap_or(rest);
            let host = authority.rsplit_once('@').map_or(0, |(user, _)| user.len() + 1);
            [scheme, "://", &rest[host..]].concat()
        }
        None => url.to_owned(),
    }
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

    #[test]
    fn passwords_in_remotes_are_dropped() {
        assert_eq!(
            without_credentials("https://ada:secret@git.example.test/a/b.git"),
            "https://git.example.test/a/b.git"
        );
        assert_eq!(without_credentials("https://git.example.test/a@b"), "https://git.example.test/a@b");
        assert_eq!(without_credentials("git@example.test:a/b.git"), "git@example.test:a/b.git");
    }
}
