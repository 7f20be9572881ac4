// The dense layout (2023): a platform × module matrix of runtimes, 0 = not measured, and rows with co-runners beside
// it.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "core/utf8.hpp"
#include "dataset/index_layout.hpp"
#include "dataset/npz_columns.hpp"
#include "dataset/source.hpp"

namespace pitot::dataset {
namespace {

constexpr std::array kTogetherArrays = {"if_platform", "if_module", "if_interferer", "if_data"};

class DenseSource final : public Source {
public:
    explicit DenseSource(formats::NpzReader npz) : npz_(std::move(npz)) {}

    [[nodiscard]] std::string file() const override { return npz_.file().string(); }

    [[nodiscard]] Result<SourceSides> sides() override {
        if (auto checked = check_dataset_schema(npz_); !checked) {
            return Failure(std::move(checked).error());
        }
        SourceSides sides;
        auto platforms =
            read_side(npz_, {Axis::kPlatform, "platform", "platform_data", "platform_features", false}, sides.problems);
        if (!platforms) {
            return Failure(std::move(platforms).error());
        }
        auto modules =
            read_side(npz_, {Axis::kModule, "module", "module_data", "module_features", true}, sides.problems);
        if (!modules) {
            return Failure(std::move(modules).error());
        }
        platform_names_ = platforms->names;
        module_names_ = modules->names;
        sides.platforms = *std::move(platforms);
        sides.modules = *std::move(modules);
        return sides;
    }

    [[nodiscard]] Result<void> rows(RowSink& sink) override {
        if (auto added = add_matrix(sink); !added) {
            return added;
        }
        const bool together =
            std::ranges::any_of(kTogetherArrays, [&](const char* name) { return npz_.contains(name); });
        return together ? add_together(sink) : Result<void>();
    }

private:
    [[nodiscard]] Result<void> add_matrix(RowSink& sink) {
        const auto platforms = static_cast<std::int64_t>(platform_names_.size());
        const auto modules = static_cast<std::int64_t>(module_names_.size());
        PITOT_TRY(const auto table, read_table<double>(npz_, "data", platforms, modules));
        IndexedRows one;  // the matrix is handed on row by row: a copy of it all would be as large again
        for (std::size_t i = 0; i < platform_names_.size(); ++i) {
            one.runtime_us.edit().clear();
            one.module.edit().clear();
            for (std::size_t j = 0; j < module_names_.size(); ++j) {
                const double runtime = table.values[i * module_names_.size() + j];
                if (runtime == 0) {
                    continue;
                }
                if (const char* fault = runtime_fault(runtime); fault != nullptr) {
                    const auto describe = [&] {
                        return fmt::format("array 'data', row {} ('{}'), column {} ('{}') {} (0 means not measured)", i,
                                           core::printable(platform_names_[i]), j, core::printable(module_names_[j]),
                                           fault);
                    };
                    sink.reject(describe);
                    continue;
                }
                one.runtime_us.push_back(runtime);
                one.module.push_back(static_cast<std::int32_t>(j));
            }
            one.platform.edit().assign(one.module.size(), static_cast<std::int32_t>(i));
            sink.add_rows(one);
        }
        return {};
    }

    [[nodiscard]] Result<void> add_together(RowSink& sink) {
        PITOT_TRY(auto runtime, read_column<double>(npz_, "if_data"));
        const auto n = static_cast<std::int64_t>(runtime.size());
        PITOT_TRY(auto platform, read_column<std::int32_t>(npz_, "if_platform", n));
        PITOT_TRY(auto module, read_column<std::int32_t>(npz_, "if_module", n));
        PITOT_TRY(auto co_runner, read_co_runners(n));
        IndexedRows rows{"if_data", "if_platform", "if_module", {"if_interferer"}, {}, {}, {}, {}, 0, {}};
        rows.runtime_us = std::move(runtime);
        rows.platform = std::move(platform);
        rows.module = std::move(module);
        rows.width = static_cast<std::int32_t>(co_runner.cols);
        rows.co_runner = std::move(co_runner.values);
        sink.add_rows(rows);
        return {};
    }

    // rows × co-runners, or one co-runner a row.
    [[nodiscard]] Result<Table<std::int32_t>> read_co_runners(std::int64_t rows) const {
        const auto info = npz_.info("if_interferer");
        if (info && info->shape.size() == 1) {
            auto column = read_column<std::int32_t>(npz_, "if_interferer", rows);
            return column ? Result<Table<std::int32_t>>(Table<std::int32_t>{1, std::move(column->edit())})
                          : Failure(std::move(column).error());
        }
        auto table = read_table<std::int32_t>(npz_, "if_interferer", rows);
        if (table && (table->cols < 1 || table->cols > static_cast<std::int64_t>(kMostCoRunners))) {
            return fail(ErrorCode::kInput,
                        fmt::format("{} has {} columns; give it one column a co-runner, 1 to {}",
                                    array_place(npz_, "if_interferer"), table->cols, kMostCoRunners));
        }
        return table;
    }

    formats::NpzReader npz_;
    std::vector<std::string> platform_names_;
    std::vector<std::string> module_names_;
};

}  // namespace

std::unique_ptr<Source> dense_source(formats::NpzReader npz) { return std::make_unique<DenseSource>(std::move(npz)); }

}  // namespace pitot::dataset
