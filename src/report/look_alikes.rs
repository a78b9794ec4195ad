//! What innocently looks like a reading of a signal or of a population test, in words for people who do not know the models.
//!
//! Owns the choice between the two texts that there are: the words of `score::explain`, and of a signal without such words (one of
//! `--queries`) the `innocent` of its header, which also says how a model weighs each and is written for its readers.

use super::escape::plain_long;
use crate::score::explain::benign;

/// Look-alikes of a signal or test, commonest first; what the header says where nobody has put them into words.
pub(super) fn look_alikes(name: &str, header: &str) -> String {
    match benign(name) {
        [] => plain_long(header),
        words => words.join("; "),
    }
}

/// What the header says of look-alikes and of their weight, where other words stand in its place; else empty.
pub(super) fn weighed(name: &str, header: &str) -> String {
    if benign(name).is_empty() { String::new() } else { plain_long(header) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_read_words_and_no_factors() {
        let header = "weighs in full from 0.25 on; hand-off templates";
        assert_eq!(look_alikes("deadline_burst", header), "the end of a sprint, release or month");
        assert_eq!(weighed("deadline_burst", header), header);
        // A signal of `--queries` has the words of its author alone, and has them once.
        assert_eq!(look_alikes("of_our_own", header), header);
        assert_eq!(weighed("of_our_own", header), "");
    }

    #[test]
    fn every_population_test_has_look_alikes() {
        for test in ["quota_bunching", "incentive_break", "metric_decoupling", "shared_burner_template", "rank_chasing"]
        {
            assert!(!look_alikes(test, "").is_empty(), "{test}");
        }
    }
}
