//! Structs as messages and as fields of messages.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{DeriveInput, Result};

use crate::attributes::{FieldAttributes, doc, field_attributes};
use crate::input::named_fields;
use crate::paths::Paths;

/// `#[derive(Message)]`.
pub(crate) fn expand_message(input: &DeriveInput, paths: &Paths) -> Result<TokenStream> {
    let fields = expand_struct(input, paths, "Message")?;
    let (name, msgs) = (&input.ident, &paths.msgs);
    let type_info = type_info(input, msgs)?;
    Ok(quote! {
        #fields
        #[automatically_derived]
        impl #msgs::Message for #name {
            const TYPE: &'static #msgs::TypeInfo = #type_info;
        }
    })
}

/// `#[derive(Field)]` on a struct, and what it shares with `#[derive(Message)]`.
pub(crate) fn expand_struct(input: &DeriveInput, paths: &Paths, derive: &str) -> Result<TokenStream> {
    let (name, msgs) = (&input.ident, &paths.msgs);
    let type_info = type_info(input, msgs)?;
    let fields = named_fields(input, derive)?;
    let mut heap_bytes = Vec::new();
    let mut checks = Vec::new();
    for (field_name, field) in &fields {
        let text = field_text(field_name);
        let span = field.ty.span();
        heap_bytes.push(quote_spanned!(span=> + #msgs::Field::heap_bytes(&self.#field_name)));
        let attributes = field_attributes(&field.attrs, "field")?;
        checks.push(check(msgs, field_name, &text, &attributes));
    }
    let serde = shadow(input, msgs, &fields);
    Ok(quote! {
        #serde
        #[automatically_derived]
        impl #msgs::Field for #name {
            const KIND: #msgs::FieldKind = #msgs::FieldKind::Struct(#type_info);

            fn heap_bytes(&self) -> usize {
                0 #(#heap_bytes)*
            }

            fn check(&self) -> ::core::result::Result<(), #msgs::OutOfRange> {
                #(#checks)*
                ::core::result::Result::Ok(())
            }
        }
    })
}

/// The name of a field as it stands in text.
pub(crate) fn field_text(name: &syn::Ident) -> String {
    let text = name.to_string();
    text.strip_prefix("r#").map(str::to_owned).unwrap_or(text)
}

/// The description of one field; `msgs` is the path of the crate `nevil-msgs`.
pub(crate) fn field_info(
    msgs: &TokenStream,
    name: &syn::Ident,
    field: &syn::Field,
    attributes: &FieldAttributes,
    demand: &FieldDemand,
) -> TokenStream {
    let text = field_text(name);
    let ty = &field.ty;
    let kind = quote_spanned!(ty.span()=> <#ty as #msgs::Field>::KIND);
    let some = |tokens: TokenStream| quote!(::core::option::Option::Some(#tokens));
    let none = quote!(::core::option::Option::None);
    let unit = attributes.unit.as_ref().map_or(none.clone(), |unit| some(quote!(#unit)));
    let range = attributes.range.as_ref().map_or(none.clone(), |range| {
        let constant = range.constant(msgs);
        let no_numbers = format!("`{text}` holds no numbers that could have a range; leave `range` out");
        let upside_down = format!("the range of `{text}` has its ends the wrong way round");
        let outside = format!("the default of `{text}` lies outside its range");
        let default = attributes
            .literal_default()
            .map(|default| quote!(assert!(RANGE.contains((#default) as f64), #outside);));
        let checked = quote_spanned! {range.span()=> {
            const RANGE: #msgs::FieldRange = #constant;
            assert!(<#ty as #msgs::Field>::KIND.has_range(), #no_numbers);
            assert!(RANGE.min <= RANGE.max, #upside_down);
            #default
            RANGE
        }};
        some(checked)
    });
    let doc = doc(&field.attrs);
    let required = &demand.required;
    let default = demand.default.as_ref().map_or(none, |default| some(quote!(#default)));
    quote! {
        #msgs::FieldInfo {
            name: #text, kind: #kind, unit: #unit, range: #range, doc: #doc, required: #required, default: #default,
        }
    }
}

/// Whether a field has to be given, and what holds if it is not.
pub(crate) struct FieldDemand {
    /// A constant expression.
    pub(crate) required: TokenStream,
    /// Text of the default.
    pub(crate) default: Option<String>,
}

fn type_info(input: &DeriveInput, msgs: &TokenStream) -> Result<TokenStream> {
    let mut infos = Vec::new();
    for (name, field) in named_fields(input, "Message")? {
        let attributes = field_attributes(&field.attrs, "field")?;
        // An absent value is written as null; leaving the field out is an error, so that a typing error is found.
        let demand = FieldDemand { required: quote!(true), default: None };
        infos.push(field_info(msgs, name, field, &attributes, &demand));
    }
    let name = input.ident.to_string();
    let doc = doc(&input.attrs);
    Ok(quote!(&#msgs::TypeInfo::new(#name, #doc, &[#(#infos),*])))
}

fn check(msgs: &TokenStream, name: &syn::Ident, text: &str, attributes: &FieldAttributes) -> TokenStream {
    let range = attributes.range.as_ref().map(|range| {
        let constant = range.constant(msgs);
        quote! {
            #msgs::Field::check_range(&self.#name, &const { #constant })
                .map_err(|problem| problem.in_field(#text))?;
        }
    });
    quote! {
        #msgs::Field::check(&self.#name).map_err(|problem| problem.in_field(#text))?;
        #range
    }
}

/// The traits of serde, by way of a struct with the same fields that serde's own derive stands on: so the user needs
/// neither serde in `Cargo.toml` nor its attributes.
fn shadow(input: &DeriveInput, msgs: &TokenStream, fields: &[(&syn::Ident, &syn::Field)]) -> TokenStream {
    let members = fields.iter().map(|(name, field)| {
        let ty = &field.ty;
        quote!(#name: #ty)
    });
    let shadow = format_ident!("__{}Shadow", input.ident);
    shadow_impls(input, msgs, &shadow, &quote!(struct #shadow { #(#members),* }), true)
}

/// Serde's traits for the type of `input` through `item`, the definition of `shadow`.
pub(crate) fn shadow_impls(
    input: &DeriveInput,
    msgs: &TokenStream,
    shadow: &syn::Ident,
    item: &TokenStream,
    is_struct: bool,
) -> TokenStream {
    let name = &input.ident;
    let text = name.to_string();
    // Serde wants a path as text.
    let serde = quote!(#msgs::__private::serde).to_string();
    let deny = is_struct.then(|| quote!(deny_unknown_fields,));
    quote! {
        const _: () = {
            use #msgs::__private::serde as __serde;

            #[derive(__serde::Serialize, __serde::Deserialize)]
            #[serde(crate = #serde, #deny remote = #text, rename = #text)]
            #[allow(dead_code, non_camel_case_types)]
            #item

            #[automatically_derived]
            impl __serde::Serialize for #name {
                fn serialize<S: __serde::Serializer>(&self, serializer: S) -> ::core::result::Result<S::Ok, S::Error> {
                    #shadow::serialize(self, serializer)
                }
            }

            #[automatically_derived]
            impl<'de> __serde::Deserialize<'de> for #name {
                fn deserialize<D: __serde::Deserializer<'de>>(
                    deserializer: D,
                ) -> ::core::result::Result<Self, D::Error> {
                    #shadow::deserialize(deserializer)
                }
            }
        };
    }
}
