//! From readings to p-values: volume taken out, then conformal p against peers, never against the actor's own readings.
//!
//! Owns the residualisation (signals.md section 3, step 6), the ladder of peer groups and the one-sided Mondrian conformal p
//! (step 1; Vovk, Gammerman and Shafer 2005; Bates et al. 2023). Owns no evidence: a p is only a rank among peers.
//!
//! Everything is sorting and binary search: O(n log n) for n readings of one signal.

use std::fmt;

use rustc_hash::FxHashMap;

/// Reference readings from which a peer group is large enough (`ncal.min`); below it the next wider group is asked.
pub const MINIMUM_REFERENCE: usize = 500;
/// Reference readings of everybody that are asked next, a clean window of so many before all weeks.
const MODERATE_REFERENCE: usize = 100;
/// Reference readings of everybody that there must be at least; below it the reading abstains. A conformal p is valid at any size and never
/// below 1/(n_cal + 1): what a small reference cannot tell it does not claim. A hundred readings hold a lone signal to 7 decibans, twenty to 3.6. A higher
/// floor would silence the busiest first, since their own readings are no reference for them and are one for all others.
pub const COARSE_REFERENCE: usize = 20;
/// Most volume cells of a stratum, and the readings wanted in each: enough for a reference that leaves one actor out.
const VOLUME_CELLS: usize = 10;
const READINGS_PER_CELL: usize = 600;
/// Readings wanted in each bin that a median is taken from, and most bins.
const READINGS_PER_BIN: usize = 100;
const MOST_BINS: usize = 50;
/// Readings before the first incentive that a bin is fitted on alone: its own, or the nearest in volume where it has fewer.
const CLEAN_READINGS: usize = 50;
/// Part of the group's spread that a bin's spread may not fall below: a bin of nothing but zeros would else turn the
/// smallest reading into the most extreme one.
const SPREAD_FLOOR: f64 = 0.25;

/// One speaking reading of one signal, as calibration sees it.
#[derive(Debug, Clone, Copy)]
pub struct Point {
    /// Number of the actor; readings of one actor never calibrate each other.
    pub actor: u32,
    /// Number of the stratum (client, role family, trigger).
    pub stratum: u32,
    /// Number of the client, the stratum's parent.
    pub client: u32,
    /// Volumes to take out, such as tokens, prompts and sessions; null where the log did not report one.
    pub volumes: [Option<f64>; 3],
    /// True when the unit lies before the first incentive.
    pub before_incentive: bool,
    /// The reading; larger is more suspicious. Must be finite.
    pub value: f64,
    /// True for a unit that the signal looked at and found nothing in worth a reading. It gets no evidence, but it is one of the units
    /// that a reading is compared with: a p says how rarely honest *units* show as much, not how rarely those that show anything do.
    pub quiet: bool,
}

/// Peer group that a p was computed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Same stratum and same tenth of volume.
    StratumAndVolume,
    /// Same client, role family and trigger.
    Stratum,
    /// Same client.
    Client,
    /// Everybody.
    Everybody,
    /// Everybody, each person once.
    People,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Level::StratumAndVolume => "stratum and volume tenth",
            Level::Stratum => "stratum",
            Level::Client => "client",
            Level::Everybody => "everybody",
            Level::People => "people",
        })
    }
}

/// A calibrated reading.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Calibration {
    /// (1 + number of reference readings at least as large) / (n_cal + 1): ties count against the suspicion.
    pub p: f64,
    /// Reference readings, the actor's own left out.
    pub n_cal: usize,
    /// Which peers.
    pub level: Level,
    /// True when only readings before the first incentive were used.
    pub pre_incentive: bool,
}

/// Too few peers even among everybody. How many there are is not said: it is all readings less the person's own, so that each number would be
/// a person's, and reports count readings by these words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("calibration: fewer than {least} comparable readings")]
pub struct TooFewPeers {
    /// How many readings of others, or other people, there should be.
    pub least: usize,
}

/// Reference scores that answer, for any actor, how many of the *other* actors' scores reach a value.
pub struct Reference {
    scores: Vec<f64>,
    /// Each actor's own scores, sorted.
    own: FxHashMap<u32, Vec<f64>>,
}

