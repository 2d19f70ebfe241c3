// Starting points in single precision: as many lanes in one vector as `Lanes` has in two, and half
// the time. Every instruction set rounds alike here, too. What does not fit a float becomes
// infinite, 0 or no number, and is then no start.
#pragma once

#include "kernels/lanes.hpp"

namespace mel::MEL_ISA {

typedef float RoughVector __attribute__((vector_size(4 * width)));
typedef std::int32_t RoughMask __attribute__((vector_size(4 * width)));
typedef std::uint32_t RoughBits __attribute__((vector_size(4 * width)));

struct Rough {
    RoughVector x;
};

MEL_INLINE Rough load_rough(const float* from) {
    Rough x;
    std::memcpy(&x, from, sizeof x);
    return x;
}
MEL_INLINE void store_rough(float* to, Rough x) { std::memcpy(to, &x, sizeof x); }

MEL_INLINE Rough roughly(double x) { return {RoughVector{} + static_cast<float>(x)}; }

#define MEL_ARITHMETIC(op)                                                      \
    MEL_INLINE Rough operator op(Rough x, Rough y) { return {x.x op y.x}; }     \
    MEL_INLINE Rough operator op(Rough x, double y) { return x op roughly(y); } \
    MEL_INLINE Rough operator op(double x, Rough y) { return roughly(x) op y; }
MEL_ARITHMETIC(+)
MEL_ARITHMETIC(-)
MEL_ARITHMETIC(*)
MEL_ARITHMETIC(/)
#undef MEL_ARITHMETIC

MEL_INLINE RoughMask operator<(Rough x, Rough y) { return x.x < y.x; }
MEL_INLINE RoughMask operator>(Rough x, Rough y) { return x.x > y.x; }
MEL_INLINE Rough select(RoughMask m, Rough x, Rough y) { return {m ? x.x : y.x}; }
MEL_INLINE Rough not_below_zero(Rough x) { return select(x > roughly(0), x, roughly(0)); }

typedef float HalfRough __attribute__((vector_size(4 * native_width)));
typedef std::int32_t HalfMask __attribute__((vector_size(4 * native_width)));

#if defined(__AVX512F__)
#define MEL_LOW_HALF 0, 1, 2, 3, 4, 5, 6, 7
#define MEL_HIGH_HALF 8, 9, 10, 11, 12, 13, 14, 15
#elif defined(__AVX2__)
#define MEL_LOW_HALF 0, 1, 2, 3
#define MEL_HIGH_HALF 4, 5, 6, 7
#else
#define MEL_LOW_HALF 0, 1
#define MEL_HIGH_HALF 2, 3
#endif

MEL_INLINE Rough rough(Lanes x) {
    const HalfRough a = __builtin_convertvector(x.a, HalfRough);
    const HalfRough b = __builtin_convertvector(x.b, HalfRough);
    return {__builtin_shufflevector(a, b, MEL_LOW_HALF, MEL_HIGH_HALF)};
}
MEL_INLINE Lanes lanes(Rough r) {
    const HalfRough a = __builtin_shufflevector(r.x, r.x, MEL_LOW_HALF);
    const HalfRough b = __builtin_shufflevector(r.x, r.x, MEL_HIGH_HALF);
    return {__builtin_convertvector(a, Vector), __builtin_convertvector(b, Vector)};
}
MEL_INLINE Mask lanes(RoughMask m) {
    const HalfMask a = __builtin_shufflevector(m, m, MEL_LOW_HALF);
    const HalfMask b = __builtin_shufflevector(m, m, MEL_HIGH_HALF);
    return {__builtin_convertvector(a, VectorMask), __builtin_convertvector(b, VectorMask)};
}
#undef MEL_LOW_HALF
#undef MEL_HIGH_HALF

MEL_INLINE Rough square_root(Rough r) {
#if defined(__AVX512F__)
    return {(RoughVector)_mm512_maskz_sqrt_ps(0xffff, (__m512)r.x)};
#elif defined(__AVX2__)
    return {(RoughVector)_mm256_sqrt_ps((__m256)r.x)};
#elif defined(__SSE2__)
    return {(RoughVector)_mm_sqrt_ps((__m128)r.x)};
#else
    RoughVector y;
    for (int i = 0; i < width; ++i) y[i] = __builtin_sqrtf(r.x[i]);
    return {y};
#endif
}

// ln x for positive, normal numbers, and ln(1 + p) for p >= 0, good to the last bits of a float.
MEL_INLINE Rough logarithm_rough(Rough r) {
    const RoughBits bits = (RoughBits)r.x - 0x3f3504f3u;  // of sqrt(1/2)
    const RoughMask exponent = (RoughMask)bits >> 23;
    const Rough f = {(RoughVector)((RoughBits)r.x - ((RoughBits)exponent << 23)) - 1.0f};
    const Rough k = {__builtin_convertvector(exponent, RoughVector)};
    return k * 0.69314718055994531 + logarithm_near_one(f);
}
MEL_INLINE Rough logarithm_1p_rough(Rough p) {
    const Rough u = 1 + p;
    return logarithm_rough(u) + select(p < roughly(1), p - (u - 1), roughly(0));
}

}  // namespace mel::MEL_ISA
