#define MEL_ISA baseline
#include "kernels/kernels.inc.hpp"
