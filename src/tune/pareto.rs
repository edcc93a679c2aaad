// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Which points nothing else beats.

/// For each point, `(cost, worth)`: is there no other that costs no more and is worth no less,
/// and one of both is better? Of equal points the first counts. Points without a cost do not.
#[must_use]
pub fn front(points: &[(Option<f64>, f64)]) -> Vec<bool> {
    let beats = |(i, a): (usize, &(Option<f64>, f64)), (j, b): (usize, (f64, f64))| {
        let Some(cost) = a.0 else { return false };
        i != j && cost <= b.0 && a.1 >= b.1 && (cost < b.0 || a.1 > b.1 || i < j)
    };
    let on_it = |(j, b): (usize, &(Option<f64>, f64))| {
        b.0.is_some_and(|cost| !points.iter().enumerate().any(|a| beats(a, (j, (cost, b.1)))))
    };
    points.iter().enumerate().map(on_it).collect()
}

#[cfg(test)]
mod tests {
    use super::front;

    #[test]
    fn the_front_has_what_nothing_beats() {
        let points = [
            (Some(1.0), 0.80),
            (Some(2.0), 0.90),
            (Some(2.0), 0.85), // the same cost, worth less
            (Some(3.0), 0.90), // the same worth, costs more
            (Some(4.0), 0.95),
            (Some(4.0), 0.95), // equal to the one before
            (None, 0.99),
        ];
        assert_eq!(front(&points), [true, true, false, false, true, false, false]);
        assert!(front(&[]).is_empty());
    }
}
