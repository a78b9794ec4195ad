//! Two published outlier detectors as baselines on the same features: isolation forest and ECOD.
//!
//! Owns the algorithms. A matrix is a slice of rows of equal width, without missing values; a higher score is more unusual.

/// Trees of the forest, the default of Liu, Ting and Zhou (2008).
pub const TREES: usize = 100;

/// Rows a tree sees, their default too.
pub const SUBSAMPLE: usize = 256;

enum Node {
    Leaf { size: usize },
    Split { column: usize, value: f64, below: Box<Node>, above: Box<Node> },
}

/// Anomaly score `2^(-E[h(x)] / c(psi))` of each row (Liu, Ting and Zhou 2008, equation 2).
pub fn isolation_forest(rows: &[Vec<f64>], trees: usize, subsample: usize, seed: u64) -> Vec<f64> {
    let mut random = fastrand::Rng::with_seed(seed);
    let size = subsample.min(rows.len());
    let limit = (size.max(2) as f64).log2().ceil() as usize;
    let forest: Vec<Node> = (0..trees)
        .map(|_| {
            let mut order: Vec<usize> = (0..rows.len()).collect();
            random.shuffle(&mut order);
            order.truncate(size);
            grow(rows, order, limit, &mut random)
        })
        .collect();
    let score = |row: &Vec<f64>| {
        let mean = forest.iter().map(|tree| path_length(tree, row)).sum::<f64>() / trees.max(1) as f64;
        2f64.powf(-mean / expected_path(size).max(f64::MIN_POSITIVE))
    };
    rows.iter().map(score).collect()
}

/// Mean path of an unsuccessful search in a binary search tree of `n` keys, their equation 1.
fn expected_path(n: usize) -> f64 {
    match n {
        0 | 1 => 0.0,
        2 => 1.0,
        n => {
            let last = (n - 1) as f64;
            2.0 * (last.ln() + 0.577_215_664_901_532_9) - 2.0 * last / n as f64
        }
    }
}

fn grow(rows: &[Vec<f64>], members: Vec<usize>, limit: usize, random: &mut fastrand::Rng) -> Node {
    let width = members.first().map_or(0, |row| rows[*row].len());
    let range = |column: usize| {
        let values = members.iter().map(|row| rows[*row][column]);
        (values.clone().fold(f64::INFINITY, f64::min), values.fold(f64::NEG_INFINITY, f64::max))
    };
    // A column that is the same everywhere cannot split.
    let columns: Vec<usize> = (0..width).filter(|column| range(*column).0 < range(*column).1).collect();
    if limit == 0 || members.len() < 2 || columns.is_empty() {
        return Node::Leaf { size: members.len() };
    }
    let column = columns[random.usize(0..columns.len())];
    let (low, high) = range(column);
    let value = low + (high - low) * random.f64();
    let (below, above): (Vec<usize>, Vec<usize>) = members.into_iter().partition(|row| rows[*row][column] < value);
    Node::Split {
        column,
        value,
        below: Box::new(grow(rows, below, limit - 1, random)),
        above: Box::new(grow(rows, above, limit - 1, random)),
    }
}

fn path_length(mut node: &Node, row: &[f64]) -> f64 {
    let mut depth = 0.0;
    loop {
        match node {
            Node::Leaf { size } => return depth + expected_path(*size),
            Node::Split { column, value, below, above } => {
                node = if row[*column] < *value { below } else { above };
                depth += 1.0;
            }
        }
    }
}

/// ECOD (Li, Zhao, Hu, Botta, Ionescu and Chen 2022, algorithm 1): for each column the tail probabilities by the empirical distribution,
/// left, right, and on the side to which the column is skewed; the three sums of negative logarithms, and the largest of them.
pub fn ecod(rows: &[Vec<f64>]) -> Vec<f64> {
    let width = rows.first().map_or(0, Vec::len);
    let mut sums = vec![[0.0_f64; 3]; rows.len()];
    let n = rows.len() as f64;
    for column in 0..width {
        let mut sorted: Vec<f64> = rows.iter().map(|row| row[column]).collect();
        sorted.sort_by(f64::total_cmp);
        let mean = sorted.iter().sum::<f64>() / n;
        // Only the sign of the third moment is used.
        let third: f64 = sorted.iter().map(|value| (value - mean).powi(3)).sum();
        for (row, sums) in rows.iter().zip(&mut sums) {
            let left = sorted.partition_point(|value| *value <= row[column]) as f64 / n;
            let right = (rows.len() - sorted.partition_point(|value| *value < row[column])) as f64 / n;
            sums[0] -= left.ln();
            sums[1] -= right.ln();
            sums[2] -= if third < 0.0 { left.ln() } else { right.ln() };
        }
    }
    sums.into_iter().map(|[left, right, skewed]| left.max(right).max(skewed)).collect()
}

