//! All rings of a robot, by name.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nevil_msgs::nearest;
use nevil_sys::mem::ring::{Element, ElementKind, RingLayout, RingShape, RingState};

use crate::clock::Clock;
use crate::ring::error::{RingClaimError, RingError};
use crate::ring::shared::{Ring, RingStatus, is_name};
use crate::ring::spec::{RingSpec, Waking};
use crate::ring::writer::RingWriter;

/// All rings of a robot: who writes them, and which life of each is the present one. Clones are handles on the same rings.
#[derive(Clone, Debug)]
pub struct Rings {
    clock: Clock,
    places: Arc<Mutex<BTreeMap<Arc<str>, Arc<RingPlace>>>>,
}

/// What a robot knows of the ring of one name, over all its lives.
#[derive(Debug)]
pub(crate) struct RingPlace {
    name: Arc<str>,
    element: ElementKind,
    clock: Clock,
    /// Of the newest ring; 0 if there was none.
    generation: AtomicU64,
    known: Mutex<Known>,
}

/// A ring as a node declares to write it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedRing {
    /// Its name.
    pub name: Arc<str>,
    /// The node that writes it.
    pub writer: Option<Arc<str>>,
    /// The nodes that read it.
    pub readers: Vec<Arc<str>>,
    /// Blocks.
    pub blocks: usize,
    /// Bytes that it will take; 0 if nobody writes it, or if it cannot be made.
    pub bytes: u64,
}

#[derive(Debug, Default)]
struct Known {
    /// What the writer has declared.
    planned: Option<RingShape>,
    writer: Option<Arc<str>>,
    readers: BTreeSet<Arc<str>>,
    ring: Option<Arc<Ring>>,
}

