//! The memory of one engine: a limit that all operators share.
//!
//! Owns when an operator may have more. Owns no spilling: an operator that is refused spills what it has, and one that has nothing fails.
//!
//! A pool in equal shares (DataFusion's `FairSpillPool`) counts every operator of a plan that could spill, also those that hold nothing: with a dozen
//! of them a share is smaller than the first batch of a sort. Here the first who ask get it, and a floor is kept for everybody, so that whoever
//! begins while others hold the rest can still take in a batch and spill it.

use datafusion::common::DataFusionError;
use datafusion::error::Result;
use datafusion::execution::memory_pool::{MemoryLimit, MemoryPool, MemoryReservation, human_readable_size};
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Share of the limit that only operators below their floor can have.
const RESERVE: usize = 4;

/// What an operator may have of that: a part of the limit.
const FLOOR: usize = 12;

/// First come, first served, with a floor for everybody.
#[derive(Debug)]
pub(super) struct CommonPool {
    /// Of what is not set aside.
    limit: AtomicUsize,
    used: AtomicUsize,
}

impl CommonPool {
    /// Of so many bytes.
    pub(super) fn new(limit: usize) -> Self {
        Self { limit: AtomicUsize::new(limit), used: AtomicUsize::new(0) }
    }

    /// Operators have so many bytes less from now on, and their floors are less with them; an eighth of what they had stays.
    pub(super) fn set_aside(&self, bytes: usize) {
        let limit = self.limit();
        self.limit.store(limit.saturating_sub(bytes).max(limit / 8), Ordering::Relaxed);
    }

    /// Bytes that operators share.
    pub(super) fn limit(&self) -> usize {
        self.limit.load(Ordering::Relaxed)
    }

    /// The most that may be in use after a reservation has grown to `size`.
    fn most(&self, size: usize) -> usize {
        let limit = self.limit();
        if size <= limit / FLOOR { limit } else { limit - limit / RESERVE }
    }
}

impl MemoryPool for CommonPool {
    fn name(&self) -> &str {
        "common"
    }

    fn grow(&self, _: &MemoryReservation, additional: usize) {
        self.used.fetch_add(additional, Ordering::Relaxed);
    }

    fn shrink(&self, _: &MemoryReservation, shrink: usize) {
        self.used.fetch_sub(shrink, Ordering::Relaxed);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        let most = self.most(reservation.size().saturating_add(additional));
        let grown = self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
            let used = used.checked_add(additional)?;
            (used <= most).then_some(used)
        });
        grown.map(|_| ()).map_err(|used| {
            DataFusionError::ResourcesExhausted(format!(
                "{} has {} and needs {} more, and of {} others hold {}",
                reservation.consumer().name(),
                human_readable_size(reservation.size()),
                human_readable_size(additional),
                human_readable_size(self.limit()),
                human_readable_size(used.saturating_sub(reservation.size())),
            ))
        })
    }

    fn reserved(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    fn memory_limit(&self) -> MemoryLimit {
        MemoryLimit::Finite(self.limit())
    }
}

impl fmt::Display for CommonPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} in use", human_readable_size(self.reserved()), human_readable_size(self.limit()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::execution::memory_pool::MemoryConsumer;
    use std::sync::Arc;

    #[test]
    fn a_quarter_is_for_those_who_have_little() {
        let pool: Arc<dyn MemoryPool> = Arc::new(CommonPool::new(1_200));
        let consumer = |name: &str| MemoryConsumer::new(name).with_can_spill(true).register(&pool);
        let (large, small) = (consumer("large"), consumer("small"));
        large.try_grow(900).unwrap();
        let refused = large.try_grow(1).unwrap_err().to_string();
        assert!(refused.contains("large has 900.0 B and needs 1.0 B more"), "{refused}");
        small.try_grow(100).unwrap();
        assert!(small.try_grow(1).is_err(), "that is more than the floor");
        consumer("another").try_grow(100).unwrap();
        large.shrink(200);
        small.try_grow(100).unwrap();
        drop((large, small));
        assert_eq!(pool.reserved(), 0);
    }

    #[test]
    fn what_is_set_aside_is_for_no_operator() {
        let common = Arc::new(CommonPool::new(1_200));
        let pool: Arc<dyn MemoryPool> = Arc::clone(&common) as Arc<dyn MemoryPool>;
        let consumer = MemoryConsumer::new("large").with_can_spill(true).register(&pool);
        common.set_aside(800);
        consumer.try_grow(300).unwrap();
        assert!(consumer.try_grow(1).is_err(), "a quarter of the 400 is for those who have little");
        common.set_aside(1_000_000);
        assert_eq!(common.limit(), 50);
    }
}
