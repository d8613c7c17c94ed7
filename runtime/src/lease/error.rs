//! Why a lease was not had, or not kept.

use std::sync::Arc;
use std::time::Duration;

use nevil_sys::mem::LEASE_SEATS_MAX;

use crate::limits::{LEASE_MAX, LEASE_MIN};

/// Why a lease cannot be declared.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LeaseClaimError {
    /// Its name is not allowed.
    #[error(
        "`{given}` is not a name for a lease; use 1 to 128 of the characters a-z, 0-9 and _, in parts separated by /"
    )]
    Name {
        /// The name.
        given: Arc<str>,
    },
    /// Too many nodes want it.
    #[error("lease `{lease}` cannot be had by one more node: {LEASE_SEATS_MAX} have declared it already")]
    TooManyNodes {
        /// The lease.
        lease: Arc<str>,
    },
}

/// Why a lease was not had, or not kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LeaseError {
    /// Somebody holds it.
    #[error(
        "lease `{lease}` is held by `{holder}` ({purpose}) for at most {remaining:?} more; try again then"
    )]
    Held {
        /// The lease.
        lease: Arc<str>,
        /// The node that holds it, which may be the one that asks.
        holder: Arc<str>,
        /// For what.
        purpose: &'static str,
        /// How long it may still hold it without renewing it.
        remaining: Duration,
    },
    /// The node is not active, or was fenced.
    #[error("lease `{lease}` cannot be had or kept now, because its node is not active")]
    NotActive {
        /// The lease.
        lease: Arc<str>,
    },
    /// The time is out of range.
    #[error(
        "lease `{lease}`: time is out of range ({given:?}), {LEASE_MIN:?} to {LEASE_MAX:?} is allowed; renew it instead"
    )]
    Time {
        /// The lease.
        lease: Arc<str>,
        /// The time that was asked for.
        given: Duration,
    },
    /// It was held, and is no longer.
    #[error(
        "lease `{lease}` is over, because its time has passed; acquire it again, for longer, or renew it in time"
    )]
    Over {
        /// The lease.
        lease: Arc<str>,
    },
}
