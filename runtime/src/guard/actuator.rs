//! In the guard: an actuator's thread, which does nothing until its sequence is asked for.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};

use nevil_sys::os;

use crate::limits;

/// An actuator that can be made safe. Each has a thread, started in advance: one whose device blocks holds up no other.
#[derive(Debug)]
pub(super) struct Actuator {
    pub(super) name: String,
    orders: Arc<Orders>,
    thread: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Orders {
    asked: AtomicU64,
    done: AtomicU64,
    retired: AtomicBool,
}

impl Actuator {
    pub(super) fn start(name: String, handle: OwnedFd, writes: Vec<Vec<u8>>) -> io::Result<Self> {
        let orders = Arc::new(Orders::default());
        let theirs = Arc::clone(&orders);
        let device = File::from(handle);
        let thread = thread::Builder::new().stack_size(limits::GUARD_STACK_BYTES);
        let thread = thread.spawn(move || serve(&theirs, &device, &writes))?;
        Ok(Self { name, orders, thread })
    }

    /// Asks for the sequence, from its beginning. Does not wait.
    pub(super) fn make_safe(&self) {
        // Release: pairs with the load in `serve`; there is no other data.
        self.orders.asked.fetch_add(1, Ordering::Release);
        self.thread.thread().unpark();
    }

    /// Whether a sequence that began after the last request has been written.
    pub(super) fn is_done(&self) -> bool {
        // Acquire: pairs with the store in `serve`. Relaxed: this thread wrote it.
        self.orders.done.load(Ordering::Acquire) == self.orders.asked.load(Ordering::Relaxed)
    }

    /// Lets the thread end once it has done what was asked; it may hang in its device.
    pub(super) fn retire(self) -> JoinHandle<()> {
        // Release: requests that came before are seen with it.
        self.orders.retired.store(true, Ordering::Release);
        self.thread.thread().unpark();
        self.thread
    }
}

fn serve(orders: &Orders, device: &File, writes: &[Vec<u8>]) {
    let mut done = 0;
    loop {
        // Acquire: before the look at the requests, so that none of them is missed.
        let retired = orders.retired.load(Ordering::Acquire);
        // Acquire: pairs with `make_safe`.
        let asked = orders.asked.load(Ordering::Acquire);
        if asked != done {
            writes.iter().for_each(|bytes| write(device, bytes));
            done = asked;
            // Release: who sees it sees the writes done.
            orders.done.store(done, Ordering::Release);
        } else if retired {
            return;
        } else {
            thread::park();
        }
    }
}

/// One `write`, tried again when it fails. If it fails for good the next one follows: a half-safe actuator is better
/// than an unsafe one, and there is nobody to tell.
fn write(mut device: &File, bytes: &[u8]) {
    for _ in 0..limits::GUARD_ATTEMPTS_MAX {
        let ready = os::wait_writable(device.as_fd(), Some(limits::GUARD_WRITE_WAIT));
        if ready.is_ok_and(|ready| ready) && device.write(bytes).is_ok_and(|written| written == bytes.len()) {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream;
    use std::time::Duration;

    use super::Actuator;

    const WATCHDOG: Duration = Duration::from_secs(60);

    fn actuator() -> (Actuator, UnixStream) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        ours.set_read_timeout(Some(WATCHDOG)).unwrap();
        (Actuator::start("pwm".into(), theirs.into(), vec![vec![1, 2], vec![3]]).unwrap(), ours)
    }

    #[test]
    fn each_request_writes_the_sequence_and_nothing_is_written_before() {
        let (actuator, mut device) = actuator();
        assert!(actuator.is_done());
        for _ in 0..3 {
            actuator.make_safe();
            let mut bytes = [0; 3];
            device.read_exact(&mut bytes).unwrap();
            assert_eq!(bytes, [1, 2, 3]);
        }
        actuator.retire().join().unwrap();
        assert_eq!(
            device.read(&mut [0; 8]).unwrap(),
            0,
            "the handle is closed, and nothing more was written"
        );
    }

    #[test]
    fn a_request_before_the_retirement_is_still_done() {
        let (actuator, mut device) = actuator();
        actuator.make_safe();
        actuator.retire().join().unwrap();
        let mut bytes = Vec::new();
        device.read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes, [1, 2, 3]);
    }

    #[test]
    fn a_device_that_takes_nothing_is_given_up_and_works_again_when_it_can() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        theirs.set_nonblocking(true).unwrap();
        let mut filled = 0;
        while let Ok(written) = (&theirs).write(&[0; 4096]) {
            filled += written;
        }
        let actuator = Actuator::start("pwm".into(), theirs.into(), vec![vec![7]]).unwrap();
        actuator.make_safe();
        while !actuator.is_done() {
            std::thread::yield_now();
        }
        ours.set_read_timeout(Some(WATCHDOG)).unwrap();
        let mut bytes = vec![7; filled];
        (&ours).read_exact(&mut bytes).unwrap();
        assert!(bytes.iter().all(|&byte| byte == 0), "it was given up");
        actuator.make_safe();
        let retired = actuator.retire();
        bytes.clear();
        (&ours).read_to_end(&mut bytes).unwrap();
        retired.join().unwrap();
        assert_eq!(bytes, [7]);
    }
}
