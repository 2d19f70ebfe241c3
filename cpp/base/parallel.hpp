// A pool of threads that lives as long as one solve: no globals, so it is safe after fork and in
// any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>

#include "base/threads.hpp"
#include "mel/instruction_set.hpp"
#include "mel/settings.hpp"

namespace mel {

// Says when to give up: a time limit, or a poll of the caller's (signals, a callback), asked at
// most every 10 ms and only on the thread that called solve. Once it has said stop it stays so, and
// sums of the pass under way are void.
class Stop {
  public:
    using Clock = std::chrono::steady_clock;

    Stop(double time_limit_s, std::function<bool()> poll);
    // The same since `begin`, where little happens between two checks: the clock is looked at every
    // so many of them at the most, and at all of them where they turn out to be far apart.
    Stop(double time_limit_s, std::function<bool()> poll, Clock::time_point begin, int patience);

    bool requested() const { return requested_.load(std::memory_order_relaxed); }
    // On the calling thread.
    bool check() { return --checks_left_ > 0 ? requested() : look(); }
    void request() { requested_.store(true, std::memory_order_relaxed); }
    double elapsed_s() const {
        return std::chrono::duration<double>(Clock::now() - begin_).count();
    }

  private:
    bool look();

    Clock::time_point begin_;
    Clock::time_point next_poll_;
    Clock::time_point last_look_;
    double time_limit_s_;
    std::function<bool()> poll_;
    int patience_;
    int checks_left_;
    std::atomic<bool> requested_{false};
};

// What a solve runs on: threads, an instruction set, and when to stop. It has as many
// threads as the system gives of those asked for; no result depends on their number.
class Pool {
  public:
    Pool(int threads, Stop& stop, InstructionSet set = InstructionSet::automatic,
         Trust trust = Trust::proved);
    ~Pool();
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;

    int threads() const { return static_cast<int>(workers_.size()) + 1; }

    // Calls task(i) for every i in [0, tasks), in any order and on any thread; returns when all are
    // done, and then throws what one of them threw.
    template <class Task>
    void run(std::size_t tasks, Task&& task) {
        if (tasks < 8) {
            for (std::size_t at = 0; at < tasks; ++at) task(at);
            return;
        }
        dispatch(tasks, [&task, this](std::size_t first, std::size_t last, bool caller) {
            for (std::size_t at = first; at < last && !stop_.requested(); ++at) {
                task(at);
                if (caller && at % 4 == 3) stop_.check();
            }
        });
    }

    Stop& stop() { return stop_; }
    InstructionSet instruction_set() const { return set_; }
    Trust trust() const { return trust_; }
    bool tentative() const { return trust_ == Trust::tentative; }

  private:
    using Range = std::function<void(std::size_t first, std::size_t last, bool caller)>;
    void dismiss();
    void dispatch(std::size_t tasks, const Range& range);
    void share(const Range& range, bool caller);
    void work();

    Stop& stop_;
    InstructionSet set_;
    Trust trust_;
    Crew workers_;
    int spins_ = 0;  // how often a thread looks for what it waits for before it sleeps
    std::mutex mutex_;
    std::optional<std::condition_variable> wake_;  // where there are workers
    std::optional<std::condition_variable> done_;
    const Range* range_ = nullptr;  // null while there is nothing to join
    std::size_t tasks_ = 0;
    std::size_t grain_ = 1;
    std::atomic<std::size_t> next_{0};        // the first task that nobody has taken
    std::atomic<std::size_t> generation_{0};  // of ranges
    std::atomic<std::size_t> active_{0};      // workers in the range
    std::atomic<bool> leaving_{false};
    std::exception_ptr failure_;  // of a task
};

}  // namespace mel
