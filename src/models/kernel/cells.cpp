#include "models/kernel/cells.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>
#include <utility>

#include "models/scale.hpp"

namespace pitot::models::kernel {

Cells gather_cells(const ObservationView& table, core::RowNumbers rows) {
    std::vector<std::int64_t> order(rows.size());
    for (std::size_t n = 0; n < rows.size(); ++n) {
        order[n] = rows[n];
    }
    const auto place = [&](std::int64_t row) {
        const auto at = static_cast<std::size_t>(row);
        return std::tuple(table.platform[at], table.module[at], row);
    };
    std::ranges::sort(order, {}, place);
    const Scale scale = Scale::logarithmic();
    Cells cells;
    for (std::size_t first = 0; first < order.size();) {
        const auto at = static_cast<std::size_t>(order[first]);
        std::size_t last = first;
        double sum = 0.0;
        for (; last < order.size(); ++last) {
            const auto row = static_cast<std::size_t>(order[last]);
            if (table.platform[row] != table.platform[at] || table.module[row] != table.module[at]) {
                break;
            }
            sum += scale.target(table.runtime_us[row]);
        }
        const auto runs = static_cast<double>(last - first);
        const double mean = sum / runs;
        for (std::size_t n = first; n < last && last - first > 1; ++n) {
            const double off = scale.target(table.runtime_us[static_cast<std::size_t>(order[n])]) - mean;
            cells.within_squares += off * off;
        }
        cells.within_freedom += runs - 1.0;
        cells.platform.push_back(table.platform[at]);
        cells.module.push_back(table.module[at]);
        cells.mean.push_back(mean);
        cells.count.push_back(runs);
        first = last;
    }
    return cells;
}

Cells subset_of(const Cells& cells, std::span<const std::int64_t> numbers) {
    Cells some;
    for (const std::int64_t number : numbers) {
        const auto n = static_cast<std::size_t>(number);
        some.platform.push_back(cells.platform[n]);
        some.module.push_back(cells.module[n]);
        some.mean.push_back(cells.mean[n]);
        some.count.push_back(cells.count[n]);
    }
    some.within_squares = cells.within_squares;
    some.within_freedom = cells.within_freedom;
    return some;
}

HeldOut::HeldOut(std::size_t cells, std::uint64_t parts, std::uint64_t part, core::Key key) {
    core::Stream draws(key);
    for (std::int64_t n = 0; std::cmp_less(n, cells); ++n) {
        (draws.below(parts) == part ? out : kept).push_back(n);
    }
}

Matrix<double> on_grid(const Cells& cells, const std::vector<double>& values, std::int64_t platforms,
                       std::int64_t modules) {
    Matrix<double> grid(platforms, modules);
    for (std::size_t n = 0; n < values.size(); ++n) {
        grid(cells.platform[n], cells.module[n]) = values[n];
    }
    return grid;
}

}  // namespace pitot::models::kernel
