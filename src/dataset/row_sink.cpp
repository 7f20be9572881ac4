#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "core/utf8.hpp"
#include "dataset/source.hpp"
#include "pitot/remedy.hpp"

namespace pitot {
namespace {

std::vector<std::int32_t> map_or_identity(std::optional<std::vector<std::int32_t>> map, std::int64_t size) {
    if (map) {
        return *std::move(map);
    }
    std::vector<std::int32_t> identity(static_cast<std::size_t>(size));
    std::iota(identity.begin(), identity.end(), 0);
    return identity;
}

bool is_identity(const std::vector<std::int32_t>& map) {
    for (std::size_t i = 0; i < map.size(); ++i) {
        if (map[i] != static_cast<std::int32_t>(i)) {
            return false;
        }
    }
    return true;
}

// Values first … first + count, as they are.
template <typename T>
Column<T> take(Column<T>& column, std::size_t first, std::size_t count) {
    return count == column.size() ? std::move(column) : column.piece(first, count);
}

bool inside(std::int32_t index, const std::vector<std::int32_t>& map) {
    return index >= 0 && static_cast<std::size_t>(index) < map.size();
}

std::string range_fault(const std::string& array, std::size_t row, std::int32_t index, std::size_t size,
                        const char* thing, bool may_be_none) {
    return fmt::format("array '{}', row {} (counted from 0): index {} is out of range, there are {} {}s ({} to {})",
                       array, row, index, size, thing, may_be_none ? -1 : 0, static_cast<std::int64_t>(size) - 1);
}

// Room for exactly these rows, unless many small additions call for growth by doubling.
void make_room(ObservationTable& table, std::size_t rows) {
    const std::size_t size = table.runtime_us.size();
    if (table.runtime_us.edit().capacity() < size + rows) {
        const std::size_t room = std::max(size + rows, size * 2);
        table.platform.edit().reserve(room);
        table.module.edit().reserve(room);
        table.runtime_us.edit().reserve(room);
        table.co_runner.edit().reserve(room * static_cast<std::size_t>(table.width));
    }
}

}  // namespace

const char* runtime_fault(double runtime_us) {
    if (std::isnan(runtime_us)) {
        return "is NaN";
    }
    if (std::isinf(runtime_us)) {
        return "is infinite";
    }
    if (runtime_us < 0) {
        return "is negative";
    }
    if (runtime_us == 0) {
        return "is 0";
    }
    if (runtime_us < kShortestRuntimeUs) {
        return "is less than 1e-9 us, a femtosecond";
    }
    return runtime_us > kLongestRuntimeUs ? "is more than 1e15 us, thirty years" : nullptr;
}

void RowSink::set_maps(std::optional<std::vector<std::int32_t>> platforms,
                       std::optional<std::vector<std::int32_t>> modules) {
    platform_map_ = map_or_identity(std::move(platforms), platforms_.first_size());
    module_map_ = map_or_identity(std::move(modules), modules_.first_size());
}

Result<void> RowSink::reject(const std::function<std::string()>& describe) {
    if (!skip_invalid_) {
        return fail(ErrorCode::kInput, fmt::format("{}: {}; correct it, or leave such rows out", file_, describe()),
                    Remedy::kSkipInvalid);
    }
    if (dropped_++ == 0) {
        first_dropped_ = describe();
    }
    return {};
}

void RowSink::finish() {
    if (dropped_ > 0) {
        note(fmt::format("{}: {} row{} left out; the first: {}", file_, dropped_, dropped_ == 1 ? " was" : "s were",
                         first_dropped_));
        dataset_.dropped_rows += dropped_;
    }
}

void RowSink::add_alone(std::int32_t platform, std::int32_t module, double runtime_us) {
    dataset_.alone.platform.push_back(platform);
    dataset_.alone.module.push_back(module);
    dataset_.alone.runtime_us.push_back(runtime_us);
}

void RowSink::widen(std::int32_t width) {
    ObservationTable& table = dataset_.together;
    if (width <= table.width) {
        return;
    }
    const auto old_width = static_cast<std::size_t>(table.width);
    const auto new_width = static_cast<std::size_t>(width);
    const std::size_t rows = table.runtime_us.size();
    std::vector<std::int32_t>& co_runner = table.co_runner.edit();
    co_runner.resize(rows * new_width);
    for (std::size_t i = rows; i-- > 0;) {  // from the end: a row moves to where no row is that has yet to move
        for (std::size_t k = new_width; k-- > 0;) {
            co_runner[i * new_width + k] = k < old_width ? co_runner[i * old_width + k] : -1;
        }
    }
    table.width = width;
}

void RowSink::add_together(std::int32_t platform, std::int32_t module, std::span<const std::int32_t> co_runners,
                           double runtime_us) {
    widen(std::max(1, static_cast<std::int32_t>(co_runners.size())));
    ObservationTable& table = dataset_.together;
    table.platform.push_back(platform);
    table.module.push_back(module);
    std::vector<std::int32_t>& co_runner = table.co_runner.edit();
    co_runner.insert(co_runner.end(), co_runners.begin(), co_runners.end());
    co_runner.resize(static_cast<std::size_t>(table.width) * table.platform.size(), -1);
    table.runtime_us.push_back(runtime_us);
}

std::string RowSink::row_fault(const IndexedRows& rows, std::size_t row) const {
    if (const char* fault = runtime_fault(rows.runtime_us[row]); fault != nullptr) {
        return fmt::format("array '{}', row {} (counted from 0): the runtime {}", rows.runtime_array, row, fault);
    }
    if (!inside(rows.platform[row], platform_map_)) {
        return range_fault(rows.platform_array, row, rows.platform[row], platform_map_.size(), "platform", false);
    }
    if (!inside(rows.module[row], module_map_)) {
        return range_fault(rows.module_array, row, rows.module[row], module_map_.size(), "module", false);
    }
    const auto width = static_cast<std::size_t>(rows.width);
    const bool alone = !rows.objective.empty() && rows.objective[row] == 0;
    for (std::size_t k = 0; k < width; ++k) {
        const std::int32_t co_runner = rows.co_runner[row * width + k];
        const std::string& array = rows.co_runner_arrays[std::min(k, rows.co_runner_arrays.size() - 1)];
        if (co_runner != -1 && !inside(co_runner, module_map_)) {
            return range_fault(array, row, co_runner, module_map_.size(), "module", true);
        }
        if (alone && co_runner != -1) {
            return fmt::format(
                "array '{}', row {} (counted from 0): a co-runner of a row that 'i_objective' counts among "
                "those measured alone",
                array, row);
        }
    }
    return {};
}

Result<void> RowSink::add_rows(const IndexedRows& rows) {
    const auto width = static_cast<std::size_t>(rows.width);
    widen(rows.width);
    if (rows.objective.empty()) {
        make_room(width == 0 ? dataset_.alone : dataset_.together, rows.runtime_us.size());
    }
    for (std::size_t i = 0; i < rows.runtime_us.size(); ++i) {
        if (std::string fault = row_fault(rows, i); !fault.empty()) {
            if (auto rejected = reject([&] { return fault; }); !rejected) {
                return rejected;
            }
            continue;
        }
        const std::int32_t platform = platform_map_[static_cast<std::size_t>(rows.platform[i])];
        const std::int32_t module = module_map_[static_cast<std::size_t>(rows.module[i])];
        if (rows.objective.empty() ? width == 0 : rows.objective[i] == 0) {
            add_alone(platform, module, rows.runtime_us[i]);
            continue;
        }
        co_runners_.clear();
        for (const std::int32_t co_runner : rows.co_runner.values().subspan(i * width, width)) {
            co_runners_.push_back(co_runner == -1 ? -1 : module_map_[static_cast<std::size_t>(co_runner)]);
        }
        add_together(platform, module, co_runners_, rows.runtime_us[i]);
    }
    return {};
}

// Whether `rows`, of which the first `alone` were measured alone, can become the tables as they are.
bool RowSink::takes(const IndexedRows& rows, std::size_t alone) const {
    const std::size_t size = rows.runtime_us.size();
    const bool room = (alone == 0 || dataset_.alone.size() == 0) &&
                      (alone == size || (dataset_.together.size() == 0 && dataset_.together.width <= rows.width));
    if (!room || !is_identity(platform_map_) || !is_identity(module_map_)) {
        return false;
    }
    for (std::size_t i = alone; i < rows.objective.size(); ++i) {
        if (rows.objective[i] == 0) {
            return false;
        }
    }
    for (std::size_t i = 0; i < size; ++i) {
        if (!row_fault(rows, i).empty()) {
            return false;
        }
    }
    return true;
}

Result<void> RowSink::take_rows(IndexedRows&& rows) {
    const std::size_t size = rows.runtime_us.size();
    const auto width = static_cast<std::size_t>(rows.width);
    const auto objective = rows.objective.values();
    const auto leading = static_cast<std::size_t>(
        std::ranges::find_if(objective, [](std::uint8_t value) { return value != 0; }) - objective.begin());
    const std::size_t alone = !objective.empty() ? leading : width == 0 ? size : 0;
    const std::size_t together = size - alone;
    if (!takes(rows, alone)) {
        return add_rows(rows);
    }
    widen(rows.width);
    ObservationTable& beside = dataset_.together;
    if (together > 0) {
        beside = {take(rows.platform, alone, together), take(rows.module, alone, together),
                  take(rows.co_runner, alone * width, together * width), rows.width,
                  take(rows.runtime_us, alone, together)};
    }
    if (alone > 0) {
        dataset_.alone = {
            take(rows.platform, 0, alone), take(rows.module, 0, alone), {}, 0, take(rows.runtime_us, 0, alone)};
    }
    return {};
}

}  // namespace pitot
