//! Enums as fields of messages.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Data, DataEnum, DeriveInput, Error, Fields, Result};

use crate::field_struct::{expand_struct, field_text, shadow_impls};
use crate::input::refuse_generics;
use crate::paths::Paths;

/// `#[derive(Field)]`.
pub(crate) fn expand_field(input: &DeriveInput, paths: &Paths) -> Result<TokenStream> {
    match &input.data {
        Data::Enum(data) => expand_enum(input, &paths.msgs, data),
        Data::Struct(_) | Data::Union(_) => expand_struct(input, paths, "Field"),
    }
}

fn expand_enum(input: &DeriveInput, msgs: &TokenStream, data: &DataEnum) -> Result<TokenStream> {
    refuse_generics(input, "Field")?;
    let name = &input.ident;
    if data.variants.is_empty() {
        return Err(Error::new_spanned(name, "an enum without variants has no value; give it at least one"));
    }
    let mut variants = Vec::new();
    let mut texts = Vec::new();
    for variant in &data.variants {
        if !matches!(variant.fields, Fields::Unit) {
            return Err(Error::new_spanned(
                variant,
                "a variant in a message has no data; put the data in fields of the struct, beside the enum",
            ));
        }
        variants.push(&variant.ident);
        texts.push(snake_case(&field_text(&variant.ident)));
    }
    let name_text = name.to_string();
    let shadow = format_ident!("__{}Shadow", name);
    let item = quote!(enum #shadow { #(#[serde(rename = #texts)] #variants),* });
    let serde = shadow_impls(input, msgs, &shadow, &item, false);
    Ok(quote! {
        #serde
        #[automatically_derived]
        impl #msgs::Field for #name {
            const KIND: #msgs::FieldKind = #msgs::FieldKind::Enum(
                &#msgs::EnumInfo { name: #name_text, variants: &[#(#texts),*] },
            );
        }
    })
}

/// `no_edge` for `NoEdge`.
fn snake_case(name: &str) -> String {
    let mut text = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.extend(letter.to_lowercase());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::snake_case;

    #[test]
    fn a_variant_is_called_in_lower_case_with_underscores() {
        assert_eq!(snake_case("NoEdge"), "no_edge");
        assert_eq!(snake_case("Clear"), "clear");
    }
}
