//! Networks in CIDR form, and the table of those that no channel may reach unless its configuration names them (R40).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::{fmt, str::FromStr};

/// A network such as `10.0.0.0/8` or `fd00::/8`; an address alone is the network of itself.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

impl Network {
    const fn v4(a: u8, b: u8, c: u8, d: u8, bits: u8) -> Network {
        Network { address: IpAddr::V4(Ipv4Addr::new(a, b, c, d)), bits }
    }

    const fn v6(start: [u16; 4], bits: u8) -> Network {
        let [a, b, c, d] = start;
        Network { address: IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0)), bits }
    }

    /// Whether `ip` lies within. A v4 address written as v6 (`::ffff:10.0.0.1`) counts as the v4 address that it is.
    pub fn contains(&self, ip: IpAddr) -> bool {
        match (self.address, ip.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let cut = mask32(self.bits);
                own.to_bits() & cut == other.to_bits() & cut
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let cut = mask128(self.bits);
                own.to_bits() & cut == other.to_bits() & cut
            }
            _ => false,
        }
    }

    /// The network that a person would name to allow `ip`: its neighbours in v4 (/24) or v6 (/64), all of loopback.
    pub fn around(ip: IpAddr) -> Network {
        match ip.to_canonical() {
            IpAddr::V4(ip) if ip.is_loopback() => Network::v4(127, 0, 0, 0, 8),
            IpAddr::V4(ip) => {
                let [a, b, c, _] = ip.octets();
                Network::v4(a, b, c, 0, 24)
            }
            IpAddr::V6(Ipv6Addr::LOCALHOST) => {
                Network { address: IpAddr::V6(Ipv6Addr::LOCALHOST), bits: 128 }
            }
            IpAddr::V6(ip) => {
                let [a, b, c, d, ..] = ip.segments();
                Network::v6([a, b, c, d], 64)
            }
        }
    }
}

fn mask32(bits: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(bits)).unwrap_or(0)
}

fn mask128(bits: u8) -> u128 {
    u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0)
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Network, String> {
        let wrong = || format!("\"{text}\" is not a network; write one like \"10.1.2.0/24\" or \"fd00::/8\"");
        let (address, bits) = text.split_once('/').map_or((text, None), |(a, b)| (a, Some(b)));
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            None => width,
            Some(bits) => bits.parse().ok().filter(|bits| *bits <= width).ok_or_else(wrong)?,
        };
        let start = match address {
            IpAddr::V4(ip) => IpAddr::V4(Ipv4Addr::from_bits(ip.to_bits() & mask32(bits))),
            IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() & mask128(bits))),
        };
        if start != address {
            let meant = Network { address: start, bits };
            return Err(format!("\"{text}\" has bits set behind its length; write \"{meant}\""));
        }
        Ok(Network { address, bits })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Reads the texts of `allow_networks`.
///
/// # Errors
/// The first text that is no network, and what would be right.
pub fn networks(texts: &[String]) -> Result<Vec<Network>, String> {
    texts.iter().map(|text| text.parse()).collect()
}

/// What sort of inside address `ip` is, as a word for people; `None` for an address of the open internet.
pub fn inside(ip: IpAddr) -> Option<&'static str> {
    let ip = ip.to_canonical();
    if let Some((_, word)) = INSIDE.iter().find(|(network, _)| network.contains(ip)) {
        return Some(word);
    }
    // Only 2000::/3 is given out to the open internet; the rest of v6 is reserved or special.
    match ip {
        IpAddr::V6(ip) if ip.segments()[0] >> 13 != 1 => Some("reserved"),
        _ => None,
    }
}

