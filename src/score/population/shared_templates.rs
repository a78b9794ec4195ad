//! P4, shared burner template: does a prompt that many people send spread after the policy date while its results go unused?
//! (signals.md section 2, P4.)
//!
//! Owns which templates are in question, their uptake against the people's own strata with empirical-Bayes shrinkage, and when
//! the test may speak. Names neither people nor texts. Owns no clustering: `fct_template_uses` has one row a template and
//! person.

use std::collections::BTreeMap;

use super::panel::WEEK;
use super::{Of, banded, day, row, too_few};
use crate::score::input::{ScoreInput, TemplateUse};
use crate::score::rows::PopulationRow;
use crate::score::shrink::strength_around;
use crate::score::stats::{beta_quantile, binomial_lower_tail};

/// Fewest people whose prompt is a template, after the date too.
const FEWEST_ACTORS: usize = 5;
/// Fewest sessions of a template whose outcome is known, and fewest people who have them; judgement defaults.
const FEWEST_SESSIONS: usize = 20;
/// Share of its people whose first use lies after the date from which a template is said to have spread since then.
const SPREADING: f64 = 0.8;
/// How long before the date a person's sessions must begin for their first use of a prompt to be known to lie after it: of habits of once a
/// week one in twenty is not seen in that time. A judgement default.
const HISTORY: i64 = 3 * WEEK;
/// Share of first uses on one day from which it was handed out in a workshop, and of people in their first 60 days from which
/// it belongs to onboarding; judgement defaults.
const WORKSHOP: f64 = 0.5;
const ONBOARDING: f64 = 0.5;

/// What a template needs [`FEWEST_SESSIONS`] of.
const SESSIONS: Of = Of::People("sessions with known outcome");

/// Correlation of sessions of one person: what n sessions of m people are worth (signals.md section 3, n_eff); a judgement
/// default.
const CORRELATION: f64 = 0.2;

/// One template that may be judged. Counts are effective ones: sessions of one person go together.
struct Template {
    people: usize,
    /// Sessions with known outcome, and those of them whose output was used.
    sessions: f64,
    used: f64,
    /// Share of used sessions in the people's strata.
    base: f64,
    /// Sessions divided by this are independent ones.
    design_effect: f64,
}

/// One row for the first policy date.
pub(super) fn shared_burner_template(input: &ScoreInput) -> Option<PopulationRow> {
    let date = input.incentive_start()?;
    let mut row = row("shared_burner_template", format!("organisation, {}", day(date)), "templates");
    let mut by_template: BTreeMap<i64, Vec<&TemplateUse>> = BTreeMap::new();
    for use_ in &input.template_uses {
        by_template.entry(use_.template).or_default().push(use_);
    }
    by_template.retain(|_, uses| uses.len() >= FEWEST_ACTORS);
    (row.n, row.estimate_unit) = (by_template.len() as i64, "log odds".to_owned());
    if by_template.is_empty() {
        row.note = format!("no prompt is shared by {FEWEST_ACTORS} people or more");
        return Some(row);
    }
    let shared = by_template.len();
    let mut begun: BTreeMap<&str, i64> = BTreeMap::new();
    for session in &input.sessions {
        let first = begun.entry(&session.actor).or_insert(session.started_at);
        *first = session.started_at.min(*first);
    }
    let is_known = |use_: &TemplateUse| begun.get(use_.actor.as_str()).is_some_and(|first| *first <= date - HISTORY);
    let [mut late, mut old, mut workshop, mut onboarding] = [0; 4];
    let mut templates = Vec::new();
    for uses in by_template.values() {
        let share = |test: &dyn Fn(&&&TemplateUse) -> bool| uses.iter().filter(test).count() as f64 / uses.len() as f64;
        let known: Vec<&&TemplateUse> = uses.iter().filter(|use_| is_known(use_)).collect();
        let known_after = known.iter().filter(|use_| use_.first_use >= date).count() as f64;
        if share(&|use_| use_.first_use >= date) < SPREADING || known_after < SPREADING * known.len() as f64 {
            old += 1;
        } else if share(&|use_| use_.first_on_busiest_day) >= WORKSHOP {
            workshop += 1;
        } else if share(&|use_| use_.is_new) >= ONBOARDING {
            onboarding += 1;
        } else if known.len() < FEWEST_ACTORS {
            late += 1;
        } else {
            templates.extend(Template::of(uses));
        }
    }
    let cleared = format!(
        "{shared} shared by {FEWEST_ACTORS} people or more, {old} older than the date, {workshop} from a workshop, {onboarding} of onboarding, {late} of people whose logs begin too late to say"
    );
    if templates.is_empty() {
        // Nothing that could be a burner is a result when there was nothing left to judge.
        let left = shared - old - workshop - onboarding - late;
        if left == 0 && late > 0 {
            row.note = format!("the logs begin too late to say which prompts are older than the date: {cleared}");
        } else if left == 0 {
            (row.status, row.estimate, row.p) = ("speak".to_owned(), Some(0.0), Some(1.0));
            row.note = format!("no template spread after the date: {cleared}");
        } else {
            let needed = too_few(&[(SESSIONS, 0, FEWEST_SESSIONS)]).unwrap_or_default();
            row.note =
                format!("{left} templates spread after the date, none with enough to judge ({needed}): {cleared}");
        }
        return Some(row);
    }
    judge(&mut row, &templates, &cleared);
    Some(row)
}

