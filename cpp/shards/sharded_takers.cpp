// Few learners of many take part: those come to one place, are solved there, and the shards say
// whether the others could change what is proved. As Solver does it with its columns.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "shards/sharded_solver.hpp"
#include "solve/solver.hpp"
#include "tree/takers.hpp"

namespace mel {
namespace {

constexpr int most_rounds = 40;
constexpr double too_many = 0.5;  // of the learners

}  // namespace

bool ShardedSolver::few_take_part(double tau) {
    if (!may_leave_out(problem_) || !prices_.usable()) return false;
    const std::size_t stride = asked_stride(places_.size);
    const Problem asked = places_.some(of_groups(places_.size / group * group, stride));
    Boxes boxes(asked, pool_, scheme_box(asked, Scheme::joint));
    const double share = problem_.samples_real() / static_cast<double>(places_.size);
    return mel::few_take_part(asked, boxes.real(tau), {tau, problem_.cycle_s(), prices_}, pool_, 1,
                              share);
}

ShardedSolver::Takers ShardedSolver::takers(const PassPoint& point) {
    ++taker_passes_;
    Takers all;
    const std::vector<Message> answers = ask({Ask::takers, point, {}, {}});
    for (std::size_t place = 0; place < answers.size(); ++place) {
        const Message& m = answers[place];
        const std::size_t count = m.size() / 2;
        for (std::size_t i = 0; i < count; ++i) {
            all.learners.push_back(places_.first[place] + static_cast<std::size_t>(m[i]));
            all.must.push_back(m[count + i] != 0);
        }
    }
    return all;
}

namespace {

// About `most` of the learners, evenly, and all who must take part.
template <class Takers>
std::vector<std::size_t> thinned(const Takers& from, double most) {
    const double size = static_cast<double>(from.learners.size());
    if (size <= most) return from.learners;
    const auto step = static_cast<std::size_t>(std::ceil(size / most));
    std::vector<std::size_t> kept;
    for (std::size_t i = 0; i < from.learners.size(); ++i) {
        if (i % step == 0 || from.must[i]) kept.push_back(from.learners[i]);
    }
    return kept;
}

}  // namespace

std::vector<std::size_t> ShardedSolver::first_takers(const PassPoint& point) {
    const double samples = problem_.samples_real();
    const Draw draw = prices_that_draw(problem_, *this, point, drawn_at_first * samples, pool_);
    if (!draw.prices.usable()) return {};
    const Takers found = takers({point.tau, point.cycle_s, draw.prices});
    const double enough =
        2 * drawn_at_first * samples / draw.samples * static_cast<double>(found.learners.size());
    return thinned(found, std::max(enough, most_worth_the_same));
}

std::vector<std::size_t> ShardedSolver::more_takers(const PassPoint& point,
                                                    std::span<const std::size_t> part,
                                                    Takers back) {
    const Prices near{soon_worth * point.prices.lambda, soon_worth * point.prices.mu};
    std::vector<std::size_t> wider = joined(part, thinned(back, most_worth_the_same));
    const std::vector<std::size_t> others = takers({point.tau, point.cycle_s, near}).learners;
    if (static_cast<double>(others.size()) > most_worth_the_same) return wider;
    return joined(wider, others);
}

bool ShardedSolver::ask_takers(double tau, const Part& ask_part) {
    const double cycle = problem_.cycle_s();
    std::vector<std::size_t> part = first_takers({tau, cycle, prices_});
    Settings settings = settings_;
    settings.start = Start{tau, prices_};
    for (int round = 0; round < most_rounds; ++round) {
        if (stop_.check()) return true;
        const double most = too_many * static_cast<double>(places_.size);
        if (part.empty() || static_cast<double>(part.size()) > most || part.size() > most_here) {
            return false;
        }
        const Problem few = places_.some(part).without_twins();
        tell_part(settings);
        const Interval root = scheme_box(few, Scheme::joint);
        Solver solver(few, settings, root, true);
        Result found = ask_part(solver);
        if (found.tau > result_.tau) take_plan(found, part);
        hear_part(found, settings);
        if (halted_ || stop_.check()) return true;
        if (found.bound >= upper_) return true;
        const double above = static_cast<double>(found.bound + 1);
        Boxes boxes(few, pool_, root);
        const RaisedTree raised(few, boxes, above, found.tree, pool_);
        taker_passes_ += raised.passes();
        Takers back;
        if (raised.counts_on_prices()) {
            const Takers wanted = takers({above, cycle, raised.lowest()});
            for (std::size_t i = 0, p = 0; i < wanted.learners.size(); ++i) {
                while (p < part.size() && part[p] < wanted.learners[i]) ++p;
                if (p < part.size() && part[p] == wanted.learners[i]) continue;
                back.learners.push_back(wanted.learners[i]);
                back.must.push_back(wanted.must[i]);
            }
        }
        if (stop_.check()) return true;
        if (back.learners.empty()) {
            upper_ = found.bound;
            blame_ = found.blame;
            renumber(found.tree, part);
            result_.tree = std::move(found.tree);
            return true;
        }
        part = more_takers({above, cycle, raised.lowest()}, part, std::move(back));
    }
    return false;
}

// The plan of a part, as what every place is told to give.
void ShardedSolver::take_plan(const Result& found, std::span<const std::size_t> part) {
    result_.tau = found.tau;
    std::vector<Message> given(places_.first.size(), Message{static_cast<double>(Step::given)});
    std::size_t place = 0;
    for (std::size_t i = 0; i < part.size(); ++i) {
        while (place + 1 < places_.first.size() && places_.first[place + 1] <= part[i]) ++place;
        given[place].insert(
            given[place].end(),
            {static_cast<double>(part[i] - places_.first[place]),
             static_cast<double>(found.samples[i]), found.bandwidth_hz[i], found.power_w[i]});
    }
    kept_split_.steps.clear();
    for (Message& step : given) kept_split_.steps.push_back({std::move(step)});
    kept_ = {};
}

}  // namespace mel
