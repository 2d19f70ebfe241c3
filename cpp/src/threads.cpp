#include "mel/threads.hpp"

#include <sys/resource.h>

#include <memory>
#include <new>
#include <system_error>

#include "mel/usual_arithmetic.hpp"

namespace mel {
namespace {

constexpr std::size_t bytes_to_begin = std::size_t{1}
                                       << 18;  // far more than a thread takes at once

bool is_limited(int what) {
    rlimit limit{};
    return getrlimit(static_cast<decltype(RLIMIT_AS)>(what), &limit) == 0 &&
           limit.rlim_cur != RLIM_INFINITY;
}

bool memory_is_limited() { return is_limited(RLIMIT_AS) || is_limited(RLIMIT_DATA); }

bool has_room() {
    const std::unique_ptr<char[]> room(new (std::nothrow) char[bytes_to_begin]);
    return room != nullptr;
}

void throw_once() {
    try {
        throw 0;
    } catch (int) {
    }
}

}  // namespace

// The first exception of a thread takes memory for what the C++ library keeps of each, and where
// there is none the process ends. So it is taken at once, and waited for where memory is limited,
// before anything else takes it.
bool Crew::hire(std::size_t count, const std::function<void()>& work, Work kind) {
    const bool limited = kind == Work::allocates && memory_is_limited();
    try {
        threads_.reserve(count);
        while (threads_.size() < count) {
            if (limited && !has_room()) return false;
            threads_.emplace_back([this, work, limited] {
                if (limited) throw_once();
                begun_.fetch_add(1);
                const UsualArithmetic usual;
                work();
            });
            while (limited && begun_ != threads_.size()) std::this_thread::yield();
        }
    } catch (const std::system_error&) {
        return false;
    } catch (const std::bad_alloc&) {
        return false;
    }
    return true;
}

void Crew::join() {
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
    begun_ = 0;
}

}  // namespace mel
