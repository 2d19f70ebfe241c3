// A number a learner. In large pages where they are many: there, memory that nobody has touched
// takes as long as a look at all learners.
#pragma once

#include <vector>

#include "mel/buffer.hpp"

namespace mel {

template <class T>
struct InLargePages : std::allocator<T> {
    template <class U>
    struct rebind {
        using other = InLargePages<U>;
    };
    using std::allocator<T>::allocator;

    T* allocate(std::size_t count) { return static_cast<T*>(column_memory(count * sizeof(T))); }
    void deallocate(T* memory, std::size_t count) { release_column(memory, count * sizeof(T)); }
};

using Numbers = std::vector<double, InLargePages<double>>;

}  // namespace mel
