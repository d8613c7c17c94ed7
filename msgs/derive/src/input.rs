//! What the derives accept, and what they say to the rest.

use quote::ToTokens;
use syn::{Data, DeriveInput, Error, Field, Fields, Result};

/// The named fields of the struct that `derive` stands on.
pub(crate) fn named_fields<'input>(
    input: &'input DeriveInput,
    derive: &str,
) -> Result<Vec<(&'input syn::Ident, &'input Field)>> {
    refuse_generics(input, derive)?;
    let data = match &input.data {
        Data::Struct(data) => data,
        Data::Enum(_) => {
            return Err(Error::new_spanned(
                &input.ident,
                format!(
                    "`{derive}` needs a struct with named fields; put the enum in a field and write \
                     `#[derive(Field)]` on it"
                ),
            ));
        }
        Data::Union(_) => {
            return Err(Error::new_spanned(
                &input.ident,
                format!("`{derive}` needs a struct with named fields; a union does not say what it holds"),
            ));
        }
    };
    match &data.fields {
        Fields::Named(fields) => Ok(fields
            .named
            .iter()
            .filter_map(|field| field.ident.as_ref().map(|name| (name, field)))
            .collect()),
        Fields::Unnamed(fields) => Err(Error::new_spanned(
            fields,
            format!("`{derive}` needs named fields, because text names them; write `{{ name: type }}`"),
        )),
        Fields::Unit => Err(Error::new_spanned(
            &input.ident,
            format!("`{derive}` needs named fields; for none write `struct {} {{}}`", input.ident),
        )),
    }
}

/// Refuses type parameters and lifetimes: a type on the bus has one name and one hash.
pub(crate) fn refuse_generics(input: &DeriveInput, derive: &str) -> Result<()> {
    if input.generics.params.is_empty() {
        return Ok(());
    }
    Err(Error::new_spanned(
        input.generics.to_token_stream(),
        format!(
            "`{derive}` needs a type without parameters, because each type has one hash; write one struct for \
             each use"
        ),
    ))
}
