//! Rates over the last two seconds.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

const WINDOW: Duration = Duration::from_secs(2);

/// A sum over a sliding window.
#[derive(Default)]
pub struct Rate(VecDeque<(Instant, usize)>);

impl Rate {
    pub fn add(&mut self, amount: usize) {
        let now = Instant::now();
        self.expire(now);
        match self.0.back_mut() {
            Some((at, sum)) if now.duration_since(*at) < Duration::from_millis(20) => *sum += amount,
            _ => self.0.push_back((now, amount)),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    pub fn per_second(&mut self) -> f32 {
        self.expire(Instant::now());
        self.0.iter().map(|(_, amount)| *amount).sum::<usize>() as f32 / WINDOW.as_secs_f32()
    }

    /// The sum of bytes in kbit/s.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates; a rate for people")]
    pub fn kbps(&mut self) -> u32 {
        (self.per_second() * 8.0 / 1000.0) as u32
    }

    fn expire(&mut self, now: Instant) {
        while self.0.front().is_some_and(|(at, _)| now.duration_since(*at) > WINDOW) {
            self.0.pop_front();
        }
    }
}
