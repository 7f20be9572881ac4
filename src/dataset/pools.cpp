#include <algorithm>
#include <utility>

#include "dataset/pools.hpp"

namespace pitot::dataset {
namespace {

// The rows of a pool whose columns agree on their number; -1, which validate() refuses, of one whose columns do not.
std::int64_t rows_in(const ObservationTable& table) {
    const std::size_t rows = table.runtime_us.size();
    const bool whole = table.platform.size() == rows && table.module.size() == rows && table.width >= 0 &&
                       table.co_runner.size() == rows * static_cast<std::size_t>(table.width);
    return whole ? table.size() : -1;
}

template <typename T>
void append(Column<T>& to, std::span<const T> values) {
    std::vector<T>& all = to.edit();
    all.insert(all.end(), values.begin(), values.end());
}

}  // namespace

ObservationView rows_of(const ObservationView& table, std::int64_t first, std::int64_t count, std::int32_t width) {
    const auto from = static_cast<std::size_t>(first);
    const auto rows = static_cast<std::size_t>(count);
    const auto w = static_cast<std::size_t>(width);
    return {table.platform.subspan(from, rows), table.module.subspan(from, rows),
            width == 0 ? std::span<const std::int32_t>() : table.co_runner.subspan(from * w, rows * w), width,
            table.runtime_us.subspan(from, rows)};
}

ObservationTable copy_of(const ObservationView& rows) {
    ObservationTable table;
    append(table.platform, rows.platform);
    append(table.module, rows.module);
    append(table.co_runner, rows.co_runner);
    table.width = rows.width;
    append(table.runtime_us, rows.runtime_us);
    return table;
}

ObservationView beside_others(const Dataset& dataset) {
    return rows_of(dataset.observations.view(), dataset.pools[kAlone].rows, dataset.rows_beside_others(),
                   dataset.observations.width);
}

}  // namespace pitot::dataset

namespace pitot {

ObservationView Dataset::pool(std::size_t number) const {
    if (number >= pools.size()) {
        return {};
    }
    const std::int32_t width = number == kAlone ? 0 : std::max(observations.width, 0);
    // Of a dataset that is not valid, the rows that all columns have.
    std::size_t there =
        std::min({observations.platform.size(), observations.module.size(), observations.runtime_us.size()});
    if (width > 0) {
        there = std::min(there, observations.co_runner.size() / static_cast<std::size_t>(width));
    }
    std::int64_t left = static_cast<std::int64_t>(there);
    for (std::size_t p = 0; p < number; ++p) {
        left -= std::clamp<std::int64_t>(pools[p].rows, 0, left);
    }
    const std::int64_t first = static_cast<std::int64_t>(there) - left;
    return dataset::rows_of(observations.view(), first, std::clamp<std::int64_t>(pools[number].rows, 0, left), width);
}

void Dataset::set_observations(ObservationTable alone, ObservationTable together) {
    pools = {{"alone", dataset::rows_in(alone)}};
    if (together.size() == 0) {
        observations = std::move(alone);
        return;
    }
    pools.push_back({"together", dataset::rows_in(together)});
    if (alone.size() == 0) {
        observations = std::move(together);
        return;
    }
    observations = std::move(alone);
    observations.width = std::max(together.width, 0);
    observations.co_runner.edit().assign(observations.platform.size() * static_cast<std::size_t>(observations.width),
                                         -1);
    dataset::append(observations.platform, together.platform.values());
    dataset::append(observations.module, together.module.values());
    dataset::append(observations.co_runner, together.co_runner.values());
    dataset::append(observations.runtime_us, together.runtime_us.values());
}

}  // namespace pitot
