//! Histograms around a line, and what they would look like without it.
//!
//! Owns the bins, the polynomial counterfactual (Saez 2010; Chetty et al. 2011; Kleven and Waseem 2013) and McCrary's (2008)
//! density jump. Owns no decision: `population` says when these may speak.

use std::ops::Range;

use crate::score::regression::{dot, invert, least_squares, unit};

/// Bins wanted on either side of the line.
const BINS_A_SIDE: usize = 20;
/// Fewest bins a side that leave something outside the window.
const FEWEST_BINS: usize = 5;
/// Half width of the window that is left out, as a part of the line (`hug.delta`).
const WINDOW: f64 = 0.10;
/// Largest degree of the polynomial (`bunch.poly`), lowered when the bins are few.
const DEGREE: usize = 7;
/// Smallest degree: a density has a slope and a bend.
const LEAST_DEGREE: usize = 2;
/// Bins outside the window wanted for each coefficient.
const BINS_A_COEFFICIENT: usize = 3;
/// Round bins outside the window from which their heaping is estimated, and the t from which it is believed; judgement defaults.
const FEWEST_ROUND_BINS: usize = 3;
const HEAPING_T: f64 = 3.0;

/// Equal bins from half to one and a half times the line, which is an edge.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Grid {
    line: f64,
    width: f64,
    side: usize,
}

impl Grid {
    /// A grid around `line`; bins of whole width for whole amounts, since a bin of 2.5 prompts would hold 2 or 3 of them in
    /// turn. `None` when the line is too small to have bins.
    pub(super) fn around(line: f64, whole: bool) -> Option<Self> {
        let fine = line / (2.0 * BINS_A_SIDE as f64);
        let width = if whole { fine.ceil() } else { fine };
        let side = if whole { (line / 2.0 / width).floor() as usize } else { BINS_A_SIDE };
        (line.is_finite() && line > 0.0 && side >= FEWEST_BINS).then_some(Self { line, width, side })
    }

    pub(super) fn bins(&self) -> usize {
        2 * self.side
    }

    pub(super) fn width(&self) -> f64 {
        self.width
    }

    /// Bin of an amount; `None` outside the grid.
    pub(super) fn bin(&self, amount: f64) -> Option<usize> {
        let offset = ((amount - self.line) / self.width).floor() + self.side as f64;
        (offset >= 0.0 && offset < self.bins() as f64).then_some(offset as usize)
    }

    /// Amounts of a bin: from, inclusive, to, exclusive.
    pub(super) fn edges(&self, bin: usize) -> (f64, f64) {
        let from = self.line + (bin as f64 - self.side as f64) * self.width;
        (from, from + self.width)
    }

    /// Centre of a bin, in (-1, 1) over the grid.
    fn centre(&self, bin: usize) -> f64 {
        (bin as f64 + 0.5) / self.side as f64 - 1.0
    }

    /// Log jump of the density at the line and its standard error: theta = ln f+ - ln f-,
    /// SE = sqrt(4.8 / (n h) (1 / f+ + 1 / f-)), f by local linear regression of the bins with a triangular kernel of
    /// bandwidth h = `bandwidth` times the line. `None` when a side has no density.
    pub(super) fn density_jump(&self, counts: &[f64], bandwidth: f64) -> Option<(f64, f64)> {
        let n: f64 = counts.iter().sum();
        let h = bandwidth * self.line;
        let at_line = |bins: Range<usize>| {
            let mut sums = [0.0; 5];
            for bin in bins {
                let x = (bin as f64 + 0.5 - self.side as f64) * self.width;
                let weight = (1.0 - x.abs() / h).max(0.0);
                let height = counts[bin] / (n * self.width);
                for (sum, term) in sums.iter_mut().zip([1.0, x, x * x, height, x * height]) {
                    *sum += weight * term;
                }
            }
            let [w, x, xx, y, xy] = sums;
            let determinant = w * xx - x * x;
            (determinant > 0.0).then(|| (xx * y - x * xy) / determinant).filter(|density| *density > 0.0)
        };
        let (below, above) = (at_line(0..self.side)?, at_line(self.side..self.bins())?);
        Some(((above / below).ln(), (4.8 / (n * h) * (1.0 / above + 1.0 / below)).sqrt()))
    }
}

/// The bins around a line that the counterfactual is not fitted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    first: usize,
    cut: usize,
    end: usize,
}

impl Window {
    /// The window around `part` of the grid's line.
    pub(super) fn at(grid: &Grid, part: f64) -> Self {
        let in_bins = |amount: f64| (amount / grid.width).round();
        let cut = (grid.side as f64 + in_bins((part - 1.0) * grid.line)).clamp(0.0, grid.bins() as f64) as usize;
        let half = in_bins(WINDOW * part * grid.line).max(1.0) as usize;
        Self { first: cut.saturating_sub(half), cut, end: (cut + half).min(grid.bins()) }
    }

