//! What stands in documentation and in `#[field(…)]` and `#[param(…)]`.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::parse::ParseStream;
use syn::{Attribute, Error, Expr, ExprLit, ExprUnary, Lit, LitStr, Meta, Result, Token, UnOp, parse2};

/// What the attribute of one field says.
#[derive(Default)]
pub(crate) struct FieldAttributes {
    /// Unit of the numbers.
    pub(crate) unit: Option<LitStr>,
    /// Range of the numbers.
    pub(crate) range: Option<RangeTokens>,
    /// The default of a parameter.
    pub(crate) default: Option<TokenStream>,
}

impl FieldAttributes {
    /// The default, if it is a number as such, so that it can be compared with the range while compiling.
    pub(crate) fn literal_default(&self) -> Option<&TokenStream> {
        let default = self.default.as_ref()?;
        let is_number = |lit: &Lit| matches!(lit, Lit::Int(_) | Lit::Float(_));
        let number = match parse2::<Expr>(default.clone()).ok()? {
            Expr::Unary(ExprUnary { op: UnOp::Neg(_), expr, .. }) => *expr,
            expr => expr,
        };
        matches!(&number, Expr::Lit(ExprLit { lit, .. }) if is_number(lit)).then_some(default)
    }
}

/// The two ends of `range = …`; an end that is left out has no bound.
pub(crate) struct RangeTokens {
    min: TokenStream,
    max: TokenStream,
    span: Span,
}

impl RangeTokens {
    /// Where the range stands.
    pub(crate) fn span(&self) -> Span {
        self.span
    }

    /// The range as a constant expression; `msgs` is the path of the crate `nevil-msgs`.
    pub(crate) fn constant(&self, msgs: &TokenStream) -> TokenStream {
        let end = |tokens: &TokenStream, infinity: TokenStream| {
            if tokens.is_empty() { infinity } else { quote!((#tokens) as f64) }
        };
        let min = end(&self.min, quote!(f64::NEG_INFINITY));
        let max = end(&self.max, quote!(f64::INFINITY));
        quote!(#msgs::FieldRange { min: #min, max: #max })
    }
}

/// Reads the attributes called `name`; `default` is allowed in `#[param]` alone.
pub(crate) fn field_attributes(attributes: &[Attribute], name: &str) -> Result<FieldAttributes> {
    let mut found = FieldAttributes::default();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident(name)) {
        attribute.parse_nested_meta(|meta| {
            let twice = |given: bool| {
                if given { Err(meta.error("this is said twice; leave one of them out")) } else { Ok(()) }
            };
            if meta.path.is_ident("unit") {
                twice(found.unit.is_some())?;
                found.unit = Some(meta.value()?.parse()?);
            } else if meta.path.is_ident("range") {
                twice(found.range.is_some())?;
                found.range = Some(range(meta.value()?)?);
            } else if meta.path.is_ident("default") && name == "param" {
                twice(found.default.is_some())?;
                found.default = Some(until_comma(meta.value()?, |_| false)?);
            } else if meta.path.is_ident("default") {
                return Err(meta.error("a field of a message has no default; every message is complete"));
            } else {
                let known = if name == "param" { "default, range, unit" } else { "range, unit" };
                return Err(meta.error(format!("unknown word; known words are {known}")));
            }
            Ok(())
        })?;
    }
    Ok(found)
}

/// The documentation as one text: lines joined, without the space after `///`.
pub(crate) fn doc(attributes: &[Attribute]) -> String {
    let mut lines = Vec::new();
    for attribute in attributes {
        if let Meta::NameValue(pair) = &attribute.meta
            && pair.path.is_ident("doc")
            && let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = &pair.value
        {
            let line = text.value();
            lines.push(line.strip_prefix(' ').unwrap_or(&line).to_owned());
        }
    }
    lines.join("\n").trim().to_owned()
}

fn range(input: ParseStream<'_>) -> Result<RangeTokens> {
    let span = input.span();
    let is_dots = |input: ParseStream<'_>| input.peek(Token![..]) || input.peek(Token![..=]);
    let min = until_comma(input, is_dots)?;
    if input.peek(Token![..=]) {
        input.parse::<Token![..=]>()?;
        let max = until_comma(input, |_| false)?;
        return Ok(RangeTokens { min, max, span });
    }
    let no_end = "a range names its ends, which are included: `min..=max`, `min..` or `..=max`";
    if !input.peek(Token![..]) {
        return Err(Error::new(span, no_end));
    }
    input.parse::<Token![..]>()?;
    if !input.is_empty() && !input.peek(Token![,]) {
        return Err(Error::new(span, no_end));
    }
    Ok(RangeTokens { min, max: TokenStream::new(), span })
}

/// The tokens up to a comma, the end, or what `stop` sees.
fn until_comma(input: ParseStream<'_>, stop: impl Fn(ParseStream<'_>) -> bool) -> Result<TokenStream> {
    let mut tokens = TokenStream::new();
    while !input.is_empty() && !input.peek(Token![,]) && !stop(input) {
        tokens.extend([input.parse::<proc_macro2::TokenTree>()?]);
    }
    Ok(tokens)
}
