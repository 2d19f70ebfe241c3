#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <vector>

#include "base/chunks.hpp"
#include "base/sums.hpp"
#include "learner/boxes.hpp"
#include "learner/capped.hpp"
#include "learner/energy_cost.hpp"
#include "least/least_parts.hpp"
#include "mel/energy.hpp"
#include "mel/usual_arithmetic.hpp"
#include "model/choice.hpp"

namespace mel {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double reserve = 1e-12;       // of the cycle, for rounding errors of a plan's times
constexpr double band_reserve = 1e-13;  // of the bandwidth
constexpr double error = 1e-12;         // of all terms of a bound
constexpr double near = 1e-8;           // relative gap that no further step is taken for
constexpr int most_rounds = 12;
constexpr double proved = 1e-6;  // relative gap from which single samples are moved
constexpr std::size_t few_learners = 64;
constexpr int most_moves = 100;
constexpr std::size_t most_tries = 12;  // of moves, where each looked as if it were worth it

struct Sums {
    CompensatedSum samples, bandwidth, cost, energy;
    double condition = 0;  // sum of cost / slack
    double impossible = 0;
    void add(const Sums& o) {
        samples.add(o.samples);
        bandwidth.add(o.bandwidth);
        cost.add(o.cost);
        energy.add(o.energy);
        condition += o.condition;
        impossible += o.impossible;
    }
};

struct JoulePrices {
    double lambda, nu;
};

// Where a monotone function of x vanishes, by secants between ends that are kept; `value` is what
// it is at the last x that was looked at, which is returned.
template <class Function>
double root_of(const Stop& stop, double x, double slope, double widest, double fine, int steps,
               Function function) {
    double low = -infinity, high = infinity;
    const double sign = slope > 0 ? 1 : -1;
    double value = function(x);
    for (int step = 0; step < steps && std::fabs(value) > fine && !stop.requested(); ++step) {
        (sign * value > 0 ? high : low) = x;
        double next =
            x - std::clamp(std::isfinite(value) ? value / slope : sign * widest, -widest, widest);
        if (!(next > low && next < high)) {
            next = low > -infinity && high < infinity ? 0.5 * (low + high)
                                                      : x - (sign * value > 0 ? widest : -widest);
        }
        if (step % 12 == 11 && low > -infinity && high < infinity) next = 0.5 * (low + high);
        if (next == x || high - low < 1e-15 * std::fabs(x)) break;
        const double there = function(next);
        const double found = (there - value) / (next - x);
        if (std::isfinite(found) && sign * found > 1e-6) slope = found;
        x = next;
        value = there;
    }
    return x;
}

class EnergySearch {
  public:
    EnergySearch(const Problem& problem, std::int64_t tau, const Settings& settings,
                 std::span<const std::int64_t> known)
        : problem_(problem),
          tau_(static_cast<double>(tau)),
          known_(known),
          stop_(settings.time_limit_s, poll(settings)),
          pool_(useful_threads(problem.size(), settings.threads), stop_) {}

    LeastEnergy run() {
        LeastEnergy found;
        if (begin() && search(found)) settle(found);
        found.passes = passes_;
        found.stopped = stop_.requested();
        return found;
    }

  private:
    std::function<bool()> poll(const Settings& settings) {
        if (!settings.should_stop) return {};
        return
            [this, &settings] { return settings.should_stop({0, 0, passes_, stop_.elapsed_s()}); };
    }
    Battery battery(std::size_t k) const {
        Battery b = battery_of(problem_, k, tau_);
        b.energy_j = infinity;
        return b;
    }
    Demand demand(std::size_t k) const { return demand_of(problem_, k, tau_, cycle_s_); }

    // What every learner may hold; false where that is no split.
    bool begin() {
        const std::size_t size = problem_.size();
        low_.resize(size);
        high_.resize(size);
        rests_.resize(size);
        ln_time_.assign(size, std::numeric_limits<double>::quiet_NaN());
        speed_.assign(size, 1);
        Boxes boxes(problem_, pool_, scheme_box(problem_, Scheme::joint));
        if (boxes.contradicts()) return false;
        const Box box = boxes.root();
        for_each_learner(pool_, size, [&](std::size_t k) {
            rests_[k] = problem_.excused() && box.low(k) <= 0;
            low_[k] = rests_[k] ? 1 : box.low(k);
            const double rate = problem_.limits()->max_rate[k] * (1 - 1e-9);
            high_[k] = largest_within(demand(k), box.high(k), rate);
            if (high_[k] < low_[k] && rests_[k]) high_[k] = 0;
        });
        double most = 0;
        for (std::size_t k = 0; k < size; ++k) {
            if (high_[k] < low_[k] && !rests_[k]) return false;
            most += std::max(high_[k], 0.0);
        }
        return most >= problem_.samples_real();
    }

