//! Pictures as PNG files: each pixel as the difference to its neighbour, and runs of equal bytes put shortly.
//!
//! The crate for it makes smaller ones, and brings half a dozen others with it.

/// The longest run that has a length of its own.
const RUN_MAX: usize = 258;

/// Shortest lengths of runs of the length codes 257 to 285.
const LENGTHS: [u16; 29] = [
    3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195,
    227, 258,
];

/// How many bits of each code say how much longer than that.
const EXTRA_BITS: [u32; 29] =
    [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];

/// The PNG of a picture: `pixels` row by row from the top, each pixel as red, green, blue.
///
/// # Panics
///
/// If `pixels` are not as many as `width` and `height` say.
pub(crate) fn png(width: usize, height: usize, pixels: &[u8]) -> Vec<u8> {
    assert_eq!(pixels.len(), width * height * 3, "a picture has three bytes for each pixel");
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut header = Vec::new();
    header.extend((width as u32).to_be_bytes());
    header.extend((height as u32).to_be_bytes());
    // Eight bits of a colour, three colours, and the only ways there are to pack, to filter, and to order.
    header.extend([8, 2, 0, 0, 0]);
    chunk(&mut file, *b"IHDR", &header);
    chunk(&mut file, *b"IDAT", &zlib(&filtered(width * 3, pixels)));
    chunk(&mut file, *b"IEND", &[]);
    file
}

fn chunk(file: &mut Vec<u8>, kind: [u8; 4], data: &[u8]) {
    file.extend((data.len() as u32).to_be_bytes());
    let start = file.len();
    file.extend(kind);
    file.extend(data);
    file.extend(crc32(&file[start..]).to_be_bytes());
}

/// Each row as differences to the pixel on its left, or to the row above, whichever is nearer to nothing.
fn filtered(row_bytes: usize, pixels: &[u8]) -> Vec<u8> {
    let mut filtered = Vec::with_capacity(pixels.len() + pixels.len() / row_bytes.max(1));
    let mut above = vec![0; row_bytes];
    for row in pixels.chunks_exact(row_bytes) {
        let left = |index: usize| if index < 3 { 0 } else { row[index - 3] };
        let from_left: Vec<u8> = (0..row_bytes).map(|index| row[index].wrapping_sub(left(index))).collect();
        let from_above: Vec<u8> = row.iter().zip(&above).map(|(it, above)| it.wrapping_sub(*above)).collect();
        let effort = |bytes: &[u8]| bytes.iter().filter(|byte| **byte != 0).count();
        let (filter, bytes) =
            if effort(&from_above) < effort(&from_left) { (2, from_above) } else { (1, from_left) };
        filtered.push(filter);
        filtered.extend(bytes);
        above.copy_from_slice(row);
    }
    filtered
}

/// Bits into bytes, the lowest first.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    pending: u32,
    count: u32,
}

impl Bits {
    /// Puts `count` bits of a number, at most 16.
    fn put(&mut self, number: u32, count: u32) {
        self.pending |= number << self.count;
        self.count += count;
        while self.count >= 8 {
            self.bytes.push(self.pending as u8);
            self.pending >>= 8;
            self.count -= 8;
        }
    }

    /// Puts a symbol of the codes that need no table: 0 to 255 a byte, 256 the end, above a run.
    fn symbol(&mut self, symbol: u32) {
        let (code, count) = match symbol {
            0..=143 => (0x30 + symbol, 8),
            144..=255 => (0x190 + symbol - 144, 9),
            256..=279 => (symbol - 256, 7),
            _ => (0xc0 + symbol - 280, 8),
        };
        // Codes alone begin with their highest bit.
        self.put(code.reverse_bits() >> (32 - count), count);
    }

    /// Says that the byte before comes `length` times more, 3 to 258.
    fn run(&mut self, length: usize) {
        let index = LENGTHS.partition_point(|&least| usize::from(least) <= length) - 1;
        self.symbol(257 + index as u32);
        self.put((length - usize::from(LENGTHS[index])) as u32, EXTRA_BITS[index]);
        // From one byte before.
        self.put(0, 5);
    }
}

fn zlib(data: &[u8]) -> Vec<u8> {
    let mut bits = Bits { bytes: vec![0x78, 0x01], ..Bits::default() };
    // One block, the last, of the codes that need no table.
    bits.put(0b011, 3);
    let mut at = 0;
    while at < data.len() {
        let before = at.checked_sub(1).map(|index| data[index]);
        let same = data[at..].iter().take(RUN_MAX).take_while(|byte| Some(**byte) == before).count();
        if same >= 3 {
            bits.run(same);
            at += same;
        } else {
            bits.symbol(data[at].into());
            at += 1;
        }
    }
    bits.symbol(256);
    bits.put(0, 7);
    let mut bytes = bits.bytes;
    bytes.extend(adler32(data).to_be_bytes());
    bytes
}

