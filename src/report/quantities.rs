//! Numbers that know how people read them.
//!
//! Owns one newtype a unit: it serialises as the bare number (what machines read) and displays rounded with its unit (what
//! people read), so that the HTML and the Markdown cannot print the same figure differently. Owns no computation.

use std::fmt;

use serde::Serialize;

use crate::privacy::rounding::{HIGH_SHARE, LOW_SHARE};

/// Blank between a number and its unit, so that the two never part at the end of a line.
const NO_BREAK: char = '\u{a0}';

/// A count, shown in full: `12,345`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Count(pub i64);

/// Tokens, shown to three figures with k, M, B (thousand millions) or T: `12.3 M`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Tokens(pub i64);

/// Millionths of a US dollar, shown in dollars: `$1,234`, below a hundred with cents where there are any.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct MicroDollars(pub i64);

/// A share of a group of people or of what they used, between 0 and 1, shown in percent: `41 %`, and never as none or all: `<10 %`,
/// `≥90 %`. Published ones are rounded to 5 points (`privacy::rounding`); 0.05 and 0.95 then stand for the two bands.
#[derive(Debug, Clone, Copy, Default, PartialEq, PartialOrd)]
pub struct Share(pub f64);

/// A share of records rather than of people, for data quality: shown in percent as it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, PartialOrd)]
pub struct Portion(pub f64);

/// An estimate in its test's own unit, shown with three decimals, from ten on with one.
#[derive(Debug, Clone, Copy, Default, PartialEq, PartialOrd)]
pub struct Estimate(pub f64);

/// A probability, never shown as zero: `< 0.001`.
#[derive(Debug, Clone, Copy, Default, PartialEq, PartialOrd)]
pub struct Probability(pub f64);

/// A number that may be missing. Missing is shown as such and serialises as null: it is not zero.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Maybe<T>(pub Option<T>);

/// A number that may be a count of nothing: where counts are rounded, none and few are told alike.
pub trait Counted: fmt::Display {
    /// Whether it is a count, and zero.
    fn is_zero_count(&self) -> bool;
}

impl Counted for Count {
    fn is_zero_count(&self) -> bool {
        self.0 == 0
    }
}

impl<T: Counted> Counted for Maybe<T> {
    fn is_zero_count(&self) -> bool {
        self.0.as_ref().is_some_and(Counted::is_zero_count)
    }
}

impl Share {
    /// `part` of `whole`, none when there is no whole.
    pub fn of(part: i64, whole: i64) -> Option<Share> {
        (whole > 0).then(|| Share(part as f64 / whole as f64))
    }
}

impl Portion {
    /// `part` of `whole`, none when there is no whole.
    pub fn of(part: i64, whole: i64) -> Option<Portion> {
        (whole > 0).then(|| Portion(part as f64 / whole as f64))
    }
}

/// Floats leave the program with fixed rounding, so that the same figures are the same bytes.
fn rounded(value: f64) -> f64 {
    let rounded = (value * 10_000.0).round() / 10_000.0;
    if rounded == 0.0 { 0.0 } else { rounded }
}

macro_rules! serialize_rounded {
    ($($name:ident)+) => {$(
        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_f64(rounded(self.0))
            }
        }
    )+};
}
serialize_rounded!(Share Portion Estimate Probability);

/// An integer with a comma before every third digit from the end.
fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn sign(value: i64) -> &'static str {
    if value < 0 { "-" } else { "" }
}

impl Count {
    fn text(self) -> String {
        format!("{}{}", sign(self.0), grouped(self.0.unsigned_abs()))
    }
}

impl Tokens {
    fn text(self) -> String {
        let size = self.0.unsigned_abs();
        let (unit, word) = match size {
            0..1_000 => return format!("{}{}", sign(self.0), grouped(size)),
            1_000..999_500 => (1e3, 'k'),
            999_500..999_500_000 => (1e6, 'M'),
            999_500_000..999_500_000_000 => (1e9, 'B'),
            _ => (1e12, 'T'),
        };
        let scaled = size as f64 / unit;
        let decimals = if scaled >= 99.95 { 0 } else { 1 };
        format!("{}{scaled:.decimals$}{NO_BREAK}{word}", sign(self.0))
    }
}

