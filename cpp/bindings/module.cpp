#include "bindings.hpp"

PYBIND11_MODULE(_core, module) {
    module.doc() = "The compiled core. Use the public names of mel_fast instead.";
    module.attr("__version__") = MEL_VERSION;
    mel_bindings::bind_problem(module);
    mel_bindings::bind_result(module);
    mel_bindings::bind_solve(module);
    mel_bindings::bind_least(module);
    mel_bindings::bind_energy(module);
    mel_bindings::bind_selection(module);
    mel_bindings::bind_shards(module);
    mel_bindings::bind_evaluate(module);
    mel_bindings::bind_batch(module);
    mel_bindings::bind_build(module);
}
