//! The track of a car: lines of values, as a run writes them and as `nevil topic echo car_state --csv` prints them.

use std::collections::HashMap;

/// Most points of a track. Ten hours at ten a second are a third of it.
const POINTS_MAX: usize = 1_000_000;

/// Farthest that a point may be from where coordinates begin, in metres: ten times the largest world.
const PLACE_MAX_M: f64 = 1000.0;

/// Columns that are looked at.
const COLUMNS: [&str; 8] =
    ["x_m", "y_m", "time_s", "stamp_ns", "heading_rad", "speed_mps", "touches", "falls"];

/// Where the car was, and how it was there.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct TrackPoint {
    pub(crate) x_m: f64,
    pub(crate) y_m: f64,
    /// Since the first point, in seconds.
    pub(crate) time_s: Option<f64>,
    pub(crate) heading_rad: Option<f64>,
    pub(crate) speed_mps: Option<f64>,
    pub(crate) touches: f64,
    pub(crate) falls: f64,
}

/// Reads a track; errors call it `name`.
pub(crate) fn read(name: &str, text: &str) -> Result<Vec<TrackPoint>, String> {
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let Some((_, names)) = lines.next() else {
        return Err(format!(
            "{name}: is empty; its first line names the columns, of which x_m and y_m are needed"
        ));
    };
    let names = cells(names);
    let columns: HashMap<&str, usize> = COLUMNS
        .into_iter()
        .filter_map(|column| Some((column, names.iter().position(|name| name == column)?)))
        .collect();
    for needed in ["x_m", "y_m"] {
        if !columns.contains_key(needed) {
            return Err(format!(
                "{name}:1: no column is named `{needed}`; the columns are {}",
                names.join(", ")
            ));
        }
    }
    let count = text.lines().count();
    let mut points = Vec::new();
    for (index, line) in lines {
        if points.len() == POINTS_MAX {
            return Err(format!(
                "{name}:{}: at most {POINTS_MAX} points are allowed; leave some out",
                index + 1
            ));
        }
        match point(&columns, names.len(), line).and_then(|point| follows(points.last(), point)) {
            Ok(point) => points.push(point),
            // The last line of a file that is being written.
            Err(_) if index + 1 == count && !text.ends_with('\n') => {}
            Err(problem) => return Err(format!("{name}:{}: {problem}", index + 1)),
        }
    }
    let Some(first) = points.first().copied() else {
        return Err(format!("{name}: has no point, only the names of its columns"));
    };
    for point in &mut points {
        point.time_s = point.time_s.zip(first.time_s).map(|(time_s, first_s)| time_s - first_s);
    }
    Ok(points)
}

/// The point, if it can come after `last`.
fn follows(last: Option<&TrackPoint>, point: TrackPoint) -> Result<TrackPoint, String> {
    match last.and_then(|last| last.time_s).zip(point.time_s) {
        Some((before_s, time_s)) if time_s < before_s => {
            Err(format!("its time, {time_s} s, is before that of the point before it, {before_s} s"))
        }
        _ => Ok(point),
    }
}

fn point(columns: &HashMap<&str, usize>, count: usize, line: &str) -> Result<TrackPoint, String> {
    let cells = cells(line);
    if cells.len() != count {
        return Err(format!("has {} values, the first line names {count} columns", cells.len()));
    }
    let value = |column: &str| -> Result<Option<f64>, String> {
        let Some(text) = columns.get(column).map(|&index| cells[index].trim()) else { return Ok(None) };
        match text.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(Some(value)),
            _ => Err(format!("{column}: `{text}` is no number")),
        }
    };
    let needed = |column: &str| value(column).map(Option::unwrap_or_default);
    let place = |column: &str| match needed(column)? {
        metres if metres.abs() <= PLACE_MAX_M => Ok(metres),
        metres => Err(format!("{column}: {metres} m is too far away, at most {PLACE_MAX_M} m are allowed")),
    };
    let stamp_s = value("stamp_ns")?.map(|stamp_ns| stamp_ns / 1e9);
    Ok(TrackPoint {
        x_m: place("x_m")?,
        y_m: place("y_m")?,
        time_s: value("time_s")?.or(stamp_s),
        heading_rad: value("heading_rad")?,
        speed_mps: value("speed_mps")?,
        touches: needed("touches")?,
        falls: needed("falls")?,
    })
}

