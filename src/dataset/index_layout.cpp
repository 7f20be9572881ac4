// The index layout (2025): a row an observation, t[N] with i_AXIS[N]; d_AXIS features, n_AXIS names, f_AXIS feature
// names.
#include "dataset/index_layout.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "dataset/npz_columns.hpp"
#include "dataset/source.hpp"

namespace pitot::dataset {
namespace {

class IndexSource final : public Source {
public:
    explicit IndexSource(formats::NpzReader npz) : npz_(std::move(npz)) {}

    [[nodiscard]] std::string file() const override { return npz_.file().string(); }

    [[nodiscard]] Result<SourceSides> sides() override {
        if (auto checked = check_dataset_schema(npz_); !checked) {
            return Failure(std::move(checked).error());
        }
        SourceSides sides;
        for (const Axis axis : {Axis::kPlatform, Axis::kModule}) {
            const std::string name = axis == Axis::kPlatform ? "platform" : "workload";
            if (!npz_.contains("n_" + name)) {
                if (npz_.contains("d_" + name)) {
                    return fail(ErrorCode::kInput,
                                fmt::format("{}: array 'n_{}' is missing, though 'd_{}' has features; "
                                            "add the names",
                                            file(), name, name));
                }
                continue;
            }
            auto side = read_side(npz_, {axis, "n_" + name, "d_" + name, "f_" + name, false}, sides.problems);
            if (!side) {
                return Failure(std::move(side).error());
            }
            (axis == Axis::kPlatform ? sides.platforms : sides.modules) = *std::move(side);
        }
        note_unknown_arrays(sides.problems);
        return sides;
    }

    [[nodiscard]] Result<void> rows(RowSink& sink) override {
        PITOT_TRY(auto runtime, read_column<double>(npz_, "t"));
        const auto n = static_cast<std::int64_t>(runtime.size());
        PITOT_TRY(auto platform, read_column<std::int32_t>(npz_, "i_platform", n));
        PITOT_TRY(auto module, read_column<std::int32_t>(npz_, "i_workload", n));
        IndexedRows rows{"t", "i_platform", "i_workload", {}, {}, {}, {}, {}, 0, {}};
        rows.runtime_us = std::move(runtime);
        rows.platform = std::move(platform);
        rows.module = std::move(module);
        if (auto read = read_co_runners(n, rows); !read) {
            return read;
        }
        if (auto read = read_objective(n, rows); !read) {
            return read;
        }
        sink.take_rows(std::move(rows));
        return {};
    }

private:
    [[nodiscard]] Result<void> read_co_runners(std::int64_t n, IndexedRows& rows) const {
        while (npz_.contains(co_runner_array(rows.width)) && rows.co_runner_arrays.size() < kMostCoRunners) {
            rows.co_runner_arrays.push_back(co_runner_array(rows.width));
            ++rows.width;
        }
        const auto width = static_cast<std::size_t>(rows.width);
        if (width == 1) {
            PITOT_TRY(auto column, read_column<std::int32_t>(npz_, rows.co_runner_arrays[0], n));
            rows.co_runner = std::move(column);
            return {};
        }
        std::vector<std::int32_t> co_runner(static_cast<std::size_t>(n) * width);
        for (std::size_t k = 0; k < width; ++k) {
            PITOT_TRY(const auto column, read_column<std::int32_t>(npz_, rows.co_runner_arrays[k], n));
            for (std::size_t i = 0; i < column.size(); ++i) {
                co_runner[i * width + k] = column[i];
            }
        }
        rows.co_runner = std::move(co_runner);
        return {};
    }

    [[nodiscard]] Result<void> read_objective(std::int64_t n, IndexedRows& rows) const {
        if (!npz_.contains(kObjectiveArray) || rows.width == 0) {
            return {};
        }
        PITOT_TRY(auto objective, read_column<std::uint8_t>(npz_, kObjectiveArray, n));
        const auto odd = std::ranges::find_if(objective, [](std::uint8_t value) { return value > 1; });
        if (odd != objective.end()) {
            return fail(ErrorCode::kInput,
                        fmt::format("{}, row {} (counted from 0) is {}; 0 means alone, 1 with co-runners",
                                    array_place(npz_, kObjectiveArray), odd - objective.begin(), int{*odd}));
        }
        rows.objective = std::move(objective);
        return {};
    }

    void note_unknown_arrays(std::vector<std::string>& problems) const {
        std::vector<std::string> known = {"t",          "i_platform",    "i_workload",  "n_platform",
                                          "n_workload", "d_platform",    "d_workload",  "f_platform",
                                          "f_workload", kObjectiveArray, "n_objective", kDatasetSchemaArray};
        for (std::int32_t k = 0; npz_.contains(co_runner_array(k)); ++k) {
            known.push_back(co_runner_array(k));
        }
        std::vector<std::string> unknown;
        std::ranges::copy_if(npz_.names(), std::back_inserter(unknown),
                             [&](const std::string& name) { return std::ranges::find(known, name) == known.end(); });
        if (!unknown.empty()) {
            problems.push_back(fmt::format("{}: not known and not used: {}", file(), list_arrays(unknown)));
        }
    }

    formats::NpzReader npz_;
};

}  // namespace

Result<void> check_dataset_schema(const formats::NpzReader& npz) {
    if (!npz.contains(kDatasetSchemaArray)) {
        return {};
    }
    PITOT_TRY(const auto schema, npz.values<std::int64_t>(kDatasetSchemaArray));
    if (schema.size() != 1 || schema.front() < 1 || schema.front() > kDatasetSchema) {
        return fail(ErrorCode::kInput,
                    fmt::format("{} says this file is of version {}, this program reads 1 to {}; use a newer Pitot",
                                array_place(npz, kDatasetSchemaArray), fmt::join(schema, ", "), kDatasetSchema));
    }
    return {};
}

std::string co_runner_array(std::int32_t k) { return fmt::format("i_interference{}", k); }

std::unique_ptr<Source> index_source(formats::NpzReader npz) { return std::make_unique<IndexSource>(std::move(npz)); }

}  // namespace pitot::dataset
