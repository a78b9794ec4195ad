//! The release rule for a table of cells: what may be published, given what was published before.
//!
//! Owns the decision for one panel: the cells of one view and period and, where they add up to a total that is published too, the
//! group that a reader gets by subtraction. Owns no figures and no files: callers hand in who contributed how much, and blank or
//! replace what does not come back as fresh. What was published before arrives as [`History`] (`ledger`).
//!
//! A cell is published fresh when enough people stand behind it, none dominates it ([`Rules::hides`]), and the people whose
//! contribution differs from what an earlier report was made from are nobody, or again a group that may be published. Otherwise it
//! is published as it was before, where it was, and else not at all. The same holds for what is left when the fresh cells are
//! subtracted from the total. docs/disclosure.md has the reasons and the attacker.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::bounds::{Interval, Line, propagate};
use super::known::{Known, add, add_one, amounts_that_differ, deltas, together};
use super::ledger::{Earlier, History, MemberId};
use super::rounding::{amount_interval, amount_step, count_interval, count_step};
use super::suppress::{Hidden, Rules};

/// Whoever is not known, as a name: no member of any cell. What they use is in the figures like that of services, and as much of it is said elsewhere (the
/// share of it under data quality) it is taken for known: it stands in nobody's place.
pub const NOBODY: &str = "(unassigned)";

/// No reader may know an amount of a hidden cell better than this: the numeric goal of faults.md, 15 %.
pub const PROTECTION: f64 = 0.15;

/// Whether an interval leaves [`PROTECTION`] on either side of the truth.
pub fn is_wide(found: Interval, truth: f64) -> bool {
    found.high >= (1.0 + PROTECTION) * truth && found.low <= (1.0 - PROTECTION) * truth
}

/// What one person put into a cell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Contribution {
    /// Tokens.
    pub tokens: u64,
    /// Cost in micro-dollars.
    pub cost: u64,
    /// Whatever else the figures of the cell count of this person: a count, or a fingerprint of several. Only looked at for change.
    pub rest: u64,
}

impl Contribution {
    /// A person who is counted and has no amount.
    pub const COUNTED: Self = Self { tokens: 0, cost: 0, rest: 1 };

    /// Amounts that the release looks at, and a fingerprint of the other figures, of which it looks only at whether they have changed.
    pub fn of(tokens: i64, cost: i64, others: &[i64]) -> Self {
        let mut hasher = blake3::Hasher::new();
        others.iter().for_each(|figure| {
            hasher.update(&figure.to_be_bytes());
        });
        let mut bytes = [0; 8];
        hasher.finalize_xof().fill(&mut bytes);
        Self { tokens: tokens.unsigned_abs(), cost: cost.unsigned_abs(), rest: u64::from_be_bytes(bytes) >> 16 }
    }

    pub(super) fn amounts(self) -> [u64; 3] {
        [self.tokens, self.cost, self.rest]
    }
}

/// Who contributed how much, by pseudonym.
pub type Members = BTreeMap<String, Contribution>;

/// A cell before anybody decided on it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Cell {
    /// Stable name within its view: a team, a part of the money, never a person.
    pub name: String,
    /// Who is in it.
    pub members: Members,
    /// The figures as they would be published, rounded; stored, so that they can be published again as they were.
    pub value: serde_json::Value,
    /// What the report is read for: gives way to protect its neighbours only when nothing else can.
    pub headline: bool,
    /// Counted in the total and not published by itself, for a reason that does not follow from its members: a remainder (people on no roster), or
    /// what the view knows of it.
    pub barred: Option<Hidden>,
    /// Published already by another view, as it stands here: neither decided nor hidden nor taken down again.
    pub settled: bool,
    /// Between what a reader of its figures knows its tokens to lie, where that is not their sum to two digits: a mean of known weight is finer.
    pub tokens_between: Option<Interval>,
    /// Its people are those with tokens, readings or the like, however many each; whoever has none is in it for change alone.
    pub counted_by_tokens: bool,
}

