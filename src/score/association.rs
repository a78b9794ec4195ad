//! Do two quantities order people alike? Kendall's tau_b with ties.
//!
//! Owns the coefficient, its null error and nothing about what is compared.

/// Kendall's tau_b of paired values, ties counted (Kendall 1945), by Knight's (1966) merge sort: O(n log n). `None` below two
/// pairs or when one side does not vary. Values must not be NaN.
pub fn kendall_tau_b(pairs: &[(f64, f64)]) -> Option<f64> {
    let mut sorted = pairs.to_vec();
    sorted.sort_unstable_by(|one, two| one.0.total_cmp(&two.0).then(one.1.total_cmp(&two.1)));
    let choose = |n: usize| (n as f64) * (n as f64 - 1.0) / 2.0;
    let tied = |same: fn(&(f64, f64), &(f64, f64)) -> bool, of: &[(f64, f64)]| -> f64 {
        of.chunk_by(same).map(|run| choose(run.len())).sum()
    };
    let all = choose(sorted.len());
    let tied_first = tied(|one, two| one.0 == two.0, &sorted);
    let tied_both = tied(|one, two| one == two, &sorted);
    let mut seconds: Vec<f64> = sorted.iter().map(|pair| pair.1).collect();
    let mut room = seconds.clone();
    let discordant = inversions(&mut seconds, &mut room) as f64;
    // `seconds` is sorted now.
    let tied_second: f64 = seconds.chunk_by(|one, two| one == two).map(|run| choose(run.len())).sum();
    let scale = ((all - tied_first) * (all - tied_second)).sqrt();
    let difference = all - tied_first - tied_second + tied_both - 2.0 * discordant;
    (scale > 0.0).then(|| difference / scale)
}

/// Standard error of tau under independence without ties: sqrt(2 (2n + 5) / (9 n (n - 1))).
pub fn kendall_null_error(n: usize) -> f64 {
    let n = n as f64;
    (2.0 * (2.0 * n + 5.0) / (9.0 * n * (n - 1.0))).sqrt()
}

/// Sorts and counts the pairs that stood in the wrong order, equal values not among them.
fn inversions(values: &mut [f64], room: &mut [f64]) -> u64 {
    let length = values.len();
    if length < 2 {
        return 0;
    }
    let middle = length / 2;
    let (left, right) = values.split_at_mut(middle);
    let mut count = inversions(left, &mut room[..middle]) + inversions(right, &mut room[middle..]);
    let (mut from_left, mut from_right) = (0, 0);
    for slot in room.iter_mut().take(length) {
        let take_right = from_left == left.len() || (from_right < right.len() && right[from_right] < left[from_left]);
        if take_right {
            *slot = right[from_right];
            from_right += 1;
            count += (left.len() - from_left) as u64;
        } else {
            *slot = left[from_left];
            from_left += 1;
        }
    }
    values.copy_from_slice(&room[..length]);
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::stats::Seeded;

    /// Constants printed by scipy 1.17.1: `stats.kendalltau(x, y).statistic`, variant b.
    #[test]
    fn agrees_with_scipy() {
        let pairs = |x: &[u8], y: &[u8]| -> Vec<(f64, f64)> {
            x.iter().zip(y).map(|(x, y)| (f64::from(*x), f64::from(*y))).collect()
        };
        let short = kendall_tau_b(&pairs(&[12, 2, 1, 12, 2], &[1, 4, 7, 1, 0])).unwrap();
        assert!((short - -0.471_404_520_791_031_6).abs() < 1e-12, "{short}");
        let x = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2, 3, 8, 4];
        let y = [2, 7, 1, 8, 2, 8, 1, 8, 2, 8, 4, 5, 9, 0, 4, 5, 2, 3, 5, 3];
        let long = kendall_tau_b(&pairs(&x, &y)).unwrap();
        assert!((long - 0.150_291_528_163_045_6).abs() < 1e-12, "{long}");
    }

    #[test]
    fn agrees_with_counting_all_pairs() {
        let mut random = Seeded::new(5);
        for size in [2, 3, 10, 61] {
            let pairs: Vec<(f64, f64)> = (0..size).map(|_| (random.below(6) as f64, random.below(9) as f64)).collect();
            let (mut difference, mut first, mut second) = (0.0, 0.0, 0.0);
            for one in 0..size {
                for two in 0..one {
                    let x = (pairs[one].0 - pairs[two].0).partial_cmp(&0.0).unwrap() as i8;
                    let y = (pairs[one].1 - pairs[two].1).partial_cmp(&0.0).unwrap() as i8;
                    difference += f64::from(x * y);
                    first += f64::from(x.abs());
                    second += f64::from(y.abs());
                }
            }
            let expected = (first * second > 0.0).then(|| difference / f64::sqrt(first * second));
            match (kendall_tau_b(&pairs), expected) {
                (Some(found), Some(expected)) => assert!((found - expected).abs() < 1e-12, "{size}"),
                (found, expected) => assert_eq!(found, expected, "{size}"),
            }
        }
    }

    #[test]
    fn null_half_widths_of_signals_md_section_0() {
        // 95 % half width .57 at n = 8 and .25 at n = 30.
        for (n, half_width) in [(8, 0.57), (30, 0.25)] {
            assert!((1.96 * kendall_null_error(n) - half_width).abs() < 0.006, "{n}");
        }
    }

    #[test]
    fn what_does_not_vary_has_no_order() {
        assert_eq!(kendall_tau_b(&[(1.0, 2.0), (1.0, 3.0)]), None);
        assert_eq!(kendall_tau_b(&[(1.0, 2.0)]), None);
        assert_eq!(kendall_tau_b(&[]), None);
    }
}
