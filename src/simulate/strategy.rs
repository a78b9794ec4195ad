//! How theater hides: one vector of numbers. `person` draws it for each person; a group that adapts shares one and changes it.
//!
//! Owns the vector, the neighbours of a strategy and who belongs to the group. What the numbers do to sessions is in `theater`.

use super::families::FAMILIES;
use super::person::{Label, Person, Role, Theater, reachable_pace};
use super::random::Random;
use super::world::Policy;
use serde::Serialize;
use std::fmt;

/// How the gaps between the runs of a timer are drawn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum JitterLaw {
    /// Always the interval.
    #[default]
    None,
    /// Uniform around the interval, by up to a share of it that is drawn for each person.
    Uniform,
    /// Exponential with the interval as mean.
    Exponential,
}

/// What is put around a prompt to make it longer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PadSource {
    /// Nothing.
    #[default]
    None,
    /// The same block several times.
    Repeat,
    /// Random words.
    Random,
    /// An article about something else.
    Article,
}

/// How theater hides. Everything at its default is not hidden at all. Rates are probabilities.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Hiding {
    /// That a prompt is worded anew.
    pub paraphrase: f64,
    /// That a prompt gets a tail of its own.
    pub salted_tail: f64,
    /// Gaps between the runs of a timer.
    pub jitter: JitterLaw,
    /// Padding of prompts; the families that pad have theirs from the start.
    pub pad: PadSource,
    /// That a call of a loop is followed by one that has nothing to do with it.
    pub noise_calls: f64,
    /// That a call of a loop has an argument of its own.
    pub argument_jitter: f64,
    /// That a prompt leaves a file for the next session to read.
    pub agent_reads_agent: f64,
    /// That a session is followed by a commit made for it.
    pub junk_commits: f64,
    /// Mean of what is spent beyond the goal (exponential), as a share of the goal.
    pub overshoot: f64,
    /// Colleagues among whom the favourite prompts go round from week to week; 0 and 1: everybody has their own.
    pub colleagues: usize,
}

impl Hiding {
    /// What a named evasion of the register does.
    pub(super) fn of(family: &str, evasion: Option<&str>) -> Self {
        let mut hiding = Self { pad: own_pad(family), ..Self::default() };
        match evasion {
            Some("paraphrase") => hiding.paraphrase = 1.0,
            Some("salted_tail") => hiding.salted_tail = 1.0,
            Some("uniform_jitter") => hiding.jitter = JitterLaw::Uniform,
            Some("exponential_timer") => hiding.jitter = JitterLaw::Exponential,
            Some("noise_calls") => hiding.noise_calls = 0.4,
            Some("argument_jitter") => hiding.argument_jitter = 1.0,
            Some("agent_reads_agent") => hiding.agent_reads_agent = 0.5,
            Some("junk_commits") => hiding.junk_commits = JUNK_COMMITS,
            Some("overshoot") => hiding.overshoot = 0.25,
            _ => {}
        }
        hiding
    }
}

/// Share of sessions that are followed by a commit, where commits are made for it.
pub(super) const JUNK_COMMITS: f64 = 0.6;

fn own_pad(family: &str) -> PadSource {
    match family {
        "pad_repeat" => PadSource::Repeat,
        "pad_random" => PadSource::Random,
        "pad_article" => PadSource::Article,
        _ => PadSource::None,
    }
}

/// What a group of people does, each of them alike.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Strategy {
    /// Family of theater.
    pub family: &'static str,
    /// Share of a week's tokens that is made to be counted; 0 is honest work alone.
    pub dose: f64,
    /// How it hides.
    pub hiding: Hiding,
}

/// A number of a strategy that can be turned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lever {
    Dose,
    Paraphrase,
    SaltedTail,
    Jitter,
    Pad,
    NoiseCalls,
    ArgumentJitter,
    AgentReadsAgent,
    JunkCommits,
    Overshoot,
    Colleagues,
}

/// The largest dose that a step may reach: beyond it hardly any honest work is left.
const LARGEST_DOSE: f64 = 0.9;

impl Strategy {
    /// The family at its simplest, hidden by nothing, or nothing for a name that is no family's.
    pub fn naive(family: &str, dose: f64) -> Option<Self> {
        let family = FAMILIES.iter().find(|known| known.name == family)?.name;
        Some(Self { family, dose, hiding: Hiding::of(family, None) })
    }

    /// What the group would do without theater: nothing but its honest work.
    pub fn honest() -> Self {
        Self { family: FAMILIES[0].name, dose: 0.0, hiding: Hiding::default() }
    }

    /// Whether anything is done to hide it.
    pub fn hides(&self) -> bool {
        self.hiding != Hiding::of(self.family, None)
    }

