//! Which observations of a file stand around or below which: a generation that contains requests is their wrapper, and one below an evaluator is the platform's own.
//!
//! Owns what is learnt of a file before it is read. Owns no usage ([`super::usage`]) and no steps ([`super::observation`]).

use crate::sources::ancestors::mark_above;
use rustc_hash::{FxHashMap, FxHashSet};

/// Observations whose links are held at once, 18 bytes each. Past this they are resolved and forgotten: traces are local in a file.
const LINKS: usize = 1_000_000;
/// Ancestors that are looked at on the way to an evaluator.
const DEEPEST: usize = 64;

/// What an observation is, as far as others around and below it are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// A request; `states_usage` where it has counts, `is_embedding` where it turns texts into vectors.
    Request { states_usage: bool, is_embedding: bool },
    /// A judgement of others, and what is below it.
    Evaluator,
    /// Anything else.
    Other,
}

/// What is known of a request.
#[derive(Debug, Clone, Copy, Default)]
struct Request {
    states_usage: bool,
    is_embedding: bool,
}

/// What is known of a file's observations. It is told of every one with [`Nesting::learn`], then [`Nesting::resolve`]d, and then asked.
#[derive(Default)]
pub(super) struct Nesting {
    parents: FxHashMap<u64, u64>,
    requests: FxHashMap<u64, Request>,
    evaluators: FxHashSet<u64>,
    wrappers: FxHashSet<u64>,
    judges: FxHashSet<u64>,
}

impl Nesting {
    /// Takes one observation, by the key of its id and that of its parent's.
    pub(super) fn learn(&mut self, own: u64, parent: Option<u64>, role: Role) {
        if let Some(parent) = parent {
            self.parents.insert(own, parent);
        }
        match role {
            Role::Request { states_usage, is_embedding } => {
                let request = self.requests.entry(own).or_default();
                request.states_usage |= states_usage;
                request.is_embedding |= is_embedding;
            }
            Role::Evaluator => {
                self.evaluators.insert(own);
            }
            Role::Other => {}
        }
        if self.parents.len().max(self.requests.len()) >= LINKS {
            self.resolve();
        }
    }

    /// Draws the conclusions and forgets what they were drawn from.
    pub(super) fn resolve(&mut self) {
        let (mut above, mut above_embeddings) = (FxHashSet::default(), FxHashSet::default());
        for (&start, request) in self.requests.iter().filter(|(_, request)| request.states_usage) {
            let marks = if request.is_embedding { &mut above_embeddings } else { &mut above };
            mark_above(marks, Some(start), self.parents.get(&start).copied(), &self.parents);
        }
        // An embedding inside a request of another kind is a request of its own.
        let wraps = |key: &u64, request: &Request| {
            request.states_usage && (above.contains(key) || request.is_embedding && above_embeddings.contains(key))
        };
        self.wrappers.extend(self.requests.iter().filter(|&(key, request)| wraps(key, request)).map(|(key, _)| *key));
        if !self.evaluators.is_empty() {
            let judges: Vec<u64> = self.requests.keys().copied().filter(|&key| self.is_below_evaluator(key)).collect();
            self.judges.extend(judges);
        }
        self.parents = FxHashMap::default();
        self.requests = FxHashMap::default();
        self.evaluators = FxHashSet::default();
    }

    fn is_below_evaluator(&self, start: u64) -> bool {
        let parent = |key: &u64| self.parents.get(key).copied();
        std::iter::successors(parent(&start), parent).take(DEEPEST).any(|key| self.evaluators.contains(&key))
    }

    /// Whether this is a request with usage that has one below it, so that it would count twice.
    pub(super) fn is_wrapper(&self, own: u64) -> bool {
        self.wrappers.contains(&own)
    }

    /// Whether this is a request below an evaluator.
    pub(super) fn is_judge(&self, own: u64) -> bool {
        self.judges.contains(&own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USED: Role = Role::Request { states_usage: true, is_embedding: false };
    const EMBEDDED: Role = Role::Request { states_usage: true, is_embedding: true };

    fn resolved(observations: &[(u64, u64, Role)]) -> Nesting {
        let mut nesting = Nesting::default();
        for &(own, parent, role) in observations {
            nesting.learn(own, (parent != 0).then_some(parent), role);
        }
        nesting.resolve();
        nesting
    }

    #[test]
    fn only_the_innermost_request_with_usage_is_none_around_another() {
        let unused = Role::Request { states_usage: false, is_embedding: false };
        let nesting =
            resolved(&[(1, 0, USED), (2, 1, Role::Other), (3, 2, USED), (4, 3, unused), (5, 0, USED), (6, 5, unused)]);
        assert_eq!([1, 2, 3, 4, 5, 6].map(|key| nesting.is_wrapper(key)), [true, false, false, false, false, false]);
    }

    #[test]
    fn an_embedding_is_the_same_request_as_another_embedding_only() {
        let nesting = resolved(&[
            (1, 0, USED),
            (2, 1, EMBEDDED),
            (3, 0, EMBEDDED),
            (4, 3, EMBEDDED),
            (5, 0, EMBEDDED),
            (6, 5, USED),
        ]);
        assert_eq!([1, 2, 3, 4, 5, 6].map(|key| nesting.is_wrapper(key)), [false, false, true, false, true, false]);
    }

    #[test]
    fn an_observation_that_is_its_own_ancestor_counts() {
        let nesting = resolved(&[(1, 2, USED), (2, 1, Role::Other), (3, 3, USED)]);
        assert!(!nesting.is_wrapper(1) && !nesting.is_wrapper(3) && !nesting.is_judge(1));
    }

    #[test]
    fn what_is_below_an_evaluator_is_a_judge() {
        let nesting = resolved(&[(1, 0, Role::Evaluator), (2, 1, Role::Other), (3, 2, USED), (4, 0, USED)]);
        assert!(nesting.is_judge(3) && !nesting.is_judge(4));
    }
}
