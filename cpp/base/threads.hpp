// Starting threads where the system may refuse them, or the memory that they need.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <thread>
#include <vector>

namespace mel {

// Threads that run the same work, once each, and are joined at the end. There are as many as the
// system gives of those asked for.
class Crew {
  public:
    Crew() = default;
    ~Crew() { join(); }
    Crew(const Crew&) = delete;
    Crew& operator=(const Crew&) = delete;

    enum class Work : bool { only_computes, allocates };

    // Adds threads until there are `count`; false where the system refuses one. What the work
    // throws, it has to catch.
    bool hire(std::size_t count, const std::function<void()>& work, Work kind);
    void join();

    std::size_t size() const { return threads_.size(); }
    bool empty() const { return threads_.empty(); }

  private:
    std::vector<std::thread> threads_;
    std::atomic<std::size_t> begun_{0};
};

}  // namespace mel
