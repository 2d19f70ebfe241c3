#include "shards/desk.hpp"

#include <algorithm>

#include "base/infinity.hpp"
#include "base/nodes.hpp"
#include "model/computing.hpp"
#include "tree/takers.hpp"

namespace mel {
namespace {

[[noreturn]] void refuse_step() { throw std::invalid_argument("no step of a shard's split"); }

void need(bool given) {
    if (!given) refuse_step();
}

Step kind_of(const Message& step) {
    need(!step.empty() && step[0] >= 0 && step[0] < static_cast<double>(Step::count));
    return static_cast<Step>(static_cast<int>(step[0]));
}

}  // namespace

Shard::Desk::Desk(const Problem& problem, const Among& among, int threads)
    : problem_(problem),
      among_(among),
      stop_(infinity, {}),
      pool_(useful_threads(problem.size(), threads), stop_),
      boxes_(problem_, pool_, scheme_box(problem_, Scheme::joint)),
      sweeps_(problem_, pool_, boxes_),
      fills_(problem_, pool_),
      whole_samples_(problem_, pool_) {
    if (among.first % chunk_size != 0 || among.first + problem.size() > among.learners) {
        throw std::invalid_argument("first = " + std::to_string(among.first) +
                                    ": a shard begins with a chunk, and ends within the learners");
    }
}

template <class Sums>
Message Shard::Desk::nodes(std::vector<Sums> chunks) const {
    Message m;
    for_each_node(first_chunk(), chunks.size(), [&](std::size_t first, std::size_t width) {
        append(m, reduce_tree(std::span<Sums>(chunks).subspan(first - first_chunk(), width)));
    });
    return m;
}

Message Shard::Desk::answer(const Question& q) {
    if (q.ask >= Ask::reals) {
        need(!q.steps.empty());
        follow(q.steps);
        const Step first = kind_of(q.steps.front());
        need(q.ask == Ask::plan || (first != Step::given && first != Step::fill));
    }
    const double tau = q.point.tau;
    const TimedSplit split{tau, q.point.cycle_s, real_};
    switch (q.ask) {
        case Ask::facts:
            return facts();
        case Ask::real:
            real_chunks(problem_, boxes_.real(tau), q.point, pool_, pass_chunks_);
            return nodes(pass_chunks_);
        case Ask::impossible_cycle:
            return {sweeps_.impossible_cycle(tau)};
        case Ask::capacity:
            capacity_chunks(problem_, boxes_.whole(tau), tau, pool_, split_chunks_);
            return nodes(split_chunks_);
        case Ask::whole:
            scratch_.resize(problem_.size());
            exact_chunks(problem_, boxes_.whole(tau), q.point, pool_, split_chunks_, {scratch_});
            return nodes(split_chunks_);
        case Ask::takers: {
            const Box box = boxes_.real(tau);
            const std::vector<std::size_t> found = takers(problem_, box, q.point, pool_);
            Message m(found.begin(), found.end());
            for (const std::size_t k : found) m.push_back(box.low(k) > 0);
            return m;
        }
        case Ask::unsent:
            return unsent(tau);
        case Ask::reals:
            return totals_;
        case Ask::clamped: {
            Message m{moved_ ? 1.0 : 0.0};
            const auto free = whole_samples_.in_between(), stay = whole_samples_.at_bounds();
            m.insert(m.end(), free.begin(), free.end());
            m.insert(m.end(), stay.begin(), stay.end());
            return m;
        }
        case Ask::total: {
            Message m;
            append(m, total_);
            return m;
        }
        case Ask::every: {
            Message m;
            need(q.scale[0] >= 1 && q.scale[0] <= largest_count);
            need(q.scale[1] >= 1 && q.scale[1] <= static_cast<double>(chunk_size));
            const auto step = static_cast<std::size_t>(q.scale[0]);
            const auto run = static_cast<std::size_t>(q.scale[1]);
            const std::size_t first = among_.first, last = first + problem_.size();
            for (std::size_t r = (first / run + step - 1) / step * step; r * run < last;
                 r += step) {
                const std::size_t end = std::min((r + 1) * run, last);
                for (std::size_t k = std::max(r * run, first); k < end; ++k) {
                    m.push_back(real_[k - first]);
                }
            }
            return m;
        }
        case Ask::outside:
            return {outside(tau)};
        case Ask::least_cycle:
            return {fills_.least_cycle(split)};
        case Ask::fill:
            return nodes(fills_.fill_chunks(split, q.point.prices.mu, 1, q.roots));
        case Ask::allocate:
        case Ask::plan:
            return plan(q);
        case Ask::count:
            break;
    }
    throw std::invalid_argument("no question to a shard");
}

Message Shard::Desk::facts() const {
    const Problem::Elsewhere extremes = problem_.extremes();
    Facts facts;
    const LearnerLimits* limits = problem_.limits();
    facts.limited = limits != nullptr;
    facts.capped = limits && limits->caps();
    facts.largest_tau = infinity;
    if (limits) {
        const Box box = boxes_.root();
        for (std::size_t k = 0; k < problem_.size(); ++k) {
            if (box.low(k) > box.high(k)) facts.contradicts = 1;
            facts.least.add(box.low(k));
            facts.most.add(box.high(k));
        }
        facts.largest_tau = boxes_.largest_tau();
    }
    facts.fastest_compute_s = extremes.fastest_compute_s;
    facts.fastest_flops_per_s = extremes.fastest_flops_per_s;
    facts.fewest_bits_sent = extremes.fewest_bits_sent;
    facts.slowest_return = static_cast<double>(among_.first + extremes.slowest_return);
    facts.slowest_s = extremes.slowest_s;
    facts.conceivable_tau = static_cast<double>(largest_conceivable_tau(problem_, among_.learners));
    Message m;
    append(m, facts);
    return m;
}

// Where the steps go on from those taken last, only what is new is done.
void Shard::Desk::follow(const std::vector<Message>& steps) {
    std::size_t same = 0;
    while (same < taken_.size() && same < steps.size() && taken_[same] == steps[same]) ++same;
    if (same < taken_.size()) {
        taken_.clear();
        same = 0;
    }
    try {
        for (; same < steps.size(); ++same) {
            take(steps[same]);
            taken_.push_back(steps[same]);
        }
    } catch (...) {
        taken_.clear();  // half a step is none
        throw;
    }
}

void Shard::Desk::take(const Message& step) {
    const std::size_t size = problem_.size();
    const Step kind = kind_of(step);
    const bool drawn = kind == Step::draw || kind == Step::deal;
    const bool begins = drawn || kind == Step::given || kind == Step::fill;
    need(begins == taken_.empty());
    if (begins) real_.resize(size);
    need(kind == Step::given || step.size() >= (drawn ? 5 : 3));
    const double tau = step.size() > 1 ? step[1] : 0;
    switch (kind) {
        case Step::draw:
            real_samples(problem_, boxes_.real(tau), {tau, step[2], {step[3], step[4]}}, pool_,
                         real_, totals_);
            whole_samples_.begin(totals_);
            return;
        case Step::deal: {
            std::vector<MixturePart> parts;
            need(step.size() % 3 == 0 && step.size() >= 6);
            for (std::size_t i = 3; i < step.size(); i += 3) {
                parts.push_back({{step[i], step[i + 1]}, step[i + 2]});
            }
            scratch_.resize(size);
            deal(problem_, boxes_.real(tau), {tau, step[2], {}}, parts, among_, pool_,
                 {real_, scratch_, totals_});
            whole_samples_.begin(totals_);
            return;
        }
        case Step::clamp:
            moved_ = whole_samples_.clamp(boxes_.sure(tau), step[2], real_);
            return;
        case Step::carry: {
            const std::size_t chunks = chunk_count(size);
            need(step.size() == 5 + 2 * chunks);
            const auto starts = step.begin() + 5;
            const auto wholes = starts + static_cast<std::ptrdiff_t>(chunks);
            const CarryPlan plan{step[4], {starts, wholes}, {wholes, step.end()}};
            total_ =
                whole_samples_.carry_by(boxes_.sure(tau), {tau, step[2], step[3]}, plan, real_);
            return;
        }
        case Step::move:
            need(step.size() % 2 == 1);
            for (std::size_t i = 1; i < step.size(); i += 2) {
                need(step[i] >= 0 && step[i] < static_cast<double>(size));
                real_[static_cast<std::size_t>(step[i])] = step[i + 1];
            }
            return;
        case Step::fill:
            return fill_up({.tau = tau, .samples = step[2]});
        case Step::given:
            need(step.size() % 4 == 1);
            return;  // plan() reads it
        case Step::count:
            break;
    }
    refuse_step();
}

double Shard::Desk::outside(double tau) {
    const Box box = boxes_.sure(tau);
    double count = 0;
    for (std::size_t k = 0; k < problem_.size(); ++k) {
        count += !(real_[k] >= box.low(k) && real_[k] <= box.high(k));
    }
    return count;
}

Message Shard::Desk::unsent(double tau) {
    const Box box = boxes_.sure(tau);
    const double samples = problem_.samples_real();
    Unsent sums;
    for (std::size_t k = 0; k < problem_.size(); ++k) {
        const double low = box.low(k);
        const double high = std::min(box.high(k), low + samples);
        const double most = most_unsent(problem_, k, {.tau = tau, .samples = high});
        sums.least = std::min(sums.least + low, largest_count);
        sums.too_few += most < low;
        sums.room = std::min(sums.room + std::max(most - low, 0.0), samples);
    }
    Message m;
    append(m, sums);
    return m;
}

// As Solver does it with all learners: from the first to the last, up to what fits.
void Shard::Desk::fill_up(Workload most) {
    const Box box = boxes_.sure(most.tau);
    double left = most.samples;
    for (std::size_t k = 0; k < problem_.size(); ++k) {
        const double low = box.low(k);
        const double high = std::min(box.high(k), low + left);
        real_[k] = most_unsent(problem_, k, {.tau = most.tau, .samples = high});
        left -= real_[k] - low;
    }
}

// The sums of an allocation, or the columns themselves.
Message Shard::Desk::plan(const Question& q) {
    const std::size_t size = problem_.size();
    Message m(q.ask == Ask::plan ? 3 * size : 0);
    const Message& begin = q.steps.front();
    if (kind_of(begin) == Step::given) {
        for (std::size_t i = 1; i < begin.size(); i += 4) {
            need(begin[i] >= 0 && begin[i] < static_cast<double>(size));
            const auto k = static_cast<std::size_t>(begin[i]);
            for (std::size_t column = 0; column < 3; ++column) {
                m[column * size + k] = begin[i + 1 + column];
            }
        }
        return m;
    }
    if (kind_of(begin) == Step::fill) {
        std::copy(real_.begin(), real_.end(), m.begin());
        return m;
    }
    scratch_.resize(2 * size);
    const std::span<double> columns =
        q.ask == Ask::plan ? std::span<double>(m).subspan(size) : std::span<double>(scratch_);
    const AllocationScale scale{q.scale[0], q.scale[1], q.scale[2]};
    const auto& chunks = fills_.allocate_chunks(
        {q.point.tau, problem_.cycle_s(), real_}, {q.point.cycle_s, q.point.prices.mu}, scale,
        {columns.first(size), columns.subspan(size)}, q.roots);
    if (q.ask == Ask::allocate) return nodes(chunks);
    std::copy(real_.begin(), real_.end(), m.begin());
    return m;
}

Shard::Shard(const Problem& problem, const Among& among, int threads)
    : desk_(std::make_unique<Desk>(problem, among, threads)) {}
Shard::~Shard() = default;

Message Shard::answer(std::span<const double> question) {
    return desk_->answer(read_question(question));
}

}  // namespace mel
