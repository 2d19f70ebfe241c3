#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <new>
#include <optional>
#include <stdexcept>

#include "base/threads.hpp"
#include "mel/usual_arithmetic.hpp"
#include "model/choice.hpp"
#include "solve/batch_of.hpp"
#include "solve/row_maker.hpp"

namespace mel {
namespace {

constexpr auto poll_interval = std::chrono::milliseconds(10);
constexpr auto told_every = std::chrono::milliseconds(1);
constexpr std::size_t most_rows_at_once = 64;
constexpr std::size_t most_kept = 4096;  // learners of a row whose memory serves the next
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

class Batch {
  public:
    Batch(std::size_t rows, const SolveRow& solve_row, const BatchSettings& settings,
          const BatchOutputs& out)
        : rows_(rows),
          solve_(solve_row),
          settings_(settings),
          out_(out),
          threads_(static_cast<int>(std::clamp<std::size_t>(
              rows, 1, static_cast<std::size_t>(std::max(settings.threads, 1))))),
          rows_at_once_(std::clamp<std::size_t>(rows / (16 * static_cast<std::size_t>(threads_)), 1,
                                                most_rows_at_once)) {
        std::fill_n(out.status.begin(), rows, static_cast<std::int8_t>(RowStatus::unsolved));
    }

    // `make()` gives each thread its own function from a row to its problem.
    template <class Make>
    BatchResult run(Make make) {
        const UsualArithmetic usual;
        std::exception_ptr failure;
        const auto work = [&](bool polls) {
            try {
                auto problem_of = make();
                take_rows(problem_of, polls);
            } catch (...) {
                const std::lock_guard lock(mutex_);
                failure = std::current_exception();
                stop_.store(true, std::memory_order_relaxed);
            }
        };
        const auto work_and_tell = [&] {
            work(false);
            ended_.fetch_add(1);
            const std::lock_guard ending(mutex_);
            finished_.notify_one();
        };
        Crew workers;
        // Where the system gives fewer threads, they and this one do all rows.
        workers.hire(static_cast<std::size_t>(threads_) - 1, work_and_tell, Crew::Work::allocates);
        const auto all_ended = [&] { return ended_ == workers.size(); };
        work(true);
        {
            std::unique_lock lock(mutex_);
            while (!all_ended()) {
                finished_.wait_for(lock, poll_interval, all_ended);
                lock.unlock();
                if (!stopping()) ask();
                lock.lock();
            }
        }
        workers.join();
        if (failure) std::rethrow_exception(failure);
        if (done_.load() < rows_ && !stopping()) solve_alone(make());
        const auto by_row = [](const auto& a, const auto& b) { return a.first < b.first; };
        std::sort(result_.errors.begin(), result_.errors.end(), by_row);
        std::sort(result_.trees.begin(), result_.trees.end(), by_row);
        std::sort(result_.parts.begin(), result_.parts.end(), by_row);
        blank_unsolved();
        result_.done = done_.load();
        result_.elapsed_s = elapsed_s();
        result_.stopped = stopping() && result_.done < rows_;
        return std::move(result_);
    }

  private:
    using Clock = std::chrono::steady_clock;

    bool stopping() const { return stop_.load(std::memory_order_relaxed); }
    double since_begin(Clock::time_point now) const {
        return std::chrono::duration<double>(now - begin_).count();
    }
    double elapsed_s() const { return since_begin(Clock::now()); }

    // On the calling thread only.
    bool ask() {
        next_poll_ = Clock::now() + poll_interval;
        const double now = elapsed_s();
        const std::size_t done = done_.load();  // first: passes are told before the rows
        if (now >= settings_.time_limit_s ||
            (settings_.should_stop && settings_.should_stop(done, passes_.load(), now))) {
            stop_.store(true, std::memory_order_relaxed);
        }
        set_usual_arithmetic();  // the caller's code ran, and may have changed it
        return stopping();
    }

    Settings settings_of_rows(bool polls) {
        Settings settings;
        settings.scheme = settings_.scheme;
        settings.spare = settings_.spare;
        // Few rows: what threads are left over work within a row.
        settings.threads = std::max(1, settings_.threads / threads_);
        settings.should_stop = [this, polls](const Progress&) {
            return stopping() || (polls && ask());
        };
        return settings;
    }

