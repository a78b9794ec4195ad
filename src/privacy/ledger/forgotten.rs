//! Taking a person out of the release ledger.
//!
//! Owns the rewriting of `releases.jsonl` after an erasure. Published figures stay: they are about ten people or more, and public. What goes is
//! whatever could say, with the key and a name, that somebody was among those people and how much was theirs: in every line their keyed
//! hash gives way to a random one that is kept nowhere else, and their amounts are rounded like the figures that were published.
//! That *somebody* has left must stay in it: without it the next report would show the cell without them, and the difference to the
//! one before would be theirs.

use super::{Key, LEDGER, Ledger, LedgerError, Line, MemberId, hexadecimal, member_id, opened, random, sealed};
use crate::privacy::access::replace;
use crate::privacy::pseudonym::{Domain, Pseudonyms};
use crate::privacy::rounding;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

/// The ids by which a ledger knows an account, in hexadecimal: one for each epoch that the key file still has.
pub fn ledger_members(pseudonyms: &Pseudonyms, account: &str) -> Vec<String> {
    let key = Key(pseudonyms.release_key());
    let every = pseudonyms.every(Domain::Actor, account);
    every.iter().map(|pseudonym| format!("{:016x}", member_id(&key, pseudonym))).collect()
}

impl Ledger {
    /// How many lines have somebody with one of these ids ([`ledger_members`]).
    pub fn lines_with(&self, members: &BTreeSet<String>) -> usize {
        let ids = parsed(members);
        let entries = self.entries.values().flat_map(BTreeMap::values).flatten();
        entries.filter(|entry| ids.iter().any(|id| entry.members.contains_key(id))).count()
    }

    /// Takes people out of the ledger of a lake. Returns the number of lines that had them. The file is replaced whole or not at all.
    ///
    /// # Errors
    /// [`LedgerError`] when it cannot be read under this key, or not be replaced.
    pub fn forget(lake: &Path, pseudonyms: &Pseudonyms, members: &BTreeSet<String>) -> Result<usize, LedgerError> {
        if members.is_empty() || !Self::exists(lake) {
            return Ok(0);
        }
        // Holds the lock until the new file is in its place.
        let ledger = Self::open(lake, pseudonyms)?;
        let failed = |source| LedgerError::Io { path: lake.join(LEDGER), source };
        let strangers = strangers(&parsed(members)).map_err(failed)?;
        let text = std::fs::read_to_string(&ledger.path).map_err(failed)?;
        let mut kept = String::with_capacity(text.len());
        let mut changed = 0;
        for (number, line) in text.lines().enumerate() {
            let damaged =
                |problem: String| LedgerError::Damaged { path: ledger.path.clone(), line: number + 1, problem };
            let parsed: Line = serde_json::from_str(line).map_err(|error| damaged(error.to_string()))?;
            match without(&ledger.key, parsed, &strangers).map_err(failed)? {
                Some(without) => {
                    changed += 1;
                    kept.push_str(&serde_json::to_string(&without).map_err(|error| failed(error.into()))?);
                }
                None => kept.push_str(line),
            }
            kept.push('\n');
        }
        if changed > 0 {
            replace(lake, &ledger.path, kept.as_bytes()).map_err(failed)?;
        }
        Ok(changed)
    }
}

fn parsed(members: &BTreeSet<String>) -> BTreeSet<MemberId> {
    members.iter().filter_map(|member| MemberId::from_str_radix(member, 16).ok()).collect()
}

/// An id of nobody for each: one and the same in all lines, since a sum over cells or weeks must count one person once.
fn strangers(members: &BTreeSet<MemberId>) -> io::Result<BTreeMap<MemberId, MemberId>> {
    let mut strangers = BTreeMap::new();
    for member in members {
        strangers.insert(*member, MemberId::from_be_bytes(random()?));
    }
    Ok(strangers)
}

/// The line with strangers in the place of members; none where it has none of them.
fn without(key: &Key, mut line: Line, strangers: &BTreeMap<MemberId, MemberId>) -> io::Result<Option<Line>> {
    let members = opened(key, &line).ok_or_else(|| io::Error::other("its members cannot be read"))?;
    if !members.keys().any(|member| strangers.contains_key(member)) {
        return Ok(None);
    }
    let rounded = |amount: u64| rounding::amount(i64::try_from(amount).unwrap_or(i64::MAX)).unsigned_abs();
    let members = members
        .into_iter()
        .map(|(member, [tokens, cost, rest])| match strangers.get(&member) {
            Some(stranger) => (*stranger, [rounded(tokens), rounded(cost), u64::from(rest > 0)]),
            None => (member, [tokens, cost, rest]),
        })
        .collect();
    line.nonce = hexadecimal(&random::<16>()?);
    line.members = sealed(key, &line.nonce, &members);
    Ok(Some(line))
}
