//! Noise.

/// A number with mean 0 and deviation 1, nearly normal: a sum of twelve even ones, never beyond ±6.
pub(crate) fn normal(random: &mut fastrand::Rng) -> f64 {
    (0..12).map(|_| random.f64()).sum::<f64>() - 6.0
}

/// A seed of its own for each of those who draw, so that how often one draws leaves the others alone.
pub(crate) fn seed_of(seed: u64, who: Draws) -> u64 {
    // The golden ratio spreads neighbouring seeds over all 64 bits.
    seed ^ (who as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// Who draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Draws {
    Sonar = 0,
    Slip,
    Converter,
}
