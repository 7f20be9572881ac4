#include "core/check.hpp"

#include <cstdio>
#include <cstdlib>

namespace pitot::core {

void check_failed(const char* condition, const char* file, int line) {
    std::fprintf(stderr, "pitot: internal error at %s:%d: %s does not hold; please report it\n", file, line, condition);
    std::abort();
}

}  // namespace pitot::core
