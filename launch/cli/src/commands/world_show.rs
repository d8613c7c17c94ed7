//! `nevil world show`.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;
use nevil_node_sim_car::{Object, Tape, World};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::output::{Reader, print, print_json, write_file};
use crate::screen::drawing::{draw, duration, track};
use crate::screen::table::{Cell, Column, Table};

/// Extent of the cells in which it is counted where the car can come to, in metres.
const CELL_M: f64 = 0.1;

/// Show what is in a world, or draw it, with the track of a car
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  nevil world show launch/files/worlds/maze.yaml\n  nevil world show maze.yaml --track track.csv --out track.svg"
)]
pub(crate) struct WorldShowArgs {
    /// The world
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Track of a car: lines of values, whose first line names the columns, x_m and y_m among them
    #[arg(long, value_name = "FILE.csv")]
    track: Option<PathBuf>,
    /// Draw the world into this file instead
    #[arg(long, value_name = "FILE.svg", conflicts_with = "json")]
    out: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl WorldShowArgs {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let world = read(&self.file)?;
        let track = self.track.as_deref().map(read_track).transpose()?;
        let name = self.file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if let Some(out) = &self.out {
            if out.extension().is_none_or(|extension| extension != "svg") {
                return Err(Failure::Usage(format!(
                    "a world is drawn as SVG, and `{}` does not end in `.svg`; `rsvg-convert` makes a PNG of one",
                    out.display()
                )));
            }
            write_file(out, draw(&name, &world, track.as_deref()).as_bytes())?;
            return print(format_args!("`{}` shows `{}`\n", out.display(), self.file.display()));
        }
        let summary = track.as_deref().map(track::summary);
        if self.json {
            return print_json(&json_of(&world, summary));
        }
        print(words_of(&world, summary).render(Reader::of_stdout()))
    }
}

/// The world in the file `path`.
pub(crate) fn read(path: &Path) -> Result<World, Failure> {
    World::read(path).map_err(|error| Failure::Usage(error.to_string()))
}

/// Largest file that is read as a track, in bytes: more than the most points that are drawn.
const TRACK_BYTES_MAX: u64 = 256 << 20;

fn read_track(path: &Path) -> Result<Vec<track::TrackPoint>, Failure> {
    let name = path.display().to_string();
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(TRACK_BYTES_MAX + 1).read_to_string(&mut text))
        .map_err(|error| Failure::Usage(format!("cannot read track `{name}`: {error}")))?;
    if text.len() as u64 > TRACK_BYTES_MAX {
        return Err(Failure::Usage(format!(
            "track `{name}` is too large, at most {TRACK_BYTES_MAX} bytes are read"
        )));
    }
    track::read(&name, &text).map_err(Failure::Usage)
}

fn words_of(world: &World, track: Option<track::Summary>) -> Table {
    let mut table = Table::new(vec![Column::text("what"), Column::text("is")]);
    let mut row = |name: &str, text: String| table.row(vec![Cell::plain(name), Cell::plain(text)]);
    row("size", format!("{} m by {} m", world.size.width_m, world.size.depth_m));
    let names = |names: Vec<String>| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    row("walls", names(world.walls.iter().map(|wall| wall.name.clone()).collect()));
    row("objects", names(world.objects.iter().map(|object| name_of(object).to_owned()).collect()));
    let line = |line: &Tape| format!("{} ({:.1} m)", line.name, length_m(line));
    row("lines", names(world.floor.lines.iter().map(line).collect()));
    row("tables", names(world.floor.tables.iter().map(|table| table.name.clone()).collect()));
    let start = world.start;
    row("start", format!("{} m, {} m, heading {}°", start.x_m, start.y_m, start.heading_deg));
    let reachable = world.reachable(CELL_M);
    row("reachable", format!("{:.1} m² of {:.1} m²", reachable.area_m2(), area_m2(world)));
    if let Some(track::Summary { way_m, time_s, touches, falls }) = track {
        let time = time_s.map(|time_s| format!(" in {}", duration(time_s)));
        row("track", format!("{way_m:.1} m{}", time.unwrap_or_default()));
        row("touches", touches.to_string());
        row("falls", falls.to_string());
    }
    table
}

fn json_of(world: &World, track: Option<track::Summary>) -> Value {
    let line = |line: &Tape| json!({ "name": line.name, "length_m": length_m(line) });
    let reachable = world.reachable(CELL_M);
    let track = track.map(|track::Summary { way_m, time_s, touches, falls }| {
        json!({ "way_m": way_m, "time_s": time_s, "touches": touches, "falls": falls })
    });
    json!({
        "size": { "width_m": world.size.width_m, "depth_m": world.size.depth_m },
        "walls": world.walls.iter().map(|wall| &wall.name).collect::<Vec<_>>(),
        "objects": world.objects.iter().map(name_of).collect::<Vec<_>>(),
        "lines": world.floor.lines.iter().map(line).collect::<Vec<_>>(),
        "tables": world.floor.tables.iter().map(|table| &table.name).collect::<Vec<_>>(),
        "start": { "x_m": world.start.x_m, "y_m": world.start.y_m, "heading_deg": world.start.heading_deg },
        "reachable_m2": reachable.area_m2(),
        "track": track,
    })
}

fn name_of(object: &Object) -> &str {
    match object {
        Object::Circle(it) => &it.name,
        Object::Box(it) => &it.name,
    }
}

fn length_m(line: &Tape) -> f64 {
    let pieces = line.corners_m.windows(2);
    pieces.map(|pair| (pair[1][0] - pair[0][0]).hypot(pair[1][1] - pair[0][1])).sum()
}

fn area_m2(world: &World) -> f64 {
    world.size.width_m * world.size.depth_m
}
