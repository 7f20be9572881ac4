#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <set>
#include <span>
#include <string_view>
#include <utility>

#include "core/utf8.hpp"
#include "dataset/pools.hpp"
#include "dataset/side_table.hpp"
#include "dataset/source.hpp"
#include "pitot/dataset.hpp"

namespace pitot {
namespace {

// The first value of which `misfit` is not 0, or how many values there are. A block is gone through to its end, which
// compiles to vector instructions: values are read as fast as memory gives them.
template <typename T, typename Misfit>
std::size_t first_misfit(std::span<const T> values, Misfit misfit) {
    constexpr std::size_t block = 4096;
    for (std::size_t first = 0; first < values.size(); first += block) {
        const auto piece = values.subspan(first, std::min(block, values.size() - first));
        unsigned any = 0;
        for (const T value : piece) {
            any |= misfit(value);
        }
        if (any != 0) {
            const auto found = std::ranges::find_if(piece, [&](T value) { return misfit(value) != 0; });
            return first + static_cast<std::size_t>(found - piece.begin());
        }
    }
    return values.size();
}

// Whether a number is not from `least` to `most`, NaN included.
unsigned beyond(double value, double least, double most) {
    return static_cast<unsigned>(!(value >= least)) | static_cast<unsigned>(!(value <= most));
}

template <typename... Arguments>
Failure unfit(fmt::format_string<Arguments...> text, Arguments&&... arguments) {
    return fail(ErrorCode::kInput, fmt::format(text, std::forward<Arguments>(arguments)...));
}

Result<void> check_side(const Side& side, const char* kind) {
    if (side.names.empty()) {
        return unfit("the dataset has no {}s; give their names", kind);
    }
    auto names = dataset::check_names(side.names, fmt::format("the {}s", kind)).and_then([&] {
        return dataset::check_names(side.feature_names, fmt::format("the {} features", kind));
    });
    if (!names) {
        return names;
    }
    const auto features = static_cast<std::int64_t>(side.feature_names.size());
    const bool none = features == 0 && side.features.cols() == 0;
    if (!none && (side.features.rows() != side.size() || side.features.cols() != features)) {
        return unfit(
            "the {} features are {} × {} values for {} {}s and {} feature names; give a row a {} and a column "
            "a name",
            kind, side.features.rows(), side.features.cols(), side.size(), kind, features, kind);
    }
    const auto values = side.features.flat();
    constexpr double largest = std::numeric_limits<double>::max();
    const std::size_t at = first_misfit(values, [](double value) { return beyond(value, -largest, largest); });
    if (at < values.size()) {
        const auto cols = side.feature_names.size();
        return unfit("the {} features: '{}' of {} '{}' is {}; features must be finite numbers", kind,
                     core::printable(side.feature_names[at % cols]), kind, core::printable(side.names[at / cols]),
                     values[at]);
    }
    return {};
}

Result<void> check_length(const ObservationTable& table, const char* column, std::size_t size, std::size_t wanted) {
    if (size != wanted) {
        return unfit(
            "observations: column '{}' has {} values where {} rows want {}; give every column a value a row "
            "('co_runner': `width` values)",
            column, size, table.size(), wanted);
    }
    return {};
}

// Whether all are rows of a side of `size`, or `least` (-1 = none). A row has `a_row` of them.
Result<void> check_indices(const char* column, std::span<const std::int32_t> values, std::size_t a_row,
                           std::int32_t least, const Side& side, const char* kind) {
    const std::int64_t end = side.size();
    const auto from = static_cast<std::uint32_t>(least);
    const auto numbers = static_cast<std::uint32_t>(std::min<std::int64_t>(end, INT32_MAX) - least);
    const std::size_t at = first_misfit(values, [=](std::int32_t value) {
        return static_cast<unsigned>(static_cast<std::uint32_t>(value) - from >= numbers);
    });
    if (at < values.size()) {
        return unfit(
            "observations: column '{}', row {} (counted from 0): {} is out of range, there are {} {}s ({} to {}); "
            "correct it or leave the row out",
            column, at / a_row, values[at], end, kind, least, end - 1);
    }
    return {};
}

Result<void> check_runtimes(std::span<const double> values) {
    const std::size_t at = first_misfit(
        values, [](double value) { return beyond(value, dataset::kShortestRuntimeUs, dataset::kLongestRuntimeUs); });
    if (at < values.size()) {
        return unfit(
            "observations: column 'runtime_us', row {} (counted from 0): the runtime {} {}; correct it or leave the "
            "row out",
            at, values[at], dataset::runtime_fault(values[at]));
    }
    return {};
}

Result<void> check_observations(const Dataset& dataset) {
    const ObservationTable& rows = dataset.observations;
    const auto size = rows.runtime_us.size();
    const auto width = static_cast<std::size_t>(std::max(rows.width, 0));
    return check_length(rows, "platform", rows.platform.size(), size)
        .and_then([&] { return check_length(rows, "module", rows.module.size(), size); })
        .and_then([&] { return check_length(rows, "co_runner", rows.co_runner.size(), size * width); })
        .and_then([&] { return check_indices("platform", rows.platform, 1, 0, dataset.platforms, "platform"); })
        .and_then([&] { return check_indices("module", rows.module, 1, 0, dataset.modules, "module"); })
        .and_then([&] { return check_indices("co_runner", rows.co_runner, width, -1, dataset.modules, "module"); })
        .and_then([&] { return check_runtimes(rows.runtime_us); });
}

// Whether the pools share the rows among them.
Result<void> check_pools(const Dataset& dataset) {
    if (dataset.pools.empty()) {
        return unfit("the dataset has no pool; the first one is that of rows alone, perhaps without rows");
    }
    if (dataset.pools.front().name != "alone") {
        return unfit("the first pool is called '{}'; it is that of rows alone and has to be called 'alone'",
                     core::printable(dataset.pools.front().name));
    }
    if (dataset.pools.size() > kMostPools) {
        return unfit("the dataset has {} pools; there may be {}", dataset.pools.size(), kMostPools);
    }
    std::set<std::string_view> names;
    std::int64_t left = dataset.observations.size();
    for (const Pool& pool : dataset.pools) {
        if (!dataset::is_pool_name(pool.name) || !names.insert(pool.name).second) {
            return unfit("a pool is called '{}'; give each a name of its own, of letters, digits, '-' and '_'",
                         core::printable(pool.name));
        }
        if (pool.rows < 0 || pool.rows > left) {
            return unfit(
                "pool '{}' has {} rows of the {} observations that are not in pools before it; let the pools share all "
                "rows, and all columns of a pool have as many values",
                core::printable(pool.name), pool.rows, left);
        }
        left -= pool.rows;
    }
    if (left > 0) {
        return unfit("{} of {} observations are in no pool; let the pools share all rows", left,
                     dataset.observations.size());
    }
    return {};
}

// Whether rows of the pool alone name no co-runner, and others have room for one.
Result<void> check_widths(const Dataset& dataset) {
    const std::int32_t width = dataset.observations.width;
    if (width < (dataset.rows_beside_others() > 0 ? 1 : 0)) {
        return unfit(
            "observations have width {} with {} rows beside others; give as many as a row has co-runners at most",
            width, dataset.rows_beside_others());
    }
    const auto values = dataset.observations.co_runner.values().first(
        static_cast<std::size_t>(dataset.pools[kAlone].rows) * static_cast<std::size_t>(width));
    const std::size_t at = first_misfit(values, [](std::int32_t value) { return static_cast<unsigned>(value != -1); });
    if (at < values.size()) {
        return unfit(
            "observations: row {} (counted from 0) names a co-runner and is in pool '{}', whose rows ran alone; move "
            "it to another pool",
            at / static_cast<std::size_t>(width), core::printable(dataset.pools[kAlone].name));
    }
    return {};
}

}  // namespace

Result<void> Dataset::validate() const {
    return check_side(platforms, "platform")
        .and_then([&] { return check_side(modules, "module"); })
        .and_then([&] { return check_observations(*this); })
        .and_then([&] { return check_pools(*this); })
        .and_then([&] { return check_widths(*this); });
}

}  // namespace pitot
