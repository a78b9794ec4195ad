//! Repositories are built from the fast-import streams in `fixtures/`, with fixed names and dates, so that object names are the
//! same on every machine.

use super::*;
use crate::events::{Aggregate, Event, Fact, Outcome, RosterEntry};
use crate::sources::testing::{Recorded, file_input};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// A repository that lives as long as the test.
struct Fixture {
    directory: TempDir,
}

impl Fixture {
    fn empty(arguments: &[&str]) -> Self {
        let fixture = Self { directory: tempfile::tempdir().unwrap() };
        let mut init = vec!["init", "--quiet", "--initial-branch=main"];
        init.extend(arguments);
        fixture.git(&init);
        fixture
    }

    fn bare(stream: &[u8]) -> Self {
        let fixture = Self::empty(&["--bare"]);
        fixture.import(stream);
        fixture
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("shop")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        std::fs::create_dir_all(self.path()).unwrap();
        let mut command = Command::new("git");
        command
            .args(["-c", "user.name=Ada", "-c", "user.email=ada@example.test", "-c", "protocol.file.allow=always"])
            .args(arguments)
            .current_dir(self.path())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_AUTHOR_DATE", "1767225600 +0000")
            .env("GIT_COMMITTER_DATE", "1767225600 +0000");
        command
    }

    fn git(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().unwrap();
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    fn import(&self, stream: &[u8]) {
        let mut child = self.command(&["fast-import", "--quiet", "--force"]).stdin(Stdio::piped()).spawn().unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), stream).unwrap();
        assert!(child.wait().unwrap().success());
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn read(&self) -> Recorded {
        read(&self.path(), Unit::GitRepository, None)
    }
}

fn stream(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sources/git/fixtures").join(name)).unwrap()
}

fn input(path: &Path, unit: Unit, as_of: Option<&str>) -> Input {
    let mut input = file_input(path, "shop");
    input.unit = unit;
    input.as_of_us = as_of.map(|text| text.parse::<jiff::Timestamp>().unwrap().as_microsecond());
    input
}

fn read(path: &Path, unit: Unit, as_of: Option<&str>) -> Recorded {
    let mut sink = Recorded::default();
    Git.read(&input(path, unit, as_of), &mut sink).unwrap();
    sink
}

/// One line an outcome, then rejects and ignored kinds.
fn shown(recorded: &Recorded) -> String {
    let mut out = String::new();
    let mut line = |text: String| {
        out.push_str(text.trim_end());
        out.push('\n');
    };
    let count = |value: Option<i64>| value.map_or("-".to_owned(), |value| value.to_string());
    for (_, outcome) in &recorded.outcomes {
        let at = jiff::Timestamp::from_microsecond(outcome.ts_us).unwrap();
        line(format!(
            "{} {at} {} {} {} +{} -{} surviving {} fingerprints {} paths {:?} refs {:?} sessions {:?}",
            &outcome.outcome_id[..10],
            outcome.status,
            outcome.branch.as_deref().unwrap_or("-"),
            outcome.actor_id.as_deref().unwrap_or("-"),
            count(outcome.lines_added),
            count(outcome.lines_deleted),
            count(outcome.lines_surviving),
            outcome.added_lines.len(),
            outcome.paths,
            outcome.refs.iter().map(|name| if name.len() == 40 { &name[..10] } else { name }).collect::<Vec<_>>(),
            outcome.session_ids,
        ));
    }
    recorded.rejects.iter().for_each(|(_, reason, detail)| line(format!("reject {} {detail}", reason.as_str())));
    recorded.ignored.iter().for_each(|(kind, count)| line(format!("ignored {kind} {count}")));
    out
}

fn assert_snapshot(name: &str, recorded: &Recorded) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.bind(|| insta::assert_snapshot!(name, shown(recorded)));
}

/// Lines by commit as plain `git blame` has them, over the given files.
fn plain_blame(fixture: &Fixture, files: &[&str]) -> FxHashMap<String, i64> {
    let mut lines = FxHashMap::default();
    for file in files {
        for line in fixture.git(&["blame", "-l", "--root", "HEAD", "--", file]).lines() {
            *lines.entry(line[..40].to_owned()).or_default() += 1;
        }
    }
    lines
}

