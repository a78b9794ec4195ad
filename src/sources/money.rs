//! Exact amounts: decimal text to millionths, with no float in between.

use crate::sources::Reason;

/// A billion dollars on one step is not a cost.
const MAX_MICRO: i128 = 1_000_000_000_000_000;
/// Digits after which a number is no amount; keeps the arithmetic inside 128 bits.
const MAX_DIGITS: usize = 30;

/// Reads a non-negative decimal, with or without an exponent, as millionths, rounded half up at the seventh place.
///
/// # Errors
/// [`Reason::BadValue`] for what is no decimal, [`Reason::OutOfRange`] for a negative one or one beyond a billion.
pub(crate) fn micro_units(text: &str) -> Result<i64, Reason> {
    amount(scaled(text, 6)?)
}

/// Reads several amounts as [`micro_units`] reads one, and gives their sum in millionths, rounded once.
///
/// # Errors
/// Those of [`micro_units`], of the first text that has one or of the sum.
pub(crate) fn micro_units_of_sum<'t>(texts: impl IntoIterator<Item = &'t str>) -> Result<i64, Reason> {
    const PER_MICRO: i128 = 1_000_000;
    let sum =
        texts.into_iter().try_fold(0i128, |sum, text| sum.checked_add(scaled(text, 12)?).ok_or(Reason::OutOfRange))?;
    amount(sum.checked_add(PER_MICRO / 2).ok_or(Reason::OutOfRange)? / PER_MICRO)
}

fn amount(micro: i128) -> Result<i64, Reason> {
    if micro > MAX_MICRO {
        return Err(Reason::OutOfRange);
    }
    i64::try_from(micro).map_err(|_| Reason::OutOfRange)
}

/// Reads a non-negative decimal, with or without an exponent, as a number of units of which 10^`power` are one, rounded half up.
fn scaled(text: &str, power: i64) -> Result<i128, Reason> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().map_err(|_| Reason::BadValue)?),
        None => (text, 0),
    };
    let (negative, digits) = match mantissa.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, mantissa.strip_prefix('+').unwrap_or(mantissa)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if (whole.is_empty() && fraction.is_empty()) || !whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit()) {
        return Err(Reason::BadValue);
    }
    let fraction = fraction.trim_end_matches('0');
    let significant = format!("{whole}{fraction}");
    let significant = significant.trim_start_matches('0');
    if significant.is_empty() {
        return Ok(0);
    }
    if negative || significant.len() > MAX_DIGITS {
        return Err(Reason::OutOfRange);
    }
    let value: i128 = significant.parse().map_err(|_| Reason::BadValue)?;
    // value * 10^shift is the number of units.
    let shift = i64::from(exponent) - fraction.len() as i64 + power;
    if shift >= 0 {
        let factor = u32::try_from(shift).ok().and_then(|shift| 10i128.checked_pow(shift));
        return factor.and_then(|factor| value.checked_mul(factor)).ok_or(Reason::OutOfRange);
    }
    Ok(match u32::try_from(-shift).ok().and_then(|shift| 10i128.checked_pow(shift)) {
        Some(divisor) => (value + divisor / 2) / divisor,
        None => 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn amounts_in_every_dress() {
        for (text, micro) in [
            ("0.1", 100_000),
            ("0.30000000000000004", 300_000),
            ("12", 12_000_000),
            ("1e-3", 1_000),
            ("2.5E2", 250_000_000),
            ("0.0000005", 1),
            ("0.0000004", 0),
            (".25", 250_000),
            ("-0.00", 0),
            ("1e-400", 0),
            ("000000000000000000000000000000000000000012", 12_000_000),
        ] {
            assert_eq!(micro_units(text), Ok(micro), "{text}");
        }
        for text in ["", ".", "$1", "1,5", "NaN", "inf", "1e", "1.2.3"] {
            assert_eq!(micro_units(text), Err(Reason::BadValue), "{text}");
        }
        for text in ["-1", "1e30", "1e400", "1000000001", &"9".repeat(400)] {
            assert_eq!(micro_units(text), Err(Reason::OutOfRange), "{text}");
        }
    }

    #[test]
    fn a_sum_is_rounded_once() {
        assert_eq!(micro_units_of_sum(["0.00025", "0.0008"]), Ok(1050));
        assert_eq!(micro_units_of_sum(["0.0000005", "0.0000005"]), Ok(1));
        assert_eq!(micro_units_of_sum(["2.5e-7", "2.4e-7"]), Ok(0));
        assert_eq!(micro_units_of_sum([]), Ok(0));
        assert_eq!(micro_units_of_sum(["1", "$1"]), Err(Reason::BadValue));
        assert_eq!(micro_units_of_sum(["1000000000", "1"]), Err(Reason::OutOfRange));
    }

    proptest! {
        /// The sum of what was read is the sum of what was written, to the last millionth.
        #[test]
        fn sums_are_exact(amounts in prop::collection::vec(0i64..5_000_000_000, 0..200)) {
            let read: i64 = amounts
                .iter()
                .map(|micro| micro_units(&format!("{}.{:06}", micro / 1_000_000, micro % 1_000_000)).unwrap())
                .sum();
            prop_assert_eq!(read, amounts.iter().sum::<i64>());
        }
    }
}
