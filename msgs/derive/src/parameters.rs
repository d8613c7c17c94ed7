//! Structs as the parameters of a node.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{DeriveInput, Error, LitStr, Result, parse2};

use crate::attributes::{FieldAttributes, field_attributes};
use crate::field_struct::{FieldDemand, field_info};
use crate::input::named_fields;
use crate::paths::Paths;

/// `#[derive(Parameters)]`.
pub(crate) fn expand(input: &DeriveInput, paths: &Paths) -> Result<TokenStream> {
    let Paths { msgs, runtime } = paths;
    let mut infos = Vec::new();
    let mut reads = Vec::new();
    let mut members = Vec::new();
    for (position, (name, field)) in named_fields(input, "Parameters")?.into_iter().enumerate() {
        if let Some(wrong) = field.attrs.iter().find(|attribute| attribute.path().is_ident("field")) {
            return Err(Error::new_spanned(
                wrong,
                "a parameter has `#[param(…)]`; `#[field(…)]` is for messages",
            ));
        }
        let attributes = field_attributes(&field.attrs, "param")?;
        infos.push(field_info(msgs, name, field, &attributes, &demand(msgs, field, &attributes)));
        let ty = &field.ty;
        let absent = absent(runtime, &attributes);
        reads.push(quote_spanned! {ty.span()=>
            let #name: ::core::option::Option<#ty> = reader.read(&SCHEMA[#position], #absent);
        });
        members.push(quote!(#name: #name?));
    }
    let name = &input.ident;
    Ok(quote! {
        const _: () = {
            const SCHEMA: &[#msgs::FieldInfo] = &[#(#infos),*];

            #[automatically_derived]
            impl #runtime::Parameters for #name {
                fn schema() -> &'static [#msgs::FieldInfo] {
                    SCHEMA
                }

                fn from_value(
                    value: &#msgs::Value,
                ) -> ::core::result::Result<Self, ::std::vec::Vec<#msgs::ValueError>> {
                    #[allow(unused_mut)]
                    let mut reader = #runtime::__private::ParameterReader::new(value, SCHEMA);
                    #(#reads)*
                    reader.finish(|| ::core::option::Option::Some(Self { #(#members),* }))
                }
            }
        };
    })
}

fn demand(msgs: &TokenStream, field: &syn::Field, attributes: &FieldAttributes) -> FieldDemand {
    let ty = &field.ty;
    match &attributes.default {
        Some(default) => {
            let text = parse2::<LitStr>(default.clone()).map_or_else(|_| shown(default), |text| text.value());
            FieldDemand { required: quote!(false), default: Some(text) }
        }
        None => {
            let is_option =
                quote!(::core::matches!(<#ty as #msgs::Field>::KIND, #msgs::FieldKind::Option(_)));
            FieldDemand { required: quote!(!#is_option), default: None }
        }
    }
}

fn absent(runtime: &TokenStream, attributes: &FieldAttributes) -> TokenStream {
    let absent = quote!(#runtime::__private::Absent);
    match &attributes.default {
        None => quote!(#absent::Nothing),
        Some(default) => match parse2::<LitStr>(default.clone()) {
            Ok(text) => quote!(#absent::Text(#text)),
            Err(_) => quote!(#absent::Value(#default)),
        },
    }
}

/// The default as it stands in the source: the compiler puts spaces between tokens that people write together.
fn shown(default: &TokenStream) -> String {
    let text = default.to_string().replace("! [", "![");
    text.strip_prefix("- ").map_or(text.clone(), |number| format!("-{number}"))
}
