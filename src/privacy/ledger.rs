//! The release ledger: what was published of which cell, and who stood behind it, so that no later report gives away a few people by
//! its difference to an earlier one.
//!
//! Owns the file `releases.jsonl` in the lake (mode 0600, one line a cell, appended and synced before anything is published) and its
//! lock. Owns no decision: see `panel`. It names nobody: a member is a keyed hash, and what a member put into a cell is
//! encrypted, both under a key derived from the lake's pseudonym key, so that without that key neither a list of staff nor a guess
//! at an amount can be checked against it. The published figures stand in it in the clear: they are public by then.

mod forgotten;

pub use forgotten::ledger_members;

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::known::{Known, add, add_one, amounts_that_differ};
use super::panel::{Cell, Contribution, Decision, Members, NOBODY, Panel, Verdict};
use super::pseudonym::Pseudonyms;
use super::suppress::Rules;

/// Name of the file in the lake directory.
const LEDGER: &str = "releases.jsonl";
/// Bytes of a member: its keyed hash and three encrypted amounts.
const MEMBER_BYTES: usize = 32;

/// A person as the ledger knows them: 64 bits of a keyed hash. Among a million people two share one with a chance of 3 in 100,000.
pub type MemberId = u64;

/// Why there is no ledger.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The file could not be read or written.
    #[error("release ledger {path}: {source}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// A line is not what this program wrote.
    #[error("release ledger {path}, line {line}: {problem}", path = path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// The members cannot be compared with those of now, so no difference can be seen.
    #[error(
        "release ledger {path} was written under another pseudonym key ({key}): earlier reports cannot be compared with, so nothing is published; give the configuration of those reports, whose [privacy] key_file names it",
        path = path.display()
    )]
    OtherKey {
        /// The file.
        path: PathBuf,
        /// Id of the key it was written under.
        key: String,
    },
}

/// A key that no message shows.
#[derive(Clone, Copy, Default)]
struct Key([u8; 32]);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(***)")
    }
}

/// A line of the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Line {
    /// Number of the report, from 1.
    report: u64,
    /// Id of the key that the members are hashed and sealed under.
    key: String,
    /// Id of the epoch of their pseudonyms: in another one the same people look like others.
    epoch: String,
    view: String,
    cell: String,
    from: String,
    to: String,
    /// blake3 of the figures as JSON; null when they were not published.
    hash: Option<String>,
    /// The figures; null when they were not published.
    value: Option<serde_json::Value>,
    /// Makes the encryption of equal amounts differ; random, and never in any output.
    nonce: String,
    /// Hexadecimal: for each member eight bytes of keyed hash and 24 of encrypted amounts, by hash.
    members: String,
    /// See [`Ledger::look_back`].
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    looks_back: bool,
}

/// A cell of an earlier report.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Earlier {
    pub(super) report: u64,
    pub(super) from: String,
    pub(super) to: String,
    /// Whether its members are named by the pseudonyms of now.
    pub(super) comparable: bool,
    /// None when it was not published.
    pub(super) value: Option<serde_json::Value>,
    pub(super) members: BTreeMap<MemberId, [u64; 3]>,
    /// It tells of an earlier state, beside a report of the present one.
    pub(super) looks_back: bool,
}

impl Earlier {
    pub(super) fn shown(&self) -> bool {
        self.value.is_some()
    }
}

/// What is known of earlier versions of one panel, oldest first by cell.
#[derive(Debug, Clone, Default)]
pub struct History {
    key: Key,
    cells: BTreeMap<String, Vec<Arc<Earlier>>>,
}

impl History {
    /// Name under which the total of a panel stands.
    pub const TOTAL: &'static str = "";

    pub(super) fn of(&self, cell: &str) -> &[Arc<Earlier>] {
        self.cells.get(cell).map_or(&[], Vec::as_slice)
    }

