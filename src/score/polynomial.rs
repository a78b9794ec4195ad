//! Histograms around a line, and what they would look like without it.
//!
//! Owns the bins, the polynomial counterfactual (Saez 2010; Chetty et al. 2011; Kleven and Waseem 2013) and McCrary's (2008)
//! density jump. Owns no decision: `population` says when these may speak.

use std::ops::Range;

/// Bins wanted on either side of the line.
const BINS_A_SIDE: usize = 20;
/// Fewest bins a side that leave something outside the window.
const FEWEST_BINS: usize = 5;
/// Half width of the window that is left out, as a part of the line (`hug.delta`).
const WINDOW: f64 = 0.10;
/// Degree of the polynomial (`bunch.poly`), lowered when the bins are few.
const DEGREE: usize = 7;
/// Bins outside the window wanted for each coefficient.
const BINS_A_COEFFICIENT: usize = 3;

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

    /// Bin of an amount; `None` outside the grid.
    pub(super) fn bin(&self, amount: f64) -> Option<usize> {
        let offset = ((amount - self.line) / self.width).floor() + self.side as f64;
        (offset >= 0.0 && offset < self.bins() as f64).then_some(offset as usize)
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

/// A polynomial fitted outside the window: a linear map from counts to the expected counts just above the line.
#[derive(Debug, Clone)]
pub(super) struct Counterfactual {
    window: Window,
    /// Expected count of each bin above the line = row times counts.
    rows: Vec<Vec<f64>>,
}

impl Counterfactual {
    /// Least squares on the bins outside `window` and outside `also_out` (the true line's window, for placebo lines).
    /// `None` when the bins left do not determine the polynomial.
    pub(super) fn new(grid: &Grid, window: Window, also_out: Window) -> Option<Self> {
        let fitted: Vec<usize> = (0..grid.bins())
            .filter(|bin| !(window.first..window.end).contains(bin) && !(also_out.first..also_out.end).contains(bin))
            .collect();
        let terms = (DEGREE + 1).min(fitted.len() / BINS_A_COEFFICIENT);
        if terms == 0 || window.above().is_empty() {
            return None;
        }
        let basis = |bin: usize| legendre(grid.centre(bin), terms);
        let designs: Vec<Vec<f64>> = fitted.iter().map(|&bin| basis(bin)).collect();
        let mut normal = vec![vec![0.0; terms]; terms];
        for design in &designs {
            for (row, one) in normal.iter_mut().zip(design) {
                for (cell, two) in row.iter_mut().zip(design) {
                    *cell += one * two;
                }
            }
        }
        let rows = window
            .above()
            .map(|bin| {
                // Row of the hat matrix: basis(bin)' (X'X)^-1 X'.
                let solved = solve(normal.clone(), basis(bin))?;
                let mut row = vec![0.0; grid.bins()];
                for (&at, design) in fitted.iter().zip(&designs) {
                    row[at] = solved.iter().zip(design).map(|(one, two)| one * two).sum();
                }
                Some(row)
            })
            .collect::<Option<Vec<_>>>()?;
        Some(Self { window, rows })
    }

    /// Expected and observed counts just above the line.
    fn sums(&self, counts: &[f64]) -> (f64, f64) {
        let expected =
            self.rows.iter().map(|row| row.iter().zip(counts).map(|(one, two)| one * two).sum::<f64>()).sum();
        (expected, counts[self.window.above()].iter().sum())
    }

    /// Excess mass b just above the line, in bins of the counterfactual; an expectation below one count is taken as one.
    pub(super) fn excess(&self, counts: &[f64]) -> f64 {
        let (expected, observed) = self.sums(counts);
        let expected = expected.max(1.0);
        (observed - expected) / (expected / self.rows.len() as f64)
    }

    /// Part of the weeks just above the line that the counterfactual does not expect, 0 to 1.
    pub(super) fn unexplained_share(&self, counts: &[f64]) -> f64 {
        let (expected, observed) = self.sums(counts);
        if observed > 0.0 { (1.0 - expected / observed).clamp(0.0, 1.0) } else { 0.0 }
    }
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

/// Solves a small positive definite system by elimination with pivoting; `None` when it is singular.
fn solve(mut matrix: Vec<Vec<f64>>, mut right: Vec<f64>) -> Option<Vec<f64>> {
    let size = right.len();
    for column in 0..size {
        let pivot =
            (column..size).max_by(|&one, &two| matrix[one][column].abs().total_cmp(&matrix[two][column].abs()))?;
        if matrix[pivot][column].abs() < 1e-10 {
            return None;
        }
        matrix.swap(column, pivot);
        right.swap(column, pivot);
        let (above, below) = matrix.split_at_mut(column + 1);
        let leading = &above[column];
        let (solved, open) = right.split_at_mut(column + 1);
        for (row, value) in below.iter_mut().zip(open) {
            let factor = row[column] / leading[column];
            for (cell, lead) in row.iter_mut().zip(leading) {
                *cell -= factor * lead;
            }
            *value -= factor * solved[column];
        }
    }
    for column in (0..size).rev() {
        let known: f64 = (column + 1..size).map(|at| matrix[column][at] * right[at]).sum();
        right[column] = (right[column] - known) / matrix[column][column];
    }
    Some(right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_polynomial_density_has_no_excess_and_a_planted_one_is_measured() {
        let grid = Grid::around(1_000.0, false).unwrap();
        let window = Window::at(&grid, 1.0);
        let fit = Counterfactual::new(&grid, window, window).unwrap();
        let mut counts: Vec<f64> =
            (0..grid.bins()).map(|bin| grid.centre(bin)).map(|x| 200.0 - 90.0 * x + 40.0 * x.powi(5)).collect();
        assert!(fit.excess(&counts).abs() < 1e-6);
        // One whole bin's worth of the counterfactual more.
        let expected: f64 = counts[window.above()].iter().sum::<f64>();
        counts[grid.side] += expected / window.above().len() as f64;
        assert!((fit.excess(&counts) - 1.0).abs() < 1e-6);
        assert!((fit.unexplained_share(&counts) - 0.2).abs() < 1e-6);
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
}