#[test]
fn kinds_of_change() {
    let fixture = Fixture::bare(&stream("changes.fi"));
    let recorded = fixture.read();
    assert_snapshot("changes", &recorded);
    assert_eq!(recorded.outcomes[0].1.repo.as_deref(), Some("shop"));
    // `src/side.rs` is left out: its last commit only re-indents, and plain blame gives it lines that `-w` leaves with their author.
    let plain = plain_blame(&fixture, &[".mailmap", "src/basket.rs", "notes.txt", "Cargo.lock"]);
    for (_, outcome) in &recorded.outcomes {
        if let Some(&lines) = plain.get(&outcome.outcome_id) {
            assert_eq!(outcome.lines_surviving, Some(lines), "{}", outcome.outcome_id);
        }
    }
}

#[test]
fn clocks_that_are_wrong_and_messages_that_look_like_a_log() {
    let fixture = Fixture::bare(&stream("dates.fi"));
    let recorded = fixture.read();
    assert_snapshot("dates", &recorded);
    assert_eq!(recorded.reasons(), ["implausible_time"]);
    // The rebase is dated by its committer, and where that clock is wrong the author's counts.
    let hours: Vec<i64> =
        recorded.outcomes.iter().map(|(_, outcome)| (outcome.ts_us / 1_000_000 - 1_767_225_600) / 3_600).collect();
    assert_eq!(hours, [1, 2, 3, 4]);
    let sessions: Vec<&String> = recorded.outcomes.iter().flat_map(|(_, outcome)| &outcome.session_ids).collect();
    assert_eq!(sessions, ["s-odd"]);
}

#[test]
fn lines_added_are_those_of_numstat() {
    let fixture = Fixture::bare(&stream("changes.fi"));
    for (_, outcome) in fixture.read().outcomes {
        let numstat = fixture.git(&["show", "--numstat", "-M", "--format=", &outcome.outcome_id]);
        let added: i64 = numstat.lines().filter_map(|line| line.split('\t').next()?.parse::<i64>().ok()).sum();
        assert_eq!(outcome.lines_added, Some(added), "{}", outcome.outcome_id);
    }
}

#[test]
fn ways_to_land() {
    let fixture = Fixture::bare(&stream("landing.fi"));
    assert_snapshot("landing", &fixture.read());
}

/// Imports a stream whose messages name earlier commits as `%2%`: what stands before such a commit is imported first, so that
/// its object name is known.
fn import_with_names(fixture: &Fixture, stream: &[u8]) {
    let text = String::from_utf8(stream.to_vec()).unwrap();
    let mut whole = String::new();
    for part in text.split("commit refs/").skip(1) {
        let mut part = format!("commit refs/{part}");
        while let Some(start) = part.find('%') {
            let end = start + 1 + part[start + 1..].find('%').unwrap();
            let count: usize = part[start + 1..end].parse().unwrap();
            let names = fixture.git(&["rev-list", "--reverse", "--all"]);
            part.replace_range(start..=end, names.lines().nth(count - 1).unwrap());
        }
        whole.push_str(&part);
        fixture.import(whole.as_bytes());
    }
}

#[test]
fn reverts_and_reverts_of_reverts() {
    let fixture = Fixture::empty(&["--bare"]);
    import_with_names(&fixture, &stream("reverts.fi"));
    let recorded = fixture.read();
    assert_snapshot("reverts", &recorded);
    let status: Vec<&str> = recorded.outcomes.iter().map(|(_, outcome)| outcome.status.as_str()).collect();
    // Start is only taken back on a side branch; the revert of tax was itself taken back, so tax counts again.
    // Taking back a merge takes back what it brought in, by the name of its request too; an issue of that number is none.
    assert_eq!(
        status,
        [
            "landed", "landed", "reverted", "reverted", "landed", "landed", "open", "reverted", "landed", "landed",
            "reverted", "landed", "landed", "reverted", "landed"
        ]
    );
}

#[test]
fn a_merge_gives_its_request_to_what_it_brought_in_and_a_revert_takes_back_what_it_quotes() {
    let recorded = Fixture::bare(&stream("requests.fi")).read();
    let told: Vec<(&str, Vec<&str>)> = recorded
        .outcomes
        .iter()
        .map(|(_, outcome)| (outcome.status.as_str(), outcome.refs.iter().map(String::as_str).collect()))
        .collect();
    let cents = recorded.outcomes[1].1.outcome_id.as_str();
    assert_eq!(
        told,
        [
            ("landed", vec![]),
            ("reverted", vec!["#12"]),
            ("landed", vec!["#12"]),
            ("landed", vec!["#12", "#13", "acme/shop#12", cents]),
            ("landed", vec!["#12"]),
            ("landed", vec!["!7"]),
            ("landed", vec![]),
            ("landed", vec!["PROJ-4", "!7"]),
        ]
    );
}

