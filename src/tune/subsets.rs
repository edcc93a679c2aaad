// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Which choices of members are looked at.

use crate::diag::Result;

/// Most members of which every choice is looked at.
const ALL: usize = 12;
/// Most choices that are all kept; of more, the best of each size is.
const KEPT: usize = 31;

/// Choices of `count` members, the larger ones first; `right` says how many samples one has right.
pub(super) fn subsets(
    count: usize,
    mut right: impl FnMut(&[usize]) -> Result<usize>,
) -> Result<Vec<Vec<usize>>> {
    if count > ALL {
        return greedy(count, right);
    }
    let members = |mask: usize| (0..count).filter(|m| mask >> m & 1 == 1).collect::<Vec<_>>();
    let mut all: Vec<Vec<usize>> = (1..1usize << count).map(members).collect();
    all.sort_by_key(|s| (usize::MAX - s.len(), s.clone()));
    if all.len() <= KEPT {
        return Ok(all);
    }
    let mut best: Vec<(usize, Vec<usize>)> = Vec::new();
    for subset in all {
        let worth = right(&subset)?;
        match best.last_mut() {
            Some(b) if b.1.len() == subset.len() => {
                if worth > b.0 {
                    *b = (worth, subset);
                }
            }
            _ => best.push((worth, subset)),
        }
    }
    Ok(best.into_iter().map(|b| b.1).collect())
}

/// All, then without the member that is missed least, and so on.
fn greedy(
    count: usize,
    mut right: impl FnMut(&[usize]) -> Result<usize>,
) -> Result<Vec<Vec<usize>>> {
    let mut at: Vec<usize> = (0..count).collect();
    let mut all = vec![at.clone()];
    while at.len() > 1 {
        let mut best: Option<(usize, usize)> = None;
        for m in 0..at.len() {
            let without: Vec<usize> = [&at[..m], &at[m + 1..]].concat();
            let worth = right(&without)?;
            if best.is_none_or(|b| worth > b.0) {
                best = Some((worth, m));
            }
        }
        if let Some((_, m)) = best {
            at.remove(m);
        }
        all.push(at.clone());
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_members_have_every_choice() {
        let all = subsets(3, |_| unreachable!("nothing has to be chosen")).unwrap();
        let want: [&[usize]; 7] = [&[0, 1, 2], &[0, 1], &[0, 2], &[1, 2], &[0], &[1], &[2]];
        assert_eq!(all, want);
        assert_eq!(subsets(5, |_| unreachable!()).unwrap().len(), 31);
    }

    /// Worth: a member's number squared, but 0 and 1 together count more.
    fn worth(s: &[usize]) -> Result<usize> {
        let pair = if s.contains(&0) && s.contains(&1) { 30 } else { 0 };
        Ok(s.iter().map(|m| m * m).sum::<usize>() + pair)
    }

    #[test]
    fn of_more_the_best_of_each_size_is_kept() {
        let all = subsets(6, worth).unwrap();
        let want: [&[usize]; 6] =
            [&[0, 1, 2, 3, 4, 5], &[0, 1, 3, 4, 5], &[0, 1, 4, 5], &[0, 1, 5], &[4, 5], &[5]];
        assert_eq!(all, want);
    }

    #[test]
    fn many_lose_one_after_the_other() {
        let mut asked = 0;
        let all = subsets(13, |s| {
            asked += 1;
            worth(s)
        })
        .unwrap();
        assert_eq!(all.len(), 13);
        assert_eq!((all[1].len(), all[11].clone(), all[12].clone()), (12, vec![11, 12], vec![12]));
        // 13 + 12 + … + 2, not 2^13.
        assert_eq!(asked, 90);
    }
}
