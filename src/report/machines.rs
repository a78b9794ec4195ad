//! The tables of what was used: systems that agents acted on, models, and the sources that saw it.
//!
//! Owns grouping and order, by name and never by size. Every row is a cell that the release has let through, or has no figures.

use super::escape::plain;
use super::inputs::{Inputs, SourceSight};
use super::model::{Model, SourceLine, System};
use super::quantities::{Count, Maybe, MicroDollars, Share, Tokens};
use super::release::{Draft, Gathered, Release, SOURCES, members};
use crate::privacy::{Contribution, Hidden};

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
/// period. Of a source whose responses are counted elsewhere for a few of its people alone, no more is shown than what is counted here: the difference would
/// be theirs.
pub(super) fn sources(inputs: &Inputs, release: &mut Release<'_>) -> Vec<SourceLine> {
    let sights = &inputs.run.sources;
    if sights.is_empty() {
        return Vec::new();
    }
    let drafts = sights.iter().map(|sight| {
        let merged = sight.merged_by_id + sight.merged_by_counts;
        let figures = [sight.seen, sight.seen - merged, merged, sight.tokens_seen, sight.tokens_counted];
        let [seen, counted, merged, stated, tokens_counted] = figures.map(|figure| Some(release.amount(figure)));
        let value = if are_few_merged(std::iter::once(sight), release) {
            [None, counted, None, None, tokens_counted]
        } else {
            [seen, counted, merged, stated, tokens_counted]
        };
        let mut gathered = Gathered::default();
        for (actor, figures) in &sight.people {
            let [seen, tokens_seen, tokens] = figures.map(i64::unsigned_abs);
            // What a source states stands in the place of a cost, so that one person's is not the source's where all of it is counted elsewhere.
            release.add(&mut gathered, actor, Contribution { tokens, cost: tokens_seen, rest: seen });
        }
        Draft::new(&sight.source, members(&gathered), value)
    });
    let drafts: Vec<Draft<[Option<i64>; 5]>> = drafts.collect();
    let (shown, _) = release.panel(SOURCES, drafts, Some([Some(0); 5]));
    sights
        .iter()
        .zip(shown)
        .map(|(sight, shown)| {
            let count = |at: usize| Maybe(shown.and_then(|figures| figures.get(at).copied().flatten()).map(Count));
            let tokens = |at: usize| Maybe(shown.and_then(|figures| figures.get(at).copied().flatten()).map(Tokens));
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

/// How many responses are counted under the name of another source than saw them, by an id and by counts: both or neither, since the lines of the sources
/// have their sum. What the lines that are shown leave of it must be enough people's too.
pub(super) fn merged(inputs: &Inputs, lines: &[SourceLine], release: &mut Release<'_>) -> [Maybe<Count>; 2] {
    let sights = &inputs.run.sources;
    let sum = |of: fn(&SourceSight) -> i64| sights.iter().map(of).sum::<i64>();
    let counts = [sum(|sight| sight.merged_by_id), sum(|sight| sight.merged_by_counts)];
    if counts == [0, 0] {
        return counts.map(|count| Maybe(Some(Count(count))));
    }
    let mut gathered = Gathered::default();
    for (actor, merged) in sights.iter().flat_map(|sight| &sight.merged_people) {
        // The counts stand in the places of amounts, so that one person's are not everybody's.
        let [tokens, cost] = merged.map(i64::unsigned_abs);
        release.add(&mut gathered, actor, Contribution { tokens, cost, rest: 0 });
    }
    let people = |of: fn(&Contribution) -> u64| gathered.values().filter(|part| of(part) > 0).count();
    let kinds = [people(|part| part.tokens), people(|part| part.cost)];
    let few_of_a_kind = kinds.iter().any(|people| (1..release.rules().people()).contains(people));
    let beside = sights.iter().zip(lines).filter(|(_, line)| line.merged.0.is_none()).map(|(sight, _)| sight);
    let few = few_of_a_kind || are_few_merged(beside, release);
    let value = counts.map(|count| release.amount(count));
    let draft = Draft { barred: few.then_some(Hidden::TooFewPeople), ..Draft::new("all", members(&gathered), value) };
    let shown = release.cell("merged", draft);
    [0, 1].map(|at: usize| Maybe(shown.and_then(|counts| counts.get(at).copied()).map(Count)))
}

/// Whether the people whose responses of these sources are counted elsewhere, if any are, may not stand by themselves.
fn are_few_merged<'b>(sights: impl Iterator<Item = &'b SourceSight>, release: &Release<'_>) -> bool {
    let (mut gathered, mut count) = (Gathered::default(), 0);
    for sight in sights {
        count += sight.merged_by_id + sight.merged_by_counts;
        for (actor, [by_id, by_counts]) in &sight.merged_people {
            let [_, stated, counted] = sight.people.get(actor).copied().unwrap_or_default();
            let part =
                Contribution { tokens: stated.abs_diff(counted), cost: (by_id + by_counts).unsigned_abs(), rest: 0 };
            release.add(&mut gathered, actor, part);
        }
    }
    let is_hidden = |of: fn(&Contribution) -> u64| {
        let parts: Vec<u64> = gathered.values().map(of).collect();
        release.rules().hides(&parts).is_some()
    };
    release.is_active() && count > 0 && (is_hidden(|part| part.tokens) || is_hidden(|part| part.cost))
}

#[cfg(test)]
mod tests {
    use super::super::build;
    use super::super::fixture::{alone, organisation};
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

    #[test]
    fn what_is_counted_elsewhere_for_a_few_is_not_told_by_the_line_nor_by_the_sum() {
        let quality = |change: fn(&mut Vec<SourceSight>)| {
            let mut inputs = organisation();
            change(&mut inputs.run.sources);
            let quality = build(&inputs).data_quality;
            let sums = [quality.merged_by_id, quality.merged_by_counts].map(|sum| sum.0.map(|count| count.0));
            let line = &quality.sources[1];
            let line = [line.seen, line.counted, line.merged].map(|count| count.0.map(|count| count.0));
            (sums, line, quality.sources[1].tokens_seen.0.is_some())
        };
        let (shown, all) = ([Some(31_000), Some(400)], [Some(40_000), Some(8_800), Some(31_000)]);
        assert_eq!(quality(|_| ()), (shown, all, true));
        // One person has a transcript beside the gateway.
        let one = quality(|sources| {
            (sources[1].merged_by_id, sources[1].merged_by_counts) = (12, 0);
            sources[1].merged_people = [("p00k3q".to_owned(), [12, 0])].into();
        });
        assert_eq!(one, ([None, None], [None, Some(40_000), None], false));
        // One person's are all that were found by their counts.
        let by_counts = quality(|sources| {
            sources[1].merged_people.values_mut().for_each(|[_, by_counts]| *by_counts = 0);
            sources[1].merged_people.insert("p00k3q".to_owned(), [775, 400]);
        });
        assert_eq!(by_counts, ([None, None], all, true));
        // A source of one person is withheld: the sums less the other lines would be its own.
        let (sums, ..) = quality(|sources| {
            sources.push(SourceSight {
                source: "otel".to_owned(),
                seen: 6,
                merged_by_id: 6,
                tokens_seen: 1_000,
                people: [("p00k3q".to_owned(), [6, 1_000, 0])].into(),
                merged_people: [("p00k3q".to_owned(), [6, 0])].into(),
                ..SourceSight::default()
            });
        });
        assert_eq!(sums, [None, None]);
    }

    #[test]
    fn sources_that_leave_one_persons_tokens_of_the_period_are_withheld_whatever_was_seen_twice() {
        let sight = |source: &str, people: &[(usize, [i64; 3])]| SourceSight {
            source: source.to_owned(),
            seen: people.iter().map(|(_, [seen, ..])| seen).sum(),
            tokens_seen: people.iter().map(|(_, [_, stated, _])| stated).sum(),
            tokens_counted: people.iter().map(|(_, [.., counted])| counted).sum(),
            people: people.iter().map(|(person, figures)| (format!("p{person:02}k3q"), *figures)).collect(),
            ..SourceSight::default()
        };
        let mut inputs = organisation();
        let of_all: Vec<(usize, [i64; 3])> = (0..40)
            .map(|person| if person == 0 { 30_000_000 } else { 2_000_000 })
            .enumerate()
            .map(|(person, tokens)| (person, [100, tokens, tokens]))
            .collect();
        let codex = sight("codex", &[(1, [70, 20_000_000, 20_000_000])]);
        // Whom a collector saw once more holds most of all that was seen, and less than a third of what is counted.
        let twice = sight("otel", &[(0, [900, 200_000_000, 0])]);
        inputs.run.sources = vec![sight("claude_code", &of_all), codex, twice];
        let lines = build(&inputs).data_quality.sources;
        assert!(lines.iter().all(|line| line.tokens_counted.0.is_none()), "{lines:?}");
    }
}