#[test]
fn what_was_written_again_after_it_was_taken_away_lands_as_its_own_copy() {
    let fixture = Fixture::empty(&["--bare"]);
    let mut stream = String::new();
    let one_line = "M 100644 inline once.rs\ndata <<END\nlet once = again();\nEND\n";
    let other = "M 100644 inline other.rs\ndata <<END\nlet other = thing();\nEND\n";
    // A line, taken away, written again on a branch, and picked from there to the default branch.
    for (mark, branch, parent, change) in [
        (1, "main", "", one_line),
        (2, "main", "", "D once.rs\n"),
        (3, "again", "from :2\n", one_line),
        (4, "main", "from :2\n", other),
        (5, "main", "", one_line),
    ] {
        let who = format!("Ada <ada@example.test> {} +0000", 1_767_225_600 + mark * 3_600);
        stream += &format!(
            "commit refs/heads/{branch}\nmark :{mark}\nauthor {who}\ncommitter {who}\ndata <<END\nStep {mark}\nEND\n{parent}{change}\n"
        );
    }
    fixture.import(stream.as_bytes());
    let names = fixture.git(&["rev-list", "--reverse", "--all", "--date-order"]);
    let names: Vec<&str> = names.lines().collect();
    let recorded = fixture.read();
    let again = recorded.outcomes.iter().find(|(_, outcome)| outcome.outcome_id == names[2]).unwrap();
    assert_eq!((again.1.status.as_str(), again.1.refs.as_slice()), ("abandoned", &[names[4].to_owned()][..]));
}

/// Configuration and attributes that would run a program, each of which would leave a file behind.
#[test]
fn a_hostile_repository_executes_nothing() {
    let fixture = Fixture::empty(&[]);
    let canary = fixture.directory.path().join("canary");
    let script = fixture.directory.path().join("evil.sh");
    std::fs::write(&script, format!("#!/bin/sh\ntouch {}\ncat\n", canary.display())).unwrap();
    let mut permissions = std::fs::metadata(&script).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o755);
    std::fs::set_permissions(&script, permissions).unwrap();
    fixture.write("src/cart.rs", "let total = price * quantity;\n");
    fixture.write(".gitattributes", "* diff=evil filter=evil merge=evil\n");
    fixture.git(&["add", "."]);
    fixture.git(&["commit", "--quiet", "--message=Start"]);
    fixture.write("src/cart.rs", "let total = price * quantity + 1;\n");
    fixture.git(&["commit", "--quiet", "--all", "--message=Change"]);
    for hook in ["post-checkout", "pre-auto-gc", "reference-transaction", "fsmonitor-watchman", "post-index-change"] {
        std::fs::copy(&script, fixture.path().join(".git/hooks").join(hook)).unwrap();
    }
    std::fs::write(fixture.path().join(".git/info/attributes"), "* diff=evil filter=evil\n").unwrap();
    let evil = script.display().to_string();
    let commands = [
        "alias.log",
        "alias.blame",
        "alias.rev-parse",
        "blame.ignoreRevsFile",
        "core.alternateRefsCommand",
        "core.askPass",
        "core.editor",
        "core.fsmonitor",
        "core.gitProxy",
        "core.pager",
        "core.sshCommand",
        "credential.helper",
        "diff.evil.command",
        "diff.evil.textconv",
        "diff.external",
        "filter.evil.clean",
        "filter.evil.process",
        "filter.evil.smudge",
        "gpg.program",
        "gpg.ssh.program",
        "interactive.diffFilter",
        "merge.evil.driver",
        "pager.blame",
        "pager.log",
        "remote.origin.uploadpack",
        "sequence.editor",
        "uploadpack.packObjectsHook",
    ];
    let mut config = std::fs::read_to_string(fixture.path().join(".git/config")).unwrap();
    for name in commands {
        let (section, key) = name.rsplit_once('.').unwrap();
        let section = section.split_once('.').map_or(section.to_owned(), |(first, rest)| format!("{first} \"{rest}\""));
        let value = if section == "alias" { format!("!{evil}") } else { evil.clone() };
        config += &format!("[{section}]\n\t{key} = {value}\n");
    }
    let hooks = fixture.path().join(".git/hooks");
    config += &format!(
        "[core]\n\thooksPath = {}\n[log]\n\tshowSignature = true\n[remote \"origin\"]\n\turl = ext::{evil}\n\tpromisor = true\n",
        hooks.display()
    );
    std::fs::write(fixture.path().join(".git/config"), config).unwrap();

    let recorded = fixture.read();
    assert_eq!(recorded.outcomes.len(), 2);
    assert!(recorded.rejects.is_empty(), "{:?}", recorded.rejects);
    assert!(!canary.exists(), "the repository executed something");
    // The trap works: git as a person runs it does execute.
    fixture.command(&["log", "-p"]).output().unwrap();
    assert!(canary.exists(), "the test would not have noticed");
}

