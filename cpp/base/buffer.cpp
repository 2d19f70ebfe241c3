#include "mel/buffer.hpp"

#include <array>
#include <iterator>
#include <mutex>
#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace mel {
namespace {

constexpr std::size_t large_page = std::size_t{2} << 20;
constexpr std::size_t smallest_in_pages = 2 * large_page;
constexpr std::size_t smallest_kept = std::size_t{128} << 10;
// Bytes in all, and columns. A sanitizer is to see whoever uses what was released: nothing there.
#if defined(__SANITIZE_ADDRESS__)
#define MEL_KEEPS_NOTHING
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MEL_KEEPS_NOTHING
#endif
#endif
#ifdef MEL_KEEPS_NOTHING
constexpr std::size_t most_kept = 0;
#else
constexpr std::size_t most_kept = std::size_t{64} << 20;
#endif
constexpr std::size_t most_columns = 48;

// A column's memory is as long as that of others of about its length.
std::size_t rounded(std::size_t bytes) {
    const std::size_t unit = bytes < smallest_in_pages ? std::size_t{64} << 10 : large_page;
    return (bytes + unit - 1) / unit * unit;
}

void* from_system(std::size_t bytes) {
    if (bytes < smallest_in_pages) return ::operator new(bytes);
    void* memory = ::operator new(bytes, std::align_val_t{large_page});
#if defined(__linux__)
    madvise(memory, bytes, MADV_HUGEPAGE);  // a wish: refusing it changes nothing but time
#endif
    return memory;
}

void give_back(void* memory, std::size_t bytes) {
    if (bytes < smallest_in_pages) {
        ::operator delete(memory);
    } else {
        ::operator delete(memory, std::align_val_t{large_page});
    }
}

// Columns that were released last, for the next of their length: one question after another asks
// for the same, and pages that the system takes back it gives again one by one, filled with zeros,
// which costs more than a pass over them. It is memory alone that is shared, as in any allocator:
// no answer depends on it, and whoever finds it locked, be it for good after a fork, does without.
class Released {
  public:
    void* take(std::size_t bytes) {
        const std::unique_lock lock(mutex_, std::try_to_lock);
        if (!lock) return nullptr;
        for (std::size_t i = count_; i-- > 0;) {
            if (columns_[i].bytes == bytes) return drop(i);
        }
        return nullptr;
    }

    // Gives all back to the system; false where there is nothing, or it is locked.
    bool let_go() {
        const std::unique_lock lock(mutex_, std::try_to_lock);
        if (!lock || count_ == 0) return false;
        while (count_ > 0) {
            const std::size_t last = columns_[count_ - 1].bytes;
            give_back(drop(count_ - 1), last);
        }
        return true;
    }

    // False where it is not kept; older ones make room.
    bool keep(void* memory, std::size_t bytes) {
        const std::unique_lock lock(mutex_, std::try_to_lock);
        if (!lock || bytes > most_kept) return false;
        while (count_ == most_columns || kept_ + bytes > most_kept) {
            const std::size_t oldest = columns_[0].bytes;
            give_back(drop(0), oldest);
        }
        columns_[count_++] = {memory, bytes};
        kept_ += bytes;
        return true;
    }

  private:
    struct Column {
        void* memory;
        std::size_t bytes;
    };

    void* drop(std::size_t i) {
        void* memory = columns_[i].memory;
        kept_ -= columns_[i].bytes;
        for (--count_; i < count_; ++i) columns_[i] = columns_[i + 1];
        return memory;
    }

    std::mutex mutex_;
    std::array<Column, most_columns> columns_ = {};
    std::size_t count_ = 0, kept_ = 0;
};

// Never destroyed: columns are released until the very end.
Released& released() {
    static Released& all = *new Released;
    return all;
}

void* fresh(std::size_t bytes) {
    try {
        return from_system(bytes);
    } catch (const std::bad_alloc&) {
        if (!released().let_go()) throw;
        return from_system(bytes);
    }
}

}  // namespace

void* column_memory(std::size_t bytes) {
    if (bytes < smallest_kept) return ::operator new(bytes);
    const std::size_t whole = rounded(bytes);
    if (void* memory = released().take(whole)) return memory;
    return fresh(whole);
}

void release_column(void* memory, std::size_t bytes) {
    if (bytes < smallest_kept) {
        ::operator delete(memory);
        return;
    }
    const std::size_t whole = rounded(bytes);
    if (!released().keep(memory, whole)) give_back(memory, whole);
}

// So few come with their counters in one piece of memory.
struct Few {
    Few() {}  // unset
    double numbers[96];
};

std::shared_ptr<double[]> shared_column(std::size_t count) {
    if (count <= std::size(Few{}.numbers)) {
        const auto few = std::make_shared<Few>();
        return {few, few->numbers};
    }
    const std::size_t bytes = count * sizeof(double);
    return {static_cast<double*>(column_memory(bytes)),
            [bytes](double* memory) { release_column(memory, bytes); }};
}

}  // namespace mel
