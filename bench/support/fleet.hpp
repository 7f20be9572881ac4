// Fleets made up from a key, of the sizes that were published: speed does not depend on what the numbers mean.
#pragma once

#include <cstdint>

#include "pitot/dataset.hpp"

namespace pitot::bench {

struct FleetSize {
    std::int64_t platforms = 174;
    std::int64_t platform_features = 37;
    std::int64_t modules = 176;
    std::int64_t module_features = 128;
    std::int64_t alone = 30'000;  ///< observations without co-runners
    std::int64_t together = 0;    ///< and with one
};

/// Random pairs with random side information and runtimes.
[[nodiscard]] Dataset made_up_fleet(const FleetSize& size);

/// What a preset was published with: 20 × 140 and co-runners for interference, 174 × 176 for the others.
[[nodiscard]] FleetSize published_fleet(bool interference);

}  // namespace pitot::bench
