//! What of a report is published: every figure passes here, once, between being computed and being written.
//!
//! Owns the bookkeeping of one report: which cells were published, kept as they were or withheld, and why, and the rounding in force.
//! Owns no rule (`privacy`) and no figure. Where fewer people than the floor are in the data altogether nothing can be protected: such
//! a report describes persons, says so, is rounded nowhere and taken down in no ledger.

mod weeks;

use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use weeks::{LinkedTokens, TeamWeeks, Weeks, team_weeks};

use super::inputs::Inputs;
use super::model::Released;
use super::people::is_known;
use super::quantities::{Count, Share};
use crate::privacy::rounding;
use crate::privacy::{
    Contribution, Hidden, History, Interval, Ledger, LedgerError, Members, Panel, PanelCell, Rules, Verdict,
};

/// Views whose cells add up to what everybody did in the period.
const SUMS_OF_THE_PERIOD: [&str; 2] = ["money", "models"];
/// The view of what each source saw. Its tokens add up to the same, and in the place of a cost it has what is no sum of anything else.
pub(super) const SOURCES: &str = "sources";
/// Cells named in a note at most.
const NAMED: usize = 12;

/// The rule that a floor in a file asks for; one below the floor of the program is raised to the default.
pub(super) fn rules(people: i64) -> Rules {
    usize::try_from(people).ok().and_then(|people| Rules::new(people).ok()).unwrap_or_default()
}

/// Who put how much into a cell while rows are added up. Hashed, since there are several additions to each session; a cell has them in order.
pub(super) type Gathered<'a> = FxHashMap<&'a str, Contribution>;

/// The people of a cell.
pub(super) fn members(gathered: &Gathered<'_>) -> Members {
    gathered.iter().map(|(actor, part)| ((*actor).to_owned(), *part)).collect()
}

/// A cell as its view hands it in.
pub(super) struct Draft<V> {
    pub(super) name: String,
    pub(super) members: Members,
    /// Rounded by the release.
    pub(super) value: V,
    /// Why it is not shown by itself, whoever is in it.
    pub(super) barred: Option<Hidden>,
    /// Gives way last.
    pub(super) headline: bool,
    /// Between what a reader knows its tokens to lie, where its value is not their sum.
    pub(super) tokens_between: Option<Interval>,
    /// Who has no tokens in it is looked at for change alone.
    pub(super) counted_by_tokens: bool,
}

impl<V> Draft<V> {
    pub(super) fn new(name: &str, members: Members, value: V) -> Self {
        let name = name.to_owned();
        Self { name, members, value, barred: None, headline: false, tokens_between: None, counted_by_tokens: false }
    }
}

/// The release of one report.
pub(super) struct Release<'a> {
    rules: Rules,
    active: bool,
    people: FxHashSet<&'a str>,
    from: String,
    to: String,
    ledger: Option<&'a mut Ledger>,
    failed: Option<LedgerError>,
    frozen: bool,
    fresh: usize,
    kept: BTreeMap<String, Vec<String>>,
    withheld: BTreeMap<String, usize>,
}

impl<'a> Release<'a> {
    pub(super) fn new(inputs: &'a Inputs, ledger: Option<&'a mut Ledger>) -> Self {
        let people: FxHashSet<&str> = inputs
            .actor_weeks
            .iter()
            .filter(|row| is_known(&row.actor) && row.is_active())
            .map(|row| row.actor.as_str())
            .collect();
        let rules = rules(inputs.run.small_cell_floor);
        let shown = |date: Option<jiff::civil::Date>| date.map(|date| date.to_string()).unwrap_or_default();
        Self {
            rules,
            active: people.len() >= rules.people(),
            people,
            from: shown(inputs.run.period_start),
            to: shown(inputs.run.period_end),
            ledger,
            failed: None,
            frozen: false,
            fresh: 0,
            kept: BTreeMap::new(),
            withheld: BTreeMap::new(),
        }
    }

    /// Whether there are enough people that they can be protected.
    pub(super) fn is_active(&self) -> bool {
        self.active
    }

    pub(super) fn rules(&self) -> Rules {
        self.rules
    }

    pub(super) fn count(&self, value: i64) -> i64 {
        if self.active { rounding::count(value) } else { value }
    }

    pub(super) fn amount(&self, value: i64) -> i64 {
        if self.active { rounding::amount(value) } else { value }
    }

    pub(super) fn share(&self, value: Share) -> Share {
        if self.active { Share(rounding::share(value.0)) } else { value }
    }

    /// The ends of a range, moved outwards.
    pub(super) fn range(&self, low: Share, high: Share) -> (Share, Share) {
        if !self.active {
            return (low, high);
        }
        (Share(rounding::share_below(low.0)), Share(rounding::share_above(high.0)))
    }

