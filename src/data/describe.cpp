#include "data/describe.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <span>
#include <utility>

namespace pitot {
namespace {

// As RuntimeRange and FactorRange, before it is known of what.
struct Range {
    double min = 0;
    double median = 0;
    double max = 0;
};

// The median of an even number of values is the mean of the two in the middle.
std::optional<Range> range_of(std::vector<double> values) {
    if (values.empty()) {
        return std::nullopt;
    }
    const auto half = static_cast<std::ptrdiff_t>(values.size() / 2);
    const auto middle = values.begin() + half;
    std::nth_element(values.begin(), middle, values.end());
    double median = *middle;
    if (values.size() % 2 == 0) {
        median = (median + *std::max_element(values.begin(), middle)) / 2;
    }
    const auto [low, high] = std::ranges::minmax_element(values);
    return Range{*low, median, *high};
}

std::optional<RuntimeRange> runtimes_of(const ObservationTable& table) {
    const auto range = range_of(table.runtime_us);
    return range ? std::optional(RuntimeRange{{range->min}, {range->median}, {range->max}}) : std::nullopt;
}

std::uint64_t cell_of(const ObservationTable& table, std::size_t row) {
    return (static_cast<std::uint64_t>(static_cast<std::uint32_t>(table.platform[row])) << 32U) |
           static_cast<std::uint32_t>(table.module[row]);
}

// Cells observed alone in rising order, with the number and the sum of their runtimes.
struct Cell {
    std::uint64_t cell;
    std::int64_t rows;
    double sum_us;
};

std::vector<Cell> cells_of(const ObservationTable& table) {
    std::vector<std::pair<std::uint64_t, double>> rows;
    rows.reserve(table.runtime_us.size());
    for (std::size_t i = 0; i < table.runtime_us.size(); ++i) {
        rows.emplace_back(cell_of(table, i), table.runtime_us[i]);
    }
    std::ranges::sort(rows);
    std::vector<Cell> cells;
    for (const auto& [cell, runtime] : rows) {
        if (cells.empty() || cells.back().cell != cell) {
            cells.push_back({cell, 0, 0.0});
        }
        ++cells.back().rows;
        cells.back().sum_us += runtime;
    }
    return cells;
}

SideDescription describe_side(const Side& side, std::span<const std::int32_t> alone,
                              std::span<const std::int32_t> together) {
    std::vector<bool> seen(side.names.size(), false);
    for (const auto rows : {alone, together}) {
        for (const std::int32_t index : rows) {
            seen[static_cast<std::size_t>(index)] = true;
        }
    }
    SideDescription description{side.size(), side.feature_names, {}};
    for (std::size_t i = 0; i < seen.size(); ++i) {
        if (!seen[i]) {
            description.unobserved.push_back(side.names[i]);
        }
    }
    return description;
}

AloneDescription describe_alone(const Dataset& dataset, std::span<const Cell> cells) {
    AloneDescription alone;
    alone.rows = dataset.alone.size();
    alone.cells = static_cast<std::int64_t>(cells.size());
    const double matrix = static_cast<double>(dataset.platforms.size()) * static_cast<double>(dataset.modules.size());
    alone.density = matrix > 0 ? static_cast<double>(alone.cells) / matrix : 0.0;
    alone.repeated_cells = std::ranges::count_if(cells, [](const Cell& cell) { return cell.rows > 1; });
    alone.runtime = runtimes_of(dataset.alone);
    return alone;
}

// Rows less the different combinations of platform, module and co-runners.
std::int64_t count_repeated(const ObservationTable& table) {
    const auto width = static_cast<std::size_t>(table.width);
    std::vector<std::int32_t> co_runners = table.co_runner;
    for (std::size_t i = 0; i < table.runtime_us.size(); ++i) {
        std::ranges::sort(std::span(co_runners).subspan(i * width, width));
    }
    const auto before = [&](std::size_t a, std::size_t b) {
        const std::uint64_t cell_a = cell_of(table, a);
        const std::uint64_t cell_b = cell_of(table, b);
        return cell_a != cell_b ? cell_a < cell_b
                                : std::ranges::lexicographical_compare(std::span(co_runners).subspan(a * width, width),
                                                                       std::span(co_runners).subspan(b * width, width));
    };
    std::vector<std::size_t> order(table.runtime_us.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::sort(order, before);
    std::int64_t repeated = 0;
    for (std::size_t i = 1; i < order.size(); ++i) {
        repeated += before(order[i - 1], order[i]) ? 0 : 1;
    }
    return repeated;
}

TogetherDescription describe_together(const ObservationTable& table, std::span<const Cell> cells) {
    TogetherDescription together;
    together.rows = table.size();
    together.width = table.width;
    if (together.rows == 0) {
        return together;
    }
    const auto width = static_cast<std::size_t>(table.width);
    together.rows_by_co_runners.assign(width + 1, 0);
    std::vector<double> slowdowns;
    for (std::size_t i = 0; i < table.runtime_us.size(); ++i) {
        const auto co_runners = std::span(table.co_runner).subspan(i * width, width);
        const auto count = std::ranges::count_if(co_runners, [](std::int32_t k) { return k >= 0; });
        ++together.rows_by_co_runners[static_cast<std::size_t>(count)];
        const std::uint64_t cell = cell_of(table, i);
        const auto alone = std::ranges::lower_bound(cells, cell, {}, &Cell::cell);
        if (alone != cells.end() && alone->cell == cell) {
            slowdowns.push_back(table.runtime_us[i] * static_cast<double>(alone->rows) / alone->sum_us);
        }
    }
    together.repeated_rows = count_repeated(table);
    together.runtime = runtimes_of(table);
    together.slowdown_rows = static_cast<std::int64_t>(slowdowns.size());
    if (const auto range = range_of(std::move(slowdowns))) {
        together.slowdown = FactorRange{range->min, range->median, range->max};
    }
    return together;
}

}  // namespace

DatasetDescription describe(const Dataset& dataset) {
    const std::vector<Cell> cells = cells_of(dataset.alone);
    DatasetDescription description;
    description.sources = dataset.sources;
    description.digest = dataset_digest(dataset);
    description.platforms = describe_side(dataset.platforms, dataset.alone.platform, dataset.together.platform);
    description.modules = describe_side(dataset.modules, dataset.alone.module, dataset.together.module);
    description.alone = describe_alone(dataset, cells);
    description.together = describe_together(dataset.together, cells);
    description.problems = dataset.problems;
    description.dropped_rows = dataset.dropped_rows;
    return description;
}

}  // namespace pitot
