//! Draws from named streams: the same seed and name give the same draws, whatever else was drawn before.
//!
//! Owns distributions. Owns no parameters: those stand where they are used.

use xxhash_rust::xxh3::xxh3_64;

/// A stream of draws.
pub(super) struct Random(fastrand::Rng);

impl Random {
    /// The stream of this seed and name. Streams of different names are unrelated, so people and weeks can be made in any order.
    pub(super) fn stream(seed: u64, name: &str, numbers: &[u64]) -> Self {
        let mut key = Vec::with_capacity(name.len() + 8 * (numbers.len() + 1));
        key.extend_from_slice(&seed.to_le_bytes());
        for number in numbers {
            key.extend_from_slice(&number.to_le_bytes());
        }
        key.extend_from_slice(name.as_bytes());
        Self(fastrand::Rng::with_seed(xxh3_64(&key)))
    }

    /// A whole number below `end`; 0 when `end` is 0.
    pub(super) fn below(&mut self, end: usize) -> usize {
        if end == 0 { 0 } else { self.0.usize(0..end) }
    }

    /// A whole number from `low` to `high`, both included.
    pub(super) fn whole(&mut self, low: i64, high: i64) -> i64 {
        self.0.i64(low..=high.max(low))
    }

    /// A real number, uniform.
    pub(super) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.0.f64()
    }

    /// True with this probability.
    pub(super) fn chance(&mut self, probability: f64) -> bool {
        self.0.f64() < probability
    }

    /// True with this probability; what never or always happens takes no draw, so that the draws after it stay as they are.
    pub(super) fn happens(&mut self, rate: f64) -> bool {
        rate >= 1.0 || (rate > 0.0 && self.chance(rate))
    }

    /// One of them.
    pub(super) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    /// A number of the position that the weights choose.
    pub(super) fn weighted(&mut self, weights: &[f64]) -> usize {
        let mut left = self.between(0.0, weights.iter().sum());
        for (index, weight) in weights.iter().enumerate() {
            left -= weight;
            if left < 0.0 {
                return index;
            }
        }
        weights.len() - 1
    }

    /// Standard normal, by Box and Muller (1958).
    pub(super) fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.0.f64()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.0.f64()).cos()
    }

    /// Lognormal with this median and standard deviation of the logarithm.
    pub(super) fn lognormal(&mut self, median: f64, sigma: f64) -> f64 {
        median * (sigma * self.normal()).exp()
    }

    /// Exponential with this mean.
    pub(super) fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.0.f64()).ln()
    }

    /// Poisson with this mean, by Knuth's product; a rounded normal above 30.
    pub(super) fn poisson(&mut self, mean: f64) -> usize {
        if mean > 30.0 {
            return (mean + mean.sqrt() * self.normal()).round().max(0.0) as usize;
        }
        let (limit, mut product, mut count) = ((-mean).exp(), self.0.f64(), 0);
        while product > limit {
            product *= self.0.f64();
            count += 1;
        }
        count
    }

    /// Shuffles, by Fisher and Yates.
    pub(super) fn shuffle<T>(&mut self, items: &mut [T]) {
        self.0.shuffle(items);
    }

    /// So many hexadecimal digits.
    pub(super) fn hex(&mut self, digits: usize) -> String {
        (0..digits).map(|_| char::from(b"0123456789abcdef"[self.below(16)])).collect()
    }

    /// A random UUID, version 4.
    pub(super) fn uuid(&mut self) -> String {
        let (head, middle, tail) = (self.hex(8), self.hex(4), self.hex(12));
        let (version, variant) = (self.hex(3), self.hex(3));
        format!("{head}-{middle}-4{version}-{}{variant}-{tail}", char::from(b"89ab"[self.below(4)]))
    }
}
