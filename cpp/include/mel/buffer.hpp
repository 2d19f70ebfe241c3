// A vector that does not write zeros over memory that is about to be filled.
#pragma once

#include <memory>
#include <utility>
#include <vector>

namespace mel {

template <class T>
struct LeaveUnset : std::allocator<T> {
    template <class U>
    struct rebind {
        using other = LeaveUnset<U>;
    };
    using std::allocator<T>::allocator;

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
