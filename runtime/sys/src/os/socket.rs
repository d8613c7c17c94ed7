//! Sockets of this machine: who is at the other end, and handles that go along.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags,
};

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
const HANDLES_MAX: usize = 2;

/// Sends `bytes` and, with them, duplicates of at most two handles. Blocks as the stream does; returns the
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

/// Receives up to `bytes.len()` bytes and the handles that came with them, at most two. 0 bytes: the other end
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

/// Sends as much of `bytes` as there is room for at this moment. Never blocks, never raises a signal.
///
/// # Errors
///
/// The operating system's, `WouldBlock` if there is no room, `BrokenPipe` if the other end is gone.
pub fn send_now(stream: &UnixStream, bytes: &[u8]) -> io::Result<usize> {
    Ok(rustix::net::send(stream, bytes, SendFlags::DONTWAIT | SendFlags::NOSIGNAL)?)
}
