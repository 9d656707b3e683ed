//! 8-connected regions of a mask, found over the runs of its rows.

/// Neighbouring pixels of a row, both ends included.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PixelRun {
    pub y: usize,
    pub x0: usize,
    pub x1: usize,
}

/// The runs of `width` x `height` pixels for which `inside(x, y)` holds, row by row.
pub fn runs(width: usize, height: usize, inside: impl Fn(usize, usize) -> bool) -> Vec<PixelRun> {
    let mut found = Vec::new();
    for y in 0..height {
        let mut start = None;
        for x in 0..=width {
            let set = x < width && inside(x, y);
            match (set, start) {
                (true, None) => start = Some(x),
                (false, Some(x0)) => {
                    found.push(PixelRun { y, x0, x1: x - 1 });
                    start = None;
                }
                _ => {}
            }
        }
    }
    found
}

/// The region of each run, from 0 in the order of first runs, and the number of
/// regions.
pub fn label(runs: &[PixelRun]) -> (Vec<usize>, usize) {
    let mut parent: Vec<usize> = (0..runs.len()).collect();
    let mut above = 0..0;
    let mut start = 0;
    while start < runs.len() {
        let y = runs[start].y;
        let end = start + runs[start..].iter().take_while(|run| run.y == y).count();
        if !above.is_empty() && runs[above.start].y + 1 == y {
            join(runs, above, start..end, &mut parent);
        }
        above = start..end;
        start = end;
    }
    let mut labels = vec![usize::MAX; runs.len()];
    let mut count = 0;
    for i in 0..runs.len() {
        // A root is the least index of its region, so its label exists already.
        let root = root_of(&mut parent, i);
        if root == i {
            labels[i] = count;
            count += 1;
        } else {
            labels[i] = labels[root];
        }
    }
    (labels, count)
}

/// Joins the runs of two neighbouring rows that touch, corners included.
fn join(
    runs: &[PixelRun],
    above: std::ops::Range<usize>,
    below: std::ops::Range<usize>,
    parent: &mut [usize],
) {
    let (mut a, mut b) = (above.start, below.start);
    while a < above.end && b < below.end {
        if runs[a].x0 <= runs[b].x1 + 1 && runs[b].x0 <= runs[a].x1 + 1 {
            let (one, other) = (root_of(parent, a), root_of(parent, b));
            parent[one.max(other)] = one.min(other);
        }
        if runs[a].x1 < runs[b].x1 {
            a += 1;
        } else {
            b += 1;
        }
    }
}

fn root_of(parent: &mut [usize], mut i: usize) -> usize {
    while parent[i] != i {
        parent[i] = parent[parent[i]];
        i = parent[i];
    }
    i
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The label of each set pixel, `.` for the others.
    fn labelled(mask: &[&str]) -> Vec<String> {
        let rows: Vec<&[u8]> = mask.iter().map(|row| row.as_bytes()).collect();
        let width = rows.first().map_or(0, |row| row.len());
        let runs = runs(width, rows.len(), |x, y| rows[y][x] == b'#');
        let (labels, _) = label(&runs);
        let mut picture = vec![vec![b'.'; width]; rows.len()];
        for (run, label) in runs.iter().zip(labels) {
            picture[run.y][run.x0..=run.x1].fill(b'0' + label as u8);
        }
        picture
            .into_iter()
            .map(|row| String::from_utf8(row).unwrap())
            .collect()
    }

    #[test]
    fn corners_join_and_regions_are_counted_from_the_top() {
        let mask = ["..#..##", ".#....#", "#..#...", "...#..#"];
        assert_eq!(
            labelled(&mask),
            ["..0..11", ".0....1", "0..2...", "...2..3"]
        );
    }

    #[test]
    fn arms_that_meet_further_down_are_one_region() {
        assert_eq!(
            labelled(&["#.#.#", "#.#.#", "#####"]),
            ["0.0.0", "0.0.0", "00000"]
        );
        assert_eq!(
            labelled(&["##.##", "..#..", "##.##"]),
            ["00.00", "..0..", "00.00"]
        );
    }

    #[test]
    fn empty_masks_have_no_regions() {
        assert_eq!(label(&runs(0, 0, |_, _| true)), (vec![], 0));
        assert_eq!(label(&runs(3, 2, |_, _| false)), (vec![], 0));
    }
}