impl Reference {
    /// Sorts the (actor, score) pairs of a reference.
    pub fn new(pairs: impl Iterator<Item = (u32, f64)>) -> Self {
        let (mut scores, mut own) = (Vec::new(), FxHashMap::<u32, Vec<f64>>::default());
        for (actor, score) in pairs {
            // -0.0 sorts below 0.0 in a total order, and would then not tie with it.
            let score = score + 0.0;
            scores.push(score);
            own.entry(actor).or_default().push(score);
        }
        scores.sort_unstable_by(f64::total_cmp);
        own.values_mut().for_each(|list| list.sort_unstable_by(f64::total_cmp));
        Self { scores, own }
    }

    /// Reference size without this actor.
    pub fn size_without(&self, actor: u32) -> usize {
        self.scores.len() - self.own.get(&actor).map_or(0, Vec::len)
    }

    /// Conformal p of `score` for `actor`, ties counted as reached.
    pub fn p(&self, actor: u32, score: f64) -> f64 {
        let reaching = |sorted: &[f64]| sorted.len() - sorted.partition_point(|other| *other < score);
        let own = self.own.get(&actor).map_or(0, |list| reaching(list));
        (1.0 + (reaching(&self.scores) - own) as f64) / (self.size_without(actor) as f64 + 1.0)
    }
}

/// Which readings of a group are its reference.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Window {
    /// Those before the first incentive.
    Clean,
    /// All.
    All,
}

/// The readings of one peer group, with what is fitted on them when a rung first asks for it.
struct Group {
    members: Vec<usize>,
    /// Rank of each member's volume, and its residual.
    fitted: Option<(Vec<usize>, Vec<f64>)>,
}

fn groups(points: &[Point], level: Level) -> Vec<Group> {
    let key = |index: &usize| match level {
        Level::StratumAndVolume | Level::Stratum => points[*index].stratum,
        Level::Client => points[*index].client,
        Level::Everybody | Level::People => 0,
    };
    let mut members: Vec<usize> = (0..points.len()).collect();
    members.sort_by_key(key);
    let chunks = members.chunk_by(|one, two| key(one) == key(two));
    chunks.map(|chunk| Group { members: chunk.to_vec(), fitted: None }).collect()
}

/// Calibrates all speaking readings of one signal against each other, in the order given.
///
/// Each reading takes the narrowest peer group that has [`MINIMUM_REFERENCE`] readings of other actors before the first incentive, else the
/// narrowest that has as many at any time. A reference that holds theater costs power, not innocence (Bashari, Sesia and Romano 2025);
/// people of other clients are no peers, so everybody comes last, clean window or not. Where no group is large enough,
/// a hundred readings of everybody are, and at last [`COARSE_REFERENCE`].
pub fn calibrate(points: &[Point]) -> Vec<Result<Calibration, TooFewPeers>> {
    let mut found: Vec<Option<Calibration>> = vec![None; points.len()];
    let ladder = [
        (Level::Stratum, MINIMUM_REFERENCE, Window::Clean),
        (Level::Client, MINIMUM_REFERENCE, Window::Clean),
        (Level::Stratum, MINIMUM_REFERENCE, Window::All),
        (Level::Client, MINIMUM_REFERENCE, Window::All),
        (Level::Everybody, MINIMUM_REFERENCE, Window::Clean),
        (Level::Everybody, MINIMUM_REFERENCE, Window::All),
        (Level::Everybody, MODERATE_REFERENCE, Window::Clean),
        (Level::Everybody, MODERATE_REFERENCE, Window::All),
        (Level::Everybody, COARSE_REFERENCE, Window::Clean),
        (Level::Everybody, COARSE_REFERENCE, Window::All),
    ];
    let mut levels = [Level::Stratum, Level::Client, Level::Everybody].map(|level| (level, groups(points, level)));
    for (level, minimum, window) in ladder {
        for group in levels.iter_mut().filter(|(of, _)| *of == level).flat_map(|(_, groups)| groups) {
            let members = &group.members;
            if members.len() <= minimum || members.iter().all(|&index| found[index].is_some()) {
                continue;
            }
            let (volumes, residuals) = group.fitted.get_or_insert_with(|| {
                let volumes = volume_ranks(points, members);
                let residuals = residuals(points, members, &volumes);
                (volumes, residuals)
            });
            let cells = (members.len() / READINGS_PER_CELL).min(VOLUME_CELLS);
            if level == Level::Stratum && cells > 1 {
                for cell in 0..cells {
                    let within: Vec<usize> =
                        (0..members.len()).filter(|&at| bin_of(volumes[at], members.len(), cells) == cell).collect();
                    let rung = (Level::StratumAndVolume, minimum, window);
                    rank_within(points, members, &within, residuals, rung, &mut found);
                }
            }
            let all: Vec<usize> = (0..members.len()).collect();
            rank_within(points, members, &all, residuals, (level, minimum, window), &mut found);
        }
    }
    found.into_iter().map(|found| found.ok_or(TooFewPeers { least: COARSE_REFERENCE })).collect()
}

