//! Part of Nevil.
#![forbid(unsafe_code)]

// The derive writes `::nevil_runtime::…`, and this crate uses it too.
extern crate self as nevil_runtime;

mod parameter;

pub use nevil_derive::Parameters;
pub use parameter::Parameters;

/// What the derives write refers to; not for use by hand.
#[doc(hidden)]
pub mod __private {
    pub use crate::parameter::{Absent, ParameterReader};
    pub use nevil_msgs;
}