    /// Versions of every cell that is not the total, by name.
    pub(super) fn cells(&self) -> impl Iterator<Item = &[Arc<Earlier>]> {
        self.cells.iter().filter(|(name, _)| name.as_str() != Self::TOTAL).map(|(_, versions)| versions.as_slice())
    }

    /// The id of a person. Without a ledger any key will do, since the id is forgotten.
    pub(super) fn id(&self, who: &str) -> MemberId {
        member_id(&self.key, who)
    }
}

fn member_id(key: &Key, who: &str) -> MemberId {
    let mut hasher = blake3::Hasher::new_keyed(&key.0);
    hasher.update(b"member\0").update(who.as_bytes());
    let mut bytes = [0; 8];
    hasher.finalize_xof().fill(&mut bytes);
    u64::from_be_bytes(bytes)
}

/// What has been published from a lake so far, and what the present report adds.
#[derive(Debug)]
pub struct Ledger {
    key: Key,
    key_id: String,
    epoch: String,
    path: PathBuf,
    /// Holds the lock; none for a ledger in memory.
    file: Option<File>,
    entries: BTreeMap<String, BTreeMap<String, Vec<Arc<Earlier>>>>,
    report: u64,
    added: Vec<Line>,
    looks_back: bool,
}

impl Ledger {
    /// Opens the ledger of a lake, waiting for another run that holds it.
    ///
    /// # Errors
    /// [`LedgerError`]; `OtherKey` when its members cannot be recognised, which must stop the output.
    pub fn open(lake: &Path, pseudonyms: &Pseudonyms) -> Result<Self, LedgerError> {
        let path = lake.join(LEDGER);
        let failed = |source| LedgerError::Io { path: path.clone(), source };
        let mut options = OpenOptions::new();
        options.create(true).read(true).append(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&path).map_err(failed)?;
        file.lock().map_err(failed)?;
        // Whoever held it may have put another file in its place.
        while !is_at(&file, &path).map_err(failed)? {
            file = options.open(&path).map_err(failed)?;
            file.lock().map_err(failed)?;
        }
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(failed)?;
        // What a killed run left of a line was never published.
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        if whole < text.len() {
            file.set_len(whole as u64).map_err(failed)?;
            file.seek(io::SeekFrom::End(0)).map_err(failed)?;
        }
        let mut ledger = Self { file: Some(file), path: path.clone(), ..Self::in_memory(pseudonyms) };
        for (number, line) in text[..whole].lines().enumerate() {
            let damaged = |problem: String| LedgerError::Damaged { path: path.clone(), line: number + 1, problem };
            let line: Line = serde_json::from_str(line).map_err(|error| damaged(error.to_string()))?;
            if line.key != ledger.key_id {
                return Err(LedgerError::OtherKey { path: path.clone(), key: line.key });
            }
            ledger.report = ledger.report.max(line.report + 1);
            let mut members = opened(&ledger.key, &line).ok_or_else(|| damaged("its members cannot be read".into()))?;
            // Lines of earlier versions have a member for whoever was not known.
            members.remove(&member_id(&ledger.key, NOBODY));
            ledger.remember(&line, members);
        }
        Ok(ledger)
    }

    /// Whether anything was ever taken down in a lake.
    pub fn exists(lake: &Path) -> bool {
        lake.join(LEDGER).is_file()
    }

    /// A ledger that is forgotten with the process, as plans and tests use it.
    pub fn in_memory(pseudonyms: &Pseudonyms) -> Self {
        Self {
            key: Key(pseudonyms.release_key()),
            key_id: blake3::keyed_hash(&pseudonyms.release_key(), b"key").to_hex()[..16].to_owned(),
            epoch: pseudonyms.key_id(),
            path: PathBuf::new(),
            file: None,
            entries: BTreeMap::new(),
            report: 1,
            added: Vec::new(),
            looks_back: false,
        }
    }

    /// What is recorded from now on tells of the lake as it was, beside a report of what it is. It has been published like everything else, so
    /// that whatever comes later is held against it; but it is never what a later report shows again in place of newer figures.
    pub fn look_back(&mut self, looks_back: bool) {
        self.looks_back = looks_back;
    }