    pub(super) fn below(&self) -> Range<usize> {
        self.first..self.cut
    }

    pub(super) fn above(&self) -> Range<usize> {
        self.cut..self.end
    }
}

/// A polynomial fitted outside the window: the expected counts just below and just above the line, as linear maps of counts.
#[derive(Debug, Clone)]
pub(super) struct Counterfactual {
    window: Window,
    /// The bins that it is fitted on.
    fitted: Vec<usize>,
    /// Expected count of all bins above the line = these weights times counts.
    above: Vec<f64>,
    /// The same below.
    below: Vec<f64>,
}

/// Observed and expected weeks on one side of a window. Both are linear in the counts, so those of a sample of actors are the
/// sums of the actors' own.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Mass {
    pub(super) observed: f64,
    pub(super) expected: f64,
}

impl std::ops::AddAssign for Mass {
    fn add_assign(&mut self, other: Self) {
        self.observed += other.observed;
        self.expected += other.expected;
    }
}

impl Mass {
    /// Excess mass b in bins of the counterfactual (Chetty et al. 2011): sum (C - C^) / mean C^ over `bins` bins. An
    /// expectation below one count is taken as one.
    pub(super) fn excess(&self, bins: usize) -> f64 {
        let expected = self.expected.max(1.0);
        (self.observed - expected) / (expected / bins as f64)
    }

    /// Part of the observed weeks that is not expected, 0 to 1.
    pub(super) fn unexplained_share(&self) -> f64 {
        if self.observed > 0.0 { (1.0 - self.expected / self.observed).clamp(0.0, 1.0) } else { 0.0 }
    }

    /// Part of the expected weeks that was not observed, 0 to 1.
    pub(super) fn missing_share(&self) -> f64 {
        if self.expected > 0.0 { (1.0 - self.observed / self.expected).clamp(0.0, 1.0) } else { 0.0 }
    }
}

impl Counterfactual {
    /// Least squares of the polynomial of `degree` on the bins outside `window` and outside `also_out` (the true line's
    /// window, for placebo lines), with a dummy for `round` bins if there are any. `None` when the bins left do not determine
    /// the model.
    pub(super) fn new(grid: &Grid, window: Window, also_out: Window, degree: usize, round: &[bool]) -> Option<Self> {
        let (fitted, designs) = design(grid, &[window, also_out], degree, round);
        let first = designs.first()?;
        if window.above().is_empty() {
            return None;
        }
        let polynomial = first.len() - usize::from(!round.is_empty());
        let mut normal = vec![vec![0.0; first.len()]; first.len()];
        for row in &designs {
            for (cells, one) in normal.iter_mut().zip(row) {
                cells.iter_mut().zip(row).for_each(|(cell, two)| *cell += one * two);
            }
        }
        let inverse = invert(normal)?;
        // Rows of the hat matrix, summed over the bins to predict: (sum of basis)' (X'X)^-1 X'.
        let weights = |bins: Range<usize>| {
            let mut basis = vec![0.0; first.len()];
            for bin in bins {
                let row = design_row(grid, bin, polynomial, round);
                basis.iter_mut().zip(row).for_each(|(sum, term)| *sum += term);
            }
            let direction: Vec<f64> = inverse.iter().map(|row| dot(row, &basis)).collect();
            let mut weights = vec![0.0; grid.bins()];
            fitted.iter().zip(&designs).for_each(|(&at, row)| weights[at] = dot(row, &direction));
            weights
        };
        let (above, below) = (weights(window.above()), weights(window.below()));
        Some(Self { window, fitted, above, below })
    }

    /// Bins above the line.
    pub(super) fn bins(&self) -> usize {
        self.window.above().len()
    }

    /// Weeks that the polynomial is fitted on.
    pub(super) fn outside(&self, counts: &[f64]) -> f64 {
        self.fitted.iter().map(|&bin| counts[bin]).sum()
    }

    /// Weeks just above the line.
    pub(super) fn above(&self, counts: &[f64]) -> Mass {
        Mass { observed: counts[self.window.above()].iter().sum(), expected: dot(&self.above, counts) }
    }

    /// Weeks just below it.
    pub(super) fn below(&self, counts: &[f64]) -> Mass {
        Mass { observed: counts[self.window.below()].iter().sum(), expected: dot(&self.below, counts) }
    }
}

