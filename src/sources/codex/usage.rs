//! From cumulative counters to the usage of one model response.
//!
//! Owns the subtraction and what it means when a counter stands still or falls. Owns no identity and no time.

use super::records::{RawUsage, TokenInfo};
use crate::events::Tokens;
use crate::sources::{Position, Sink, json::Count};

/// Counters of one record. `input` includes what came from the cache and, where the log says so, what was written to it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Usage {
    input: Option<i64>,
    cached: Option<i64>,
    cache_write: Option<i64>,
    output: Option<i64>,
    reasoning: Option<i64>,
    total: Option<i64>,
}

impl Usage {
    fn read(raw: &RawUsage, at: Position, sink: &mut dyn Sink) -> Self {
        let mut field = |count: Count, name: &str| count.get(name, at, sink);
        Self {
            input: field(raw.input_tokens, "input_tokens"),
            cached: field(raw.cached_input_tokens, "cached_input_tokens"),
            cache_write: field(raw.cache_write_input_tokens, "cache_write_input_tokens"),
            output: field(raw.output_tokens, "output_tokens"),
            reasoning: field(raw.reasoning_output_tokens, "reasoning_output_tokens"),
            total: field(raw.total_tokens, "total_tokens"),
        }
    }

    /// The cumulative total: as logged, else the sum that it is defined as.
    fn total(&self) -> Option<i64> {
        self.total.or_else(|| Some(self.input?.saturating_add(self.output?)))
    }

    /// What the thread has used when this snapshot leaves fields out: there `earlier`, and what was counted since.
    fn completed(&self, earlier: &Usage, counted: &Usage) -> Usage {
        let field = |now: Option<i64>, before: Option<i64>, since: Option<i64>| {
            let known = before.map(|before| before.saturating_add(since.unwrap_or(0)));
            now.or(known).or(since)
        };
        Usage {
            input: field(self.input, earlier.input, counted.input),
            cached: field(self.cached, earlier.cached, counted.cached),
            cache_write: field(self.cache_write, earlier.cache_write, counted.cache_write),
            output: field(self.output, earlier.output, counted.output),
            reasoning: field(self.reasoning, earlier.reasoning, counted.reasoning),
            total: field(self.total(), earlier.total(), counted.total()),
        }
    }

    fn minus(&self, earlier: &Usage) -> Usage {
        let field = |now: Option<i64>, before: Option<i64>| Some((now? - before.unwrap_or(0)).max(0));
        Usage {
            input: field(self.input, earlier.input),
            cached: field(self.cached, earlier.cached),
            cache_write: field(self.cache_write, earlier.cache_write),
            output: field(self.output, earlier.output),
            reasoning: field(self.reasoning, earlier.reasoning),
            total: field(self.total, earlier.total),
        }
    }

    /// Whether it says that nothing went in and nothing came out.
    fn is_nothing(&self) -> bool {
        self.input == Some(0) && self.output == Some(0) && self.cached.unwrap_or(0) == 0
    }

    /// Uncached input, cache reads and writes apart. Cache writes are inside `input_tokens` (as in OpenAI's usage
    /// reports) unless the record's own total says that they were added on top.
    fn tokens(&self) -> Tokens {
        let cached = self.cached.unwrap_or(0);
        let written = self.cache_write.unwrap_or(0);
        let on_top = match (self.total, self.input, self.output) {
            (Some(total), Some(input), Some(output)) => written > 0 && total == input + output + written,
            _ => false,
        };
        let inside = if on_top { cached } else { cached + written };
        Tokens {
            input: self.input.map(|input| (input - inside).max(0)),
            output: self.output,
            reasoning: self.reasoning,
            cache_read: self.cached,
            cache_write: self.cache_write,
            cache_write_1h: None,
        }
    }
}

/// What one `token_count` record adds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A model response.
    Response {
        /// Its usage.
        tokens: Tokens,
        /// The thread's counter after it, part of its identity.
        total: Option<i64>,
    },
    /// The last snapshot again.
    Repeated,
    /// Neither counters nor a last usage.
    Empty,
    /// The counter was set to the size of the context window because that was exceeded: no response came.
    Exceeded,
}

/// The counter of a thread, null before its first record: a first snapshot is usage, not a baseline.
#[derive(Debug, Default)]
pub(super) struct Counter {
    /// The last snapshot, [`Usage::completed`].
    previous: Option<Usage>,
}

impl Counter {
    /// Takes the next record of the file, in file order.
    pub(super) fn advance(&mut self, info: &TokenInfo, at: Position, sink: &mut dyn Sink) -> Step {
        let now = info.total_token_usage.as_ref().map(|raw| Usage::read(raw, at, sink));
        let last = info.last_token_usage.as_ref().map(|raw| Usage::read(raw, at, sink));
        self.step(now, last)
    }

