#pragma once

#include <cstdint>
#include <vector>

#include "mel/solve.hpp"

namespace mel_bindings {

// A result with its tree turned into columns, which is how Python reads it.
struct CoreResult {
    explicit CoreResult(mel::Result&& found) : result(std::move(found)) {}

    mel::Result result;
    bool interrupted = false;
};

}  // namespace mel_bindings