/// Fills missing values with the median of their column, and puts a column of marks beside each column that misses some.
pub fn completed(rows: &[Vec<Option<f64>>]) -> Vec<Vec<f64>> {
    let width = rows.first().map_or(0, Vec::len);
    let mut columns: Vec<Vec<f64>> = Vec::new();
    for column in 0..width {
        let mut present: Vec<f64> = rows.iter().filter_map(|row| row[column]).collect();
        present.sort_by(f64::total_cmp);
        let Some(median) = present.get(present.len() / 2).copied() else { continue };
        columns.push(rows.iter().map(|row| row[column].unwrap_or(median)).collect());
        if present.len() < rows.len() {
            columns.push(rows.iter().map(|row| f64::from(row[column].is_none())).collect());
        }
    }
    (0..rows.len()).map(|row| columns.iter().map(|column| column[row]).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ecod_by_hand() {
        // Values 1, 2, 3, 10: skewed to the right. Left tails 1/4, 2/4, 3/4, 1; right tails 1, 3/4, 2/4, 1/4.
        let scores = ecod(&[vec![1.0], vec![2.0], vec![3.0], vec![10.0]]);
        let expected = [4f64.ln(), 2f64.ln(), 2f64.ln(), 4f64.ln()];
        for (score, expected) in scores.iter().zip(expected) {
            assert!((score - expected).abs() < 1e-12, "{scores:?}");
        }
        // A second column in which the last row is extreme too adds up, and only there.
        let scores = ecod(&[vec![1.0, 5.0], vec![2.0, 6.0], vec![3.0, 4.0], vec![10.0, 90.0]]);
        assert!((scores[3] - 2.0 * 4f64.ln()).abs() < 1e-12, "{scores:?}");
        // Row 1: left 1/4 and 2/4; right 1 and 3/4.
        assert!((scores[0] - 8f64.ln()).abs() < 1e-12, "{scores:?}");
    }

    #[test]
    fn a_forest_finds_what_stands_apart() {
        let mut random = fastrand::Rng::with_seed(5);
        let mut rows: Vec<Vec<f64>> =
            (0..400).map(|_| vec![random.f64() + random.f64(), random.f64() + random.f64()]).collect();
        rows.push(vec![9.0, -7.0]);
        let scores = isolation_forest(&rows, TREES, SUBSAMPLE, 1);
        let highest = scores.iter().copied().fold(0.0, f64::max);
        assert_eq!(scores[400], highest);
        // The paper: a score close to 1 is an anomaly, all near one half means none.
        assert!(highest > 0.7, "{highest}");
        let mean = scores.iter().sum::<f64>() / 401.0;
        assert!((0.35..0.55).contains(&mean), "{mean}");
        assert_eq!(scores, isolation_forest(&rows, TREES, SUBSAMPLE, 1));
    }

    #[test]
    fn nothing_to_split_is_nothing_unusual() {
        let same = isolation_forest(&vec![vec![1.0, 1.0]; 20], 10, 256, 1);
        assert!(same.iter().all(|score| (score - 0.5).abs() < 1e-9), "{same:?}");
        assert!((expected_path(256) - 10.2448).abs() < 1e-3);
    }

    #[test]
    fn missing_values_are_marked() {
        let rows = completed(&[
            vec![Some(1.0), None, None],
            vec![Some(3.0), Some(4.0), None],
            vec![Some(2.0), Some(6.0), None],
        ]);
        assert_eq!(rows, [vec![1.0, 6.0, 1.0], vec![3.0, 4.0, 0.0], vec![2.0, 6.0, 0.0]]);
    }
}
