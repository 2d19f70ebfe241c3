// The bound on the samples that fit near a pair of prices, as learners' near answers make it:
// exact within the radius they were gathered for, and looked at without any learner again.
#pragma once

#include <cmath>
#include <cstdint>

#include "blocks/block_answers.hpp"
#include "blocks/block_prices.hpp"
#include "prices/polygon.hpp"

namespace mel {

class BlockDual {
  public:
    // Of a table at these prices, with so much of the resource and what there is of the other.
    BlockDual(const Problem& problem, Resource resource, const BlockPoint& point,
              const BlockTable& table, Stop& stop);

    struct Place {
        double band = 0, watt = 0;  // relative changes of the prices
        double amount = 0;          // change of seconds, blocks or watts,
        double slope = 0;           // and what more of it adds to the bound there
    };
    struct Within {
        double radius;  // of the prices' changes
        double amount;  // of that of the amount
    };
    // The prices that rule out most, and how much.
    Place best(Within within) const;

    // What an answer is worth there.
    double value(const BlockAnswer& answer, const Place& at) const {
        return answer.value - block_price_ * answer.blocks * at.band -
               prices_.mu * answer.power_w * at.watt + answer.by_second * seconds(at);
    }

    // By how much their difference changes with relative changes of the prices.
    double swing(const BlockAnswer& a, const BlockAnswer& b) const {
        return block_price_ * std::fabs(a.blocks - b.blocks) +
               prices_.mu * std::fabs(a.power_w - b.power_w);
    }

  private:
    double seconds(const Place& at) const { return resource_ == Resource::cycle ? at.amount : 0; }

    struct Value {
        double value = 0, by_band = 0, by_watt = 0, by_amount = 0;
    };
    struct Open {
        std::vector<BlockTable::Choice> choices;
        Value rest;
    };
    struct Best {
        std::uint32_t answer;
        double worth;
    };
    Best best_of(const BlockTable::Choice& choice, const Place& place) const;
    Value rest_at(double amount) const;
    Value at(const Open& open, const Place& place) const;
    void fold(Open& open, const Polygon& polygon, double amount) const;
    Value least(Place& place, double radius) const;
    Value of(const BlockAnswer& answer, double seconds) const;

    const BlockTable& table_;
    Stop& stop_;  // a place cut short is a worse guide, no worse
    Resource resource_;
    Prices prices_;
    double block_price_;
    double samples_;
    double blocks_, power_w_;
    Value fixed_;  // of all who have one answer alone
};

}  // namespace mel
