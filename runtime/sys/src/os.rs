//! The operating system, one call per function.

use std::io;
use std::mem::MaybeUninit;
use std::num::NonZeroU32;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fs::{MemfdFlags, SealFlags};
use rustix::io::Errno;
use rustix::mm::MlockAllFlags;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags,
};
use rustix::thread::{ClockId, futex};

/// Nanoseconds of `CLOCK_MONOTONIC`: no step of the wall clock changes it.
#[must_use]
#[inline]
pub fn monotonic_ns() -> u64 {
    let now = rustix::time::clock_gettime(ClockId::Monotonic);
    let (seconds, nanoseconds) = (now.tv_sec.unsigned_abs(), now.tv_nsec.unsigned_abs());
    seconds * 1_000_000_000 + nanoseconds
}

/// Sleeps while `word` is `value`, at most until `until_ns` of `CLOCK_MONOTONIC`; `false` once that has come. May return
/// early. For words that only this process shares.
#[must_use]
pub fn futex_wait(word: &AtomicU32, value: u32, until_ns: Option<u64>) -> bool {
    let until = until_ns.map(|ns| Timespec {
        tv_sec: i64::try_from(ns / 1_000_000_000).unwrap_or(i64::MAX),
        tv_nsec: (ns % 1_000_000_000) as _,
    });
    // The bitset form takes a point in time, so that a sleep that was disturbed is not prolonged.
    let waited = futex::wait_bitset(word, futex::Flags::PRIVATE, value, until.as_ref(), NonZeroU32::MAX);
    waited != Err(Errno::TIMEDOUT)
}

/// Wakes one thread that sleeps on `word`.
pub fn futex_wake_one(word: &AtomicU32) {
    // It fails for words that are no memory of ours only.
    let _ = futex::wake(word, futex::Flags::PRIVATE, 1);
}

/// Ends the process at once: no destructor, no exit handler, no buffer is flushed.
pub fn exit_now(code: i32) -> ! {
    // SAFETY: `_exit` takes any value, touches no memory of ours and does not return.
    unsafe { libc::_exit(code) }
}

/// Makes `SIGSEGV` and `SIGBUS` end the process when they were *sent* to it. The standard library's handler expects the
/// faulty instruction to fault again, and so lets the first one pass that came from `kill`. Real faults are left to it: it
/// says which thread's stack has overflowed.
///
/// # Errors
///
/// The operating system's.
pub fn obey_sent_faults() -> io::Result<()> {
    [libc::SIGSEGV, libc::SIGBUS].into_iter().try_for_each(sent_faults::install)
}

mod sent_faults {
    use std::io;
    use std::mem::MaybeUninit;
    use std::ptr;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// The handlers that were there before, of `SIGSEGV` and `SIGBUS`.
    static BEFORE: [AtomicUsize; 2] = [AtomicUsize::new(0), AtomicUsize::new(0)];

    fn before(signal: libc::c_int) -> &'static AtomicUsize {
        &BEFORE[usize::from(signal == libc::SIGBUS)]
    }

    pub(super) fn install(signal: libc::c_int) -> io::Result<()> {
        let mut old = MaybeUninit::<libc::sigaction>::uninit();
        // SAFETY: with no new action the call only writes the current one to `old`, which has room for it.
        let read = unsafe { libc::sigaction(signal, ptr::null(), old.as_mut_ptr()) };
        if read != 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the call has succeeded, so it has written the action.
        let mut action = unsafe { old.assume_init() };
        let ours = handle as extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void) as usize;
        if action.sa_sigaction == ours {
            return Ok(());
        }
        // Relaxed: the handler runs after `sigaction` below, which the kernel orders.
        before(signal).store(action.sa_sigaction, Ordering::Relaxed);
        action.sa_sigaction = ours;
        action.sa_flags |= libc::SA_SIGINFO | libc::SA_ONSTACK;
        // SAFETY: `action` is a whole action whose handler has the signature that SA_SIGINFO demands, and which only does
        // what is allowed in a signal handler.
        let set = unsafe { libc::sigaction(signal, &raw const action, ptr::null_mut()) };
        if set == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }

    extern "C" fn handle(signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
        // SAFETY: the kernel passes a whole `siginfo_t` to a handler with SA_SIGINFO.
        let sent = unsafe { (*info).si_code } <= 0;
        let old = before(signal).load(Ordering::Relaxed);
        if sent || old == libc::SIG_DFL || old == libc::SIG_IGN {
            // SAFETY: `signal` is allowed in a signal handler and takes any signal.
            unsafe { libc::signal(signal, libc::SIG_DFL) };
            // SAFETY: likewise; the signal is delivered when this handler has returned.
            unsafe { libc::raise(signal) };
            return;
        }
        // SAFETY: what was there before is neither default nor ignored, so it is a function; the standard library installs
        // its handler with SA_SIGINFO, and so with this signature.
        let old: extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void) =
            unsafe { std::mem::transmute(old) };
        old(signal, info, context);
    }
}

