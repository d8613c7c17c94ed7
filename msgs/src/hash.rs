//! FNV-1a, a hash that can be computed while compiling.

/// A 64-bit FNV-1a hash, fed piece by piece. For fingerprints of types and of simulated runs, not against attackers.
///
/// ```
/// use nevil_msgs::Fnv1a;
///
/// let mut hash = Fnv1a::new();
/// hash.write(b"foo");
/// hash.write(b"bar");
/// assert_eq!(hash.finish(), 0x8594_4171_f739_67e8);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fnv1a(u64);

impl Fnv1a {
    // Both numbers are those of the FNV definition for 64 bits.
    const OFFSET_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;

    /// A hash of nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(Self::OFFSET_BASIS)
    }

    /// Takes `bytes` in. Pieces are not told apart: `"ab", "c"` hashes as `"a", "bc"` does.
    pub const fn write(&mut self, bytes: &[u8]) {
        // A `for` loop is not possible in a const function.
        let mut index = 0;
        while index < bytes.len() {
            self.0 = (self.0 ^ bytes[index] as u64).wrapping_mul(Self::PRIME);
            index += 1;
        }
    }

    /// Takes `number` in as 8 bytes, least significant first.
    pub const fn write_u64(&mut self, number: u64) {
        self.write(&number.to_le_bytes());
    }

    /// The hash of all that was taken in.
    #[must_use]
    pub const fn finish(&self) -> u64 {
        self.0
    }
}

impl Default for Fnv1a {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::Fnv1a;

    #[test]
    fn equals_the_published_values() {
        for (text, expected) in [("", 0xcbf2_9ce4_8422_2325), ("a", 0xaf63_dc4c_8601_ec8c_u64)] {
            let mut hash = Fnv1a::new();
            hash.write(text.as_bytes());
            assert_eq!(hash.finish(), expected);
        }
    }

    #[test]
    fn can_be_computed_while_compiling() {
        const HASH: u64 = {
            let mut hash = Fnv1a::new();
            hash.write_u64(7);
            hash.finish()
        };
        let mut hash = Fnv1a::default();
        hash.write(&[7, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(hash.finish(), HASH);
    }
}
