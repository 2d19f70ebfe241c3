#define MEL_ISA baseline
#include "kernels.inc.hpp"
