//! Where to go from where the car stands: a search over short moves on known floor.
//!
//! ```text
//!  root ─┬─ ahead: straight, gentle and narrow arcs ─┬─ … until two thousand places are reached, the soonest first
//!        └─ back: straight and narrow arcs ──────────┘
//!  worth of a place = (new ground on the way + what is to be seen from there) / time to get there
//! ```
//! Only the first moves of the best way are driven, up to where the wheels or the direction change; then it is looked again.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, VecDeque};

use super::memory::{Direction, Memory};
use super::reckoning::{Leg, Pose};
use super::visits::Visits;
use super::window::Window;

/// Places that are looked at for one decision.
const NODES_MAX: usize = 2000;

/// Headings that are told apart, and the extent of a place, in metres: of places that are the same the first is kept.
const HEADINGS: i32 = 16;
const PLACE_M: f64 = 0.06;

/// Places along each side of the square that is searched.
const PLACES: i32 = 64;

/// Most kinds of moves.
const MOVES_MAX: usize = 9;

/// So many first moves are remembered, and what each earlier one takes away, in unvisited places.
const TRIED_MAX: usize = 32;
const TRIED_COST: f64 = 0.7;

/// Turn that an arc makes, in radians: a sixteenth of a circle.
const ARC_RAD: f64 = std::f64::consts::PI / 8.0;

/// Length of a straight move, in metres.
const STRAIGHT_M: f64 = 0.1;

/// Longest piece of the way here that is driven back at a time, and the shortest that is worth it, in metres.
const RETRACE_M: f64 = 0.1;
const RETRACE_MIN_M: f64 = 0.03;

/// What turning the wheels or changing the direction costs, in seconds: coming to rest, looking, turning them.
const CHANGE_S: f64 = 1.5;

/// What is added to the time of each way, in seconds, so that the very next place is not always the best.
const SETTLE_S: f64 = 2.0;

/// By how much chance may change what a place is worth.
const CHANCE: f64 = 0.1;

/// What one of three looks at unknown floor is worth, in unvisited places; and between edges, where it is to go and see rather
/// than to turn about.
const LOOK_WORTH: f64 = 1.0;
const LOOK_WORTH_EDGES: f64 = 0.7;

/// How the car can move.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Abilities {
    /// One over the narrowest radius, per metre, and the steering angle that it needs, in radians.
    pub(crate) curvature_per_m: f64,
    pub(crate) steering_rad: f64,
    pub(crate) wheelbase_m: f64,
    /// From the middle of the rear axle to the middle of the car, in metres.
    pub(crate) middle_m: f64,
    pub(crate) straight_mps: f64,
    pub(crate) arc_mps: f64,
    pub(crate) back_mps: f64,
    /// Whether forward is allowed.
    pub(crate) may_go_ahead: bool,
    /// How far straight ahead may be driven, in metres.
    pub(crate) room_m: f64,
    /// Whether there are edges from which the car could fall.
    pub(crate) edges: bool,
    /// How many sixteenths of a circle a narrow arc ahead has.
    pub(crate) arc_parts: f64,
    /// The last leg of the way here.
    pub(crate) last_leg: Option<Leg>,
}

/// A way with one steering angle in one direction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Move {
    pub(crate) direction: Direction,
    pub(crate) steering_rad: f64,
    pub(crate) length_m: f64,
}

#[derive(Clone, Copy, Debug)]
struct Node {
    pose: Pose,
    parent: usize,
    /// Which of the moves led here; none to the root.
    by: Option<usize>,
    time_s: f64,
    /// New ground on the way here, in unvisited places, less what earlier tries of its first move take away.
    gain: f64,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    time_s: f64,
    node: usize,
}

impl PartialEq for Open {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Open {}

impl PartialOrd for Open {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Open {
    /// The soonest is the greatest; of two the older one.
    fn cmp(&self, other: &Self) -> Ordering {
        other.time_s.total_cmp(&self.time_s).then(other.node.cmp(&self.node))
    }
}

/// Looks for ways. Its lists have their size from the beginning.
#[derive(Clone, Debug)]
pub(crate) struct Planner {
    window: Window,
    moves: Vec<Step>,
    /// The first moves chosen lately, and where.
    tried: VecDeque<(Pose, Move)>,
    nodes: Vec<Node>,
    open: BinaryHeap<Open>,
    /// In which search a place was reached last.
    reached: Vec<u32>,
    search: u32,
}

impl Planner {
    pub(crate) fn new() -> Self {
        Self {
            window: Window::new(),
            moves: Vec::with_capacity(MOVES_MAX),
            tried: VecDeque::with_capacity(TRIED_MAX),
            nodes: Vec::with_capacity(NODES_MAX),
            open: BinaryHeap::with_capacity(NODES_MAX),
            reached: vec![0; (PLACES * PLACES * HEADINGS) as usize],
            search: 0,
        }
    }

