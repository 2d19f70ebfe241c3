#include "check.hpp"

int main(int count, char** names) { return check::run(count, names); }
