// Vectors that ask for large pages where they are long: touching a column first costs half its pass
// otherwise. And one that does not write zeros over memory that is about to be filled.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace mel {

// Memory for `bytes`; from a few megabytes on in large pages, where the system has them to give.
void* column_memory(std::size_t bytes);
void release_column(void* memory, std::size_t bytes);

// So many numbers, unset, that copies of a problem share.
std::shared_ptr<double[]> shared_column(std::size_t count);

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

template <class T>
struct LeaveUnset : InLargePages<T> {
    template <class U>
    struct rebind {
        using other = LeaveUnset<U>;
    };
    using InLargePages<T>::InLargePages;

    template <class U>
    void construct(U* at) noexcept {
        ::new (static_cast<void*>(at)) U;
    }
    template <class U, class... Args>
    void construct(U* at, Args&&... args) {
        ::new (static_cast<void*>(at)) U(std::forward<Args>(args)...);
    }
};

template <class T>
using Buffer = std::vector<T, LeaveUnset<T>>;

}  // namespace mel