/// The values of a line, of which those with commas stand in quotes.
fn cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut is_quoted = false;
    for letter in line.trim_end_matches('\r').chars() {
        match letter {
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => cells.push(String::new()),
            letter => {
                if let Some(cell) = cells.last_mut() {
                    cell.push(letter);
                }
            }
        }
    }
    for cell in &mut cells {
        *cell = cell.trim().to_owned();
    }
    cells
}

/// What is to be said of a track in numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Summary {
    /// Way from point to point, in metres: a little less than what was driven.
    pub(crate) way_m: f64,
    pub(crate) time_s: Option<f64>,
    pub(crate) touches: u64,
    pub(crate) falls: u64,
}

/// The numbers of a track that has points.
pub(crate) fn summary(points: &[TrackPoint]) -> Summary {
    let way = points.windows(2).map(|pair| (pair[1].x_m - pair[0].x_m).hypot(pair[1].y_m - pair[0].y_m));
    let most = |of: fn(&TrackPoint) -> f64| points.iter().map(of).fold(0.0, f64::max) as u64;
    Summary {
        way_m: way.sum(),
        time_s: points.last().and_then(|last| last.time_s),
        touches: most(|point| point.touches),
        falls: most(|point| point.falls),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_track_is_read_by_the_names_of_its_columns_whatever_else_is_there() {
        let text = "time_s,x_m,y_m,heading_rad,speed_mps,touches,falls\n10,1,2,0.5,0.2,0,0\n\n10.5,1.5,2,0.6,0.2,1,0\r\n";
        let points = read("track.csv", text).unwrap();
        let first = TrackPoint {
            x_m: 1.0,
            y_m: 2.0,
            time_s: Some(0.0),
            heading_rad: Some(0.5),
            speed_mps: Some(0.2),
            touches: 0.0,
            falls: 0.0,
        };
        assert_eq!(points[0], first);
        assert_eq!(summary(&points), Summary { way_m: 0.5, time_s: Some(0.5), touches: 1, falls: 0 });
        let echoed =
            "source,stamp_ns,note,y_m,x_m\nsim_car,2000000000,\"a, b\",2,1\nsim_car,2500000000,,2,1\n";
        let points = read("echo.csv", echoed).unwrap();
        assert_eq!((points[1].time_s, points[1].x_m, points[1].speed_mps), (Some(0.5), 1.0, None));
    }

    #[test]
    fn a_wrong_track_is_told_by_its_line() {
        let wrong = |text: &str| read("track.csv", text).unwrap_err();
        assert_eq!(
            wrong(""),
            "track.csv: is empty; its first line names the columns, of which x_m and y_m are needed"
        );
        assert_eq!(wrong("x_m,y_m\n"), "track.csv: has no point, only the names of its columns");
        assert_eq!(wrong("x,y_m\n1,2\n"), "track.csv:1: no column is named `x_m`; the columns are x, y_m");
        assert_eq!(wrong("x_m,y_m\n1,2\n1,fast\n"), "track.csv:3: y_m: `fast` is no number");
        assert_eq!(wrong("x_m,y_m\n1,NaN\n"), "track.csv:2: y_m: `NaN` is no number");
        assert_eq!(wrong("x_m,y_m\n1\n"), "track.csv:2: has 1 values, the first line names 2 columns");
        assert_eq!(
            wrong("x_m,y_m\n1e300,2\n").split(" m is").last(),
            Some(" too far away, at most 1000 m are allowed")
        );
        assert_eq!(
            wrong("x_m,y_m,time_s\n1,2,7\n1,2,6.5\n"),
            "track.csv:3: its time, 6.5 s, is before that of the point before it, 7 s"
        );
    }

    #[test]
    fn a_track_that_is_being_written_is_read_up_to_its_last_whole_line() {
        assert_eq!(read("track.csv", "x_m,y_m\n1,2\n1,").unwrap().len(), 1);
        assert_eq!(read("track.csv", "x_m,y_m\n1,2\n1,3").unwrap().len(), 2);
    }
}