    /// The first moves, as one, of the way from `root` that promises most; none if there is no way at all.
    pub(crate) fn best(
        &mut self,
        memory: &Memory,
        visits: &Visits,
        root: Pose,
        abilities: &Abilities,
        refused: &[(Direction, f64)],
        random: &mut fastrand::Rng,
    ) -> Option<Move> {
        let mut moves = std::mem::take(&mut self.moves);
        list_moves(abilities, &mut moves);
        let goal = self.search(memory, visits, (root, abilities, &moves), refused, random);
        let first = goal.and_then(|goal| self.first_of(goal, &moves));
        if let Some(first) = first {
            if self.tried.len() == TRIED_MAX {
                self.tried.pop_front();
            }
            self.tried.push_back((root, first));
        }
        self.moves = moves;
        first
    }

    /// The place that promises most.
    fn search(
        &mut self,
        memory: &Memory,
        visits: &Visits,
        (root, abilities, moves): (Pose, &Abilities, &[Step]),
        refused: &[(Direction, f64)],
        random: &mut fastrand::Rng,
    ) -> Option<usize> {
        self.window.show(memory, root);
        self.search = self.search.wrapping_add(1);
        self.nodes.clear();
        self.open.clear();
        self.add(root, Node { pose: root, parent: 0, by: None, time_s: 0.0, gain: 0.0 });
        let look_worth = if abilities.edges { LOOK_WORTH_EDGES } else { LOOK_WORTH };
        let mut best: Option<(f64, usize)> = None;
        while let Some(Open { node, .. }) = self.open.pop() {
            if node > 0 {
                let Node { pose, time_s, gain, .. } = self.nodes[node];
                let worth =
                    gain + self.window.unseen_from(memory, visits, pose) * look_worth + random.f64() * CHANCE;
                let rate = worth / (time_s + SETTLE_S);
                if best.is_none_or(|(most, _)| rate > most) {
                    best = Some((rate, node));
                }
            }
            for (by, step) in moves.iter().enumerate() {
                if node == 0 && refused.contains(&(step.direction, step.steering_rad)) {
                    continue;
                }
                self.try_move(memory, visits, abilities, (root, node), (by, step));
            }
        }
        best.map(|(_, node)| node)
    }

    fn try_move(
        &mut self,
        memory: &Memory,
        visits: &Visits,
        abilities: &Abilities,
        (root, from): (Pose, usize),
        (by, step): (usize, &Step),
    ) {
        if self.nodes.len() >= NODES_MAX {
            return;
        }
        let Node { pose, by: last, time_s, gain, .. } = self.nodes[from];
        // Straight ahead from where it stands the sensor knows more than the map.
        if from == 0 && step.is_straight_ahead() && abilities.room_m < step.length_m {
            return;
        }
        // The way here leads back only from where it ends, and only as far as it is long.
        if abilities.edges && step.direction == Direction::Back {
            let is_on_it = from == 0 || last == Some(by);
            let left_m = abilities.last_leg.map_or(0.0, |leg| leg.length_m) - self.back_m(from, by, step);
            if !is_on_it || left_m < step.length_m / 2.0 {
                return;
            }
        }
        let end = pose.after(step.signed_m(), step.curvature_per_m);
        if self.is_reached(root, end)
            || !self.window.is_free_along(memory, pose, (step.signed_m(), step.curvature_per_m), step.rule)
        {
            return;
        }
        let change_s = if last == Some(by) { 0.0 } else { CHANGE_S };
        let (middle, before) = (end.place(abilities.middle_m, 0.0), pose.place(abilities.middle_m, 0.0));
        let gain = gain - if from == 0 { self.tries(root, step) * TRIED_COST } else { 0.0 };
        let gain = gain + if visits.is_same(middle, before) { 0.0 } else { visits.novelty(middle) };
        let time_s = time_s + step.length_m / step.mps + change_s;
        self.add(root, Node { pose: end, parent: from, by: Some(by), time_s, gain });
    }

    /// How often this was the first move from about the same place, lately.
    fn tries(&self, root: Pose, step: &Step) -> f64 {
        let same = |(at, first): &&(Pose, Move)| {
            (at.x_m - root.x_m).hypot(at.y_m - root.y_m) < 0.1
                && (at.heading_rad - root.heading_rad).abs() < 0.2
                && first.direction == step.direction
                && first.steering_rad == step.steering_rad
        };
        self.tried.iter().filter(same).count() as f64
    }

    /// How far `from` is back on the way here.
    fn back_m(&self, from: usize, by: usize, step: &Step) -> f64 {
        let mut node = from;
        let mut count = 0_u32;
        while self.nodes[node].by == Some(by) {
            (node, count) = (self.nodes[node].parent, count + 1);
        }
        f64::from(count) * step.length_m
    }