impl Template {
    /// `None` with too few sessions whose outcome is known.
    fn of(uses: &[&TemplateUse]) -> Option<Self> {
        let judged: Vec<&&TemplateUse> = uses.iter().filter(|use_| use_.judged_sessions > 0).collect();
        let sum = |of: &dyn Fn(&TemplateUse) -> f64| judged.iter().map(|use_| of(use_)).sum::<f64>();
        let sessions = sum(&|use_| use_.judged_sessions as f64);
        if (sessions as usize) < FEWEST_SESSIONS || judged.len() < FEWEST_ACTORS {
            return None;
        }
        let (used, expected) = (sum(&|use_| use_.used_sessions as f64), sum(&|use_| use_.expected_used));
        // Kish's design effect 1 + (m - 1) ICC, m the sessions of a person weighted by themselves.
        let squares = sum(&|use_| (use_.judged_sessions as f64).powi(2));
        Some(Self {
            people: uses.len(),
            sessions,
            used,
            base: (expected / sessions).clamp(0.01, 0.99),
            design_effect: 1.0 + (squares / sessions - 1.0) * CORRELATION,
        })
    }

    /// (used sessions, sessions with known outcome), effective ones.
    fn effective(&self) -> (f64, f64) {
        (self.used / self.design_effect, self.sessions / self.design_effect)
    }

    /// P of so few used sessions at the rate of the strata, exact binomial in the effective counts. Never 0.
    fn p(&self) -> f64 {
        let (used, sessions) = self.effective();
        binomial_lower_tail(used, sessions, self.base).max(f64::MIN_POSITIVE)
    }

    /// ln odds of the strata less those of the template: (at the posterior mean, low, high) under a beta prior around the
    /// strata's share, at two-sided level `level`.
    fn deficit(&self, strength: f64, level: f64) -> (f64, f64, f64) {
        let (used, sessions) = self.effective();
        let (alpha, beta) = (self.base * strength + used, (1.0 - self.base) * strength + sessions - used);
        // A quantile may round to 0 or 1, which have no odds.
        let logit = |share: f64| {
            let share = share.clamp(f64::EPSILON, 1.0 - f64::EPSILON);
            (share / (1.0 - share)).ln()
        };
        let at = |share: f64| logit(self.base) - logit(share);
        let quantile = |probability| beta_quantile(alpha, beta, probability);
        (at(alpha / (alpha + beta)), at(quantile(1.0 - level / 2.0)), at(quantile(level / 2.0)))
    }
}

