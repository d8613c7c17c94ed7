//! All gestures and moods that there are, by name: the shipped ones, and those of own files.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use nevil_car::shape::SPEED_AT_FULL_MPS;
use nevil_msgs::{Mark, ValueError};

use super::flat::{Flat, unknown_gesture};
use super::grammar::Pace;
use super::reading::{Named, wrong};
use super::sheet::{Move, Sheet, WrittenGesture, WrittenMood};

/// Most moves of a gesture, with all that it repeats.
pub const MOVES_MAX: usize = 400;

/// Longest time that a gesture may take, played slowly.
pub const PLAY_MAX: Duration = Duration::from_secs(60);

/// Actions that are no gestures.
const OF_CODE: [&str; 3] = ["forward", "backward", "stop"];

/// The shipped files. They are part of the program, so that their names work wherever a launch file lies.
const SHIPPED: [(&str, &str); 9] = [
    ("look.yaml", include_str!("../../../../launch/files/gestures/look.yaml")),
    ("observe.yaml", include_str!("../../../../launch/files/gestures/observe.yaml")),
    ("move.yaml", include_str!("../../../../launch/files/gestures/move.yaml")),
    ("react.yaml", include_str!("../../../../launch/files/gestures/react.yaml")),
    ("greet.yaml", include_str!("../../../../launch/files/gestures/greet.yaml")),
    ("celebrate.yaml", include_str!("../../../../launch/files/gestures/celebrate.yaml")),
    ("feel.yaml", include_str!("../../../../launch/files/gestures/feel.yaml")),
    ("signal.yaml", include_str!("../../../../launch/files/gestures/signal.yaml")),
    ("moods.yaml", include_str!("../../../../launch/files/gestures/moods.yaml")),
];

/// A gesture: a list of moves.
#[derive(Clone, Debug, PartialEq)]
pub struct Gesture {
    /// Its name.
    pub name: String,
    /// What it does, in words for people.
    pub words: String,
    /// Other names for it.
    pub aliases: Vec<String>,
    /// Its moves in order, at most [`MOVES_MAX`]; what it repeats and borrows from others is written out.
    pub moves: Vec<Move>,
    /// Whether the camera stays where the gesture ends; else it goes back to rest.
    pub keeps_pose: bool,
}

impl Gesture {
    /// Whether its wheels turn. One whose wheels do not turn touches nothing, wherever the car stands.
    #[must_use]
    pub fn drives(&self) -> bool {
        self.moves.iter().any(|one| matches!(one, Move::Drive { .. }))
    }

    /// About how long it takes at this pace.
    #[must_use]
    pub fn duration(&self, pace: Pace) -> Duration {
        self.moves.iter().map(|&one| duration(one, pace)).sum()
    }

    /// How far it drives in all, and how far it gets behind where it began, both in centimetres.
    #[must_use]
    pub fn way_cm(&self) -> (f32, f32) {
        let (mut all, mut along, mut behind) = (0.0_f32, 0.0_f32, 0.0_f32);
        for one in &self.moves {
            if let Move::Drive { cm, .. } = one {
                all += cm.abs();
                along += cm;
                behind = behind.max(-along);
            }
        }
        (all, behind)
    }
}

fn duration(one: Move, pace: Pace) -> Duration {
    match one {
        Move::Pause(pause) => pace.stretch(pause),
        Move::Drive { cm, percent, .. } => {
            // On the narrowest arc the axle is 15 % slower; and the wheels turn first.
            let mps = f64::from(percent) / 100.0 * SPEED_AT_FULL_MPS * 0.85;
            Duration::from_secs_f64(f64::from(cm.abs()) / 100.0 / mps) + Duration::from_millis(500)
        }
        Move::Look { .. } | Move::Steer(_) => Duration::ZERO,
    }
}

/// A mood: what it is like when the car drives about by itself. All shares are 0 to 100.
#[derive(Clone, Debug, PartialEq)]
pub struct Mood {
    /// Its name.
    pub name: String,
    /// What it is like, in words for people.
    pub words: String,
    /// How fast it drives, and how seldom it stands.
    pub energy: u32,
    /// How often it looks around.
    pub curiosity: u32,
    /// How patient it is with people; nothing comes of it without a voice.
    pub sociability: u32,
    /// How often it makes gestures.
    pub whimsy: u32,
    /// The gestures that it makes, none of which drives.
    pub gestures: Vec<Arc<Gesture>>,
}

impl Mood {
    /// The pace of gestures that are meant in this mood.
    #[must_use]
    pub const fn pace(&self) -> Pace {
        match self.energy {
            0..30 => Pace::Slow,
            30..70 => Pace::Med,
            _ => Pace::Fast,
        }
    }
}

/// Why gestures could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LibraryError {
    /// A file or folder that cannot be read.
    #[error("cannot read gestures `{}`", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// The operating system's word.
        source: io::Error,
    },
    /// A folder without files of gestures.
    #[error("folder `{}` has no file that ends with `.yaml`", path.display())]
    Empty {
        /// Which.
        path: PathBuf,
    },
    /// Something wrong in a file.
    #[error(transparent)]
    File(#[from] ValueError),
}

/// Gestures and moods by name.
#[derive(Clone, Debug, Default)]
pub struct Library {
    gestures: BTreeMap<String, Arc<Gesture>>,
    /// From every name, aliases too, to the gesture's own.
    pub(super) names: BTreeMap<String, String>,
    moods: BTreeMap<String, Arc<Mood>>,
    action_names: Vec<String>,
}

