#include "dataset/row_groups.hpp"

#include <algorithm>
#include <compare>
#include <numeric>

namespace pitot::dataset {
namespace {

// Co-runners of some rows, each row's sorted: what their combinations are told apart by.
class SortedCoRunners {
public:
    SortedCoRunners(const ObservationView& observations, core::RowNumbers rows)
        : width_(static_cast<std::size_t>(observations.width)) {
        sorted_.reserve(rows.size() * width_);
        for (const std::int64_t row : rows) {
            const auto beside = observations.co_runner.subspan(static_cast<std::size_t>(row) * width_, width_);
            sorted_.insert(sorted_.end(), beside.begin(), beside.end());
            std::sort(sorted_.end() - static_cast<std::ptrdiff_t>(width_), sorted_.end(), std::greater<>());
        }
    }
    [[nodiscard]] std::span<const std::int32_t> of(std::size_t n) const {
        return std::span(sorted_).subspan(n * width_, width_);
    }

private:
    std::size_t width_;
    std::vector<std::int32_t> sorted_;
};

// Whether two rows without co-runners are of one pair, from a bit a cell.
bool some_pair_repeats(const ObservationView& observations, std::int64_t platforms, std::int64_t modules) {
    std::vector<bool> seen(static_cast<std::size_t>(platforms * modules));
    for (std::size_t row = 0; row < observations.platform.size(); ++row) {
        const auto cell = static_cast<std::size_t>(observations.platform[row]) * static_cast<std::size_t>(modules) +
                          static_cast<std::size_t>(observations.module[row]);
        if (seen[cell]) {
            return true;
        }
        seen[cell] = true;
    }
    return false;
}

// Numbers of combinations, in the order of platforms, modules and co-runners, row by row.
struct Numbered {
    std::vector<std::int32_t> combination;
    std::int64_t count = 0;
};

Numbered number_combinations(const ObservationView& observations, std::int64_t platforms) {
    Numbered numbered{std::vector<std::int32_t>(observations.platform.size()), 0};
    visit_by_combination(observations, platforms, [&](core::RowNumbers rows, const std::vector<bool>& first) {
        for (std::size_t n = 0; n < rows.size(); ++n) {
            numbered.count += first[n] ? 1 : 0;
            numbered.combination[static_cast<std::size_t>(rows[n])] = static_cast<std::int32_t>(numbered.count - 1);
        }
    });
    return numbered;
}

// The same combinations, numbered as they first appear.
void number_by_appearance(Numbered& numbered) {
    std::vector<std::int32_t> renamed(static_cast<std::size_t>(numbered.count), -1);
    std::int32_t next = 0;
    for (std::int32_t& combination : numbered.combination) {
        std::int32_t& name = renamed[static_cast<std::size_t>(combination)];
        name = name < 0 ? next++ : name;
        combination = name;
    }
}

}  // namespace

std::vector<std::int32_t> sorted_co_runners(const ObservationView& observations, std::int64_t row) {
    const std::int64_t rows[] = {row};
    const SortedCoRunners sorted(observations, std::span<const std::int64_t>(rows));
    return {sorted.of(0).begin(), sorted.of(0).end()};
}

void visit_by_combination(const ObservationView& observations, std::int64_t platforms,
                          const std::function<void(core::RowNumbers rows, const std::vector<bool>& first)>& visit) {
    std::vector<std::int64_t> ends(static_cast<std::size_t>(platforms));
    for (const std::int32_t platform : observations.platform) {
        ++ends[static_cast<std::size_t>(platform)];
    }
    std::partial_sum(ends.begin(), ends.end(), ends.begin());
    const core::RowOrder by_platform = core::RowOrder::grouped(observations.platform, ends);
    std::int64_t begin = 0;
    for (const std::int64_t end : ends) {
        const core::RowNumbers rows =
            by_platform.view().piece(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
        begin = end;
        const SortedCoRunners beside(observations, rows);
        const auto compare = [&](std::size_t a, std::size_t b) -> std::strong_ordering {
            const std::int32_t module_a = observations.module[static_cast<std::size_t>(rows[a])];
            const std::int32_t module_b = observations.module[static_cast<std::size_t>(rows[b])];
            const auto x = beside.of(a);
            const auto y = beside.of(b);
            return module_a != module_b
                       ? module_a <=> module_b
                       : std::lexicographical_compare_three_way(x.begin(), x.end(), y.begin(), y.end());
        };
        std::vector<std::size_t> order(rows.size());
        std::iota(order.begin(), order.end(), 0);
        std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) { return compare(a, b) < 0; });
        std::vector<std::int64_t> sorted;
        std::vector<bool> first;
        sorted.reserve(rows.size());
        first.reserve(rows.size());
        for (std::size_t n = 0; n < order.size(); ++n) {
            sorted.push_back(rows[order[n]]);
            first.push_back(n == 0 || compare(order[n - 1], order[n]) != 0);
        }
        visit(sorted, first);
    }
}

RowGroups group_rows(const ObservationView& observations, std::int64_t platforms, std::int64_t modules) {
    constexpr std::int64_t cells_a_row = 64;  // 8 bytes
    const std::int64_t rows = observations.size();
    if (observations.width == 0 && platforms * modules <= cells_a_row * rows &&
        !some_pair_repeats(observations, platforms, modules)) {
        return {};
    }
    Numbered numbered = number_combinations(observations, platforms);
    if (numbered.count == rows) {
        return {};
    }
    number_by_appearance(numbered);
    RowGroups groups;
    std::vector<std::int64_t> ends(static_cast<std::size_t>(numbered.count));
    for (const std::int32_t combination : numbered.combination) {
        ++ends[static_cast<std::size_t>(combination)];
    }
    std::partial_sum(ends.begin(), ends.end(), ends.begin());
    groups.rows = core::RowOrder::grouped(numbered.combination, ends);
    groups.offsets = std::move(ends);
    groups.offsets.insert(groups.offsets.begin(), 0);
    return groups;
}

}  // namespace pitot::dataset
