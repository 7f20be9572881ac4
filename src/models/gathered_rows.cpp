#include "models/gathered_rows.hpp"

#include "models/scale.hpp"

namespace pitot::models {

GatheredRows::GatheredRows(const ObservationView& observations, core::RowNumbers rows, const ModelConfig& config)
    : width(observations.width) {
    const Scale scale(config);
    platform.reserve(rows.size());
    module.reserve(rows.size());
    target.reserve(rows.size());
    co_runner.reserve(rows.size() * static_cast<std::size_t>(width));
    for (const std::int64_t row : rows) {
        const auto at = static_cast<std::size_t>(row);
        platform.push_back(observations.platform[at]);
        module.push_back(observations.module[at]);
        target.push_back(scale.target(observations.runtime_us[at]));
        const auto with =
            observations.co_runner.subspan(at * static_cast<std::size_t>(width), static_cast<std::size_t>(width));
        co_runner.insert(co_runner.end(), with.begin(), with.end());
    }
}

}  // namespace pitot::models
