#include "dataset/describe.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/readable.hpp"
#include "core/row_numbers.hpp"
#include "dataset/pools.hpp"

namespace pitot::dataset {
namespace {

// As RuntimeRange and FactorRange, before it is known of what.
struct Range {
    double min = 0;
    double median = 0;
    double max = 0;
};

// Numbers >= 0 that can be looked at again and again, so that they need not all be in memory.
using Values = std::function<void(const std::function<void(double)>& visit)>;

// The number of rank `rank` (from 0), and how many equal ones stand before it. As numbers >= 0 order like their bits,
// sixteen of which are known after each look.
std::pair<double, std::int64_t> select(const Values& values, std::int64_t rank) {
    std::uint64_t known = 0;
    for (unsigned shift = 64; shift > 0;) {
        const unsigned above = shift;
        shift -= 16;
        std::vector<std::int64_t> count(1U << 16U, 0);
        values([&](double value) {
            const auto bits = std::bit_cast<std::uint64_t>(value);
            if (above == 64 || bits >> above == known) {
                ++count[(bits >> shift) & 0xFFFFU];
            }
        });
        std::size_t bin = 0;
        while (rank >= count[bin]) {
            rank -= count[bin++];
        }
        known = (known << 16U) | bin;
    }
    return {std::bit_cast<double>(known), rank};
}

// The median of an even number of values is the mean of the two in the middle.
std::optional<Range> range_of(const Values& values) {
    std::int64_t size = 0;
    Range range{HUGE_VAL, 0, 0};
    values([&](double value) {
        ++size;
        range.min = std::min(range.min, value);
        range.max = std::max(range.max, value);
    });
    if (size == 0) {
        return std::nullopt;
    }
    const auto [middle, equal_before] = select(values, size / 2);
    range.median = middle;
    if (size % 2 == 0) {
        double before = equal_before > 0 ? middle : 0.0;
        values([&, m = middle](double value) { before = value < m ? std::max(before, value) : before; });
        range.median = (middle + before) / 2;
    }
    return range;
}

std::optional<RuntimeRange> runtimes_of(const ObservationView& table) {
    const auto range = range_of([&](const auto& visit) { std::ranges::for_each(table.runtime_us, visit); });
    return range ? std::optional(RuntimeRange{{range->min}, {range->median}, {range->max}}) : std::nullopt;
}

// Observations platform by platform, at the cost of a number a row.
class ByPlatform {
public:
    ByPlatform(const ObservationView& table, std::int64_t platforms)
        : ends_(ends_of(table, platforms)), order_(core::RowOrder::grouped(table.platform, ends_)) {}

    [[nodiscard]] core::RowNumbers rows(std::size_t platform) const {
        const auto first = static_cast<std::size_t>(platform == 0 ? 0 : ends_[platform - 1]);
        return order_.view().piece(first, static_cast<std::size_t>(ends_[platform]) - first);
    }
    [[nodiscard]] std::size_t platforms() const { return ends_.size(); }

private:
    static std::vector<std::int64_t> ends_of(const ObservationView& table, std::int64_t platforms) {
        std::vector<std::int64_t> ends(static_cast<std::size_t>(platforms), 0);
        for (const std::int32_t platform : table.platform) {
            ++ends[static_cast<std::size_t>(platform)];
        }
        std::partial_sum(ends.begin(), ends.end(), ends.begin());
        return ends;
    }

