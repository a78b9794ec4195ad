//! What a footlight.toml that parses may still not say.
//!
//! Owns the rules about values and their words. Owns no shape of the file, which is [`super::Config`]'s.

use super::{Automation, Config, QuotaMetric};
use toml::value::Datetime;

impl Config {
    /// What is wrong first, and how to mend it.
    pub(super) fn check(&self) -> Result<(), String> {
        self.check_sources()?;
        self.check_identity()?;
        self.check_policies()?;
        for (index, job) in self.automation.iter().enumerate() {
            check_automation(job).map_err(|message| format!("[[automation]] number {}: {message}", index + 1))?;
        }
        for (index, entry) in self.calendar.iter().enumerate() {
            let place = format!("[[calendar]] number {}", index + 1);
            if moment(&place, "from", &entry.from)? >= moment(&place, "to", &entry.to)? {
                return Err(format!("{place}: `to` does not lie after `from`"));
            }
        }
        if self.privacy.min_people < crate::privacy::FLOOR {
            return Err(format!(
                "[privacy] min_people = {} is below the floor of {}",
                self.privacy.min_people,
                crate::privacy::FLOOR
            ));
        }
        match self.limits.memory_mib {
            Some(mib) if mib == 0 || mib > usize::MAX >> 20 => {
                Err(format!("[limits] memory_mib = {mib} is no memory of a machine; write 1024 for a gibibyte"))
            }
            _ => Ok(()),
        }
    }

    fn check_sources(&self) -> Result<(), String> {
        for (index, mapping) in self.mapping.iter().enumerate() {
            if self.mapping[..index].iter().any(|earlier| earlier.name() == mapping.name()) {
                return Err(format!("[[mapping]] `{}` is there twice", mapping.name()));
            }
        }
        match &self.sources.jira.time_zone {
            Some(zone) if jiff::tz::TimeZone::get(zone).is_err() => {
                Err(format!("[sources.jira] time_zone: there is no time zone `{zone}`"))
            }
            _ => Ok(()),
        }
    }

    fn check_identity(&self) -> Result<(), String> {
        for (index, rule) in self.identity.iter().enumerate() {
            let binds = rule.path.as_deref().is_some_and(|path| path.contains("{actor}"));
            if rule.actor.is_none() && !binds {
                return Err(format!("[[identity]] number {}: name an `actor`, or bind {{actor}} in `path`", index + 1));
            }
            if rule.path.as_deref().is_some_and(|path| path.matches("{actor}").count() > 1) {
                return Err(format!("[[identity]] number {}: `path` may bind {{actor}} once", index + 1));
            }
            if rule.path.is_none() && rule.os_user.is_none() && rule.key_id.is_none() && rule.git_email.is_none() {
                return Err(format!(
                    "[[identity]] number {}: give at least one of path, os_user, key_id, git_email",
                    index + 1
                ));
            }
        }
        Ok(())
    }

    fn check_policies(&self) -> Result<(), String> {
        for quota in &self.quota {
            let place = format!("[[quota]] {}", quota.metric.as_str());
            let share = quota.metric == QuotaMetric::ActiveWeek;
            if !(quota.threshold > 0.0 && quota.threshold.is_finite()) || (share && quota.threshold > 1.0) {
                return Err(format!(
                    "{place}: threshold {} must be {}",
                    quota.threshold,
                    if share { "a share between 0 and 1" } else { "a positive number" }
                ));
            }
            moment(&place, "announced", &quota.announced)?;
        }
        for board in &self.leaderboard {
            let place = format!("[[leaderboard]] {}", board.metric.as_str());
            let published = moment(&place, "published", &board.published)?;
            if let Some(withdrawn) = &board.withdrawn
                && moment(&place, "withdrawn", withdrawn)? < published
            {
                return Err(format!("{place}: `withdrawn` lies before `published`"));
            }
        }
        for (index, rollout) in self.rollout.iter().enumerate() {
            let place = format!("[[rollout]] {}", rollout.team);
            moment(&place, "date", &rollout.date)?;
            if self.rollout[..index].iter().any(|earlier| earlier.team == rollout.team) {
                return Err(format!("{place}: the team is there twice; a policy came to it on one day"));
            }
        }
        Ok(())
    }
}

/// A job that could match nothing would stay undeclared without a word, and be scored as its account's own work.
fn check_automation(job: &Automation) -> Result<(), String> {
    let is_pattern = |text: &str| {
        ["repo:", "client:"].iter().any(|kind| text.strip_prefix(kind).is_some_and(|rest| !rest.is_empty()))
    };
    match &job.r#match {
        None if job.actor.is_none() => Err("name an `actor`, a `match`, or both".to_owned()),
        Some(text) if !is_pattern(text) => {
            Err(format!("match = \"{text}\" must be repo:PATTERN or client:PATTERN, in lower case"))
        }
        _ => Ok(()),
    }
}

