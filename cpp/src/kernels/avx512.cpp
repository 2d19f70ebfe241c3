#define MEL_ISA avx512
#include "kernels.inc.hpp"