    double best_real(std::size_t k, JoulePrices p, EnergyCost& cost) {
        cost = {};
        if (high_[k] < low_[k]) return 0;
        const Battery b = battery(k);
        const Demand q = demand(k);
        double d = low_[k];
        cost = best_at_worth(b, q, p.lambda, p.nu, low_[k], high_[k], ln_time_[k], d);
        if (rests_[k] && !(p.nu * d > cost.cost)) {
            cost = {};
            return 0;
        }
        return d;
    }

    // Void once a stop is requested.
    template <class Term>
    Sums sums(std::size_t stride, Term term) {
        ++passes_;
        if (stop_.check()) return {};
        return sum_over_chunks(
            pool_, problem_.size(), chunks_,
            [&](std::size_t first, std::size_t last) {
                Sums here;
                for (std::size_t start = first; start < last; start += group * stride) {
                    for (std::size_t k = start; k < std::min(start + group, problem_.size()); ++k) {
                        term(k, here);
                    }
                }
                return here;
            },
            stride);
    }
    static void add(Sums& s, double d, const EnergyCost& c) {
        s.samples.add(d);
        s.bandwidth.add(c.bandwidth_hz);
        s.cost.add(c.cost);
        s.energy.add(c.energy_j);
        if (c.cost > 0 && c.slack_s > 0) s.condition += c.cost / c.slack_s;
        if (!(c.cost < infinity)) s.impossible += 1;
    }

    // The worth of a sample at which the learners take D in all.
    Sums with_samples(double lambda, double& nu, std::size_t stride, double fine) {
        Sums at;
        const double share = static_cast<double>(learners_seen(problem_.size(), stride)) /
                             static_cast<double>(problem_.size());
        const double wanted = problem_.samples_real() * share;
        const double x = root_of(stop_, std::log(nu), 1.0, 3.0, fine, 60, [&](double ln_nu) {
            const JoulePrices p{lambda, std::exp(ln_nu)};
            at = sums(stride, [&](std::size_t k, Sums& s) {
                EnergyCost c;
                const double d = best_real(k, p, c);
                add(s, d, c);
            });
            return std::log(std::max(at.samples.value(), 1e-9 * wanted) / wanted);
        });
        nu = std::exp(x);
        return at;
    }

    void find_prices(JoulePrices& p, std::size_t stride, double fine) {
        const double share = static_cast<double>(learners_seen(problem_.size(), stride)) /
                             static_cast<double>(problem_.size());
        const double band = problem_.bandwidth_hz() * share;
        const double x =
            root_of(stop_, std::log(p.lambda), -0.5, 3.0, fine, 40, [&](double ln_lambda) {
                const Sums at = with_samples(std::exp(ln_lambda), p.nu, stride, 0.1 * fine);
                return std::log(at.bandwidth.value() / band);
            });
        p.lambda = std::exp(x);
    }

    // As if all were alike, a third of the cycle to send.
    JoulePrices typical_prices() const {
        const double size = static_cast<double>(problem_.size());
        const double share = problem_.bandwidth_hz() / size;
        const double bits = problem_.typical_send_bits() + problem_.typical_send_bits_per_sample() *
                                                               problem_.samples_real() / size;
        const double t = problem_.cycle_s() / 3;
        const double w = std::min(bits * ln2 / (t * share), 50.0);
        const double n = problem_.typical_noise();
        if (problem_.law() == LinkLaw::density) return {n * t * density_left_side(w), 1};
        return {n * t * t * w * w * std::exp(w) / (bits * ln2), 1};
    }

    bool search(LeastEnergy& found) {
        const std::size_t middle = problem_.size() / 2;
        JoulePrices p = typical_prices();
        const double typical =
            std::clamp(problem_.samples_real() / static_cast<double>(problem_.size()), low_[middle],
                       std::max(low_[middle], 0.5 * high_[middle]));
        const EnergyCost c = energy_cost(battery(middle), demand(middle), p.lambda, typical);
        p.nu = c.slope < infinity && c.slope > 0 ? c.slope : 1e-6;
        const std::size_t few = sample_stride(problem_.size(), searched_learners / 4);
        if (few > 1) find_prices(p, few, 1e-3);
        find_prices(p, 1, problem_.size() < 16 ? 1e-8 : 1e-4);
        found.lambda = p.lambda;
        found.nu = p.nu;
        return !stop_.requested() && std::isfinite(p.lambda) && std::isfinite(p.nu);
    }