/// Fills `found` for the members `within` a group that have enough peers there and no p yet.
fn rank_within(
    points: &[Point],
    group: &[usize],
    within: &[usize],
    residuals: &[f64],
    (level, minimum, window): (Level, usize, Window),
    found: &mut [Option<Calibration>],
) {
    if within.len() <= minimum {
        return;
    }
    let pre_incentive = window == Window::Clean;
    let reference = Reference::new(
        within
            .iter()
            .filter(|&&at| !pre_incentive || points[group[at]].before_incentive)
            .map(|&at| (points[group[at]].actor, residuals[at])),
    );
    for &at in within {
        let actor = points[group[at]].actor;
        let n_cal = reference.size_without(actor);
        let slot = &mut found[group[at]];
        if slot.is_none() && n_cal >= minimum {
            *slot = Some(Calibration { p: reference.p(actor, residuals[at]), n_cal, level, pre_incentive });
        }
    }
}

/// Rank of each member's volume in the group, ties sharing the lowest rank: the mean over the reported volumes of their
/// ranks, ranked again. No reading is used, so these bins need no leaving-out.
fn volume_ranks(points: &[Point], group: &[usize]) -> Vec<usize> {
    let mut sums = vec![(0.0, 0.0); group.len()];
    for component in 0..3 {
        let mut known: Vec<(f64, usize)> = group
            .iter()
            .enumerate()
            .filter_map(|(at, &index)| points[index].volumes[component].map(|volume| (volume, at)))
            .collect();
        let count = known.len() as f64;
        for (at, rank) in lowest_ranks(&mut known) {
            sums[at].0 += rank as f64 / count;
            sums[at].1 += 1.0;
        }
    }
    let mut means: Vec<(f64, usize)> =
        sums.into_iter().enumerate().map(|(at, (sum, n))| (if n > 0.0 { sum / n } else { 0.0 }, at)).collect();
    let mut ranks = vec![0; group.len()];
    for (at, rank) in lowest_ranks(&mut means) {
        ranks[at] = rank;
    }
    ranks
}

/// Pairs (position, rank), equal values sharing the rank of the first.
fn lowest_ranks(values: &mut [(f64, usize)]) -> Vec<(usize, usize)> {
    values.sort_unstable_by(|one, two| one.0.total_cmp(&two.0));
    let mut first = 0;
    (0..values.len())
        .map(|rank| {
            if values[rank].0 > values[first].0 {
                first = rank;
            }
            (values[rank].1, first)
        })
        .collect()
}

fn bin_of(rank: usize, count: usize, bins: usize) -> usize {
    rank * bins / count.max(1)
}

/// (value - median) / upper spread of the volume bin, median and spread fitted without the reading's own actor, and on
/// the clean window where the group has enough of it: a bin that readings under test fill is measured by its nearest clean
/// readings, not by them. Spread is the distance from the median to the 90th percentile, because
/// only the upper tail is read; the spread of the speaking readings of the group bounds it from below. That bound is everybody's,
/// the actor included: where two people speak at all, each would else be measured by the other's spread, and the smaller
/// reading could rank above the larger one.
fn residuals(points: &[Point], group: &[usize], volumes: &[usize]) -> Vec<f64> {
    let bins = (group.len() / READINGS_PER_BIN).clamp(1, MOST_BINS);
    let pooled = Fit::new(group.iter().map(|&index| &points[index]));
    let speaking = Fit::new(group.iter().map(|&index| &points[index]).filter(|point| !point.quiet)).everybody;
    let mut residuals = vec![0.0; group.len()];
    let mut by_bin: Vec<Vec<usize>> = vec![Vec::new(); bins];
    for at in 0..group.len() {
        by_bin[bin_of(volumes[at], group.len(), bins)].push(at);
    }
    let mut clean: Vec<usize> = (0..group.len()).filter(|&at| points[group[at]].before_incentive).collect();
    clean.sort_by_key(|&at| volumes[at]);
    for bin in &by_bin {
        let local = Fit::new(fitted_on(points, group, volumes, bin, &clean).iter().map(|&at| &points[group[at]]));
        for &at in bin {
            let point = &points[group[at]];
            let (pooled_median, pooled_spread) = pooled.without(point.actor).unwrap_or((0.0, 0.0));
            let (median, spread) = local.without(point.actor).unwrap_or((pooled_median, pooled_spread));
            let floor = speaking.map_or(pooled_spread, |(_, spread)| spread);
            let scale = spread.max(SPREAD_FLOOR * floor);
            residuals[at] = (point.value - median) / if scale > 0.0 { scale } else { 1.0 };
        }
    }
    residuals
}

