#include "learner/energy_gains.hpp"

#include <cmath>
#include <limits>

#include "learner/link_law.hpp"

namespace mel {
namespace {

// The sum of c_j w^j, the highest last.
template <std::size_t count>
double powers(const double (&c)[count], double w) {
    double sum = c[count - 1];
    for (std::size_t j = count - 1; j-- > 0;) sum = sum * w + c[j];
    return sum;
}

// Where the searches begin: s times a quotient of two of them.
template <std::size_t count>
double begun(const double (&above)[count], const double (&below)[count], double s) {
    return s * powers(above, s) / powers(below, s);
}

constexpr double shortest = 0.35;  // below it differences lose digits, and few powers have them all

}  // namespace

double sent_joules(double w, double grown) {
    if (w > shortest) return grown * (w - 1) + 1;
    // (j - 1) / j! from j = 2 on
    constexpr double by_power[] = {
        1.0 / 2,        1.0 / 3,         1.0 / 8,          1.0 / 30,         1.0 / 144,
        1.0 / 840,      1.0 / 5760,      1.0 / 45360,      1.0 / 403200,     1.0 / 3991680,
        1.0 / 43545600, 1.0 / 518918400, 1.0 / 6706022400, 1.0 / 93405312000};
    return w * w * powers(by_power, w);
}

double rest_of(double w) {
    if (w > shortest) return w + std::expm1(-w);
    // 1 / j! from j = 2 on
    constexpr double by_power[] = {1.0 / 2,        1.0 / 6,         1.0 / 24,
                                   1.0 / 120,      1.0 / 720,       1.0 / 5040,
                                   1.0 / 40320,    1.0 / 362880,    1.0 / 3628800,
                                   1.0 / 39916800, 1.0 / 479001600, 1.0 / 6227020800};
    return w * w * powers(by_power, -w);
}

// The root w of e^w (w - 1) + 1 = y: a rational start good to 2e-6, and one step.
double joule_log_gain(double y) {
    const double s = std::log1p(std::sqrt(2 * y));
    if (!(s > 1e-6 && s < 80)) return density_log_gain(y);
    constexpr double above[] = {1.0000018575263303,   0.4419175377231446,   0.1164469250774458,
                                0.023993507889863652, 0.006108273568787894, 0.0002698429517688641};
    constexpr double below[] = {1,
                                0.2753118620543209,
                                0.0841364496398935,
                                0.017634573487741542,
                                0.0034622758634447483,
                                0.00013540599690262277};
    const double w = begun(above, below, s);
    const double e = std::exp(w);
    const double f = sent_joules(w, e) - y;
    return w - f / (w * e - 0.5 * f * (1 + w) / w);
}

// The root u of u^2 e^u = z: a rational start good to 2e-6, and one step.
double joule_fixed_gain(double z) {
    const double s = std::log1p(std::sqrt(z));
    if (!(s > 1e-6 && s < 49)) return fixed_log_gain(std::log(z));
    constexpr double above[] = {0.9999981709822763,   0.6314618848657555,
                                0.151811700049542,    0.025567902222176194,
                                0.002721657451140824, -1.8169987231642753e-07};
    constexpr double below[] = {1,
                                0.6313974397681286,
                                0.11051199684537895,
                                0.01926470021248982,
                                0.0013819331400069686,
                                -1.7212127226313445e-07};
    const double u = begun(above, below, s);
    const double e = std::exp(u);
    const double f = u * u * e - z;
    const double slope = (2 + u) * u * e;
    return u - f / (slope - 0.5 * f * (2 + u * (4 + u)) / ((2 + u) * u));
}

// e^u - 1, where the power of sending with the fixed law is of use.
double grown_by(double u) { return u > 0.35 ? std::exp(u) - 1 : std::expm1(u); }

// The root w of (e^w (w - 1) + 1)^2 = c w: a rational start good to 2e-7, and one step. Not a
// number where it is beyond 60.
double saving_log_gain(double c) {
    const double s = std::log1p(std::cbrt(4 * c));
    if (!(s > 0 && s < 41.8)) return std::numeric_limits<double>::quiet_NaN();
    constexpr double above[] = {0.9999998530683494,    0.30537687777889516,
                                0.05966950166810633,   0.005838561197976104,
                                0.0006147673248135782, 1.0819246863317166e-05};
    constexpr double below[] = {1,
                                0.2498171812820093,
                                0.045809787401461924,
                                0.004551426137569008,
                                0.00042726171033997197,
                                7.220499372082087e-06};
    const double w = begun(above, below, s);
    const double e = std::exp(w);
    const double y = sent_joules(w, e);
    const double each = y / w;
    const double f = y * each - c;
    const double slope = each * (2 * w * e - each);
    const double bend = 2 * (e * (w * e + each * (w - 1)) + each * each / w) / slope;
    return w - f / (slope - 0.5 * f * bend);
}

// The root w of (e^w - 1)^2 (w - 1 + e^-w) = c w^2: a rational start good to 5e-6, and Halley's
// step for the logarithms. Not a number where it is beyond 60.
double limited_log_gain(double c) {
    const double s = std::log1p(std::sqrt(2 * c));
    if (!(s > 0 && s < 58)) return std::numeric_limits<double>::quiet_NaN();
    constexpr double above[] = {1.000004131331574,   0.6614105639777472,  0.3102241694023614,
                                0.05822914182949802, 0.00549510739384151, 5.8225658844817955e-05};
    constexpr double below[] = {1,
                                0.4949118063442098,
                                0.28222943588628535,
                                0.05127409711235664,
                                0.005341605719126182,
                                5.818378329732151e-05};
    const double w = begun(above, below, s);
    const double grown = std::expm1(w), rest = rest_of(w);
    const double each = grown / w, shrunk = grown / (grown + 1);
    const double f = std::log1p(each * each * rest / c - 1);
    const double slope = 2 / shrunk + shrunk / rest - 2 / w;
    const double bend = -2 * (grown + 1) / (grown * grown) + (1 - shrunk) / rest -
                        shrunk * shrunk / (rest * rest) + 2 / (w * w);
    return w - f / (slope - 0.5 * f * bend / slope);
}

}  // namespace mel
