#include "select/fitting.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace mel {
namespace {
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr int rounds = 10;               // of lowering what a split may cost
constexpr std::size_t looked_at = 4096;  // learners whose single samples are moved
constexpr std::size_t exchanged = 200;   // participants, and as many others
constexpr int failures = 60;
}  // namespace

double Fitting::low(const Cell* cell, std::size_t k) const {
    return std::max(choices_.least(k), cell ? cell->low[k] : 0);
}
double Fitting::high(const Cell* cell, std::size_t k) const {
    return std::min(choices_.sure(k), cell ? cell->high[k] : infinity);
}
bool Fitting::may_rest(const Cell* cell, std::size_t k) const {
    return choices_.may_rest(k) && !(cell && cell->low[k] > 0);
}
double Fitting::value(const Bid& bid, std::size_t k, double d) const {
    return bid.per_sample * choices_.weight(k) * d + (d > 0 ? bid.per_learner : 0);
}

double Fitting::worth(const std::vector<double>& samples) const {
    CompensatedSum sum;
    for (std::size_t k = 0; k < samples.size(); ++k) sum.add(choices_.worth(k, samples[k]));
    return sum.value();
}

double Fitting::takers(const std::vector<double>& samples) const {
    return static_cast<double>(
        std::count_if(samples.begin(), samples.end(), [](double d) { return d > 0; }));
}

bool Fitting::enough_takers() const { return takers_ > static_cast<double>(goal_.at_least); }

std::optional<Fitting::Move> Fitting::step(const Bid& bid, const Cell* cell, std::size_t k,
                                           double by) const {
    const double d = samples_[k];
    const double to = d + by;
    if (d == 0 && may_rest(cell, k)) return {};
    if (to < low(cell, k) || to > high(cell, k)) return {};
    const double cost = choices_.cost(k, to, bid.prices) - choices_.cost(k, d, bid.prices);
    if (!std::isfinite(cost)) return {};
    return Move{k, to, value(bid, k, to) - value(bid, k, d), cost};
}

std::optional<Fitting::Move> Fitting::drop(const Bid& bid, const Cell* cell, std::size_t k) const {
    const double d = samples_[k];
    if (d == 0 || !may_rest(cell, k)) return {};
    return Move{k, 0, -value(bid, k, d), -choices_.cost(k, d, bid.prices)};
}

std::optional<Fitting::Move> Fitting::join(const Bid& bid, const Cell* cell, std::size_t k) const {
    if (samples_[k] != 0 || !may_rest(cell, k)) return {};
    const double d = std::min(choices_.part(k, bid, low(cell, k), high(cell, k)), high(cell, k));
    if (!(d > 0)) return {};
    const double cost = choices_.cost(k, d, bid.prices);
    if (!std::isfinite(cost)) return {};
    return Move{k, d, value(bid, k, d), cost};
}

void Fitting::take(const Move& move, double& spent) {
    takers_ += (move.to > 0) - (samples_[move.learner] > 0);
    samples_[move.learner] = move.to;
    spent += move.cost;
}

// As many participants as there must be, those who lose least.
void Fitting::top_up(const Bid& bid, const Cell* cell, double& spent) {
    const auto missing = static_cast<double>(goal_.at_least) - takers_;
    if (!(missing > 0)) return;
    std::vector<Move> moves;
    for (std::size_t k = 0; k < samples_.size(); ++k) {
        if (const auto move = join(bid, cell, k)) {
            moves.push_back(*move);
        } else if (samples_[k] == 0) {
            if (const auto first = step(bid, cell, k, 1)) moves.push_back(*first);
        }
    }
    const std::size_t some = std::min(moves.size(), static_cast<std::size_t>(missing));
    std::nth_element(moves.begin(), moves.begin() + static_cast<std::ptrdiff_t>(some), moves.end(),
                     [](const Move& a, const Move& b) { return a.loss() < b.loss(); });
    moves.resize(some);
    for (const Move& move : moves) take(move, spent);
}