/// The calling thread's number in the kernel, as `top -H` shows it.
#[must_use]
pub fn thread_id() -> i32 {
    rustix::thread::gettid().as_raw_nonzero().get()
}

/// Cores that the calling thread may run on, ascending.
///
/// # Errors
///
/// The operating system's.
pub fn thread_cores() -> io::Result<Vec<usize>> {
    let set = rustix::thread::sched_getaffinity(None)?;
    Ok((0..rustix::thread::CpuSet::MAX_CPU).filter(|&core| set.is_set(core)).collect())
}

/// Lets the calling thread run on `cores` only.
///
/// # Errors
///
/// `EINVAL` if none of them exists.
pub fn set_thread_cores(cores: &[usize]) -> io::Result<()> {
    let mut set = rustix::thread::CpuSet::new();
    for &core in cores.iter().filter(|&&core| core < rustix::thread::CpuSet::MAX_CPU) {
        set.set(core);
    }
    Ok(rustix::thread::sched_setaffinity(None, &set)?)
}

/// Niceness of the calling thread, −20 to 19.
///
/// # Errors
///
/// The operating system's.
pub fn thread_nice() -> io::Result<i32> {
    // On Linux "the calling process" of this call is the calling thread.
    Ok(rustix::process::getpriority_process(None)?)
}

/// Sets the niceness of the calling thread, −20 to 19.
///
/// # Errors
///
/// `EACCES` or `EPERM` without `CAP_SYS_NICE` or a sufficient `nice` limit.
pub fn set_thread_nice(nice: i32) -> io::Result<()> {
    Ok(rustix::process::setpriority_process(None, nice)?)
}

/// Locks all memory of the process, now and later, each page when it is first touched.
///
/// # Errors
///
/// `EPERM` or `ENOMEM` without `CAP_IPC_LOCK` or a sufficient `memlock` limit.
pub fn lock_memory() -> io::Result<()> {
    Ok(rustix::mm::mlockall(MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT)?)
}

/// Whether this process may create files in the directory `path`.
#[must_use]
pub fn may_write(path: &Path) -> bool {
    rustix::fs::access(path, rustix::fs::Access::WRITE_OK).is_ok()
}

/// The effective user of this process.
#[must_use]
pub fn user_id() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// The user at the other end of `stream`, as the kernel knows it.
///
/// # Errors
///
/// The operating system's.
pub fn peer_user_id(stream: &UnixStream) -> io::Result<u32> {
    Ok(rustix::net::sockopt::socket_peercred(stream)?.uid.as_raw())
}

/// Sends `bytes` and, with them, a duplicate of `handle`. Blocks as the stream does; returns the bytes sent.
///
/// # Errors
///
/// The operating system's, `EPIPE` instead of a signal if the other end is gone.
pub fn send_with_handle(stream: &UnixStream, bytes: &[u8], handle: BorrowedFd<'_>) -> io::Result<usize> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let handles = [handle];
    if !control.push(SendAncillaryMessage::ScmRights(&handles)) {
        return Err(io::Error::other("no room for a handle in the control message"));
    }
    Ok(rustix::net::sendmsg(stream, &[io::IoSlice::new(bytes)], &mut control, SendFlags::NOSIGNAL)?)
}

