//! The tables of what was used: systems that agents acted on, models, and the sources that saw it.
//!
//! Owns grouping and order, by name and never by size. Every row is a cell that the release has let through, or has no figures.

use super::escape::plain;
use super::inputs::Inputs;
use super::model::{Model, SourceLine, System};
use super::quantities::{Count, Maybe, MicroDollars, Share, Tokens};
use super::release::{Draft, Gathered, Release, SOURCES, members};
use crate::privacy::Contribution;

/// The counts of calls of a system by effect, and their shares.
type Acts = ([i64; 3], [Option<f64>; 6]);

/// What agents did to each system, by name. A system that fewer people than the floor use is named without figures, unless the whole
/// report is about so few that it says so itself.
pub(super) fn systems(inputs: &Inputs, release: &mut Release<'_>) -> Vec<System> {
    let mut sorted: Vec<_> = inputs.systems.iter().collect();
    sorted.sort_by(|a, b| a.system.cmp(&b.system));
    sorted
        .into_iter()
        .map(|row| {
            let calls = row.writes + row.sends + row.executes;
            let share = |part: i64, whole: i64| Share::of(part, whole).map(|share| release.share(share).0);
            let value: Acts = (
                [row.writes, row.sends, row.executes].map(|calls| release.count(calls)),
                [
                    share(row.started_by_human, calls),
                    share(row.started_by_schedule + row.started_by_agent, calls),
                    share(row.approved_by_human, calls - row.approval_unknown),
                    share(row.approval_unknown, calls),
                    share(row.off_hours, calls),
                    share(row.unattended, calls),
                ],
            );
            let mut gathered = Gathered::default();
            for (actor, calls) in &row.people {
                // Calls stand in the place of an amount, so that one person's are not the system's.
                let part = Contribution { tokens: calls.unsigned_abs(), cost: 0, rest: calls.unsigned_abs() };
                release.add(&mut gathered, actor, part);
            }
            let shown = release.cell("systems", Draft::new(&row.system, members(&gathered), value));
            let count = |at: usize| Maybe(shown.and_then(|(counts, _)| counts.get(at).copied()).map(Count));
            let share = |at: usize| Maybe(shown.and_then(|(_, shares)| shares.get(at).copied().flatten()).map(Share));
            System {
                system: plain(&row.system),
                suppressed: shown.is_none(),
                writes: count(0),
                sends: count(1),
                executes: count(2),
                started_by_human: share(0),
                started_by_machine: share(1),
                approved_by_human: share(2),
                approval_unknown: share(3),
                off_hours: share(4),
                unattended: share(5),
            }
        })
        .collect()
}

/// What may be shown of a model: responses, four kinds of tokens, cost.
type ModelFigures = [Option<i64>; 6];

/// Models by name.
pub(super) fn models(inputs: &Inputs, release: &mut Release<'_>) -> Vec<Model> {
    let mut sorted: Vec<_> = inputs.models.iter().collect();
    sorted.sort_by(|a, b| (&a.model, a.completions).cmp(&(&b.model, b.completions)));
    let drafts = sorted.iter().map(|row| {
        let amount = |value: Option<i64>| value.map(|value| release.amount(value));
        let value: ModelFigures = [
            amount(Some(row.completions)),
            amount(row.input_tokens),
            amount(row.output_tokens),
            amount(row.cache_read_tokens),
            amount(row.cache_write_tokens),
            amount(row.cost_micro_usd),
        ];
        let mut gathered = Gathered::default();
        for (actor, figures) in &row.people {
            let [completions, tokens, cost] = figures.map(i64::unsigned_abs);
            release.add(&mut gathered, actor, Contribution { tokens, cost, rest: completions });
        }
        Draft::new(&row.model, members(&gathered), value)
    });
    let drafts: Vec<Draft<ModelFigures>> = drafts.collect();
    let (shown, _) = release.panel("models", drafts, Some([None; 6]));
    sorted
        .iter()
        .zip(shown)
        .map(|(row, shown)| {
            let [completions, input, output, read, write, cost] = shown.unwrap_or_default();
            let tokens = |value: Option<i64>| Maybe(value.map(Tokens));
            Model {
                model: plain(&row.model),
                completions: Maybe(completions.map(Count)),
                input_tokens: tokens(input),
                output_tokens: tokens(output),
                cache_read_tokens: tokens(read),
                cache_write_tokens: tokens(write),
                cost: Maybe(cost.map(MicroDollars)),
            }
        })
        .collect()
}