/// The members that a bin is fitted on: its own, or the [`CLEAN_READINGS`] of `clean` (in order of volume) around its middle where
/// it holds fewer clean ones and the group has as many.
fn fitted_on<'a>(
    points: &[Point],
    group: &[usize],
    volumes: &[usize],
    bin: &'a [usize],
    clean: &'a [usize],
) -> &'a [usize] {
    let own = bin.iter().filter(|&&at| points[group[at]].before_incentive).count();
    if bin.is_empty() || own >= CLEAN_READINGS || clean.len() < CLEAN_READINGS {
        return bin;
    }
    let mut ranks: Vec<usize> = bin.iter().map(|&at| volumes[at]).collect();
    ranks.sort_unstable();
    let middle = ranks[ranks.len() / 2];
    let position = clean.partition_point(|&at| volumes[at] < middle);
    let first = position.saturating_sub(CLEAN_READINGS / 2).min(clean.len() - CLEAN_READINGS);
    &clean[first..first + CLEAN_READINGS]
}

/// Median and upper spread of a bin, with any one actor left out.
struct Fit {
    everybody: Option<(f64, f64)>,
    /// For each actor with readings in the bin, the fit of the others; `None` when there are no others.
    without: FxHashMap<u32, Option<(f64, f64)>>,
}

