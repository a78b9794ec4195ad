//! From readings that are about a person to p-values: people are ranked among people, however many sessions or weeks say the same.
//!
//! Owns the rank of a person. Owns no residuals and no peer groups of units: those are [`calibrate`](super::calibrate)'s.

use rustc_hash::FxHashMap;

use super::calibrate::{Calibration, Level, Point, Reference, TooFewPeers, calibrate};

/// Other people from which a reading about all of somebody's weeks is compared. A conformal p is valid at any size; among so few it is 1/10 at
/// least, and holds such a signal to 2 decibans. Among twenty others it is 3.6, among a hundred 7.
pub const LEAST_PEOPLE: usize = 9;

/// Calibrates readings that say the same of every week of a person, in the order given: one reading a person, the person's largest, among all
/// other people.
///
/// Such a reading is a test against the person's own habits (signals.md S10 to S12), so there is no volume to take out, and its weeks are one observation: counted
/// twelve times they would promise a p that so few people cannot give.
pub fn calibrate_people(points: &[Point]) -> Vec<Result<Calibration, TooFewPeers>> {
    let mut people: FxHashMap<u32, f64> = FxHashMap::default();
    for point in points {
        let largest = people.entry(point.actor).or_insert(point.value);
        *largest = largest.max(point.value);
    }
    let reference = Reference::new(people.iter().map(|(actor, value)| (*actor, *value)));
    points
        .iter()
        .map(|point| {
            let n_cal = reference.size_without(point.actor);
            if n_cal < LEAST_PEOPLE {
                return Err(TooFewPeers { least: LEAST_PEOPLE });
            }
            let p = reference.p(point.actor, point.value);
            Ok(Calibration { p, n_cal, level: Level::People, pre_incentive: false })
        })
        .collect()
}

/// Calibrates readings that show a habit of a person: the sessions of one person are one observation, so a p among sessions is no smaller than the rank, among people,
/// of each one's smallest p. Thirty people of two hundred who always take the largest model hold the extreme twentieth of sessions between them; they are no
/// twentieth of the people. So it is among few people too, of whom the bound leaves little: a rank that a handful of people cannot give is not claimed.
pub fn calibrate_habits(points: &[Point]) -> Vec<Result<Calibration, TooFewPeers>> {
    let mut results = calibrate(points);
    let mut smallest: FxHashMap<u32, f64> = FxHashMap::default();
    for (point, result) in points.iter().zip(&results) {
        // Somebody in whom nothing was found is one of the people all the same.
        let p = result.as_ref().ok().filter(|_| !point.quiet).map_or(1.0, |found| found.p);
        let least = smallest.entry(point.actor).or_insert(p);
        *least = least.min(p);
    }
    let people = Reference::new(smallest.iter().map(|(actor, p)| (*actor, -*p)));
    for (point, result) in points.iter().zip(&mut results) {
        if let Ok(found) = result {
            found.p = found.p.max(people.p(point.actor, -found.p));
        }
    }
    results
}

#[cfg(test)]
mod tests {
    use super::super::calibrate::tests::points;
    use super::*;

    #[test]
    fn a_habit_is_one_reading_of_one_person() {
        // Forty people of twelve weeks each; the first two of them stand out, at whatever volume.
        let readings: Vec<Point> = points(480, 40, 6)
            .into_iter()
            .map(|point| Point { value: [9.0, 7.0].get(point.actor as usize).copied().unwrap_or(1.0), ..point })
            .collect();
        let results = calibrate_people(&readings);
        for (point, result) in readings.iter().zip(&results) {
            let expected = match point.actor {
                0 => 1.0 / 40.0,
                1 => 2.0 / 40.0,
                _ => 1.0,
            };
            assert_eq!(result.map(|found| (found.p, found.n_cal, found.level)), Ok((expected, 39, Level::People)));
        }
        let mut few = readings;
        few.retain(|point| point.actor < 12);
        assert_eq!(calibrate_people(&few)[0].map(|found| (found.p, found.n_cal)), Ok((1.0 / 12.0, 11)));
        few.retain(|point| point.actor < 9);
        let silence = calibrate_people(&few)[0].unwrap_err().to_string();
        assert_eq!(silence, "calibration: fewer than 9 comparable readings");
    }

    #[test]
    fn a_habit_of_many_people_is_rare_among_sessions_and_not_among_people() {
        // Forty people with fifty sessions; eight of them do it in every other session.
        let readings: Vec<Point> = points(2_000, 40, 7)
            .into_iter()
            .enumerate()
            .map(|(index, point)| Point {
                actor: index as u32 % 40,
                volumes: [None; 3],
                value: if index % 40 < 8 && index / 40 % 2 == 0 { 1.0 + index as f64 / 2_000.0 } else { 0.0 },
                ..point
            })
            .collect();
        let last = readings.iter().rposition(|point| point.value > 0.0).unwrap();
        let alone = calibrate(&readings)[last].unwrap().p;
        let habit = calibrate_habits(&readings);
        assert!(alone < 0.01, "{alone}");
        assert_eq!(habit[last].unwrap().p, 1.0 / 40.0);
        let eighth = readings.iter().position(|point| point.value > 0.0).unwrap();
        assert!((habit[eighth].unwrap().p - 8.0 / 40.0).abs() < 1e-12, "{}", habit[eighth].unwrap().p);
        // Six people cannot say that one of them is rarer than one in six, whatever their sessions do.
        let few: Vec<Point> = readings.iter().filter(|point| point.actor < 2 || point.actor > 35).copied().collect();
        let last = few.iter().rposition(|point| point.value > 0.0).unwrap();
        assert_eq!(calibrate_habits(&few)[last].unwrap().p, 1.0 / 6.0);
    }
}