// Less, by what loses least for what it frees, until the budget is kept.
void Fitting::lower(const Bid& bid, const Cell* cell, double& spent, double budget) {
    if (spent <= budget) return;
    struct Dearer {
        bool operator()(const Move& a, const Move& b) const {
            return a.loss() * -b.cost > b.loss() * -a.cost;
        }
    };
    std::vector<Move> heap;
    for (const std::size_t k : torn_) {
        if (const auto move = drop(bid, cell, k); move && move->cost < 0) heap.push_back(*move);
    }
    if (choices_.steps_count()) {
        for (const std::size_t k : near_) {
            if (const auto move = step(bid, cell, k, -1); move && move->cost < 0)
                heap.push_back(*move);
        }
    }
    const Dearer dearer;
    std::make_heap(heap.begin(), heap.end(), dearer);
    while (spent > budget && !heap.empty() && !pool_.stop().check()) {
        std::pop_heap(heap.begin(), heap.end(), dearer);
        const Move move = heap.back();
        heap.pop_back();
        const double d = samples_[move.learner];
        const bool fresh = move.to == 0 ? d > 0 : d == move.to + 1;
        if (!fresh || (move.to == 0 && d > 0 && !enough_takers())) continue;
        // A whole learner's cost may have changed since.
        const Move now = move.to == 0 ? *drop(bid, cell, move.learner) : move;
        take(now, spent);
        if (now.to > 0) {
            if (const auto next = step(bid, cell, now.learner, -1); next && next->cost < 0) {
                heap.push_back(*next);
                std::push_heap(heap.begin(), heap.end(), dearer);
            }
        }
    }
}

// More, by what loses least, as long as the budget holds it.
void Fitting::use_up(const Bid& bid, const Cell* cell, double& spent, double budget) {
    std::vector<Move> moves;
    for (const std::size_t k : torn_) {
        if (const auto move = join(bid, cell, k)) moves.push_back(*move);
    }
    if (choices_.steps_count()) {
        for (const std::size_t k : near_) {
            if (const auto move = step(bid, cell, k, 1)) moves.push_back(*move);
        }
    }
    const auto more = [](const Move& a, const Move& b) { return a.loss() > b.loss(); };
    std::make_heap(moves.begin(), moves.end(), more);
    int failed = 0;
    while (!moves.empty() && failed < failures && spent < budget && !pool_.stop().check()) {
        std::pop_heap(moves.begin(), moves.end(), more);
        const Move move = moves.back();
        moves.pop_back();
        if (spent + move.cost > budget) {
            ++failed;
            // Fewer samples of somebody new may do.
            const double least = std::max(low(cell, move.learner), 1.0);
            if (samples_[move.learner] == 0 && move.to > least && choices_.steps_count()) {
                const double cost = choices_.cost(move.learner, least, bid.prices);
                if (spent + cost <= budget) {
                    take({move.learner, least, value(bid, move.learner, least), cost}, spent);
                    near_.push_back(move.learner);
                } else {
                    continue;
                }
            } else {
                continue;
            }
        } else {
            take(move, spent);
        }
        if (!choices_.steps_count()) continue;
        if (const auto next = step(bid, cell, move.learner, 1)) {
            moves.push_back(*next);
            std::push_heap(moves.begin(), moves.end(), more);
        }
    }
}

// One in, one out, where that is worth more and still fits.
void Fitting::exchange(const Bid& bid, const Cell* cell, double& spent, double budget) {
    const auto nearest = [&](auto&& of) {
        std::vector<Move> moves;
        for (const std::size_t k : torn_) {
            if (const auto move = of(k)) moves.push_back(*move);
        }
        const auto less = [](const Move& a, const Move& b) { return a.loss() < b.loss(); };
        const std::size_t kept = std::min(moves.size(), exchanged);
        std::nth_element(moves.begin(), moves.begin() + static_cast<std::ptrdiff_t>(kept),
                         moves.end(), less);
        moves.resize(kept);
        return moves;
    };
    for (int round = 0; round < 20 && !pool_.stop().check(); ++round) {
        const auto outs = nearest([&](std::size_t k) { return drop(bid, cell, k); });
        const auto ins = nearest([&](std::size_t k) { return join(bid, cell, k); });
        double best = 1e-9;
        const Move* out = nullptr;
        const Move* in = nullptr;
        for (const Move& a : outs) {
            for (const Move& b : ins) {
                const double gain = a.worth + b.worth;
                if (gain > best && spent + a.cost + b.cost <= budget) {
                    best = gain;
                    out = &a;
                    in = &b;
                }
            }
        }
        if (!out) return;
        const Move gone = *out, come = *in;
        take(gone, spent);
        take(come, spent);
    }
}