impl Library {
    /// The gestures and moods that Nevil comes with.
    #[must_use]
    pub fn shipped() -> &'static Self {
        static SHIPPED_LIBRARY: LazyLock<Library> = LazyLock::new(|| {
            let files = SHIPPED.map(|(name, text)| (name.to_owned(), text.to_owned()));
            let library = Library::default().with_texts(&files);
            library.unwrap_or_else(|error| unreachable!("a test reads the shipped gestures: {error}"))
        });
        &SHIPPED_LIBRARY
    }

    /// These and those in the file `path`, or in all files of the folder `path` that end with `.yaml`, in the order of their names.
    /// A gesture or mood of the same name takes the place of the one there was.
    ///
    /// # Errors
    ///
    /// [`LibraryError`] with what is wrong first, and where.
    pub fn with(&self, path: &Path) -> Result<Self, LibraryError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            |source| LibraryError::Read { path, source }
        };
        let mut files = vec![path.to_owned()];
        if path.is_dir() {
            let listed = fs::read_dir(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
            files = listed.map_err(failed(path))?.into_iter().map(|entry| entry.path()).collect();
            files.retain(|file| file.extension().is_some_and(|extension| extension == "yaml"));
            files.sort();
            if files.is_empty() {
                return Err(LibraryError::Empty { path: path.to_owned() });
            }
        }
        let mut texts = Vec::new();
        for file in files {
            let text = nevil_msgs::read_text(&file).map_err(failed(&file))?;
            texts.push((file.display().to_string(), text));
        }
        Ok(self.with_texts(&texts)?)
    }

    /// These and those in `files`: the name of each and its text.
    ///
    /// # Errors
    ///
    /// What is wrong first, and where.
    pub fn with_texts(&self, files: &[(String, String)]) -> Result<Self, ValueError> {
        let mut written = Sheet::default();
        for (name, text) in files {
            let sheet = Sheet::read(name, text)?;
            written.gestures.extend(sheet.gestures);
            written.moods.extend(sheet.moods);
        }
        let mut library = self.clone();
        library.name_all(&written.gestures)?;
        let by_name: BTreeMap<&str, &WrittenGesture> =
            written.gestures.iter().map(|gesture| (gesture.name.text.as_str(), gesture)).collect();
        for gesture in &written.gestures {
            let made = Flat { library: &library, base: self, written: &by_name }.gesture(gesture)?;
            library.gestures.insert(made.name.clone(), Arc::new(made));
        }
        for mood in &written.moods {
            let made = library.mood_of(mood)?;
            library.moods.insert(made.name.clone(), Arc::new(made));
        }
        library.action_names =
            OF_CODE.into_iter().map(str::to_owned).chain(library.names.keys().cloned()).collect();
        Ok(library)
    }

    /// Enters the names of new gestures, none of which may be given twice.
    fn name_all(&mut self, written: &[WrittenGesture]) -> Result<(), ValueError> {
        let mut new: BTreeMap<&str, &Mark> = BTreeMap::new();
        for gesture in written {
            for name in std::iter::once(&gesture.name).chain(&gesture.aliases) {
                if OF_CODE.contains(&name.text.as_str()) {
                    let text = format!("`{}` is no gesture, and no gesture can be called so", name.text);
                    return Err(wrong(&name.mark, text));
                }
                if let Some(first) = new.insert(&name.text, &name.mark) {
                    let text = format!("`{}` is the name of a gesture already, see {first}", name.text);
                    return Err(wrong(&name.mark, text));
                }
                self.names.insert(name.text.clone(), gesture.name.text.clone());
            }
        }
        Ok(())
    }

    fn mood_of(&self, written: &WrittenMood) -> Result<Mood, ValueError> {
        let in_mood = |error: ValueError| error.in_key("gestures").in_key(&written.name.text).in_key("moods");
        let gesture = |(index, called): (usize, &Named)| {
            let gesture = self.called(called).map_err(|error| in_mood(error.in_element(index)))?;
            if gesture.drives() {
                let text = format!("`{}` drives, and a mood's gestures must not", called.text);
                return Err(in_mood(wrong(&called.mark, text).in_element(index)));
            }
            Ok(Arc::clone(gesture))
        };
        Ok(Mood {
            name: written.name.text.clone(),
            words: written.words.clone(),
            energy: written.energy,
            curiosity: written.curiosity,
            sociability: written.sociability,
            whimsy: written.whimsy,
            gestures: written.gestures.iter().enumerate().map(gesture).collect::<Result<_, _>>()?,
        })
    }

    fn called(&self, called: &Named) -> Result<&Arc<Gesture>, ValueError> {
        self.gesture(&called.text).ok_or_else(|| {
            let nearest = nevil_msgs::nearest(&called.text, self.action_names());
            unknown_gesture(called, nearest)
        })
    }

    /// The gesture of that name or alias, with `_` between words.
    #[must_use]
    pub fn gesture(&self, name: &str) -> Option<&Arc<Gesture>> {
        self.gestures.get(self.names.get(name)?)
    }

    /// All gestures in the order of their names.
    pub fn gestures(&self) -> impl Iterator<Item = &Arc<Gesture>> {
        self.gestures.values()
    }

    /// The mood of that name.
    #[must_use]
    pub fn mood(&self, name: &str) -> Option<&Arc<Mood>> {
        self.moods.get(name)
    }

    /// All moods in the order of their names.
    pub fn moods(&self) -> impl Iterator<Item = &Arc<Mood>> {
        self.moods.values()
    }

    /// Whether an action is called so.
    pub(super) fn is_action(&self, name: &str) -> bool {
        OF_CODE.contains(&name) || self.names.contains_key(name)
    }

    /// The names of all actions, aliases too.
    #[must_use]
    pub fn action_names(&self) -> &[String] {
        &self.action_names
    }
}

#[cfg(test)]
#[path = "library_tests.rs"]
mod tests;