/// What each source saw, in the order in which they come. A tool's log is few people's where few use the tool, and the sources add up to the tokens of the
/// period.
pub(super) fn sources(inputs: &Inputs, release: &mut Release<'_>) -> Vec<SourceLine> {
    let sights = &inputs.run.sources;
    if sights.is_empty() {
        return Vec::new();
    }
    let drafts = sights.iter().map(|sight| {
        let merged = sight.merged_by_id + sight.merged_by_counts;
        let value = [sight.seen, sight.seen - merged, merged, sight.tokens_seen, sight.tokens_counted];
        let mut gathered = Gathered::default();
        for (actor, figures) in &sight.people {
            let [seen, tokens_seen, tokens] = figures.map(i64::unsigned_abs);
            // What a source states stands in the place of a cost, so that one person's is not the source's where all of it is counted elsewhere.
            release.add(&mut gathered, actor, Contribution { tokens, cost: tokens_seen, rest: seen });
        }
        Draft::new(&sight.source, members(&gathered), value.map(|figure| release.amount(figure)))
    });
    let drafts: Vec<Draft<[i64; 5]>> = drafts.collect();
    let (shown, _) = release.panel(SOURCES, drafts, Some([0; 5]));
    sights
        .iter()
        .zip(shown)
        .map(|(sight, shown)| {
            let count = |at: usize| Maybe(shown.and_then(|figures| figures.get(at).copied()).map(Count));
            let tokens = |at: usize| Maybe(shown.and_then(|figures| figures.get(at).copied()).map(Tokens));
            SourceLine {
                source: plain(&sight.source),
                seen: count(0),
                counted: count(1),
                merged: count(2),
                tokens_seen: tokens(3),
                tokens_counted: tokens(4),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::build;
    use super::super::fixture::{alone, organisation};
    use super::super::inputs::SourceSight;
    use super::*;

    #[test]
    fn a_source_that_few_people_use_has_no_figures() {
        let codex = |person: &str| SourceSight {
            source: "codex".to_owned(),
            seen: 70,
            tokens_seen: 900_000,
            tokens_counted: 900_000,
            people: [(person.to_owned(), [70, 900_000, 900_000])].into(),
            ..SourceSight::default()
        };
        let quality = |mut inputs: Inputs, person: &str| {
            inputs.run.sources.push(codex(person));
            inputs.run.ignored_kinds = vec![("codex: task_started".into(), 41), ("codex: turn_context".into(), 97)];
            let quality = build(&inputs).data_quality;
            let kinds: Vec<(String, i64)> =
                quality.ignored_kinds.iter().map(|kind| (kind.reason.clone(), kind.count.0)).collect();
            let seen: Vec<Option<i64>> = quality.sources.iter().map(|line| line.seen.0.map(|seen| seen.0)).collect();
            (seen, quality.sources.last().unwrap().tokens_counted.0, kinds)
        };
        // Another one goes with it: what is left of all tokens is then more than one person's.
        let (seen, tokens, kinds) = quality(organisation(), "p00k3q");
        assert_eq!((seen.iter().flatten().count(), seen.last(), tokens), (1, Some(&None), None), "{seen:?}");
        assert_eq!((kinds.len(), kinds[0].1), (1, 2), "{kinds:?}");
        // A report of persons hides nothing.
        let person = alone().sessions[0].actor.clone();
        let (seen, tokens, kinds) = quality(alone(), &person);
        assert_eq!((seen, tokens), (vec![Some(70)], Some(Tokens(900_000))));
        assert_eq!(kinds.iter().map(|kind| kind.1).collect::<Vec<_>>(), [41, 97]);
    }
}
