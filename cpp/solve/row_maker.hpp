// The problem of a row of a batch's columns.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <vector>

#include "base/rounding.hpp"
#include "mel/batch.hpp"

namespace mel {

// Makes the problem of a row, in memory that one thread uses again for its next row.
class RowMaker {
  public:
    RowMaker(const RowMaker&) = delete;
    RowMaker& operator=(const RowMaker&) = delete;
    explicit RowMaker(const BatchColumns& columns) : columns_(columns) {
        statement_.law = columns_.law;
        statement_.idle = columns_.idle;
        statement_.energy_sends = columns_.energy_sends;
        if (columns_.rows == 0) return;
        for (std::size_t i = 0; i < std::size(strided_columns); ++i) {
            const StridedColumn& column = columns_.*strided_columns[i];
            if (!column) continue;
            state(i, 0);
            Amount ProblemStatement::* const amount = learner_columns()[i].amount;
            if (column.row == 0) {
                shared_.push_back(i);
            } else if (amount && column.learner == 0) {
                amounts_.push_back({&(statement_.*amount).value, &column});
            } else {
                differing_.push_back(i);
            }
        }
    }

    const Problem& operator()(std::size_t row) {
        ProblemStatement& s = statement_;
        s.samples = whole_samples(columns_.samples.at(row));
        s.bandwidth_hz = columns_.bandwidth_hz.at(row);
        s.power_w = columns_.power_w.at(row);
        s.noise = columns_.noise.at(row);
        s.cycle_s = columns_.cycle_s.at(row);
        for (const auto& [value, column] : amounts_) *value = column->at(row);
        for (const std::size_t i : differing_) state(i, row);
        if (columns_.block_hz) s.block_hz = width(columns_.block_hz.at(row));
        problem_.emplace(s);
        if (s.accepted == 0) accept_shared();
        return *problem_;
    }

  private:
    // What all rows share was looked at with the first row whose numbers do.
    void accept_shared() {
        for (const std::size_t i : shared_) statement_.accepted |= std::uint32_t{1} << i;
    }
    static std::int64_t whole_samples(double samples) {
        if (!(samples >= 1 && samples <= largest_count && samples == std::floor(samples))) {
            std::ostringstream text;
            text.precision(17);
            text << "samples = " << samples << ": must be an integer in [1, 2^53]";
            throw std::invalid_argument(text.str());
        }
        return static_cast<std::int64_t>(samples);
    }

    // A block of no width is not "no blocks", which a statement's zero means.
    static double width(double block_hz) {
        return block_hz == 0 ? std::numeric_limits<double>::quiet_NaN() : block_hz;
    }

    // What row `row` says in column i.
    void state(std::size_t i, std::size_t row) {
        const StridedColumn& column = columns_.*strided_columns[i];
        const LearnerColumn& line = learner_columns()[i];
        if (line.amount && column.learner == 0) {
            statement_.*line.amount = column.at(row);
        } else {
            line.put(learners(column, row, gathered_[i]), statement_);
        }
    }

    std::span<const double> learners(const StridedColumn& column, std::size_t row,
                                     std::vector<double>& gathered) const {
        const double* first = column.data + static_cast<std::ptrdiff_t>(row) * column.row;
        if (column.learner == 1) return {first, columns_.learners};
        gathered.resize(columns_.learners);
        for (std::size_t k = 0; k < columns_.learners; ++k) {
            gathered[k] = first[static_cast<std::ptrdiff_t>(k) * column.learner];
        }
        return gathered;
    }

    const BatchColumns& columns_;
    std::vector<double> gathered_[std::size(strided_columns)];
    std::vector<std::size_t> differing_;  // columns of which rows have their own numbers,
    std::vector<std::size_t> shared_;     // and the others
    struct OfRow {
        double* value;  // in the statement
        const StridedColumn* column;
    };
    std::vector<OfRow> amounts_;  // of which each row has one
    ProblemStatement statement_;
    std::optional<Problem> problem_;
};

}  // namespace mel
