//! `nevil world view`.

use std::path::PathBuf;

use clap::Args;
use nevil_node_sim_car::{Camera, PICTURE_BYTES, PICTURE_HEIGHT, PICTURE_WIDTH, Pose, TILT_DRAWN_MAX_DEG};

use crate::commands::world_show::read;
use crate::failure::Failure;
use crate::output::{print, write_file};
use crate::screen::png::png;

/// Show what the camera of a car in a world sees
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  nevil world view living_room.yaml --out view.png\n  nevil world view living_room.yaml --at 2.5,1.0,90 --pan 20 --out view.png"
)]
pub(crate) struct WorldViewArgs {
    /// The world
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Where the car is: metres to the right, metres up, degrees counter-clockwise; by default where it starts
    #[arg(long, value_name = "X,Y,HEADING", value_parser = pose, allow_hyphen_values = true)]
    at: Option<Pose>,
    /// How far the camera is turned to the left, in degrees
    #[arg(long, value_name = "DEG", default_value_t = 0.0, value_parser = angle, allow_hyphen_values = true)]
    pan: f64,
    /// How far it is tilted upwards, in degrees, -65 to 65
    #[arg(long, value_name = "DEG", default_value_t = 0.0, value_parser = tilt, allow_hyphen_values = true)]
    tilt: f64,
    /// The picture, 640 by 480
    #[arg(long, value_name = "FILE.png")]
    out: PathBuf,
}

impl WorldViewArgs {
    pub(crate) fn run(self) -> Result<(), Failure> {
        if self.out.extension().is_none_or(|extension| extension != "png") {
            return Err(Failure::Usage(format!(
                "a picture is written as PNG, and `{}` does not end in `.png`",
                self.out.display()
            )));
        }
        let world = read(&self.file)?;
        let pose = self.at.unwrap_or_else(|| world.start_pose());
        let mut pixels = vec![0; PICTURE_BYTES];
        Camera::of(&world).render(pose, self.pan.to_radians(), self.tilt.to_radians(), &mut pixels);
        write_file(&self.out, &png(PICTURE_WIDTH, PICTURE_HEIGHT, &pixels))?;
        print(format_args!("`{}` shows what the camera sees\n", self.out.display()))
    }
}

fn angle(text: &str) -> Result<f64, String> {
    match text.trim().parse() {
        Ok(value) if f64::is_finite(value) => Ok(value),
        _ => Err(format!("`{text}` is no number")),
    }
}

fn tilt(text: &str) -> Result<f64, String> {
    let limit = TILT_DRAWN_MAX_DEG;
    match angle(text)? {
        value if value.abs() <= limit => Ok(value),
        _ => Err(format!("-{limit} to {limit} degrees are allowed")),
    }
}

fn pose(text: &str) -> Result<Pose, String> {
    let numbers = text.split(',').map(angle).collect::<Result<Vec<_>, _>>()?;
    match numbers[..] {
        [x_m, y_m, heading_deg] => Ok(Pose { x_m, y_m, heading_rad: heading_deg.to_radians() }),
        _ => Err(format!("three numbers are needed, such as 1.5,1,90, and these are {}", numbers.len())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_three_numbers_the_last_of_them_in_degrees() {
        let pose = pose("1.5, -2,180").unwrap();
        assert_eq!((pose.x_m, pose.y_m, pose.heading_rad), (1.5, -2.0, std::f64::consts::PI));
        assert_eq!(
            super::pose("1,2").unwrap_err(),
            "three numbers are needed, such as 1.5,1,90, and these are 2"
        );
        assert_eq!(super::pose("1,2,north").unwrap_err(), "`north` is no number");
        assert_eq!(tilt("66").unwrap_err(), "-65 to 65 degrees are allowed");
        assert_eq!(tilt("NaN").unwrap_err(), "`NaN` is no number");
        assert_eq!(tilt("-65"), Ok(-65.0));
    }
}
