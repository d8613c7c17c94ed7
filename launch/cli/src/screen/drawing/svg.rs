//! Parts of an SVG.

use std::fmt::{self, Write};

use nevil_node_sim_car::Colour;

/// An SVG that is being written. Coordinates are pixels with a decimal, from the upper left corner.
pub(crate) struct Svg(String);

/// A place on the drawing, in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct At {
    pub(crate) x: f64,
    pub(crate) y: f64,
}

/// Where a text stands beside its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1},{:.1}", self.x, self.y)
    }
}

impl Svg {
    /// A drawing of this size, on paper of its own, so that it looks the same on a dark page.
    pub(crate) fn new(width: f64, height: f64) -> Self {
        let mut svg = Self(String::new());
        svg.add(format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
             viewBox=\"0 0 {width:.0} {height:.0}\" font-family=\"Helvetica, Arial, sans-serif\">"
        ));
        svg.add(format_args!("<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#fbfaf7\"/>"));
        svg
    }

    /// Adds an element.
    pub(crate) fn add(&mut self, element: fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "{element}");
    }

    /// Adds a shape through `points`, with these attributes.
    pub(crate) fn polygon(&mut self, points: impl IntoIterator<Item = At>, attributes: &str) {
        self.add(format_args!("<polygon points=\"{}\" {attributes}/>", joined(points)));
    }

    /// Adds a line through `points`, with these attributes.
    pub(crate) fn line(&mut self, points: impl IntoIterator<Item = At>, attributes: &str) {
        self.add(format_args!("<polyline points=\"{}\" fill=\"none\" {attributes}/>", joined(points)));
    }

    /// Adds a text in `size` pixels, with a bright rim so that it can be read over anything.
    pub(crate) fn text(&mut self, at: At, anchor: Anchor, size: f64, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        self.add(format_args!(
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\" font-size=\"{size}\" fill=\"#333\" \
             stroke=\"#fff\" stroke-opacity=\"0.75\" stroke-width=\"3\" stroke-linejoin=\"round\" paint-order=\"stroke\">{}</text>",
            at.x,
            at.y,
            escaped(text)
        ));
    }

    /// The whole of it.
    pub(crate) fn finish(mut self) -> String {
        self.0 += "</svg>\n";
        self.0
    }
}

fn joined(points: impl IntoIterator<Item = At>) -> String {
    points.into_iter().map(|at| at.to_string()).collect::<Vec<_>>().join(" ")
}

/// `colour` as SVG has it.
pub(crate) fn ink(Colour { red, green, blue }: Colour) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// `colour` mixed with white: 0 as it is, 1 white.
pub(crate) fn tint(Colour { red, green, blue }: Colour, share: f64) -> Colour {
    let part = |part: u8| (f64::from(part) + (255.0 - f64::from(part)) * share).round() as u8;
    Colour { red: part(red), green: part(green), blue: part(blue) }
}

/// `text` without what means something to SVG, and without what no XML may hold.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        match letter {
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '&' => escaped += "&amp;",
            '"' => escaped += "&quot;",
            letter if letter.is_control() => escaped.push('?'),
            letter => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_become_a_part_of_the_drawing() {
        assert_eq!(escaped("a<b> & \"c\"\n\u{1b}"), "a&lt;b&gt; &amp; &quot;c&quot;??");
    }

    #[test]
    fn a_tint_goes_to_white() {
        let colour = Colour { red: 100, green: 0, blue: 255 };
        assert_eq!(ink(tint(colour, 0.0)), "#6400ff");
        assert_eq!(ink(tint(colour, 1.0)), "#ffffff");
        assert_eq!(ink(tint(colour, 0.5)), "#b280ff");
    }
}