#[test]
fn a_bundle_reads_like_its_repository() {
    let fixture = Fixture::bare(&stream("landing.fi"));
    let bundle = fixture.directory.path().join("shop.bundle");
    fixture.git(&["bundle", "create", "--quiet", bundle.to_str().unwrap(), "--all"]);
    let head = std::fs::read(&bundle).unwrap();
    let options = crate::sources::SourceOptions::default();
    let recognised =
        |path: &Path, head: &[u8]| Git.recognises(&Probe { path, unit: Unit::File, head, options: &options });
    assert!(recognised(&bundle, &head));
    assert!(!recognised(Path::new("shop.bundle.gz"), &head));
    assert!(!recognised(Path::new("shop.bundle"), b"# a file\n"));
    assert_eq!(shown(&read(&bundle, Unit::File, None)), shown(&fixture.read()));
    let end = Git.read(&input(&bundle, Unit::File, None), &mut Recorded::default()).unwrap();
    assert_eq!(end, head.len() as u64);

    std::fs::write(&bundle, &head[..head.len() - 100]).unwrap();
    let error = Git.read(&input(&bundle, Unit::File, None), &mut Recorded::default()).unwrap_err();
    assert_eq!(error.reason(), Reason::GitFailed);
}

#[test]
fn nothing_later_than_the_as_of_date_is_read() {
    let fixture = Fixture::bare(&stream("landing.fi"));
    let recorded = read(&fixture.path(), Unit::GitRepository, Some("2026-01-01T08:30:00Z"));
    assert_snapshot("landing_as_of", &recorded);
    let before = read(&fixture.path(), Unit::GitRepository, Some("2025-01-01T00:00:00Z"));
    assert_eq!(shown(&before), "");
}

#[test]
fn what_is_no_repository_or_has_no_commits() {
    assert!(Fixture::empty(&[]).read().outcomes.is_empty());
    let directory = tempfile::tempdir().unwrap();
    let error = Git.read(&input(directory.path(), Unit::GitRepository, None), &mut Recorded::default()).unwrap_err();
    assert_eq!((error.reason(), error.to_string().contains("not a git repository")), (Reason::GitFailed, true));
    assert!(state_id("shop", directory.path(), None).is_err());
}

#[test]
fn state_follows_refs_and_date() {
    let fixture = Fixture::bare(&stream("landing.fi"));
    let state = state_id("shop", &fixture.path(), None).unwrap();
    assert_eq!(state_id("shop", &fixture.path(), None).unwrap(), state);
    assert_ne!(state_id("shop", &fixture.path(), Some(1)).unwrap(), state);
    fixture.git(&["branch", "another", "main"]);
    assert_ne!(state_id("shop", &fixture.path(), None).unwrap(), state);
}

#[test]
fn a_shallow_clone_claims_no_work_at_its_boundary() {
    let fixture = Fixture::bare(&stream("changes.fi"));
    let clone = fixture.directory.path().join("clone");
    let url = format!("file://{}", fixture.path().display());
    fixture.git(&["clone", "--quiet", "--depth=2", &url, clone.to_str().unwrap()]);
    let recorded = read(&clone, Unit::GitRepository, None);
    assert_eq!(recorded.reasons(), ["git_failed"]);
    let lines: Vec<_> =
        recorded.outcomes.iter().map(|(_, outcome)| (outcome.lines_added, outcome.added_lines.len())).collect();
    assert_eq!(lines, [(None, 0), (Some(4), 0)]);
    assert_eq!(recorded.outcomes[0].1.repo, Some(url));
}

