//! Message types of Nevil, what describes them, their codec and their text form.
#![forbid(unsafe_code)]

extern crate self as nevil_msgs;
