//! The shapes of the views of teams, of starters and of reasons.
//!
//! Owns the shape only. A cell is a team, a month of starters or a signal, and stands for enough people or is hidden.

use serde::Serialize;

use crate::report::quantities::{Count, Maybe, Share, Tokens};

/// Usage of teams against outcomes.
#[derive(Debug, Clone, Serialize)]
pub struct Quadrant {
    /// Teams by name; suppressed ones are left out.
    pub teams: Vec<QuadrantTeam>,
    /// Tokens a week and active person over all teams: the vertical line.
    pub usage_centre: Maybe<Tokens>,
    /// Share of tokens with an outcome over all teams: the horizontal line.
    pub outcome_centre: Maybe<Share>,
    /// Whole weeks of the period.
    pub weeks: Count,
    /// Teams left out: too few people, or their sum beside the weeks that are shown would tell of a few.
    pub left_out: Count,
}

/// One team.
#[derive(Debug, Clone, Serialize)]
pub struct QuadrantTeam {
    /// Team.
    pub team_id: String,
    /// Tokens over the period by weeks in which a person was active.
    pub usage: Tokens,
    /// 95 % interval over people (ratio of sums, Cochran 1977, section 6.4; the spread is that of all teams).
    pub usage_low: Tokens,
    /// 95 % interval.
    pub usage_high: Tokens,
    /// Share of the tokens with an outcome: middle of the range.
    pub outcome: Share,
    /// Only links that are certain.
    pub outcome_low: Share,
    /// Every open link counted.
    pub outcome_high: Share,
    /// Whole weeks of the period.
    pub weeks: Count,
    /// True when neither interval holds its centre: only then is the team's quadrant known.
    pub distinguishable: bool,
}

/// Who stayed, by the month of their first use.
#[derive(Debug, Clone, Serialize)]
pub struct Cohort {
    /// `2026-09`, or `in use at the start` for those whose first use lies before the data.
    pub start: String,
    /// People; none when hidden.
    pub people: Maybe<Count>,
    /// Weeks since the first use, from the first one on, as far as every person of the cohort was observed.
    pub cells: Vec<CohortCell>,
}

/// One week since the first use.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct CohortCell {
    /// Weeks since the first use.
    pub week: i64,
    /// Share active in it; none when hidden.
    pub share: Maybe<Share>,
}

impl CohortCell {
    /// The share in words.
    pub fn text(&self) -> String {
        self.share.0.map_or_else(|| "?".to_owned(), |share| share.to_string())
    }

    /// Its shade, 1 to 5; 0 when hidden.
    pub fn shade(&self) -> u8 {
        self.share.0.map_or(0, |share| 1 + (share.0 * 5.0).floor().clamp(0.0, 4.0) as u8)
    }
}

/// What stands behind the sessions that stand out.
#[derive(Debug, Clone, Serialize)]
pub struct Reasons {
    /// Sessions in look or review with a main reason; none when too few people stand behind them.
    pub sessions: Maybe<Count>,
    /// The signal with the most evidence in each of them, by name.
    pub signals: Vec<MainReason>,
}

/// A signal that is the main reason in some sessions.
#[derive(Debug, Clone, Serialize)]
pub struct MainReason {
    /// Signal.
    pub signal: String,
    /// Its family.
    pub family: String,
    /// Sessions; none when too few people stand behind them.
    pub sessions: Maybe<Count>,
    /// Share of the sessions that stand out.
    pub share: Maybe<Share>,
    /// When it is innocent.
    pub innocent: String,
}
