#define MEL_ISA avx512
#include "kernels/kernels.inc.hpp"