impl Rings {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, places: Arc::default() }
    }

    /// Declares that the node `instance` writes the ring `name`, in all its lives.
    pub(crate) fn claim<T: Element>(
        &self,
        name: &str,
        instance: &Arc<str>,
    ) -> Result<Arc<RingPlace>, RingClaimError> {
        let place = self.place::<T>(name)?;
        let mut known = place.known();
        let holder = Arc::clone(known.writer.get_or_insert_with(|| Arc::clone(instance)));
        drop(known);
        if holder == *instance {
            Ok(place)
        } else {
            Err(RingClaimError::Held { ring: Arc::clone(&place.name), holder })
        }
    }

    /// Declares that the node `instance` reads the ring `name`.
    pub(crate) fn declare_reader<T: Element>(
        &self,
        name: &str,
        instance: &Arc<str>,
    ) -> Result<Arc<RingPlace>, RingClaimError> {
        let place = self.place::<T>(name)?;
        place.known().readers.insert(Arc::clone(instance));
        Ok(place)
    }

    fn place<T: Element>(&self, name: &str) -> Result<Arc<RingPlace>, RingClaimError> {
        if !is_name(name) {
            return Err(RingClaimError::Name { given: name.to_owned() });
        }
        let mut places = self.lock();
        let place = places.entry(name.into()).or_insert_with_key(|name| {
            Arc::new(RingPlace {
                name: Arc::clone(name),
                element: T::KIND,
                clock: self.clock.clone(),
                generation: AtomicU64::new(0),
                known: Mutex::default(),
            })
        });
        if place.element == T::KIND {
            return Ok(Arc::clone(place));
        }
        let (carried, wanted) = (place.element.name(), T::KIND.name());
        Err(RingClaimError::Element { ring: Arc::clone(&place.name), carried, wanted })
    }

    /// The ring `name`, if it is written now.
    ///
    /// # Errors
    ///
    /// A text that names the known rings, or says that it has no writer now.
    pub fn get(&self, name: &str) -> Result<Arc<Ring>, String> {
        let places = self.lock();
        if let Some(place) = places.get(name) {
            let is_written = |ring: &Arc<Ring>| ring.ended().is_none();
            let none = || RingError::NoWriter { ring: Arc::clone(&place.name) }.to_string();
            return place.ring().ok().filter(is_written).ok_or_else(none);
        }
        let names: Vec<&str> = places.keys().map(|name| &**name).collect();
        let meant = nearest(name, &names).map(|meant| format!(", did you mean `{meant}`?"));
        let known = if names.is_empty() {
            "this robot has none".to_owned()
        } else {
            format!("known rings are {}", names.join(", "))
        };
        Err(format!("unknown ring `{name}`{}; {known}", meant.unwrap_or_default()))
    }

    /// All rings that were declared, by name.
    #[must_use]
    pub fn status(&self) -> Vec<RingStatus> {
        self.lock().values().map(|place| place.status()).collect()
    }

    /// All rings that were declared, by name, with what they will take where memory has pages of `page_bytes`.
    #[must_use]
    pub fn planned(&self, page_bytes: usize) -> Vec<PlannedRing> {
        let ring = |place: &Arc<RingPlace>| {
            let known = place.known();
            let layout = known.planned.and_then(|shape| RingLayout::new(&shape, page_bytes).ok());
            PlannedRing {
                name: Arc::clone(&place.name),
                writer: known.writer.clone(),
                readers: known.readers.iter().cloned().collect(),
                blocks: known.planned.map_or(0, |shape| shape.blocks),
                bytes: layout.map_or(0, |layout| (layout.total_bytes + layout.cursor_bytes) as u64),
            }
        };
        self.lock().values().map(ring).collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Arc<str>, Arc<RingPlace>>> {
        // No step under this lock panics half-way.
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RingPlace {
    pub(crate) fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Notes what the ring is to be, before it is made.
    pub(crate) fn plan<T: Element>(&self, spec: &RingSpec<T>) {
        self.known().planned = Some(spec.shape(&self.name, 0));
    }

    /// Makes the next life of the ring; readers of the one before are told so.
    pub(crate) fn create<T: Element>(&self, spec: &RingSpec<T>) -> Result<RingWriter<T>, RingError> {
        let mut spec = *spec;
        if self.clock.is_simulated() {
            // A simulation is one thread: nobody sleeps, and nobody may look at a real clock.
            spec.waking = Waking::ByWriter;
        }
        let mut known = self.known();
        // Relaxed: written under this lock.
        let before = self.generation.load(Ordering::Relaxed);
        // The clock, so that a robot that was started again does not reuse the numbers of the one before.
        let generation = self.clock.now().as_ns().max(before + 1);
        let writer = Ring::create(&self.name, &spec, generation)?;
        if let Some(replaced) = known.ring.replace(Arc::clone(writer.ring())) {
            replaced.end(RingState::Replaced);
        }
        // Release: who sees the number finds the ring.
        self.generation.store(generation, Ordering::Release);
        Ok(writer)
    }

    /// Of the newest ring; 0 if there was none.
    pub(crate) fn generation(&self) -> u64 {
        // Acquire: see `create`.
        self.generation.load(Ordering::Acquire)
    }

    /// The newest ring.
    pub(crate) fn ring(&self) -> Result<Arc<Ring>, RingError> {
        self.known().ring.clone().ok_or_else(|| RingError::NoWriter { ring: Arc::clone(&self.name) })
    }

    /// The newest ring, if nobody is just making one: for threads that do not wait.
    pub(crate) fn try_ring(&self) -> Result<Arc<Ring>, RingError> {
        let known = self.known.try_lock();
        let ring = known.ok().and_then(|known| known.ring.clone());
        ring.ok_or_else(|| RingError::NoWriter { ring: Arc::clone(&self.name) })
    }

    fn status(&self) -> RingStatus {
        let known = self.known();
        let mut status = known.ring.as_ref().map_or_else(
            || RingStatus {
                name: self.name.to_string(),
                writer: None,
                declared_readers: Vec::new(),
                open: false,
                carries: String::new(),
                element: self.element.name(),
                generation: 0,
                blocks: 0,
                block_values: 0,
                bytes: 0,
                published: 0,
                readers: Vec::new(),
            },
            |ring| ring.status(),
        );
        status.writer = known.writer.as_ref().map(ToString::to_string);
        status.declared_readers = known.readers.iter().map(ToString::to_string).collect();
        status
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // No step under this lock panics half-way.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
