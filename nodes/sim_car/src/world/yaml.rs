//! A world as the text of its file.

use std::fmt::Write;

use super::{Colour, FloorPlan, HEIGHT_M, Object, Table, Tape, Wall, World};

/// Corners in a line of the text.
const CORNERS_PER_LINE: usize = 6;

impl World {
    /// The world as YAML, from which [`World::parse`] reads the same one. What has its usual value is left out.
    ///
    /// ```
    /// use nevil_node_sim_car::{World, WorldKind};
    ///
    /// let maze = World::generate(WorldKind::Maze, 7);
    /// assert_eq!(World::parse("maze.yaml", &maze.to_yaml()).unwrap(), maze);
    /// ```
    #[must_use]
    pub fn to_yaml(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = self.write(&mut text);
        text
    }

    fn write(&self, text: &mut String) -> std::fmt::Result {
        let (size, start) = (self.size, self.start);
        writeln!(text, "size: {{width_m: {:?}, depth_m: {:?}}}", size.width_m, size.depth_m)?;
        if self.floor != FloorPlan::default() {
            self.floor.write(text)?;
        }
        if !self.walls.is_empty() {
            writeln!(text, "walls:")?;
        }
        for Wall { name, corners_m, height_m, colour } in &self.walls {
            write_shape(text, "  ", name, corners_m)?;
            if *height_m != HEIGHT_M {
                writeln!(text, "    height_m: {height_m:?}")?;
            }
            write_colour(text, "    ", *colour, super::cream())?;
        }
        if !self.objects.is_empty() {
            writeln!(text, "objects:")?;
        }
        for object in &self.objects {
            let (height_m, colour) = match object {
                Object::Circle(it) => {
                    let name = quoted(&it.name);
                    let (x_m, y_m, radius_m) = (it.x_m, it.y_m, it.radius_m);
                    write!(
                        text,
                        "  - circle: {{name: {name}, x_m: {x_m:?}, y_m: {y_m:?}, radius_m: {radius_m:?}"
                    )?;
                    (it.height_m, it.colour)
                }
                Object::Box(it) => {
                    let name = quoted(&it.name);
                    write!(text, "  - box: {{name: {name}, x_m: {:?}, y_m: {:?}, ", it.x_m, it.y_m)?;
                    write!(text, "width_m: {:?}, depth_m: {:?}", it.width_m, it.depth_m)?;
                    if it.heading_deg != 0.0 {
                        write!(text, ", heading_deg: {:?}", it.heading_deg)?;
                    }
                    (it.height_m, it.colour)
                }
            };
            if height_m != HEIGHT_M {
                write!(text, ", height_m: {height_m:?}")?;
            }
            if colour != super::brown() {
                write!(text, ", colour: {}", colour_text(colour))?;
            }
            writeln!(text, "}}")?;
        }
        let (x_m, y_m, heading_deg) = (start.x_m, start.y_m, start.heading_deg);
        writeln!(text, "start: {{x_m: {x_m:?}, y_m: {y_m:?}, heading_deg: {heading_deg:?}}}")
    }
}

impl FloorPlan {
    fn write(&self, text: &mut String) -> std::fmt::Result {
        writeln!(text, "floor:")?;
        writeln!(text, "  colour: {}", colour_text(self.colour))?;
        if !self.lines.is_empty() {
            writeln!(text, "  lines:")?;
        }
        for Tape { name, width_m, corners_m, colour } in &self.lines {
            write_shape(text, "    ", name, corners_m)?;
            writeln!(text, "      width_m: {width_m:?}")?;
            write_colour(text, "      ", *colour, super::black())?;
        }
        if !self.tables.is_empty() {
            writeln!(text, "  tables:")?;
        }
        for Table { name, corners_m, colour } in &self.tables {
            write_shape(text, "    ", name, corners_m)?;
            write_colour(text, "      ", *colour, super::wood())?;
        }
        writeln!(text, "  drop_m: {:?}", self.drop_m)
    }
}