double Fitting::raise(const Bid& bid, const Cell* cell, const std::vector<double>& picks,
                      double cost, const std::vector<double>& margins, double least) {
    const Problem& problem = choices_.problem();
    const std::size_t n = picks.size();
    samples_ = picks;
    bool moved = false;
    for (std::size_t k = 0; k < n; ++k) {
        double& d = samples_[k];
        if (d > high(cell, k)) {
            d = high(cell, k);
            moved = true;
        }
        if (d >= low(cell, k) || (d == 0 && may_rest(cell, k))) continue;
        if (!may_rest(cell, k)) return -1;
        d = 0;
        moved = true;
    }
    takers_ = takers(samples_);
    choose_near(margins);
    const double has =
        bid.prices.lambda * problem.bandwidth_hz() + bid.prices.mu * problem.power_w();
    double spent = cost;
    if (moved) {
        CompensatedSum sum;
        for (std::size_t k = 0; k < n; ++k) sum.add(choices_.cost(k, samples_[k], bid.prices));
        spent = sum.value();
    }
    if (!std::isfinite(spent)) return -1;
    if (goal_.whole) top_up(bid, cell, spent);
    const bool coarse = n <= most_for_thorough_search || !choices_.steps_count();
    double budget = has;
    ratio_ = bid.prices.mu / bid.prices.lambda;
    for (int round = 0; round < rounds && !pool_.stop().check(); ++round) {
        lower(bid, cell, spent, budget);
        const bool least_of_all = spent > budget;
        if (!least_of_all) {
            use_up(bid, cell, spent, budget);
            if (coarse) exchange(bid, cell, spent, budget);
        }
        const double value = worth(samples_);
        if (value <= least) return -1;
        if (fits(samples_)) return value;
        if (least_of_all) return -1;
        const double over = std::clamp(load_ - 1, 1e-12, 0.5);
        budget = std::min(budget, spent * (1 - 1e-13)) - over * has;
    }
    return -1;
}

// Single samples of few learners do; who takes part is open for those whose margin is least.
void Fitting::choose_near(const std::vector<double>& margins) {
    const std::size_t n = samples_.size();
    near_.clear();
    torn_.clear();
    const std::size_t stride = n <= looked_at ? 1 : (n / looked_at) | 1;
    for (std::size_t k = 0; k < n; k += stride) near_.push_back(k);
    if (stride == 1) {
        torn_ = near_;
        return;
    }
    if (margins.empty()) return;
    for (std::size_t k = 0; k < n; ++k) {
        if (std::isfinite(margins[k])) torn_.push_back(k);
    }
    const std::size_t kept = std::min(torn_.size(), looked_at);
    std::nth_element(torn_.begin(), torn_.begin() + static_cast<std::ptrdiff_t>(kept), torn_.end(),
                     [&](std::size_t a, std::size_t b) {
                         return std::fabs(margins[a]) < std::fabs(margins[b]);
                     });
    torn_.resize(kept);
    std::sort(torn_.begin(), torn_.end());
}

