//! Attribution against the truth.

use super::{Bootstrap, Readings, Tier, Truth};
use std::collections::BTreeMap;

/// The tiers, from the strongest down.
const TIERS: [&str; 4] = ["explicit", "lines", "files", "window"];

/// One account's pairs.
#[derive(Default)]
struct Counts {
    /// Pairs that are true.
    truth: usize,
    /// For each tier the pairs found, and those of them that are true.
    found: [(usize, usize); 4],
}

/// Commits are the outcomes that lines can be in; their ids are SHA-1 names.
fn is_commit(outcome_id: &str) -> bool {
    outcome_id.len() == 40 && outcome_id.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Precision and recall of the pairs of session and commit, tier by tier, with intervals over accounts.
pub(super) fn attribution(truth: &Truth, readings: &Readings, resamples: usize, seed: u64) -> Vec<Tier> {
    let mut accounts: BTreeMap<&str, Counts> = BTreeMap::new();
    let account = |session: &str| truth.sessions.get(session).map(|row| row.actor_id.as_str());
    for (session, _) in truth.attribution.iter().filter(|(_, outcome)| is_commit(outcome)) {
        if let Some(account) = account(session) {
            accounts.entry(account).or_default().truth += 1;
        }
    }
    for pair in readings.attribution.iter().filter(|pair| is_commit(&pair.outcome_id)) {
        let (Some(account), Some(tier)) = (account(&pair.session_id), TIERS.iter().position(|tier| *tier == pair.tier))
        else {
            continue;
        };
        let found = &mut accounts.entry(account).or_default().found[tier];
        found.0 += 1;
        found.1 += usize::from(truth.attribution.contains(&(pair.session_id.clone(), pair.outcome_id.clone())));
    }
    let rows: Vec<Counts> = accounts.into_values().collect();
    let bootstrap = Bootstrap::new(rows.len(), 0, resamples, seed);
    let everybody: Vec<usize> = (0..rows.len()).collect();
    let ratio = |part: usize, whole: usize| (whole > 0).then(|| part as f64 / whole as f64);
    (0..TIERS.len())
        .map(|tier| {
            let precision = |draw: &[usize], _: &[usize]| {
                let sum = |of: fn(&(usize, usize)) -> usize| {
                    draw.iter().map(|row| of(&rows[*row].found[tier])).sum::<usize>()
                };
                ratio(sum(|found| found.1), sum(|found| found.0))
            };
            let recall = |draw: &[usize], _: &[usize]| {
                let found =
                    draw.iter().map(|row| rows[*row].found[..=tier].iter().map(|found| found.1).sum::<usize>()).sum();
                ratio(found, draw.iter().map(|row| rows[*row].truth).sum())
            };
            Tier {
                tier: TIERS[tier].to_owned(),
                pairs: rows.iter().map(|row| row.found[tier].0).sum(),
                precision: bootstrap.estimate(precision(&everybody, &[]), precision),
                recall: bootstrap.estimate(recall(&everybody, &[]), recall),
            }
        })
        .collect()
}
