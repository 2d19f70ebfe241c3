// How a long column is cut: into chunks for threads and summation, into groups for lanes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "base/parallel.hpp"
#include "base/sums.hpp"

namespace mel {

inline constexpr std::size_t group = 16;  // learners in lanes; columns are padded to whole groups
inline constexpr std::size_t chunk_size = 1024;  // learners; the unit of work and of summation

// Up to here a search may look at learners more thoroughly than once a pass.
inline constexpr std::size_t most_for_thorough_search = 4096;

// Learners [first, last).
struct Stretch {
    std::size_t first;
    std::size_t last;
};

inline std::size_t padded_to_groups(std::size_t size) { return (size + group - 1) / group * group; }
inline std::size_t chunk_count(std::size_t size) { return (size + chunk_size - 1) / chunk_size; }

// How many of the threads asked for have work on so many learners.
inline int useful_threads(std::size_t learners, int asked) {
    if (learners < 16 * chunk_size) return 1;
    return static_cast<int>(
        std::min(chunk_count(learners), static_cast<std::size_t>(std::max(asked, 1))));
}

// task(chunk, first, last) for all chunks of `size` learners, each `stride` times as long.
template <class Task>
void for_each_chunk(Pool& pool, std::size_t size, Task&& task, std::size_t stride = 1) {
    const std::size_t length = chunk_size * stride;
    pool.run((size + length - 1) / length, [&](std::size_t chunk) {
        task(chunk, chunk * length, std::min(size, (chunk + 1) * length));
    });
}

// task(k) for all learners, a chunk a task.
template <class Task>
void for_each_learner(Pool& pool, std::size_t size, Task&& task) {
    for_each_chunk(pool, size, [&](std::size_t, std::size_t first, std::size_t last) {
        for (std::size_t k = first; k < last; ++k) task(k);
    });
}

// term(first, last) of all chunks.
template <class Part, class Term>
void each_chunk(Pool& pool, std::size_t size, std::vector<Part>& parts, Term&& term,
                std::size_t stride = 1) {
    const std::size_t length = chunk_size * stride;
    parts.resize((size + length - 1) / length);
    for_each_chunk(
        pool, size,
        [&](std::size_t chunk, std::size_t first, std::size_t last) {
            parts[chunk] = term(first, last);
        },
        stride);
}

// The sum of term(first, last) over all chunks, in an order that no number of threads changes;
// `parts` is where they are added up.
template <class Part, class Term>
Part sum_over_chunks(Pool& pool, std::size_t size, std::vector<Part>& parts, Term&& term,
                     std::size_t stride = 1) {
    if (size > 0 && size <= chunk_size * stride) return term(std::size_t{0}, size);
    each_chunk(pool, size, parts, term, stride);
    return reduce_tree(std::span<Part>(parts));
}

// The largest amount(k) of all learners, and at least zero.
template <class Amount>
double largest_over_learners(Pool& pool, std::size_t size, Amount&& amount) {
    struct Largest {
        double value = 0;
        void add(const Largest& other) { value = std::max(value, other.value); }
    };
    std::vector<Largest> parts;
    return sum_over_chunks(pool, size, parts,
                           [&](std::size_t first, std::size_t last) {
                               Largest here;
                               for (std::size_t k = first; k < last; ++k) here.add({amount(k)});
                               return here;
                           })
        .value;
}

// Searches that only guide look at a sample of so many learners first: the stride that leaves about
// as many, odd because kinds of learners often alternate.
inline constexpr std::size_t searched_learners = 8192;
inline constexpr std::size_t stepped_learners = 131072;  // for one step after such a search
inline constexpr std::size_t bent_learners = 32768;  // for how sums of all bend on the last step
inline std::size_t sample_stride(std::size_t size, std::size_t learners) {
    return size < 4 * learners ? 1 : (size / learners) | 1;
}

// How many learners a pass sees that visits every stride-th group.
inline std::size_t learners_seen(std::size_t size, std::size_t stride) {
    const std::size_t groups = padded_to_groups(size) / group;
    const std::size_t visited = (groups + stride - 1) / stride;
    const bool last_is_partial = size % group != 0 && (groups - 1) % stride == 0;
    return visited * group - (last_is_partial ? group - size % group : 0);
}

}  // namespace mel
