#include <array>

#include "cli/cli.hpp"
#include "cli/verbs.hpp"

int main(int argc, char** argv) {
    const std::array verbs{
        pitot::cli::presets_verb(),
    };
    return pitot::cli::run(argc, argv, verbs);
}
