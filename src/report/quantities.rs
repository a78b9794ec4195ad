//! Numbers that know how people read them.
//!
//! Owns one newtype a unit: it serialises as the bare number (what machines read) and displays rounded with its unit (what
//! people read), so that the HTML and the Markdown cannot print the same figure differently. Owns no computation.

use std::fmt;

use serde::Serialize;

/// Blank between a number and its unit, so that the two never part at the end of a line.
const NO_BREAK: char = '\u{a0}';

/// A count, shown in full: `12,345`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Count(pub i64);

/// Tokens, shown to three figures: `12.3 M`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Tokens(pub i64);

/// Millionths of a US dollar, shown in dollars: `$1,234`, below a hundred with cents.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct MicroDollars(pub i64);

/// A share between 0 and 1, shown in percent: `41 %`.
#[derive(Debug, Clone, Copy, Default, PartialEq, PartialOrd)]
pub struct Share(pub f64);

/// An estimate in its test's own unit, shown with three decimals.
#[derive(Debug, Clone, Copy, Default, PartialEq, PartialOrd)]
pub struct Estimate(pub f64);

/// A probability, never shown as zero: `< 0.001`.
#[derive(Debug, Clone, Copy, Default, PartialEq, PartialOrd)]
pub struct Probability(pub f64);

/// A number that may be missing. Missing is shown as such and serialises as null: it is not zero.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Maybe<T>(pub Option<T>);

impl Share {
    /// `part` of `whole`, none when there is no whole.
    pub fn of(part: i64, whole: i64) -> Option<Share> {
        (whole > 0).then(|| Share(part as f64 / whole as f64))
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
serialize_rounded!(Share Estimate Probability);

/// Writes an integer with a comma after every third digit.
fn grouped(value: u64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let digits = value.to_string();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            f.write_str(",")?;
        }
        write!(f, "{digit}")?;
    }
    Ok(())
}

fn sign(value: i64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if value < 0 { f.write_str("-") } else { Ok(()) }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        sign(self.0, f)?;
        grouped(self.0.unsigned_abs(), f)
    }
}

impl fmt::Display for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        sign(self.0, f)?;
        let size = self.0.unsigned_abs();
        let (unit, word) = match size {
            0..1_000 => return grouped(size, f),
            1_000..999_500 => (1e3, 'k'),
            999_500..999_500_000 => (1e6, 'M'),
            999_500_000..999_500_000_000 => (1e9, 'G'),
            _ => (1e12, 'T'),
        };
        let scaled = size as f64 / unit;
        let decimals = if scaled >= 99.95 { 0 } else { 1 };
        write!(f, "{scaled:.decimals$}{NO_BREAK}{word}")
    }
}

impl fmt::Display for MicroDollars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.0.unsigned_abs();
        if size == 0 {
            return f.write_str("$0");
        }
        if size < 5_000 {
            return f.write_str(if self.0 < 0 { "> -$0.01" } else { "< $0.01" });
        }
        sign(self.0, f)?;
        f.write_str("$")?;
        // Half a unit is added before the division: rounding in integers, no float is near the money.
        if size < 99_995_000 {
            let cents = (size + 5_000) / 10_000;
            return write!(f, "{}.{:02}", cents / 100, cents % 100);
        }
        grouped((size + 500_000) / 1_000_000, f)
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = self.0 * 100.0;
        if percent > 0.0 && percent < 0.05 {
            return write!(f, "< 0.1{NO_BREAK}%");
        }
        if percent < 100.0 && percent > 99.5 {
            return write!(f, "> 99{NO_BREAK}%");
        }
        let decimals = if percent != 0.0 && percent.abs() < 9.95 { 1 } else { 0 };
        write!(f, "{percent:.decimals$}{NO_BREAK}%")
    }
}

impl fmt::Display for Estimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}", rounded(self.0))
    }
}

impl fmt::Display for Probability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < 0.001 { f.write_str("< 0.001") } else { write!(f, "{:.3}", self.0) }
    }
}

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
            MicroDollars(99_994_999).to_string(),
            MicroDollars(99_995_000).to_string(),
            MicroDollars(1_234_499_999).to_string(),
            MicroDollars(-1_500_000).to_string(),
            MicroDollars(i64::MIN).to_string(),
            Share(0.0).to_string(),
            Share(0.0004).to_string(),
            Share(0.041).to_string(),
            Share(0.414).to_string(),
            Share(0.9951).to_string(),
            Share(1.0).to_string(),
            Probability(0.0).to_string(),
            Probability(0.0123).to_string(),
            Estimate(-0.00001).to_string(),
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
        2.3~G
        $0
        < $0.01
        $0.01
        $99.99
        $100
        $1,234
        -$1.50
        -$9,223,372,036,855
        0~%
        < 0.1~%
        4.1~%
        41~%
        > 99~%
        100~%
        < 0.001
        0.012
        0.000
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
