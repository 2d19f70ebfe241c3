#include "blocks/block_answers.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <span>

#include "base/chunks.hpp"
#include "base/infinity.hpp"
#include "kernels/kernels.hpp"
#include "learner/resource_blocks.hpp"

namespace mel {
namespace {

constexpr std::size_t most_answers = 256;   // of one learner
constexpr std::size_t most_numbers = 1024;  // of blocks: that it is looked at with
constexpr std::size_t looked_at = 8192;     // learners: enough to tell what margins are usual
constexpr std::size_t task_size = 128;      // learners: their answers may be many
constexpr double many_each = 4;             // answers that are of use, for each learner,
constexpr double many_at_least = 65536;
constexpr double most_margin = 1;  // of a sample

// The answers of one learner.
class Neighbours {
  public:
    Neighbours(const Problem& problem, const Box& box, const PassPoint& point, std::size_t k)
        : link_(block_link(problem, k)),
          demand_(demand_of(problem, k, point)),
          may_rest_(problem.excused() && box.low(k) <= 0),
          low_(may_rest_ ? 1 : box.low(k)),
          high_(largest_allowed(demand_, box.high(k))),
          prices_(point.prices),
          block_price_(point.prices.lambda * link_.width_hz) {}

    // False where the learner can not do its part.
    bool find(BlockAnswers::Near near, std::vector<BlockAnswer>& answers) {
        near_ = near;
        const BlockResponse best =
            respond_in_blocks(link_, demand_, may_rest_, {may_rest_ ? 0 : low_, high_}, prices_);
        if (!best.possible) return false;
        best_ = answer({.samples = best.samples, .blocks = best.blocks});
        const std::size_t first = answers.size();
        answers.push_back(best_);
        const bool rests = may_rest_ && best_.samples == 0;
        if (!rests) around(best_.blocks, answers, first);
        if (high_ < low_) return true;
        if (rests || best_.blocks == 0) {
            join(answers, first);
        } else if (may_rest_ || !(demand_.rate(low_) > 0)) {
            keep(may_rest_ ? BlockAnswer{} : answer({.samples = low_, .blocks = 0}), answers,
                 first);
        } else if (link_.law == LinkLaw::fixed) {
            other_hill(answers, first);
        }
        return true;
    }

    // How much worse the best other answer with a sample or a block more or less is.
    double least_margin() {
        const BlockResponse best =
            respond_in_blocks(link_, demand_, may_rest_, {may_rest_ ? 0 : low_, high_}, prices_);
        double least = infinity;
        if (!best.possible || best.blocks < 1) return least;
        best_ = answer({.samples = best.samples, .blocks = best.blocks});
        const auto offer = [&](InBlocks at) {
            if (at.samples < low_ || at.samples > high_) return;
            if (at.blocks < 1 || at.blocks > link_.most) return;
            const BlockAnswer other = answer(at);
            if (other.power_w <= link_.power_cap_w) {
                least = std::min(least, std::max(best_.value - other.value, 0.0));
            }
        };
        for (const double by : {-1.0, 1.0}) {
            offer({.samples = best_.samples + by, .blocks = best_.blocks});
            offer({.samples = best_.samples, .blocks = best_.blocks + by});
        }
        return least;
    }

  private:
    BlockAnswer answer(InBlocks held) const {
        const auto [d, n] = held;
        if (may_rest_ && d == 0) return {};
        const double rate = demand_.rate(d);
        const double y = n > 0 ? link_.exponent({.rate = rate, .blocks = n}) : 0;
        const double scale = n > 0 ? link_.scale(n) : 0;
        const double gain = std::expm1(y);
        const double power = scale * gain;
        const double cost = block_price_ * n + prices_.mu * power;
        const double by_second = prices_.mu * scale * (gain + 1) * y / demand_.slack(d);
        return {d, n, power, d - cost, rate > 0 ? by_second : 0};
    }

    bool within(const BlockAnswer& a) const {
        const double swing = block_price_ * std::fabs(a.blocks - best_.blocks) +
                             prices_.mu * std::fabs(a.power_w - best_.power_w);
        return best_.value - a.value <= near_.radius * swing + near_.margin;
    }

    bool keep(const BlockAnswer& a, std::vector<BlockAnswer>& answers, std::size_t first) {
        if (!(a.power_w <= link_.power_cap_w) || !within(a)) return false;
        if (a.samples == best_.samples && a.blocks == best_.blocks) return true;
        if (answers.size() - first >= most_answers) {
            full_ = true;
            return false;
        }
        answers.push_back(a);
        return true;
    }

