//! Words in a file that outlive the process.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::slice;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use memmap2::{MmapOptions, MmapRaw};

/// Words of a file, mapped and shared: what is stored stays in the file however the process ends, without a system call.
#[derive(Debug)]
pub struct FileWords {
    raw: MmapRaw,
}

/// One of them.
#[derive(Clone, Debug)]
pub struct FileWord {
    words: Arc<FileWords>,
    index: usize,
}

impl FileWords {
    /// A new file at `path` with these words, for this user alone; what was there before is replaced at once as a whole, and
    /// who has that one mapped keeps it. Who makes it smaller while it is in use ends this process at its next store by
    /// SIGBUS, so it belongs into a directory of one's own.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn create(path: &Path, words: &[u64]) -> io::Result<Arc<Self>> {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        let unfinished = path.with_extension("new");
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&unfinished)?;
        // All of it has its place on the disk or in memory from now on, so that no store fails for lack of it.
        io::Write::write_all(&mut &file, &bytes)?;
        let raw = MmapOptions::new().len(bytes.len()).populate().map_raw(&file)?;
        fs::rename(&unfinished, path)?;
        Ok(Arc::new(Self { raw }))
    }

    /// The words of the file at `path`, of which at most `words_max` are read.
    ///
    /// # Errors
    ///
    /// The operating system's; `InvalidData` if it is larger, or not whole words.
    pub fn read(path: &Path, words_max: usize) -> io::Result<Vec<u64>> {
        let mut bytes = Vec::new();
        let most = words_max.saturating_mul(size_of::<u64>()) as u64;
        io::Read::read_to_end(
            &mut io::Read::take(fs::File::open(path)?, most.saturating_add(1)),
            &mut bytes,
        )?;
        if bytes.len() as u64 > most || !bytes.len().is_multiple_of(size_of::<u64>()) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it has another length than was written"));
        }
        let (words, _) = bytes.as_chunks();
        Ok(words.iter().map(|word| u64::from_le_bytes(*word)).collect())
    }

    /// The word at `index`.
    ///
    /// # Panics
    ///
    /// If there are fewer.
    #[must_use]
    pub fn word(self: &Arc<Self>, index: usize) -> FileWord {
        assert!(index < self.words().len(), "the file has a word for it");
        FileWord { words: Arc::clone(self), index }
    }

    fn words(&self) -> &[AtomicU64] {
        let (first, count) = (self.raw.as_ptr().cast::<AtomicU64>(), self.raw.len() / size_of::<AtomicU64>());
        // SAFETY: `first` is the beginning of a page, so it is aligned; `count` words lie in the mapping, which lives as long as
        // `self`. Other processes may write the file, which atomics allow; if it is made smaller, the kernel ends the process.
        unsafe { slice::from_raw_parts(first, count) }
    }
}

impl FileWord {
    /// Stores `value`: one plain store.
    #[inline]
    pub fn store(&self, value: u64) {
        // Relaxed: read by another process after the end of this one, which orders everything.
        self.words.words()[self.index].store(value.to_le(), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::FileWords;

    #[test]
    fn what_is_stored_stands_in_the_file_and_a_new_one_replaces_it_as_a_whole() {
        let path = std::env::temp_dir().join(format!("nevil-words-{}", std::process::id()));
        let words = FileWords::create(&path, &[7, 0, 9]).unwrap();
        words.word(1).store(u64::MAX);
        assert_eq!(FileWords::read(&path, 3).unwrap(), [7, u64::MAX, 9]);
        assert!(FileWords::read(&path, 2).is_err());
        let _other = FileWords::create(&path, &[1]).unwrap();
        words.word(2).store(5);
        assert_eq!(FileWords::read(&path, 3).unwrap(), [1]);
        std::fs::write(&path, b"short").unwrap();
        assert!(FileWords::read(&path, 3).is_err());
        std::fs::remove_file(path).unwrap();
    }
}