    fn add(&mut self, root: Pose, node: Node) {
        if let Some(place) = place(root, node.pose) {
            self.reached[place] = self.search;
        }
        self.open.push(Open { time_s: node.time_s, node: self.nodes.len() });
        self.nodes.push(node);
    }

    /// Beyond what is searched counts as reached.
    fn is_reached(&self, root: Pose, pose: Pose) -> bool {
        place(root, pose).is_none_or(|place| self.reached[place] == self.search)
    }

    fn first_of(&self, goal: usize, moves: &[Step]) -> Option<Move> {
        let mut node = goal;
        let (mut first, mut count) = (None, 0_u32);
        while let Some(by) = self.nodes[node].by {
            count = if first == Some(by) { count + 1 } else { 1 };
            first = Some(by);
            node = self.nodes[node].parent;
        }
        let step = &moves[first?];
        let length_m = step.length_m * f64::from(count);
        Some(Move { direction: step.direction, steering_rad: step.steering_rad, length_m })
    }
}

/// What must be known of the floor on a move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FloorRule {
    /// That nothing stands on it.
    Free,
    /// Also that it is there, under each wheel: the sensors do not look ahead of the wheels on such a move.
    Sure,
}

#[derive(Clone, Copy, Debug)]
struct Step {
    direction: Direction,
    steering_rad: f64,
    curvature_per_m: f64,
    length_m: f64,
    mps: f64,
    rule: FloorRule,
}

impl Step {
    fn signed_m(&self) -> f64 {
        match self.direction {
            Direction::Ahead => self.length_m,
            Direction::Back => -self.length_m,
        }
    }

    fn is_straight_ahead(&self) -> bool {
        self.direction == Direction::Ahead && self.curvature_per_m == 0.0
    }
}

/// Narrow arcs ahead are always allowed: on them the sensors sweep all floor before a wheel that carries the car comes to it.
fn list_moves(abilities: &Abilities, moves: &mut Vec<Step>) {
    let Abilities { curvature_per_m, steering_rad, straight_mps, arc_mps, back_mps, edges, .. } = *abilities;
    let unsure = if edges { FloorRule::Sure } else { FloorRule::Free };
    moves.clear();
    for (direction, share, rule) in [
        (Direction::Ahead, 0.0, unsure),
        (Direction::Ahead, 1.0, FloorRule::Free),
        (Direction::Ahead, -1.0, FloorRule::Free),
        (Direction::Ahead, 0.5, unsure),
        (Direction::Ahead, -0.5, unsure),
        (Direction::Back, 0.0, unsure),
        (Direction::Back, 1.0, unsure),
        (Direction::Back, -1.0, unsure),
    ] {
        // Between edges only the way here leads back.
        let is_allowed = if direction == Direction::Ahead { abilities.may_go_ahead } else { !edges };
        if !is_allowed {
            continue;
        }
        let steering_rad = steering_rad * share;
        let curvature_per_m = if share.abs() == 1.0 {
            curvature_per_m * share
        } else {
            steering_rad.tan() / abilities.wheelbase_m
        };
        let is_narrow_ahead = direction == Direction::Ahead && share.abs() == 1.0;
        let turn_rad = if is_narrow_ahead { abilities.arc_parts * ARC_RAD } else { ARC_RAD };
        let length_m = if share == 0.0 { STRAIGHT_M } else { turn_rad / curvature_per_m.abs() };
        let mps = match direction {
            Direction::Back => back_mps,
            Direction::Ahead if share == 0.0 => straight_mps,
            Direction::Ahead => arc_mps,
        };
        moves.push(Step { direction, steering_rad, curvature_per_m, length_m, mps, rule });
    }
    if let Some(Leg { steering_rad, length_m }) =
        abilities.last_leg.filter(|leg| edges && leg.length_m > RETRACE_MIN_M)
    {
        let curvature_per_m = steering_rad.tan() / abilities.wheelbase_m;
        let parts = (length_m / RETRACE_M).ceil();
        moves.push(Step {
            direction: Direction::Back,
            steering_rad,
            curvature_per_m,
            length_m: length_m / parts,
            mps: back_mps,
            rule: FloorRule::Free,
        });
    }
}

/// The number of the place in which `pose` is, seen from `root`, if it is one of those that are searched.
fn place(root: Pose, pose: Pose) -> Option<usize> {
    let at = |there_m: f64, here_m: f64| {
        let at = ((there_m - here_m) / PLACE_M).round() as i32 + PLACES / 2;
        (0..PLACES).contains(&at).then_some(at)
    };
    let (x, y) = (at(pose.x_m, root.x_m)?, at(pose.y_m, root.y_m)?);
    let turns = (pose.heading_rad - root.heading_rad) / std::f64::consts::TAU * f64::from(HEADINGS);
    let heading = (turns.round() as i32).rem_euclid(HEADINGS);
    Some(((y * PLACES + x) * HEADINGS + heading) as usize)
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
