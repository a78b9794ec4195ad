//! How the sums that a run states at its end are laid on its responses.
//!
//! A response states its output only; input and cache are stated once for all responses of a model. Their sum is what was reported, the share of
//! each response is an estimate: in proportion to its output, whole tokens, the rest to the largest remainders, so that shares add up exactly.

/// Splits `total` in proportion to `weights`; equally where all are zero. Empty for no weights.
pub(super) fn split(total: i64, weights: &[i64]) -> Vec<i64> {
    if weights.is_empty() {
        return Vec::new();
    }
    let sum: i128 = weights.iter().map(|&weight| i128::from(weight)).sum();
    let weight = |index: usize| if sum == 0 { 1 } else { i128::from(weights[index]) };
    let whole = if sum == 0 { weights.len() as i128 } else { sum };
    let exact = |index: usize| i128::from(total) * weight(index);
    let mut shares: Vec<i64> = (0..weights.len()).map(|index| (exact(index) / whole) as i64).collect();
    let rest = total - shares.iter().sum::<i64>();
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by_key(|&index| (std::cmp::Reverse(exact(index) % whole), index));
    for index in order.into_iter().take(usize::try_from(rest).unwrap_or(0)) {
        shares[index] += 1;
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn shares_follow_the_weights() {
        assert_eq!(split(100, &[1, 3]), [25, 75]);
        assert_eq!(split(10, &[1, 1, 1]), [4, 3, 3]);
        assert_eq!(split(3, &[0, 0]), [2, 1]);
        assert_eq!(split(7, &[5, 0]), [7, 0]);
        assert!(split(7, &[]).is_empty());
    }

    proptest! {
        #[test]
        fn shares_add_up_to_the_last_token(
            total in 0i64..1_000_000_000_000,
            weights in prop::collection::vec(0i64..1_000_000_000_000, 1..50),
        ) {
            let shares = split(total, &weights);
            prop_assert_eq!(shares.iter().sum::<i64>(), total);
            prop_assert!(shares.iter().all(|&share| share >= 0));
        }
    }
}