/// The cells of one view and period.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Panel {
    /// View of the report.
    pub view: String,
    /// First day, `2026-02-09`.
    pub from: String,
    /// Last day.
    pub to: String,
    /// Cells; where there is a total they are all that it is the sum of.
    pub cells: Vec<Cell>,
    /// The figures of the total, where one is published.
    pub total: Option<serde_json::Value>,
    /// As of a cell.
    pub total_tokens_between: Option<Interval>,
    /// The total may not be published as it is now, whatever its cells are: beside sums that it is a part of it would tell of a few people.
    pub total_is_barred: bool,
    /// Another view tells the total, whatever is decided here: where it may not be said beside the cells, these give way.
    pub total_is_told: bool,
    /// A group of few that this view has a cell for elsewhere did nothing here: it is protected as if it were one person, since which neighbours are
    /// withheld would tell whether it was nobody.
    pub has_silent: bool,
    /// Nothing new may be said: what was published before is published again. For the other tables of a total that gave way.
    pub frozen: bool,
}

/// What becomes of a cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// Published as it is now.
    Fresh,
    /// Published as it was before: the people it has changed by are too few.
    Kept(serde_json::Value),
    /// Not published.
    Hidden(Hidden),
}

impl Verdict {
    /// Whether the figures of now are published.
    pub fn is_fresh(&self) -> bool {
        *self == Verdict::Fresh
    }
}

/// What becomes of a panel.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// Each cell, in the order given.
    pub cells: Vec<Verdict>,
    /// The total; hidden where the panel has none.
    pub total: Verdict,
}

/// What the difference between two versions of a cell gives away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    /// They are the same.
    None,
    /// It is about a few people, and smaller than what rounding hides: nothing follows while the published figure stays.
    Blurred,
    /// It is about enough people.
    Enough,
    /// It is about a few people.
    Few,
}

/// One panel while it is decided.
struct Deciding<'a> {
    rules: Rules,
    panel: &'a Panel,
    known: Vec<Known>,
    history: &'a History,
}

impl Rules {
    /// Decides a panel. The order of the cells does not matter.
    pub fn decide(self, panel: &Panel, history: &History) -> Decision {
        let known = panel
            .cells
            .iter()
            .map(|cell| cell.members.iter().map(|(who, part)| (history.id(who), part.amounts())).collect())
            .collect();
        Deciding { rules: self, panel, known, history }.decide()
    }

    /// Why a group may not stand by itself; `None` when it may.
    pub(super) fn hides_group(self, group: &Known) -> Option<Hidden> {
        let of = |at: usize| group.values().map(|amounts| amounts[at]).collect::<Vec<u64>>();
        self.hides(&of(0)).or_else(|| self.hides(&of(1)))
    }

    /// Whether those with tokens are too few, where there are any.
    fn hides_few(self, group: &Known) -> Option<Hidden> {
        let people = group.values().filter(|[tokens, ..]| *tokens > 0).count();
        (1..self.people()).contains(&people).then_some(Hidden::TooFewPeople)
    }

    /// What it gives away that `then` became `now`. In one and the same period also who came and went must be enough or nobody.
    fn change(self, now: &Known, then: &Known, same_period: bool) -> Change {
        let deltas = deltas(now, then);
        let moved = deltas.keys().filter(|member| now.contains_key(*member) != then.contains_key(*member)).count();
        if deltas.is_empty() {
            return Change::None;
        }
        let few_moved = same_period && (1..self.people()).contains(&moved);
        // Those of whom only a count has changed do not hide those whose amounts have.
        let behind = |at: usize| deltas.values().filter(|amounts| amounts[at] > 0).count();
        let few_behind = [0, 1].iter().any(|&at| (1..self.people()).contains(&behind(at)));
        if !few_moved && !few_behind && self.hides_group(&deltas).is_none() {
            return Change::Enough;
        }
        let blurred = [0, 1].iter().all(|&at| {
            let step = amount_step(together(now, at).min(together(then, at)));
            together(&deltas, at).saturating_mul(2) <= step.saturating_sub(1)
        }) && together(&deltas, 2).saturating_mul(2) < count_step();
        if !few_moved && blurred { Change::Blurred } else { Change::Few }
    }
}

