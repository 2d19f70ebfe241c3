#include "base/parallel.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "mel/usual_arithmetic.hpp"

namespace mel {
namespace {

constexpr auto long_between_looks = std::chrono::microseconds(200);

// A pause between two looks at what another thread is about to write.
void relax() {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

}  // namespace

Stop::Stop(double time_limit_s, std::function<bool()> poll)
    : Stop(time_limit_s, std::move(poll), Clock::now(), 1) {}

// A limit is looked at from the first check on: it may be over already.
Stop::Stop(double time_limit_s, std::function<bool()> poll, Clock::time_point begin, int patience)
    : begin_(begin),
      next_poll_(begin_ + std::chrono::milliseconds(10)),
      last_look_(begin_),
      time_limit_s_(time_limit_s),
      poll_(std::move(poll)),
      patience_(patience),
      checks_left_(time_limit_s < std::numeric_limits<double>::infinity() ? 1 : patience) {}

bool Stop::look() {
    checks_left_ = 1;
    if (requested()) return true;
    const Clock::time_point now = Clock::now();
    if (now - last_look_ < long_between_looks) checks_left_ = patience_;
    last_look_ = now;
    bool stop = std::chrono::duration<double>(now - begin_).count() >= time_limit_s_;
    if (poll_ && now >= next_poll_) {
        next_poll_ = now + std::chrono::milliseconds(10);
        stop = poll_() || stop;
        set_usual_arithmetic();  // the caller's code ran, and may have changed it
    }
    if (stop) requested_.store(true, std::memory_order_relaxed);
    return stop;
}

Pool::Pool(int threads, Stop& stop, InstructionSet set, Trust trust)
    : stop_(stop), set_(instruction_set_for(set)), trust_(trust) {
    if (threads <= 1) return;
    wake_.emplace();
    done_.emplace();
    if (static_cast<unsigned>(threads) <= std::thread::hardware_concurrency()) spins_ = 2000;
    // Where the system gives no more of them, a quarter goes again: what refused a thread, such as
    // memory, is what the work itself needs next.
    std::size_t wanted = static_cast<std::size_t>(threads) - 1;
    while (wanted > 0 && !workers_.hire(wanted, [this] { work(); }, Crew::Work::only_computes)) {
        wanted = workers_.size() - workers_.size() / 4;
        if (wanted == workers_.size()) return;
        dismiss();
    }
}

Pool::~Pool() {
    if (!workers_.empty()) dismiss();
}

void Pool::dismiss() {
    {
        const std::lock_guard lock(mutex_);
        leaving_ = true;
    }
    wake_->notify_all();
    workers_.join();
    leaving_ = false;
}

// Tasks are taken a few at a time, so that a thread that the machine holds up does not hold up the
// others; a worker that has not woken yet is not waited for.
void Pool::dispatch(std::size_t tasks, const Range& range) {
    if (workers_.empty()) {
        range(0, tasks, true);
        return;
    }
    {
        const std::lock_guard lock(mutex_);
        range_ = &range;
        tasks_ = tasks;
        grain_ = std::clamp<std::size_t>(tasks / (16 * (workers_.size() + 1)), 1, 64);
        next_ = 0;
        ++generation_;
    }
    wake_->notify_all();
    share(range, true);
    {
        const std::lock_guard lock(mutex_);
        range_ = nullptr;
    }
    for (int spin = 0; spin < spins_ && active_ != 0; ++spin) relax();
    std::unique_lock lock(mutex_);
    done_->wait(lock, [this] { return active_ == 0; });
    if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

void Pool::share(const Range& range, bool caller) {
    for (;;) {
        const std::size_t first = next_.fetch_add(grain_, std::memory_order_relaxed);
        if (first >= tasks_) return;
        try {
            range(first, std::min(first + grain_, tasks_), caller);
        } catch (...) {
            const std::lock_guard lock(mutex_);
            failure_ = std::current_exception();
            next_ = tasks_;
        }
    }
}

void Pool::work() {
    std::size_t seen = 0;
    for (;;) {
        for (int spin = 0; spin < spins_ && generation_ == seen && !leaving_; ++spin) relax();
        std::unique_lock lock(mutex_);
        wake_->wait(lock, [&] { return leaving_ || generation_ != seen; });
        if (leaving_) return;
        seen = generation_;
        if (!range_) continue;
        const Range& range = *range_;
        ++active_;
        lock.unlock();
        share(range, false);
        lock.lock();
        if (--active_ == 0) done_->notify_one();
    }
}

}  // namespace mel