    // Whole samples that sum to D: everybody's best at the prices, rounded down, and those for whom
    // one more is cheapest.
    bool make_whole(JoulePrices& p) {
        const std::size_t size = problem_.size();
        std::vector<double> more(size, infinity);
        whole_.resize(size);
        ++passes_;
        for_each_learner(pool_, size, [&](std::size_t k) {
            EnergyCost c;
            const double d = best_real(k, p, c);
            whole_[k] = std::floor(d);
            if (!(d > 0) || whole_[k] >= high_[k]) return;
            const Battery b = battery(k);
            const Demand q = demand(k);
            speed_[k] = c.speed;
            const double next = energy_cost(b, q, p.lambda, whole_[k] + 1, c.speed).cost;
            more[k] = next - energy_cost(b, q, p.lambda, whole_[k], c.speed).cost;
        });
        if (stop_.check()) return false;
        CompensatedSum sum;
        for (const double d : whole_) sum.add(d);
        double left = problem_.samples_real() - sum.value();
        std::vector<std::size_t> order;
        for (std::size_t k = 0; k < size; ++k) {
            if (more[k] < infinity) order.push_back(k);
        }
        if (left < 0) return drop(p, -left);
        if (left > static_cast<double>(order.size())) return raise(p, left);
        const auto count = static_cast<std::ptrdiff_t>(left);
        const auto cheaper = [&](std::size_t a, std::size_t b) {
            return more[a] < more[b] || (more[a] == more[b] && a < b);
        };
        std::nth_element(order.begin(), order.begin() + count, order.end(), cheaper);
        for (std::ptrdiff_t i = 0; i < count; ++i) whole_[order[static_cast<std::size_t>(i)]] += 1;
        if (static_cast<std::size_t>(count) < order.size()) {
            p.nu = more[order[static_cast<std::size_t>(count)]];
        }
        return true;
    }

    // One sample at a time where many are missing, or too many: marginal costs in a heap.
    bool raise(JoulePrices& p, double left) { return move(p, left, 1); }
    bool drop(JoulePrices& p, double left) { return move(p, left, -1); }
    bool move(JoulePrices& p, double left, double step) {
        if (left > 200 * static_cast<double>(problem_.size()) + 2000) return false;
        struct Move {
            double cost;
            std::size_t learner;
        };
        const auto later = [](const Move& a, const Move& b) {
            return a.cost > b.cost || (a.cost == b.cost && a.learner > b.learner);
        };
        const auto cost_of = [&](std::size_t k) {
            const double d = whole_[k], to = d + step;
            // Who takes part stays.
            if (!(d > 0) || to > high_[k] || to < low_[k]) return infinity;
            const Battery b = battery(k);
            const Demand q = demand(k);
            return energy_cost(b, q, p.lambda, to).cost - energy_cost(b, q, p.lambda, d).cost;
        };
        std::vector<Move> heap;
        for (std::size_t k = 0; k < problem_.size(); ++k) {
            const double cost = cost_of(k);
            if (cost < infinity) heap.push_back({cost, k});
        }
        std::make_heap(heap.begin(), heap.end(), later);
        for (; left > 0; --left) {
            if (heap.empty() || (std::fmod(left, 4096) == 0 && stop_.check())) return false;
            std::pop_heap(heap.begin(), heap.end(), later);
            const std::size_t k = heap.back().learner;
            heap.pop_back();
            whole_[k] += step;
            const double cost = cost_of(k);
            if (!(cost < infinity)) continue;
            heap.push_back({cost, k});
            std::push_heap(heap.begin(), heap.end(), later);
        }
        return true;
    }

    Sums of_split(double lambda, std::vector<EnergyCost>* keep = nullptr) {
        return sums(1, [&](std::size_t k, Sums& s) {
            const double d = whole_[k];
            EnergyCost c{};
            if (d > 0 || !problem_.excused()) {
                c = energy_cost(battery(k), demand(k), lambda, d, speed_[k]);
                speed_[k] = c.speed;
            }
            add(s, d, c);
            if (keep) (*keep)[k] = c;
        });
    }

