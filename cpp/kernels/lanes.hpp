// Several doubles at a time, in plain IEEE operations only (no fused multiply-add), so that every
// instruction set gives the same bits. Included by one translation unit for each instruction set,
// each with its own MEL_ISA namespace.
//
// Lanes holds two native vectors: their independent chains hide the latency of divisions and roots.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

#include "base/logarithm.hpp"
#include "base/sums.hpp"

namespace mel::MEL_ISA {

#if defined(__AVX512F__)
inline constexpr int native_width = 8;
#elif defined(__AVX2__)
inline constexpr int native_width = 4;
#else
inline constexpr int native_width = 2;
#endif
inline constexpr int width = 2 * native_width;

typedef double Vector __attribute__((vector_size(8 * native_width)));
typedef std::int64_t VectorMask __attribute__((vector_size(8 * native_width)));
typedef std::uint64_t VectorBits __attribute__((vector_size(8 * native_width)));

#define MEL_INLINE static inline __attribute__((always_inline))
// For what several loops ask, or few learners: woven into each of them it is most of their code,
// and of the time that compilers take.
#define MEL_APART static __attribute__((noinline))

struct Lanes {
    Vector a, b;
};
struct Mask {
    VectorMask a, b;
};

MEL_INLINE Vector spread(double x) { return Vector{} + x; }
MEL_INLINE Lanes fill(double x) { return {spread(x), spread(x)}; }

#define MEL_ARITHMETIC(op)                                                              \
    MEL_INLINE Lanes operator op(Lanes x, Lanes y) { return {x.a op y.a, x.b op y.b}; } \
    MEL_INLINE Lanes operator op(Lanes x, double y) { return {x.a op y, x.b op y}; }    \
    MEL_INLINE Lanes operator op(double x, Lanes y) { return {x op y.a, x op y.b}; }
MEL_ARITHMETIC(+)
MEL_ARITHMETIC(-)
MEL_ARITHMETIC(*)
MEL_ARITHMETIC(/)
#undef MEL_ARITHMETIC

#define MEL_COMPARISON(op)                                                             \
    MEL_INLINE Mask operator op(Lanes x, Lanes y) { return {x.a op y.a, x.b op y.b}; } \
    MEL_INLINE Mask operator op(Lanes x, double y) { return {x.a op spread(y), x.b op spread(y)}; }
MEL_COMPARISON(<)
MEL_COMPARISON(<=)
MEL_COMPARISON(>)
MEL_COMPARISON(>=)
MEL_COMPARISON(==)
#undef MEL_COMPARISON

MEL_INLINE Lanes operator-(Lanes x) { return {-x.a, -x.b}; }
MEL_INLINE Lanes& operator+=(Lanes& x, Lanes y) { return x = x + y; }
MEL_INLINE Lanes& operator-=(Lanes& x, Lanes y) { return x = x - y; }
MEL_INLINE Mask operator&(Mask x, Mask y) { return {x.a & y.a, x.b & y.b}; }
MEL_INLINE Mask operator|(Mask x, Mask y) { return {x.a | y.a, x.b | y.b}; }
MEL_INLINE Mask operator~(Mask x) { return {~x.a, ~x.b}; }
MEL_INLINE Mask none() { return {VectorMask{}, VectorMask{}}; }

MEL_INLINE Lanes select(Mask m, Lanes x, Lanes y) { return {m.a ? x.a : y.a, m.b ? x.b : y.b}; }
MEL_INLINE Lanes only(Mask m, Lanes x) { return select(m, x, fill(0)); }
MEL_INLINE Lanes larger(Lanes x, Lanes y) { return select(x > y, x, y); }
MEL_INLINE Lanes smaller(Lanes x, Lanes y) { return select(x < y, x, y); }

MEL_INLINE Lanes not_below_zero(Lanes x) { return larger(x, fill(0)); }

MEL_INLINE Vector magnitude(Vector x) { return (Vector)((VectorBits)x & 0x7fffffffffffffffULL); }
MEL_INLINE Lanes magnitude(Lanes x) { return {magnitude(x.a), magnitude(x.b)}; }

// Vector by vector: both at once would be copied in halves of one, of which a vector that is read
// back soon has to wait.
template <class Pair, class Place>
MEL_INLINE Pair load_pair(const Place* from) {
    Pair x;
    std::memcpy(&x.a, from, sizeof x.a);
    std::memcpy(&x.b, from + native_width, sizeof x.b);
    return x;
}
template <class Pair, class Place>
MEL_INLINE void store_pair(Place* to, const Pair& x) {
    std::memcpy(to, &x.a, sizeof x.a);
    std::memcpy(to + native_width, &x.b, sizeof x.b);
}
MEL_INLINE Lanes load(const double* from) { return load_pair<Lanes>(from); }
MEL_INLINE void store(double* to, Lanes x) { store_pair(to, x); }

#if defined(__AVX512F__)
// Which lanes of the two vectors are among the first `count`.
MEL_INLINE unsigned first_lanes(std::size_t count) { return (1u << count) - 1; }
#endif

// The first `count` lanes of memory that ends there, zero in the others.
MEL_INLINE Lanes load_part(const double* from, std::size_t count) {
#if defined(__AVX512F__)
    const unsigned lanes = first_lanes(count);
    return {(Vector)_mm512_maskz_loadu_pd((__mmask8)lanes, from),
            (Vector)_mm512_maskz_loadu_pd((__mmask8)(lanes >> native_width), from + native_width)};
#else
    double buffer[width] = {};
    std::memcpy(buffer, from, count * sizeof(double));
    return load(buffer);
#endif
}
MEL_INLINE void store_part(double* to, Lanes x, std::size_t count) {
#if defined(__AVX512F__)
    const unsigned lanes = first_lanes(count);
    _mm512_mask_storeu_pd(to, (__mmask8)lanes, (__m512d)x.a);
    _mm512_mask_storeu_pd(to + native_width, (__mmask8)(lanes >> native_width), (__m512d)x.b);
#else
    double buffer[width];
    store(buffer, x);
    std::memcpy(to, buffer, count * sizeof(double));
#endif
}

// The sum of a vector's places, the second half of them added to the first until one is left.
MEL_INLINE double total(Vector x) {
#if defined(__AVX512F__)
    const __m256d four = _mm256_add_pd(_mm512_maskz_extractf64x4_pd(0xff, (__m512d)x, 0),
                                       _mm512_maskz_extractf64x4_pd(0xff, (__m512d)x, 1));
    const __m128d two = _mm_add_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd(four, 1));
    return two[0] + two[1];
#elif defined(__AVX2__)
    const __m128d two =
        _mm_add_pd(_mm256_castpd256_pd128((__m256d)x), _mm256_extractf128_pd((__m256d)x, 1));
    return two[0] + two[1];
#else
    return x[0] + x[1];
#endif
}

