// Trains embedding/128 on a made-up fleet for a number of steps and nothing else, for counting its instructions.
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>

#include "bench/support/fleet.hpp"
#include "bench/support/step.hpp"

int main(int argc, char** argv) {
    const pitot::Dataset fleet = pitot::bench::made_up_fleet(pitot::bench::published_fleet(false));
    auto trial = pitot::bench::StepTrial::make(fleet, pitot::preset(argc > 2 ? argv[2] : "embedding/128").value());
    if (!trial) {
        std::cerr << trial.error().to_string() << '\n';
        return EXIT_FAILURE;
    }
    trial->train(argc > 1 ? std::stoll(argv[1]) : 10);
    return EXIT_SUCCESS;
}