    std::vector<std::int64_t> ends_;
    core::RowOrder order_;
};

// A module of one platform, with the number and the sum of its runtimes alone.
struct Cell {
    std::int32_t module;
    std::int64_t rows;
    double sum_us;
};

// The cells that these rows of one platform observed, in rising order.
std::vector<Cell> cells_of(const ObservationView& table, core::RowNumbers rows) {
    std::vector<std::pair<std::int32_t, double>> runtimes;
    runtimes.reserve(rows.size());
    for (const std::int64_t row : rows) {
        const auto at = static_cast<std::size_t>(row);
        runtimes.emplace_back(table.module[at], table.runtime_us[at]);
    }
    std::ranges::sort(runtimes);
    std::vector<Cell> cells;
    for (const auto& [module, runtime] : runtimes) {
        if (cells.empty() || cells.back().module != module) {
            cells.push_back({module, 0, 0.0});
        }
        ++cells.back().rows;
        cells.back().sum_us += runtime;
    }
    return cells;
}

// `observed`: the row of the side that each observation is of.
SideDescription describe_side(const Side& side, std::span<const std::int32_t> observed) {
    std::vector<bool> seen(side.names.size(), false);
    for (const std::int32_t index : observed) {
        seen[static_cast<std::size_t>(index)] = true;
    }
    SideDescription description{side.size(), side.names, side.feature_names, {}};
    for (std::size_t i = 0; i < seen.size(); ++i) {
        if (!seen[i]) {
            description.unobserved.push_back(side.names[i]);
        }
    }
    return description;
}

AloneDescription describe_alone(const Dataset& dataset, const ByPlatform& rows) {
    AloneDescription alone;
    alone.rows = dataset.pools[kAlone].rows;
    for (std::size_t i = 0; i < rows.platforms(); ++i) {
        const auto cells = cells_of(dataset.pool(kAlone), rows.rows(i));
        alone.cells += static_cast<std::int64_t>(cells.size());
        alone.repeated_cells += std::ranges::count_if(cells, [](const Cell& cell) { return cell.rows > 1; });
    }
    const double matrix = static_cast<double>(dataset.platforms.size()) * static_cast<double>(dataset.modules.size());
    alone.density = matrix > 0 ? static_cast<double>(alone.cells) / matrix : 0.0;
    alone.runtime = runtimes_of(dataset.pool(kAlone));
    return alone;
}

// Of these rows of one platform, those whose module and co-runners an earlier one has.
std::int64_t count_repeated(const ObservationView& table, core::RowNumbers rows) {
    const auto width = static_cast<std::size_t>(table.width);
    std::vector<std::vector<std::int32_t>> modules;  // of each row: its own, then its co-runners in rising order
    modules.reserve(rows.size());
    for (const std::int64_t row : rows) {
        const auto at = static_cast<std::size_t>(row);
        auto& of_row = modules.emplace_back(1, table.module[at]);
        const auto co_runners = table.co_runner.subspan(at * width, width);
        of_row.insert(of_row.end(), co_runners.begin(), co_runners.end());
        std::sort(of_row.begin() + 1, of_row.end());
    }
    std::ranges::sort(modules);
    return modules.end() - std::unique(modules.begin(), modules.end());
}

// Runtimes together over the mean alone, of the rows whose pair was observed alone.
void for_each_slowdown(const Dataset& dataset, const ByPlatform& alone, const ByPlatform& together,
                       const std::function<void(double)>& visit) {
    const ObservationView table = beside_others(dataset);
    for (std::size_t i = 0; i < together.platforms(); ++i) {
        const core::RowNumbers rows = together.rows(i);
        const auto cells = rows.empty() ? std::vector<Cell>() : cells_of(dataset.pool(kAlone), alone.rows(i));
        for (const std::int64_t row : rows) {
            const auto at = static_cast<std::size_t>(row);
            const auto cell = std::ranges::lower_bound(cells, table.module[at], {}, &Cell::module);
            if (cell != cells.end() && cell->module == table.module[at]) {
                visit(table.runtime_us[at] * static_cast<double>(cell->rows) / cell->sum_us);
            }
        }
    }
}

TogetherDescription describe_together(const Dataset& dataset, const ByPlatform& alone) {
    const ObservationView table = beside_others(dataset);
    TogetherDescription together;
    together.rows = table.size();
    if (together.rows == 0) {
        return together;
    }
    together.width = table.width;
    const auto width = static_cast<std::size_t>(table.width);
    together.rows_by_co_runners.assign(width + 1, 0);
    for (std::size_t i = 0; i < table.runtime_us.size(); ++i) {
        const auto co_runners = table.co_runner.subspan(i * width, width);
        const auto count = std::ranges::count_if(co_runners, [](std::int32_t k) { return k >= 0; });
        ++together.rows_by_co_runners[static_cast<std::size_t>(count)];
    }
    const ByPlatform rows(table, dataset.platforms.size());
    for (std::size_t i = 0; i < rows.platforms(); ++i) {
        together.repeated_rows += count_repeated(table, rows.rows(i));
    }
    together.runtime = runtimes_of(table);
    const auto slowdowns = [&](const auto& visit) { for_each_slowdown(dataset, alone, rows, visit); };
    slowdowns([&](double) { ++together.slowdown_rows; });
    if (const auto range = range_of(slowdowns)) {
        together.slowdown = FactorRange{range->min, range->median, range->max};
    }
    return together;
}

}  // namespace

DatasetDescription describe(const Dataset& dataset) {
    const ByPlatform alone(dataset.pool(kAlone), dataset.platforms.size());
    DatasetDescription description;
    description.sources = dataset.sources;
    description.digest = dataset_digest(dataset);
    description.platforms = describe_side(dataset.platforms, dataset.observations.platform);
    description.modules = describe_side(dataset.modules, dataset.observations.module);
    description.alone = describe_alone(dataset, alone);
    description.together = describe_together(dataset, alone);
    description.problems = dataset.problems;
    if (std::string remark = empty_runs_remark(dataset); !remark.empty()) {
        description.problems.push_back(std::move(remark));
    }
    description.dropped_rows = dataset.dropped_rows;
    return description;
}

std::string empty_runs_remark(const Dataset& dataset) {
    constexpr double shortest_us = 1.0;
    constexpr double share_of_median = 0.01;
    const auto runtimes = dataset.observations.view().runtime_us;
    std::vector<double> sorted(runtimes.begin(), runtimes.end());
    if (sorted.empty()) {
        return {};
    }
    const auto middle = sorted.begin() + std::ssize(sorted) / 2;
    std::ranges::nth_element(sorted, middle);
    const double limit = std::min(shortest_us, share_of_median * *middle);
    std::int64_t count = 0;
    std::size_t first = 0;
    for (std::size_t n = runtimes.size(); n-- > 0;) {
        if (runtimes[n] < limit) {
            ++count;
            first = n;
        }
    }
    if (count == 0) {
        return {};
    }
    return fmt::format(
        "{} under a microsecond and a hundredth of the median runtime, as of '{}' on '{}': nothing runs so "
        "shortly, and relative errors of such runs outweigh all others; leave empty tests out",
        core::count_text(count, "runtime") + (count == 1 ? " is" : " are"),
        dataset.modules.names[static_cast<std::size_t>(dataset.observations.view().module[first])],
        dataset.platforms.names[static_cast<std::size_t>(dataset.observations.view().platform[first])]);
}

}  // namespace pitot::dataset
