//! Declared automation by job: what each ran and cost, and whether anybody took up its output (`signals.md` section 1.6, and the evasion register
//! of section 2: declare everything as scheduled).
//!
//! Owns which jobs have a line of their own, by name and never by size. What service accounts run is nobody's use and is published; a
//! job with people in it is a cell like any other, and those of fewer people than the floor are withheld together, without their
//! names: a job that gains its tenth person would leave that sum, and the difference would be of few people. For the same reason no sum of all jobs is
//! published where people have any. Owns no definition of uptake: see `queries/rpt_declared_automations.sql`.

use super::escape::plain;
use super::inputs::{DeclaredJob, Inputs, JobFacts};
use super::model::automation::{Automation, Job, JobKind};
use super::people::is_known;
use super::quantities::{Count, Maybe, MicroDollars, Share, Tokens};
use super::release::{Draft, Gathered, Release, members};
use crate::privacy::{Contribution, Hidden, Members};

/// What may be shown of a job: runs, weeks, tokens, cost, runs followed, cost not taken up; the shares of runs taken up and of lines landed.
type Figures = ([Option<i64>; 6], [Option<f64>; 2]);

/// Names of the lines that hold several jobs.
const OF_FEW: &str = "Jobs in the accounts of few people, together";
const ALL: &str = "All jobs";

/// The people whose other use is left beside the jobs must be so many times the floor: reports keep a number that has hardly changed, so that the spend and
/// the jobs of a page may be of two moments, with fewer people between them than at either.
const MARGIN: usize = 2;

/// Jobs by kind and name, those of few people together, and all of them.
pub(super) fn automation(inputs: &Inputs, release: &mut Release<'_>) -> Automation {
    let mut jobs: Vec<&DeclaredJob> = inputs.declared.iter().filter(|job| job.facts.runs > 0).collect();
    jobs.sort_by(|a, b| (kind(&a.facts), &a.facts.job).cmp(&(kind(&b.facts), &b.facts.job)));
    let idle = inputs.declared.len() - jobs.len();
    let (of_services, of_people): (Vec<&DeclaredJob>, Vec<&DeclaredJob>) =
        jobs.iter().partition(|job| job.people.is_empty());
    let known = |job: &DeclaredJob| job.people.keys().filter(|actor| is_known(actor)).count();
    let few = |job: &&DeclaredJob| release.is_active() && known(job) < release.rules().people();
    let (of_few, of_many): (Vec<&DeclaredJob>, Vec<&DeclaredJob>) = of_people.iter().partition(|job| few(job));

    let mut drafts: Vec<Draft<Figures>> = of_many
        .iter()
        .map(|job| Draft::new(&job.facts.job, people([*job], release), figures(&job.facts, release)))
        .collect();
    let barred = what_is_left(inputs, &of_many, release);
    drafts.iter_mut().for_each(|draft| draft.barred = barred);
    let shown = if drafts.is_empty() { Vec::new() } else { release.panel("declared_automation", drafts, None).0 };
    let may_be_added = of_people.is_empty() || !release.is_active();
    let total = may_be_added.then(|| figures(&sum(jobs.iter().map(|job| &job.facts)), release));
    let mut lines: Vec<Job> =
        of_services.iter().map(|job| line(&job.facts, Some(figures(&job.facts, release)))).collect();
    lines.extend(of_many.iter().zip(shown).map(|(job, shown)| line(&job.facts, shown)));
    lines.sort_by(|a, b| (a.kind, &a.job).cmp(&(b.kind, &b.job)));
    Automation {
        jobs: lines,
        of_few_people: Maybe((!of_few.is_empty()).then(|| several(OF_FEW, None))),
        total: Maybe((!jobs.is_empty()).then(|| several(ALL, total))),
        never_ran: Count(i64::try_from(idle).unwrap_or(i64::MAX)),
    }
}

fn kind(facts: &JobFacts) -> JobKind {
    match facts.kind.as_str() {
        "declaration" => JobKind::Declaration,
        "schedule" => JobKind::Schedule,
        "service" => JobKind::Service,
        _ => JobKind::Undeclared,
    }
}

