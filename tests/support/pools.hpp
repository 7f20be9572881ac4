// Rows of a dataset's pools, to be changed.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "pitot/dataset.hpp"

namespace pitot::test {

/// A copy to compare with.
template <typename T>
std::vector<T> values(std::span<const T> of) {
    return {of.begin(), of.end()};
}

/// Rows as a table of their own.
inline ObservationTable copy_of(const ObservationView& rows) {
    return {values(rows.platform), values(rows.module), values(rows.co_runner), rows.width, values(rows.runtime_us)};
}

/// Has `change(alone, together)` change copies of both pools, which the dataset then has.
template <typename Change>
void change_pools(Dataset& dataset, Change change) {
    ObservationTable alone = copy_of(dataset.pool(kAlone));
    ObservationTable together = copy_of(dataset.pool(kAlone + 1));
    change(alone, together);
    dataset.set_observations(std::move(alone), std::move(together));
}

/// Leaves the rows alone that `keep(row)` wants, and those beside others.
template <typename Keep>
void keep_alone(Dataset& dataset, Keep keep) {
    const ObservationView rows = dataset.pool(kAlone);
    ObservationTable kept;
    for (std::size_t row = 0; row < rows.runtime_us.size(); ++row) {
        if (keep(row)) {
            kept.platform.push_back(rows.platform[row]);
            kept.module.push_back(rows.module[row]);
            kept.runtime_us.push_back(rows.runtime_us[row]);
        }
    }
    dataset.set_observations(std::move(kept), copy_of(dataset.pool(kAlone + 1)));
}

/// Adds a row without co-runners to a dataset that has no others.
inline void add_alone(Dataset& dataset, std::int32_t platform, std::int32_t module, double runtime_us) {
    dataset.observations.platform.push_back(platform);
    dataset.observations.module.push_back(module);
    dataset.observations.runtime_us.push_back(runtime_us);
    ++dataset.pools[kAlone].rows;
}

}  // namespace pitot::test
