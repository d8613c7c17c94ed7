//! The way of the car as a table in a file, for who wants to draw it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, LineWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use nevil_runtime::DeviceResult;
use nevil_runtime::prelude::{Duration, Time};

use crate::simulation::State;

/// Time between two rows. At 0.7 m/s the car moves 7 cm meanwhile.
const ROW_EVERY: Duration = Duration::from_millis(100);

/// Names of the columns, in the first line of the file.
pub const TRACK_COLUMNS: &str = "time_s,x_m,y_m,heading_rad,speed_mps,touches,falls";

/// How many cars of this process have had a track at a path.
static LIVES: Mutex<BTreeMap<PathBuf, u32>> = Mutex::new(BTreeMap::new());

/// A file with one row for each tenth of a second.
#[derive(Debug)]
pub(crate) struct Track {
    path: PathBuf,
    file: LineWriter<File>,
    /// When the first row was written, and when the next one is due.
    began: Option<(Time, Time)>,
}

impl Track {
    /// A new file at `path`; what was there from before is gone. A car that comes after another one in this process begins at the
    /// start of its world: its track is beside the other's, in `name.2.csv` and so on.
    pub(crate) fn create(path: &Path) -> DeviceResult<Self> {
        let mut lives = LIVES.lock().unwrap_or_else(PoisonError::into_inner);
        let life = lives.entry(path.to_owned()).and_modify(|life| *life += 1).or_insert(1);
        let path = if *life == 1 { path.to_owned() } else { of_life(path, *life) };
        let cannot = |error| format!("cannot write the track `{}`: {error}", path.display());
        let mut file = LineWriter::new(File::create(&path).map_err(cannot)?);
        writeln!(file, "{TRACK_COLUMNS}").map_err(cannot)?;
        if *life > 1 {
            tracing::warn!(
                "the car is at its start again; its track from here on is in `{}`",
                path.display()
            );
        }
        Ok(Self { path, file, began: None })
    }

    /// Where it is written.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a row if one is due at `now`.
    pub(crate) fn row(&mut self, now: Time, state: &State) -> io::Result<()> {
        let (began, due) = self.began.unwrap_or((now, now));
        if now < due {
            return Ok(());
        }
        // Who comes late does not come twice.
        self.began = Some((began, (due + ROW_EVERY).max(now)));
        let time_s = now.since(began).as_secs_f64();
        let State { pose, speed_mps, touches, falls, .. } = state;
        writeln!(
            self.file,
            "{time_s:.3},{:.4},{:.4},{:.4},{speed_mps:.4},{touches},{falls}",
            pose.x_m, pose.y_m, pose.heading_rad
        )
    }
}

fn of_life(path: &Path, life: u32) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let ending = path.extension().map_or_else(String::new, |ending| format!(".{}", ending.to_string_lossy()));
    path.with_file_name(format!("{stem}.{life}{ending}"))
}