    // What is left of the time for the next row, and where it begins; false where none is left.
    bool limit_row(std::size_t row, Clock::time_point now, Settings& settings) {
        const double left = settings_.time_limit_s - since_begin(now);
        if (left <= 0) stop_.store(true, std::memory_order_relaxed);
        settings.time_limit_s = std::min(left, settings_.row_time_limit_s);
        settings.start = start_of(row);
        return left > 0;
    }

    // Rows that one thread has done and not yet told the others of.
    class Tally {
      public:
        explicit Tally(Batch& batch) : batch_(batch) {}
        ~Tally() { tell(); }
        Tally(const Tally&) = delete;
        Tally& operator=(const Tally&) = delete;

        void count(std::int64_t passes) {
            passes_ += passes;
            ++rows_;
        }
        void tell() {
            batch_.passes_.fetch_add(passes_, std::memory_order_relaxed);
            batch_.done_.fetch_add(rows_);
            rows_ = 0;
            passes_ = 0;
        }
        void tell_now_and_then(Clock::time_point now) {
            if (now < next_) return;
            tell();
            next_ = now + told_every;
        }

      private:
        Batch& batch_;
        std::size_t rows_ = 0;
        std::int64_t passes_ = 0;
        Clock::time_point next_{};
    };

    template <class ProblemOf>
    void take_rows(ProblemOf& problem_of, bool polls) {
        Settings settings = settings_of_rows(polls);
        Tally tally(*this);
        Workspace workspace;
        for (;;) {
            const std::size_t first = next_.fetch_add(rows_at_once_, std::memory_order_relaxed);
            if (first >= rows_) return;
            const std::size_t last = std::min(rows_, first + rows_at_once_);
            Clock::time_point now = Clock::now();
            for (std::size_t row = first; row < last; ++row) {
                if (stopping()) return;
                tally.tell_now_and_then(now);
                if (polls && now >= next_poll_ && ask()) return;
                if (!limit_row(row, now, settings)) return;
                if (solve_row(problem_of, row, now, settings, workspace)) {
                    tally.count(out_.passes[row]);
                }
            }
        }
    }

    std::optional<Start> start_of(std::size_t row) const {
        if (settings_.starts.empty()) return {};
        const std::span<const double> s = settings_.starts.subspan(3 * row, 3);
        if (!(s[0] > 0 && s[1] > 0 && s[2] > 0)) return {};
        return Start{s[0], {s[1], s[2]}};
    }

    // From `now` on, which becomes its end. A row for which there is no memory stays unsolved for
    // now.
    template <class ProblemOf>
    bool solve_row(ProblemOf& problem_of, std::size_t row, Clock::time_point& now,
                   const Settings& settings, Workspace& workspace) {
        try {
            try {
                LeafParts parts;
                Result found = solve_(problem_of(row), settings, now, workspace, parts);
                now += std::chrono::duration_cast<Clock::duration>(
                    std::chrono::duration<double>(found.elapsed_s));
                store(row, found, parts);
                give_back(row, found, workspace);
            } catch (const std::bad_alloc&) {
                throw;
            } catch (const std::exception& error) {
                refuse(row, error.what());
                now = Clock::now();
            }
        } catch (const std::bad_alloc&) {
            out_.status[row] = static_cast<std::int8_t>(RowStatus::unsolved);
            return false;
        }
        return true;
    }

    // The rows for which there was no memory beside those of the other threads.
    template <class ProblemOf>
    void solve_alone(ProblemOf problem_of) {
        Settings settings = settings_of_rows(true);
        settings.threads = 1;
        for (std::size_t row = 0; row < rows_; ++row) {
            if (out_.status[row] != static_cast<std::int8_t>(RowStatus::unsolved)) continue;
            Clock::time_point now = Clock::now();
            Workspace workspace;
            if (ask() || !limit_row(row, now, settings)) return;
            if (!solve_row(problem_of, row, now, settings, workspace)) throw std::bad_alloc();
            Tally(*this).count(out_.passes[row]);
        }
    }

