// Many learners whose best responses jump (on or off, few samples or many): no single price serves,
// but a mixture of the responses at two or three prices does, and with many learners such a mixture
// can be dealt out learner by learner.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "passes/proof.hpp"
#include "passes/real_pass.hpp"
#include "prices/price_polygon.hpp"

namespace mel {

class MixtureSearch {
  public:
    MixtureSearch(const Problem& problem, Pool& pool, Boxes& boxes)
        : problem_(problem), pool_(pool), boxes_(boxes), polygon_(problem) {}

    enum class Outcome { infeasible, mixture, open, stopped };
    // Cuts with real samples; stride > 1 looks at a sample of the learners, which proves nothing
    // but finds prices fast. `starts` are tried first. Looks for a mixture with a slack of `room`,
    // for as long as there may be one.
    Outcome run(double tau, const std::vector<Prices>& starts, int max_passes, std::size_t stride,
                double room = 0);

    // After `infeasible`: the prices that said so, and, of a pass over all learners, as a proof.
    Prices refuting() const { return refuting_; }
    const std::optional<ProvingPrices>& proof() const { return proof_; }

    struct Part {
        Prices prices;
        double weight;
    };
    const std::vector<Part>& parts() const { return parts_; }
    double slack() const { return slack_; }  // of the mixture, in shares of D and the budgets

    // Real samples of the mixture, dealt out evenly, and their sums by chunk.
    void deal(double tau, std::span<double> samples, std::span<double> scratch,
              std::vector<double>& chunk_totals);

    long passes() const { return passes_; }

  private:
    bool mix();
    std::size_t part_of(std::size_t turn) const;
    void deal_groups(double tau, std::span<double> samples, std::vector<double>& chunk_totals);

    const Problem& problem_;
    Pool& pool_;
    Boxes& boxes_;
    PricePolygon polygon_;
    std::vector<PassSums> chunks_;
    std::vector<Cut> cuts_;
    std::vector<Prices> at_;
    std::vector<Part> parts_;
    double slack_ = 0;
    Prices refuting_;
    std::optional<ProvingPrices> proof_;
    long passes_ = 0;
};

}  // namespace mel
