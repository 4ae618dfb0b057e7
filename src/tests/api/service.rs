//! The web server as a service of systemd's: what it says, and the socket that is kept over a restart.

use command_fds::{CommandFdExt, FdMapping};
use nix::{
    cmsg_space,
    sys::socket::{ControlMessageOwned, MsgFlags, recvmsg},
};
use std::{
    fmt::Write as _,
    io::{IoSliceMut, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    os::{
        fd::{AsRawFd, RawFd},
        unix::net::UnixDatagram,
    },
    process::{Child, Command, Stdio},
    time::Duration,
};

/// systemd's end of its socket.
struct Manager {
    folder: tempfile::TempDir,
    socket: UnixDatagram,
}

impl Manager {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let socket = UnixDatagram::bind(folder.path().join("notify")).expect("bound");
        socket.set_read_timeout(Some(Duration::from_secs(60))).expect("a limit");
        Self { folder, socket }
    }

    /// The next message, and the files that came with it.
    fn hears(&self) -> (String, Vec<RawFd>) {
        let mut buffer = [0u8; 256];
        let mut control = cmsg_space!([RawFd; 4]);
        let mut parts = [IoSliceMut::new(&mut buffer)];
        let received = recvmsg::<()>(self.socket.as_raw_fd(), &mut parts, Some(&mut control), MsgFlags::empty()).expect("a message");
        let files = received.cmsgs().expect("whole").flat_map(|part| match part {
            ControlMessageOwned::ScmRights(files) => files,
            _ => Vec::new(),
        });
        let files: Vec<_> = files.collect();
        let length = received.bytes;
        (String::from_utf8_lossy(&buffer[..length]).into_owned(), files)
    }

    /// Starts `footlight serve`, with a listening socket that was kept if there is one.
    fn starts(&self, listen: SocketAddr, kept: Option<TcpListener>) -> Server {
        let secret = "0123456789abcdef0123456789abcdef";
        let mut command = Command::new("sh");
        let mut script = String::from("exec \"$0\" serve");
        if kept.is_some() {
            script.insert_str(0, "export LISTEN_FDS=1 LISTEN_PID=$$; ");
        }
        command.args(["-c", &script, env!("CARGO_BIN_EXE_footlight")]).env_clear().env("PATH", std::env::var("PATH").unwrap_or_default());
        command
            .env("NOTIFY_SOCKET", self.folder.path().join("notify"))
            .env("FOOTLIGHT_DATA", self.folder.path().join("data"))
            .env("FOOTLIGHT_LISTEN", listen.to_string())
            .env("FOOTLIGHT_STORE", "mem://")
            .env("FOOTLIGHT_RELAY_SECRET", secret)
            .env("LIVEKIT_API_KEY", "devkey")
            .env("LIVEKIT_API_SECRET", secret)
            .env("STREAMING_JWT_SECRET", secret)
            .env("STREAM_KEY_ENCRYPTION_KEY", [secret, secret].concat())
            .env("LEPTOS_OUTPUT_NAME", "footlight")
            .env("RUST_LOG", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        let mappings = kept.map(|listener| FdMapping { parent_fd: listener.into(), child_fd: 3 }).into_iter().collect();
        command.fd_mappings(mappings).expect("one file");
        Server(command.spawn().expect("it runs"))
    }
}

/// Killed when dropped.
struct Server(Child);

impl Server {
    fn terminate(&mut self) {
        let sent = Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status().expect("kill");
        assert!(sent.success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Asks for `/healthz` on an open connection; the first line of the answer.
fn answer(mut connection: &TcpStream) -> String {
    connection.set_read_timeout(Some(Duration::from_secs(60))).expect("a limit");
    let mut request = String::new();
    write!(request, "GET /healthz HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", connection.peer_addr().expect("connected"))
        .expect("text");
    connection.write_all(request.as_bytes()).expect("sent");
    let mut text = String::new();
    connection.read_to_string(&mut text).expect("an answer");
    text.lines().next().unwrap_or_default().to_owned()
}

#[test]
fn systemd_gets_the_listening_socket_and_hears_of_readiness_and_the_stop() {
    let manager = Manager::new();
    let listen = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port");
    let mut server = manager.starts(listen, None);
    let (kept, files) = manager.hears();
    assert_eq!(kept, format!("FDSTORE=1\nFDNAME=127.0.0.1_{}", listen.port()));
    assert_eq!(files.len(), 1);
    assert_eq!(manager.hears().0, "READY=1");
    assert_eq!(answer(&TcpStream::connect(listen).expect("it listens")), "HTTP/1.1 200 OK");
    server.terminate();
    assert_eq!(manager.hears().0, "STOPPING=1");
    server.0.wait().expect("it ends");
    // The socket that was handed over is still open here: who connects now waits instead of being refused.
    TcpStream::connect(listen).expect("nobody is refused while the server is gone");
}

#[test]
fn who_connects_during_a_restart_is_answered_by_the_server_that_starts_next() {
    let manager = Manager::new();
    let kept = TcpListener::bind("127.0.0.1:0").expect("a port");
    let listen = kept.local_addr().expect("bound");
    let waiting = TcpStream::connect(listen).expect("the socket is open");
    let _server = manager.starts(listen, Some(kept));
    assert_eq!(manager.hears().0, "READY=1", "it need not be kept again");
    assert_eq!(answer(&waiting), "HTTP/1.1 200 OK");
}