    /// A share of a group of people: both who is in it and who is not must be enough, unless the share lies where only a band is said.
    pub(super) fn share_of_people(&self, part: usize, whole: usize) -> Option<Share> {
        let share = Share(if whole == 0 { return None } else { part as f64 / whole as f64 });
        let banded = !(rounding::LOW_SHARE..rounding::HIGH_SHARE).contains(&share.0);
        let small = |group: usize| group < self.rules.people();
        (!self.active || banded || !small(part) && !small(whole - part)).then(|| self.share(share))
    }

    /// The band of a share whose cell is withheld: below 10 %, where that is no closer than the protection allows.
    pub(super) fn band(&self, share: Option<Share>) -> Option<Share> {
        share
            .filter(|share| share.0 * (1.0 + crate::privacy::PROTECTION) < rounding::LOW_SHARE)
            .map(|share| self.share(share))
    }

    /// Adds to what a person put into a cell. Services are no people, and whoever is not known is nobody: what they do is in the figures and protects
    /// nobody.
    pub(super) fn add<'b>(&self, gathered: &mut Gathered<'b>, actor: &'b str, part: Contribution) {
        if !self.people.contains(actor) {
            return;
        }
        let sum = gathered.entry(actor).or_default();
        sum.tokens = sum.tokens.saturating_add(part.tokens);
        sum.cost = sum.cost.saturating_add(part.cost);
        sum.rest = sum.rest.saturating_add(part.rest);
    }

    /// Decides the cells of a view of the whole period: what is shown of each, and of the total.
    pub(super) fn panel<V: Serialize + DeserializeOwned>(
        &mut self,
        view: &str,
        drafts: Vec<Draft<V>>,
        total: Option<V>,
    ) -> (Vec<Option<V>>, Option<V>) {
        self.panel_between(view, drafts, total, None)
    }

    /// [`Self::panel`] of figures that are no sums: `total_tokens_between` is what a reader of the total's knows of its tokens.
    pub(super) fn panel_between<V: Serialize + DeserializeOwned>(
        &mut self,
        view: &str,
        drafts: Vec<Draft<V>>,
        total: Option<V>,
        total_tokens_between: Option<Interval>,
    ) -> (Vec<Option<V>>, Option<V>) {
        if !self.active {
            return (drafts.into_iter().map(|draft| Some(draft.value)).collect(), total);
        }
        let stored = |value: &V| serde_json::to_value(value).unwrap_or_default();
        let mut values = Vec::new();
        let cells = drafts
            .into_iter()
            .map(|draft| {
                let cell = PanelCell {
                    value: stored(&draft.value),
                    name: draft.name,
                    members: draft.members,
                    barred: draft.barred,
                    headline: draft.headline,
                    settled: false,
                    tokens_between: draft.tokens_between,
                    counted_by_tokens: draft.counted_by_tokens,
                };
                values.push(Some(draft.value));
                cell
            })
            .collect();
        let panel = Panel {
            view: view.to_owned(),
            from: self.from.clone(),
            to: self.to.clone(),
            cells,
            total: total.as_ref().map(stored),
            total_tokens_between,
            total_is_barred: false,
            total_is_told: view == SOURCES,
            has_silent: false,
            frozen: self.frozen && (SUMS_OF_THE_PERIOD.contains(&view) || view == SOURCES),
        };
        let history = self.ledger.as_ref().map_or_else(History::default, |ledger| ledger.history(&panel));
        let decision = self.rules.decide(&panel, &history);
        if let Some(Err(error)) = self.ledger.as_mut().map(|ledger| ledger.record(&panel, &decision)) {
            self.failed = Some(error);
        }
        let names = panel.cells.iter().map(|cell| cell.name.as_str());
        let shown = names
            .zip(decision.cells)
            .zip(values)
            .map(|((name, verdict), value)| self.shown(view, name, verdict, value))
            .collect();
        let total = match total {
            Some(total) => self.shown(view, "total", decision.total, Some(total)),
            None => None,
        };
        (shown, total)
    }

    /// Decides one cell that is in no total.
    pub(super) fn cell<V: Serialize + DeserializeOwned>(&mut self, view: &str, draft: Draft<V>) -> Option<V> {
        self.panel(view, vec![draft], None).0.pop().flatten()
    }

    /// Asks whether totals of the whole period may be said beside the weeks that were published: what is left of one when those are
    /// subtracted is late data, and may be a few people's. Where it may not, the tables that add up to such a total are published as they
    /// were.
    pub(super) fn close_period(&mut self, inputs: &Inputs) {
        let Some(ledger) = self.ledger.as_ref().filter(|_| self.active) else { return };
        let mut everybody = Members::new();
        for row in inputs.actor_weeks.iter().filter(|row| is_known(&row.actor)) {
            let sum = everybody.entry(row.actor.clone()).or_default();
            sum.tokens = sum.tokens.saturating_add(row.tokens.unwrap_or(0).unsigned_abs());
            sum.cost = sum.cost.saturating_add(row.cost_micro_usd.unwrap_or(0).unsigned_abs());
        }
        let lates = ledger.unpublished("weeks", History::TOTAL, &everybody, &self.from, &self.to);
        self.frozen = !self.may_all_be_said("period", &everybody, lates);
    }

    /// Asks whether a team's sum over the whole period may be said beside its weeks that were published. `hidden` is what its people did in those that
    /// this report withholds, for a report without a ledger.
    pub(super) fn team_may_be_summed(&mut self, team: &str, everything: &Members, hidden: Members) -> bool {
        if !self.active {
            return true;
        }
        let lates = match &self.ledger {
            Some(ledger) => ledger.unpublished("weeks", team, everything, &self.from, &self.to),
            None => vec![hidden],
        };
        self.may_all_be_said(&format!("period of {team}"), everything, lates)
    }

    /// [`Self::may_be_said`] beside each set of published parts.
    fn may_all_be_said(&mut self, view: &str, everything: &Members, lates: Vec<Members>) -> bool {
        let views = [view.to_owned(), format!("{view} beside look backs")];
        views.into_iter().zip(lates).all(|(view, late)| self.may_be_said(view, everything.clone(), late))
    }

    /// Whether a sum over the period may be said beside the parts of it that were: `late` is what is left of `everything` without those.
    fn may_be_said(&mut self, view: String, mut everything: Members, late: Members) -> bool {
        for (who, late) in &late {
            if let Some(told) = everything.get_mut(who) {
                told.tokens = told.tokens.saturating_sub(late.tokens);
                told.cost = told.cost.saturating_sub(late.cost);
            }
        }
        let told = PanelCell { name: "weeks".to_owned(), members: everything, settled: true, ..PanelCell::default() };
        let late = PanelCell {
            name: "late".to_owned(),
            members: late,
            barred: Some(Hidden::Remainder),
            ..PanelCell::default()
        };
        let panel = Panel {
            view,
            from: self.from.clone(),
            to: self.to.clone(),
            cells: vec![told, late],
            total: Some(serde_json::Value::from(self.to.as_str())),
            ..Panel::default()
        };
        let history = self.ledger.as_ref().map_or_else(History::default, |ledger| ledger.history(&panel));
        let decision = self.rules.decide(&panel, &history);
        if let Some(Err(error)) = self.ledger.as_mut().map(|ledger| ledger.record(&panel, &decision)) {
            self.failed = Some(error);
        }
        decision.total.is_fresh()
    }

    fn shown<V: DeserializeOwned>(&mut self, view: &str, name: &str, verdict: Verdict, value: Option<V>) -> Option<V> {
        match verdict {
            Verdict::Fresh => {
                self.fresh += 1;
                value
            }
            Verdict::Kept(earlier) => match serde_json::from_value(earlier) {
                Ok(earlier) => {
                    self.kept.entry(view.to_owned()).or_default().push(name.to_owned());
                    Some(earlier)
                }
                // Written by a version with other figures.
                Err(_) => self.withhold(Hidden::Differenced),
            },
            Verdict::Hidden(reason) => self.withhold(reason),
        }
    }

    fn withhold<V>(&mut self, reason: Hidden) -> Option<V> {
        *self.withheld.entry(reason.to_string()).or_default() += 1;
        None
    }

    /// What was done, for the report. `weeks` was decided when the tables were made.
    pub(super) fn finish(self, weeks: &Weeks) -> (Released, Option<LedgerError>) {
        let mut notes = Vec::new();
        if !self.active {
            notes.push(
                "So few people are in this data that nothing in it can be protected: it is not for publication."
                    .to_owned(),
            );
        } else if self.ledger.is_none() {
            notes.push(
                "No release ledger: made without a lake, so nothing was compared with earlier reports. Publish it beside no other report of the same data."
                    .to_owned(),
            );
        }
        for (view, cells) in &self.kept {
            let rest = cells.len().saturating_sub(NAMED);
            let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
            notes.push(format!(
                "As an earlier report had it, since fewer than {} people or one above all have changed it: {view}: {}{more}.",
                self.rules.people(),
                cells.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ")
            ));
        }
        if weeks.kept > 0 {
            notes.push(format!(
                "{} cells of teams and weeks are as an earlier report had them, since too few people have changed them.",
                weeks.kept
            ));
        }
        for (reason, cells) in &self.withheld {
            let are = if *cells == 1 { "cell is" } else { "cells are" };
            notes.push(format!("{cells} {are} withheld: {reason}."));
        }
        let length = |count: usize| Count(i64::try_from(count).unwrap_or(i64::MAX));
        let released = Released {
            protected: self.active,
            ledger: self.ledger.is_some(),
            published: length(self.fresh + weeks.fresh),
            kept: length(self.kept.values().map(Vec::len).sum::<usize>() + weeks.kept),
            withheld: length(self.withheld.values().sum::<usize>() + weeks.withheld),
            notes,
        };
        (released, self.failed)
    }
}
