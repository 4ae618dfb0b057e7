//! What a role and systemd tell each other: that it is ready, alive or stopping (`sd_notify(3)`), and the listening sockets that systemd
//! keeps open while the role restarts, so that nobody is refused (`FDSTORE` there, and `sd_listen_fds(3)`).
//! Without systemd all of it does nothing.

use listenfd::ListenFd;
use nix::sys::socket::{ControlMessage, MsgFlags, UnixAddr, sendmsg};
use parking_lot::Mutex;
use std::{
    io::{self, IoSlice},
    net::SocketAddr,
    os::{fd::AsRawFd as _, fd::RawFd, unix::net::UnixDatagram},
    sync::Arc,
    time::Duration,
};
use tokio::net::TcpListener;

/// The service manager that started this process, if there is one.
#[derive(Clone, Default)]
pub struct ServiceManager(Option<Arc<Notifications>>);

struct Notifications {
    socket: UnixDatagram,
    to: UnixAddr,
    /// How long it may hear nothing of us.
    watchdog: Option<Duration>,
    /// The sockets it kept, until somebody listens on them.
    kept: Mutex<Vec<std::net::TcpListener>>,
}

impl ServiceManager {
    /// From `NOTIFY_SOCKET` (a path, or `@` and an abstract name) and `WATCHDOG_USEC`, as systemd sets them. Call it once in a process:
    /// it takes the sockets that the process was given.
    pub fn of_process(notify_socket: Option<&str>, watchdog_usec: Option<&str>) -> Self {
        let watchdog = watchdog_usec.and_then(|text| text.parse().ok()).map(Duration::from_micros);
        let mut given = ListenFd::from_env();
        let kept = (0..given.len()).filter_map(|index| given.take_tcp_listener(index).ok().flatten()).collect();
        notify_socket.map_or_else(Self::default, |name| Self::open(name, watchdog, kept).unwrap_or_default())
    }

    fn open(name: &str, watchdog: Option<Duration>, kept: Vec<std::net::TcpListener>) -> io::Result<Self> {
        let to = match name.strip_prefix('@') {
            Some(name) => UnixAddr::new_abstract(name.as_bytes())?,
            None => UnixAddr::new(name)?,
        };
        let socket = UnixDatagram::unbound()?;
        Ok(Self(Some(Arc::new(Notifications { socket, to, watchdog, kept: Mutex::new(kept) }))))
    }

    /// Listens on an address: on the socket that systemd kept for it, else on a new one, which systemd is asked to keep.
    ///
    /// # Errors
    /// The address is taken or cannot be used.
    pub async fn listen(&self, address: SocketAddr) -> io::Result<TcpListener> {
        let Some(manager) = &self.0 else { return TcpListener::bind(address).await };
        let kept = {
            let mut all = manager.kept.lock();
            let own = all.iter().position(|listener| listener.local_addr().is_ok_and(|kept| kept == address));
            own.map(|index| all.swap_remove(index))
        };
        if let Some(listener) = kept {
            listener.set_nonblocking(true)?;
            return TcpListener::from_std(listener);
        }
        let listener = TcpListener::bind(address).await?;
        manager.send(&format!("FDSTORE=1\nFDNAME={}", kept_name(listener.local_addr()?)), &[listener.as_raw_fd()]);
        Ok(listener)
    }

    /// The role does its work now. From here on systemd hears that it is alive, if it wants to, as long as tasks are run. Sockets that it
    /// kept and nobody listens on are closed.
    pub fn ready(&self) {
        let Some(manager) = &self.0 else { return };
        let unwanted = std::mem::take(&mut *manager.kept.lock());
        for address in unwanted.iter().filter_map(|listener| listener.local_addr().ok()) {
            manager.send(&format!("FDSTOREREMOVE=1\nFDNAME={}", kept_name(address)), &[]);
        }
        drop(unwanted);
        manager.send("READY=1", &[]);
        let Some(limit) = manager.watchdog else { return };
        let manager = Arc::clone(manager);
        drop(tokio::spawn(async move {
            let mut ticks = tokio::time::interval(limit / 2);
            loop {
                ticks.tick().await;
                manager.send("WATCHDOG=1", &[]);
            }
        }));
    }

