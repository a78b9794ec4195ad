//! Which repository: its git directory (a work tree's, a bare one, or a bundle cloned for the moment), its name, its branches,
//! and the commit that counts as "landed" at the as-of date.

use super::command::{self, Git, GitError};
use super::shadow;
use crate::sources::{Input, InputError, Reason, Unit};
use rustc_hash::FxHashSet;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Whether a branch holds an agent's checkpoints or a tool's bookkeeping, not work (`formats.md` 10.7).
fn is_bookkeeping(branch: &str) -> bool {
    branch.starts_with("entire/") || branch == "gh-pages"
}

/// A repository ready to be read.
pub(super) struct Repository {
    /// The hardened git for it.
    pub git: Git,
    /// Remote URL without credentials, else the directory's name.
    pub name: String,
    /// Short name of the default branch, where it is a branch.
    pub default_branch: Option<String>,
    /// The default branch's newest commit at the as-of date; null when there is none.
    pub tip: Option<String>,
    /// Full names of branches and tags that lead to commits, the default branch first.
    pub refs: Vec<String>,
    /// Commits whose parents a shallow clone left out.
    pub shallow: FxHashSet<String>,
    /// Holds the shadow and the clone of a bundle; removed with this value.
    _workspace: TempDir,
}

/// The error of an input that git cannot read at all.
pub(super) fn failed(name: &str, error: &impl ToString) -> InputError {
    InputError::Format { path: name.to_owned(), reason: Reason::GitFailed, error: error.to_string() }
}

impl Repository {
    /// Opens the input as of `until` (seconds since the epoch, or the newest).
    pub(super) fn open(input: &Input, until: Option<i64>) -> Result<Self, InputError> {
        let fail = |error: GitError| failed(&input.name, &error);
        let workspace = tempfile::tempdir().map_err(|error| input.io_error(error))?;
        let directory = match input.unit {
            Unit::GitRepository => {
                git_directory(&input.path).ok_or_else(|| failed(&input.name, &"not a git repository"))?
            }
            Unit::File => {
                let target = workspace.path().join("bundle.git");
                command::clone_bundle(&input.path, &target).map_err(fail)?;
                target
            }
        };
        let original = Git::new(&directory);
        let shadow = workspace.path().join("shadow.git");
        let git = shadow::create(&original, &shadow).map_err(fail)?;
        let branches = Branches::read(&original).map_err(fail)?;
        let default = branches.default_ref(&original).map_err(fail)?;
        let tip = match &default {
            Some(name) => tip_at(&git, name, until).map_err(fail)?,
            None => None,
        };
        let remote = match input.unit {
            Unit::GitRepository => original.text_if_any(&["config", "--get", "remote.origin.url"]).map_err(fail)?,
            Unit::File => None,
        };
        let mut refs = branches.names;
        refs.sort_by_key(|name| Some(name) != default.as_ref());
        Ok(Self {
            git: match &tip {
                Some(tip) => git.with_mailmap_of(tip),
                None => git,
            },
            name: remote.map_or_else(|| directory_name(&input.path), |url| without_credentials(&url)),
            default_branch: default.as_deref().and_then(short_name),
            tip,
            refs,
            shallow: shallow_commits(&shadow),
            _workspace: workspace,
        })
    }
}

/// A hash of everything that decides what a read of this repository gives: its refs, where HEAD points, how deep it is, and
/// the as-of date. Equal ids mean that nothing has to be read again. `as_of` is in microseconds since the epoch, `name` what messages call it.
///
/// # Errors
/// `InputError::Format` with [`Reason::GitFailed`] when there is no git or no repository.
pub fn state_id(name: &str, path: &Path, as_of: Option<i64>) -> Result<String, InputError> {
    let directory = git_directory(path).ok_or_else(|| failed(name, &"not a git repository"))?;
    let git = Git::new(&directory);
    let refs = git
        .text(&["for-each-ref", "--format=%(refname) %(objectname) %(symref)"])
        .and_then(|refs| Ok((refs, git.text_if_any(&["rev-parse", "--verify", "--quiet", "HEAD"])?)))
        .and_then(|(refs, head)| Ok((refs, head, git.text_if_any(&["symbolic-ref", "--quiet", "HEAD"])?)))
        .map_err(|error| failed(name, &error))?;
    let mut shallow: Vec<String> = shallow_commits(&directory).into_iter().collect();
    shallow.sort_unstable();
    let state = format!("footlight-git/1\n{refs:?}\n{shallow:?}\n{as_of:?}");
    Ok(blake3::hash(state.as_bytes()).to_hex()[..32].to_owned())
}

/// Branches and tags that lead to commits.
struct Branches {
    names: Vec<String>,
    bare: bool,
}

impl Branches {
    fn read(git: &Git) -> Result<Self, GitError> {
        let format = "--format=%(refname) %(objecttype) %(*objecttype)";
        let listing = git.text(&["for-each-ref", format, "refs/heads", "refs/remotes", "refs/tags"])?;
        let mut names: Vec<String> = listing
            .lines()
            .filter_map(|line| {
                let mut words = line.split(' ');
                let name = words.next()?;
                let work = !short_name(name).is_some_and(|short| is_bookkeeping(&short));
                (words.any(|kind| kind == "commit") && work && !name.ends_with("/HEAD")).then(|| name.to_owned())
            })
            .collect();
        if git.text_if_any(&["rev-parse", "--verify", "--quiet", "HEAD^{commit}"])?.is_some() {
            names.push("HEAD".to_owned());
        }
        // `--bare` is how git is run here, so the configuration is asked.
        let bare = git.text_if_any(&["config", "--type=bool", "--get", "core.bare"])?.as_deref() == Some("true");
        Ok(Self { names, bare })
    }

