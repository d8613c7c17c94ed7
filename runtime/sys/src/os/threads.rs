//! What is done to other threads, and to all of them.

use std::io;

/// Prepares the process for [`process_barrier`]: to be called once, before the first.
///
/// # Errors
///
/// `ENOSYS` or `EINVAL` where the kernel has no such barrier, before Linux 4.14.
pub fn register_process_barrier() -> io::Result<()> {
    membarrier(libc::MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED)
}

/// Makes every running thread of the process pass a full memory barrier before it returns. Takes some microseconds.
///
/// # Errors
///
/// `EPERM` without [`register_process_barrier`].
pub fn process_barrier() -> io::Result<()> {
    membarrier(libc::MEMBARRIER_CMD_PRIVATE_EXPEDITED)
}

fn membarrier(command: libc::c_int) -> io::Result<()> {
    // SAFETY: the call takes three numbers and touches no memory of ours.
    let status = unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) };
    if status == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Lets the thread of this process with the number `thread` run only when nothing else wants to.
///
/// # Errors
///
/// `ESRCH` if it has ended.
pub fn make_thread_idle(thread: i32) -> io::Result<()> {
    let param = libc::sched_param { sched_priority: 0 };
    // SAFETY: `param` is initialised and outlives the call; a number that names no thread is refused.
    let status = unsafe { libc::sched_setscheduler(thread, libc::SCHED_IDLE, &raw const param) };
    if status == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Lets the thread of this process with the number `thread` run on any core that the process may use.
///
/// # Errors
///
/// `ESRCH` if it has ended.
pub fn unpin_thread(thread: i32) -> io::Result<()> {
    let mut set = rustix::thread::CpuSet::new();
    // The kernel leaves out those that there are not, or that the process may not use.
    (0..rustix::thread::CpuSet::MAX_CPU).for_each(|core| set.set(core));
    Ok(rustix::thread::sched_setaffinity(rustix::process::Pid::from_raw(thread), &set)?)
}
