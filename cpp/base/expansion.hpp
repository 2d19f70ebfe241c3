// Exact arithmetic on a few doubles, for what rounding must not decide.
#pragma once

#include <cmath>

namespace mel {

// A number as a sum of doubles that do not overlap, smallest first: products and sums are exact.
struct Expansion {
    double part[18];
    int count = 0;

    explicit Expansion(double x) : part{x}, count(x != 0) {}

    void push(double x) {
        if (x != 0) part[count++] = x;
    }

    void multiply(double by) {
        Expansion out(0);
        double high = 0;
        for (int i = 0; i < count; ++i) {
            const double product = part[i] * by;
            const double rest = std::fma(part[i], by, -product);
            const double sum = high + rest;
            const double virtual_rest = sum - high;
            out.push((high - (sum - virtual_rest)) + (rest - virtual_rest));
            const double top = product + sum;
            out.push(sum - (top - product));
            high = top;
        }
        out.push(high);
        *this = out;
    }

    void add(double x) {
        Expansion out(0);
        for (int i = 0; i < count; ++i) {
            const double sum = x + part[i];
            const double virtual_part = sum - x;
            out.push((x - (sum - virtual_part)) + (part[i] - virtual_part));
            x = sum;
        }
        out.push(x);
        *this = out;
    }

    // With a relative error below 2^-51; the sign is exact.
    double estimate() const {
        double sum = 0;
        for (int i = 0; i < count; ++i) sum += part[i];
        return sum;
    }
};

}  // namespace mel