impl Deciding<'_> {
    fn decide(&self) -> Decision {
        if self.panel.frozen {
            let kept = |cell: &str| self.kept(cell).unwrap_or(Verdict::Hidden(Hidden::Differenced));
            let cells = self.panel.cells.iter().map(|cell| kept(&cell.name)).collect();
            return Decision { cells, total: kept(History::TOTAL) };
        }
        let mut cells: Vec<Verdict> = (0..self.known.len()).map(|at| self.alone(at)).collect();
        let mut total = Verdict::Hidden(Hidden::TooFewPeople);
        if self.panel.total.is_some() {
            total = self.total_alone();
            if total.is_fresh() {
                total = self.complement(&mut cells);
            }
            if self.panel.total_is_told && matches!(total, Verdict::Hidden(_)) {
                let shown = cells.iter_mut().filter(|verdict| verdict.is_fresh());
                shown.for_each(|verdict| *verdict = Verdict::Hidden(Hidden::Complementary));
            }
        }
        Decision { cells, total }
    }

    fn entries(&self, cell: &str) -> &[Arc<Earlier>] {
        self.history.of(cell)
    }

    /// The earlier figures, where they may stand in for the present ones: those of a window that began on the same day. What a comparison told of
    /// an earlier state is never shown in place of newer figures.
    fn kept(&self, cell: &str) -> Option<Verdict> {
        let last = self.entries(cell).iter().rev().find(|entry| entry.shown() && !entry.looks_back)?;
        (last.from == self.panel.from).then(|| last.value.clone().map(Verdict::Kept)).flatten()
    }

    /// What the difference to an earlier version gives away. One from before a rotation of the pseudonyms cannot be compared: the same
    /// period stays as it was, and a window that has grown since is taken for another cell.
    fn change(&self, now: &Known, then: &Known, version: &Earlier) -> Change {
        let same_period = version.from == self.panel.from && version.to == self.panel.to;
        match (version.comparable, same_period) {
            (true, _) => self.rules.change(now, then, same_period),
            (false, true) => Change::Few,
            (false, false) => Change::Enough,
        }
    }

    /// A cell without its neighbours.
    fn alone(&self, at: usize) -> Verdict {
        let (cell, now) = (&self.panel.cells[at], &self.known[at]);
        if cell.settled {
            return Verdict::Fresh;
        }
        let additive = self.panel.total.is_some();
        let mut refused = None;
        let mut ever_shown = false;
        for entry in self.entries(&cell.name) {
            let change = self.change(now, &entry.members, entry);
            ever_shown |= entry.shown();
            // What was hidden could be computed together with its hidden neighbours: shown now as it was, it gives those away.
            let with_neighbours = !entry.shown() && additive;
            let says_too_much = match change {
                Change::None => with_neighbours,
                Change::Blurred => with_neighbours || entry.shown() && entry.value.as_ref() != Some(&cell.value),
                Change::Few => with_neighbours || entry.shown(),
                Change::Enough => false,
            };
            if says_too_much {
                refused = Some(if entry.shown() { Hidden::Differenced } else { Hidden::Complementary });
            }
        }
        let own = if cell.counted_by_tokens { self.rules.hides_few(now) } else { self.rules.hides_group(now) };
        match cell.barred {
            Some(Hidden::Remainder) => return Verdict::Hidden(Hidden::Remainder),
            // Where its own people are reason enough that is what a reader is told.
            Some(barred) => return Verdict::Hidden(own.unwrap_or(barred)),
            None => {}
        }
        match own.or(refused) {
            None => Verdict::Fresh,
            // A cell that was published before is published as it was, rather than that its end told who left it.
            Some(reason) if refused.is_some() && ever_shown => self.kept(&cell.name).unwrap_or(Verdict::Hidden(reason)),
            Some(reason) => Verdict::Hidden(reason),
        }
    }

    fn union(&self, of: impl Iterator<Item = usize>) -> Known {
        let mut sum = Known::new();
        of.for_each(|at| add(&mut sum, &self.known[at]));
        sum
    }

    fn total_alone(&self) -> Verdict {
        let everybody = self.union(0..self.known.len());
        let few =
            self.entries(History::TOTAL).iter().any(|entry| match self.change(&everybody, &entry.members, entry) {
                Change::None | Change::Enough => false,
                Change::Blurred => entry.value != self.panel.total,
                Change::Few => true,
            });
        match self.rules.hides_group(&everybody) {
            _ if few || self.panel.total_is_barred || !self.is_protected_beside_earlier_cells(&everybody) => {
                self.kept(History::TOTAL).unwrap_or(Verdict::Hidden(Hidden::Differenced))
            }
            Some(reason) => Verdict::Hidden(reason),
            None => Verdict::Fresh,
        }
    }

    /// Whether what is left of the total may be known when the cells of an earlier report are subtracted, whichever: that one may have withheld its
    /// own total for their sake. A total that is public already says nothing new.
    fn is_protected_beside_earlier_cells(&self, everybody: &Known) -> bool {
        let told = |entry: &&Arc<Earlier>| entry.shown() && entry.comparable && entry.from == self.panel.from;
        let is_public = |entry: &Arc<Earlier>| self.rules.change(everybody, &entry.members, true) == Change::None;
        if self.entries(History::TOTAL).iter().filter(told).any(is_public) {
            return true;
        }
        let reports: BTreeSet<u64> = self.history.cells().flatten().filter(told).map(|entry| entry.report).collect();
        reports.into_iter().all(|report| {
            let mut published = Known::new();
            let by_then = |entry: &&Arc<Earlier>| told(entry) && entry.report <= report;
            for cell in self.history.cells().filter_map(|cell| cell.iter().rev().find(by_then)) {
                add(&mut published, &cell.members);
            }
            let rest = amounts_that_differ(everybody, &published);
            rest.is_empty() || self.rules.hides_group(&rest).is_none() || self.is_blurred(&rest, everybody)
        })
    }

    /// Whether amounts are smaller than what the rounding of the total hides.
    fn is_blurred(&self, amounts: &Known, everybody: &Known) -> bool {
        let step = |at: usize| match self.panel.total_tokens_between {
            Some(between) if at == 0 => (between.high - between.low) as u64,
            _ => amount_step(together(everybody, at)),
        };
        [0, 1].iter().all(|&at| together(amounts, at).saturating_mul(2) < step(at))
    }

    /// Hides more cells until what is left of the total when the fresh ones are subtracted may be known: the smallest first, a headline
    /// last. Where that cannot be reached the total gives way, and the cells stay as they were.
    fn complement(&self, cells: &mut [Verdict]) -> Verdict {
        let before = cells.to_vec();
        let mut hidden = Vec::new();
        loop {
            if self.rest_is_protected(cells) {
                self.show_again(cells, &hidden);
                return Verdict::Fresh;
            }
            let size = |at: &usize| {
                let cell = &self.panel.cells[*at];
                (cell.headline, self.known[*at].len(), cell.name.as_str())
            };
            let free = |at: &usize| cells[*at].is_fresh() && !self.panel.cells[*at].settled;
            let smallest = (0..cells.len()).filter(free).min_by(|one, two| size(one).cmp(&size(two)));
            match smallest {
                Some(at) => {
                    cells[at] = Verdict::Hidden(Hidden::Complementary);
                    hidden.push(at);
                }
                None => {
                    cells.clone_from_slice(&before);
                    return self.kept(History::TOTAL).unwrap_or(Verdict::Hidden(Hidden::Complementary));
                }
            }
        }
    }

    /// Shows what was hidden on the way and turned out to protect nobody, the last one first.
    fn show_again(&self, cells: &mut [Verdict], hidden: &[usize]) {
        for &at in hidden.iter().rev() {
            let verdict = std::mem::replace(&mut cells[at], Verdict::Fresh);
            if !self.rest_is_protected(cells) {
                cells[at] = verdict;
            }
        }
    }

    /// Whether these verdicts leave nothing to be computed by subtraction from the total.
    fn rest_is_protected(&self, cells: &[Verdict]) -> bool {
        let rest: Vec<usize> = (0..cells.len()).filter(|&at| !cells[at].is_fresh()).collect();
        rest.is_empty() && !self.panel.has_silent
            || self.rest_may_be_known(&rest) && self.untold_may_be_known(cells) && self.bounds_are_wide(cells)
    }

    /// Whether the group that remains when the fresh cells are taken from the total may be published, and what it has changed by
    /// since each earlier total.
    fn rest_may_be_known(&self, rest: &[usize]) -> bool {
        let now = self.union(rest.iter().copied());
        if self.panel.has_silent {
            let mut guessed = now.clone();
            add_one(&mut guessed, MemberId::MAX, [0; 3]);
            if self.rules.hides_group(&guessed).is_some() {
                return false;
            }
        }
        if now.is_empty() {
            return true;
        }
        if self.rules.hides_group(&now).is_some() {
            return false;
        }
        self.entries(History::TOTAL).iter().filter(|entry| entry.shown()).all(|version| {
            let mut then = Known::new();
            let belongs = |one: &Earlier| one.report <= version.report && one.looks_back == version.looks_back;
            for &at in rest {
                let state = self.entries(&self.panel.cells[at].name).iter().rev().find(|one| belongs(one));
                if let Some(state) = state {
                    add(&mut then, &state.members);
                }
            }
            self.change(&now, &then, version) != Change::Few
        })
    }

    /// Whether what is left of the total may be known when the cells that are not published now are subtracted as they were published last:
    /// kept ones, and hidden ones that an earlier report has shown. What is left is whoever was never shown, and what the others have
    /// changed by since. Changes that are smaller than what rounding hides say nothing.
    fn untold_may_be_known(&self, cells: &[Verdict]) -> bool {
        let mut untold = Known::new();
        let mut only_changes = true;
        for ((verdict, cell), now) in cells.iter().zip(&self.panel.cells).zip(&self.known) {
            if verdict.is_fresh() {
                continue;
            }
            let told = |entry: &&Arc<Earlier>| entry.shown() && entry.comparable && entry.from == self.panel.from;
            let told_now = self.entries(&cell.name).iter().rev().filter(told).find(|entry| !entry.looks_back);
            match told_now.or_else(|| self.entries(&cell.name).iter().rev().find(told)) {
                Some(told) => add(&mut untold, &deltas(now, &told.members)),
                None => {
                    only_changes = false;
                    add(&mut untold, now);
                }
            }
        }
        if untold.is_empty() || self.rules.hides_group(&untold).is_none() {
            return true;
        }
        only_changes && self.is_blurred(&untold, &self.union(0..self.known.len()))
    }

    /// Whether the exact bounds of every hidden cell, people and amounts, leave at least [`PROTECTION`] on either side.
    fn bounds_are_wide(&self, cells: &[Verdict]) -> bool {
        let everybody = self.union(0..self.known.len());
        // Somebody may stand in several cells (of the money a person's sessions do): then people do not add up, and nothing follows for a
        // hidden cell but that its people are among everybody.
        let people_add_up = self.known.iter().map(Known::len).sum::<usize>() == everybody.len();
        let figures: [fn(&Known) -> u64; 3] =
            [|group| group.len() as u64, |group| together(group, 0), |group| together(group, 1)];
        figures.iter().enumerate().all(|(number, figure)| {
            let shown = |group: &Known, tokens_between: Option<Interval>| {
                let value = i64::try_from(figure(group)).unwrap_or(i64::MAX);
                let (low, high) = match (number, tokens_between) {
                    (0, _) => count_interval(super::rounding::count(value).unsigned_abs()),
                    (1, Some(between)) => return between,
                    _ => amount_interval(super::rounding::amount(value).unsigned_abs()),
                };
                Interval { low: low as f64, high: high as f64 }
            };
            let whole = shown(&everybody, self.panel.total_tokens_between);
            let mut intervals = vec![whole];
            let all = cells.iter().zip(&self.known).zip(&self.panel.cells);
            intervals.extend(all.map(|((verdict, group), cell)| match verdict {
                Verdict::Hidden(_) => Interval { low: 0.0, high: whole.high },
                _ => shown(group, cell.tokens_between),
            }));
            if number > 0 || people_add_up {
                propagate(&mut intervals, &[Line { total: 0, parts: (1..=cells.len()).collect() }]);
            }
            cells.iter().zip(&self.known).zip(intervals.iter().skip(1)).all(|((verdict, group), found)| {
                // Whatever it is hidden for: a remainder may be a few people too.
                let small = matches!(verdict, Verdict::Hidden(_)) && self.rules.hides_group(group).is_some();
                let truth = figure(group) as f64;
                !small || truth == 0.0 || is_wide(*found, truth)
            })
        })
    }
}