bool Fitting::make_whole(const Bid& bid, const Cell* cell, std::vector<double>& samples) const {
    const double target = choices_.problem().samples_real();
    const std::size_t n = samples.size();
    CompensatedSum total_sum, least_sum;
    for (std::size_t k = 0; k < n; ++k) {
        total_sum.add(samples[k]);
        if (samples[k] > 0 || !may_rest(cell, k)) least_sum.add(low(cell, k));
    }
    double total = total_sum.value(), least = least_sum.value();
    if (total < target) return false;
    double count = takers(samples);
    const auto needed = static_cast<double>(goal_.at_least);
    if (least > target) {
        // Whoever must be left out: those of the largest minima, as long as enough is left.
        std::vector<std::size_t> order;
        for (std::size_t k = 0; k < n; ++k) {
            if (samples[k] > 0 && may_rest(cell, k)) order.push_back(k);
        }
        std::stable_sort(order.begin(), order.end(),
                         [&](std::size_t a, std::size_t b) { return low(cell, a) > low(cell, b); });
        for (const std::size_t k : order) {
            if (least <= target) break;
            if (count <= needed || total - samples[k] < target) continue;
            least -= low(cell, k);
            total -= samples[k];
            samples[k] = 0;
            count -= 1;
        }
        // Or one in place of another, or a few that add up.
        for (std::size_t i = 0; least > target && i < order.size(); ++i) {
            const std::size_t k = order[i];
            if (samples[k] == 0) continue;
            for (std::size_t j = 0; j < n && least > target; ++j) {
                if (samples[j] != 0 || !may_rest(cell, j)) continue;
                const double by = low(cell, j);
                const double d =
                    std::min(choices_.part(j, bid, low(cell, j), high(cell, j)), high(cell, j));
                if (!(d > 0) || by >= low(cell, k)) continue;
                if (total - samples[k] + d < target) continue;
                least += by - low(cell, k);
                total += d - samples[k];
                samples[k] = 0;
                samples[j] = d;
                break;
            }
        }
    }
    if (least > target) return false;
    // Samples go where one more is dearest: those with the least time left first.
    double over = total - target;
    const double keep = total > 0 ? std::max(0.0, 1 - over / std::max(total - least, 1.0)) : 1;
    double taken = 0;
    for (std::size_t k = 0; k < n; ++k) {
        if (samples[k] == 0) continue;
        const double down = std::floor((samples[k] - low(cell, k)) * (1 - keep));
        samples[k] -= down;
        taken += down;
    }
    over -= taken;
    // Nobody else's last sample goes, where every participant counts.
    for (std::size_t k = 0; k < n && over > 0; ++k) {
        if (samples[k] == 0) continue;
        const double down = std::min(samples[k] - std::max(low(cell, k), 0.0), over);
        if (samples[k] - down <= 0 && count <= needed) continue;
        if (samples[k] - down <= 0) count -= 1;
        samples[k] -= down;
        over -= down;
    }
    return over == 0;
}

bool Fitting::all_served(const std::vector<double>& samples) const {
    if (choices_.problem().excused()) return true;
    for (std::size_t k = 0; k < samples.size(); ++k) {
        if (samples[k] == 0 && choices_.may_rest(k)) return false;
    }
    return true;
}

// Who sits out of a problem whose idle learners are served is no learner of it.
std::vector<std::size_t> Fitting::present(const std::vector<double>& samples) const {
    std::vector<std::size_t> who;
    for (std::size_t k = 0; k < samples.size(); ++k) {
        if (samples[k] > 0 || !choices_.may_rest(k)) who.push_back(k);
    }
    return who;
}

namespace {

std::vector<double> gathered(const std::vector<double>& from, std::span<const std::size_t> who) {
    std::vector<double> to((who.size() + group - 1) / group * group, 0.0);
    for (std::size_t i = 0; i < who.size(); ++i) to[i] = from[who[i]];
    return to;
}

// Whether a split fits, the load where it does not, and what is allotted where that is asked for.
bool fill(const Problem& problem, Pool& pool, double tau, const std::vector<double>& samples,
          double& ratio, double& load, Allocation* plan, Spare spare) {
    const double cycle = problem.cycle_s();
    const TimedSplit split{tau, cycle, samples};
    load = 1.001;
    if (plan) {
        plan->bandwidth_hz.resize(problem.size());
        plan->power_w.resize(problem.size());
        if (problem.block_hz() > 0) plan->blocks.resize(problem.size());
    }
    if (problem.block_hz() > 0) {
        BlockFilling filling(problem, pool);
        if (filling.fill(split, ratio) != BlockFilling::Outcome::fits) return false;
        if (!plan) return true;
        for (const bool early : {spare == Spare::time, false}) {
            const double finish = early ? filling.shortest_cycle(split, cycle) : cycle;
            if (finish <= cycle && filling.allocate(split.within(finish), plan->blocks,
                                                    {plan->bandwidth_hz, plan->power_w})) {
                return true;
            }
        }
        return false;
    }
    WaterFilling filling(problem, pool);
    if (filling.fill(split, ratio) != WaterFilling::Outcome::fits) {
        // At this ratio of the prices so much more than the budgets is needed at least.
        const FillSums sums = filling.at(split, ratio).sums;
        load = (sums.bandwidth + ratio * sums.power) /
               (problem.bandwidth_hz() + ratio * problem.power_w());
        if (!(sums.impossible == 0 && std::isfinite(load))) load = 1.5;
        return false;
    }
    if (!plan) return true;
    const Shares shares{plan->bandwidth_hz, plan->power_w};
    const auto allocated = [&](const WaterFilling::Finish& finish) {
        return finish.cycle_s <= cycle && filling.allocate(split, finish, shares);
    };
    if (spare == Spare::time) {
        auto finish = filling.shortest_cycle(split, ratio, cycle);
        if (allocated(finish)) return true;
        if (finish.foreseen) {
            finish = filling.at(split.within(finish.cycle_s), finish.ratio);
            if (allocated(finish)) return true;
        }
    }
    return allocated(filling.at(split, ratio));
}

}  // namespace

