#include "blocks/block_core.hpp"

#include <algorithm>
#include <cmath>

#include "base/infinity.hpp"

namespace mel {
namespace {

// What sums the table has: so many samples and blocks more or less.
constexpr int most_samples = 64;
constexpr int most_blocks = 16;
constexpr int width = 2 * most_samples + 1;
constexpr int height = 2 * most_blocks + 1;
constexpr int cells = width * height;
constexpr std::size_t most_items = 400;
constexpr std::size_t most_moves = 12;  // of one learner
constexpr std::size_t most_coarse = 300;
constexpr std::size_t items_between = 8;  // two looks at what the table makes up for already

std::size_t cell_of(InBlocks sum) {
    return static_cast<std::size_t>((static_cast<int>(sum.blocks) + most_blocks) * width +
                                    static_cast<int>(sum.samples) + most_samples);
}

// Twice as much is, too.
bool well_in_table(InBlocks sum) {
    return std::fabs(2 * sum.samples) <= most_samples && std::fabs(2 * sum.blocks) <= most_blocks;
}

}  // namespace

BlockCore::BlockCore(const BlockAnswers& everybody, const BlockTable& table, const BlockDual& dual,
                     const BlockDual::Place& place)
    : samples_(everybody.samples()), blocks_(everybody.blocks()) {
    const auto by_loss = [](const Move& a, const Move& b) { return a.loss < b.loss; };
    total_samples_ = table.fixed.samples;
    total_blocks_ = table.fixed.blocks;
    for (const BlockTable::Choice& choice : table.choices) {
        const BlockAnswer* const begin = &table.answers[choice.first];
        const BlockAnswer* const end = begin + (choice.last - choice.first);
        const auto worth = [&](const BlockAnswer& a) { return dual.value(a, place); };
        const BlockAnswer* best = begin;
        for (const BlockAnswer* a = begin; a != end; ++a) {
            if (worth(*a) > worth(*best)) best = a;
        }
        const std::uint32_t k = choice.learner;
        total_samples_.add(best->samples);
        total_blocks_.add(best->blocks);
        samples_[k] = best->samples;
        blocks_[k] = best->blocks;
        const auto first = static_cast<std::uint32_t>(moves_.size());
        for (const BlockAnswer* a = begin; a != end; ++a) {
            if (a == best) continue;
            const Move move{k, a->samples - best->samples, a->blocks - best->blocks,
                            worth(*best) - worth(*a)};
            if (well_in_table({move.samples, move.blocks})) {
                moves_.push_back(move);
            } else if (a->samples == 0 || best->samples == 0 || move.blocks != 0) {
                coarse_.push_back(move);
            }
        }
        if (moves_.size() == first) continue;
        std::sort(moves_.begin() + first, moves_.end(), by_loss);
        if (moves_.size() > first + most_moves) moves_.resize(first + most_moves);
        fine_.push_back({first, static_cast<std::uint32_t>(moves_.size())});
    }
    const auto less = [&](const Item& a, const Item& b) {
        return moves_[a.first].loss < moves_[b.first].loss;
    };
    std::sort(fine_.begin(), fine_.end(), less);
    std::sort(coarse_.begin(), coarse_.end(), by_loss);
}

void BlockCore::take(const Move& move) {
    samples_[move.learner] += move.samples;
    blocks_[move.learner] += move.blocks;
}

// Where many learners switch at once, some of them do so before the table is made, the least loss
// first, as long as every sample and block that they move is wanted.
void BlockCore::come_near(InBlocks& left, double unused) {
    const auto distance = [unused](const InBlocks& l) {
        return std::fabs(l.samples) + unused * std::fabs(l.blocks);
    };
    std::vector<Move> moves = coarse_;
    for (const Item& item : fine_) moves.push_back(moves_[item.first]);
    std::sort(moves.begin(), moves.end(),
              [](const Move& a, const Move& b) { return a.loss < b.loss; });
    std::vector<bool> has_moved(samples_.size());
    for (const Move& move : moves) {
        if (well_in_table(left)) break;
        const InBlocks after{left.samples - move.samples, left.blocks - move.blocks};
        const double wanted = distance({move.samples, move.blocks});
        if (!(distance(left) - distance(after) > 0.9 * wanted)) continue;
        if (has_moved[move.learner]) continue;
        has_moved[move.learner] = true;
        take(move);
        left = after;
        loss_ += move.loss;
    }
    // Nobody moves twice.
    if (coarse_.size() > most_coarse) coarse_.resize(most_coarse);
    std::erase_if(coarse_, [&](const Move& move) { return has_moved[move.learner]; });
    for (const Move& move : coarse_) has_moved[move.learner] = true;
    std::erase_if(fine_, [&](const Item& i) { return has_moved[moves_[i.first].learner]; });
}

// The least loss of every sum that the fine moves add to, learner by learner.
bool BlockCore::fill_table(InBlocks left, double unused, Stop& stop) {
    if (fine_.size() > most_items) fine_.resize(most_items);
    costs_.assign(cells, infinity);
    costs_[cell_of({0, 0})] = 0;
    choices_.clear();
    std::vector<double> before(cells);
    double least = infinity;
    for (std::size_t i = 0; i < fine_.size(); ++i) {
        if (stop.check()) return false;
        // What loses more alone is in no better sum.
        if (i % items_between == 0) least = finish(left, unused).loss;
        if (!(moves_[fine_[i].first].loss < least)) {
            fine_.resize(i);
            break;
        }
        choices_.resize((i + 1) * cells, 0);
        before = costs_;
        std::uint8_t* const chosen = &choices_[i * cells];
        for (std::uint32_t m = fine_[i].first; m < fine_[i].last; ++m) {
            const Move& move = moves_[m];
            if (!(move.loss < least)) break;
            const auto by = static_cast<int>(move.samples);
            const auto rows = static_cast<int>(move.blocks);
            const auto number = static_cast<std::uint8_t>(m - fine_[i].first + 1);
            for (int row = std::max(0, rows); row < std::min(height, height + rows); ++row) {
                const double* const from = &before[static_cast<std::size_t>((row - rows) * width)];
                double* const to = &costs_[static_cast<std::size_t>(row * width)];
                std::uint8_t* const choice = chosen + row * width;
                for (int at = std::max(0, by); at < std::min(width, width + by); ++at) {
                    const double cost = from[at - by] + move.loss;
                    if (cost < to[at]) {
                        to[at] = cost;
                        choice[at] = number;
                    }
                }
            }
        }
    }
    return true;
}

BlockCore::Finish BlockCore::finish(InBlocks left, double unused) const {
    Finish least{infinity, left.blocks};
    if (std::fabs(left.samples) > most_samples) return least;
    for (double n = std::min(left.blocks, static_cast<double>(most_blocks)); n >= -most_blocks;
         --n) {
        const double cost = costs_[cell_of({left.samples, n})] + unused * (left.blocks - n);
        if (cost < least.loss) least = {cost, n};
    }
    return least;
}

void BlockCore::trace(InBlocks left) {
    for (std::size_t i = fine_.size(); i-- > 0;) {
        const std::uint8_t chosen = choices_[i * cells + cell_of(left)];
        if (chosen == 0) continue;
        const Move& move = moves_[fine_[i].first + chosen - 1];
        take(move);
        left = {left.samples - move.samples, left.blocks - move.blocks};
    }
}

bool BlockCore::solve(InBlocks all, double unused, Stop& stop) {
    InBlocks left{-above(total_samples_, all.samples), -above(total_blocks_, all.blocks)};
    loss_ = 0;
    come_near(left, unused);
    if (!fill_table(left, unused, stop)) return false;
    double least = finish(left, unused).loss;
    const Move* one = nullptr;
    const Move* two = nullptr;
    for (std::size_t i = 0; i < coarse_.size(); ++i) {
        if (stop.check()) return false;
        const Move& a = coarse_[i];
        if (!(a.loss < least)) break;
        const InBlocks after{left.samples - a.samples, left.blocks - a.blocks};
        const double alone = a.loss + finish(after, unused).loss;
        if (alone < least) {
            least = alone;
            one = &a;
            two = nullptr;
        }
        for (std::size_t j = i + 1; j < coarse_.size(); ++j) {
            const Move& b = coarse_[j];
            if (!(a.loss + b.loss < least)) break;
            if (a.learner == b.learner) continue;
            const InBlocks both{after.samples - b.samples, after.blocks - b.blocks};
            if (std::fabs(both.samples) > most_samples) continue;
            const double cost = a.loss + b.loss + finish(both, unused).loss;
            if (cost < least) {
                least = cost;
                one = &a;
                two = &b;
            }
        }
    }
    if (!(least < infinity)) return false;
    loss_ += least;
    for (const Move* move : {one, two}) {
        if (!move) continue;
        take(*move);
        left = {left.samples - move->samples, left.blocks - move->blocks};
    }
    trace({left.samples, finish(left, unused).blocks});
    return true;
}

}  // namespace mel