fn moment(place: &str, key: &str, value: &Datetime) -> Result<i64, String> {
    super::datetime_us(value).ok_or_else(|| format!("{place}: {key} = {value} is no day; write one like 2026-03-02"))
}

#[cfg(test)]
mod tests {
    use super::super::ConfigError;
    use super::*;
    use std::path::Path;

    fn parse(text: &str) -> Result<Config, ConfigError> {
        Config::parse(text, Path::new("footlight.toml"))
    }

    fn mistake(text: &str) -> String {
        parse(text).unwrap_err().to_string()
    }

    #[test]
    fn mistakes_are_named() {
        assert!(mistake("quotas = []").contains("quotas"));
        assert!(mistake("[[identity]]\nos_user = \"ada\"").contains("name an `actor`"));
        assert!(mistake("[[identity]]\npath = \"{actor}/{actor}.jsonl\"").contains("bind {actor} once"));
        assert!(mistake("[privacy]\nmin_people = 4").contains("floor of 5"));
        for memory in ["0", "17592186044416", "9223372036854775807"] {
            assert!(
                mistake(&format!("[limits]\nmemory_mib = {memory}")).contains("no memory of a machine"),
                "{memory}"
            );
        }
        let mapping = "[[mapping]]\nname = \"x\"\ntable = \"outcomes\"\nfields = { outcome_id = \"A\", ts = \"B\", kind = \"C\", status = \"D\" }\n";
        assert!(mistake(&mapping.repeat(2)).contains("`x` is there twice"));
        assert_eq!(parse(mapping).unwrap().source_options().mappings.len(), 1);
        assert!(mistake("[sources.jira]\ntime_zone = \"Mars\"").contains("no time zone `Mars`"));
    }

    #[test]
    fn a_threshold_is_a_share_or_a_positive_number() {
        let quota = |metric: &str, threshold: &str| {
            parse(&format!("[[quota]]\nmetric = \"{metric}\"\nthreshold = {threshold}\nannounced = 2026-01-01"))
        };
        assert!(quota("active_week", "80").unwrap_err().to_string().contains("between 0 and 1"));
        for threshold in ["nan", "inf", "0", "-3"] {
            assert!(quota("prompts", threshold).unwrap_err().to_string().contains("positive"), "{threshold}");
        }
        assert!(quota("prompts", "80").is_ok());
    }

    #[test]
    fn what_a_declared_job_matches_is_said_with_its_kind() {
        let job = |lines: &str| parse(&format!("[[automation]]\n{lines}"));
        for wrong in ["infra-*", "Repo:infra-*", "repos:infra-*", "repo:"] {
            let said = job(&format!("match = \"{wrong}\"")).unwrap_err().to_string();
            assert!(said.contains("number 1") && said.contains("repo:PATTERN"), "{said}");
        }
        assert!(job("owner = \"team-platform\"").unwrap_err().to_string().contains("name an `actor`"));
        assert!(job("actor = \"bot@example.com\"").is_ok() && job("match = \"client:cron\"").is_ok());
    }

    #[test]
    fn moments_are_days_that_exist_in_their_order() {
        let entry =
            |from: &str, to: &str| parse(&format!("[[calendar]]\nkind = \"holiday\"\nfrom = {from}\nto = {to}"));
        assert!(entry("2026-03-02", "2026-03-02").unwrap_err().to_string().contains("does not lie after"));
        assert!(entry("07:30:00", "2026-03-02").unwrap_err().to_string().contains("from = 07:30:00 is no day"));
        assert!(entry("2026-03-01", "2026-03-01T23:59:60Z").is_ok(), "a leap second is a moment");
        let board = "[[leaderboard]]\nmetric = \"tokens\"\npublished = 2026-03-02\nwithdrawn = 2026-03-01";
        assert!(mistake(board).contains("lies before `published`"));
        assert!(mistake("[[rollout]]\nteam = \"red\"\ndate = 08:00:00").contains("[[rollout]] red: date"));
        let rollout = "[[rollout]]\nteam = \"red\"\ndate = 2026-03-02\n";
        assert!(mistake(&rollout.repeat(2)).contains("red: the team is there twice"));
        assert!(
            mistake("[[quota]]\nmetric = \"prompts\"\nthreshold = 5\nannounced = 08:00:00")
                .contains("announced = 08:00:00")
        );
    }
}
