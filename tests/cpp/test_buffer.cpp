// Columns: memory that was released is what the next of its length gets.
#include <cstddef>
#include <vector>

#include "check.hpp"
#include "mel/buffer.hpp"

namespace {

constexpr std::size_t mega = std::size_t{1} << 20;

}  // namespace

// Pages that go back to the system come again one by one, each filled with zeros: a tenth to a
// quarter of the time of questions about 100,000 learners.
TEST(a_released_column_is_used_again) {
    for (const std::size_t bytes : {mega, 5 * mega}) {
        void* first = mel::column_memory(bytes);
        mel::release_column(first, bytes);
        void* other = mel::column_memory(3 * bytes);
        CHECK(other != first);
        void* again = mel::column_memory(bytes - 64);  // of about the same length
        CHECK(again == first || check::sanitized);     // with them nothing is kept
        mel::release_column(again, bytes - 64);
        mel::release_column(other, 3 * bytes);
    }
}

TEST(columns_that_are_in_use_are_no_others) {
    std::vector<void*> held;
    for (int i = 0; i < 100; ++i) held.push_back(mel::column_memory(mega));
    for (std::size_t i = 0; i < held.size(); ++i) {
        *static_cast<std::size_t*>(held[i]) = i;
    }
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < held.size(); ++i) {
        wrong += *static_cast<std::size_t*>(held[i]) == i ? 0 : 1;
    }
    CHECK(wrong == 0, wrong);
    for (void* memory : held) mel::release_column(memory, mega);
    // More than are kept: the oldest went back, and all of them are whole.
    for (void*& memory : held) memory = mel::column_memory(mega);
    for (std::size_t i = 0; i < held.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) wrong += held[i] == held[j] ? 1 : 0;
    }
    CHECK(wrong == 0, wrong);
    for (void* memory : held) mel::release_column(memory, mega);
}
