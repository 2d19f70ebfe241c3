// Who is like whom: learners that agree in every stated column.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <span>
#include <vector>

#include "mel/problem.hpp"

namespace mel {
namespace {

constexpr std::size_t most_to_compare = 32;  // each with each, before any are looked up
constexpr std::size_t asked = 1024;          // of many, whether there are twins at all
constexpr std::size_t most_with_parts = std::size_t{1} << 18;
constexpr int most_tries = 64;  // places; beyond, a learner counts as unlike any before it
constexpr std::uint64_t golden = 0x9e3779b97f4a7c15;

std::uint64_t bits_of(double x) {
    const double unsigned_zero = x + 0.0;
    std::uint64_t bits;  // std::bit_cast is not in every C++20 library that this is built with
    std::memcpy(&bits, &unsigned_zero, sizeof bits);
    return bits;
}

bool all_differ(std::span<const double> numbers) {
    std::uint64_t seen[16] = {};  // a bit for each of 1024 hashes
    bool met = false;
    for (const double x : numbers) {
        const std::uint64_t hash = (bits_of(x) * golden) >> 54;
        const std::uint64_t bit = std::uint64_t{1} << (hash & 63);
        met |= (seen[hash >> 6] & bit) != 0;
        seen[hash >> 6] |= bit;
    }
    for (std::size_t k = 1; met && k < numbers.size(); ++k) {
        for (std::size_t j = 0; j < k; ++j) {
            if (numbers[j] == numbers[k]) return false;
        }
    }
    return true;
}

// Whether some of a thousand have the same number: then many of all have.
bool some_alike(std::span<const double> numbers) {
    std::vector<double> some(asked);
    for (std::size_t i = 0; i < asked; ++i) {
        some[i] = numbers[static_cast<std::size_t>((i * golden) >> 32) % numbers.size()];
    }
    std::sort(some.begin(), some.end());
    return std::adjacent_find(some.begin(), some.end()) != some.end();
}

}  // namespace

// Above most_twins for the parts of a problem that are small enough to use it.
void Problem::find_twins(const ProblemStatement& s) {
    const std::size_t size = s.flops_per_s.size();
    if (size > most_twins) {
        const bool in_blocks = block_hz_ > 0;
        if (!excused() || (!in_blocks && size > most_with_parts)) return;
        if (!in_blocks && !some_alike(s.gain)) return;
    }
    if (size <= most_to_compare && all_differ(s.gain)) return;
    std::vector<std::span<const double>> stated;
    for (const LearnerColumn& column : learner_columns()) {
        const Amount values = column.of(s);
        if (!values.column.empty()) stated.push_back(values.column);
    }
    const auto alike = [&](std::uint32_t a, std::uint32_t b) {
        return std::all_of(stated.begin(), stated.end(),
                           [&](const auto& column) { return column[a] == column[b]; });
    };
    constexpr std::uint32_t nobody = std::numeric_limits<std::uint32_t>::max();
    std::size_t places = 64;
    int shift = 58;
    for (; places < 2 * size; places *= 2) --shift;
    std::vector<std::uint32_t> first(places, nobody);  // of each kind, where its hash says
    std::vector<std::uint32_t> twins(size);
    bool any = false;
    for (std::uint32_t k = 0; k < size; ++k) {
        std::uint64_t hash = 0;
        for (const auto& column : stated) {
            hash = (hash ^ bits_of(column[k])) * golden;
            hash ^= hash >> 29;
        }
        std::size_t place = static_cast<std::size_t>((hash * golden) >> shift);
        twins[k] = k;
        for (int tries = 0; tries < most_tries; ++tries, place = (place + 1) % places) {
            if (first[place] == nobody) first[place] = k;
            if (first[place] != k && !alike(first[place], k)) continue;
            twins[k] = first[place];
            break;
        }
        any = any || twins[k] != k;
    }
    if (any) twins_ = std::make_shared<const std::vector<std::uint32_t>>(std::move(twins));
}

}  // namespace mel
