// Many rows, whatever a row is solved by.
#pragma once

#include <functional>
#include <vector>

#include "mel/batch.hpp"
#include "solve/solver.hpp"

namespace mel {

// As solve_in(); writes what parts of samples count for in the only leaf of its tree, where they
// do.
using SolveRow = std::function<Result(const Problem&, const Settings&, Stop::Clock::time_point,
                                      Workspace&, LeafParts&)>;

BatchResult solve_many_by(const SolveRow& solve_row, const BatchColumns& columns,
                          const BatchSettings& settings, const BatchOutputs& out);
BatchResult solve_many_by(const SolveRow& solve_row, const std::vector<const Problem*>& problems,
                          const BatchSettings& settings, const BatchOutputs& out);

}  // namespace mel