fn adler32(data: &[u8]) -> u32 {
    const PRIME: u32 = 65521;
    let (mut a, mut b) = (1_u32, 0_u32);
    for &byte in data {
        a = (a + u32::from(byte)) % PRIME;
        b = (b + a) % PRIME;
    }
    b << 16 | a
}

fn crc32(data: &[u8]) -> u32 {
    let step = |crc: u32| if crc & 1 == 1 { 0xedb8_8320 ^ (crc >> 1) } else { crc >> 1 };
    let byte = |crc: u32, byte: &u8| (0..8).fold(crc ^ u32::from(*byte), |crc, _| step(crc));
    !data.iter().fold(!0, byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a reader makes of the codes that need no table.
    fn inflated(bytes: &[u8]) -> Vec<u8> {
        let mut at = 0;
        let mut bit = || {
            at += 1;
            u32::from(bytes[(at - 1) / 8] >> ((at - 1) % 8) & 1)
        };
        assert_eq!([bit(), bit(), bit()], [1, 1, 0]);
        let mut data: Vec<u8> = Vec::new();
        loop {
            let mut code = (0..7).fold(0, |code, _| code << 1 | bit());
            let mut symbol = 256 + code;
            if code > 0b001_0111 {
                code = code << 1 | bit();
                symbol = match code {
                    0x30..=0xbf => code - 0x30,
                    0xc0..=0xc7 => code - 0xc0 + 280,
                    _ => (code << 1 | bit()) - 0x190 + 144,
                };
            }
            match symbol {
                0..=255 => data.push(symbol as u8),
                256 => return data,
                _ => {
                    let index = symbol as usize - 257;
                    let extra = (0..EXTRA_BITS[index]).fold(0, |extra, place| extra | bit() << place);
                    assert_eq!((0..5).fold(0, |distance, _| distance << 1 | bit()), 0, "one byte back");
                    let last = data[data.len() - 1];
                    data.extend(vec![last; usize::from(LENGTHS[index]) + extra as usize]);
                }
            }
        }
    }

    fn pixels_of(filtered: &[u8], row_bytes: usize) -> Vec<u8> {
        let mut pixels: Vec<u8> = Vec::new();
        for row in filtered.chunks_exact(row_bytes + 1) {
            let start = pixels.len();
            for (index, byte) in row[1..].iter().enumerate() {
                let back = if row[0] == 1 { 3 } else { row_bytes };
                let is_inside = if row[0] == 1 { index >= 3 } else { start > 0 };
                let neighbour = if is_inside { pixels[start + index - back] } else { 0 };
                pixels.push(byte.wrapping_add(neighbour));
            }
        }
        pixels
    }

    #[test]
    fn what_a_reader_makes_of_the_file_is_the_picture() {
        let flat = vec![7; 40 * 30 * 3];
        let noise: Vec<u8> =
            (0..40 * 30 * 3_u32).map(|index| (index.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let stripes: Vec<u8> = (0..40 * 30 * 3_u32).map(|index| (index / 120 * 9) as u8).collect();
        for pixels in [flat, noise, stripes] {
            let file = png(40, 30, &pixels);
            let data = &file[8 + 12 + 13..];
            let length = u32::from_be_bytes([data[0], data[1], data[2], data[3]]) as usize;
            assert_eq!(&data[4..8], b"IDAT");
            let zlib = &data[8..8 + length];
            let filtered = inflated(&zlib[2..]);
            assert_eq!(zlib[length - 4..], adler32(&filtered).to_be_bytes());
            assert!(pixels_of(&filtered, 120) == pixels);
        }
    }

    #[test]
    fn sums_are_those_of_the_standards() {
        assert_eq!(crc32(b"IEND"), 0xae42_6082);
        assert_eq!(adler32(b"Wikipedia"), 0x11e6_0398);
        assert!(png(1, 1, &[1, 2, 3]).ends_with(b"\0\0\0\0IEND\xae\x42\x60\x82"));
    }

    #[test]
    fn a_picture_of_one_colour_is_small() {
        assert!(png(640, 480, &vec![200; 640 * 480 * 3]).len() < 10_000);
    }
}