/// Whether the use that no job with a line holds is so few people's that these jobs, taken off the spend, would tell of it.
fn what_is_left(inputs: &Inputs, jobs: &[&DeclaredJob], release: &Release<'_>) -> Option<Hidden> {
    let declared = people(jobs.iter().copied(), release);
    let mut left = Gathered::default();
    for row in &inputs.actor_weeks {
        let tokens = row.tokens.unwrap_or(0).unsigned_abs();
        release.add(&mut left, &row.actor, Contribution { tokens, ..Contribution::COUNTED });
    }
    let parts: Vec<u64> = left
        .iter()
        .map(|(actor, all)| all.tokens.saturating_sub(declared.get(*actor).map_or(0, |part| part.tokens)))
        .filter(|tokens| *tokens > 0)
        .collect();
    // Where nobody can be protected, or nobody's use is declared, nothing has to be.
    if !release.is_active() || jobs.is_empty() || parts.is_empty() {
        None
    } else {
        let too_few = parts.len() < MARGIN * release.rules().people();
        (too_few || release.rules().hides(&parts).is_some()).then_some(Hidden::Complementary)
    }
}

fn people<'a>(jobs: impl IntoIterator<Item = &'a DeclaredJob>, release: &Release<'_>) -> Members {
    let mut gathered = Gathered::default();
    for (actor, amounts) in jobs.into_iter().flat_map(|job| &job.people) {
        let [runs, tokens, cost] = amounts.map(i64::unsigned_abs);
        release.add(&mut gathered, actor, Contribution { tokens, cost, rest: runs });
    }
    members(&gathered)
}

fn sum<'a>(jobs: impl Iterator<Item = &'a JobFacts>) -> JobFacts {
    let add =
        |sum: Option<i64>, part: Option<i64>| part.map_or(sum, |part| Some(sum.unwrap_or(0).saturating_add(part)));
    jobs.fold(JobFacts::default(), |sum, job| JobFacts {
        runs: sum.runs + job.runs,
        tokens: add(sum.tokens, job.tokens),
        cost_micro_usd: add(sum.cost_micro_usd, job.cost_micro_usd),
        unpriced_runs: sum.unpriced_runs + job.unpriced_runs,
        followed_runs: sum.followed_runs + job.followed_runs,
        taken_up_runs: add(sum.taken_up_runs, job.taken_up_runs),
        lines: sum.lines + job.lines,
        landed_lines: add(sum.landed_lines, job.landed_lines),
        cost_not_taken_up_micro_usd: add(sum.cost_not_taken_up_micro_usd, job.cost_not_taken_up_micro_usd),
        ..JobFacts::default()
    })
}

/// The figures of a job, rounded. Weeks are of the job and of nobody, and stay as they are; several jobs have none together.
fn figures(facts: &JobFacts, release: &Release<'_>) -> Figures {
    let amount = |value: Option<i64>| value.map(|value| release.amount(value));
    let share = |part: Option<i64>, whole: i64| {
        part.and_then(|part| Share::of(part, whole)).map(|share| release.share(share).0)
    };
    (
        [
            Some(release.count(facts.runs)),
            (facts.weeks > 0).then_some(facts.weeks),
            amount(facts.tokens),
            amount(facts.cost_micro_usd),
            Some(release.count(facts.followed_runs)),
            amount(facts.cost_not_taken_up_micro_usd),
        ],
        [share(facts.taken_up_runs, facts.followed_runs), share(facts.landed_lines, facts.lines)],
    )
}

/// The line of a job of its own.
fn line(facts: &JobFacts, shown: Option<Figures>) -> Job {
    let text = |text: &Option<String>| Maybe(text.as_deref().map(plain));
    Job {
        kind: kind(facts),
        job: plain(&facts.job),
        owner: text(&facts.owner),
        schedule: text(&facts.schedule),
        ..several("", shown)
    }
}

