//! What a service manager is told: datagrams to the socket that it names, as `sd_notify` describes them.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use nevil_runtime::Time;

/// The environment of this process, by name.
pub(crate) type Environment<'env> = &'env dyn Fn(&str) -> Option<OsString>;

/// Most bytes of a status that a service manager shows well: one line.
const STATUS_BYTES_MAX: usize = 200;

/// A service manager that wants to know how the robot is.
pub(crate) struct Notify {
    socket: UnixDatagram,
    address: SocketAddr,
    /// After how long without news it takes the robot for dead, if it does.
    watchdog: Option<Duration>,
}

impl Notify {
    /// `None` if nobody wants to know: `NOTIFY_SOCKET` is not set. `pid` is that of this process: the time that
    /// `WATCHDOG_USEC` says is meant for another one if `WATCHDOG_PID` is another one's.
    ///
    /// # Errors
    ///
    /// If `NOTIFY_SOCKET` is neither a path nor an abstract name, or no socket can be made.
    pub(crate) fn open(environment: Environment<'_>, pid: u32) -> io::Result<Option<Self>> {
        let Some(name) = environment("NOTIFY_SOCKET").filter(|name| !name.is_empty()) else {
            return Ok(None);
        };
        let address = address(&name).map_err(|error| {
            let shown = name.to_string_lossy();
            io::Error::new(error.kind(), format!("NOTIFY_SOCKET `{shown}` is no name of a socket: {error}"))
        })?;
        let socket = UnixDatagram::unbound()?;
        // Nobody reads: then news are lost, and the robot goes on.
        socket.set_nonblocking(true)?;
        let number = |name| environment(name)?.to_str()?.parse::<u64>().ok();
        let is_meant = environment("WATCHDOG_PID").is_none() || number("WATCHDOG_PID") == Some(pid.into());
        let watchdog = number("WATCHDOG_USEC").filter(|&us| is_meant && us > 0).map(Duration::from_micros);
        Ok(Some(Self { socket, address, watchdog }))
    }

    /// After how long without [`Self::alive`] the service manager takes the robot for dead; `None`: never.
    pub(crate) const fn watchdog(&self) -> Option<Duration> {
        self.watchdog
    }

    /// The robot runs.
    ///
    /// # Errors
    ///
    /// The operating system's, here and below: the service manager knows less then, and nothing else follows.
    pub(crate) fn ready(&self) -> io::Result<()> {
        self.send("READY=1")
    }

    /// It lives.
    pub(crate) fn alive(&self) -> io::Result<()> {
        self.send("WATCHDOG=1")
    }

    /// It stops.
    pub(crate) fn stopping(&self) -> io::Result<()> {
        self.send("STOPPING=1")
    }

    /// It stops and starts again in this process, and says [`Self::ready`] then. `now` is of the monotonic clock.
    pub(crate) fn restarting(&self, now: Time) -> io::Result<()> {
        self.send(&format!("RELOADING=1\nMONOTONIC_USEC={}", now.as_ns() / 1000))
    }

    /// How it is, in one line; what is too long is cut.
    pub(crate) fn status(&self, text: &str) -> io::Result<()> {
        let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let end = (0..=line.len().min(STATUS_BYTES_MAX)).rev().find(|&end| line.is_char_boundary(end));
        self.send(&format!("STATUS={}", &line[..end.unwrap_or(0)]))
    }

    fn send(&self, text: &str) -> io::Result<()> {
        self.socket.send_to_addr(text.as_bytes(), &self.address).map(drop)
    }
}

/// A path, or `@` and an abstract name.
fn address(name: &OsStr) -> io::Result<SocketAddr> {
    match name.as_bytes() {
        [b'@', name @ ..] if !name.is_empty() => SocketAddr::from_abstract_name(name),
        [b'/', ..] => SocketAddr::from_pathname(name),
        _ => Err(io::Error::new(io::ErrorKind::InvalidInput, "it begins neither with `/` nor with `@`")),
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixDatagram};
    use std::time::Duration;

    use nevil_runtime::Time;

    use super::Notify;

    fn received(socket: &UnixDatagram) -> String {
        let mut bytes = [0; 512];
        let length = socket.recv(&mut bytes).unwrap();
        String::from_utf8(bytes[..length].to_vec()).unwrap()
    }

    fn open(variables: &[(&str, &str)]) -> std::io::Result<Option<Notify>> {
        let lookup = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| OsString::from(value))
        };
        Notify::open(&lookup, 7)
    }

    #[test]
    fn a_service_manager_is_told_at_a_path_or_an_abstract_name() {
        let path = std::env::temp_dir().join(format!("nevil-notify-{}", std::process::id()));
        let name = format!("nevil-notify-{}", std::process::id());
        let of_path = UnixDatagram::bind(&path).unwrap();
        let of_name = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
        for (socket, name) in [(of_path, path.to_str().unwrap().to_owned()), (of_name, format!("@{name}"))] {
            let notify = open(&[("NOTIFY_SOCKET", &name)]).unwrap().unwrap();
            notify.ready().unwrap();
            notify.alive().unwrap();
            notify.status("driving\nSTOPPING=1").unwrap();
            notify.status(&"ä".repeat(300)).unwrap();
            notify.stopping().unwrap();
            notify.restarting(Time::from_ns(1_500_000)).unwrap();
            assert_eq!(received(&socket), "READY=1");
            assert_eq!(received(&socket), "WATCHDOG=1");
            assert_eq!(received(&socket), "STATUS=driving STOPPING=1");
            assert_eq!(received(&socket), format!("STATUS={}", "ä".repeat(100)));
            assert_eq!(received(&socket), "STOPPING=1");
            assert_eq!(received(&socket), "RELOADING=1\nMONOTONIC_USEC=1500");
        }
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn nobody_is_told_where_nobody_wants_to_know() {
        assert!(open(&[]).unwrap().is_none());
        assert!(open(&[("NOTIFY_SOCKET", "")]).unwrap().is_none());
    }

    #[test]
    fn a_socket_that_can_be_none_is_an_error_and_one_that_is_gone_is_found_when_it_is_told() {
        let error = open(&[("NOTIFY_SOCKET", "here")]).map(drop).unwrap_err().to_string();
        assert_eq!(
            error,
            "NOTIFY_SOCKET `here` is no name of a socket: it begins neither with `/` nor with `@`"
        );
        assert!(open(&[("NOTIFY_SOCKET", "/nowhere/at/all")]).unwrap().unwrap().ready().is_err());
    }

    #[test]
    fn the_time_of_the_watchdog_holds_for_the_process_that_it_names() {
        let watchdog = |more: &[(&str, &str)]| {
            let all: Vec<_> = [("NOTIFY_SOCKET", "@x")].iter().chain(more).copied().collect();
            open(&all).unwrap().unwrap().watchdog()
        };
        let second = Some(Duration::from_secs(1));
        assert_eq!(watchdog(&[]), None);
        assert_eq!(watchdog(&[("WATCHDOG_USEC", "1000000")]), second);
        assert_eq!(watchdog(&[("WATCHDOG_USEC", "1000000"), ("WATCHDOG_PID", "7")]), second);
        assert_eq!(watchdog(&[("WATCHDOG_USEC", "1000000"), ("WATCHDOG_PID", "8")]), None);
        assert_eq!(watchdog(&[("WATCHDOG_USEC", "0")]), None);
        assert_eq!(watchdog(&[("WATCHDOG_USEC", "soon")]), None);
    }
}
