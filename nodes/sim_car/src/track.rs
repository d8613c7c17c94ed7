//! The way of the car as a table in a file, for who wants to draw it.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use nevil_runtime::DeviceResult;
use nevil_runtime::prelude::{Duration, Time};

use crate::simulation::State;

/// Time between two rows. At 0.7 m/s the car moves 7 cm meanwhile.
const ROW_EVERY: Duration = Duration::from_millis(100);

/// Names of the columns, in the first line of the file.
pub const TRACK_COLUMNS: &str = "time_s,x_m,y_m,heading_rad,speed_mps,touches,falls";

/// A file with one row for each tenth of a second. What is written is whole when it is dropped.
#[derive(Debug)]
pub(crate) struct Track {
    path: PathBuf,
    file: BufWriter<File>,
    /// When the first row was written, and when the next one is due.
    began: Option<(Time, Time)>,
}

impl Track {
    /// A new file at `path`; what was there is gone.
    pub(crate) fn create(path: &Path) -> DeviceResult<Self> {
        let file = File::create(path)
            .map_err(|error| format!("cannot write the track `{}`: {error}", path.display()))?;
        let mut file = BufWriter::new(file);
        writeln!(file, "{TRACK_COLUMNS}")?;
        Ok(Self { path: path.to_owned(), file, began: None })
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

impl Drop for Track {
    fn drop(&mut self) {
        if let Err(error) = self.file.flush() {
            tracing::warn!("the track `{}` is not whole: {error}", self.path.display());
        }
    }
}
