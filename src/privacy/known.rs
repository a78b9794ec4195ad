//! Who put in how much, by keyed member: sums and differences.
//!
//! Owns the arithmetic. Owns no rule of what may be published, which is [`super::panel`]'s, and nothing that was, which is [`super::ledger`]'s.

use std::collections::BTreeMap;

use super::ledger::MemberId;

/// Tokens, cost and counts of people, under the keyed ids of the ledger, or plain ones where there is none.
pub(super) type Known = BTreeMap<MemberId, [u64; 3]>;

/// Adds what one person put in.
pub(super) fn add_one(sum: &mut Known, member: MemberId, amounts: [u64; 3]) {
    let own = sum.entry(member).or_default();
    for (own, amount) in own.iter_mut().zip(amounts) {
        *own = own.saturating_add(amount);
    }
}

/// Adds what people put in.
pub(super) fn add(sum: &mut Known, of: &Known) {
    of.iter().for_each(|(member, amounts)| add_one(sum, *member, *amounts));
}

/// What everybody put in together of one of the amounts.
pub(super) fn together(of: &Known, at: usize) -> u64 {
    of.values().fold(0, |sum, amounts| sum.saturating_add(amounts[at]))
}

/// Who differs between two versions, and by how much; who came or went, with everything.
pub(super) fn deltas(now: &Known, then: &Known) -> Known {
    let mut deltas = Known::new();
    for (member, amounts) in now {
        let before = then.get(member).copied().unwrap_or_default();
        let delta = [0, 1, 2].map(|at| amounts[at].abs_diff(before[at]));
        if delta != [0; 3] || !then.contains_key(member) {
            deltas.insert(*member, delta);
        }
    }
    deltas.extend(
        then.iter().filter(|(member, _)| !now.contains_key(*member)).map(|(member, amounts)| (*member, *amounts)),
    );
    deltas
}

/// Those of [`deltas`] whose tokens or cost differ: who has moved between parts of one sum has put in what they had.
pub(super) fn amounts_that_differ(now: &Known, then: &Known) -> Known {
    let mut deltas = deltas(now, then);
    deltas.retain(|_, [tokens, cost, _]| *tokens > 0 || *cost > 0);
    deltas
}
