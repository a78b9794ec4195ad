//! One run of the program: its responses, and how the sums that it states at its end are laid on them.
//!
//! Owns which sums are whose and whether they contain the sums before. Owns no lines: those are [`super::session`]'s.

use super::shares::split;
use crate::events::{Event, TokenBasis, Tokens};
use crate::fingerprint::sketch_answer;
use crate::sources::{Position, Sink};
use std::collections::BTreeMap;

/// Responses of one run that wait for its sums; the rest of a longer run goes without input.
const HELD: usize = 20_000;
/// What stands for a model that the program chooses.
const CHOSEN_LATER: &str = "auto";

/// A response that waits for its run's sums.
pub(super) struct Held {
    pub(super) at: Position,
    pub(super) event: Event,
    /// The identity of the response, shared by the messages it was split into.
    pub(super) response: Option<String>,
    pub(super) said: String,
}

/// The responses of a run, and what is known of the runs before it.
#[derive(Default)]
pub(super) struct Run {
    /// Responses since the program was started or the last sums, in order.
    held: Vec<Held>,
    /// Output of responses of this run that were let go before its sums, by model (empty for none).
    let_go: BTreeMap<String, i64>,
    /// The last sums as they were stated, by model.
    before: BTreeMap<String, Tokens>,
    /// Whether the last sums that could tell contained those before them.
    adds_up: bool,
    /// Whether the program was started again since the last sums.
    is_new: bool,
}

impl Run {
    /// When the last response came.
    pub(super) fn last_us(&self) -> Option<i64> {
        self.held.last().map(|held| held.event.ts_us)
    }

    /// Adds a message to the last response, if it is a part of it: each part states the output of all.
    pub(super) fn goes_on(&mut self, response: Option<&str>, output: Option<i64>, said: &str) -> bool {
        let Some(last) = self.held.last_mut().filter(|last| response.is_some() && last.response.as_deref() == response)
        else {
            return false;
        };
        last.event.tokens.output = last.event.tokens.output.max(output);
        last.said.push('\n');
        last.said.push_str(said);
        true
    }

    /// Keeps a response until the sums come.
    pub(super) fn hold(&mut self, held: Held, sink: &mut dyn Sink) {
        if self.held.len() >= HELD {
            for held in &self.held {
                let model = held.event.model.clone().unwrap_or_default();
                *self.let_go.entry(model).or_default() += held.event.tokens.output.unwrap_or(0);
            }
            self.release(sink);
        }
        self.held.push(held);
    }

    /// The program was started: what a run before it left open gets no sums any more.
    pub(super) fn start(&mut self, sink: &mut dyn Sink) {
        self.release(sink);
        self.let_go.clear();
        self.is_new = true;
    }

    /// The run ends with these sums, by model; null for what could not be read. They are laid on the responses, which are written by
    /// [`Run::release`]. Returns the sums of models without responses.
    pub(super) fn end(&mut self, stated: BTreeMap<String, Option<Tokens>>) -> Vec<(String, Tokens)> {
        let mut strays = Vec::new();
        let mut mine: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (index, held) in self.held.iter().enumerate() {
            match held.event.model.as_deref().and_then(|model| stated.get_key_value(model)) {
                Some((model, _)) => mine.entry(model).or_default().push(index),
                None => strays.push(index),
            }
        }
        let output_of = |indices: &[usize]| -> i64 {
            indices.iter().filter_map(|&index| self.held[index].event.tokens.output).sum()
        };
        let all_let_go = std::mem::take(&mut self.let_go);
        let (mut let_go, unknown): (BTreeMap<&str, i64>, BTreeMap<&str, i64>) = all_let_go
            .iter()
            .map(|(model, output)| (model.as_str(), *output))
            .partition(|(model, _)| stated.contains_key(*model));
        let strays_let_go: i64 = unknown.values().sum();
        let mut stray_output = output_of(&strays) + strays_let_go;

        let mut sums: BTreeMap<&str, Tokens> =
            stated.iter().filter_map(|(model, sums)| Some((model.as_str(), (*sums)?))).collect();
        // Responses whose model no sums name are those of the one model that has none and said as much.
        let is_free = |model: &str| !mine.contains_key(model) && !let_go.contains_key(model);
        let fits = |sums: &Tokens| !is_nothing(sums) && zero(sums.output) >= stray_output;
        let free: Vec<&str> =
            sums.iter().filter(|(model, sums)| is_free(model) && fits(sums)).map(|(model, _)| *model).collect();
        if let ([model], false) = (free.as_slice(), strays.is_empty()) {
            let_go.insert(model, strays_let_go);
            mine.insert(model, std::mem::take(&mut strays));
            stray_output = 0;
        }

        let answered: BTreeMap<&str, i64> = sums
            .keys()
            .map(|model| (*model, mine.get(model).map_or(0, |mine| output_of(mine)) + let_go.get(model).unwrap_or(&0)))
            .collect();
        let is_cumulative = self.contain_those_before(&sums, &answered, stray_output);
        let before: BTreeMap<String, Tokens> = sums.iter().map(|(model, sums)| ((*model).to_owned(), *sums)).collect();
        if is_cumulative {
            for (model, before) in &self.before {
                if let Some(sums) = sums.get_mut(model.as_str()) {
                    *sums = less(sums, before);
                }
            }
        }
        for (model, output) in let_go {
            if let Some(sums) = sums.get_mut(model) {
                sums.output = sums.output.map(|all| (all - output).max(0));
            }
        }
        let mut alone: Vec<(String, Tokens)> = Vec::new();
        for (model, sums) in sums {
            match mine.get(model) {
                Some(mine) => lay_on(&mut self.held, mine, model, sums),
                None if is_nothing(&sums) => {}
                None => alone.push((model.to_owned(), sums)),
            }
        }
        // Who gave the other responses cannot be told, but their output is in what is left.
        let outputs: Vec<i64> = alone.iter().map(|(_, sums)| zero(sums.output)).collect();
        let told = split(stray_output.min(outputs.iter().sum()), &outputs);
        for ((_, sums), told) in alone.iter_mut().zip(told) {
            sums.output = sums.output.map(|output| output - told);
        }
        self.before = before;
        self.is_new = false;
        alone
    }