fn write_shape(text: &mut String, indent: &str, name: &str, corners_m: &[[f64; 2]]) -> std::fmt::Result {
    writeln!(text, "{indent}- name: {}", quoted(name))?;
    let lines = corners_m.chunks(CORNERS_PER_LINE).map(|corners| {
        let corners: Vec<_> = corners.iter().map(|[x_m, y_m]| format!("[{x_m:?}, {y_m:?}]")).collect();
        corners.join(", ")
    });
    let lines: Vec<_> = lines.collect();
    if lines.len() < 2 {
        return writeln!(text, "{indent}  corners_m: [{}]", lines.join(""));
    }
    writeln!(text, "{indent}  corners_m: [")?;
    lines.iter().try_for_each(|line| writeln!(text, "{indent}    {line},"))?;
    writeln!(text, "{indent}  ]")
}

fn write_colour(text: &mut String, indent: &str, colour: Colour, usual: Colour) -> std::fmt::Result {
    if colour == usual { Ok(()) } else { writeln!(text, "{indent}colour: {}", colour_text(colour)) }
}

fn colour_text(colour: Colour) -> String {
    quoted(&colour.to_string())
}

/// `text` as YAML reads it as a text: in quotes, if it is not plainly one.
fn quoted(text: &str) -> String {
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == ' ' || letter == '_';
    let is_plain = text.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && text.chars().all(is_word)
        && !text.ends_with(' ')
        // What some reader of YAML takes for a truth or for nothing.
        && !["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(&&*text.to_ascii_lowercase());
    if is_plain {
        return text.to_owned();
    }
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            letter if letter.is_control() => quoted += &format!("\\u{:04x}", u32::from(letter)),
            letter => quoted.push(letter),
        }
    }
    quoted + "\""
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{Point, Pose};
    use crate::world::{Circle, Rectangle, Size, Start};

    #[test]
    fn what_is_written_is_read_as_the_same_world_whatever_is_in_it() {
        let size = Size { width_m: 5.0, depth_m: 4.25 };
        let mut world = World::new(size, Start { x_m: 1.1, y_m: 1.0, heading_deg: -30.5 });
        let again = |world: &World| World::parse("world.yaml", &world.to_yaml()).unwrap();
        assert_eq!(again(&world), world);
        world.floor.colour = Colour::rgb(0x123456);
        world.floor.drop_m = 0.5;
        let zigzag = (0..20).map(|index| [0.1 * f64::from(index), f64::from(index % 2)]).collect();
        world.floor.lines.push(Tape {
            width_m: 0.03,
            colour: Colour::rgb(0x1),
            ..Tape::new("course", zigzag)
        });
        let outline = vec![[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [0.0, 4.0]];
        world.floor.tables.push(Table { colour: Colour::rgb(0x2), ..Table::new("desk", outline) });
        world.walls.push(Wall {
            height_m: 2.0,
            colour: Colour::rgb(0x3),
            ..Wall::new("wall: \"the\" \\ #1\n", vec![[0.0, 0.0], [0.1 + 0.2, 0.0]])
        });
        world.walls.push(Wall::new("true", vec![[1e-7, 4.0], [2.0, 4.0]]));
        let pot = Circle::new("pot", Point::new(3.0, 3.0), 0.1);
        world.objects.push(Object::Circle(Circle { height_m: 0.2, ..pot.clone() }));
        world.objects.push(Object::Circle(Circle { colour: Colour::rgb(0x4), ..pot }));
        let middle = Pose { x_m: 2.5, y_m: 3.0, heading_rad: 0.3 };
        let sofa = Rectangle::new("7", middle, Size { width_m: 0.5, depth_m: 0.25 });
        world.objects.push(Object::Box(Rectangle { heading_deg: 0.0, ..sofa.clone() }));
        world.objects.push(Object::Box(Rectangle { height_m: 0.1, colour: "red".parse().unwrap(), ..sofa }));
        assert_eq!(again(&world), world);
    }
}
