//! Which subscriptions of a node have to be looked at in a turn.
//!
//! Each subscription is a source with a number: those of higher priority come first, and within a priority the order is
//! that of their declaration. So the bits of [`Wake`], from the lowest up, are the order of service.

use nevil_msgs::TopicPriority;

use crate::bus::Wake;
use crate::limits::{SOURCES_OF_PRIORITY_MAX, SOURCES_WATCHED};

/// Gives the subscriptions of one node their numbers.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    used: [usize; 4],
}

impl Sources {
    /// The number of the next subscription to a topic of `priority`; `None` if there are too many.
    pub(crate) fn add(&mut self, priority: TopicPriority) -> Option<usize> {
        let class = match priority {
            TopicPriority::Critical => 0,
            TopicPriority::High => 1,
            TopicPriority::Normal => 2,
            TopicPriority::Low => 3,
        };
        let used = &mut self.used[class];
        *used += 1;
        (*used <= SOURCES_OF_PRIORITY_MAX).then_some(class * SOURCES_OF_PRIORITY_MAX + *used - 1)
    }
}

/// The sources that a node's thread looks at by itself.
#[derive(Debug, Default)]
pub(crate) struct ActiveSources {
    words: Vec<ActiveWord>,
}

#[derive(Debug)]
struct ActiveWord {
    /// Which word of [`Wake`].
    word: usize,
    /// Position of its first source among all sources of the node, which are in the order of their numbers.
    first: usize,
    active: u64,
}

impl ActiveSources {
    /// For sources with these numbers, ascending.
    pub(crate) fn new(numbers: impl Iterator<Item = usize>) -> Self {
        let mut words: Vec<ActiveWord> = Vec::new();
        for (first, number) in numbers.enumerate() {
            let word = number / 64;
            if words.last().is_none_or(|last| last.word != word) {
                words.push(ActiveWord { word, first, active: 0 });
            }
        }
        Self { words }
    }

    /// Whether a source was announced that is not active yet.
    #[inline]
    pub(crate) fn has_new(&self, wake: &Wake) -> bool {
        self.words.iter().any(|word| wake.active(word.word) & !word.active != 0)
    }

    /// Whether `is_ready` holds for the position of any active source.
    pub(crate) fn any(&self, mut is_ready: impl FnMut(usize) -> bool) -> bool {
        self.words.iter().any(|word| bits(word.active).any(|bit| is_ready(word.first + bit)))
    }

    /// Calls `serve` with the position of each active source, in the order of service. It says whether the source had
    /// anything. Those that had nothing become inactive if there are many; `has_message` has the last look at them.
    pub(crate) fn serve<C>(
        &mut self,
        wake: &Wake,
        context: &mut C,
        serve: impl Fn(&mut C, usize) -> bool,
        has_message: impl Fn(&mut C, usize) -> bool,
    ) {
        let mut active = 0;
        for word in &mut self.words {
            word.active |= wake.active(word.word);
            active += word.active.count_ones();
        }
        for word in &mut self.words {
            for bit in bits(word.active) {
                if serve(context, word.first + bit) || active <= SOURCES_WATCHED {
                    continue;
                }
                wake.retire(word.word * 64 + bit);
                if has_message(context, word.first + bit) {
                    continue;
                }
                word.active &= !(1 << bit);
                active -= 1;
            }
        }
    }
}

/// The numbers of the bits that are set, ascending.
#[inline]
fn bits(mut word: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let bit = (word != 0).then(|| word.trailing_zeros() as usize)?;
        word &= word - 1;
        Some(bit)
    })
}