#[test]
fn damaged_objects_cost_what_stands_behind_them_and_are_reported() {
    let fixture = Fixture::bare(&stream("changes.fi"));
    // fast-import leaves few objects loose, so that one can be taken away.
    let blob = fixture.git(&["rev-parse", "HEAD~3:src/basket.rs"]);
    std::fs::remove_file(fixture.path().join("objects").join(&blob[..2]).join(&blob[2..])).unwrap();
    let recorded = fixture.read();
    let details: Vec<&str> = recorded.rejects.iter().map(|(_, _, detail)| detail.split(':').next().unwrap()).collect();
    assert_eq!(details, ["lines of older commits unknown", "1 files cannot be blamed"]);
    let lines =
        |recorded: &Recorded| recorded.outcomes.iter().map(|(_, outcome)| outcome.lines_added).collect::<Vec<_>>();
    // The newest commits were read before the damage was met; the others are known by name and path.
    assert_eq!(lines(&recorded)[..2], [None, None]);
    assert_eq!(lines(&recorded)[7..], [Some(5), Some(4)]);
}

#[test]
fn a_partial_clone_gives_commits_and_paths_and_fetches_nothing() {
    let fixture = Fixture::bare(&stream("changes.fi"));
    fixture.git(&["config", "uploadpack.allowFilter", "true"]);
    let clone = fixture.directory.path().join("clone");
    let url = format!("file://{}", fixture.path().display());
    fixture.git(&["clone", "--quiet", "--bare", "--filter=blob:none", &url, clone.to_str().unwrap()]);
    let objects = || walkdir::WalkDir::new(&clone).into_iter().count();
    let before = objects();
    let recorded = read(&clone, Unit::GitRepository, None);
    assert_eq!(objects(), before);
    assert_eq!(recorded.outcomes.len(), 9);
    assert_eq!(recorded.outcomes[0].1.paths, [".mailmap", "src/cart.rs"]);
    assert!(
        recorded.outcomes.iter().all(|(_, outcome)| outcome.lines_surviving.is_none_or(|_| outcome.paths.is_empty()))
    );
}

#[test]
fn git_ai_notes_name_sessions() {
    let fixture = Fixture::bare(&stream("landing.fi"));
    let note = "pay.rs\n  s_00000000000001::t_00000000000001 1-6\n---\n{\"sessions\":{\"s_00000000000001\":{\"agent_id\":{\"tool\":\"claude\",\"id\":\"s-noted\"}}}}";
    fixture.git(&["notes", "--ref=ai", "add", "--message", note, "main~2"]);
    let recorded = fixture.read();
    let noted =
        recorded.outcomes.iter().find(|(_, outcome)| outcome.session_ids.contains(&"s-noted".to_owned())).unwrap();
    assert_eq!(noted.1.outcome_id, fixture.git(&["rev-parse", "main~2"]));
}

#[test]
fn what_somebody_has_checked_out_is_not_the_default_branch() {
    let fixture = Fixture::empty(&[]);
    fixture.import(&stream("landing.fi"));
    fixture.git(&["checkout", "--quiet", "--force", "open"]);
    let recorded = fixture.read();
    assert_eq!(recorded.outcomes.iter().filter(|(_, outcome)| outcome.branch.as_deref() == Some("main")).count(), 4);
    fixture.git(&["checkout", "--quiet", "--detach"]);
    assert_eq!(shown(&fixture.read()), shown(&recorded));
}

#[test]
fn branches_are_bookkeeping_by_their_whole_name() {
    let fixture = Fixture::bare(&stream("landing.fi"));
    let open = |fixture: &Fixture| {
        let open = fixture.read().outcomes.into_iter().filter(|(_, outcome)| outcome.status.as_str() == "open");
        open.filter_map(|(_, outcome)| outcome.branch).collect::<Vec<_>>()
    };
    let before = open(&fixture);
    for (branch, expected) in [("gh-pages", 0), ("entire/shadow", 0), ("gh-pages-redesign", 1)] {
        let tree = fixture.git(&["rev-parse", "refs/heads/open^{tree}"]);
        let commit = fixture.git(&["commit-tree", "-m", branch, "-p", "refs/heads/main", &tree]);
        fixture.git(&["update-ref", &format!("refs/heads/{branch}"), &commit]);
        let after = open(&fixture);
        assert_eq!(after.len(), before.len() + expected, "{branch}: {after:?}");
    }
}

