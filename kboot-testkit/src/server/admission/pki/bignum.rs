//! Arithmetic modulo an odd number, for keys that Go verifies with and aws-lc refuses: RSA of any size, P-224.
//! It knows public values only and takes no care about time.

/// A number, least limb first, of as many limbs as its modulus.
pub(crate) type Number = Vec<u32>;

/// An odd modulus, for Montgomery multiplication.
#[derive(Debug, Clone)]
pub(crate) struct Modulus {
    limbs: Number,
    /// -1/modulus modulo 2^32.
    inverse: u32,
    /// The square of the Montgomery radix.
    square: Number,
}

fn low(number: u64) -> u32 {
    let [.., a, b, c, d] = number.to_be_bytes();
    u32::from_be_bytes([a, b, c, d])
}

fn high(number: u64) -> u32 {
    low(number >> 32)
}

impl Modulus {
    /// None for an even modulus, or one of one limb or none.
    pub(crate) fn new(octets: &[u8]) -> Option<Self> {
        let mut limbs = from_octets(octets);
        while limbs.last() == Some(&0) {
            limbs.pop();
        }
        let lowest = *limbs.first()?;
        if lowest & 1 == 0 || limbs.len() < 2 {
            return None;
        }
        // Newton's iteration: each round doubles the bits that are right.
        let inverse = (0..5).fold(1_u32, |x, _| x.wrapping_mul(2_u32.wrapping_sub(lowest.wrapping_mul(x))));
        let mut modulus = Self { square: Vec::new(), inverse: inverse.wrapping_neg(), limbs };
        let mut square = modulus.small(1);
        for _ in 0..64 * modulus.limbs.len() {
            square = modulus.add(&square, &square);
        }
        modulus.square = square;
        Some(modulus)
    }

    pub(crate) fn bits(&self) -> usize {
        let last = self.limbs.last().map_or(32, |limb| limb.leading_zeros());
        32 * self.limbs.len() - usize::try_from(last).unwrap_or(0)
    }

    pub(crate) fn small(&self, number: u32) -> Number {
        let mut limbs = vec![0; self.limbs.len()];
        limbs.iter_mut().take(1).for_each(|limb| *limb = number);
        limbs
    }

    /// A number that is smaller than the modulus; none of another.
    pub(crate) fn number(&self, octets: &[u8]) -> Option<Number> {
        let mut limbs = from_octets(octets);
        while limbs.len() > self.limbs.len() && limbs.last() == Some(&0) {
            limbs.pop();
        }
        if limbs.len() > self.limbs.len() {
            return None;
        }
        limbs.resize(self.limbs.len(), 0);
        less(&limbs, &self.limbs).then_some(limbs)
    }

    /// A number that is smaller than twice the modulus, reduced.
    pub(crate) fn reduced(&self, octets: &[u8]) -> Option<Number> {
        let mut limbs = from_octets(octets);
        limbs.resize(self.limbs.len(), 0);
        Some(if less(&limbs, &self.limbs) { limbs } else { subtract(&limbs, &self.limbs).0 })
    }

    pub(crate) fn add(&self, a: &[u32], b: &[u32]) -> Number {
        let mut carry = 0;
        let sum: Number = a
            .iter()
            .zip(b)
            .map(|(a, b)| {
                let sum = u64::from(*a) + u64::from(*b) + carry;
                carry = sum >> 32;
                low(sum)
            })
            .collect();
        if carry > 0 || !less(&sum, &self.limbs) { subtract(&sum, &self.limbs).0 } else { sum }
    }

    pub(crate) fn sub(&self, a: &[u32], b: &[u32]) -> Number {
        let (difference, borrowed) = subtract(a, b);
        if !borrowed {
            return difference;
        }
        let mut carry = 0;
        let add = |(a, b): (&u32, &u32)| {
            let sum = u64::from(*a) + u64::from(*b) + carry;
            carry = sum >> 32;
            low(sum)
        };
        difference.iter().zip(&self.limbs).map(add).collect()
    }

    /// `a * b / radix` (Montgomery's product).
    fn product(&self, a: &[u32], b: &[u32]) -> Number {
        let size = self.limbs.len();
        let mut sum = vec![0_u32; size + 2];
        for digit in a {
            let mut carry = 0;
            for (to, b) in sum.iter_mut().zip(b) {
                let step = u64::from(*to) + u64::from(*digit) * u64::from(*b) + carry;
                *to = low(step);
                carry = u64::from(high(step));
            }
            spill(&mut sum, size, carry);
            let factor = sum.first().copied().unwrap_or(0).wrapping_mul(self.inverse);
            carry = 0;
            for (to, limb) in sum.iter_mut().zip(&self.limbs) {
                let step = u64::from(*to) + u64::from(factor) * u64::from(*limb) + carry;
                *to = low(step);
                carry = u64::from(high(step));
            }
            spill(&mut sum, size, carry);
            sum.remove(0);
            sum.push(0);
        }
        let over = sum.get(size).is_some_and(|limb| *limb > 0);
        sum.truncate(size);
        if over || !less(&sum, &self.limbs) { subtract(&sum, &self.limbs).0 } else { sum }
    }

    pub(crate) fn mul(&self, a: &[u32], b: &[u32]) -> Number {
        self.product(&self.product(a, &self.square), b)
    }

    /// `base` to the power of the big-endian octets.
    pub(crate) fn pow(&self, base: &[u32], exponent: &[u8]) -> Number {
        let base = self.product(base, &self.square);
        let mut result = self.product(&self.small(1), &self.square);
        for octet in exponent.iter().skip_while(|octet| **octet == 0) {
            for bit in (0..8).rev() {
                result = self.product(&result, &result);
                if octet >> bit & 1 == 1 {
                    result = self.product(&result, &base);
                }
            }
        }
        self.product(&result, &self.small(1))
    }

    /// The number's octets, big-endian, as many as the modulus has.
    pub(crate) fn octets(&self, number: &[u32]) -> Vec<u8> {
        let octets: Vec<u8> = number.iter().rev().flat_map(|limb| limb.to_be_bytes()).collect();
        let size = self.bits().div_ceil(8);
        octets.get(octets.len().saturating_sub(size)..).unwrap_or_default().to_vec()
    }
}

/// Adds a carry above the lowest `from` limbs.
fn spill(sum: &mut [u32], from: usize, mut carry: u64) {
    for limb in sum.iter_mut().skip(from) {
        let step = u64::from(*limb) + carry;
        *limb = low(step);
        carry = u64::from(high(step));
    }
}

fn from_octets(octets: &[u8]) -> Number {
    octets.rchunks(4).map(|chunk| chunk.iter().fold(0, |limb, octet| limb << 8 | u32::from(*octet))).collect()
}

fn less(a: &[u32], b: &[u32]) -> bool {
    a.iter().rev().lt(b.iter().rev())
}

/// And whether it borrowed beyond the last limb.
fn subtract(a: &[u32], b: &[u32]) -> (Number, bool) {
    let mut borrowed = false;
    let difference = a
        .iter()
        .zip(b)
        .map(|(a, b)| {
            let (first, under) = a.overflowing_sub(*b);
            let (second, under_again) = first.overflowing_sub(u32::from(borrowed));
            borrowed = under || under_again;
            second
        })
        .collect();
    (difference, borrowed)
}