MEL_INLINE bool any(VectorMask m) {
#if defined(__AVX512DQ__)
    return _mm512_movepi64_mask((__m512i)m) != 0;
#elif defined(__AVX2__)
    return _mm256_movemask_pd((__m256d)m) != 0;
#elif defined(__SSE2__)
    return _mm_movemask_pd((__m128d)m) != 0;
#else
    return (m[0] | m[1]) != 0;
#endif
}
MEL_INLINE bool any(Mask m) { return any(m.a | m.b); }

MEL_INLINE Vector square_root(Vector x) {
#if defined(__AVX512F__)
    return (Vector)_mm512_maskz_sqrt_pd(0xff, (__m512d)x);
#elif defined(__AVX2__)
    return (Vector)_mm256_sqrt_pd((__m256d)x);
#elif defined(__SSE2__)
    return (Vector)_mm_sqrt_pd((__m128d)x);
#else
    return Vector{__builtin_sqrt(x[0]), __builtin_sqrt(x[1])};
#endif
}
MEL_INLINE Lanes square_root(Lanes x) { return {square_root(x.a), square_root(x.b)}; }

MEL_INLINE Vector power_of_two(Vector shifted) {
    return (Vector)(((VectorBits)shifted + 1023) << 52);
}

struct Inverses {
    Lanes x, y;
};

