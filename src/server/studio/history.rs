//! What of a show's feed can still be seen, for pages that join late: they draw it at once and listen from there on.

use super::{Studio, events::KIND};
use crate::{
    api::overlay::Told,
    domain::{ids::SessionId, show::Show},
    server::error::Answer,
};

/// Lines read at once.
const BATCH: usize = 1000;

impl Studio {
    /// The events that still show, oldest first, and the number of the last line that was read.
    pub(super) async fn told(&self, id: &SessionId) -> Answer<(Vec<Told>, u64)> {
        let (mut show, mut told, mut last) = (Show::default(), Vec::new(), 0);
        loop {
            let lines = self.store().feed_after(id, last, BATCH).await?;
            let more = lines.len() == BATCH;
            last = lines.last().map_or(last, |line| line.seq);
            for line in lines.into_iter().filter(|line| line.kind == KIND) {
                // A line of another shape is another version's, and nothing that this one could draw.
                let Ok(event) = serde_json::from_value(line.data) else { continue };
                let one = Told { seq: line.seq, at: line.at, event };
                show.take(one.seq, one.event.clone(), one.at);
                told.push(one);
            }
            let kept = show.kept();
            told.retain(|one| kept.contains(&one.seq));
            if !more {
                return Ok((told, last));
            }
        }
    }
}
