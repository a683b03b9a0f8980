//! The search for a cookie-pair by its name, from the end of a `Cookie` field.

use std::array;

/// The bytes that are looked at together.
const BLOCK: usize = 32;

/// The place of a name's last pair in its field.
#[derive(Clone, Copy)]
pub(crate) struct Found {
    /// Where its chunk begins, after a `;` if it isn't the first.
    pub(crate) chunk: usize,
    pub(crate) equals: usize,
}

/// The last pair of `field` with the name `name`, which isn't empty.
///
/// Few bytes are the last of the name and stand before what can follow it, so most blocks are passed
/// over whole. Where many are, the work grows with the name as well.
pub(crate) fn rfind(field: &[u8], name: &[u8]) -> Option<Found> {
    let &last = name.last()?;
    let ends = field.split_last()?.1;
    let follows = &field[1..];
    #[allow(
        clippy::needless_bitwise_bool,
        reason = "without branches blocks are looked at at once"
    )]
    let may_be = |end: u8, follow: u8| (end == last) & (is_space(follow) | (follow == b'='));

    let mut start = ends.len();
    let blocks = ends.rchunks_exact(BLOCK).zip(follows.rchunks_exact(BLOCK));
    for (ends, follows) in blocks {
        start -= BLOCK;
        let (ends, follows): (&[u8; BLOCK], &[u8; BLOCK]) = (
            ends.try_into().expect("a block"),
            follows.try_into().expect("a block"),
        );
        let hits: [bool; BLOCK] = array::from_fn(|i| may_be(ends[i], follows[i]));
        if !hits.iter().fold(false, |any, &hit| any | hit) {
            continue;
        }
        let places = (0..BLOCK).rev().filter(|&i| hits[i]);
        if let Some(found) = places
            .map(|i| start + i)
            .find_map(|end| found_at(field, name, end))
        {
            return Some(found);
        }
    }
    (0..start)
        .rev()
        .filter(|&end| may_be(field[end], field[end + 1]))
        .find_map(|end| found_at(field, name, end))
}

/// Whether a pair's name is `name`, and has its last byte at `end`.
fn found_at(field: &[u8], name: &[u8], end: usize) -> Option<Found> {
    let before = field[..=end].strip_suffix(name)?;
    let spaces = field[end + 1..].iter().take_while(|&&byte| is_space(byte));
    let equals = end + 1 + spaces.count();
    if field.get(equals) != Some(&b'=') {
        return None;
    }
    let spaces = before.iter().rev().take_while(|&&byte| is_space(byte));
    let chunk = before.len() - spaces.count();
    (chunk == 0 || field[chunk - 1] == b';').then_some(Found { chunk, equals })
}

/// Only space and tab, never the other white space of Unicode: what is left of `\u{2000}__Host-id`
/// must not pass for `__Host-id`, which a browser lets no other host set.
pub(crate) const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}