    void store(std::size_t row, Result& found, const LeafParts& parts) {
        out_.status[row] = static_cast<std::int8_t>(found.status);
        out_.blame[row] = static_cast<std::int8_t>(found.blame);
        out_.stopped[row] = found.stopped ? 1 : 0;
        out_.tau[row] = found.tau;
        out_.bound[row] = found.bound;
        out_.nodes[row] = found.nodes;
        out_.passes[row] = found.passes;
        out_.elapsed_s[row] = found.elapsed_s;
        const bool one_leaf = found.tree.size() == 1;
        out_.lambda_per_hz[row] = one_leaf ? found.tree[0].prices.lambda : not_a_number;
        out_.mu_per_w[row] = one_leaf ? found.tree[0].prices.mu : not_a_number;
        set_end(row, found.end);
        const auto put = [at = out_.offset[row]](const auto& values, auto into) {
            std::copy(values.begin(), values.end(), into.subspan(at).begin());
        };
        put(found.samples, out_.samples);
        put(found.bandwidth_hz, out_.bandwidth_hz);
        put(found.power_w, out_.power_w);
        if (!out_.blocks.empty()) put(found.blocks, out_.blocks);
        if (found.tree.size() > 1) {
            const std::lock_guard lock(mutex_);
            result_.trees.emplace_back(row, std::move(found.tree));
        }
        if (parts.part > 0) {
            const std::lock_guard lock(mutex_);
            result_.parts.emplace_back(row, parts);
        }
    }

    // What a large row took goes back to the system.
    void give_back(std::size_t row, Result& found, Workspace& workspace) const {
        if (out_.offset[row + 1] - out_.offset[row] > most_kept) {
            workspace = {};
            return;
        }
        std::swap(workspace.plan.samples, found.samples);
        std::swap(workspace.plan.bandwidth_hz, found.bandwidth_hz);
        std::swap(workspace.plan.power_w, found.power_w);
    }

    void refuse(std::size_t row, const char* why) {
        blank(row, RowStatus::invalid);
        const std::lock_guard lock(mutex_);
        result_.errors.emplace_back(row, why);
    }

    void blank(std::size_t row, RowStatus status) {
        out_.status[row] = static_cast<std::int8_t>(status);
        out_.blame[row] = out_.stopped[row] = 0;
        out_.tau[row] = out_.bound[row] = out_.nodes[row] = out_.passes[row] = 0;
        out_.elapsed_s[row] = 0;
        out_.lambda_per_hz[row] = out_.mu_per_w[row] = not_a_number;
        set_end(row, {});
    }

    void set_end(std::size_t row, const Start& end) {
        const std::span<double> to = out_.end.subspan(3 * row, 3);
        to[0] = end.tau;
        to[1] = end.prices.lambda;
        to[2] = end.prices.mu;
    }

    void blank_unsolved() {
        if (done_.load() == rows_) return;
        for (std::size_t row = 0; row < rows_; ++row) {
            if (out_.status[row] == static_cast<std::int8_t>(RowStatus::unsolved)) {
                blank(row, RowStatus::unsolved);
            }
        }
    }

    const std::size_t rows_;
    const SolveRow& solve_;
    const BatchSettings& settings_;
    const BatchOutputs& out_;
    const int threads_;
    const std::size_t rows_at_once_;
    const Clock::time_point begin_ = Clock::now();
    Clock::time_point next_poll_ = begin_ + poll_interval;
    std::atomic<std::size_t> next_{0};
    std::atomic<std::size_t> done_{0};
    std::atomic<std::int64_t> passes_{0};  // over the learners, in the rows done
    std::atomic<bool> stop_{false};
    std::mutex mutex_;  // guards what follows
    std::condition_variable finished_;
    std::atomic<std::size_t> ended_{0};  // threads that have no more rows
    BatchResult result_;
};

}  // namespace

BatchResult solve_many_by(const SolveRow& solve_row, const BatchColumns& columns,
                          const BatchSettings& settings, const BatchOutputs& out) {
    return Batch(columns.rows, solve_row, settings, out).run([&] { return RowMaker(columns); });
}

BatchResult solve_many_by(const SolveRow& solve_row, const std::vector<const Problem*>& problems,
                          const BatchSettings& settings, const BatchOutputs& out) {
    return Batch(problems.size(), solve_row, settings, out).run([&] {
        return [&problems](std::size_t row) -> const Problem& {
            if (!problems[row]) throw std::invalid_argument("refused");
            refuse_choice(*problems[row]);
            return *problems[row];
        };
    });
}

}  // namespace mel