double Fitting::most_alone(std::size_t k) const {
    const Problem& problem = choices_.problem();
    if (problem.returns_nothing()) return choices_.sure(k);  // in exact arithmetic
    Demand demand = demand_of(problem, k, choices_.tau(), problem.cycle_s());
    demand.budget_s -= slack_guard(problem.cycle_s());
    return largest_allowed(demand, choices_.sure(k));
}

bool Fitting::fits_alone(const std::vector<double>& samples) const {
    for (std::size_t k = 0; k < samples.size(); ++k) {
        if (samples[k] == 0 && choices_.may_rest(k)) continue;
        if (samples[k] < choices_.least(k) || samples[k] > most_alone(k)) return false;
    }
    return true;
}

bool Fitting::fits(const std::vector<double>& samples) {
    if (choices_.problem().sends_nothing()) return fits_alone(samples);
    const double tau = choices_.tau();
    if (all_served(samples)) {
        std::vector<double> padded = samples;
        padded.resize((samples.size() + group - 1) / group * group, 0.0);
        return fill(choices_.problem(), pool_, tau, padded, ratio_, load_, nullptr, Spare::none);
    }
    const std::vector<std::size_t> who = present(samples);
    if (who.empty()) return true;
    const Problem part = choices_.problem().taken(who);
    return fill(part, pool_, tau, gathered(samples, who), ratio_, load_, nullptr, Spare::none);
}

std::optional<Allocation> Fitting::allocate(const std::vector<double>& samples, Spare spare) {
    const double tau = choices_.tau();
    const std::size_t n = samples.size();
    Allocation plan;
    if (choices_.problem().sends_nothing()) {
        if (!fits_alone(samples)) return {};
        plan.bandwidth_hz.assign(n, 0.0);
        plan.power_w.assign(n, 0.0);
        if (choices_.problem().block_hz() > 0) plan.blocks.assign(n, 0);
    } else if (all_served(samples)) {
        std::vector<double> padded = samples;
        padded.resize((n + group - 1) / group * group, 0.0);
        if (!fill(choices_.problem(), pool_, tau, padded, ratio_, load_, &plan, spare)) return {};
    } else {
        const std::vector<std::size_t> who = present(samples);
        Allocation some;
        if (!who.empty()) {
            const Problem part = choices_.problem().taken(who);
            if (!fill(part, pool_, tau, gathered(samples, who), ratio_, load_, &some, spare))
                return {};
        }
        const auto spread = [&](const auto& from, auto& to) {
            to.assign(n, 0);
            for (std::size_t i = 0; i < who.size(); ++i) to[who[i]] = from[i];
        };
        spread(some.bandwidth_hz, plan.bandwidth_hz);
        spread(some.power_w, plan.power_w);
        if (choices_.problem().block_hz() > 0) spread(some.blocks, plan.blocks);
    }
    plan.samples.resize(n);
    for (std::size_t k = 0; k < n; ++k) plan.samples[k] = static_cast<std::int64_t>(samples[k]);
    return plan;
}

}  // namespace mel