/// What the polynomial fitted outside `window` expects in each bin, for a picture: at least 0, the dummy of round bins included.
pub(super) fn curve(grid: &Grid, window: Window, degree: usize, round: &[bool], counts: &[f64]) -> Option<Vec<f64>> {
    let (fitted, designs) = design(grid, &[window], degree, round);
    let terms = designs.first()?.len() - usize::from(!round.is_empty());
    let heights: Vec<f64> = fitted.iter().map(|&bin| counts[bin]).collect();
    let fit = least_squares(&designs, &heights)?;
    let expected = |bin: usize| dot(&design_row(grid, bin, terms, round), &fit.coefficients).max(0.0);
    Some((0..grid.bins()).map(expected).collect())
}

/// The degree, two to seven, with the smallest Akaike criterion, corrected for few bins (Hurvich and Tsai 1989), for `counts`
/// outside the window. What a straight line or a parabola describes is estimated with far less noise than by a polynomial of
/// degree seven, and the difference of two such estimates is what the test lives on.
pub(super) fn best_degree(grid: &Grid, window: Window, counts: &[f64]) -> usize {
    let criterion = |degree: usize| {
        let (fitted, designs) = design(grid, &[window], degree, &[]);
        let heights: Vec<f64> = fitted.iter().map(|&bin| counts[bin]).collect();
        let fit = least_squares(&designs, &heights)?;
        let (n, terms) = (fitted.len() as f64, fit.coefficients.len() as f64 + 1.0);
        let squares: f64 = fit.residuals.iter().map(|residual| residual * residual).sum();
        (n > terms + 1.0)
            .then(|| n * (squares.max(f64::MIN_POSITIVE) / n).ln() + 2.0 * terms * n / (n - terms - 1.0))
            .map(|value| (value, degree))
    };
    let best = (LEAST_DEGREE..=DEGREE).filter_map(criterion).min_by(|one, two| one.0.total_cmp(&two.0));
    best.map_or(LEAST_DEGREE, |(_, degree)| degree)
}

/// Bins outside all windows, and their rows of the design.
fn design(grid: &Grid, out: &[Window], degree: usize, round: &[bool]) -> (Vec<usize>, Vec<Vec<f64>>) {
    let fitted: Vec<usize> =
        (0..grid.bins()).filter(|bin| out.iter().all(|window| !(window.first..window.end).contains(bin))).collect();
    let terms = (degree + 1).min(fitted.len() / BINS_A_COEFFICIENT);
    let designs =
        if terms == 0 { Vec::new() } else { fitted.iter().map(|&bin| design_row(grid, bin, terms, round)).collect() };
    (fitted, designs)
}

fn design_row(grid: &Grid, bin: usize, terms: usize, round: &[bool]) -> Vec<f64> {
    let mut row = legendre(grid.centre(bin), terms);
    row.extend(round.get(bin).map(|round| f64::from(u8::from(*round))));
    row
}

/// Bins that hold a round number, if these heap in `counts` outside the window by more than chance; else empty. People set
/// themselves round goals, so a round quota would bunch without any incentive (Kleven 2016, on reference points).
pub(super) fn heaping(grid: &Grid, window: Window, counts: &[f64]) -> Vec<bool> {
    let step = 10f64.powf((grid.line / 5.0).log10().floor());
    if step < 2.0 * grid.width {
        return Vec::new();
    }
    let holds = |bin: usize| {
        let low = grid.line + (bin as f64 - grid.side as f64) * grid.width;
        (low / step - 1e-9).ceil() * step < low + grid.width * (1.0 - 1e-9)
    };
    let round: Vec<bool> = (0..grid.bins()).map(holds).collect();
    let (fitted, designs) = design(grid, &[window], best_degree(grid, window, counts), &round);
    if fitted.iter().filter(|&&bin| round[bin]).count() < FEWEST_ROUND_BINS {
        return Vec::new();
    }
    let heights: Vec<f64> = fitted.iter().map(|&bin| counts[bin]).collect();
    let Some(fit) = least_squares(&designs, &heights) else { return Vec::new() };
    let dummy = fit.coefficients.len() - 1;
    let error = fit.variance(&unit(fit.coefficients.len(), dummy)).sqrt();
    if fit.coefficients[dummy] > HEAPING_T * error { round } else { Vec::new() }
}