/// The networks that are not the open internet, after the special-purpose registries of IANA.
const INSIDE: [(Network, &str); 32] = [
    (Network::v4(0, 0, 0, 0, 8), "unspecified"),
    (Network::v4(10, 0, 0, 0, 8), "private"),
    (Network::v4(100, 64, 0, 0, 10), "shared (carrier-grade NAT)"),
    (Network::v4(127, 0, 0, 0, 8), "loopback"),
    (Network::v4(169, 254, 0, 0, 16), "link-local"),
    (Network::v4(172, 16, 0, 0, 12), "private"),
    (Network::v4(192, 0, 0, 0, 24), "reserved"),
    (Network::v4(192, 0, 2, 0, 24), "documentation"),
    (Network::v4(192, 88, 99, 0, 24), "reserved (6to4 relay)"),
    (Network::v4(192, 168, 0, 0, 16), "private"),
    (Network::v4(198, 18, 0, 0, 15), "benchmarking"),
    (Network::v4(198, 51, 100, 0, 24), "documentation"),
    (Network::v4(203, 0, 113, 0, 24), "documentation"),
    (Network::v4(224, 0, 0, 0, 4), "multicast"),
    (Network::v4(240, 0, 0, 0, 4), "reserved"),
    (Network { address: IpAddr::V6(Ipv6Addr::UNSPECIFIED), bits: 128 }, "unspecified"),
    (Network { address: IpAddr::V6(Ipv6Addr::LOCALHOST), bits: 128 }, "loopback"),
    (Network::v6([0, 0, 0, 0], 8), "reserved"),
    (Network::v6([0x64, 0xff9b, 0, 0], 96), "translated (NAT64)"),
    (Network::v6([0x64, 0xff9b, 1, 0], 48), "translated (NAT64)"),
    (Network::v6([0x100, 0, 0, 0], 64), "discarded"),
    (Network::v6([0x2001, 0, 0, 0], 32), "translated (Teredo)"),
    (Network::v6([0x2001, 2, 0, 0], 48), "benchmarking"),
    (Network::v6([0x2001, 0xdb8, 0, 0], 32), "documentation"),
    (Network::v6([0x2001, 0, 0, 0], 23), "reserved"),
    (Network::v6([0x2002, 0, 0, 0], 16), "translated (6to4)"),
    (Network::v6([0x3fff, 0, 0, 0], 20), "documentation"),
    (Network::v6([0x5f00, 0, 0, 0], 16), "reserved (segment routing)"),
    (Network::v6([0xfc00, 0, 0, 0], 7), "private"),
    (Network::v6([0xfe80, 0, 0, 0], 10), "link-local"),
    (Network::v6([0xfec0, 0, 0, 0], 10), "private"),
    (Network::v6([0xff00, 0, 0, 0], 8), "multicast"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sort_of_inside_address_is_known() {
        let refused = "\
            0.0.0.0 0.255.255.255 10.0.0.1 100.64.0.1 100.127.255.255 127.0.0.1 127.255.255.254 \
            169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.8 192.0.2.1 192.88.99.1 192.168.0.1 198.18.0.1 \
            198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 :: \
            ::1 ::7f00:1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:a9fe:a9fe ::ffff:0:127.0.0.1 \
            64:ff9b::7f00:1 64:ff9b:1::1 100::1 2001::1 2001:2::1 2001:10::1 2001:db8::1 2002:7f00:1::1 \
            3fff::1 3fff:fff::1 5f00::1 fc00::1 fd12:3456::1 fe80::1 febf::1 fec0::1 ff02::1 4000::1 e000::1";
        for text in refused.split_whitespace() {
            assert!(inside(text.parse().unwrap()).is_some(), "{text} must be refused");
        }
        let open = "\
            1.1.1.1 100.63.255.255 100.128.0.1 172.15.0.1 172.32.0.1 192.0.1.1 198.17.0.1 198.20.0.1 \
            223.255.255.255 ::ffff:8.8.8.8 2001:4860:4860::8888 2606:4700::1111 2a00::1 3ffe:ffff::1";
        for text in open.split_whitespace() {
            assert_eq!(inside(text.parse().unwrap()), None, "{text} is the open internet");
        }
    }

    #[test]
    fn networks_read_and_hold_what_lies_within() {
        let ten: Network = "10.0.0.0/8".parse().unwrap();
        assert!(
            ten.contains("10.255.0.1".parse().unwrap()) && ten.contains("::ffff:10.1.1.1".parse().unwrap())
        );
        assert!(!ten.contains("11.0.0.1".parse().unwrap()) && !ten.contains("fd00::1".parse().unwrap()));
        let all: Network = "::/0".parse().unwrap();
        assert!(
            all.contains("fe80::1".parse().unwrap()) && !all.contains("::ffff:10.0.0.1".parse().unwrap())
        );
        assert!("0.0.0.0/0".parse::<Network>().unwrap().contains("127.0.0.1".parse().unwrap()));
        assert_eq!("10.1.2.3".parse::<Network>().unwrap().to_string(), "10.1.2.3/32");
        for wrong in ["", "10", "10.0.0.0/33", "10.0.0.0/-1", "fd00::/129", "example.org/8", "10.0.0.0/8/8"] {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
        let error = "10.1.2.3/8".parse::<Network>().unwrap_err();
        assert!(error.ends_with("write \"10.0.0.0/8\""), "{error}");
    }
}
