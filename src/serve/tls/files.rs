//! The certificate in the operator's files. They are looked at every few seconds, and read again when they have changed: whatever
//! renews them need not tell anybody.

use super::Certificates;
use crate::{
    config::relay::TlsFiles,
    net::certificate::{self, Validity},
};
use rustls::sign::CertifiedKey;
use std::{fs, os::unix::fs::MetadataExt as _, path::Path, sync::Arc, time::Duration};

pub const LOOK_EVERY: Duration = Duration::from_secs(5);

/// What tells one state of a file from another: its inode, its length and the nanosecond of its last change.
type Stamp = Option<(u64, u64, i64, i64)>;

pub struct Watched {
    files: TlsFiles,
    host: String,
    certificates: Arc<Certificates>,
    seen: [Stamp; 2],
}

impl Watched {
    /// Shows what the files hold.
    ///
    /// # Errors
    /// They cannot be read, do not fit together, or are for another host.
    pub fn open(files: TlsFiles, host: String, certificates: Arc<Certificates>) -> anyhow::Result<Self> {
        let seen = stamps(&files);
        let (certified, validity) = read(&files, &host)?;
        if validity.has_ended() {
            let (file, ended) = (files.certificate.display(), validity.last_day());
            tracing::warn!(%file, ended, "browsers refuse the certificate, which has expired: replace it; the new one is read by itself");
        }
        certificates.show(certified);
        Ok(Self { files, host, certificates, seen })
    }

    pub async fn run(mut self, every: Duration) {
        loop {
            tokio::time::sleep(every).await;
            let now = stamps(&self.files);
            if now == self.seen {
                continue;
            }
            self.seen = now;
            self.read_again();
        }
    }

    /// A new pair that cannot be used is left alone until it changes again: key and chain are seldom replaced in one moment.
    fn read_again(&self) {
        let file = self.files.certificate.display();
        match read(&self.files, &self.host) {
            Ok((_, validity)) if validity.has_ended() => {
                tracing::warn!(%file, ended = validity.last_day(), "the new certificate has expired: the one from before stays");
            }
            Ok((certified, validity)) => {
                self.certificates.show(certified);
                tracing::info!(%file, until = validity.last_day(), "the certificate was replaced");
            }
            Err(error) => {
                tracing::warn!(%file, error = format!("{error:#}"), "the new certificate cannot be used: the one from before stays");
            }
        }
    }
}

fn read(files: &TlsFiles, host: &str) -> anyhow::Result<(Arc<CertifiedKey>, Validity)> {
    let certified = certificate::read(&files.certificate, &files.key)?;
    certificate::is_for(&certified, host)?;
    let validity = Validity::of(&certified)?;
    Ok((certified, validity))
}

/// Links are followed, as certbot needs it.
fn stamps(files: &TlsFiles) -> [Stamp; 2] {
    let of = |file: &Path| fs::metadata(file).ok().map(|about| (about.ino(), about.len(), about.mtime(), about.mtime_nsec()));
    [of(&files.certificate), of(&files.key)]
}
