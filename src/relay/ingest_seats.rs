//! Places for connections to the ingest that have not proven yet that they may publish. There are few, and a new connection takes
//! the place of an old one: who has a token shows it within milliseconds, so only those without one lose their place.

use parking_lot::{Mutex, MutexGuard};
use std::{
    collections::{HashMap, VecDeque},
    net::IpAddr,
    sync::Arc,
};
use tokio_util::sync::CancellationToken;

pub struct Seats {
    inner: Mutex<Inner>,
    most: usize,
    most_per_network: usize,
}

#[derive(Default)]
struct Inner {
    next: u64,
    /// Oldest first.
    taken: VecDeque<Taken>,
}

struct Taken {
    id: u64,
    network: IpAddr,
    lost: CancellationToken,
}

/// A place; dropping it makes it free.
pub struct Seat {
    id: u64,
    seats: Arc<Seats>,
    /// Cancelled when a newer connection has taken the place.
    pub lost: CancellationToken,
}

impl Seats {
    /// At most `most` places, and `most_per_network` for one IPv4 address or IPv6 /64.
    pub fn new(most: usize, most_per_network: usize) -> Self {
        Self { inner: Mutex::default(), most, most_per_network }
    }

    /// A place for a new connection, if need be that of the oldest one of its network, or of the network that has the most.
    pub fn take(self: &Arc<Self>, ip: IpAddr) -> Seat {
        let network = network_of(ip);
        let lost = CancellationToken::new();
        let mut inner = self.lock();
        let of_network = inner.taken.iter().filter(|seat| seat.network == network).count();
        let crowded = if of_network >= self.most_per_network {
            Some(network)
        } else if inner.taken.len() >= self.most {
            inner.largest()
        } else {
            None
        };
        let oldest = crowded.and_then(|crowded| inner.taken.iter().position(|seat| seat.network == crowded));
        if let Some(seat) = oldest.and_then(|at| inner.taken.remove(at)) {
            seat.lost.cancel();
        }
        let id = inner.next;
        inner.next += 1;
        inner.taken.push_back(Taken { id, network, lost: lost.clone() });
        drop(inner);
        Seat { id, seats: self.clone(), lost }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock()
    }
}

impl Inner {
    fn largest(&self) -> Option<IpAddr> {
        let mut counts: HashMap<IpAddr, usize> = HashMap::new();
        for seat in &self.taken {
            *counts.entry(seat.network).or_default() += 1;
        }
        let first = |network: &IpAddr| self.taken.iter().position(|seat| seat.network == *network);
        counts.iter().max_by_key(|(network, count)| (**count, std::cmp::Reverse(first(network)))).map(|(network, _)| *network)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.seats.lock().taken.retain(|seat| seat.id != self.id);
    }
}

fn network_of(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(ip) => IpAddr::V6((u128::from(ip) & (u128::MAX << 64)).into()),
        ip @ IpAddr::V4(_) => ip,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_of_the_largest_network_loses_its_seat() {
        let seats = Arc::new(Seats::new(4, 3));
        let take = |ip: &str| seats.take(ip.parse().expect("an address"));
        let lost = |all: &[&Seat]| all.iter().map(|seat| seat.lost.is_cancelled()).collect::<Vec<_>>();
        let (one, two, three) = (take("192.0.2.1"), take("192.0.2.1"), take("::ffff:192.0.2.1"));
        let four = take("192.0.2.1");
        assert_eq!(lost(&[&one, &two, &three, &four]), [true, false, false, false], "three of one network");
        let other = take("2001:db8::1");
        assert_eq!(lost(&[&two, &other]), [false, false], "there was a free one");
        let same = take("2001:db8::ffff:2");
        assert_eq!(lost(&[&two, &three, &other, &same]), [true, false, false, false], "the largest network gives one up");
        drop(three);
        let newest = take("198.51.100.7");
        assert_eq!(lost(&[&four, &other, &same, &newest]), [false; 4], "a dropped seat is free");
        assert_eq!(seats.lock().taken.len(), 4);
    }
}