#[test]
fn linked_work_trees_and_long_object_names() {
    let fixture = Fixture::empty(&["--object-format=sha256"]);
    fixture.write("src/cart.rs", "let total = price * quantity;\n");
    fixture.git(&["add", "."]);
    fixture.git(&["commit", "--quiet", "--message=Start"]);
    let linked = fixture.directory.path().join("linked \"tree\"");
    fixture.git(&["worktree", "add", "--quiet", "-b", "side", linked.to_str().unwrap()]);
    let recorded = fixture.read();
    let lines =
        |recorded: &Recorded| recorded.outcomes.iter().map(|(_, outcome)| outcome.lines_surviving).collect::<Vec<_>>();
    assert_eq!((recorded.outcomes[0].1.outcome_id.len(), lines(&recorded)), (64, vec![Some(1)]));
    assert_eq!(lines(&read(&linked, Unit::GitRepository, None)), [Some(1)]);
}

#[test]
fn a_later_view_has_a_larger_version_even_without_a_new_commit() {
    let fixture = Fixture::bare(&stream("landing.fi"));
    let version = |as_of: Option<&str>| read(&fixture.path(), Unit::GitRepository, as_of).outcomes[0].1.version;
    let (earlier, before) = (version(Some("2026-01-01T08:30:00Z")), version(None));
    assert!(earlier < before);
    // A fast-forward: the newest commit, so far on a branch, lands.
    fixture.git(&["update-ref", "refs/heads/main", "refs/heads/squashed"]);
    let main = version(None);
    fixture.git(&["update-ref", "refs/heads/main", "refs/heads/squashed~1"]);
    assert!(version(None) < main);
}

/// A response of an invented session, in the words of Claude Code.
fn response(session: &str, number: u32) -> String {
    format!(
        "{{\"type\":\"assistant\",\"uuid\":\"{session}-{number}\",\"parentUuid\":null,\"isSidechain\":false,\"userType\":\"external\",\
         \"cwd\":\"/home/ada/shop\",\"sessionId\":\"{session}\",\"version\":\"2.1.160\",\"gitBranch\":\"main\",\
         \"timestamp\":\"2026-01-01T00:0{number}:00.000Z\",\"requestId\":\"req_{session}{number}\",\
         \"message\":{{\"id\":\"msg_{session}{number}\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"claude-sonnet-4-6\",\
         \"content\":[{{\"type\":\"text\",\"text\":\"done\"}}],\"stop_reason\":\"end_turn\",\
         \"usage\":{{\"input_tokens\":3,\"output_tokens\":{number}0}}}}}}\n"
    )
}

/// A repository with work on main, and Entire's branch: two checkpoints of one session, the second with all of the first, one of another session whose
/// history was rewritten, one that is damaged, and one whose transcript is a bundle.
fn checkpointed() -> Fixture {
    let fixture = Fixture::empty(&[]);
    let commit = |file: &str, message: &str| {
        fixture.write(file, &format!("let {} = price * quantity;\n", file.replace('.', "_")));
        fixture.git(&["add", "."]);
        fixture.git(&["commit", "--quiet", "--message", message]);
    };
    commit("cart.rs", "Total\n\nEntire-Checkpoint: 0123456789ab\n");
    commit(
        "tax.rs",
        "Tax\n\nEntire-Checkpoint: ffeeddccbbaa\nEntire-Session: 2026-01-01-5b0e0a4e-0000-4000-8000-000000000009\n",
    );
    commit("lost.rs", "Lost\n\nEntire-Checkpoint: 999999999999\n");
    fixture.git(&["checkout", "--quiet", "--orphan", "entire/checkpoints/v1"]);
    fixture.git(&["rm", "--quiet", "-r", "-f", "."]);
    let metadata = |path: &str, session: &str| {
        fixture.write(
            &format!("{path}/metadata.json"),
            &format!("{{\"session_id\":\"{session}\",\"agent\":\"Claude Code\",\"new\":1}}"),
        );
    };
    let (one, two) = (response("one", 1), response("one", 2));
    fixture.write("01/23456789aa/metadata.json", "{\"checkpoint_id\":\"0123456789aa\"}");
    metadata("01/23456789aa/0", "one");
    fixture.write("01/23456789aa/0/full.jsonl", &one);
    metadata("01/23456789ab/0", "one");
    fixture.write("01/23456789ab/0/full.jsonl", &format!("{one}{two}"));
    fixture.write("01/23456789ab/0/prompt.txt", "never read");
    metadata("ff/eeddccbbaa/0", "two");
    fixture.write("ff/eeddccbbaa/0/full.jsonl", &format!("{}{}", response("two", 3), response("two", 4)));
    metadata("ff/eeddccbbab/0", "two");
    fixture.write("ff/eeddccbbab/0/full.jsonl", &response("two", 5));
    fixture.write("aa/aaaaaaaaaa/0/metadata.json", "{\"session_id\":");
    // What would be read before all others, and is no transcript.
    metadata("00/0000000000/0", "a-bundle");
    fixture.write("00/0000000000/0/full.jsonl", "# v2 git bundle\nx");
    fixture.write("README.md", "checkpoints");
    fixture.git(&["add", "."]);
    fixture.git(&["commit", "--quiet", "--message=Checkpoints"]);
    fixture.git(&["checkout", "--quiet", "main"]);
    fixture
}

