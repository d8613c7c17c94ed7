//! Worlds are shown, made and looked at without any robot.

use crate::robot::Place;
use crate::{fails, out, text};

fn shipped(name: &str) -> String {
    format!("{}/../files/worlds/{name}.yaml", env!("CARGO_MANIFEST_DIR"))
}

/// A file of this test alone.
fn file(place: &Place, name: &str) -> String {
    place.session().join(name).to_str().unwrap().to_owned()
}

#[test]
fn a_world_is_shown_in_words_and_as_json() {
    let place = Place::new("world-show");
    let course = shipped("line_course");
    let words = out(&place, &["world", "show", &course]);
    for part in ["size", "4 m by 3 m", "course (7.9 m)", "red crate, blue crate", "reachable"] {
        assert!(words.contains(part), "{part}: {words}");
    }
    let json = out(&place, &["world", "show", &course, "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["lines"][0]["name"], &json["track"]), (&"course".into(), &serde_json::Value::Null));
}

#[test]
fn a_world_is_drawn_with_the_track_of_a_car_and_a_wrong_track_is_told_by_its_line() {
    let place = Place::new("world-draw");
    let (room, track, svg) = (shipped("empty_room"), file(&place, "track.csv"), file(&place, "room.svg"));
    std::fs::write(&track, "time_s,x_m,y_m,touches,falls\n0,1,1,0,0\n1,2,1,0,0\n2,2,1,1,0\n").unwrap();
    let said = out(&place, &["world", "show", &room, "--track", &track, "--out", &svg]);
    assert_eq!(said, format!("`{svg}` shows `{room}`\n"));
    let drawing = std::fs::read_to_string(&svg).unwrap();
    assert!(drawing.contains("<title>touch</title>") && drawing.contains(">empty_room</text>"), "{drawing}");
    let words = out(&place, &["world", "show", &room, "--track", &track]);
    assert!(words.contains("1.0 m in 2 s"), "{words}");

    std::fs::write(&track, "time_s,x_m,y_m\n0,1,1\n1,two,1\n").unwrap();
    let (code, complaint) = fails(&place, &["world", "show", &room, "--track", &track]);
    assert_eq!((code, complaint), (Some(2), format!("nevil: {track}:3: x_m: `two` is no number\n")));
    let (code, complaint) = fails(&place, &["world", "show", &room, "--out", "room.png"]);
    assert_eq!(code, Some(2));
    let wanted = "nevil: a world is drawn as SVG, and `room.png` does not end in `.svg`; `rsvg-convert` makes a PNG of one\n";
    assert_eq!(complaint, wanted);
    let (code, complaint) = fails(&place, &["world", "show", "nowhere.yaml"]);
    assert_eq!(code, Some(2));
    assert_eq!(
        complaint,
        "nevil: cannot read world `nowhere.yaml`: No such file or directory (os error 2)\n"
    );
}

#[test]
fn a_world_from_a_seed_can_be_shown_and_its_file_is_not_written_over() {
    let place = Place::new("world-generate");
    let maze = file(&place, "maze.yaml");
    let generate = ["world", "generate", "maze", "--seed", "7"];
    assert_eq!(out(&place, &[&generate[..], &["--out", &maze]].concat()), format!("`{maze}` is a maze\n"));
    assert_eq!(out(&place, &generate), std::fs::read_to_string(&maze).unwrap());
    assert!(out(&place, &["world", "show", &maze]).contains("outer walls"));
    let (code, complaint) = fails(&place, &[&generate[..], &["--out", &maze]].concat());
    assert_eq!(code, Some(1));
    assert_eq!(complaint, format!("nevil: `{maze}` is there already; remove it, or take another name\n"));
    let (code, complaint) = fails(&place, &["world", "generate", "mase"]);
    assert_eq!(code, Some(2));
    let unknown = "unknown kind, did you mean `maze`?; kinds are room, maze, corridor, table";
    assert!(complaint.contains(unknown), "{complaint}");
}

#[test]
fn a_view_is_a_png_of_what_the_camera_sees_from_where_it_is_asked() {
    let place = Place::new("world-view");
    let (room, png) = (shipped("living_room"), file(&place, "view.png"));
    let look = |words: &[&str]| {
        let view = ["world", "view", &room, "--out", &png];
        assert_eq!(
            out(&place, &[&view[..], words].concat()),
            format!("`{png}` shows what the camera sees\n")
        );
        std::fs::read(&png).unwrap()
    };
    let ahead = look(&[]);
    assert!(ahead.starts_with(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\x80\0\0\x01\xe0"));
    // The start of this room, and a place that looks elsewhere.
    assert!(look(&["--at", "1.4,1.2,0"]) == ahead);
    assert!(look(&["--at", "2.4,1.2,-90"]) != ahead);
    assert!(look(&["--pan", "-30"]) != ahead);
    assert!(look(&["--tilt", "-10"]) != ahead);
    let output = crate::run(&place, &["world", "view", &room, "--tilt", "80", "--out", &png]);
    let complaint = text(&output.stderr);
    assert!(complaint.contains("-65 to 65 degrees are allowed"), "{complaint}");
    let (code, complaint) = fails(&place, &["world", "view", &room, "--out", "view.jpg"]);
    assert_eq!(code, Some(2));
    assert_eq!(complaint, "nevil: a picture is written as PNG, and `view.jpg` does not end in `.png`\n");
}
