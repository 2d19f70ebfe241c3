// Many learners whose best responses jump (on or off, few samples or many): no single price serves,
// but a mixture of the responses at two or three prices does, and with many learners such a mixture
// can be dealt out learner by learner.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "mel/among.hpp"
#include "passes/proof.hpp"
#include "passes/sweeps.hpp"
#include "prices/price_polygon.hpp"

namespace mel {

struct MixturePart {
    Prices prices;
    double weight;
};

// Real samples of a mixture, dealt out evenly, and their sums by chunk. `box` holds the learners at
// point.tau; point's prices are not looked at.
struct Dealt {
    std::span<double> samples;
    std::span<double> scratch;
    std::vector<double>& chunk_totals;
};
void deal(const Problem& problem, const Box& box, const PassPoint& point,
          std::span<const MixturePart> parts, Among among, Pool& pool, const Dealt& to);

class MixtureSearch {
  public:
    // `problem` is asked for what it says of all learners together, never for one of them.
    MixtureSearch(const Problem& problem, Pool& pool, Sweeps& sweeps)
        : problem_(problem), pool_(pool), sweeps_(sweeps), polygon_(problem) {}

    enum class Outcome { infeasible, mixture, open, stopped };
    // Cuts with real samples; stride > 1 looks at a sample of the learners, which proves nothing
    // but finds prices fast. `starts` are tried first. Looks for a mixture with a slack of `room`,
    // for as long as there may be one.
    struct Search {
        int max_passes;
        std::size_t stride;
        double room = 0;
    };
    Outcome run(double tau, const std::vector<Prices>& starts, const Search& search);

    // After `infeasible`: the prices that said so, and, of a pass over all learners, as a proof.
    Prices refuting() const { return refuting_; }
    const std::optional<ProvingPrices>& proof() const { return proof_; }

    const std::vector<MixturePart>& parts() const { return parts_; }
    double slack() const { return slack_; }  // of the mixture, in shares of D and the budgets

    long passes() const { return passes_; }

  private:
    bool mix();

    const Problem& problem_;
    Pool& pool_;
    Sweeps& sweeps_;
    PricePolygon polygon_;
    std::vector<Cut> cuts_;
    std::vector<Prices> at_;
    std::vector<MixturePart> parts_;
    double slack_ = 0;
    Prices refuting_;
    std::optional<ProvingPrices> proof_;
    long passes_ = 0;
};

}  // namespace mel