    fn step(&mut self, now: Option<Usage>, last: Option<Usage>) -> Step {
        let Some(now) = now else {
            return match last {
                Some(last) => Step::Response { tokens: last.tokens(), total: None },
                None => Step::Empty,
            };
        };
        let total = now.total();
        let before = self.previous.and_then(|previous| previous.total());
        if total.is_some() && before == total {
            return Step::Repeated;
        }
        // The counter fell: it was reset, and everything it shows is new.
        let was_reset = total.is_some() && total < before;
        let previous = self.previous.filter(|_| !was_reset).unwrap_or_default();
        let usage = last.unwrap_or_else(|| now.minus(&previous));
        self.previous = Some(now.completed(&previous, &usage));
        if now.is_nothing() && usage.is_nothing() {
            return Step::Exceeded;
        }
        Step::Response { tokens: usage.tokens(), total }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn usage(input: i64, cached: i64, output: i64) -> Usage {
        Usage {
            input: Some(input),
            cached: Some(cached),
            cache_write: None,
            output: Some(output),
            reasoning: Some(0),
            total: Some(input + output),
        }
    }

    fn added(one: &Usage, two: &Usage) -> Usage {
        let sum = |one: Option<i64>, two: Option<i64>| Some(one.unwrap_or(0) + two.unwrap_or(0));
        Usage {
            input: sum(one.input, two.input),
            cached: sum(one.cached, two.cached),
            cache_write: None,
            output: sum(one.output, two.output),
            reasoning: Some(0),
            total: sum(one.total, two.total),
        }
    }

    fn sum(steps: &[Step]) -> (i64, i64, i64) {
        steps.iter().fold((0, 0, 0), |sum, step| match step {
            Step::Response { tokens, .. } => (
                sum.0 + tokens.input.unwrap_or(0),
                sum.1 + tokens.cache_read.unwrap_or(0),
                sum.2 + tokens.output.unwrap_or(0),
            ),
            _ => sum,
        })
    }

    proptest! {
        /// However often snapshots are repeated, whether or not the last usage is logged, and whichever counters a snapshot before
        /// the last one lacks, the deltas add up to the last total. Input and its part from the cache are lacking together; a last usage
        /// right after a gap is not drawn, since it says nothing of what the gap hid.
        #[test]
        fn deltas_add_up_to_the_last_total(
            responses in prop::collection::vec(
                (1i64..100_000, 0i64..100, 1i64..9_000, 1usize..4, any::<bool>(), 0u8..5),
                1..40,
            ),
        ) {
            let mut counter = Counter::default();
            let mut total = usage(0, 0, 0);
            let mut steps = Vec::new();
            let count = responses.len();
            let mut has_gap = false;
            for (index, (input, cached_percent, output, copies, says_last, lacking)) in responses.into_iter().enumerate() {
                let last = usage(input, input * cached_percent / 100, output);
                total = added(&total, &last);
                let shown = match lacking {
                    _ if index + 1 == count => total,
                    1 => Usage { output: None, ..total },
                    2 => Usage { input: None, cached: None, ..total },
                    3 => Usage { total: None, ..total },
                    4 => Usage { input: None, cached: None, output: None, reasoning: None, ..total },
                    _ => total,
                };
                let says_last = says_last && !has_gap;
                has_gap = !says_last && (shown.input.is_none() || shown.output.is_none());
                for _ in 0..copies {
                    steps.push(counter.step(Some(shown), says_last.then_some(last)));
                }
            }
            let cached = total.cached.unwrap();
            prop_assert_eq!(sum(&steps), (total.input.unwrap() - cached, cached, total.output.unwrap()));
        }
    }

    #[test]
    fn a_reset_counter_counts_from_zero_again() {
        let mut counter = Counter::default();
        let steps = [(900, 100), (1_800, 200), (50, 5)].map(|(i, o)| counter.step(Some(usage(i, 0, o)), None));
        assert_eq!(sum(&steps), (1_850, 0, 205));
    }

    #[test]
    fn a_counter_that_is_missing_once_is_not_counted_from_zero_again() {
        let mut counter = Counter::default();
        let whole = usage(1_800, 0, 200);
        // Nothing but the input, and so no total either: no reset.
        let one = Usage { output: None, total: None, ..usage(900, 0, 0) };
        let steps = [usage(800, 0, 100), one, whole].map(|shown| counter.step(Some(shown), None));
        assert_eq!(sum(&steps), (1_800, 0, 200));
        // After a reset what was before it is no baseline, for a counter that is missing there either.
        let reset = Usage { output: None, ..usage(40, 0, 10) };
        let steps = [reset, usage(90, 0, 30)].map(|shown| counter.step(Some(shown), None));
        assert_eq!(sum(&steps), (90, 0, 30));
    }

    #[test]
    fn a_context_window_that_was_exceeded_is_no_response() {
        let mut counter = Counter::default();
        let filled = |total| Usage { total: Some(total), ..usage(0, 0, 0) };
        let steps = [
            counter.step(Some(usage(1_230_000, 900_000, 4_000)), Some(usage(90_000, 80_000, 500))),
            counter.step(Some(filled(258_400)), Some(filled(0))),
            counter.step(Some(Usage { total: Some(266_500), ..usage(8_000, 0, 100) }), Some(usage(8_000, 0, 100))),
        ];
        assert_eq!(steps[1], Step::Exceeded);
        assert_eq!(sum(&steps), (18_000, 80_000, 600));
        assert_eq!(steps.iter().filter(|step| matches!(step, Step::Response { .. })).count(), 2);
        // Without a last usage the next response is what was counted since.
        let mut counter = Counter::default();
        let totals = [usage(900, 0, 100), filled(258_400), Usage { total: Some(258_450), ..usage(40, 0, 10) }];
        assert_eq!(sum(&totals.map(|total| counter.step(Some(total), None))), (940, 0, 110));
    }

    #[test]
    fn cache_writes_are_inside_input_unless_the_total_says_otherwise() {
        let inside = Usage { cache_write: Some(200), ..usage(1_000, 600, 50) };
        assert_eq!(inside.tokens().input, Some(200));
        let on_top = Usage { total: Some(1_250), ..inside };
        assert_eq!(on_top.tokens().input, Some(400));
        assert_eq!(on_top.tokens().cache_write, Some(200));
        assert_eq!(usage(10, 600, 1).tokens().input, Some(0));
    }
}
