#include "bracket/parts_among.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace mel {
namespace {

constexpr std::size_t most_at_first = 4096;
constexpr std::size_t most_who_switch = 8192;
constexpr std::size_t most_who_stay = 2048;
constexpr std::size_t multiplier = 16807, modulus = 2147483647;  // of turns
constexpr double alike = 0.05;  // of its samples: so much more or less is no jump

std::vector<double> of_box(const std::vector<std::size_t>& who, const auto& of) {
    std::vector<double> column(who.size());
    for (std::size_t i = 0; i < who.size(); ++i) column[i] = of(who[i]);
    return column;
}

void add_times(PartsSums& to, double times, const PartsSums& o) {
    to.value.add(times * o.value.value());
    to.samples += times * o.samples;
    to.parts += times * o.parts;
    to.bandwidth += times * o.bandwidth;
    to.power += times * o.power;
    to.impossible += times * o.impossible;
}

}  // namespace

PartsAmong::PartsAmong(const Problem& problem, const Box& box, double tau,
                       const PartsLook::Counts& counts, std::vector<std::size_t> who)
    : who_(std::move(who)),
      few_(problem.taken(who_)),
      low_(of_box(who_, [&](std::size_t k) { return box.low(k); })),
      high_(of_box(who_, [&](std::size_t k) { return box.high(k); })),
      box_{{}, low_, high_},
      look_(few_, box_, tau, counts) {}

PartsModel::PartsModel(const Problem& problem, const Box& box, double tau, PartsAmong& all) {
    std::vector<std::size_t> everybody(all.who().size());
    std::iota(everybody.begin(), everybody.end(), std::size_t{0});
    add(problem, box, tau, all, everybody, most_at_first);
}

PartsModel::PartsModel(const Problem& problem, const Box& box, double tau, PartsAmong& all,
                       const At& here, PartsSums sums, const PartsBid& up, const PartsBid& down,
                       Pool& pool)
    : at_(here), sums_(std::move(sums)) {
    PartsLook& look = all.look();
    const std::size_t size = all.who().size();
    struct Taken {
        double parts = -1, samples = 0;
    };
    std::vector<Taken> sooner(size), later(size);
    const auto note = [&](const PartsBid& bid, std::vector<Taken>& to) {
        const auto answers = look.answers(bid, here.cycle_s, pool);
        for (std::size_t i = 0; i < size; ++i) {
            const PartsAnswer& answer = answers[i];
            const bool takes = answer.possible && (!look.may_rest(i) || answer.value > 0);
            if (takes) to[i] = {answer.parts, answer.samples};
        }
    };
    note(up, sooner);
    note(down, later);
    std::vector<std::size_t> switching, staying;
    for (std::size_t i = 0; i < size; ++i) {
        const double most = std::max(sooner[i].samples, later[i].samples);
        const double apart = std::fabs(sooner[i].samples - later[i].samples);
        if (sooner[i].parts != later[i].parts || apart > alike * most) {
            switching.push_back(i);
        } else if (sooner[i].parts >= 0) {
            staying.push_back(i);
        }
    }
    add(problem, box, tau, all, switching, most_who_switch);
    add(problem, box, tau, all, staying, most_who_stay);
    for (Kind& kind : kinds_) kind.sums = kind.some->look().of_all(here.bid, here.cycle_s, pool);
}

// One kind of learners, places among all.
void PartsModel::add(const Problem& problem, const Box& box, double tau, PartsAmong& all,
                     const std::vector<std::size_t>& of, std::size_t most) {
    if (of.empty()) return;
    // One of so many in a row, each time another: kinds of learners may follow each other in turn.
    const std::size_t stride = (of.size() + most - 1) / most;
    std::vector<std::size_t> some;
    std::size_t turn = 0;
    for (std::size_t i = 0; i < of.size(); i += stride) {
        turn = (turn * multiplier + 1) % modulus;
        const std::size_t in_row = std::min(stride, of.size() - i);
        some.push_back(all.who()[of[i + turn % in_row]]);
    }
    const double times = static_cast<double>(of.size()) / static_cast<double>(some.size());
    kinds_.push_back(
        {std::make_unique<PartsAmong>(problem, box, tau, all.look().counts(), std::move(some)),
         times,
         {}});
}

// To first order.
PartsSums PartsModel::moved(const PartsSums& sums, const PartsBid& bid) const {
    PartsSums to = sums;
    if (!at_) return to;
    const PartsBid& from = at_->bid;
    to.value.add((bid.per_part - from.per_part) * sums.parts);
    to.value.add(-(bid.prices.lambda - from.prices.lambda) * sums.bandwidth);
    to.value.add(-(bid.prices.mu - from.prices.mu) * sums.power);
    return to;
}

std::size_t PartsModel::learners() const {
    std::size_t all = 0;
    for (const Kind& kind : kinds_) all += kind.some->who().size();
    return all;
}

PartsSums PartsModel::of_all(const PartsBid& bid, double cycle_s, Pool& pool) {
    PartsSums sums = moved(sums_, bid);
    for (Kind& kind : kinds_) {
        add_times(sums, kind.times, kind.some->look().of_all(bid, cycle_s, pool));
        if (at_) add_times(sums, -kind.times, moved(kind.sums, bid));
    }
    return sums;
}

}  // namespace mel
