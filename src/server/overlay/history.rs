//! What of a session's feed can still be seen, for pages that join late: they render it at once and follow the feed from there.

use super::Overlay;
use crate::{
    api::overlay::SequencedEvent,
    domain::{ids::SessionId, overlay_state::OverlayState},
    server::{error::StudioResult, feed::KIND},
};

/// Lines read at once.
const BATCH: usize = 1000;

impl Overlay {
    /// The events that still show, oldest first, and the number of the last line that was read.
    pub(super) async fn event_history(&self, id: &SessionId) -> StudioResult<(Vec<SequencedEvent>, u64)> {
        let (mut state, mut events, mut last) = (OverlayState::default(), Vec::new(), 0);
        loop {
            let lines = self.ports.store.feed_after(id, last, BATCH).await?;
            let more = lines.len() == BATCH;
            last = lines.last().map_or(last, |line| line.seq);
            for line in lines.into_iter().filter(|line| line.kind == KIND) {
                // A line of another shape is another version's, and nothing that this one could draw.
                let Ok(event) = serde_json::from_value(line.data) else { continue };
                let one = SequencedEvent { seq: line.seq, at: line.at, event };
                state.apply(one.seq, one.event.clone(), one.at);
                events.push(one);
            }
            let kept = state.kept();
            events.retain(|one| kept.contains(&one.seq));
            if !more {
                return Ok((events, last));
            }
        }
    }
}
