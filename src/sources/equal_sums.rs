//! Sums of one report that are over the same thing as far as is read: a bill may hold equal rows, and a vendor may cut its counts by what has no column here.
//!
//! Owns telling such sums apart. As many count as there are, and the same report fetched again has the same. Owns no report.

use crate::events::Aggregate;
use crate::events::ids::{Key, aggregate_key};
use std::collections::HashMap;

/// How often each sum was seen in one report.
#[derive(Default)]
pub(crate) struct EqualSums(HashMap<Key, u32>);

impl EqualSums {
    /// Adds its number to the dimension of a sum that is not the first of its kind: `#2`.
    pub(crate) fn tell_apart(&mut self, aggregate: &mut Aggregate) {
        // All are of one source.
        let number = self.0.entry(aggregate_key("", aggregate)).or_default();
        *number += 1;
        if *number > 1 {
            let told = aggregate.dimension.take().map_or_else(String::new, |told| format!("{told} "));
            aggregate.dimension = Some(format!("{told}#{number}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::CountedBy;

    #[test]
    fn equal_sums_are_numbered_and_others_are_not() {
        let mut sums = EqualSums::default();
        let mut told = |dimension: Option<&str>, requests: i64| {
            let mut aggregate = Aggregate::new(0, 1, "bill", CountedBy::Vendor);
            aggregate.dimension = dimension.map(str::to_owned);
            aggregate.requests = Some(requests);
            sums.tell_apart(&mut aggregate);
            aggregate.dimension
        };
        assert_eq!(told(None, 1), None);
        assert_eq!(told(Some("sku=a"), 1).as_deref(), Some("sku=a"));
        assert_eq!(told(None, 2).as_deref(), Some("#2"), "counts are no part of what is counted");
        assert_eq!(told(Some("sku=a"), 1).as_deref(), Some("sku=a #2"));
        assert_eq!(told(Some("sku=a"), 1).as_deref(), Some("sku=a #3"));
    }
}