    // The price at which the split takes all of the bandwidth, a little less.
    double price_of_split(double lambda) {
        const double band = problem_.bandwidth_hz() * (1 - band_reserve);
        const double x =
            root_of(stop_, std::log(lambda), -0.5, 2.0, 1e-11, 40, [&](double ln_lambda) {
                return std::log(of_split(std::exp(ln_lambda)).bandwidth.value() / band) + 2e-11;
            });
        // Where the steps end a hair's breadth above it: dearer still.
        double found = std::exp(x);
        for (int step = 0; step < 30 && !stop_.requested(); ++step) {
            const double over = of_split(found).bandwidth.value() / band - 1;
            if (over <= 0 || !(over < 1e-6)) break;
            found *= 1 + 8 * over + 1e-13 * std::pow(4, step);
        }
        return found;
    }

    // What no plan goes below at these prices.
    double bound_at(JoulePrices p) {
        const Sums s = sums(1, [&](std::size_t k, Sums& here) {
            if (high_[k] < low_[k]) return;
            const Battery b = battery(k);
            const Demand q = demand(k);
            EnergyCost c;
            double d = whole_[k] > 0 ? whole_[k] : std::floor(best_real(k, p, c));
            d = std::clamp(d, low_[k], high_[k]);
            c = energy_cost(b, q, p.lambda, d, speed_[k]);
            // Convex: downhill is the way, until neither neighbour lies lower.
            for (double stride = 1; stride >= 1;) {
                const double before = d;
                for (const double step : {stride, -stride}) {
                    if (d + step < low_[k] || d + step > high_[k]) continue;
                    const EnergyCost to = energy_cost(b, q, p.lambda, d + step, c.speed);
                    if (!(to.cost - p.nu * step < c.cost)) continue;
                    c = to;
                    d += step;
                    break;
                }
                stride = d != before ? 2 * stride : std::floor(0.5 * stride);
            }
            if (rests_[k] && c.cost > p.nu * d) return;
            add(here, d, c);
        });
        if (s.impossible > 0) return 0;
        CompensatedSum bound;
        const double samples = problem_.samples_real();
        bound.add(p.nu * samples);
        bound.add(-p.lambda * problem_.bandwidth_hz());
        bound.add(s.cost.value());
        bound.add(-p.nu * s.samples.value());
        const double scale = p.nu * (samples + s.samples.value()) +
                             p.lambda * problem_.bandwidth_hz() + s.cost.value();
        return bound.value() - error * scale - rounding::slack * problem_.cycle_s() * s.condition;
    }

    void raise_bound(LeastEnergy& found, JoulePrices p) {
        const double bound = bound_at(p);
        if (stop_.requested() || !(bound > found.bound_j)) return;
        found.bound_j = bound;
        found.lambda = p.lambda;
        found.nu = p.nu;
    }

    // What the split at hand spends at the price at which it takes the bandwidth; written down
    // where that is less than before. False where it does not fit.
    bool spend(LeastEnergy& found, double& lambda) {
        cycle_s_ = problem_.cycle_s() * (1 - reserve);
        costs_.resize(problem_.size());
        lambda = price_of_split(lambda);
        Sums s = of_split(lambda, &costs_);
        // Each look begins where the last one ended, and ends a hair's breadth elsewhere.
        for (int more = 0; more < 10 && s.bandwidth.value() > problem_.bandwidth_hz(); ++more) {
            lambda *= 1 + 1e-10 * std::pow(8, more);
            s = of_split(lambda, &costs_);
        }
        cycle_s_ = problem_.cycle_s();
        if (stop_.requested()) return false;
        const bool fits = s.impossible == 0 && s.bandwidth.value() <= problem_.bandwidth_hz();
        if (fits && s.energy.value() < found.value_j) {
            write(found, s);
            written_lambda_ = lambda;
        }
        return fits;
    }

    void settle(LeastEnergy& found) {
        const JoulePrices real{found.lambda, found.nu};
        JoulePrices p = real;
        found.value_j = infinity;
        for (int round = 0; round < most_rounds && !stop_.requested(); ++round) {
            cycle_s_ = problem_.cycle_s() * (1 - reserve);
            const bool whole = make_whole(p);
            cycle_s_ = problem_.cycle_s();
            if (!whole) break;
            double lambda = p.lambda;
            const double before = found.value_j;
            spend(found, lambda);
            if (stop_.requested()) break;
            raise_bound(found, {lambda, p.nu});
            // With few learners a sample is a large step: the prices of real samples prove more.
            if (round == 0 && found.value_j - found.bound_j > near * found.value_j) {
                raise_bound(found, real);
            }
            if (!(found.value_j < infinity)) break;
            if (found.value_j - found.bound_j <= near * found.value_j) break;
            if (round > 1 && !(found.value_j < before)) break;
            p.lambda = lambda;
        }
        if (found.samples.empty() && begin_at_known()) spend(found, p.lambda);
        if (!found.samples.empty() && problem_.size() <= few_learners) {
            for (int move = 0; move < most_moves && move_sample(found);) ++move;
        }
        if (!stop_.requested() && !(found.bound_j > 0)) raise_bound(found, real);
        if (found.samples.empty()) found.value_j = 0;
    }

