#pragma once

#include <utility>

#include "bindings.hpp"
#include "mel/leaf_parts.hpp"
#include "mel/result.hpp"

namespace mel_bindings {

// A result with its tree turned into columns, which is how Python reads it.
struct CoreResult {
    explicit CoreResult(mel::Result&& found) : result(std::move(found)) {}

    mel::Result result;
    mel::LeafParts parts;                 // of its one leaf
    py::object interrupted = py::none();  // the KeyboardInterrupt that ended it
};

}  // namespace mel_bindings
