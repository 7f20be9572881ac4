#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "core/utf8.hpp"
#include "dataset/source.hpp"
#include "pitot/remedy.hpp"

namespace pitot::dataset {
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

bool inside(std::int32_t index, const std::vector<std::int32_t>& map) {
    return index >= 0 && static_cast<std::size_t>(index) < map.size();
}

std::string range_fault(const std::string& array, std::size_t row, std::int32_t index, std::size_t size,
                        const char* thing, bool may_be_none) {
    return fmt::format("array '{}', row {} (counted from 0): index {} is out of range, there are {} {}s ({} to {})",
                       array, row, index, size, thing, may_be_none ? -1 : 0, static_cast<std::int64_t>(size) - 1);
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
        return "is less than 1e-4 us, a tenth of a nanosecond";
    }
    return runtime_us > kLongestRuntimeUs ? "is more than 1e13 us, 116 days" : nullptr;
}

void RowSink::set_maps(std::optional<std::vector<std::int32_t>> platforms,
                       std::optional<std::vector<std::int32_t>> modules) {
    platform_map_ = map_or_identity(std::move(platforms), platforms_.first_size());
    module_map_ = map_or_identity(std::move(modules), modules_.first_size());
}

void RowSink::reject(const std::function<std::string()>& describe, Remedy remedy) {
    constexpr std::size_t most_described = 10;
    if (faults_.size() < most_described) {
        faults_.push_back(describe());
        remedy_ = dropped_ == 0 || remedy == Remedy::kSkipInvalid ? remedy : remedy_;
    } else {
        ++not_described_;
    }
    ++dropped_;
}

void RowSink::reject_alike(const std::string& place, const std::string& fault, Remedy remedy) {
    if (const auto known = alike_.find(fault); known != alike_.end()) {
        ++known->second.rows;
        ++dropped_;
        return;
    }
    const std::size_t told = faults_.size();
    reject([&] { return fmt::format("{}: {}", place, fault); }, remedy);
    if (faults_.size() > told) {
        alike_.emplace(fault, Alike{told, 1});
    }
}

Result<void> RowSink::finish() {
    if (dropped_ == 0) {
        return {};
    }
    for (const auto& [fault, alike] : alike_) {
        if (alike.rows > 1) {
            faults_[alike.fault] += fmt::format(" (and {} row{} more)", alike.rows - 1, alike.rows == 2 ? "" : "s");
        }
    }
    if (skip_invalid_) {
        note(fmt::format("{}: {} row{} left out; the first: {}", file_, dropped_, dropped_ == 1 ? " was" : "s were",
                         faults_.front()));
        dataset_.dropped_rows += dropped_;
        return {};
    }
    const bool can_skip = remedy_ == Remedy::kSkipInvalid;
    if (dropped_ == 1) {
        return fail(
            ErrorCode::kInput,
            fmt::format("{}: {}{}", file_, faults_.front(), can_skip ? "; correct it, or leave such rows out" : ""),
            remedy_);
    }
    const std::int64_t more = not_described_;
    return fail(ErrorCode::kInput,
                fmt::format("{}: {} rows cannot be used:\n  {}\n{}  {}", file_, dropped_, fmt::join(faults_, "\n  "),
                            more > 0 ? fmt::format("  and {} more\n", more) : std::string(),
                            can_skip ? "Correct them, or leave such rows out" : "Correct them"),
                remedy_);
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

void RowSink::add_rows(const IndexedRows& rows) {
    const auto width = static_cast<std::size_t>(rows.width);
    rows_.widen(rows.width);
    if (rows.objective.empty()) {
        rows_.reserve(width == 0, rows.runtime_us.size());
    }
    for (std::size_t i = 0; i < rows.runtime_us.size(); ++i) {
        if (std::string fault = row_fault(rows, i); !fault.empty()) {
            reject([&] { return fault; });
            continue;
        }
        const std::int32_t platform = platform_map_[static_cast<std::size_t>(rows.platform[i])];
        const std::int32_t module = module_map_[static_cast<std::size_t>(rows.module[i])];
        if (rows.objective.empty() ? width == 0 : rows.objective[i] == 0) {
            rows_.add_alone(platform, module, rows.runtime_us[i]);
            continue;
        }
        co_runners_.clear();
        for (const std::int32_t co_runner : rows.co_runner.values().subspan(i * width, width)) {
            co_runners_.push_back(co_runner == -1 ? -1 : module_map_[static_cast<std::size_t>(co_runner)]);
        }
        rows_.add_together(platform, module, co_runners_, rows.runtime_us[i]);
    }
}

// Whether `rows`, of which the first `alone` were measured alone, can become observations as they are.
bool RowSink::takes(const IndexedRows& rows, std::size_t alone) const {
    const std::size_t size = rows.runtime_us.size();
    if (!rows_.takes(size, alone, rows.width) || !is_identity(platform_map_) || !is_identity(module_map_)) {
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

void RowSink::take_rows(IndexedRows&& rows) {
    const std::size_t size = rows.runtime_us.size();
    const auto objective = rows.objective.values();
    const auto leading = static_cast<std::size_t>(
        std::ranges::find_if(objective, [](std::uint8_t value) { return value != 0; }) - objective.begin());
    const std::size_t alone = !objective.empty() ? leading : rows.width == 0 ? size : 0;
    if (!takes(rows, alone)) {
        add_rows(rows);
        return;
    }
    rows_.take({std::move(rows.platform), std::move(rows.module), std::move(rows.co_runner), rows.width,
                std::move(rows.runtime_us)},
               alone);
}

}  // namespace pitot::dataset
