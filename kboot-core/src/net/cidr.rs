//! Ranges of addresses.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use super::{NetError, is_mapped};

/// A range of addresses in CIDR form, with no host bits set.
///
/// ```
/// use kboot_core::net::Cidr;
/// let services: Cidr = "10.96.0.0/12".parse()?;
/// assert_eq!(services.nth(10).unwrap().to_string(), "10.96.0.10");
/// # Ok::<(), kboot_core::net::NetError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cidr(ipnet::IpNet);

impl Cidr {
    const WANTED: &'static str = "an address range";

    /// The address at `index` from the start of the range (`GetIndexedIP` upstream); none past its end.
    #[must_use]
    pub fn nth(&self, index: u32) -> Option<IpAddr> {
        let address = match self.0.network() {
            IpAddr::V4(start) => IpAddr::V4(u32::from(start).checked_add(index)?.into()),
            IpAddr::V6(start) => IpAddr::V6(u128::from(start).checked_add(index.into())?.into()),
        };
        self.contains(address).then_some(address)
    }

    /// Whether the address lies in the range.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address)
    }

    /// Whether the two ranges share an address.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.0.contains(&other.0.network()) || other.0.contains(&self.0.network())
    }

    /// The number of leading bits that are fixed.
    #[must_use]
    pub fn prefix(&self) -> u8 {
        self.0.prefix_len()
    }

    /// Whether this is a range of IPv6 addresses.
    #[must_use]
    pub fn is_ipv6(&self) -> bool {
        matches!(self.0, ipnet::IpNet::V6(_))
    }
}

impl FromStr for Cidr {
    type Err = NetError;
    fn from_str(text: &str) -> Result<Self, NetError> {
        let fail = || NetError::new(text, Self::WANTED, "write ADDRESS/BITS, for example 10.96.0.0/12");
        let net: ipnet::IpNet = text.parse().map_err(|_| fail())?;
        // ipnet takes leading zeros, which some read as octal; std does not.
        let address = text.split('/').next().and_then(|address| address.parse::<IpAddr>().ok());
        if address.is_none_or(is_mapped) {
            return Err(fail());
        }
        if net.addr() != net.network() {
            let problem = format!("it has bits set past its prefix; write {}", net.trunc());
            return Err(NetError::new(text, Self::WANTED, problem));
        }
        Ok(Self(net))
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        let range: Cidr = "10.96.0.0/12".parse().unwrap();
        assert_eq!(range.nth(1).unwrap().to_string(), "10.96.0.1");
        let small: Cidr = "10.0.0.0/29".parse().unwrap();
        assert_eq!(small.nth(10), None);
        let six: Cidr = "fd00::/108".parse().unwrap();
        assert_eq!(six.nth(10).unwrap().to_string(), "fd00::a");
        assert!(range.overlaps(&"10.97.0.0/16".parse().unwrap()));
        assert!(!range.overlaps(&"10.244.0.0/16".parse().unwrap()));
        for bad in ["10.96.0.0", "10.96.0.1/12", "10.96.0.0/33", "x/8", "010.0.0.0/8"] {
            assert!(bad.parse::<Cidr>().is_err(), "{bad:?} was accepted");
        }
    }
}
