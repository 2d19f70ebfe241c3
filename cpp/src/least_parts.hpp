// What the questions for the least of a resource share.
#pragma once

#include "mel/least.hpp"

namespace mel {

double amount_of(const Problem& problem, Resource resource);
Problem with_amount(const Problem& problem, Resource resource, double amount);

// settle() with whole blocks.
Settled settle_blocks(const Problem& problem, double tau, const double* samples, Resource resource,
                      double ratio, Pool& pool);

}  // namespace mel