    /// The role was told to stop, and finishes what it has begun.
    pub fn stopping(&self) {
        if let Some(manager) = &self.0 {
            manager.send("STOPPING=1", &[]);
        }
    }
}

impl Notifications {
    /// A message that is lost costs a restart at worst, and there is nobody to tell.
    fn send(&self, text: &str, files: &[RawFd]) {
        let rights = [ControlMessage::ScmRights(files)];
        let control: &[ControlMessage] = if files.is_empty() { &[] } else { &rights };
        let sent = sendmsg(self.socket.as_raw_fd(), &[IoSlice::new(text.as_bytes())], control, MsgFlags::empty(), Some(&self.to));
        if let Err(error) = sent {
            tracing::warn!(%error, "the service manager does not hear this role");
        }
    }
}

/// The name under which systemd keeps the socket of an address; a colon is not allowed in it.
fn kept_name(address: SocketAddr) -> String {
    address.to_string().replace(':', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hears(socket: &UnixDatagram) -> String {
        let mut buffer = [0u8; 256];
        let length = socket.recv(&mut buffer).expect("a message");
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    }

    fn systemd() -> (tempfile::TempDir, UnixDatagram, String) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("notify");
        let socket = UnixDatagram::bind(&path).expect("bound");
        socket.set_read_timeout(Some(Duration::from_secs(10))).expect("a limit");
        (folder, socket, path.to_string_lossy().into_owned())
    }

    #[tokio::test]
    async fn a_role_says_that_it_is_ready_alive_and_stopping() {
        let (_folder, socket, path) = systemd();
        let manager = ServiceManager::of_process(Some(&path), Some("200000"));
        manager.ready();
        tokio::task::yield_now().await;
        assert_eq!(hears(&socket), "READY=1");
        // Off the runtime's thread, which sends them.
        let socket = tokio::task::spawn_blocking(move || {
            assert_eq!((hears(&socket), hears(&socket)), ("WATCHDOG=1".into(), "WATCHDOG=1".into()));
            socket
        });
        let socket = socket.await.expect("heard");
        manager.stopping();
        let last = std::iter::repeat_with(|| hears(&socket)).find(|text| text != "WATCHDOG=1");
        assert_eq!(last.as_deref(), Some("STOPPING=1"));
    }

    #[tokio::test]
    async fn an_abstract_name_is_one_too() {
        use std::os::linux::net::SocketAddrExt as _;
        let name = format!("footlight-test-{}", std::process::id());
        let address = std::os::unix::net::SocketAddr::from_abstract_name(&name).expect("a name");
        let socket = UnixDatagram::bind_addr(&address).expect("bound");
        socket.set_read_timeout(Some(Duration::from_secs(10))).expect("a limit");
        ServiceManager::of_process(Some(&format!("@{name}")), None).stopping();
        assert_eq!(hears(&socket), "STOPPING=1");
    }

    #[tokio::test]
    async fn a_kept_socket_is_used_for_its_address_only() {
        let (_folder, socket, path) = systemd();
        let kept = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = kept.local_addr().expect("bound");
        let other = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let gone = other.local_addr().expect("bound");
        let manager = ServiceManager::open(&path, None, vec![other, kept]).expect("opened");
        let listener = manager.listen(address).await.expect("taken over, although the port is taken");
        assert_eq!(listener.local_addr().expect("bound"), address);
        manager.ready();
        assert_eq!(hears(&socket), format!("FDSTOREREMOVE=1\nFDNAME=127.0.0.1_{}", gone.port()));
        assert_eq!(hears(&socket), "READY=1");
        TcpListener::bind(gone).await.expect("the address that nobody wants any more is free");
        let new = manager.listen("127.0.0.1:0".parse().expect("an address")).await.expect("a new one");
        assert_eq!(hears(&socket), format!("FDSTORE=1\nFDNAME=127.0.0.1_{}", new.local_addr().expect("bound").port()));
    }

    #[tokio::test]
    async fn without_systemd_a_role_listens_all_the_same() {
        let manager = ServiceManager::default();
        manager.ready();
        manager.stopping();
        manager.listen("127.0.0.1:0".parse().expect("an address")).await.expect("bound");
    }
}
