"""Plans in words: the summary, the limits that are reached, why there is no plan or no proof."""
