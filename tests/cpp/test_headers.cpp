// Every public header in one translation unit, as a program that embeds the core may have them.
#include "check.hpp"
#include "mel/among.hpp"
#include "mel/batch.hpp"
#include "mel/buffer.hpp"
#include "mel/columns.hpp"
#include "mel/each.hpp"
#include "mel/energy.hpp"
#include "mel/instruction_set.hpp"
#include "mel/leaf_parts.hpp"
#include "mel/least.hpp"
#include "mel/need_order.hpp"
#include "mel/parts.hpp"
#include "mel/prices.hpp"
#include "mel/problem.hpp"
#include "mel/result.hpp"
#include "mel/selection.hpp"
#include "mel/settings.hpp"
#include "mel/shards.hpp"
#include "mel/solve.hpp"
#include "mel/usual_arithmetic.hpp"

TEST(public_headers_stand_beside_each_other) {
    const mel::MarginalValues per_unit{};
    const mel::Worth counted = mel::SelectionGoal{}.of;
    CHECK(per_unit.samples == 0 && counted == mel::Worth::samples);
}
