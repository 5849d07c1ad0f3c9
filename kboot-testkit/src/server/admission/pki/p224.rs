//! ECDSA on P-224, which Go verifies and aws-lc-rs does not offer.

use super::bignum::{Modulus, Number};
use super::der::Reader;

/// SEC 2, section 3.2.1: prime, `b`, base point and order.
const PRIME: &[u8] =
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0\0\0\0\0\0\0\0\x01";
const B: &[u8] =
    b"\xb4\x05\x0a\x85\x0c\x04\xb3\xab\xf5\x41\x32\x56\x50\x44\xb0\xb7\xd7\xbf\xd8\xba\x27\x0b\x39\x43\x23\x55\xff\xb4";
const BASE: &[u8] =
    b"\xb7\x0e\x0c\xbd\x6b\xb4\xbf\x7f\x32\x13\x90\xb9\x4a\x03\xc1\xd3\x56\xc2\x11\x22\x34\x32\x80\xd6\
\x11\x5c\x1d\x21\xbd\x37\x63\x88\xb5\xf7\x23\xfb\x4c\x22\xdf\xe6\xcd\x43\x75\xa0\x5a\
\x07\x47\x64\x44\xd5\x81\x99\x85\x00\x7e\x34";
const ORDER: &[u8] =
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x16\xa2\xe0\xb8\xf0\x3e\x13\xdd\x29\x45\x5c\x5c\x2a\x3d";

/// In Jacobian coordinates: x/z², y/z³.
#[derive(Clone)]
struct Finite {
    x: Number,
    y: Number,
    z: Number,
}

/// None is the neutral element.
type Point = Option<Finite>;

/// The numbers that coordinates are.
struct Field(Modulus);

impl Field {
    /// An uncompressed point without its first octet, if it is on the curve: y² = x³ - 3x + b.
    fn point(&self, octets: &[u8]) -> Point {
        let (x, y) = octets.split_at_checked(28)?;
        let (x, y) = (self.0.number(x)?, self.0.number(y)?);
        let cube = self.0.mul(&self.0.mul(&x, &x), &x);
        let three = self.0.mul(&self.0.small(3), &x);
        let right = self.0.add(&self.0.sub(&cube, &three), &self.0.number(B)?);
        (self.0.mul(&y, &y) == right).then_some(Finite { x, y, z: self.0.small(1) })
    }

    fn double(&self, a: &Point) -> Point {
        let Finite { x, y, z } = a.as_ref()?;
        let mul = |a: &Number, b: &Number| self.0.mul(a, b);
        let add = |a: &Number, b: &Number| self.0.add(a, b);
        let sub = |a: &Number, b: &Number| self.0.sub(a, b);
        let times = |n, a: &Number| self.0.mul(&self.0.small(n), a);
        let (delta, gamma) = (mul(z, z), mul(y, y));
        let beta = mul(x, &gamma);
        let alpha = times(3, &mul(&sub(x, &delta), &add(x, &delta)));
        let x3 = sub(&mul(&alpha, &alpha), &times(8, &beta));
        let y3 = sub(&mul(&alpha, &sub(&times(4, &beta), &x3)), &times(8, &mul(&gamma, &gamma)));
        // A point of order two does not exist: z is not zero.
        Some(Finite { x: x3, y: y3, z: times(2, &mul(y, z)) })
    }

    fn add(&self, a: &Point, b: &Point) -> Point {
        let (Some(one), Some(two)) = (a, b) else { return a.clone().or_else(|| b.clone()) };
        let (mul, sub) =
            (|a: &Number, b: &Number| self.0.mul(a, b), |a: &Number, b: &Number| self.0.sub(a, b));
        let (z1, z2) = (mul(&one.z, &one.z), mul(&two.z, &two.z));
        let (u1, u2) = (mul(&one.x, &z2), mul(&two.x, &z1));
        let (s1, s2) = (mul(&one.y, &mul(&two.z, &z2)), mul(&two.y, &mul(&one.z, &z1)));
        if u1 == u2 {
            return if s1 == s2 { self.double(a) } else { None };
        }
        let (h, r) = (sub(&u2, &u1), sub(&s2, &s1));
        let square = mul(&h, &h);
        let (cube, v) = (mul(&h, &square), mul(&u1, &square));
        let x = sub(&sub(&sub(&mul(&r, &r), &cube), &v), &v);
        let y = sub(&mul(&r, &sub(&v, &x)), &mul(&s1, &cube));
        Some(Finite { x, y, z: mul(&h, &mul(&one.z, &two.z)) })
    }

    fn times(&self, point: &Point, factor: &[u8]) -> Point {
        let bits = factor.iter().flat_map(|octet| (0..8).rev().map(move |bit| octet >> bit & 1 == 1));
        bits.fold(None, |sum, bit| {
            let doubled = self.double(&sum);
            if bit { self.add(&doubled, point) } else { doubled }
        })
    }

    fn affine_x(&self, point: &Finite) -> Vec<u8> {
        let square = self.0.mul(&point.z, &point.z);
        self.0.octets(&self.0.mul(&point.x, &inverse(&self.0, &square)))
    }
}

/// Modulo a prime (Fermat).
fn inverse(prime: &Modulus, number: &Number) -> Number {
    let exponent = prime.sub(&prime.small(0), &prime.small(2));
    prime.pow(number, &prime.octets(&exponent))
}

/// Whether an uncompressed point is one.
pub(crate) fn is_on_curve(point: &[u8]) -> bool {
    let field = Modulus::new(PRIME).map(Field);
    field.is_some_and(|field| field.point(point.get(1..).unwrap_or_default()).is_some())
}

/// FIPS 186-4, section 6.4.
pub(crate) fn verify(point: &[u8], digest: &[u8], signature: &[u8]) -> bool {
    check(point, digest, signature).unwrap_or(false)
}

/// None where something is out of range.
fn check(point: &[u8], digest: &[u8], signature: &[u8]) -> Option<bool> {
    let (field, order) = (Field(Modulus::new(PRIME)?), Modulus::new(ORDER)?);
    let mut outer = Reader::new(signature);
    let mut pair = outer.sequence("ecdsaSignature").ok()?;
    let (r, s) = (order.number(pair.big_integer().ok()?)?, order.number(pair.big_integer().ok()?)?);
    outer.finish("").ok()?;
    if r == order.small(0) || s == order.small(0) {
        return None;
    }
    let digest = order.reduced(digest.get(..28).unwrap_or(digest))?;
    let inverse = inverse(&order, &s);
    let (base, own) = (field.point(BASE), field.point(point.get(1..)?));
    own.as_ref()?;
    let sum = field.add(
        &field.times(&base, &order.octets(&order.mul(&digest, &inverse))),
        &field.times(&own, &order.octets(&order.mul(&r, &inverse))),
    );
    Some(order.reduced(&field.affine_x(&sum?))? == r)
}
