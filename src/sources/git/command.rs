//! The one place that starts `git`: a closed environment, a fixed configuration, streamed output.
//!
//! Owns what keeps a hostile repository from executing anything (`faults.md`, Git input) and the errors of a failed call.
//! Owns no parsing. Nothing here writes to the repository that is read; the only command that writes is the
//! clone of a bundle into a temporary directory.

use super::waiting::{Waiting, Watched};
use std::ffi::OsStr;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

/// Where `git` is looked for. The caller's PATH is not used: a directory in it may belong to the input.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin:/opt/homebrew/bin:/opt/local/bin:/run/current-system/sw/bin";

/// Bytes of standard error that are kept for the message.
const STDERR_BYTES: usize = 4 * 1024;

/// How long git is waited for without a byte from it. The longest silences of a sound repository, the commit graph and the blame of one file, are minutes in the
/// largest; beyond this a disk does not answer, or a file that git opens is a pipe. How long it talks has no limit.
const SILENCE: Duration = Duration::from_secs(30 * 60);

/// Configuration that overrides the repository's own. Each line takes away a way to run a program, to reach the network,
/// to read another file, or to change the format of the output.
const CONFIG: &[&str] = &[
    "blame.ignoreRevsFile=",
    "color.ui=false",
    // Files over 1 MiB are binary to `diff`: bounded memory, and nobody writes such files by hand.
    "core.bigFileThreshold=1048576",
    "core.attributesFile=/dev/null",
    "core.excludesFile=/dev/null",
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.pager=cat",
    "core.quotePath=true",
    "core.sshCommand=false",
    "core.alternateRefsCommand=false",
    "credential.helper=",
    "diff.algorithm=default",
    "diff.external=",
    "diff.mnemonicPrefix=false",
    "diff.noprefix=false",
    "diff.orderFile=/dev/null",
    "diff.renameLimit=1000",
    "gc.auto=0",
    "gpg.program=false",
    "log.follow=false",
    "log.mailmap=true",
    "log.showRoot=true",
    "log.showSignature=false",
    "mailmap.file=/dev/null",
    "maintenance.auto=false",
    "protocol.allow=never",
    "safe.directory=*",
    "submodule.recurse=false",
];

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum GitError {
    /// There is no git to run.
    #[error("git cannot be started: {0}")]
    Start(#[source] io::Error),
    /// Reading its output failed.
    #[error("git's output cannot be read: {0}")]
    Read(#[from] io::Error),
    /// It said no.
    #[error("git {subcommand} failed: {message}")]
    Failed {
        /// Subcommand.
        subcommand: String,
        /// First line of standard error.
        message: String,
    },
    /// It said nothing for too long and was ended.
    #[error("git {subcommand} was ended after {} minutes without a word", SILENCE.as_secs() / 60)]
    Silent {
        /// Subcommand.
        subcommand: String,
    },
    /// Its output is not what this version expects.
    #[error("git {subcommand} wrote something unexpected: {what}")]
    Unexpected {
        /// Subcommand.
        subcommand: &'static str,
        /// What.
        what: &'static str,
    },
}

/// A git directory and the settings with which it is read.
#[derive(Debug, Clone)]
pub(super) struct Git {
    directory: PathBuf,
    mailmap_blob: Option<String>,
    /// How long a call may be silent.
    silence: Duration,
    /// The subcommand that was ended for its silence. No other is begun then: each might be as silent.
    silent: Arc<OnceLock<String>>,
}

impl Git {
    /// For this git directory (`.git`, a bare repository, or a `.git` file that points to one).
    pub(super) fn new(directory: &Path) -> Self {
        Self { directory: directory.to_path_buf(), mailmap_blob: None, silence: SILENCE, silent: Arc::default() }
    }

    /// Fails where a call was ended for its silence: what the others said is not all that there is.
    pub(super) fn answered(&self) -> Result<(), GitError> {
        match self.silent.get() {
            Some(subcommand) => Err(GitError::Silent { subcommand: subcommand.clone() }),
            None => Ok(()),
        }
    }

    /// Reads `.mailmap` from this commit instead of the work tree.
    pub(super) fn with_mailmap_of(mut self, commit: &str) -> Self {
        self.mailmap_blob = Some(format!("mailmap.blob={commit}:.mailmap"));
        self
    }

    /// The whole output as text, for small outputs.
    pub(super) fn text(&self, arguments: &[&str]) -> Result<String, GitError> {
        let bytes = self.stream(arguments, b"", |reader| {
            let mut bytes = Vec::new();
            reader.read_to_end(&mut bytes)?;
            Ok(bytes)
        })?;
        Ok(String::from_utf8_lossy(&bytes).trim_end_matches('\n').to_owned())
    }

    /// The whole output as text, or null where git says no: for questions whose answer may not exist.
    pub(super) fn text_if_any(&self, arguments: &[&str]) -> Result<Option<String>, GitError> {
        match self.text(arguments) {
            Ok(text) if text.is_empty() => Ok(None),
            Ok(text) => Ok(Some(text)),
            Err(GitError::Failed { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Runs git, writes `input` to it and hands its output to `consume` as it comes.
    pub(super) fn stream<T, A: AsRef<OsStr>>(
        &self,
        arguments: &[A],
        input: &[u8],
        consume: impl FnOnce(&mut dyn BufRead) -> Result<T, GitError>,
    ) -> Result<T, GitError> {
        self.answered()?;
        let mut command = self.command();
        command.args(arguments);
        let subcommand = arguments.first().map(|name| name.as_ref().to_string_lossy().into_owned()).unwrap_or_default();
        let answer = run(command, subcommand, input, self.silence, consume);
        if let Err(GitError::Silent { subcommand }) = &answer {
            // Of two that are ended at once the first is remembered.
            let _ = self.silent.set(subcommand.clone());
        }
        answer
    }

    fn command(&self) -> Command {
        let mut command = bare_command();
        if let Some(blob) = &self.mailmap_blob {
            command.arg("-c").arg(blob);
        }
        // `--bare`: the work tree is never looked at, so its files cannot change what is read.
        command.arg("--bare").env("GIT_DIR", &self.directory).current_dir("/");
        command
    }
}

/// Copies a bundle into a bare repository at `target`.
///
/// # Errors
/// When git is missing, the bundle is damaged, or it needs commits that it does not hold.
pub(super) fn clone_bundle(bundle: &Path, target: &Path) -> Result<(), GitError> {
    let mut command = bare_command();
    command
        .args(["-c", "protocol.file.allow=always", "-c", "init.defaultBranch=main"])
        .args(["clone", "--quiet", "--mirror", "--no-hardlinks", "--template=", "--"])
        .arg(bundle)
        .arg(target)
        .env("GIT_ALLOW_PROTOCOL", "file")
        .current_dir("/");
    run(command, "clone".to_owned(), b"", SILENCE, |reader| {
        io::copy(reader, &mut io::sink())?;
        Ok(())
    })
}

fn bare_command() -> Command {
    let mut command = Command::new("git");
    command
        .env_clear()
        .env("PATH", PATH)
        .env("HOME", "/nonexistent")
        .env("XDG_CONFIG_HOME", "/nonexistent")
        .env("LC_ALL", "C")
        .env("TZ", "UTC")
        .env("GIT_ALLOW_PROTOCOL", "")
        .env("GIT_ATTR_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_GRAFT_FILE", "/dev/null")
        .env("GIT_NO_LAZY_FETCH", "1")
        .env("GIT_NO_REPLACE_OBJECTS", "1")
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("GIT_TERMINAL_PROMPT", "0")
        .arg("--no-pager");
    for setting in CONFIG {
        command.arg("-c").arg(setting);
    }
    command
}

fn run<T>(
    mut command: Command,
    subcommand: String,
    input: &[u8],
    silence: Duration,
    consume: impl FnOnce(&mut dyn BufRead) -> Result<T, GitError>,
) -> Result<T, GitError> {
    let stdin = if input.is_empty() { Stdio::null() } else { Stdio::piped() };
    command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child: Child = command.spawn().map_err(GitError::Start)?;
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (child, waiting, (finish, finished)) = (Mutex::new(child), Waiting::default(), channel::<()>());
    // It may have ended already, which is no error.
    let end = || drop(child.lock().unwrap_or_else(PoisonError::into_inner).kill());
    let (consumed, message, is_silent) = thread::scope(|scope| {
        let complaint = stderr.map(|stderr| scope.spawn(move || head_of(stderr)));
        if let Some(mut stdin) = stdin {
            // Beside the reading: a git whose answers nobody takes reads no further question. One that stops reading says why on standard error; the
            // broken pipe is not the news.
            scope.spawn(move || stdin.write_all(input).ok());
        }
        let told = &waiting;
        let watch = scope.spawn(move || told.watch(&finished, silence, end));
        let consumed = match stdout {
            Some(output) => consume(&mut BufReader::with_capacity(256 * 1024, Watched { output, waiting: told })),
            None => Err(GitError::Read(io::ErrorKind::BrokenPipe.into())),
        };
        if consumed.is_err() {
            end();
        }
        let message = told.during(|| complaint.and_then(|thread| thread.join().ok())).unwrap_or_default();
        drop(finish);
        (consumed, message, watch.join().unwrap_or(false))
    });
    let status = child.into_inner().unwrap_or_else(PoisonError::into_inner).wait()?;
    if is_silent {
        return Err(GitError::Silent { subcommand });
    }
    // What git says about its end explains a parse that was cut short, so it goes first.
    if !status.success() && (consumed.is_ok() || String::from_utf8_lossy(&message).contains("fatal:")) {
        return Err(GitError::Failed { subcommand, message: first_line(&message) });
    }
    consumed
}

fn head_of(mut stream: impl Read) -> Vec<u8> {
    let mut head = Vec::new();
    let _ = stream.by_ref().take(STDERR_BYTES as u64).read_to_end(&mut head);
    // The rest is read away, or git would block on a full pipe.
    let _ = io::copy(&mut stream, &mut io::sink());
    head
}

/// The first line that says what is wrong, without control characters.
fn first_line(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let line = text
        .lines()
        .find(|line| line.starts_with("fatal:") || line.starts_with("error:"))
        .or_else(|| text.lines().next())
        .unwrap_or("no message");
    line.chars().filter(|c| !c.is_control()).take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_questions_than_a_pipe_holds_are_answered() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("questions.git");
        let made = Command::new("git").args(["init", "--quiet", "--bare"]).arg(&path).status();
        assert!(made.unwrap().success());
        // Objects that are not there: an answer of 49 bytes to each name of 41.
        let questions = "0123456789012345678901234567890123456789\n".repeat(20_000);
        let git = Git::new(&path);
        let answers = git.stream(&["cat-file", "--batch"], questions.as_bytes(), |reader| Ok(reader.lines().count()));
        assert_eq!(answers.unwrap(), 20_000);
    }

    #[test]
    #[cfg(unix)]
    fn a_git_that_waits_for_a_pipe_is_ended_and_none_is_begun_after_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("silent.git");
        let made = Command::new("git").args(["init", "--quiet", "--bare"]).arg(&path).status();
        assert!(made.unwrap().success());
        // An object that is a pipe: git opens it, and nobody ever writes into it.
        std::fs::create_dir(path.join("objects/01")).unwrap();
        let pipe = path.join("objects/01/23456789012345678901234567890123456789");
        assert!(Command::new("mkfifo").arg(pipe).status().unwrap().success());
        let git = Git { silence: Duration::from_secs(2), ..Git::new(&path) };
        let shadow = git.clone();
        assert!(git.answered().is_ok() && git.text(&["rev-parse", "--git-dir"]).is_ok());
        let error = git.text(&["cat-file", "-t", "0123456789012345678901234567890123456789"]).unwrap_err();
        assert_eq!(error.to_string(), "git cat-file was ended after 30 minutes without a word");
        for error in [shadow.answered().unwrap_err(), shadow.text_if_any(&["rev-parse", "--git-dir"]).unwrap_err()] {
            assert!(matches!(&error, GitError::Silent { subcommand } if subcommand == "cat-file"), "{error}");
        }
    }
}
