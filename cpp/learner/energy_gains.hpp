// Logarithms of gains at which a learner of least energy sends: roots of increasing functions, each
// by a rational start and one step that cubes its error.
#pragma once

namespace mel {

// e^w (w - 1) + 1, where e^w is known; w - 1 + e^-w. As density_left_side and log_rest say, but for
// the last bits: those are sums of many terms, for whom plans must stay as they are.
double sent_joules(double w, double grown);
double rest_of(double w);
// e^u - 1, where the power of sending with the fixed law is of use.
double grown_by(double u);

// The root w of e^w (w - 1) + 1 = y.
double joule_log_gain(double y);
// The root u of u^2 e^u = z.
double joule_fixed_gain(double z);
// The root w of (e^w (w - 1) + 1)^2 = c w; not a number where it is beyond 60.
double saving_log_gain(double c);
// The root w of (e^w - 1)^2 (w - 1 + e^-w) = c w^2; not a number where it is beyond 60.
double limited_log_gain(double c);

}  // namespace mel