/// Reads off the template with the least likely shortfall; its p and its interval pay for the number looked at.
fn judge(row: &mut PopulationRow, templates: &[Template], cleared: &str) {
    // Around the strata's shares, since that is where the prior stands: templates that are alike in being unused do not draw each other there.
    let counts: Vec<(f64, f64, f64)> =
        templates.iter().map(|one| (one.effective().0, one.effective().1, one.base)).collect();
    let strength = strength_around(&counts);
    let count = templates.len() as f64;
    let Some(worst) = templates.iter().min_by(|one, two| one.p().total_cmp(&two.p())) else { return };
    let (deficit, low, high) = worst.deficit(strength, 0.05 / count);
    row.status = "speak".to_owned();
    (row.estimate, row.ci_low, row.ci_high) = (Some(deficit), Some(low), Some(high));
    row.p = Some((worst.p() * count).min(1.0));
    row.note = format!(
        "largest shortfall of used results of a template against its people's strata, log odds, shrunk, of {} judged: \
         {} people; {cleared}",
        templates.len(),
        banded(worst.people),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::input::{Quota, SessionInput};
    use crate::score::stats::Seeded;

    /// Templates of (people, judged sessions a person, used sessions a person, first use in days after the date, on one day, new).
    fn run(templates: &[(i64, i64, i64, i64, bool, bool)]) -> PopulationRow {
        run_from(-21, 30, templates)
    }

    /// The logs of this many people begin so many days after the date, those of all others on it.
    fn run_from(days: i64, early: i64, templates: &[(i64, i64, i64, i64, bool, bool)]) -> PopulationRow {
        let date = 1_767_571_200_000_000;
        let mut input = ScoreInput::default();
        input.quotas.push(Quota { metric: "tokens".into(), threshold: 1.0, period: "week".into(), announced: date });
        input.sessions.extend((0..30).map(|person| SessionInput {
            actor: format!("a{person}").into(),
            started_at: date + if person < early { days * 86_400_000_000 } else { 0 },
            ..SessionInput::default()
        }));
        for (template, &(people, judged_sessions, used_sessions, days, first_on_busiest_day, is_new)) in
            templates.iter().enumerate()
        {
            input.template_uses.extend((0..people).map(|person| TemplateUse {
                template: template as i64,
                actor: format!("a{person}"),
                first_use: date + (days + person) * 86_400_000_000,
                first_on_busiest_day,
                is_new,
                judged_sessions,
                used_sessions,
                expected_used: 0.6 * judged_sessions as f64,
            }));
        }
        shared_burner_template(&input).unwrap()
    }

    #[test]
    fn an_unused_template_that_spread_after_the_date_is_found() {
        let row = run(&[(12, 4, 0, 3, false, false), (9, 4, 3, 3, false, false), (30, 5, 3, 10, false, false)]);
        assert_eq!(row.status, "speak");
        assert!(row.ci_low.unwrap() > 0.0 && row.p.unwrap() < 0.01, "{row:?}");
        assert!(row.note.contains("of 3 judged: 10 to 19 people; 3 shared by 5 people or more"), "{}", row.note);
        assert_eq!((row.n, row.n_unit.as_str(), row.estimate_unit.as_str()), (3, "templates", "log odds"));
    }

    #[test]
    fn templates_that_are_alike_in_being_unused_are_found() {
        // 1 of 4 sessions used in each, 6 of 10 in the strata: ln odds 1.5 apart, and no template differs from the others.
        let row = run(&[(12, 4, 1, 3, false, false); 6]);
        assert!(row.fires() && row.estimate.unwrap() > 1.0, "{row:?}");
        // p is seldom so small that it is nothing.
        let never = run(&[(200, 4, 0, 3, false, false)]);
        assert!(never.p.unwrap() > 0.0 && never.p.unwrap() < 1e-16, "{never:?}");
    }

    #[test]
    fn templates_that_are_always_used_have_an_interval() {
        // 40 of 40 in each of six, 19 of 20 in the strata: the prior is as weak as it may be, and the upper quantile rounds to 1.
        let uses =
            vec![
                TemplateUse { judged_sessions: 4, used_sessions: 4, expected_used: 3.8, ..TemplateUse::default() };
                10
            ];
        let templates: Vec<Template> =
            (0..6).map(|_| Template::of(&uses.iter().collect::<Vec<_>>()).unwrap()).collect();
        let mut row = PopulationRow::default();
        judge(&mut row, &templates, "");
        assert!(row.ci_low.unwrap().is_finite() && row.ci_high.unwrap().is_finite(), "{row:?}");
        assert!(!row.fires(), "{row:?}");
    }

    #[test]
    fn innocent_templates_are_cleared() {
        // Used like the rest; older than the date; handed out on one day; of the newly hired.
        let used = run(&[(12, 4, 2, 3, false, false)]);
        assert!(used.p.unwrap() > 0.05, "{used:?}");
        let cleared = run(&[(12, 4, 0, -40, false, false), (12, 4, 0, 3, true, false), (12, 4, 0, 3, false, true)]);
        assert_eq!((cleared.status.as_str(), cleared.p), ("speak", Some(1.0)));
        assert!(
            cleared.note.contains(
                "3 shared by 5 people or more, 1 older than the date, 1 from a workshop, 1 of onboarding, 0 of"
            )
        );
    }

    #[test]
    fn logs_that_begin_too_late_say_no_prompt_is_new() {
        // Three weeks of five people are enough to see that it was not there; a day less, or one of them fewer, is not.
        let template = [(12, 4, 0, 3, false, false)];
        assert!(run_from(-21, 5, &template).p.unwrap() < 0.01);
        for row in [run_from(-20, 5, &template), run_from(-21, 4, &template)] {
            assert_eq!((row.status.as_str(), row.p), ("abstain", None), "{row:?}");
            assert!(
                row.note.starts_with("the logs begin too late to say which prompts are older than the date: 1 shared")
            );
        }
        // Of those whose logs reach back four of five had it before: that others are seen with it later is no spread.
        let older = run_from(-21, 5, &[(30, 4, 0, -4, false, false)]);
        assert_eq!((older.status.as_str(), older.p), ("speak", Some(1.0)), "{older:?}");
    }

    #[test]
    fn few_people_or_unknown_outcomes_abstain() {
        assert_eq!(run(&[(4, 9, 0, 3, false, false)]).note, "no prompt is shared by 5 people or more");
        let unknown = run(&[(12, 0, 0, 3, false, false)]);
        assert_eq!((unknown.status.as_str(), unknown.estimate), ("abstain", None));
        assert!(unknown.note.starts_with("1 templates spread after the date, none with enough to judge"));
    }

    #[test]
    fn templates_used_like_the_rest_are_rarely_found() {
        // People differ in how much of their work is used, by as much as the correlation says.
        let mut random = Seeded::new(77);
        let found = (0..300)
            .filter(|_| {
                let uses: Vec<TemplateUse> = (0..10)
                    .map(|_| {
                        let share = if random.uniform() < CORRELATION {
                            f64::from(u8::from(random.uniform() < 0.6))
                        } else {
                            0.6
                        };
                        let used_sessions = (0..4).filter(|_| random.uniform() < share).count() as i64;
                        TemplateUse { judged_sessions: 4, used_sessions, expected_used: 2.4, ..TemplateUse::default() }
                    })
                    .collect();
                let mut row = PopulationRow::default();
                judge(&mut row, &[Template::of(&uses.iter().collect::<Vec<_>>()).unwrap()], "");
                row.ci_low.unwrap() > 0.0 && row.p.unwrap() <= 0.05
            })
            .count();
        assert!(found <= 20, "{found} of 300 at a nominal 2.5 to 5 %");
    }
}
