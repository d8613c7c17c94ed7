//! Where the code that the derives write finds Nevil.

use proc_macro2::TokenStream;
use quote::quote;

/// Paths of Nevil's crates, as the crate that derives can name them.
pub(crate) struct Paths {
    /// The crate `nevil-msgs`.
    pub(crate) msgs: TokenStream,
    /// The crate `nevil-runtime`.
    pub(crate) runtime: TokenStream,
}

impl Paths {
    /// For a crate that depends on `nevil-msgs` itself.
    pub(crate) fn of_messages() -> Self {
        Self { msgs: quote!(::nevil_msgs), runtime: quote!(::nevil_runtime) }
    }

    /// For a crate that depends on `nevil-runtime`, and perhaps not on `nevil-msgs`.
    pub(crate) fn of_runtime() -> Self {
        Self { msgs: quote!(::nevil_runtime::__private::nevil_msgs), runtime: quote!(::nevil_runtime) }
    }

    /// For a robot project, which depends on `nevil` alone.
    pub(crate) fn of_robot() -> Self {
        Self { msgs: quote!(::nevil::msgs), runtime: quote!(::nevil::runtime) }
    }
}
