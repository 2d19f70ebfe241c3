// The processor's floating-point modes. What is proved counts on rounding to nearest with subnormal
// numbers kept, and other libraries leave other modes behind in their threads.
#pragma once

#include <cstdint>

namespace mel {

// Modes with the sticky flags beside them, as the processor packs them; 0 stands for no change.
using ArithmeticModes = std::uint64_t;

// Rounds to nearest, keeps subnormal numbers, traps nothing. Returns what to put back: 0 where all
// was so already.
ArithmeticModes set_usual_arithmetic() noexcept;
void restore_arithmetic(ArithmeticModes before) noexcept;

// The usual modes for as long as it lives, on the thread that made it.
class UsualArithmetic {
  public:
    UsualArithmetic() noexcept : before_(set_usual_arithmetic()) {}
    ~UsualArithmetic() { restore_arithmetic(before_); }
    UsualArithmetic(const UsualArithmetic&) = delete;
    UsualArithmetic& operator=(const UsualArithmetic&) = delete;

  private:
    ArithmeticModes before_;
};

}  // namespace mel