    // All that are near with n blocks; whether there may be others with more, or fewer: whole
    // samples may all be worth less while real ones are near.
    bool with_blocks(double n, std::vector<BlockAnswer>& answers, std::size_t first) {
        if (seen_before_.contains(n)) return true;
        seen_.add(n);
        if (full_ || ++looked_at_ > most_numbers) return false;
        const double high = std::min(high_, std::floor(most_carried(link_, demand_, n)));
        if (!(high >= low_)) return false;
        double peak = stationary_samples(link_, demand_, n, prices_);
        if (!std::isfinite(peak)) peak = best_.samples;
        peak = std::clamp(peak, low_, high);
        const double below = std::floor(peak);
        const auto with = [&](double d) { return answer({.samples = d, .blocks = n}); };
        bool any = within(with(peak));
        for (double d = below; d >= low_ && keep(with(d), answers, first); --d) any = true;
        for (double d = below + 1; d <= high && keep(with(d), answers, first); ++d) any = true;
        return any;
    }

    void around(double blocks, std::vector<BlockAnswer>& answers, std::size_t first) {
        if (!(blocks >= 1)) return;
        seen_before_ = seen_;
        with_blocks(blocks, answers, first);
        for (double n = blocks + 1; n <= link_.most && with_blocks(n, answers, first);) ++n;
        for (double n = blocks - 1; n >= 1 && with_blocks(n, answers, first);) --n;
    }

    // The best of those who do not rest, where bandwidth at will does not rule it out.
    void join(std::vector<BlockAnswer>& answers, std::size_t first) {
        const double low = may_rest_ ? low_ : low_ + 1;
        if (high_ < low) return;
        const Response reals = respond(link_, demand_, false, {low, high_}, prices_);
        const double swing = reals.cost * near_.radius + near_.margin;
        if (!reals.possible || reals.samples - reals.cost < best_.value - swing) return;
        beside(low, answers, first);
    }

    // With the fixed law few samples and many may be as good.
    void other_hill(std::vector<BlockAnswer>& answers, std::size_t first) {
        if (!(demand_.shape > 0)) return;
        const double slack = stationary_slack_fixed(demand_, link_.noise, prices_);
        const double peak = slack >= 0 ? (demand_.budget_s - slack) / demand_.per_sample_s : low_;
        const double middle = std::floor(0.5 * (std::min(peak, high_) + low_));
        if (!(middle > low_ + 1)) return;
        if (best_.samples > middle) {
            const double n = link_.best(demand_.rate(low_), prices_);
            if (n >= 1) around(n, answers, first);
        } else {
            beside(middle, answers, first);
        }
    }

    void beside(double least, std::vector<BlockAnswer>& answers, std::size_t first) {
        const BlockResponse other =
            respond_in_blocks(link_, demand_, false, {least, high_}, prices_);
        if (other.possible) around(other.blocks, answers, first);
    }

