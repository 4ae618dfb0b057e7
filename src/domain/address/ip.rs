//! The table of IP addresses that are not on the public internet.
//! Source: IANA IPv4 and IPv6 Special-Purpose Address Registries, as of 2026.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether `ip` is public unicast. IPv4 inside IPv6 (mapped, NAT64) is judged as the IPv4 address it leads to.
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => public_v4(ip),
        IpAddr::V6(ip) => public_v6(ip),
    }
}

fn public_v4(ip: Ipv4Addr) -> bool {
    let special = match ip.octets() {
        [0 | 10 | 127, ..]
        | [169, 254, ..]
        | [192, 168, ..]
        | [192, 0, 0 | 2, _]
        | [192, 88, 99, _]
        | [198, 18 | 19, ..]
        | [198, 51, 100, _]
        | [203, 0, 113, _] => true,
        [100, second, ..] => (64..128).contains(&second),
        [172, second, ..] => (16..32).contains(&second),
        [first, ..] => first >= 224,
    };
    !special
}

fn public_v6(ip: Ipv6Addr) -> bool {
    if let Some(mapped) = ip.to_ipv4_mapped() {
        return public_v4(mapped);
    }
    let parts = ip.segments();
    if parts[..6] == [0x64, 0xff9b, 0, 0, 0, 0] {
        let [.., first, second, third, fourth] = ip.octets();
        return public_v4(Ipv4Addr::new(first, second, third, fourth));
    }
    let global_unicast = parts[0] & 0xe000 == 0x2000;
    let protocol_assignments = parts[0] == 0x2001 && parts[1] < 0x200;
    let documentation = (parts[0] == 0x2001 && parts[1] == 0xdb8) || (parts[0] == 0x3fff && parts[1] < 0x1000);
    let six_to_four = parts[0] == 0x2002;
    global_unicast && !protocol_assignments && !documentation && !six_to_four
}