    // The samples of a plan that is known; false without one.
    bool begin_at_known() {
        if (known_.empty() || stop_.requested()) return false;
        whole_.assign(known_.begin(), known_.end());
        speed_.assign(problem_.size(), 1);
        return true;
    }

    // Where a sample is a large step: one from one learner to another, if less is then spent in
    // all. At the price at which a split takes the bandwidth, only a move that costs less can save.
    bool move_sample(LeastEnergy& found) {
        const double lambda = written_lambda_;
        if (!(found.value_j - found.bound_j > proved * found.value_j)) return false;
        const std::size_t size = problem_.size();
        std::vector<double> more(size, infinity), fewer(size, infinity);
        for (std::size_t k = 0; k < size; ++k) {
            const double d = whole_[k] = static_cast<double>(found.samples[k]);
            const auto cost = [&](double samples) {
                if (samples == 0 && problem_.excused()) return 0.0;
                return energy_cost(battery(k), demand(k), lambda, samples).cost;
            };
            const bool rests = d == 0 && rests_[k];
            const double here = cost(d);
            if (d + 1 <= high_[k]) more[k] = cost(d + 1) - here;
            if (d > 0 && (d > low_[k] || rests_[k])) fewer[k] = cost(d - 1) - here;
            speed_[k] = rests ? 1 : found.speed[k];
        }
        struct Move {
            double cost;
            std::size_t from, to;
        };
        std::vector<Move> moves;
        for (std::size_t from = 0; from < size; ++from) {
            for (std::size_t to = 0; to < size; ++to) {
                const double cost = fewer[from] + more[to];
                if (from != to && cost < 0) moves.push_back({cost, from, to});
            }
        }
        const std::size_t tries = std::min(most_tries, moves.size());
        std::partial_sort(moves.begin(), moves.begin() + static_cast<std::ptrdiff_t>(tries),
                          moves.end(),
                          [](const Move& a, const Move& b) { return a.cost < b.cost; });
        for (std::size_t at = 0; at < tries && !stop_.requested(); ++at) {
            const auto [cost, from, to] = moves[at];
            whole_[from] -= 1;
            whole_[to] += 1;
            const double before = found.value_j;
            double price = lambda;
            spend(found, price);
            if (found.value_j < before * (1 - error)) return true;
            whole_[from] += 1;
            whole_[to] -= 1;
        }
        return false;
    }

    void write(LeastEnergy& found, const Sums& s) {
        const std::size_t size = problem_.size();
        found.value_j = s.energy.value();
        found.samples.resize(size);
        found.bandwidth_hz.resize(size);
        found.power_w.resize(size);
        found.speed.resize(size);
        for (std::size_t k = 0; k < size; ++k) {
            found.samples[k] = static_cast<std::int64_t>(whole_[k]);
            found.bandwidth_hz[k] = costs_[k].bandwidth_hz;
            found.power_w[k] = costs_[k].power_w;
            found.speed[k] = whole_[k] > 0 ? costs_[k].speed : 1;
        }
    }

    const Problem& problem_;
    double tau_;
    std::span<const std::int64_t> known_;
    Stop stop_;
    Pool pool_;
    double cycle_s_ = problem_.cycle_s();
    double written_lambda_ = 0;  // the price at which the best split takes the bandwidth
    std::vector<double> low_, high_, whole_;
    std::vector<double> ln_time_, speed_;  // of each learner, where the last look at it ended
    std::vector<char> rests_;              // may take no part
    std::vector<EnergyCost> costs_;        // of the split that was looked at last
    std::vector<Sums> chunks_;
    std::int64_t passes_ = 0;
};

}  // namespace

LeastEnergy least_energy(const Problem& problem, std::int64_t tau, const Settings& settings,
                         std::span<const std::int64_t> known) {
    const UsualArithmetic usual;
    refuse_choice(problem);
    return EnergySearch(problem, tau, settings, known).run();
}

}  // namespace mel
