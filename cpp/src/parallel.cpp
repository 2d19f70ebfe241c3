#include "mel/parallel.hpp"

#include <utility>

#include "mel/kernels.hpp"

namespace mel {

Stop::Stop(double time_limit_s, std::function<bool()> poll)
    : begin_(Clock::now()),
      next_poll_(begin_ + std::chrono::milliseconds(10)),
      time_limit_s_(time_limit_s),
      poll_(std::move(poll)) {}

bool Stop::check() {
    if (requested()) return true;
    const Clock::time_point now = Clock::now();
    bool stop = std::chrono::duration<double>(now - begin_).count() >= time_limit_s_;
    if (poll_ && now >= next_poll_) {
        next_poll_ = now + std::chrono::milliseconds(10);
        stop = poll_() || stop;
    }
    if (stop) requested_.store(true, std::memory_order_relaxed);
    return stop;
}

Pool::Pool(int threads, Stop& stop, InstructionSet set, Trust trust)
    : stop_(stop), kernels_(kernels_for(set)), trust_(trust) {
    for (int worker = 1; worker < threads; ++worker) {
        workers_.emplace_back([this, worker] { work(static_cast<std::size_t>(worker)); });
    }
}

Pool::~Pool() {
    {
        const std::lock_guard lock(mutex_);
        leaving_ = true;
    }
    wake_.notify_all();
    for (std::thread& worker : workers_) worker.join();
}

void Pool::dispatch(std::size_t blocks,
                    const std::function<void(std::size_t, std::size_t)>& range) {
    const std::size_t parts = workers_.size() + 1;
    if (workers_.empty()) {
        range(0, blocks);
        return;
    }
    {
        const std::lock_guard lock(mutex_);
        range_ = &range;
        blocks_ = blocks;
        busy_ = workers_.size();
        ++generation_;
    }
    wake_.notify_all();
    range(0, blocks / parts);
    std::unique_lock lock(mutex_);
    done_.wait(lock, [this] { return busy_ == 0; });
    range_ = nullptr;
}

void Pool::work(std::size_t worker) {
    std::size_t seen = 0;
    std::unique_lock lock(mutex_);
    for (;;) {
        wake_.wait(lock, [&] { return leaving_ || generation_ != seen; });
        if (leaving_) return;
        seen = generation_;
        const std::size_t parts = workers_.size() + 1;
        const std::size_t first = blocks_ * worker / parts;
        const std::size_t last = blocks_ * (worker + 1) / parts;
        const auto* range = range_;
        lock.unlock();
        (*range)(first, last);
        lock.lock();
        if (--busy_ == 0) done_.notify_one();
    }
}

}  // namespace mel
