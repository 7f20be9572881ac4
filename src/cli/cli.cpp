#include "cli/cli.hpp"

#include <cstdio>

namespace pitot::cli {

int run(int /*argc*/, char** /*argv*/) {
    std::puts("pitot " PITOT_VERSION);
    return 0;
}

}  // namespace pitot::cli
