//! Moments as exports write them: RFC 3339, formats that the mapping names, counts since the epoch, and wall clocks of a zone that it names.

use crate::sources::json::parse_rfc3339;
use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::TimeZone;

/// One way to write a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TimeFormat {
    /// A pattern of `strftime`.
    Pattern(String),
    /// Counts since the epoch, this many in a second.
    Unix(i64),
}

impl TimeFormat {
    /// `unix_seconds`, `unix_milliseconds`, `unix_microseconds`, or a pattern.
    pub(super) fn new(format: &str) -> Result<Self, String> {
        match format {
            "unix_seconds" => Ok(TimeFormat::Unix(1)),
            "unix_milliseconds" => Ok(TimeFormat::Unix(1_000)),
            "unix_microseconds" => Ok(TimeFormat::Unix(1_000_000)),
            pattern if pattern.contains('%') => {
                // What cannot be printed cannot be read, and printing says why.
                let sample = jiff::Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC);
                jiff::fmt::strtime::format(pattern, &sample).map_err(|error| format!("`{pattern}`: {error}"))?;
                Ok(TimeFormat::Pattern(pattern.to_owned()))
            }
            other => Err(format!(
                "`{other}` is neither a pattern with % nor unix_seconds, unix_milliseconds, unix_microseconds"
            )),
        }
    }
}

/// How the times of one mapping are written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Times {
    pub(super) formats: Vec<TimeFormat>,
    /// The zone of times that have no offset. Without one such a time is no moment.
    pub(super) zone: Option<TimeZone>,
}

impl Times {
    /// A text as RFC 3339; null when it is no moment that this mapping can read. A stated offset is kept, that of the mapping's zone is not:
    /// it says where the export was made and not where the person was.
    pub(super) fn read(&self, text: &str) -> Option<String> {
        let text = text.trim();
        if parse_rfc3339(text).is_ok() {
            return Some(text.to_owned());
        }
        // `... GMT+0200 (Central European Summer Time)`: the name behind says nothing more.
        let text = text.split_once(" (").filter(|(_, name)| name.ends_with(')')).map_or(text, |(time, _)| time);
        let read = self.formats.iter().find_map(|format| match format {
            TimeFormat::Unix(per_second) => {
                text.parse::<f64>().ok().and_then(|count| self.count_us(count, *per_second)).and_then(written)
            }
            TimeFormat::Pattern(pattern) => {
                let time = BrokenDownTime::parse(pattern, text).ok()?;
                match time.offset() {
                    Some(_) => time.to_zoned().ok().map(|zoned| zoned.strftime("%Y-%m-%dT%H:%M:%S%.f%:z").to_string()),
                    None => time.to_datetime().ok().and_then(|wall| self.placed(wall)),
                }
            }
        });
        // `2026-06-01 09:00:00` and `2026-06-01T09:00:00` need no pattern, only a zone.
        read.or_else(|| text.parse().ok().and_then(|wall| self.placed(wall)))
    }

    /// A count since the epoch in microseconds, where the mapping says what it counts.
    pub(super) fn count(&self, count: f64) -> Option<i64> {
        self.formats.iter().find_map(|format| match format {
            TimeFormat::Unix(per_second) => self.count_us(count, *per_second),
            TimeFormat::Pattern(_) => None,
        })
    }

    /// Microseconds of a wall clock in the mapping's zone.
    pub(super) fn wall_clock(&self, us: i64) -> Option<i64> {
        let wall = jiff::Timestamp::from_microsecond(us).ok()?.to_zoned(TimeZone::UTC).datetime();
        Some(wall.to_zoned(self.zone.clone()?).ok()?.timestamp().as_microsecond())
    }

    fn placed(&self, wall: jiff::civil::DateTime) -> Option<String> {
        Some(wall.to_zoned(self.zone.clone()?).ok()?.timestamp().to_string())
    }

    fn count_us(&self, count: f64, per_second: i64) -> Option<i64> {
        let us = count * (1_000_000 / per_second) as f64;
        (us.is_finite() && us.abs() < 1e17).then_some(us.round() as i64)
    }
}

fn written(us: i64) -> Option<String> {
    jiff::Timestamp::from_microsecond(us).ok().map(|moment| moment.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(formats: &[&str], zone: Option<&str>) -> Times {
        Times {
            formats: formats.iter().map(|format| TimeFormat::new(format).unwrap()).collect(),
            zone: zone.map(|zone| TimeZone::get(zone).unwrap()),
        }
    }

    fn read(times: &Times, text: &str) -> Option<String> {
        times.read(text)
    }

    #[test]
    fn stated_offsets_are_kept_and_zones_are_applied() {
        let berlin = times(&["%d/%b/%y %I:%M %p", "%a %b %d %Y %H:%M:%S GMT%z"], Some("Europe/Berlin"));
        assert_eq!(read(&berlin, "2026-06-01T09:00:00+05:30").as_deref(), Some("2026-06-01T09:00:00+05:30"));
        assert_eq!(read(&berlin, "01/Jun/26 9:00 AM").as_deref(), Some("2026-06-01T07:00:00Z"));
        assert_eq!(read(&berlin, "01/Dec/26 12:30 PM").as_deref(), Some("2026-12-01T11:30:00Z"));
        let long = "Mon Jun 01 2026 09:00:00 GMT+0200 (Central European Summer Time)";
        assert_eq!(read(&berlin, long).as_deref(), Some("2026-06-01T09:00:00+02:00"));
        assert_eq!(read(&berlin, "2026-06-01 09:00:00").as_deref(), Some("2026-06-01T07:00:00Z"));
        assert_eq!(berlin.wall_clock(1_780_304_400_000_000), Some(1_780_297_200_000_000));
    }

    #[test]
    fn a_wall_clock_without_a_zone_is_no_moment_and_neither_is_nonsense() {
        let none = times(&["%d.%m.%Y %H:%M"], None);
        for text in ["01.06.2026 09:00", "2026-06-01 09:00:00", "31.02.2026 09:00", "soon", ""] {
            assert_eq!(read(&none, text), None, "{text}");
        }
        assert_eq!(none.wall_clock(0), None);
    }

    #[test]
    fn counts_since_the_epoch_are_read_where_the_mapping_says_so() {
        let seconds = times(&["unix_seconds"], None);
        assert_eq!(read(&seconds, "1780304400.5").as_deref(), Some("2026-06-01T09:00:00.5Z"));
        assert_eq!(seconds.count(1_780_304_400.0), Some(1_780_304_400_000_000));
        assert_eq!(times(&["unix_milliseconds"], None).count(1_780_304_400_000.0), Some(1_780_304_400_000_000));
        assert_eq!(times(&[], None).count(1.0), None);
        assert_eq!(read(&seconds, "NaN"), None);
    }
}
