//! Colours of things, by name or by number.

use std::fmt;
use std::str::FromStr;

use nevil_msgs::nearest;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The names that a world file may use, with what they mean.
const NAMES: [(&str, u32); 20] = [
    ("beige", 0xd8c8a8),
    ("black", 0x202020),
    ("blue", 0x3868b0),
    ("brown", 0x8a6240),
    ("cream", 0xeee6d2),
    ("cyan", 0x48b0b8),
    ("dark_brown", 0x583c28),
    ("dark_green", 0x306038),
    ("dark_grey", 0x585858),
    ("green", 0x509848),
    ("grey", 0x909090),
    ("light_blue", 0x90b8d8),
    ("light_grey", 0xc4c4c4),
    ("orange", 0xe08830),
    ("pink", 0xe098a8),
    ("purple", 0x785098),
    ("red", 0xc04038),
    ("white", 0xf4f4f0),
    ("wood", 0xc09868),
    ("yellow", 0xe8c848),
];

/// A colour as a camera sees it in full light: in a world file a name such as `red`, or `"#c04038"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour {
    /// 0 to 255.
    pub red: u8,
    /// 0 to 255.
    pub green: u8,
    /// 0 to 255.
    pub blue: u8,
}

impl Colour {
    /// The colour `0xrrggbb`.
    #[must_use]
    pub const fn rgb(number: u32) -> Self {
        let [_, red, green, blue] = number.to_be_bytes();
        Self { red, green, blue }
    }

    /// The names that a world file may use, in the order of the alphabet.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMES.iter().map(|&(name, _)| name)
    }

    /// This colour in light of the given strength: 1 as it is, 0 black, above 1 brighter.
    #[must_use]
    pub fn shaded(self, light: f64) -> Self {
        // A float beyond the range of u8 becomes the end of it.
        let shade = |part: u8| (f64::from(part) * light).round() as u8;
        Self { red: shade(self.red), green: shade(self.green), blue: shade(self.blue) }
    }
}

/// A text that is no colour.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown colour `{given}`{meant}; a colour is #rrggbb in quotes, or one of {}", names())]
pub struct UnknownColour {
    given: String,
    meant: String,
}

fn names() -> String {
    Colour::names().collect::<Vec<_>>().join(", ")
}

impl FromStr for Colour {
    type Err = UnknownColour;

    fn from_str(text: &str) -> Result<Self, UnknownColour> {
        if let Some((_, number)) = NAMES.iter().find(|(name, _)| *name == text) {
            return Ok(Self::rgb(*number));
        }
        let digits = text
            .strip_prefix('#')
            .filter(|digits| digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        if let Some(number) = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()) {
            return Ok(Self::rgb(number));
        }
        let known: Vec<_> = Self::names().collect();
        let meant = nearest(text, &known).map(|name| format!(", did you mean `{name}`?")).unwrap_or_default();
        Err(UnknownColour { given: text.to_owned(), meant })
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match NAMES.iter().find(|&&(_, number)| Self::rgb(number) == *self) {
            Some((name, _)) => f.write_str(name),
            None => write!(f, "#{:02x}{:02x}{:02x}", self.red, self.green, self.blue),
        }
    }
}

impl Serialize for Colour {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Colour {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_is_a_name_or_a_number_and_is_written_as_it_was_read() {
        for name in Colour::names() {
            assert_eq!(name.parse::<Colour>().unwrap().to_string(), name);
        }
        assert_eq!("#0a0B0c".parse(), Ok(Colour { red: 10, green: 11, blue: 12 }));
        assert_eq!(Colour::rgb(0x0a0b0c).to_string(), "#0a0b0c");
    }

    #[test]
    fn what_is_no_colour_names_the_nearest_that_is() {
        let unknown = "gren".parse::<Colour>().unwrap_err().to_string();
        assert!(
            unknown.starts_with("unknown colour `gren`, did you mean `green`?; a colour is #rrggbb in quotes, or one of beige, "),
            "{unknown}"
        );
        for wrong in ["#12345", "#1234567", "#+12345", "123456", ""] {
            assert!(wrong.parse::<Colour>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn shade_is_limited_at_both_ends() {
        assert_eq!(Colour::rgb(0x804020).shaded(0.5), Colour::rgb(0x402010));
        assert_eq!(Colour::rgb(0x804020).shaded(100.0), Colour::rgb(0xffffff));
        assert_eq!(Colour::rgb(0x804020).shaded(-1.0), Colour::rgb(0));
    }
}