    /// The branch on which work counts as landed. The remote says it (`origin/HEAD`); a bare repository says it by HEAD; in a work tree
    /// HEAD is only what somebody has checked out, so the usual names come first.
    fn default_ref(&self, git: &Git) -> Result<Option<String>, GitError> {
        let known = |name: &str| self.names.iter().any(|other| other == name);
        let head = git.text_if_any(&["symbolic-ref", "--quiet", "HEAD"])?.filter(|name| known(name));
        if let Some(name) =
            git.text_if_any(&["symbolic-ref", "--quiet", "refs/remotes/origin/HEAD"])?.filter(|name| known(name))
        {
            return Ok(Some(name));
        }
        if let Some(head) = head.as_ref().filter(|_| self.bare) {
            return Ok(Some(head.clone()));
        }
        let usual = ["refs/remotes/origin/main", "refs/remotes/origin/master", "refs/heads/main", "refs/heads/master"];
        Ok(usual
            .into_iter()
            .find(|name| known(name))
            .map(str::to_owned)
            .or(head)
            .or_else(|| known("HEAD").then(|| "HEAD".to_owned())))
    }
}

/// Files of a git directory that are opened whatever is asked of it.
const ALWAYS_OPENED: [&str; 6] = ["HEAD", "config", "packed-refs", "shallow", "commondir", "objects/info/alternates"];

/// The git directory of a work tree or bare repository. None where something else than a file has the name of one that is always opened: whoever opens a
/// pipe waits for somebody to write into it.
fn git_directory(path: &Path) -> Option<PathBuf> {
    let inner = path.join(".git");
    let directory = if inner.exists() {
        inner
    } else if path.join("HEAD").is_file() && path.join("objects").is_dir() {
        path.to_path_buf()
    } else {
        return None;
    };
    let is_no_file = |name: &&str| std::fs::metadata(directory.join(name)).is_ok_and(|found| !found.is_file());
    let is_whole = !ALWAYS_OPENED.iter().any(is_no_file);
    is_whole.then_some(directory)
}

fn tip_at(git: &Git, name: &str, until: Option<i64>) -> Result<Option<String>, GitError> {
    let mut arguments = vec!["rev-list".to_owned(), "--first-parent".to_owned(), "--max-count=1".to_owned()];
    arguments.extend(until.map(|seconds| format!("--min-age={seconds}")));
    arguments.extend(["--end-of-options".to_owned(), name.to_owned()]);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    Ok(Some(git.text(&arguments)?).filter(|sha| !sha.is_empty()))
}

fn shallow_commits(directory: &Path) -> FxHashSet<String> {
    let text = std::fs::read_to_string(directory.join("shallow")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// `refs/heads/fix` and `refs/remotes/origin/fix` are both `fix`; a tag is no branch.
pub(super) fn short_name(reference: &str) -> Option<String> {
    match reference.strip_prefix("refs/heads/") {
        Some(name) => Some(name.to_owned()),
        None => reference.strip_prefix("refs/remotes/")?.split_once('/').map(|(_, name)| name.to_owned()),
    }
}

fn directory_name(path: &Path) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    name.strip_suffix(".git").or_else(|| name.strip_suffix(".bundle")).unwrap_or(&name).to_owned()
}

/// Drops the user, password and query of a URL; `git@host:path` has no secret and stays.
fn without_credentials(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let rest = rest.split(['?', '#']).next().unwrap_or(rest);
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{scheme}://{host}{path}")
}

#[cfg(test)]
mod tests {
    use super::{git_directory, short_name, without_credentials};

    #[test]
    fn urls_lose_their_secrets_and_nothing_else() {
        assert_eq!(
            without_credentials("https://ada:s3cret@git.example.test/acme/shop.git?token=x"),
            "https://git.example.test/acme/shop.git"
        );
        assert_eq!(without_credentials("git@git.example.test:acme/shop.git"), "git@git.example.test:acme/shop.git");
        assert_eq!(without_credentials("https://a@b@git.example.test"), "https://git.example.test");
        assert_eq!(without_credentials("/srv/shop.git"), "/srv/shop.git");
    }

    #[test]
    #[cfg(unix)]
    fn a_directory_with_a_pipe_in_the_place_of_its_files_is_no_repository() {
        let work = tempfile::tempdir().unwrap();
        let inner = work.path().join(".git");
        std::fs::create_dir_all(inner.join("objects")).unwrap();
        std::fs::write(inner.join("HEAD"), "ref: refs/heads/main\n").unwrap();
        assert_eq!(git_directory(work.path()), Some(inner.clone()));
        assert_eq!(git_directory(&inner), Some(inner.clone()));
        let made = std::process::Command::new("mkfifo").arg(inner.join("config")).status();
        assert!(made.unwrap().success());
        assert_eq!((git_directory(work.path()), git_directory(&inner)), (None, None));
    }

    #[test]
    fn short_names_are_of_branches() {
        assert_eq!(short_name("refs/remotes/origin/fix/cart").as_deref(), Some("fix/cart"));
        assert_eq!(short_name("refs/tags/v1"), None);
    }
}
