// Bytes -> a problem -> solve within small limits -> what must hold of every answer.
#include <cstdio>
#include <cstdlib>
#include <string>

#include "../cpp/brute.hpp"

namespace {

class Bytes {
  public:
    Bytes(const std::uint8_t* data, std::size_t size) : data_(data), end_(data + size) {}
    unsigned byte() { return data_ < end_ ? *data_++ : 0; }
    // Ten to a power in [low, high].
    double magnitude(double low, double high) {
        const double part = (256 * byte() + byte()) / 65535.0;
        return std::pow(10.0, low + (high - low) * part);
    }

  private:
    const std::uint8_t* data_;
    const std::uint8_t* end_;
};

void require(bool holds, const std::string& what) {
    if (holds) return;
    std::fprintf(stderr, "broken: %s\n", what.c_str());
    std::abort();
}

void examine(const mel::ProblemStatement& s, mel::Scheme scheme, const mel::Result& r) {
    using mel::Status;
    require(r.tau >= 0 && r.tau <= r.bound, "tau <= bound");
    require((r.tau > 0) == !r.samples.empty(), "a plan where there is a tau, and only there");
    require((r.status == Status::optimal) == (r.tau == r.bound && r.tau > 0), "optimal");
    require((r.status == Status::infeasible) == (r.bound == 0), "infeasible");
    require(r.status != Status::feasible || r.stopped, "feasible only after a stop");
    if (r.tau > 0) require(brute::violation(s, r).empty(), brute::violation(s, r));
    long leaves = 0;
    for (const mel::TreeNode& node : r.tree) {
        leaves += node.learner < 0 ? 1 : -1;
        require(node.prices.lambda >= 0 && node.prices.mu >= 0, "prices");
    }
    require(leaves == (scheme == mel::Scheme::task_only ? 0 : 1), "a whole tree");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Bytes in(data, size);
    instances::Instance it;
    mel::ProblemStatement& s = it.statement;
    const unsigned kind = in.byte();
    s.law = kind & 1 ? mel::LinkLaw::fixed : mel::LinkLaw::density;
    s.idle = kind & 2 ? mel::Idle::excused : mel::Idle::served;
    const double wild = kind & 4 ? 50 : 0;  // decades beyond those of a cell
    const auto scheme = static_cast<mel::Scheme>(in.byte() % 3);
    const std::size_t learners = 1 + in.byte() % 12;
    s.samples = static_cast<std::int64_t>(in.magnitude(0, kind & 8 ? 15 : 4));
    const double sample = std::floor(in.magnitude(-1, 6));
    const double grown = kind & 16 ? std::floor(in.magnitude(-1, 6)) : 0;
    const double model = std::floor(in.magnitude(-1, kind & 32 ? 15 : 8));
    s.send_bits = s.return_bits = model;
    s.send_bits_per_sample = sample + grown;
    s.return_bits_per_sample = grown;
    s.flops_per_sample = in.magnitude(3, 9);
    s.bandwidth_hz = in.magnitude(3 - wild, 9 + wild);
    s.power_w = in.magnitude(-4 - wild, 2 + wild);
    s.noise = in.magnitude(-21 - 0.7 * wild, -9 + wild);
    s.cycle_s = in.magnitude(-2 - wild, 4 + wild);
    for (std::size_t k = 0; k < learners; ++k) {
        const bool twin = k > 0 && in.byte() % 4 == 0;
        it.flops.push_back(twin ? it.flops[k - 1] : in.magnitude(6, 12));
        it.gain.push_back(twin ? it.gain[k - 1] : in.magnitude(-14 - 0.9 * wild, -4 + wild));
        it.band.push_back(twin ? it.band[k - 1] : in.magnitude(3, 8));
        it.power.push_back(twin ? it.power[k - 1] : in.magnitude(-4, 1));
    }
    try {
        const mel::ProblemStatement stated = it.stated();
        const mel::Problem problem(stated);
        mel::Settings settings;
        settings.scheme = scheme;
        settings.time_limit_s = 0.5;
        settings.work_limit = 2e4;
        examine(stated, scheme, mel::solve(problem, settings));
    } catch (const std::invalid_argument&) {
        // Refused at the border.
    }
    return 0;
}