    /// Number of the report that is being made: one more than those recorded.
    pub fn report(&self) -> u64 {
        self.report
    }

    /// What was published before of the cells of a panel, in periods that overlap with its own.
    pub fn history(&self, panel: &Panel) -> History {
        let mut cells = BTreeMap::new();
        for (cell, entries) in self.entries.get(&panel.view).into_iter().flatten() {
            let overlapping: Vec<Arc<Earlier>> =
                entries.iter().filter(|one| one.from <= panel.to && panel.from <= one.to).cloned().collect();
            if !overlapping.is_empty() {
                cells.insert(cell.clone(), overlapping);
            }
        }
        History { key: self.key, cells }
    }

    /// What people put into a period, less what the published versions of a cell of a view (its weeks; [`History::TOTAL`] for their totals) hold of
    /// it: the part that nobody was told of yet. It is what remains when those are subtracted from the same of the whole period. Where look backs
    /// have told of weeks too there is a second one, less the newest versions of whichever kind.
    pub fn unpublished(&self, view: &str, cell: &str, now: &Members, from: &str, to: &str) -> Vec<Members> {
        let shown = || {
            let versions = self.entries.get(view).and_then(|cells| cells.get(cell)).into_iter().flatten();
            versions.filter(|one| one.shown() && from <= one.to.as_str() && one.from.as_str() <= to)
        };
        let mut rests = vec![self.less(now, shown().filter(|one| !one.looks_back))];
        if shown().any(|one| one.looks_back) {
            rests.push(self.less(now, shown()));
        }
        rests
    }

    /// Whether a part of a longer period (a week) would tell of a few people when it were published as it is now: what is left of the totals of longer
    /// periods in `views` that were published, less the published parts of the same and this one, would be theirs. What was published in this
    /// version says nothing new.
    pub fn leaves_few(&self, rules: Rules, panel: &Panel, views: &[&str]) -> bool {
        let mut now = Known::new();
        for (who, part) in panel.cells.iter().flat_map(|cell| &cell.members) {
            add_one(&mut now, member_id(&self.key, who), part.amounts());
        }
        let totals =
            |view: &str| self.entries.get(view).and_then(|cells| cells.get(History::TOTAL)).into_iter().flatten();
        let inside = |one: &Earlier, from: &str, to: &str| from <= one.from.as_str() && one.to.as_str() <= to;
        let parts: Vec<&Arc<Earlier>> = totals(&panel.view).filter(|one| one.shown() && one.comparable).collect();
        let is_this = |one: &Earlier| one.from == panel.from && one.to == panel.to;
        if parts.iter().any(|one| is_this(one) && one.members == now) {
            return false;
        }
        let longer = views.iter().flat_map(|view| totals(view)).filter(|one| {
            one.shown() && one.comparable && one.from <= panel.from && panel.to <= one.to && !is_this(one)
        });
        longer.into_iter().any(|whole| {
            let others = parts.iter().filter(|one| inside(one, &whole.from, &whole.to) && !is_this(one));
            let newest: BTreeMap<(&str, &str), &Earlier> =
                others.map(|one| ((one.from.as_str(), one.to.as_str()), one.as_ref())).collect();
            let mut published = now.clone();
            newest.values().for_each(|one| add(&mut published, &one.members));
            let rest = amounts_that_differ(&whole.members, &published);
            !rest.is_empty() && rules.hides_group(&rest).is_some()
        })
    }