// 1/x and 1/y by one division, where the product is far from the ends of what doubles hold.
MEL_INLINE Inverses inverses(Lanes x, Lanes y) {
    const Lanes product = x * y;
    const Lanes both = 1 / product;
    Inverses i{both * y, both * x};
    const Mask far = ~((magnitude(product) > 1e-290) & (magnitude(product) < fill(1e290)));
    if (any(far)) {
        i.x = select(far, 1 / x, i.x);
        i.y = select(far, 1 / y, i.y);
    }
    return i;
}

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
    const Lanes scale = {power_of_two(shifted.a), power_of_two(shifted.b)};
    const Mask unscaled = k == fill(0);
    const Lanes minus_one = select(unscaled, small, scale * small + (scale - 1));
    return {minus_one, select(unscaled, tail, minus_one - x), scale + scale * small};
}

struct Parts {
    Lanes k;  // exponent
    Lanes f;  // mantissa in [sqrt(1/2), sqrt(2)) minus one
};

MEL_INLINE void split(Vector x, Vector& k, Vector& f) {
    const VectorBits bits = (VectorBits)x - 0x3fe6a09e667f3bcdULL;  // of sqrt(1/2)
    // An arithmetic shift by 52 in unsigned steps: bias the exponent positive first.
    const VectorBits exponent = ((bits + 0x4000000000000000ULL) >> 52) - 0x400;
    f = (Vector)((VectorBits)x - (exponent << 52)) - 1;
    k = (Vector)(exponent + 0x4338000000000000ULL) - round_magic;
}
MEL_INLINE Parts split(Lanes x) {
    Parts p;
    split(x.a, p.k.a, p.f.a);
    split(x.b, p.k.b, p.f.b);
    return p;
}

// Natural logarithm of positive, normal numbers; error about one unit in the last place.
MEL_INLINE Lanes logarithm(Lanes x) {
    const Parts p = split(x);
    return logarithm_of(p.k, p.f, p.f / (2 + p.f));
}

// ln(1 + x) for x >= 0, to the last bits also for small x.
MEL_INLINE Lanes logarithm_1p(Lanes x) {
    const Lanes u = 1 + x;
    return logarithm(u) + (x - (u - 1)) / u;
}

// The same by one division.
MEL_INLINE Lanes logarithm_1p_at_once(Lanes x) {
    const Lanes u = 1 + x;
    const Parts p = split(u);
    const Lanes below = 2 + p.f;
    const Lanes both = 1 / (below * u);
    return logarithm_of(p.k, p.f, p.f * (u * both)) + (x - (u - 1)) * (below * both);
}

// Starting points. ln(1 + f) for a mantissa, good to 1e-7,
template <class X>
MEL_INLINE X logarithm_near_one(X f) {
    const X f2 = f * f;
    const X low =
        (-0.499999916065 + f * 0.33333950223) + f2 * (-0.250017552366 + f * 0.19962072068);
    const X high =
        (-0.165705086031 + f * 0.149179747623) + f2 * (-0.143075188793 + f * 0.0873483610911);
    return f + f2 * (low + (f2 * f2) * high);
}

// ln x for positive, normal numbers,
MEL_INLINE Lanes logarithm_rough(Lanes x) {
    const Parts q = split(x);
    return q.k * 0.69314718055994531 + logarithm_near_one(q.f);
}

// ln(1 + p) for p >= 0, good to 1e-7,
MEL_INLINE Lanes logarithm_1p_rough(Lanes p) {
    return select(p < fill(1e-5), p * (1 - 0.5 * p), logarithm_rough(1 + p));
}

// and e^x for -700 < x < 700, good to 3e-6.
MEL_INLINE Lanes exponential_rough(Lanes x) {
    const Lanes shifted = x * 1.44269504088896338700 + round_magic;
    const Lanes r = x - (shifted - round_magic) * 0.69314718055994531;
    const Lanes scale = {power_of_two(shifted.a), power_of_two(shifted.b)};
    const Lanes r2 = r * r;
    return scale * ((1 + r) + r2 * ((0.5 + r * (1.0 / 6)) + r2 * (1.0 / 24 + r * (1.0 / 120))));
}

}  // namespace mel::MEL_ISA