/// Legendre polynomials at x: the same fit as powers of x, without their loss of digits.
fn legendre(x: f64, terms: usize) -> Vec<f64> {
    let mut values = vec![1.0, x];
    for degree in 1..terms {
        let order = degree as f64;
        values.push(((2.0 * order + 1.0) * x * values[degree] - order * values[degree - 1]) / (order + 1.0));
    }
    values.truncate(terms);
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_polynomial_density_has_no_excess_and_a_planted_one_is_measured() {
        let grid = Grid::around(1_000.0, false).unwrap();
        let window = Window::at(&grid, 1.0);
        let fit = Counterfactual::new(&grid, window, window, DEGREE, &[]).unwrap();
        let mut counts: Vec<f64> =
            (0..grid.bins()).map(|bin| grid.centre(bin)).map(|x| 200.0 - 90.0 * x + 40.0 * x.powi(5)).collect();
        assert!(fit.above(&counts).excess(fit.bins()).abs() < 1e-6);
        // One whole bin's worth of the counterfactual more.
        let expected: f64 = counts[window.above()].iter().sum::<f64>();
        counts[grid.side] += expected / window.above().len() as f64;
        assert!((fit.above(&counts).excess(fit.bins()) - 1.0).abs() < 1e-6);
        assert!((fit.above(&counts).unexplained_share() - 0.2).abs() < 1e-6);
        // What is missing below is the mirror image.
        counts[grid.side - 1] -= 50.0;
        let below = fit.below(&counts);
        assert!((below.expected - below.observed - 50.0).abs() < 1e-6);
    }

    #[test]
    fn round_numbers_that_heap_everywhere_are_no_excess() {
        let grid = Grid::around(50.0, true).unwrap();
        let window = Window::at(&grid, 1.0);
        let smooth: Vec<f64> = (0..grid.bins()).map(|bin| 40.0 - 10.0 * grid.centre(bin)).collect();
        assert_eq!(heaping(&grid, window, &smooth), Vec::<bool>::new());
        // Multiples of ten, 50 among them, have 30 weeks more.
        let mut heaped = smooth;
        (0..grid.bins()).filter(|bin| (26 + 2 * bin) % 10 == 0).for_each(|bin| heaped[bin] += 30.0);
        let round = heaping(&grid, window, &heaped);
        assert_eq!(round.iter().filter(|round| **round).count(), 5);
        let excess = |round: &[bool]| {
            let fit = Counterfactual::new(&grid, window, window, LEAST_DEGREE, round).unwrap();
            fit.above(&heaped).excess(fit.bins())
        };
        assert!(excess(&[]).abs() > 0.1 && excess(&round).abs() < 1e-6, "{} {}", excess(&[]), excess(&round));
    }

    #[test]
    fn bins_meet_the_line_and_hold_whole_numbers() {
        let grid = Grid::around(100.0, true).unwrap();
        assert_eq!((grid.width, grid.bins()), (3.0, 32));
        assert_eq!(
            (grid.bin(99.0), grid.bin(100.0), grid.bin(102.0), grid.bin(103.0)),
            (Some(15), Some(16), Some(16), Some(17))
        );
        assert_eq!((grid.bin(51.9), grid.bin(52.0), grid.bin(148.0), grid.bin(f64::NAN)), (None, Some(0), None, None));
        assert_eq!(Grid::around(4.0, true), None);
        assert_eq!(Grid::around(f64::NAN, false), None);
    }

    #[test]
    fn the_density_jump_is_mccrarys() {
        let grid = Grid::around(1_000.0, false).unwrap();
        let counts: Vec<f64> = (0..40).map(|bin| if bin < 20 { 50.0 } else { 100.0 }).collect();
        let (theta, error) = grid.density_jump(&counts, 0.25).unwrap();
        assert!((theta - 2f64.ln()).abs() < 1e-9);
        // f- = 50 / (3000 * 25), f+ twice that; n h = 3000 * 250.
        let expected = (4.8f64 / (3_000.0 * 250.0) * (1_500.0 + 750.0)).sqrt();
        assert!((error - expected).abs() < 1e-9);
        assert_eq!(grid.density_jump(&[0.0; 40], 0.25), None);
    }

    /// A second implementation with statsmodels 0.15.0: `f = sm.WLS(y[m], sm.add_constant(x[m]), weights=max(0, 1 - |x| / h))` on
    /// either side of these 40 bins, theta = ln(f+ / f-), the error as in McCrary (2008).
    #[test]
    fn the_density_jump_agrees_with_a_second_implementation() {
        let grid = Grid::around(1_000.0, false).unwrap();
        let below = (0..20).map(|bin| f64::from(30 + (7 * bin) % 11) + 1.5 * f64::from(bin));
        let counts: Vec<f64> = below.chain((0..20).map(|bin| f64::from(80 + (5 * bin) % 13 - bin))).collect();
        let (theta, error) = grid.density_jump(&counts, 0.25).unwrap();
        assert!((theta - 0.283_158_897_075_336_5).abs() < 1e-9 && (error - 0.115_628_065_729_530_79).abs() < 1e-9);
    }
}
