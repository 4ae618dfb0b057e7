//! Adds outputs to a running egress, and removes them.

use super::{EgressRegistry, find, unknown};
use crate::egress::{job::JobCommand, output::OutputUrl, twirp_error::TwirpError};
use livekit_protocol::{EgressInfo, StreamInfo, UpdateStreamRequest};

impl EgressRegistry {
    /// Adds and removes outputs.
    ///
    /// # Errors
    /// There is no such egress or output, it has ended, or an address is malformed; then nothing is changed.
    pub fn update(&self, request: &UpdateStreamRequest) -> Result<EgressInfo, TwirpError> {
        let added = request.add_output_urls.iter().map(|url| OutputUrl::parse(url)).collect::<Result<Vec<_>, _>>()?;
        let mut entries = self.entries.lock();
        find(&entries, &request.egress_id, "updated")?;
        let entry = entries.iter_mut().find(|entry| entry.shared_info.snapshot().egress_id == request.egress_id).ok_or_else(unknown)?;
        let running = entry.running.as_mut().ok_or_else(unknown)?;
        let live = entry.shared_info.snapshot().stream_results.iter().map(|result| result.ended_at == 0).collect::<Vec<_>>();
        let mut removed = Vec::new();
        for url in &request.remove_output_urls {
            let at = running.outputs.iter().enumerate().position(|(index, output)| live[index] && output.matches(url));
            removed.push(at.ok_or_else(|| TwirpError::not_found(format!("stream {} not found", crate::egress::output::redact(url))))?);
        }
        for output in added {
            if running.outputs.iter().enumerate().any(|(index, known)| live.get(index).copied().unwrap_or(true) && *known == output) {
                continue;
            }
            entry.shared_info.update_silently(|info| info.stream_results.push(StreamInfo { url: output.redacted(), ..Default::default() }));
            running.outputs.push(output.clone());
            // If the job has just ended, its own result stands.
            let _ = running.commands.send(JobCommand::Add(running.outputs.len() - 1, output));
        }
        for index in removed {
            let _ = running.commands.send(JobCommand::Remove(index));
        }
        Ok(entry.shared_info.snapshot())
    }
}
