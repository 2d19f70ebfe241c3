#include "mel/usual_arithmetic.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#elif !defined(__aarch64__)
#include <cfenv>
#endif

namespace mel {

#if defined(__x86_64__)

namespace {

// Every exception masked, nearest, neither FTZ nor DAZ; x87 the same, with all 64 bits.
constexpr std::uint32_t usual_sse = 0x1f80;
constexpr std::uint32_t sse_flags = 0x3f;
constexpr std::uint16_t usual_x87 = 0x37f;
constexpr ArithmeticModes something = ArithmeticModes{1} << 63;

}  // namespace

ArithmeticModes set_usual_arithmetic() noexcept {
    const std::uint32_t sse = _mm_getcsr();
    std::uint16_t x87 = 0;
    asm volatile("fnstcw %0" : "=m"(x87));
    if ((sse & ~sse_flags) == usual_sse && x87 == usual_x87) return 0;
    _mm_setcsr(usual_sse);
    asm volatile("fldcw %0" : : "m"(usual_x87));
    return something | ArithmeticModes{x87} << 32 | sse;
}

void restore_arithmetic(ArithmeticModes before) noexcept {
    if (before == 0) return;
    const auto x87 = static_cast<std::uint16_t>(before >> 32);
    asm volatile("fldcw %0" : : "m"(x87));
    _mm_setcsr(static_cast<std::uint32_t>(before));
}

#elif defined(__aarch64__)

namespace {

constexpr ArithmeticModes something = ArithmeticModes{1} << 63;  // FPCR has 32 bits in use

}  // namespace

ArithmeticModes set_usual_arithmetic() noexcept {
    ArithmeticModes modes = 0;
    asm volatile("mrs %0, fpcr" : "=r"(modes));
    if (modes == 0) return 0;
    asm volatile("msr fpcr, %0" : : "r"(ArithmeticModes{0}));
    return something | modes;
}

void restore_arithmetic(ArithmeticModes before) noexcept {
    if (before == 0) return;
    asm volatile("msr fpcr, %0" : : "r"(before & ~something));
}

#else

// What the language offers.
ArithmeticModes set_usual_arithmetic() noexcept {
    const int rounding = std::fegetround();
    if (rounding == FE_TONEAREST) return 0;
    std::fesetround(FE_TONEAREST);
    return ArithmeticModes{1} << 63 | static_cast<std::uint32_t>(rounding);
}

void restore_arithmetic(ArithmeticModes before) noexcept {
    if (before != 0) std::fesetround(static_cast<int>(static_cast<std::uint32_t>(before)));
}

#endif

}  // namespace mel