/// Receives up to `bytes.len()` bytes and a handle that came with them. 0 bytes: the other end is gone.
///
/// # Errors
///
/// The operating system's, `WouldBlock` after the stream's read time-out.
pub fn receive_with_handle(stream: &UnixStream, bytes: &mut [u8]) -> io::Result<(usize, Option<OwnedFd>)> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut parts = [io::IoSliceMut::new(bytes)];
    let message = rustix::net::recvmsg(stream.as_fd(), &mut parts, &mut control, RecvFlags::CMSG_CLOEXEC)?;
    if message.flags.contains(ReturnFlags::CTRUNC) {
        return Err(io::Error::other("more than one handle came with a message"));
    }
    let handle = control
        .drain()
        .find_map(|part| if let RecvAncillaryMessage::ScmRights(mut fds) = part { fds.next() } else { None });
    Ok((message.bytes, handle))
}

/// Most handles that [`send_with_handles`] sends at once: the two mappings of a ring.
pub const HANDLES_MAX: usize = 2;

/// Sends `bytes` and, with them, duplicates of at most [`HANDLES_MAX`] handles. Blocks as the stream does; returns the
/// bytes sent.
///
/// # Errors
///
/// The operating system's, `EPIPE` instead of a signal if the other end is gone.
pub fn send_with_handles(stream: &UnixStream, bytes: &[u8], handles: &[BorrowedFd<'_>]) -> io::Result<usize> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(HANDLES_MAX))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !control.push(SendAncillaryMessage::ScmRights(handles)) {
        return Err(io::Error::other("no room for the handles in the control message"));
    }
    Ok(rustix::net::sendmsg(stream, &[io::IoSlice::new(bytes)], &mut control, SendFlags::NOSIGNAL)?)
}

/// Receives up to `bytes.len()` bytes and the handles that came with them, at most [`HANDLES_MAX`]. 0 bytes: the other end
/// is gone.
///
/// # Errors
///
/// The operating system's, `WouldBlock` after the stream's read time-out.
pub fn receive_with_handles(stream: &UnixStream, bytes: &mut [u8]) -> io::Result<(usize, Vec<OwnedFd>)> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(HANDLES_MAX))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut parts = [io::IoSliceMut::new(bytes)];
    let message = rustix::net::recvmsg(stream.as_fd(), &mut parts, &mut control, RecvFlags::CMSG_CLOEXEC)?;
    let mut handles = Vec::new();
    for part in control.drain() {
        if let RecvAncillaryMessage::ScmRights(received) = part {
            handles.extend(received);
        }
    }
    if message.flags.contains(ReturnFlags::CTRUNC) {
        return Err(io::Error::other(format!("more than {HANDLES_MAX} handles came with a message")));
    }
    Ok((message.bytes, handles))
}

/// Lets at most about `bytes` wait in `stream` until the other end reads; the kernel rounds.
///
/// # Errors
///
/// The operating system's.
pub fn limit_send_buffer(stream: &UnixStream, bytes: usize) -> io::Result<()> {
    Ok(rustix::net::sockopt::set_socket_send_buffer_size(stream, bytes)?)
}

/// Sends as much of `bytes` as there is room for now. Never blocks, never raises a signal.
///
/// # Errors
///
/// The operating system's, `WouldBlock` if there is no room, `BrokenPipe` if the other end is gone.
pub fn send_now(stream: &UnixStream, bytes: &[u8]) -> io::Result<usize> {
    Ok(rustix::net::send(stream, bytes, SendFlags::DONTWAIT | SendFlags::NOSIGNAL)?)
}

/// Waits until `handle` has something to read or its other end is gone, at most for `timeout`; says whether that is so.
/// A socket's own time-out is late by an eighth, this one is not.
///
/// # Errors
///
/// The operating system's, `Interrupted` among them.
pub fn wait_readable(handle: BorrowedFd<'_>, timeout: Option<Duration>) -> io::Result<bool> {
    wait_ready(handle, PollFlags::IN, timeout)
}