    /// The levers that change what this family does; the others would be turned in vain.
    fn levers(&self) -> Vec<Lever> {
        let mut levers =
            vec![Lever::Dose, Lever::AgentReadsAgent, Lever::JunkCommits, Lever::Overshoot, Lever::Colleagues];
        match self.family {
            "doom_loop" | "ping_pong_loop" => levers.extend([Lever::NoiseCalls, Lever::ArgumentJitter]),
            "unattended_cron" => levers.extend([Lever::Jitter, Lever::Paraphrase, Lever::SaltedTail]),
            "overkill" => levers.extend([Lever::SaltedTail, Lever::Pad]),
            // Its prompts are worded anew from the start.
            "paraphrase_repeat" => levers.extend([Lever::SaltedTail, Lever::Pad]),
            _ => levers.extend([Lever::Paraphrase, Lever::SaltedTail, Lever::Pad]),
        }
        levers
    }

    /// A strategy that differs in one number. The same seed and number give the same neighbour.
    #[must_use]
    pub fn neighbour(&self, seed: u64, number: u64) -> Self {
        let mut random = Random::stream(seed, "neighbour", &[number]);
        let random = &mut random;
        let mut next = self.clone();
        let hiding = &mut next.hiding;
        match *random.pick(&self.levers()) {
            Lever::Dose => next.dose = scaled(self.dose, *random.pick(&[0.85, 1.15])),
            Lever::Paraphrase => hiding.paraphrase = rate(random, hiding.paraphrase),
            Lever::SaltedTail => hiding.salted_tail = rate(random, hiding.salted_tail),
            Lever::NoiseCalls => hiding.noise_calls = rate(random, hiding.noise_calls),
            Lever::ArgumentJitter => hiding.argument_jitter = rate(random, hiding.argument_jitter),
            Lever::AgentReadsAgent => hiding.agent_reads_agent = rate(random, hiding.agent_reads_agent),
            Lever::JunkCommits => hiding.junk_commits = rate(random, hiding.junk_commits),
            Lever::Overshoot => hiding.overshoot = other(random, &[0.0, 0.1, 0.25, 0.5], hiding.overshoot),
            Lever::Colleagues => hiding.colleagues = other(random, &[0, 2, 4, 8], hiding.colleagues),
            Lever::Jitter => {
                let laws = [JitterLaw::None, JitterLaw::Uniform, JitterLaw::Exponential];
                hiding.jitter = other(random, &laws, hiding.jitter);
            }
            Lever::Pad => {
                let sources = [PadSource::None, PadSource::Repeat, PadSource::Random, PadSource::Article];
                hiding.pad = other(random, &sources, hiding.pad);
            }
        }
        next
    }

    /// The same with so much more of it that a metric inflated `measured` times should be inflated `required` times.
    #[must_use]
    pub fn raised(&self, measured: f64, required: f64) -> Self {
        let mut next = self.clone();
        if self.family == "hugger" {
            // It stops at the target whatever the dose: only what is spent beyond the target raises the metric.
            next.hiding.overshoot += (required / measured.max(0.1) - 1.0).clamp(0.02, 2.0);
        } else {
            // Injected tokens are honest ones times the odds of the dose.
            let factor = (required - 1.0) / (measured - 1.0).max(0.05 * (required - 1.0));
            next.dose = scaled(self.dose, (1.02 * factor).clamp(1.02, 4.0));
        }
        next
    }
}

/// The dose whose odds are so many times these, to four decimals.
fn scaled(dose: f64, factor: f64) -> f64 {
    let odds = factor * dose / (1.0 - dose);
    ((odds / (1.0 + odds)).min(LARGEST_DOSE) * 10_000.0).round() / 10_000.0
}

/// Another rate, a quarter or a half away.
fn rate(random: &mut Random, current: f64) -> f64 {
    let near: Vec<f64> =
        [0.0, 0.25, 0.5, 0.75, 1.0].into_iter().filter(|level| (level - current).abs() <= 0.5).collect();
    other(random, &near, current)
}

fn other<T: Copy + PartialEq>(random: &mut Random, all: &[T], current: T) -> T {
    let others: Vec<T> = all.iter().copied().filter(|one| *one != current).collect();
    *random.pick(&others)
}

impl fmt::Display for Strategy {
    /// The family, the dose and whatever is not as in the naive strategy.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hiding, naive) = (&self.hiding, Hiding::of(self.family, None));
        write!(f, "{} dose {:.3}", self.family, self.dose)?;
        let rates = [
            ("paraphrase", hiding.paraphrase),
            ("salted_tail", hiding.salted_tail),
            ("noise_calls", hiding.noise_calls),
            ("argument_jitter", hiding.argument_jitter),
            ("agent_reads_agent", hiding.agent_reads_agent),
            ("junk_commits", hiding.junk_commits),
            ("overshoot", hiding.overshoot),
        ];
        for (name, rate) in rates.into_iter().filter(|(_, rate)| *rate > 0.0) {
            write!(f, ", {name} {rate:.2}")?;
        }
        match hiding.jitter {
            JitterLaw::None => {}
            JitterLaw::Uniform => write!(f, ", uniform_jitter")?,
            JitterLaw::Exponential => write!(f, ", exponential_timer")?,
        }
        if hiding.pad != naive.pad {
            let words = ["none", "repeat", "random", "article"];
            write!(f, ", pad {}", words[hiding.pad as usize])?;
        }
        if hiding.colleagues > 1 {
            write!(f, ", spread over {} colleagues", hiding.colleagues)?;
        }
        Ok(())
    }
}

