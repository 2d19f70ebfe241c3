// Eight doubles at a time, in plain IEEE operations only (no fused multiply-add), so that every
// instruction set gives the same bits. Included by one translation unit for each instruction set,
// each with its own MEL_ISA namespace.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace mel::MEL_ISA {

typedef double Lanes __attribute__((vector_size(64)));
typedef std::int64_t Mask __attribute__((vector_size(64)));  // all bits set where true
typedef std::uint64_t Bits __attribute__((vector_size(64)));

#define MEL_INLINE static inline __attribute__((always_inline))

MEL_INLINE Lanes fill(double x) { return Lanes{x, x, x, x, x, x, x, x}; }

MEL_INLINE Lanes load(const double* from) {
    Lanes v;
    std::memcpy(&v, from, sizeof v);
    return v;
}

MEL_INLINE void store(double* to, Lanes v) { std::memcpy(to, &v, sizeof v); }

MEL_INLINE Lanes select(Mask m, Lanes a, Lanes b) {
    return (Lanes)(((Bits)m & (Bits)a) | (~(Bits)m & (Bits)b));
}
MEL_INLINE Lanes only(Mask m, Lanes a) { return (Lanes)((Bits)m & (Bits)a); }
MEL_INLINE Lanes larger(Lanes a, Lanes b) { return select(a > b, a, b); }
MEL_INLINE Lanes smaller(Lanes a, Lanes b) { return select(a < b, a, b); }
MEL_INLINE Lanes magnitude(Lanes a) {
    return (Lanes)((Bits)a & (Bits)(Mask{} + 0x7fffffffffffffff));
}

MEL_INLINE bool any(Mask m) {
    std::int64_t all = 0;
    for (int i = 0; i < 8; ++i) all |= m[i];
    return all != 0;
}

MEL_INLINE Lanes square_root(Lanes v) {
#if defined(__AVX512F__)
    return (Lanes)_mm512_maskz_sqrt_pd(0xff, (__m512d)v);
#else
    Lanes r;
    double x[8];
    store(x, v);
#if defined(__AVX__)
    for (int i = 0; i < 8; i += 4) _mm256_storeu_pd(x + i, _mm256_sqrt_pd(_mm256_loadu_pd(x + i)));
#elif defined(__SSE2__)
    for (int i = 0; i < 8; i += 2) _mm_storeu_pd(x + i, _mm_sqrt_pd(_mm_loadu_pd(x + i)));
#else
    for (double& one : x) one = __builtin_sqrt(one);
#endif
    r = load(x);
    return r;
#endif
}

// Sum of the lanes, always in the same tree.
MEL_INLINE double total(Lanes v) {
    return ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7]));
}

inline constexpr double round_magic =
    6755399441055744.0;  // 1.5 * 2^52: adding it rounds to an integer
inline constexpr double ln2_high = 6.93147180369123816490e-01;
inline constexpr double ln2_low = 1.90821492927058770002e-10;

struct Exponential {
    Lanes minus_one;  // e^x - 1, to the last bits also for small x
    Lanes excess;     // e^x - 1 - x, likewise
    Lanes value;      // e^x
};

// For -700 < x < 700.
MEL_INLINE Exponential exponential(Lanes x) {
    const Lanes shifted = x * 1.44269504088896338700 + round_magic;
    const Lanes k = shifted - round_magic;
    const Lanes r = (x - k * ln2_high) - k * ln2_low;
    const Lanes r2 = r * r;
    const Lanes r4 = r2 * r2;
    // (e^r - 1 - r) / r^2 by its series: |r| <= 0.35 makes the first left-out term 2e-18 of the
    // whole.
    const Lanes low = (0.5 + r * (1.0 / 6)) + r2 * (1.0 / 24 + r * (1.0 / 120));
    const Lanes middle = (1.0 / 720 + r * (1.0 / 5040)) + r2 * (1.0 / 40320 + r * (1.0 / 362880));
    const Lanes high =
        (1.0 / 3628800 + r * (1.0 / 39916800)) + r2 * (1.0 / 479001600 + r * (1.0 / 6227020800));
    const Lanes tail = r2 * (low + r4 * (middle + r4 * high));
    const Lanes small = r + tail;
    const Lanes scale = (Lanes)(((Bits)shifted + 1023) << 52);
    const Mask unscaled = k == fill(0);
    const Lanes minus_one = select(unscaled, small, scale * small + (scale - 1));
    return {minus_one, select(unscaled, tail, minus_one - x), scale + scale * small};
}

// Natural logarithm of positive, normal numbers; error about one unit in the last place.
MEL_INLINE Lanes logarithm(Lanes x) {
    const Bits offset = (Bits)x - 0x3fe6a09e667f3bcdULL;  // of sqrt(1/2)
    const Bits k_bits = (Bits)((Mask)offset >> 52);
    const Lanes m = (Lanes)((Bits)x - (k_bits << 52));
    const Lanes k = (Lanes)(k_bits + 0x4338000000000000ULL) - round_magic;
    const Lanes f = m - 1;
    const Lanes s = f / (2 + f);
    const Lanes z = s * s;
    const Lanes w = z * z;
    const Lanes odd = w * (3.999999999940941908e-01 +
                           w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01));
    const Lanes even = z * (6.666666666666735130e-01 +
                            w * (2.857142874366239149e-01 +
                                 w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01)));
    const Lanes half = 0.5 * f * f;
    return k * ln2_high - ((half - (s * (half + (odd + even)) + k * ln2_low)) - f);
}

// ln(1 + p) for p >= 0, good to a few 1e-11: a starting point.
MEL_INLINE Lanes logarithm_1p_rough(Lanes p) {
    return select(p < 1e-5, p * (1 - 0.5 * p), logarithm(1 + p));
}

}  // namespace mel::MEL_ISA
