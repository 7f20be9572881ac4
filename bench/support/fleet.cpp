#include "bench/support/fleet.hpp"

#include <cmath>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/key.hpp"
#include "pitot/units.hpp"

namespace pitot::bench {
namespace {

Side made_up_side(const std::string& kind, std::int64_t rows, std::int64_t features, core::Key key) {
    Side side;
    side.features = Matrix<double>(rows, features);
    core::Stream stream(key);
    for (double& x : side.features.flat()) {
        x = stream.normal();
    }
    for (std::int64_t i = 0; i < rows; ++i) {
        side.names.push_back(kind + std::to_string(i));
    }
    for (std::int64_t c = 0; c < features; ++c) {
        side.feature_names.push_back(kind + "_feature" + std::to_string(c));
    }
    return side;
}

ObservationTable made_up_observations(const FleetSize& size, std::int64_t rows, std::int32_t width, core::Key key) {
    std::vector<std::int32_t> platform, module, co_runner;
    std::vector<double> runtime_us;
    core::Stream stream(key);
    const auto below = [&](std::int64_t n) {
        return static_cast<std::int32_t>(stream.below(static_cast<std::uint64_t>(n)));
    };
    for (std::int64_t row = 0; row < rows; ++row) {
        platform.push_back(below(size.platforms));
        module.push_back(below(size.modules));
        for (std::int32_t w = 0; w < width; ++w) {
            co_runner.push_back(below(size.modules));
        }
        runtime_us.push_back(kReferenceRuntimeUs * std::exp(0.3 * stream.normal()));
    }
    ObservationTable table;
    table.platform = std::move(platform);
    table.module = std::move(module);
    table.co_runner = std::move(co_runner);
    table.width = rows > 0 ? width : 0;
    table.runtime_us = std::move(runtime_us);
    return table;
}

}  // namespace

Dataset made_up_fleet(const FleetSize& size) {
    const core::Key key = core::Key(1).fold("fleet");
    Dataset dataset;
    dataset.platforms = made_up_side("platform", size.platforms, size.platform_features, key.fold("platforms"));
    dataset.modules = made_up_side("module", size.modules, size.module_features, key.fold("modules"));
    dataset.set_observations(made_up_observations(size, size.alone, 0, key.fold("alone")),
                             made_up_observations(size, size.together, 1, key.fold("together")));
    return dataset;
}

FleetSize published_fleet(bool interference) {
    return interference ? FleetSize{20, 19, 140, 128, 2'800, 2'800} : FleetSize{};
}

}  // namespace pitot::bench