/// Of the weekly target, what those who adapt use for their honest work.
const HONEST_USE: f64 = 0.5;

/// Gives one strategy to `count` people. Who they are, what honest work they do (but that whoever hugs the target stops short of it) and
/// everybody else is the same whatever the strategy, so that two strategies differ in nothing but themselves.
pub(super) fn share(
    random: &mut Random,
    policy: &Policy,
    strategy: &Strategy,
    people: &mut [Person],
    order: &mut Vec<usize>,
    count: usize,
) {
    let family = FAMILIES.iter().find(|family| family.name == strategy.family).unwrap_or(&FAMILIES[0]);
    let themes = random.whole(1, i64::MAX) as u64;
    for _ in 0..count {
        // Everybody has a shell, so that every family is open to them.
        let tools = |index: &usize| matches!(people[*index].role, Role::Developer | Role::Analyst);
        let index = order.remove(order.iter().position(tools).unwrap_or(0));
        let person = &mut people[index];
        person.pace = reachable_pace(policy, person, HONEST_USE);
        person.label = Label::Theater(Theater {
            family,
            dose: strategy.dose,
            evasion: strategy.hides().then_some("adaptive"),
            from_week: policy.incentive_week,
            // Honest work stays as it was; theater comes on top.
            inflation: 1.0 / (1.0 - strategy.dose),
            theme: if strategy.hiding.colleagues > 1 { themes } else { themes ^ ((index as u64 + 1) << 20) },
            hiding: strategy.hiding.clone(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::family_names;
    use super::*;

    #[test]
    fn neighbours_differ_in_one_number_and_repeat() {
        for family in family_names() {
            let naive = Strategy::naive(family, 0.4).unwrap();
            assert!(!naive.hides());
            let mut hiding = 0;
            for number in 0..200 {
                let next = naive.neighbour(7, number);
                assert_eq!(next, naive.neighbour(7, number));
                assert_ne!(next, naive, "{family} {number}");
                assert_eq!(next.family, family);
                assert!(next.dose == naive.dose || !next.hides(), "{next}: more than one number changed");
                hiding += usize::from(next.hides());
            }
            // One lever of seven or eight is the dose.
            assert!((140..200).contains(&hiding), "{family}: {hiding}");
        }
        assert_eq!(Strategy::naive("magic", 0.4), None);
    }

    #[test]
    fn rates_stay_probabilities_and_doses_below_one() {
        let mut strategy = Strategy::naive("unattended_cron", 0.6).unwrap();
        for number in 0..2_000 {
            strategy = strategy.neighbour(1, number);
            let hiding = &strategy.hiding;
            for rate in [hiding.paraphrase, hiding.salted_tail, hiding.junk_commits, hiding.agent_reads_agent] {
                assert!((0.0..=1.0).contains(&rate), "{strategy}");
            }
            assert!(strategy.dose > 0.0 && strategy.dose <= LARGEST_DOSE, "{strategy}");
        }
    }

    #[test]
    fn more_of_it_is_as_much_as_was_missing() {
        let naive = Strategy::naive("repeat", 0.2).unwrap();
        // Odds of 1/4 gave 0.2 more; 0.5 more takes odds of 5/8, and a little.
        let raised = naive.raised(1.2, 1.5);
        assert!((raised.dose / (1.0 - raised.dose) - 0.625 * 1.02).abs() < 1e-3, "{raised}");
        assert!(naive.raised(1.0, 1.5).dose > raised.dose, "what changed nothing is raised the most");
        let hugger = Strategy::naive("hugger", 0.2).unwrap().raised(1.2, 1.5);
        assert_eq!((hugger.dose, (hugger.hiding.overshoot * 100.0).round()), (0.2, 25.0));
    }

    #[test]
    fn words_are_those_of_the_register() {
        let mut strategy = Strategy::naive("pad_random", 0.5).unwrap();
        assert_eq!(strategy.to_string(), "pad_random dose 0.500");
        strategy.hiding = Hiding { paraphrase: 0.75, pad: PadSource::Article, colleagues: 4, ..strategy.hiding };
        assert_eq!(
            strategy.to_string(),
            "pad_random dose 0.500, paraphrase 0.75, pad article, spread over 4 colleagues"
        );
    }
}
