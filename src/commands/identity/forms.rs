//! The forms of an id: what kind of thing it is, and what of it says who it is.
//!
//! Owns the reading of one text. Owns no roster and no decision: those are in [`super`].

/// What an id is, as far as its form tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Form {
    /// An e-mail address.
    Email,
    /// A login, or the id of an account.
    Login,
    /// The id or hash of an API key.
    Key,
    /// A name with blanks, as git authors have it.
    Name,
    /// The user of a home directory.
    OsUser,
    /// A directory of the input, by an `[[identity]]` rule.
    Path,
    /// The log says nothing.
    Nothing,
}

impl Form {
    /// The word in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Form::Email => "email",
            Form::Login => "login",
            Form::Key => "key",
            Form::Name => "name",
            Form::OsUser => "os_user",
            Form::Path => "path",
            Form::Nothing => "nothing",
        }
    }

    /// The form of an account as a log or an outcome has it.
    pub fn of(id: &str) -> Self {
        let id = id.trim();
        let is_hash = id.len() >= 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        if id.is_empty() {
            Form::Nothing
        } else if email(id).is_some() {
            Form::Email
        } else if is_hash || id.starts_with("sk-") || id.starts_with("apikey_") {
            Form::Key
        } else if id.contains(char::is_whitespace) {
            Form::Name
        } else {
            Form::Login
        }
    }
}

/// Ids compare without case and surrounding blanks.
pub fn exact(id: &str) -> String {
    id.trim().to_lowercase()
}

/// What an e-mail address says beside itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reduced {
    /// The mailbox: `ada+ci@example.com` is delivered to `ada@example.com` (RFC 5233).
    Mailbox(String),
    /// A forge's address that hides the real one and names the login.
    Login(String),
    /// An address that nobody reads and that names nobody.
    Nobody,
}

/// What an id says once it is taken apart; none where it says no more than itself.
pub fn reduced(id: &str) -> Option<Reduced> {
    let id = exact(id);
    let (local, domain) = email(&id)?;
    let is_hidden = domain.starts_with("users.noreply.") || domain.starts_with("noreply.");
    if is_hidden {
        // GitHub writes `7+login` and, of old accounts, `login`, which may begin with `7-`; GitLab writes `7-login`; others write the login.
        let digits = local.bytes().take_while(u8::is_ascii_digit).count();
        let login = match local.as_bytes().get(digits) {
            Some(b'+') if digits > 0 => &local[digits + 1..],
            Some(b'-') if digits > 0 && domain != "users.noreply.github.com" => &local[digits + 1..],
            _ => local,
        };
        return Some(if login.is_empty() { Reduced::Nobody } else { Reduced::Login(login.to_owned()) });
    }
    if matches!(local, "noreply" | "no-reply" | "donotreply" | "do-not-reply") {
        return Some(Reduced::Nobody);
    }
    let mailbox = local.split('+').next().filter(|mailbox| !mailbox.is_empty() && *mailbox != local)?;
    Some(Reduced::Mailbox(format!("{mailbox}@{domain}")))
}

/// The words of a name or of the part of an address before its `@`, sorted: `ada.quill@example.com` and `Quill, Ada` have the same. Two words at
/// least, since one says too little.
pub fn words(id: &str) -> Option<Vec<String>> {
    let id = exact(id);
    let name = email(&id).map_or(id.as_str(), |(local, _)| local);
    let mut words: Vec<String> =
        name.split(|c: char| !c.is_alphabetic()).filter(|word| word.chars().count() > 1).map(str::to_owned).collect();
    words.sort();
    (words.len() > 1).then_some(words)
}

/// The part of an address before its `@`.
pub fn local_part(id: &str) -> Option<String> {
    let id = exact(id);
    email(&id).map(|(local, _)| local.to_owned())
}

/// Both parts of an address.
fn email(id: &str) -> Option<(&str, &str)> {
    let (local, domain) = id.rsplit_once('@')?;
    let is_address = !local.is_empty() && domain.contains('.') && !id.contains(char::is_whitespace);
    is_address.then_some((local, domain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart() {
        let cases = [
            ("Ada+CI@Example.com", Some(Reduced::Mailbox("ada@example.com".into()))),
            ("ada@example.com", None),
            ("4711+AdaL@users.noreply.github.com", Some(Reduced::Login("adal".into()))),
            ("adal@users.noreply.github.com", Some(Reduced::Login("adal".into()))),
            ("7-ada@users.noreply.github.com", Some(Reduced::Login("7-ada".into()))),
            ("17-ada.l@users.noreply.gitlab.example.com", Some(Reduced::Login("ada.l".into()))),
            ("adal@noreply.codeberg.org", Some(Reduced::Login("adal".into()))),
            ("49699333+dependabot[bot]@users.noreply.github.com", Some(Reduced::Login("dependabot[bot]".into()))),
            ("noreply@github.com", Some(Reduced::Nobody)),
            ("12+@users.noreply.github.com", Some(Reduced::Nobody)),
            ("+tag@example.com", None),
            ("adal", None),
            ("a b@example.com", None),
            ("ada@localhost", None),
        ];
        for (id, expected) in cases {
            assert_eq!(reduced(id), expected, "{id}");
        }
    }

    #[test]
    fn forms_are_told_by_their_look() {
        let cases = [
            ("ada@example.com", Form::Email),
            ("adal", Form::Login),
            ("u-17", Form::Login),
            ("Ada Quill", Form::Name),
            ("88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b", Form::Key),
            ("sk-ant-1", Form::Key),
            (" ", Form::Nothing),
        ];
        for (id, expected) in cases {
            assert_eq!(Form::of(id), expected, "{id}");
        }
        assert_eq!(words("Quill, Ada"), words("ada.quill@example.com"));
        assert_eq!(words("aquill"), None);
    }
}
