//! Spans of time that reports sum over, as they write them.

use super::Reason;
use super::json::plausible;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// First microsecond of a span and first one after it, in UTC.
pub(crate) type Span = (i64, i64);

/// How long a span is that is named by its first day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Length {
    /// One day.
    Day,
    /// Seven days.
    Week,
    /// To the same day of the next month.
    Month,
}

/// The span that begins with a day `2026-06-01`, or a month `2026-06`. Reports name no time zone: a day is taken as one of UTC.
pub(crate) fn span(text: &str, length: Length) -> Result<Span, Reason> {
    let day = if text.len() == "2026-06".len() { format!("{text}-01") } else { text.to_owned() };
    // A date may come with a time behind it.
    let date: Date = day.get(..10).unwrap_or(&day).parse().map_err(|_| Reason::BadTimestamp)?;
    let end = match length {
        Length::Day => date.tomorrow(),
        Length::Week => date.checked_add(jiff::Span::new().days(7)),
        Length::Month => date.checked_add(jiff::Span::new().months(1)),
    };
    let us = |date: Date| -> Result<i64, Reason> {
        let zoned = date.to_zoned(TimeZone::UTC).map_err(|_| Reason::ImplausibleTime)?;
        plausible(zoned.timestamp().as_microsecond())
    };
    Ok((us(date)?, us(end.map_err(|_| Reason::ImplausibleTime)?)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_begin_with_their_day_and_end_before_the_next() {
        const DAY: i64 = 86_400_000_000;
        let june = 1_780_272_000_000_000;
        assert_eq!(span("2026-06-01", Length::Day), Ok((june, june + DAY)));
        assert_eq!(span("2026-06-01T00:00:00Z", Length::Day), Ok((june, june + DAY)));
        assert_eq!(span("2026-06-01", Length::Week), Ok((june, june + 7 * DAY)));
        assert_eq!(span("2026-06", Length::Month), Ok((june, june + 30 * DAY)));
        assert_eq!(span("yesterday", Length::Day), Err(Reason::BadTimestamp));
        assert_eq!(span("1970-01-01", Length::Day), Err(Reason::ImplausibleTime));
        assert_eq!(span("", Length::Day), Err(Reason::BadTimestamp));
    }
}