/// The line of several jobs together.
fn several(name: &str, shown: Option<Figures>) -> Job {
    let suppressed = shown.is_none();
    let ([runs, weeks, tokens, cost, followed, not_taken_up], [uptake, landed]) = shown.unwrap_or_default();
    Job {
        kind: JobKind::Several,
        job: name.to_owned(),
        owner: Maybe(None),
        schedule: Maybe(None),
        suppressed,
        runs: Maybe(runs.map(Count)),
        weeks: Maybe(weeks.map(Count)),
        tokens: Maybe(tokens.map(Tokens)),
        cost: Maybe(cost.map(MicroDollars)),
        followed_runs: Maybe(followed.map(Count)),
        uptake: Maybe(uptake.map(Share)),
        lines_landed: Maybe(landed.map(Share)),
        cost_not_taken_up: Maybe(not_taken_up.map(MicroDollars)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::build;
    use super::super::fixture::{alone, organisation};
    use super::*;
    use std::collections::BTreeMap;

    fn job(kind: &str, name: &str, people: i64, cost: i64) -> DeclaredJob {
        let part = |person: i64| (format!("p{person:02}k3q"), [2, 1_000, cost / people.max(1)]);
        DeclaredJob {
            facts: JobFacts {
                kind: kind.to_owned(),
                job: name.to_owned(),
                runs: 12,
                weeks: 3,
                tokens: Some(12_345),
                cost_micro_usd: Some(cost),
                followed_runs: 6,
                taken_up_runs: Some(3),
                lines: 100,
                landed_lines: Some(2),
                cost_not_taken_up_micro_usd: Some(cost / 2),
                ..JobFacts::default()
            },
            people: (0..people).map(part).collect(),
        }
    }

    fn published(jobs: Vec<DeclaredJob>) -> Automation {
        let mut inputs = organisation();
        inputs.declared = jobs;
        build(&inputs).automation
    }

    #[test]
    fn services_are_no_people_and_a_job_of_few_has_no_line() {
        let found = published(vec![
            job("service", "ci-agent", 0, 5_000_000),
            job("declaration", "repo:ada-notes in an account of a person", 1, 1_000_000),
            job("declaration", "repo:infra-*", 20, 20_000_000),
        ]);
        let names: Vec<(&str, bool)> = found.jobs.iter().map(|job| (job.job.as_str(), job.suppressed)).collect();
        assert_eq!(names, [("repo:infra-*", false), ("ci-agent", false)]);
        assert_eq!(found.of_few_people.0.as_ref().map(|line| line.suppressed), Some(true));
        assert!(!serde_json::to_string(&found).unwrap().contains("ada"));
        assert_eq!(found.jobs[1].runs, Maybe(Some(Count(10))), "rounded like every count");
        assert_eq!(found.jobs[1].lines_landed, Maybe(Some(Share(0.05))), "a share never says none");
    }

    #[test]
    fn enough_people_are_a_cell_and_jobs_of_few_are_in_no_sum() {
        let few = (0..12).map(|person| {
            let mut one = job("declaration", &format!("job {person}"), 1, 1_000_000);
            one.people = BTreeMap::from([(format!("p{person:02}k3q"), [2, 1_000, 1_000_000])]);
            one
        });
        let found = published(few.chain([job("declaration", "repo:infra-*", 20, 20_000_000)]).collect());
        let shown: Vec<_> = found.jobs.iter().filter(|job| !job.suppressed).map(|job| job.job.as_str()).collect();
        assert_eq!(shown, ["repo:infra-*"]);
        let together = found.of_few_people.0.unwrap();
        assert_eq!((together.kind, together.suppressed, together.cost), (JobKind::Several, true, Maybe(None)));
        assert!(found.total.0.unwrap().suppressed, "the total less the job would be that of the few");
    }

    #[test]
    fn what_nobody_can_follow_is_not_zero_and_what_never_ran_is_counted() {
        let mut dark = job("service", "poster", 0, 3_000_000);
        (dark.facts.followed_runs, dark.facts.taken_up_runs) = (0, None);
        (dark.facts.cost_micro_usd, dark.facts.landed_lines) = (None, None);
        dark.facts.cost_not_taken_up_micro_usd = None;
        let mut idle = job("declaration", "repo:gone", 0, 0);
        idle.facts.runs = 0;
        let found = published(vec![dark, idle]);
        assert_eq!((found.jobs.len(), found.never_ran), (1, Count(1)));
        let line = &found.jobs[0];
        assert_eq!((line.uptake, line.lines_landed), (Maybe(None), Maybe(None)));
        assert_eq!((line.cost, line.cost_not_taken_up), (Maybe(None), Maybe(None)));
        assert!(!line.suppressed);
    }

    #[test]
    fn the_use_of_a_few_that_is_left_beside_the_jobs_is_not_given_away() {
        let mut inputs = organisation();
        let mut whole: BTreeMap<String, [i64; 3]> = BTreeMap::new();
        for row in &inputs.actor_weeks {
            whole.entry(row.actor.clone()).or_insert([1, 0, 1])[1] += row.tokens.unwrap_or(0);
        }
        // Everybody's whole use is declared but for one person's.
        whole.pop_first();
        inputs.declared = vec![DeclaredJob { people: whole, ..job("declaration", "everything", 0, 9_000_000) }];
        let found = build(&inputs).automation;
        assert!(found.jobs[0].suppressed && found.total.0.unwrap().suppressed);
    }

    #[test]
    fn a_report_of_a_few_persons_rounds_and_hides_nothing() {
        let mut inputs = alone();
        inputs.declared = vec![job("declaration", "in an account of a person", 1, 1_234_567)];
        let found = build(&inputs).automation;
        assert_eq!(found.jobs[0].cost, Maybe(Some(MicroDollars(1_234_567))));
        assert_eq!(found.of_few_people, Maybe(None));
    }
}
