//! The derives of Nevil: `Message` and `Field` for what travels on the bus, `Parameters` for what a node is set by.
//!
//! They are documented where they are exported: at the traits `Message` and `Field` of `nevil-msgs` and `Parameters`
//! of `nevil-runtime`. Those whose names begin with `Robot` do the same in a crate that depends on `nevil` alone, whose
//! prelude brings them under the usual names.
#![forbid(unsafe_code)]

mod attributes;
mod field_enum;
mod field_struct;
mod input;
mod parameters;
mod paths;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

use crate::paths::Paths;

/// Makes a struct with named fields a message, which may travel on the bus.
///
/// A field may say its unit and its range: `#[field(unit = "m/s", range = -0.8..=0.8)]`. The documentation of struct
/// and fields becomes part of the description. The derive implements `Message`, `Field`, and the traits of serde.
#[proc_macro_derive(Message, attributes(field))]
pub fn derive_message(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    field_struct::expand_message(&input, &Paths::of_messages())
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}

/// Makes an enum without data, or a struct with named fields, a possible field of messages and parameters.
///
/// In text a variant is called as in the source, in lower case with underscores: `no_edge` for `NoEdge`. The derive
/// implements `Field` and the traits of serde.
#[proc_macro_derive(Field, attributes(field))]
pub fn derive_field(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    field_enum::expand_field(&input, &Paths::of_messages())
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}

/// Makes a struct with named fields the parameters of a node.
///
/// A field may say its default, its range and its unit: `#[param(default = 0.15, range = 0.05..=2.0, unit = "m")]`.
/// The derive implements `Parameters`.
#[proc_macro_derive(Parameters, attributes(param, field))]
pub fn derive_parameters(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    parameters::expand(&input, &Paths::of_runtime()).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// As `Message`, for a crate that depends on `nevil` alone.
#[proc_macro_derive(RobotMessage, attributes(field))]
pub fn derive_robot_message(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    field_struct::expand_message(&input, &Paths::of_robot())
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}

/// As `Field`, for a crate that depends on `nevil` alone.
#[proc_macro_derive(RobotField, attributes(field))]
pub fn derive_robot_field(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    field_enum::expand_field(&input, &Paths::of_robot()).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// As `Parameters`, for a crate that depends on `nevil` alone.
#[proc_macro_derive(RobotParameters, attributes(param, field))]
pub fn derive_robot_parameters(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    parameters::expand(&input, &Paths::of_robot()).unwrap_or_else(syn::Error::into_compile_error).into()
}

#[cfg(test)]
mod tests;
