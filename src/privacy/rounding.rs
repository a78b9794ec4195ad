//! Rounding of what is published, and what can be concluded from a rounded number.
//!
//! Owns the grid: counts to 5, money and tokens to two significant digits, shares to 5 points and never "none" or "all". Owns no
//! decision on what is published. Rounding is a function of the number alone, so asking again teaches nothing.

/// Counts are published to the nearest multiple.
const COUNT_STEP: u64 = 5;
/// Shares are published to the nearest multiple.
const SHARE_STEP: f64 = 0.05;
/// Shares below are published as `<10 %`, from [`HIGH_SHARE`] on as `≥90 %`: nobody's behaviour may follow from "none" or "all".
pub const LOW_SHARE: f64 = 0.10;
/// See [`LOW_SHARE`].
pub const HIGH_SHARE: f64 = 0.90;
/// What machines read for `<10 %` and `≥90 %`: the middle of the band.
const BANDS: (f64, f64) = (0.05, 0.95);

/// A count to the nearest 5.
pub fn count(value: i64) -> i64 {
    signed(value, |size| nearest(size, COUNT_STEP))
}

/// Money or tokens to two significant digits.
pub fn amount(value: i64) -> i64 {
    signed(value, |size| nearest(size, amount_step(size)))
}

/// The lower end of a range of amounts: two significant digits, downwards.
pub fn amount_below(value: u64) -> u64 {
    value / amount_step(value) * amount_step(value)
}

/// The upper end of a range of amounts: two significant digits, upwards.
pub fn amount_above(value: u64) -> u64 {
    value.div_ceil(amount_step(value)).saturating_mul(amount_step(value))
}

/// A share of a group: to 5 points between 10 % and 90 %, outside of them the middle of its band, 0.05 or 0.95.
pub fn share(value: f64) -> f64 {
    if value < LOW_SHARE {
        BANDS.0
    } else if value >= HIGH_SHARE {
        BANDS.1
    } else {
        // Rounding may not carry a share out of its band.
        to_step((value / SHARE_STEP).round()).clamp(LOW_SHARE, HIGH_SHARE - SHARE_STEP)
    }
}

/// The lower end of a range of shares: the next multiple of 5 points below.
pub fn share_below(value: f64) -> f64 {
    share(to_step((value / SHARE_STEP + 1e-9).floor()))
}

/// The upper end of a range of shares: the next multiple of 5 points above.
pub fn share_above(value: f64) -> f64 {
    share(to_step((value / SHARE_STEP - 1e-9).ceil()))
}

/// A multiple of [`SHARE_STEP`] without the dust of its binary form.
fn to_step(steps: f64) -> f64 {
    (steps * SHARE_STEP * 100.0).round() / 100.0
}

/// How far two published amounts around this size may lie from what they stand for, together: the step of the grid.
pub fn amount_step(size: u64) -> u64 {
    10_u64.pow(size.max(1).ilog10().saturating_sub(1))
}

/// The step of the grid of counts.
pub fn count_step() -> u64 {
    COUNT_STEP
}

/// Smallest and largest amount that is published as this one.
pub fn amount_interval(shown: u64) -> (u64, u64) {
    let step = amount_step(shown);
    // At a power of ten the grid below is ten times finer.
    let below = if shown >= 100 && is_power_of_ten(shown) { step / 10 } else { step };
    (shown.saturating_sub(below / 2), shown.saturating_add((step - 1) / 2))
}

/// Smallest and largest count that is published as this one.
pub fn count_interval(shown: u64) -> (u64, u64) {
    (shown.saturating_sub(COUNT_STEP / 2), shown + COUNT_STEP / 2)
}

fn is_power_of_ten(value: u64) -> bool {
    value > 0 && 10_u64.pow(value.ilog10()) == value
}

/// Halves go up.
fn nearest(size: u64, step: u64) -> u64 {
    size.saturating_add(step / 2) / step * step
}

fn signed(value: i64, round: impl Fn(u64) -> u64) -> i64 {
    let size = i64::try_from(round(value.unsigned_abs())).unwrap_or(i64::MAX);
    if value < 0 { -size } else { size }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_grid() {
        assert_eq!([0, 2, 3, 7, 8, 12, 13, -3].map(count), [0, 0, 5, 5, 10, 10, 15, -5]);
        assert_eq!(
            [0, 7, 99, 104, 105, 994, 995, 1_249, 12_500_001].map(amount),
            [0, 7, 99, 100, 110, 990, 1_000, 1_200, 13_000_000]
        );
        assert_eq!([0, 7, 104, 1_250].map(amount_below), [0, 7, 100, 1_200]);
        assert_eq!([0, 7, 104, 1_250, 1_300].map(amount_above), [0, 7, 110, 1_300, 1_300]);
        assert_eq!(
            [0.0, 0.0999, 0.1, 0.12, 0.13, 0.42, 0.89, 0.9, 1.0].map(share),
            [0.05, 0.05, 0.1, 0.1, 0.15, 0.4, 0.85, 0.95, 0.95]
        );
        assert_eq!((share_below(0.14), share_above(0.11), share_above(0.86)), (0.1, 0.15, 0.95));
        assert_eq!((share_below(0.15), share_above(0.15)), (0.15, 0.15));
    }

    proptest! {
        #[test]
        fn what_is_published_stands_for_its_interval(value in 0_u64..10_000_000_000_000) {
            let shown = u64::try_from(amount(i64::try_from(value).unwrap())).unwrap();
            let (low, high) = amount_interval(shown);
            prop_assert!(low <= value && value <= high, "{value} shown {shown} as {low}..{high}");
            let rounds = |value: u64| u64::try_from(amount(i64::try_from(value).unwrap())).unwrap();
            prop_assert_eq!((rounds(low), rounds(high)), (shown, shown));
            prop_assert!(high == 0 || rounds(high + 1) != shown);
            prop_assert!(low == 0 || rounds(low - 1) != shown);
            prop_assert_eq!(rounds(shown), shown);
            let shown = u64::try_from(count(i64::try_from(value).unwrap())).unwrap();
            let (low, high) = count_interval(shown);
            prop_assert!(low <= value && value <= high);
        }

        #[test]
        fn no_share_says_none_or_all(value in 0.0..=1.0_f64) {
            let shown = share(value);
            prop_assert!((0.05..=0.95).contains(&shown));
            prop_assert_eq!(shown < LOW_SHARE, value < LOW_SHARE);
            prop_assert_eq!(shown >= HIGH_SHARE, value >= HIGH_SHARE);
            prop_assert!(share_below(value) <= shown + 1e-9 && shown <= share_above(value) + 1e-9);
        }
    }
}
