//! What is said of many figures: quantiles, and ratios of figures that were taken side by side.

/// A quantile of `figures`, from 0 to 1, by the nearest rank; not a number if there are none.
pub fn quantile(figures: &[f64], share: f64) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (share * sorted.len() as f64).ceil().max(1.0) as usize - 1;
    sorted.get(rank.min(sorted.len().saturating_sub(1))).copied().unwrap_or(f64::NAN)
}

/// The one in the middle.
pub fn median(figures: &[f64]) -> f64 {
    quantile(figures, 0.5)
}

/// The ratio of two sets of figures that were taken in turn: the median of the ratios of the pairs,
/// in which what the machine did meanwhile cancels out.
pub fn ratio(figures: &[f64], others: &[f64]) -> f64 {
    median(&figures.iter().zip(others).map(|(one, other)| one / other).collect::<Vec<_>>())
}