    /// Whether sums contain the ones before them. Each run states its own, unless a later statement contains the earlier one of every model, and for
    /// every model that answered since what it answered: then all of them are cumulative. Where nothing was answered since, a program that
    /// was not started again has used nothing of its own, and one that was states what it stated last time.
    fn contain_those_before(
        &mut self,
        sums: &BTreeMap<&str, Tokens>,
        answered: &BTreeMap<&str, i64>,
        strays: i64,
    ) -> bool {
        let counts = |tokens: &Tokens| [tokens.input, tokens.output, tokens.cache_read, tokens.cache_write].map(zero);
        let holds = |model: &str, before: &Tokens| {
            sums.get(model).is_some_and(|sums| counts(sums).iter().zip(counts(before)).all(|(now, then)| *now >= then))
        };
        if self.before.is_empty() || !self.before.iter().all(|(model, before)| holds(model, before)) {
            self.adds_up = false;
            return false;
        }
        let before = |model: &str| self.before.get(model).map_or(0, |before| zero(before.output));
        let all_before: i64 = self.before.values().map(|before| zero(before.output)).sum();
        let all_answered: i64 = answered.values().sum::<i64>() + strays;
        if all_answered == 0 {
            return self.adds_up || !self.is_new;
        }
        let has_room = sums.iter().all(|(model, sums)| match answered.get(model) {
            Some(&answered) if answered > 0 => zero(sums.output) >= before(model) + answered,
            _ => true,
        });
        let all_now: i64 = sums.values().map(|sums| zero(sums.output)).sum();
        let tells = (strays > 0 && all_before > 0)
            || answered.iter().any(|(model, &answered)| answered > 0 && before(model) > 0);
        self.adds_up = tells && has_room && all_now >= all_before + all_answered;
        self.adds_up
    }

    /// Writes the responses that were held. Those that no sums were laid on have their output, or nothing.
    pub(super) fn release(&mut self, sink: &mut dyn Sink) {
        for Held { at, mut event, said, .. } in std::mem::take(&mut self.held) {
            if event.token_basis.is_none() {
                event.tokens.output = event.tokens.output.filter(|&output| output > 0);
                let stated = event.tokens.output.is_some();
                event.token_basis = Some(if stated { TokenBasis::Reported } else { TokenBasis::Absent });
            }
            event.text = (!said.is_empty()).then(|| sketch_answer(&said));
            sink.event(at, event);
        }
    }
}

fn zero(count: Option<i64>) -> i64 {
    count.unwrap_or(0)
}

/// Whether no request stands behind sums.
fn is_nothing(sums: &Tokens) -> bool {
    [sums.input, sums.output, sums.cache_read, sums.cache_write].iter().flatten().all(|&count| count == 0)
}

/// What sums have beyond the ones that they contain.
fn less(sums: &Tokens, before: &Tokens) -> Tokens {
    let less = |now: Option<i64>, then: Option<i64>| now.map(|now| (now - zero(then)).max(0));
    Tokens {
        input: less(sums.input, before.input),
        output: less(sums.output, before.output),
        reasoning: less(sums.reasoning, before.reasoning),
        cache_read: less(sums.cache_read, before.cache_read),
        cache_write: less(sums.cache_write, before.cache_write),
        cache_write_1h: None,
    }
}

/// Lays the sums of a model on its responses: output as stated, what the sums have beyond it and everything else in proportion to it.
fn lay_on(held: &mut [Held], mine: &[usize], model: &str, sums: Tokens) {
    let weights: Vec<i64> = mine.iter().map(|&index| zero(held[index].event.tokens.output)).collect();
    let stated: i64 = weights.iter().sum();
    let share = |count: Option<i64>| count.map(|count| split(count, &weights));
    let unsaid = share(sums.output.map(|output| (output - stated).max(0)));
    let (input, read, write) = (share(sums.input), share(sums.cache_read), share(sums.cache_write));
    let reasoning = share(sums.reasoning);
    for (place, &index) in mine.iter().enumerate() {
        let at = |shares: &Option<Vec<i64>>| shares.as_ref().map(|shares| shares[place]);
        let event = &mut held[index].event;
        if event.model.as_deref().is_none_or(|model| model == CHOSEN_LATER) {
            event.model = Some(model.to_owned());
        }
        let tokens = &mut event.tokens;
        tokens.output = tokens.output.map(|output| output + at(&unsaid).unwrap_or(0)).or(at(&unsaid));
        tokens.input = at(&input);
        tokens.cache_read = at(&read);
        tokens.cache_write = at(&write);
        tokens.reasoning = at(&reasoning).map(|reasoning| reasoning.min(tokens.output.unwrap_or(reasoning)));
        let basis = if mine.len() == 1 { TokenBasis::Reported } else { TokenBasis::Estimated };
        event.token_basis = Some(basis);
    }
}