#[test]
fn checkpoints_link_commits_to_sessions_and_each_transcript_is_read_once() {
    let recorded = checkpointed().read();
    let sessions: Vec<Vec<String>> = recorded.outcomes.iter().map(|(_, outcome)| outcome.session_ids.clone()).collect();
    let expected: [&[&str]; 3] = [&["one"], &["5b0e0a4e-0000-4000-8000-000000000009", "two"], &[]];
    assert_eq!(sessions, expected, "the branch of checkpoints is no work");
    let outputs: Vec<Option<i64>> = recorded.events.iter().map(|(_, event)| event.tokens.output).collect();
    assert_eq!(outputs, [10, 20, 30, 40, 50].map(Some), "the first checkpoint is the beginning of the second");
    assert_eq!(recorded.ignored["checkpoint_repeated"], 1);
    assert!(recorded.events.iter().all(|(_, event)| event.client.starts_with("claude-code")));
    assert_eq!(recorded.reasons(), ["bad_json", "unknown_format"], "{:?}", recorded.rejects);
}

/// Looks into the temporary directory whenever a step is told.
#[derive(Default)]
struct Watching {
    steps: usize,
    named: BTreeSet<PathBuf>,
}

fn named_transcripts() -> BTreeSet<PathBuf> {
    let entries = std::fs::read_dir(std::env::temp_dir()).unwrap().filter_map(Result::ok);
    entries.map(|entry| entry.path()).filter(|path| path.to_string_lossy().contains("checkpoint-")).collect()
}

