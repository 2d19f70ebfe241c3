#include "base/threads.hpp"

#include <sys/resource.h>

#include <cstdlib>
#include <memory>
#include <new>
#include <system_error>

#include "mel/usual_arithmetic.hpp"

namespace mel {
namespace {

constexpr std::size_t bytes_to_throw = std::size_t{1} << 15;  // far more than it takes

bool is_limited(int what) {
    rlimit limit{};
    return getrlimit(static_cast<decltype(RLIMIT_AS)>(what), &limit) == 0 &&
           limit.rlim_cur != RLIM_INFINITY;
}

bool memory_is_limited() { return is_limited(RLIMIT_AS) || is_limited(RLIMIT_DATA); }

// The first exception of a thread takes memory for what the C++ library keeps of each, and where
// there is none the process ends. So it is thrown at once, where there surely is some.
bool can_throw() {
    void* volatile room = std::malloc(bytes_to_throw);
    if (room == nullptr) return false;
    std::free(room);
    try {
        throw 0;
    } catch (int) {
    }
    return true;
}

// Where memory is limited nobody works, and takes what is left, before all have begun.
struct Gate {
    void pass() { opened.wait(false); }
    void open() {
        opened = true;
        opened.notify_all();
    }

    std::atomic<bool> opened{false};
    std::atomic<bool> refused{false};  // a thread cannot begin
};

}  // namespace

bool Crew::hire(std::size_t count, const std::function<void()>& work, Work kind) {
    const bool limited = kind == Work::allocates && memory_is_limited();
    std::shared_ptr<Gate> gate;
    bool complete = true;
    try {
        gate = std::make_shared<Gate>();
        threads_.reserve(count);
        while (complete && threads_.size() < count) {
            threads_.emplace_back([this, work, limited, gate] {
                const bool able = !limited || can_throw();
                if (!able) gate->refused = true;
                begun_.fetch_add(1);
                if (!able) return;
                if (limited) gate->pass();
                const UsualArithmetic usual;
                work();
            });
            while (limited && begun_ != threads_.size()) std::this_thread::yield();
            complete = !gate->refused;
        }
    } catch (const std::system_error&) {
        complete = false;
    } catch (const std::bad_alloc&) {
        complete = false;
    }
    if (gate && gate->refused) {
        threads_.back().join();
        threads_.pop_back();
        begun_.fetch_sub(1);
    }
    if (gate) gate->open();
    return complete;
}

void Crew::join() {
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
    begun_ = 0;
}

}  // namespace mel