impl MicroDollars {
    fn text(self) -> String {
        let size = self.0.unsigned_abs();
        // Half a unit is added before the division: rounding in integers, no float is near the money.
        match size {
            0 => "$0".to_owned(),
            1..5_000 => (if self.0 < 0 { "> -$0.01" } else { "< $0.01" }).to_owned(),
            5_000..99_995_000 => {
                let cents = (size + 5_000) / 10_000;
                if cents.is_multiple_of(100) {
                    return format!("{}${}", sign(self.0), cents / 100);
                }
                format!("{}${}.{:02}", sign(self.0), cents / 100, cents % 100)
            }
            _ => format!("{}${}", sign(self.0), grouped((size + 500_000) / 1_000_000)),
        }
    }
}

impl Share {
    fn text(self) -> String {
        match self.0 {
            share if share < LOW_SHARE => format!("<{:.0}{NO_BREAK}%", LOW_SHARE * 100.0),
            share if share >= HIGH_SHARE => format!("≥{:.0}{NO_BREAK}%", HIGH_SHARE * 100.0),
            share => format!("{:.0}{NO_BREAK}%", share * 100.0),
        }
    }
}

impl Portion {
    fn text(self) -> String {
        let percent = self.0 * 100.0;
        if percent > 0.0 && percent < 0.05 {
            return format!("<0.1{NO_BREAK}%");
        }
        if percent < 100.0 && percent > 99.5 {
            return format!(">99{NO_BREAK}%");
        }
        let decimals = if percent != 0.0 && percent.abs() < 9.95 { 1 } else { 0 };
        format!("{percent:.decimals$}{NO_BREAK}%")
    }
}

impl Estimate {
    fn text(self) -> String {
        let decimals = if self.0.abs() >= 10.0 { 1 } else { 3 };
        format!("{:.decimals$}", rounded(self.0))
    }
}

impl Probability {
    fn text(self) -> String {
        if self.0 < 0.001 { "< 0.001".to_owned() } else { format!("{:.3}", self.0) }
    }
}

/// Displays in one piece: escapers see the number whole, and know that the point in it ends no sentence and opens no list.
macro_rules! display_whole {
    ($($name:ident)+) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(&self.text()) }
        }
    )+};
}
display_whole!(Count Tokens MicroDollars Share Portion Estimate Probability);

impl<T: fmt::Display> fmt::Display for Maybe<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(value) => value.fmt(f),
            None => f.write_str("not known"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_people_write_them() {
        let shown: Vec<String> = vec![
            Count(0).to_string(),
            Count(999).to_string(),
            Count(-1_234_567).to_string(),
            Tokens(999).to_string(),
            Tokens(12_345).to_string(),
            Tokens(999_499).to_string(),
            Tokens(999_500).to_string(),
            Tokens(12_345_678).to_string(),
            Tokens(2_345_678_901).to_string(),
            MicroDollars(0).to_string(),
            MicroDollars(4_999).to_string(),
            MicroDollars(5_000).to_string(),
            MicroDollars(42_003_000).to_string(),
            MicroDollars(99_994_999).to_string(),
            MicroDollars(99_995_000).to_string(),
            MicroDollars(1_234_499_999).to_string(),
            MicroDollars(-1_500_000).to_string(),
            MicroDollars(i64::MIN).to_string(),
            Share(0.0).to_string(),
            Share(0.0999).to_string(),
            Share(0.1).to_string(),
            Share(0.414).to_string(),
            Share(0.9).to_string(),
            Share(1.0).to_string(),
            Portion(0.0).to_string(),
            Portion(0.0004).to_string(),
            Portion(0.041).to_string(),
            Portion(0.414).to_string(),
            Portion(0.9951).to_string(),
            Portion(1.0).to_string(),
            Probability(0.0).to_string(),
            Probability(0.0123).to_string(),
            Estimate(-0.00001).to_string(),
            Estimate(9.9996).to_string(),
            Estimate(163.75).to_string(),
            Maybe::<Count>(None).to_string(),
        ];
        insta::assert_snapshot!(shown.join("\n").replace(NO_BREAK, "~"), @r"
        0
        999
        -1,234,567
        999
        12.3~k
        999~k
        1.0~M
        12.3~M
        2.3~B
        $0
        < $0.01
        $0.01
        $42
        $99.99
        $100
        $1,234
        -$1.50
        -$9,223,372,036,855
        <10~%
        <10~%
        10~%
        41~%
        ≥90~%
        ≥90~%
        0~%
        <0.1~%
        4.1~%
        41~%
        >99~%
        100~%
        < 0.001
        0.012
        0.000
        10.000
        163.8
        not known
        ");
    }

    #[test]
    fn machines_read_the_bare_number() {
        let json =
            serde_json::to_string(&(MicroDollars(5), Share(0.123_456), Maybe::<Tokens>(None), Estimate(-0.0))).unwrap();
        assert_eq!(json, "[5,0.1235,null,0.0]");
    }
}
