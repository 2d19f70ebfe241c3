#define MEL_ISA avx2
#include "kernels/kernels.inc.hpp"