    BlockLink link_;
    Demand demand_;
    bool may_rest_;
    double low_, high_;
    Prices prices_;
    double block_price_;
    BlockAnswers::Near near_{};
    BlockAnswer best_;
    // Numbers of blocks, all from one to another.
    struct Range {
        double low = infinity, high = -infinity;
        bool contains(double n) const { return n >= low && n <= high; }
        void add(double n) {
            low = std::min(low, n);
            high = std::max(high, n);
        }
    };
    Range seen_, seen_before_;
    std::size_t looked_at_ = 0;
    bool full_ = false;
};

}  // namespace

void BlockSumsOfAnswers::add(const BlockAnswer& a, double sign) {
    samples.add(sign * a.samples);
    blocks.add(sign * a.blocks);
    power_w.add(sign * a.power_w);
    value.add(sign * a.value);
    by_second.add(sign * a.by_second);
}

void BlockSumsOfAnswers::add(const BlockSumsOfAnswers& o) {
    samples.add(o.samples);
    blocks.add(o.blocks);
    power_w.add(o.power_w);
    value.add(o.value);
    by_second.add(o.by_second);
    impossible += o.impossible;
}

void BlockSumsOfAnswers::add(const BlockTotals& of_lanes) {
    samples.add(of_lanes.samples);
    blocks.add(of_lanes.blocks);
    power_w.add(of_lanes.power);
    value.add(of_lanes.samples);
    value.add(-of_lanes.cost);
    by_second.add(of_lanes.by_second);
}

BlockTable BlockTable::held(std::uint32_t learner, double most, bool below) const {
    BlockTable table = *this;
    for (Choice& choice : table.choices) {
        if (choice.learner != learner) continue;
        const auto first = static_cast<std::uint32_t>(table.answers.size());
        for (std::uint32_t i = choice.first; i < choice.last; ++i) {
            if ((answers[i].samples <= most) == below) table.answers.push_back(answers[i]);
        }
        choice.first = first;
        choice.last = static_cast<std::uint32_t>(table.answers.size());
    }
    return table;
}

bool BlockAnswers::gather(const PassPoint& point, Near near) {
    ++passes_;
    const std::size_t size = problem_.size();
    samples_.resize(size);
    blocks_.resize(size);
    std::vector<BlockTable> parts((size + task_size - 1) / task_size);
    table_ = {};
    const double most = std::max(many_each * static_cast<double>(size), many_at_least);
    std::atomic<std::size_t> count{0};
    const auto too_many = [&] { return static_cast<double>(count) > most; };
    KernelInput in = kernel_input(problem_, box_, point);
    in.lower = box_.lower.data();
    in.upper = box_.upper.data();
    const auto kernel = kernels_of(pool_).blocks(problem_.law());
    const BlockInput blocks{problem_.block_hz(), problem_.block_budget(), near.radius, near.margin};
    // A box's columns need not be padded.
    const std::size_t whole_groups = in.lower ? size / group * group : size;
    const std::size_t lanes_end = blocks_in_lanes(problem_) ? whole_groups : 0;
    pool_.run(parts.size(), [&](std::size_t at) {
        BlockTable& part = parts[at];
        if (too_many()) return;
        const std::size_t begin = at * task_size, end = std::min(begin + task_size, size);
        const std::size_t in_lanes = std::clamp(lanes_end, begin, end);
        if (in_lanes > begin) {
            part.fixed.add(kernel(in, blocks, {begin, in_lanes}, {samples_, blocks_}));
        }
        for (std::size_t k = begin; k < end; ++k) {
            if (k < in_lanes && samples_[k] >= 0) continue;
            const auto first = static_cast<std::uint32_t>(part.answers.size());
            if (!Neighbours(problem_, box_, point, k).find(near, part.answers)) {
                part.fixed.impossible += 1;
                samples_[k] = blocks_[k] = 0;
                continue;
            }
            const BlockAnswer& best = part.answers[first];
            samples_[k] = best.samples;
            blocks_[k] = best.blocks;
            const auto last = static_cast<std::uint32_t>(part.answers.size());
            if (last - first < 2) {
                part.fixed.add(best);
                part.answers.resize(first);
            } else {
                part.choices.push_back({static_cast<std::uint32_t>(k), first, last});
            }
        }
        count += part.answers.size();
    });
    if (too_many() || pool_.stop().requested()) return false;
    for (const BlockTable& part : parts) {
        const auto from = static_cast<std::uint32_t>(table_.answers.size());
        for (const BlockTable::Choice& choice : part.choices) {
            table_.choices.push_back({choice.learner, choice.first + from, choice.last + from});
        }
        table_.answers.insert(table_.answers.end(), part.answers.begin(), part.answers.end());
        chunk_sums_.push_back(part.fixed);
    }
    table_.fixed = reduce_tree(std::span<BlockSumsOfAnswers>(chunk_sums_));
    chunk_sums_.clear();
    return true;
}

double BlockAnswers::usual_margin(const PassPoint& point, std::size_t rank) {
    const std::size_t step = std::max<std::size_t>(problem_.size() / looked_at, 1) | 1;
    std::vector<double> margins;
    for (std::size_t k = 0; k < problem_.size(); k += step) {
        if (margins.size() % task_size == 0 && pool_.stop().check()) break;
        margins.push_back(Neighbours(problem_, box_, point, k).least_margin());
    }
    std::erase(margins, infinity);
    if (margins.empty()) return most_margin;
    const std::size_t at = std::min(rank / step, margins.size() / 2);
    std::nth_element(margins.begin(), margins.begin() + static_cast<std::ptrdiff_t>(at),
                     margins.end());
    return std::min(margins[at], most_margin);
}

}  // namespace mel
