//! TLS in front of a platform: stunnel with a self-signed certificate.

use super::harness::*;
use footlight::config::relay::TlsFiles;
use std::{
    path::Path,
    process::{Command, Stdio},
};

/// A certificate for `localhost` and 127.0.0.1 that signs itself.
pub fn certificate(folder: &Path) -> TlsFiles {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).expect("a certificate");
    let files = TlsFiles { certificate: folder.join("cert.pem"), key: folder.join("key.pem") };
    std::fs::write(&files.certificate, made.cert.pem()).expect("written");
    std::fs::write(&files.key, made.signing_key.serialize_pem()).expect("written");
    files
}

pub fn stunnel(folder: &Path, files: &TlsFiles, to: u16) -> (u16, Encoder) {
    let port = free_port();
    let (certificate, key) = (files.certificate.display(), files.key.display());
    let file = folder.join("stunnel.conf");
    let text = format!(
        "foreground = yes\npid =\n[rtmps]\naccept = 127.0.0.1:{port}\nconnect = 127.0.0.1:{to}\ncert = {certificate}\nkey = {key}\n"
    );
    std::fs::write(&file, text).expect("written");
    let child = Command::new("stunnel4").arg(file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let child = Encoder(child.expect("stunnel is installed"));
    for _ in 0..250 {
        if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return (port, child);
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    panic!("stunnel never listens");
}