impl Fit {
    /// Fits on the readings before the first incentive when there are [`CLEAN_READINGS`], else on all.
    fn new<'a>(members: impl Iterator<Item = &'a Point> + Clone) -> Self {
        let clean = members.clone().filter(|point| point.before_incentive).count() >= CLEAN_READINGS;
        let mut sorted: Vec<(f64, u32)> =
            members.filter(|point| !clean || point.before_incentive).map(|point| (point.value, point.actor)).collect();
        sorted.sort_unstable_by(|one, two| one.0.total_cmp(&two.0).then(one.1.cmp(&two.1)));
        let mut positions: FxHashMap<u32, Vec<usize>> = FxHashMap::default();
        for (position, (_, actor)) in sorted.iter().enumerate() {
            positions.entry(*actor).or_default().push(position);
        }
        let fit = |own: &[usize]| {
            let last = (sorted.len() - own.len()).checked_sub(1)?;
            let quantile = |probability: f64| {
                let wanted = (probability * last as f64).round() as usize;
                // The wanted rank among the others, moved past the actor's own readings below it.
                let position = own.iter().fold(wanted, |at, &mine| if mine <= at { at + 1 } else { at });
                sorted[position].0
            };
            Some((quantile(0.5), quantile(0.9) - quantile(0.5)))
        };
        Self { everybody: fit(&[]), without: positions.iter().map(|(&actor, own)| (actor, fit(own))).collect() }
    }

    fn without(&self, actor: u32) -> Option<(f64, f64)> {
        self.without.get(&actor).copied().unwrap_or(self.everybody)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::score::stats::Seeded;

    /// `n` readings of `actors` people in one stratum; the value loads on log volume in place *and* spread.
    pub(in crate::score) fn points(n: usize, actors: u32, seed: u64) -> Vec<Point> {
        let mut random = Seeded::new(seed);
        (0..n)
            .map(|index| {
                let log_volume = 8.0 + 1.5 * random.normal();
                Point {
                    actor: index as u32 % actors,
                    stratum: 0,
                    client: 0,
                    volumes: [Some(log_volume.exp()), Some((log_volume * 3.0).floor()), None],
                    before_incentive: false,
                    quiet: false,
                    value: log_volume + (1.0 + 0.3 * log_volume.abs()) * random.normal(),
                }
            })
            .collect()
    }

    fn share_below(results: &[Result<Calibration, TooFewPeers>], cut: f64) -> f64 {
        let p_values: Vec<f64> = results.iter().map(|result| result.unwrap().p).collect();
        p_values.iter().filter(|p| **p <= cut).count() as f64 / p_values.len() as f64
    }

    #[test]
    fn p_values_of_exchangeable_readings_are_uniform() {
        let results = calibrate(&points(20_000, 200, 1));
        for cut in [0.01, 0.05, 0.2, 0.5] {
            let share = share_below(&results, cut);
            assert!((share - cut).abs() < 0.15 * cut, "{cut}: {share}");
        }
    }

    #[test]
    fn the_heaviest_users_get_no_smaller_p_values() {
        let points = points(20_000, 200, 2);
        let mut by_volume: Vec<usize> = (0..points.len()).collect();
        by_volume.sort_by(|&one, &two| points[two].volumes[0].unwrap().total_cmp(&points[one].volumes[0].unwrap()));
        let results = calibrate(&points);
        let heaviest: Vec<_> = by_volume[..400].iter().map(|&index| results[index]).collect();
        // Without residualisation nearly all of the top 2 % by volume would lie below .05.
        assert!(share_below(&heaviest, 0.05) < 0.08, "{}", share_below(&heaviest, 0.05));
    }

    #[test]
    fn ties_are_conservative_and_own_readings_do_not_count() {
        let mut tied: Vec<Point> = (0..501)
            .map(|index| Point {
                actor: index,
                stratum: 0,
                client: 0,
                volumes: [None; 3],
                before_incentive: false,
                quiet: false,
                value: 0.0,
            })
            .collect();
        assert!(calibrate(&tied).iter().all(|result| result.unwrap().p == 1.0));
        tied[500].value = 1.0;
        let result = calibrate(&tied)[500].unwrap();
        assert_eq!((result.p, result.n_cal), (1.0 / 501.0, 500));
        // The same person's 500 readings are no peers.
        tied.iter_mut().skip(1).for_each(|point| point.actor = 1);
        let results = calibrate(&tied);
        assert_eq!(results[0].unwrap().n_cal, 500);
        assert_eq!(results[1].unwrap_err().to_string(), "calibration: fewer than 20 comparable readings");
    }

    #[test]
    fn the_ladder_goes_from_narrow_to_wide_and_prefers_the_clean_window() {
        let mut all = points(3_000, 300, 3);
        // 2,000 of stratum 0 (half of them before the incentive); 700 of stratum 1, same client; 300 of another client.
        for (index, point) in all.iter_mut().enumerate() {
            (point.stratum, point.client) = match index {
                0..2_000 => (0, 0),
                2_000..2_400 => (1, 0),
                _ => (2, 1),
            };
            point.before_incentive = index % 2 == 0;
        }
        let results = calibrate(&all);
        let of = |index: usize| results[index].map(|found| (found.level, found.pre_incentive)).unwrap();
        assert_eq!(of(0), (Level::Stratum, true));
        assert_eq!(of(2_100), (Level::Client, true));
        assert_eq!(of(2_500), (Level::Stratum, false));
        assert!((980..1_000).contains(&results[0].unwrap().n_cal));
        let wide = calibrate(&points(6_000, 300, 4));
        assert!(wide.iter().all(|result| result.unwrap().level == Level::StratumAndVolume));
    }

    #[test]
    fn a_small_organisation_gets_coarse_p_values_that_stay_uniform() {
        let small = points(400, 40, 5);
        let results = calibrate(&small);
        assert!(results.iter().all(|result| result.unwrap().level == Level::Everybody));
        for cut in [0.05, 0.2, 0.5] {
            let share = share_below(&results, cut);
            assert!((share - cut).abs() < 0.05, "{cut}: {share}");
        }
        let coarse = calibrate(&points(60, 30, 5));
        assert!(coarse.iter().all(|result| result.unwrap().p >= 1.0 / 59.0));
        for cut in [0.2, 0.5] {
            let share = share_below(&coarse, cut);
            assert!((share - cut).abs() < 0.1, "{cut}: {share}");
        }
        assert!(calibrate(&points(20, 20, 5)).iter().all(Result::is_err));
    }

    #[test]
    fn the_busiest_of_a_few_people_is_not_silenced_by_the_own_readings() {
        // One person has 60 readings above everybody else's, five others have 18 each: 90 are no fewer for the one than 132 for each other.
        let readings: Vec<Point> = points(150, 1, 8)
            .into_iter()
            .enumerate()
            .map(|(index, point)| {
                let actor = if index < 60 { 0 } else { 1 + (index as u32 - 60) / 18 };
                let value = if actor == 0 { 10.0 } else { f64::from(index as u32 % 5) };
                Point { actor, volumes: [None; 3], value, ..point }
            })
            .collect();
        let results = calibrate(&readings);
        assert_eq!(results[0].map(|found| (found.p, found.n_cal)), Ok((1.0 / 91.0, 90)));
        assert!(results[60..].iter().all(|result| result.is_ok_and(|found| found.n_cal == 132 && found.p > 0.4)));
    }

    #[test]
    fn a_small_clean_window_does_not_replace_a_hundred_readings() {
        let mut all = points(300, 30, 9);
        all.iter_mut().take(60).for_each(|point| point.before_incentive = true);
        let found = calibrate(&all)[299].unwrap();
        assert_eq!((found.n_cal, found.pre_incentive), (290, false));
        all.iter_mut().take(150).for_each(|point| point.before_incentive = true);
        let found = calibrate(&all)[299].unwrap();
        assert_eq!((found.n_cal, found.pre_incentive), (145, true));
    }

    #[test]
    fn readings_under_test_that_fill_a_bin_are_not_its_measure() {
        let mut random = Seeded::new(12);
        let reading = |actor: u32, before_incentive: bool, volume: f64, value: f64| Point {
            actor,
            stratum: 0,
            client: 0,
            volumes: [Some(volume), None, None],
            before_incentive,
            quiet: false,
            value,
        };
        // A third of what 59 people do lies before the incentive; after it four others do a hundred times the same, at one volume.
        let mut all: Vec<Point> =
            (0..1_800).map(|index| reading(index % 59, index % 3 == 0, random.normal(), random.normal())).collect();
        all.extend((0..400).map(|index| reading(100 + index % 4, false, 0.0, 5.0)));
        let results = calibrate(&all);
        assert!(results[1_800..].iter().all(|result| result.unwrap().p < 0.01));
        let later: Vec<_> = (0..1_800).filter(|index| index % 3 != 0).map(|index| results[index]).collect();
        assert!((share_below(&later, 0.05) - 0.05).abs() < 0.02, "{}", share_below(&later, 0.05));
    }

    #[test]
    fn quiet_units_are_peers_of_the_rare_reading() {
        // One unit in twenty shows something; the reading of each is compared with all of them.
        let mut all = points(2_000, 200, 6);
        for (index, point) in all.iter_mut().enumerate() {
            point.quiet = index % 20 != 0;
            point.volumes = [None; 3];
            point.value = if point.quiet { 0.0 } else { 1.0 + index as f64 / 2_000.0 };
        }
        let results = calibrate(&all);
        let smallest = results[1_980].unwrap();
        assert!(smallest.p < 0.002, "{}", smallest.p);
        assert!((results[0].unwrap().p - 0.05).abs() < 0.02, "{}", results[0].unwrap().p);
    }

    #[test]
    fn of_two_people_who_speak_the_larger_readings_rank_higher() {
        // 3,000 units in which nothing was found, 150 readings of one person close together and high, 50 of another spread out and low.
        let mut all = points(3_200, 60, 10);
        for (index, point) in all.iter_mut().enumerate() {
            (point.volumes, point.quiet) = ([None; 3], index < 3_000);
            (point.actor, point.value) = match index {
                0..3_000 => (point.actor, 0.0),
                3_000..3_150 => (100, 0.9 + 0.0001 * (index - 3_000) as f64),
                _ => (101, 0.05 + 0.003 * (index - 3_150) as f64),
            };
        }
        let results = calibrate(&all);
        assert_eq!(results[3_000].map(|found| (found.p, found.n_cal)), Ok((1.0 / 3_051.0, 3_050)));
        assert_eq!(results[3_199].map(|found| (found.p, found.n_cal)), Ok((151.0 / 3_151.0, 3_150)));
    }
}