impl Sink for Watching {
    fn event(&mut self, _: Position, _: Event) {
        self.steps += 1;
        self.named.append(&mut named_transcripts());
    }
    fn outcome(&mut self, _: Position, _: Outcome) {}
    fn fact(&mut self, _: Position, _: Fact) {}
    fn aggregate(&mut self, _: Position, _: Aggregate) {}
    fn roster(&mut self, _: Position, _: RosterEntry) {}
    fn reject(&mut self, _: Position, _: Reason, _: &str) {}
    fn ignore(&mut self, _: &'static str) {}
}

#[test]
fn a_transcript_is_in_no_file_that_a_killed_run_would_leave() {
    let fixture = checkpointed();
    let before = named_transcripts();
    let mut sink = Watching::default();
    Git.read(&input(&fixture.path(), Unit::GitRepository, None), &mut sink).unwrap();
    assert_eq!(sink.steps, 5);
    assert_eq!(sink.named.difference(&before).count(), 0, "{:?}", sink.named);
}

#[test]
fn checkpoints_may_have_refs_of_their_own() {
    let fixture = checkpointed();
    // The later layout: one ref a checkpoint, named by a ULID, and no branch.
    fixture.git(&["update-ref", "refs/entire/checkpoints/AB/01J00000000000000000000AB", "entire/checkpoints/v1"]);
    let tree = fixture.git(&["rev-parse", "entire/checkpoints/v1:01/23456789ab"]);
    let commit = fixture.git(&["commit-tree", "-m", "checkpoint", &tree]);
    fixture.git(&["update-ref", "refs/entire/checkpoints/AB/01J00000000000000000000AB", &commit]);
    fixture.git(&["branch", "--quiet", "-D", "entire/checkpoints/v1"]);
    fixture.git(&[
        "commit",
        "--quiet",
        "--allow-empty",
        "--message",
        "Later\n\nEntire-Checkpoint: 01J00000000000000000000AB\n",
    ]);
    let recorded = fixture.read();
    let last = &recorded.outcomes.last().unwrap().1;
    assert_eq!((last.session_ids.clone(), recorded.events.len()), (vec!["one".to_owned()], 2));
}

#[test]
fn a_note_attests_lines_to_sessions_wherever_the_work_landed() {
    let fixture = Fixture::bare(&stream("landing.fi"));
    let note = "pay.rs\n  s_00000000000001::t_00000000000001 1-6,9\n  h_00000000000001 7-8\n---\n{\"sessions\":{\"s_00000000000001\":{\"agent_id\":{\"tool\":\"claude\",\"id\":\"s-noted\"}},\"s_00000000000002\":{\"agent_id\":{\"id\":\"s-idle\"}}}}";
    fixture.git(&["notes", "--ref=ai", "add", "--message", note, "main~2"]);
    let recorded = fixture.read();
    let (_, fact) = &recorded.facts[0];
    assert_eq!((recorded.facts.len(), fact.session_id.as_str(), fact.name.as_str()), (1, "s-noted", "attested_lines"));
    assert_eq!(fact.value, format!("{} 7", fixture.git(&["rev-parse", "main~2"])));
}

/// A note of the standard's third version: lines of one file that it attests to a session.
fn note(file: &str, lines: &str, session: &str) -> String {
    format!("{file}\n  s_1::t_1 {lines}\n---\n{{\"sessions\":{{\"s_1\":{{\"agent_id\":{{\"id\":\"{session}\"}}}}}}}}")
}

/// Lines that notes attest to a session, by the commit that holds them.
fn attested(recorded: &Recorded, session: &str) -> Vec<String> {
    let facts = recorded.facts.iter().filter(|(_, fact)| fact.session_id == session);
    facts.map(|(_, fact)| fact.value.clone()).collect()
}

#[test]
fn lines_that_branch_and_landed_commit_both_attest_count_once() {
    let fixture = Fixture::bare(&stream("landing.fi"));
    let landed = fixture.git(&["rev-parse", "main~2"]);
    let add = |commit: &str, text: &str| fixture.git(&["notes", "--ref=ai", "add", "--message", text, commit]);
    let first = fixture.read().outcomes[1].1.outcome_id.clone();
    add(&first, &note("pay.rs", "1-6", "s-1"));
    assert_eq!(attested(&fixture.read(), "s-1"), [format!("{landed} 6")]);
    add(&landed, &note("pay.rs", "1-12", "s-1"));
    let recorded = fixture.read();
    assert_eq!(attested(&recorded, "s-1"), [format!("{landed} 12")]);
    assert_eq!(recorded.ignored["note_told_by_landed_commit"], 1);
    // Another session of the branch, of which the landed commit says nothing.
    add(&recorded.outcomes[2].1.outcome_id, &note("tax.rs", "1-6", "s-2"));
    assert_eq!(attested(&fixture.read(), "s-2"), [format!("{landed} 6")]);
}

#[test]
fn what_the_first_version_of_git_ai_wrote_is_counted_and_not_read() {
    let fixture = Fixture::bare(&stream("landing.fi"));
    let (commit, blob) = (fixture.git(&["rev-parse", "main"]), fixture.git(&["rev-parse", "main:base.rs"]));
    fixture.git(&["update-ref", &format!("refs/ai/authorship/{commit}"), &blob]);
    assert_eq!(fixture.read().ignored["git_ai_first_version"], 1);
}

#[test]
fn equal_counts_of_two_commits_of_one_second_are_two_facts() {
    let fixture = Fixture::empty(&[]);
    let commit = |file: &str, message: &str| {
        let lines: String = (0..6).map(|line| format!("let {file}_{line} = compute_{file}({line});\n")).collect();
        fixture.write(&format!("{file}.rs"), &lines);
        fixture.git(&["add", "."]);
        fixture.git(&["commit", "--quiet", "--message", message]);
    };
    commit("base", "Start");
    fixture.git(&["checkout", "--quiet", "-b", "side"]);
    for file in ["pay", "tax"] {
        commit(file, "Half");
        fixture.git(&["notes", "--ref=ai", "add", "--message", &note(&format!("{file}.rs"), "1-6", "s-1"), "HEAD"]);
    }
    fixture.git(&["checkout", "--quiet", "main"]);
    fixture.git(&["merge", "--quiet", "--squash", "side"]);
    fixture.git(&["commit", "--quiet", "--message=Whole"]);
    let recorded = fixture.read();
    let landed = fixture.git(&["rev-parse", "main"]);
    assert_eq!(attested(&recorded, "s-1"), [format!("{landed} 6"), format!("{landed} 6")]);
    let keys: FxHashSet<_> = recorded.facts.iter().map(|(_, fact)| crate::events::ids::fact_key("git", fact)).collect();
    assert_eq!(keys.len(), 2);
}
