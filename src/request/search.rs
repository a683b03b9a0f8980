//! The search for a cookie-pair by its name, from the end of a `Cookie` header.

use std::array;

/// The number of bytes that are compared at once.
const BLOCK: usize = 32;

/// The place of a name's last pair in its header.
#[derive(Clone, Copy)]
pub(crate) struct Found {
    /// The start of its chunk, after a `;` unless it is the first.
    pub(crate) chunk: usize,
    pub(crate) equals: usize,
}

/// Finds the last pair of `header` with the name `name`, which is not empty.
///
/// The search looks for the last byte of the name, followed by a space, a tab or a `=`. Few
/// positions in a header have both, so most blocks are skipped as a whole. If many positions do,
/// the work also grows with the length of the name.
pub(crate) fn rfind(header: &[u8], name: &[u8]) -> Option<Found> {
    let &last = name.last()?;
    let ends = header.split_last()?.1;
    let follows = &header[1..];
    #[allow(
        clippy::needless_bitwise_bool,
        reason = "without branches, a block is compared at once"
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
            .find_map(|end| found_at(header, name, end))
        {
            return Some(found);
        }
    }
    (0..start)
        .rev()
        .filter(|&end| may_be(header[end], header[end + 1]))
        .find_map(|end| found_at(header, name, end))
}

/// Finds the pair whose name is `name` and has its last byte at `end`.
fn found_at(header: &[u8], name: &[u8], end: usize) -> Option<Found> {
    let before = header[..=end].strip_suffix(name)?;
    let spaces = header[end + 1..].iter().take_while(|&&byte| is_space(byte));
    let equals = end + 1 + spaces.count();
    if header.get(equals) != Some(&b'=') {
        return None;
    }
    let spaces = before.iter().rev().take_while(|&&byte| is_space(byte));
    let chunk = before.len() - spaces.count();
    (chunk == 0 || header[chunk - 1] == b';').then_some(Found { chunk, equals })
}

/// Returns `true` for space and tab, but not for other Unicode white space. Any host of the site
/// can set a cookie `\u{2000}__Host-id`. If U+2000 were trimmed, it would be read as `__Host-id`,
/// which browsers let no other host set.
pub(crate) const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}
