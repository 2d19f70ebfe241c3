#include "mel/buffer.hpp"

#include <iterator>
#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace mel {
namespace {

constexpr std::size_t large_page = std::size_t{2} << 20;
constexpr std::size_t smallest_in_pages = 2 * large_page;

}  // namespace

void* column_memory(std::size_t bytes) {
    if (bytes < smallest_in_pages) return ::operator new(bytes);
    const std::size_t whole = (bytes + large_page - 1) / large_page * large_page;
    void* memory = ::operator new(whole, std::align_val_t{large_page});
#if defined(__linux__)
    madvise(memory, whole, MADV_HUGEPAGE);  // a wish: refusing it changes nothing but time
#endif
    return memory;
}

void release_column(void* memory, std::size_t bytes) {
    if (bytes < smallest_in_pages) {
        ::operator delete(memory);
    } else {
        ::operator delete(memory, std::align_val_t{large_page});
    }
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