    /// What people put in, less the newest of these versions of each period.
    fn less<'a>(&self, now: &Members, versions: impl Iterator<Item = &'a Arc<Earlier>>) -> Members {
        let newest: BTreeMap<(&str, &str), &Earlier> =
            versions.map(|entry| ((entry.from.as_str(), entry.to.as_str()), entry.as_ref())).collect();
        let mut published: BTreeMap<MemberId, [u64; 2]> = BTreeMap::new();
        for (member, [tokens, cost, _]) in newest.values().flat_map(|entry| &entry.members) {
            let sum = published.entry(*member).or_default();
            *sum = [sum[0].saturating_add(*tokens), sum[1].saturating_add(*cost)];
        }
        let mut rest = Members::new();
        for (who, part) in now {
            let [tokens, cost] = published.remove(&member_id(&self.key, who)).unwrap_or_default();
            let (tokens, cost) = (part.tokens.abs_diff(tokens), part.cost.abs_diff(cost));
            if tokens > 0 || cost > 0 {
                rest.insert(who.clone(), Contribution { tokens, cost, rest: 0 });
            }
        }
        // Whoever is in the published totals and is not known any more has no name here.
        let gone = published
            .into_iter()
            .map(|(member, [tokens, cost])| (format!("{member:x}"), Contribution { tokens, cost, rest: 0 }));
        rest.extend(gone);
        rest
    }

    /// Takes down what was decided. What has not changed since it was last taken down is not repeated, so that the same report made
    /// again leaves no trace.
    ///
    /// # Errors
    /// [`LedgerError::Io`] when the system gives no randomness for the encryption.
    pub fn record(&mut self, panel: &Panel, decision: &Decision) -> Result<(), LedgerError> {
        for (cell, verdict) in panel.cells.iter().zip(&decision.cells) {
            let value = match verdict {
                _ if cell.settled => continue,
                Verdict::Fresh => Some(cell.value.clone()),
                Verdict::Kept(_) => continue,
                // Hidden cells matter as parts of a total that was published.
                Verdict::Hidden(_) if !decision.total.is_fresh() => continue,
                Verdict::Hidden(_) => None,
            };
            self.add(panel, cell, value)?;
        }
        if let (Some(value), true) = (&panel.total, decision.total.is_fresh()) {
            let mut members = Members::new();
            for (who, part) in panel.cells.iter().flat_map(|cell| &cell.members) {
                let sum = members.entry(who.clone()).or_default();
                sum.tokens = sum.tokens.saturating_add(part.tokens);
                sum.cost = sum.cost.saturating_add(part.cost);
                sum.rest = sum.rest.saturating_add(part.rest);
            }
            let total = Cell { name: History::TOTAL.to_owned(), members, ..Cell::default() };
            self.add(panel, &total, Some(value.clone()))?;
        }
        Ok(())
    }

    fn add(&mut self, panel: &Panel, cell: &Cell, value: Option<serde_json::Value>) -> Result<(), LedgerError> {
        let members: BTreeMap<MemberId, [u64; 3]> =
            cell.members.iter().map(|(who, part)| (member_id(&self.key, who), part.amounts())).collect();
        let known = self.entries.get(&panel.view).and_then(|cells| cells.get(&cell.name));
        let looks_back = self.looks_back;
        let same = |one: &&Arc<Earlier>| one.from == panel.from && one.to == panel.to && one.looks_back == looks_back;
        if known
            .and_then(|entries| entries.iter().rev().find(same))
            .is_some_and(|last| last.value == value && last.members == members)
        {
            return Ok(());
        }
        let nonce: [u8; 16] = random().map_err(|source| LedgerError::Io { path: self.path.clone(), source })?;
        let mut line = Line {
            report: self.report,
            key: self.key_id.clone(),
            epoch: self.epoch.clone(),
            view: panel.view.clone(),
            cell: cell.name.clone(),
            from: panel.from.clone(),
            to: panel.to.clone(),
            hash: value.as_ref().map(|value| blake3::hash(value.to_string().as_bytes()).to_hex()[..32].to_owned()),
            value,
            nonce: hexadecimal(&nonce),
            members: String::new(),
            looks_back,
        };
        line.members = sealed(&self.key, &line.nonce, &members);
        self.remember(&line, members);
        self.added.push(line);
        Ok(())
    }

    fn remember(&mut self, line: &Line, members: BTreeMap<MemberId, [u64; 3]>) {
        let earlier = Earlier {
            report: line.report,
            from: line.from.clone(),
            to: line.to.clone(),
            comparable: line.epoch == self.epoch,
            value: line.value.clone(),
            members,
            looks_back: line.looks_back,
        };
        self.entries
            .entry(line.view.clone())
            .or_default()
            .entry(line.cell.clone())
            .or_default()
            .push(Arc::new(earlier));
    }

    /// Cells that [`commit`](Self::commit) will write.
    pub fn pending(&self) -> usize {
        self.added.len()
    }

    /// Writes what was recorded and syncs it. To be called before anything is published. The next record is of the next report.
    ///
    /// # Errors
    /// [`LedgerError::Io`]; then nothing may be published.
    pub fn commit(&mut self) -> Result<(), LedgerError> {
        if self.added.is_empty() {
            return Ok(());
        }
        let failed = |source| LedgerError::Io { path: self.path.clone(), source };
        let mut text = String::new();
        for line in self.added.drain(..) {
            text.push_str(&serde_json::to_string(&line).map_err(|error| failed(error.into()))?);
            text.push('\n');
        }
        if let Some(file) = &mut self.file {
            file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
        }
        self.report += 1;
        Ok(())
    }
}

