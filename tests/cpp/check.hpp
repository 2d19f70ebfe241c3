// A test harness in one page: TEST(name) { CHECK(...); }. Without arguments the program runs all
// tests, with names only those.
#pragma once

#include <cstdio>
#include <cstring>
#include <exception>
#include <sstream>
#include <stdexcept>
#include <vector>

namespace check {

struct Test {
    const char* name;
    void (*body)();
};
inline std::vector<Test>& tests() {
    static std::vector<Test> all;
    return all;
}
inline int failures = 0;

// Sanitizers make everything slow. Answers are checked without them as well: with them, what
// matters is that each path is taken, not how often.
#ifdef MEL_SANITIZED
inline constexpr bool sanitized = true;
#else
inline constexpr bool sanitized = false;
#endif

// How many seeds, or rounds, to try.
inline constexpr unsigned tries(unsigned full) { return sanitized ? (full + 7) / 8 : full; }
// How often something must have been seen in them: of half the variants, each tried so often.
inline constexpr int seen(int full) { return sanitized ? full / 20 : full; }

struct Registered {
    Registered(const char* name, void (*body)()) { tests().push_back({name, body}); }
};

template <class... Shown>
void that(bool holds, const char* file, int line, const char* text, const Shown&... shown) {
    if (holds) return;
    std::ostringstream values;
    values.precision(17);
    ((values << ' ' << shown), ...);
    std::printf("%s:%d: %s |%s\n", file, line, text, values.str().c_str());
    if (++failures == 20) throw std::runtime_error("too many failures");
}

inline int run(int count, char** names) {
    int ran = 0;
    for (const Test& test : tests()) {
        bool wanted = count == 1;
        for (int i = 1; i < count; ++i) wanted = wanted || !std::strcmp(names[i], test.name);
        if (!wanted) continue;
        ++ran;
        try {
            test.body();
        } catch (const std::exception& error) {
            that(false, test.name, 0, error.what());
        }
    }
    std::printf("%d tests, %d failures\n", ran, failures);
    const bool unknown = !sanitized && count > 1 && ran < count - 1;  // those lack some
    if (unknown) std::printf("%d names are no tests\n", count - 1 - ran);
    return unknown || ran == 0 || failures > 0;
}

}  // namespace check

#define TEST(name)                                              \
    static void test_##name();                                  \
    static const check::Registered name##_(#name, test_##name); \
    static void test_##name()
#define CHECK(condition, ...) \
    check::that((condition), __FILE__, __LINE__, #condition __VA_OPT__(, ) __VA_ARGS__)
