"""The steps of a recipe, each on one flat array: who is kept, levels, buckets."""
