// A made-up fleet of the size of the published one; benchmarks need no file.
#pragma once

#include "support/synthetic.hpp"

namespace pitot::bench {

inline const Dataset& fleet() {
    static const Dataset kFleet = [] {
        test::SyntheticOptions options;
        options.platforms = 174;
        options.modules = 176;
        options.features = 37;
        options.density = 0.98;
        options.together = 23'000;
        Dataset dataset = test::synthetic_dataset(options);
        dataset.modules = test::synthetic_side("module", options.modules, 128, Key(2));
        return dataset;
    }();
    return kFleet;
}

}  // namespace pitot::bench
