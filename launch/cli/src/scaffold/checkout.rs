//! Where Nevil's sources are, on which a robot project depends.

use std::path::{Path, PathBuf};

/// The checkout that this command was built from.
const BUILT_FROM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// What a checkout has, so that a project can depend on it.
const PARTS: [&str; 2] = ["launch/cli/Cargo.toml", "Cargo.lock"];

/// Why there is no checkout.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CheckoutError {
    /// The folder is none.
    #[error(
        "`{}` is no checkout of Nevil: it has no `{missing}`; give the folder in which the script `nevil` lies",
        path.display()
    )]
    NotOne {
        /// The folder.
        path: PathBuf,
        /// What is not there.
        missing: &'static str,
    },
    /// That which this command was built from is gone.
    #[error(
        "the checkout that this command was built from is gone (`{}`); say with `--nevil PATH` where one is",
        path.display()
    )]
    Gone {
        /// Where it was.
        path: PathBuf,
    },
    /// Its path cannot stand in a manifest.
    #[error("`{}` cannot stand in Cargo.toml, which is UTF-8; move the checkout to another folder", path.display())]
    NotText {
        /// Its path.
        path: PathBuf,
    },
}

/// The path of the checkout `given`, or without one of that which this command was built from.
///
/// # Errors
///
/// [`CheckoutError`] if it is none.
pub(crate) fn find(given: Option<&Path>) -> Result<String, CheckoutError> {
    find_or(given, Path::new(BUILT_FROM))
}

fn find_or(given: Option<&Path>, built_from: &Path) -> Result<String, CheckoutError> {
    let path = given.unwrap_or(built_from);
    if let Some(missing) = PARTS.into_iter().find(|part| !path.join(part).is_file()) {
        let path = path.to_owned();
        return Err(match given {
            Some(_) => CheckoutError::NotOne { path, missing },
            None => CheckoutError::Gone { path },
        });
    }
    // It was looked into just now.
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    path.into_os_string().into_string().map_err(|path| CheckoutError::NotText { path: path.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checkout_is_the_one_that_was_built_from_or_the_one_that_is_given() {
        let own = find(None).unwrap();
        assert_eq!(find(Some(Path::new(&own))).unwrap(), own);
        assert_eq!(find_or(None, "/no/such".as_ref()).unwrap_err().to_string(), {
            "the checkout that this command was built from is gone (`/no/such`); say with `--nevil PATH` where one is"
        });
        assert_eq!(find(Some("/no/such".as_ref())).unwrap_err().to_string(), {
            "`/no/such` is no checkout of Nevil: it has no `launch/cli/Cargo.toml`; give the folder in which the script \
             `nevil` lies"
        });
    }
}
