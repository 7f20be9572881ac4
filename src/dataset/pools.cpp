#include <algorithm>
#include <utility>

#include "dataset/pools.hpp"

namespace pitot::dataset {
namespace {

// The rows of a pool whose columns agree on their number; -1, which validate() refuses, of one whose columns do not, or
// of rows alone with room for co-runners.
std::int64_t rows_in(const ObservationTable& table, bool alone) {
    const std::size_t rows = table.runtime_us.size();
    const bool whole = !(alone && table.width != 0) && table.platform.size() == rows && table.module.size() == rows &&
                       table.width >= 0 && table.co_runner.size() == rows * static_cast<std::size_t>(table.width);
    return whole ? table.size() : -1;
}

// A column of exactly these values.
template <typename T>
Column<T> joined(std::span<const T> first, std::span<const T> second) {
    std::vector<T> all;
    all.reserve(first.size() + second.size());
    all.insert(all.end(), first.begin(), first.end());
    all.insert(all.end(), second.begin(), second.end());
    return all;
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

bool is_pool_name(std::string_view name) {
    constexpr std::size_t longest = 64;
    return !name.empty() && name.size() <= longest && std::ranges::all_of(name, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
    });
}

ObservationTable copy_of(const ObservationView& rows) {
    return {joined<std::int32_t>(rows.platform, {}), joined<std::int32_t>(rows.module, {}),
            joined<std::int32_t>(rows.co_runner, {}), rows.width, joined<double>(rows.runtime_us, {})};
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
    pools = {{"alone", dataset::rows_in(alone, true)}};
    const std::int64_t beside = dataset::rows_in(together, false);
    if (beside == 0) {
        observations = std::move(alone);
        return;
    }
    pools.push_back({"together", beside});
    if (pools.front().rows == 0) {
        observations = std::move(together);
        return;
    }
    const std::int32_t width = std::max(together.width, 0);
    std::vector<std::int32_t> co_runner;
    co_runner.reserve(alone.platform.size() * static_cast<std::size_t>(width) + together.co_runner.size());
    co_runner.assign(alone.platform.size() * static_cast<std::size_t>(width), -1);
    co_runner.insert(co_runner.end(), together.co_runner.begin(), together.co_runner.end());
    observations = {dataset::joined(alone.platform.values(), together.platform.values()),
                    dataset::joined(alone.module.values(), together.module.values()), std::move(co_runner), width,
                    dataset::joined(alone.runtime_us.values(), together.runtime_us.values())};
}

}  // namespace pitot
