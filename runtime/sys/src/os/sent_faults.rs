//! Faults that were sent to the process, and not made by it.

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
    // One that takes another kind of arguments cannot be called from ours: then it is as if there were none.
    let takes_ours = action.sa_flags & libc::SA_SIGINFO != 0;
    before(signal).store(if takes_ours { action.sa_sigaction } else { libc::SIG_DFL }, Ordering::Relaxed);
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