/// Whether an open file is the one that stands at a path.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let open = file.metadata()?;
    match std::fs::metadata(path) {
        Ok(there) => Ok((open.dev(), open.ino()) == (there.dev(), there.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Elsewhere an open file cannot be replaced.
#[cfg(not(unix))]
fn is_at(_file: &File, _path: &Path) -> io::Result<bool> {
    Ok(true)
}

/// The keystream that hides the amounts of one member in one line.
fn pad(key: &Key, nonce: &str, member: MemberId) -> [u8; MEMBER_BYTES - 8] {
    let mut hasher = blake3::Hasher::new_keyed(&key.0);
    hasher.update(b"amounts\0").update(nonce.as_bytes()).update(&member.to_be_bytes());
    let mut pad = [0; MEMBER_BYTES - 8];
    hasher.finalize_xof().fill(&mut pad);
    pad
}

/// Random bytes of the operating system.
fn random<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
    Ok(bytes)
}

fn hexadecimal(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |half: u8| char::from(DIGITS[usize::from(half & 15)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect()
}

fn sealed(key: &Key, nonce: &str, members: &BTreeMap<MemberId, [u64; 3]>) -> String {
    let mut bytes = Vec::with_capacity(members.len() * MEMBER_BYTES);
    for (member, amounts) in members {
        bytes.extend_from_slice(&member.to_be_bytes());
        let plain = amounts.iter().flat_map(|amount| amount.to_be_bytes());
        bytes.extend(plain.zip(pad(key, nonce, *member)).map(|(byte, pad)| byte ^ pad));
    }
    hexadecimal(&bytes)
}

fn opened(key: &Key, line: &Line) -> Option<BTreeMap<MemberId, [u64; 3]>> {
    let digits = line.members.as_bytes();
    if !digits.len().is_multiple_of(2 * MEMBER_BYTES) {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|value| u8::try_from(value).ok());
    let bytes: Vec<u8> =
        digits.chunks_exact(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect::<Option<_>>()?;
    bytes
        .chunks_exact(MEMBER_BYTES)
        .map(|member| {
            let (id, amounts) = member.split_at(8);
            let id = MemberId::from_be_bytes(id.try_into().ok()?);
            let plain: Vec<u8> = amounts.iter().zip(pad(key, &line.nonce, id)).map(|(byte, pad)| byte ^ pad).collect();
            let mut amounts = [0; 3];
            for (amount, bytes) in amounts.iter_mut().zip(plain.chunks_exact(8)) {
                *amount = u64::from_be_bytes(bytes.try_into().ok()?);
            }
            Some((id, amounts))
        })
        .collect()
}

#[cfg(test)]
mod tests;