/// Waits until `handle` takes a write, at most for `timeout`; says whether it does. What cannot be waited for, as most
/// devices, takes it at once. Leaves the handle's own settings alone, which it may share with another process.
///
/// # Errors
///
/// The operating system's, `Interrupted` among them.
pub fn wait_writable(handle: BorrowedFd<'_>, timeout: Option<Duration>) -> io::Result<bool> {
    wait_ready(handle, PollFlags::OUT, timeout)
}

fn wait_ready(handle: BorrowedFd<'_>, what: PollFlags, timeout: Option<Duration>) -> io::Result<bool> {
    let timeout = timeout.map(Timespec::try_from).transpose().map_err(io::Error::other)?;
    let mut handles = [PollFd::from_borrowed_fd(handle, what)];
    Ok(rustix::event::poll(&mut handles, timeout.as_ref())? > 0)
}

/// Bytes of a page of memory: 4096, or 16384 as on a Raspberry Pi 5.
#[must_use]
pub fn page_bytes() -> usize {
    rustix::param::page_size()
}

/// Memory of `bytes` zeros that has a handle and no name in any file system; `label` shows in `/proc/PID/maps`. It is gone
/// when the last handle and the last mapping of it are.
///
/// # Errors
///
/// The operating system's.
pub fn anonymous_memory(label: &str, bytes: u64) -> io::Result<OwnedFd> {
    let handle = rustix::fs::memfd_create(label, MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
    rustix::fs::ftruncate(&handle, bytes)?;
    Ok(handle)
}

/// What may be mapped for writing from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sealed {
    /// The memory can be made neither smaller nor larger.
    Size,
    /// Besides, it can be neither written nor mapped for writing any more; mappings that exist stay as they are.
    SizeAndFutureWrites,
}

/// Seals `memory` for ever.
///
/// # Errors
///
/// The operating system's.
pub fn seal(memory: BorrowedFd<'_>, sealed: Sealed) -> io::Result<()> {
    Ok(rustix::fs::fcntl_add_seals(memory, seals(sealed))?)
}

/// Whether `memory` is sealed at least so; what can have no seals, as a file on a disk, is not.
///
/// # Errors
///
/// The operating system's.
pub fn is_sealed(memory: BorrowedFd<'_>, sealed: Sealed) -> io::Result<bool> {
    match rustix::fs::fcntl_get_seals(memory) {
        Ok(found) => Ok(found.contains(seals(sealed))),
        Err(Errno::INVAL) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn seals(sealed: Sealed) -> SealFlags {
    let size = SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL;
    match sealed {
        Sealed::Size => size,
        Sealed::SizeAndFutureWrites => size | SealFlags::FUTURE_WRITE,
    }
}

/// Bytes of the file or memory behind `handle`.
///
/// # Errors
///
/// The operating system's.
pub fn handle_bytes(handle: BorrowedFd<'_>) -> io::Result<u64> {
    Ok(rustix::fs::fstat(handle)?.st_size.unsigned_abs())
}

/// Sleeps until [`wake_all`] is called on the same word, in whichever process, unless the word is not `expected` any
/// more; at most for `timeout`. Returns early for a signal too: the caller looks again at what it waits for.
///
/// # Errors
///
/// The operating system's.
pub fn sleep_on(word: &AtomicU32, expected: u32, timeout: Duration) -> io::Result<()> {
    let timeout = Timespec::try_from(timeout).map_err(io::Error::other)?;
    match futex::wait(word, futex::Flags::empty(), expected, Some(&timeout)) {
        Ok(()) | Err(Errno::AGAIN | Errno::INTR | Errno::TIMEDOUT) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Wakes everyone who sleeps on `word`, in whichever process, and says how many they were.
///
/// # Errors
///
/// The operating system's.
pub fn wake_all(word: &AtomicU32) -> io::Result<usize> {
    Ok(futex::wake(word, futex::Flags::empty(), i32::MAX.unsigned_abs())?)
}

/// Lets the calling thread's sleeps end on time; without this they are up to 50 µs late where it is not a real-time one.
///
/// # Errors
///
/// The operating system's.
pub fn sleep_punctually() -> io::Result<()> {
    Ok(rustix::thread::set_current_timer_slack(std::num::NonZeroU64::new(1))?)
}
