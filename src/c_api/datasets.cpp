// Datasets.
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "c_api/errors.hpp"
#include "c_api/handles.hpp"
#include "dataset/describe.hpp"
#include "dataset/source.hpp"

namespace pitot::c_api {
namespace {

void set_table(const std::optional<Input>& table, std::filesystem::path& file, std::optional<std::string_view>& bytes) {
    if (table) {
        file = table->file;
        bytes = table->bytes;
    }
}

Result<ReadOptions> read_options(const pitot_read_options* given) {
    PITOT_TRY(const auto options, struct_or_default(given, "options"));
    ReadOptions read;
    if (auto ok = check_reserved(options.reserved); !ok) {
        return Failure(ok.error());
    }
    PITOT_TRY(const auto platforms, input(options.platform_features, "platform_features"));
    PITOT_TRY(const auto modules, input(options.module_features, "module_features"));
    set_table(platforms, read.platform_features, read.platform_feature_bytes);
    set_table(modules, read.module_features, read.module_feature_bytes);
    read.unit = text_or_empty(options.unit);
    read.device = text_or_empty(options.device);
    PITOT_TRY(auto roles, texts(options.column_roles, "column_roles"));
    PITOT_TRY(auto names, texts(options.column_names, "column_names"));
    if (roles.size() != names.size()) {
        return wrong("column_names", fmt::format("has {} names for {} roles", names.size(), roles.size()));
    }
    for (std::size_t k = 0; k < roles.size(); ++k) {
        read.columns.emplace_back(std::move(roles[k]), std::move(names[k]));
    }
    PITOT_TRY(read.skip_invalid, flag(options.skip_invalid, "skip_invalid"));
    PITOT_TRY(read.allow_unknown_unit, flag(options.allow_unknown_unit, "allow_unknown_unit"));
    if (options.decimal_mark != 0 && options.decimal_mark != '.' && options.decimal_mark != ',') {
        return wrong("decimal_mark", fmt::format("is {}: it is '.', ',' or 0", options.decimal_mark));
    }
    read.decimal_mark = static_cast<char>(options.decimal_mark);
    return read;
}

Result<std::vector<Input>> inputs_of(const pitot_input* inputs, std::int64_t count) {
    PITOT_TRY(const auto given, array(inputs, count, "inputs"));
    std::vector<Input> all;
    for (const pitot_input& one : given) {
        PITOT_TRY(auto named, input(one, "inputs"));
        if (!named) {
            return wrong("inputs", fmt::format("number {} is neither path nor bytes", all.size()));
        }
        all.push_back(*std::move(named));
    }
    return all;
}

void give_dataset(pitot_dataset** out, Dataset dataset) {
    *out = std::make_unique<pitot_dataset>(std::move(dataset)).release();
}

// By the caller's numbers of rows, which the dataset puts in another order.
Result<void> check_runtimes(std::span<const double> runtime_us) {
    for (std::size_t n = 0; n < runtime_us.size(); ++n) {
        if (const char* fault = dataset::runtime_fault(runtime_us[n]); fault != nullptr) {
            return fail(ErrorCode::kInput, fmt::format("the runtime of row {}, {} us, {}", n, runtime_us[n], fault));
        }
    }
    return {};
}

// Rows into the pools "alone" and "together".
Result<Dataset> dataset_of(Side platforms, Side modules, const Combinations& rows, std::span<const double> runtime_us) {
    Dataset dataset;
    ObservationTable alone;
    ObservationTable together;
    const auto is_alone = [&](std::size_t n) {
        return std::ranges::all_of(rows.beside(n), [](std::int32_t k) { return k < 0; });
    };
    std::size_t width = 0;
    std::size_t beside = 0;
    for (std::size_t n = 0; n < rows.rows(); ++n) {
        if (!is_alone(n)) {
            ++beside;
            width = std::max(width, rows.beside(n).size());
        }
    }
    constexpr std::size_t most_cells = std::size_t{1} << 31;
    if (width > 0 && rows.rows() > most_cells / width) {  // a table holds all rows, those alone too
        return fail(ErrorCode::kInput, fmt::format("{} runs, of which {} are beside up to {} co-runners, are too many "
                                                   "for one dataset; leave out the runs beside most",
                                                   rows.rows(), beside, width));
    }
    together.width = static_cast<std::int32_t>(width);
    for (std::size_t n = 0; n < rows.rows(); ++n) {
        ObservationTable& table = is_alone(n) ? alone : together;
        table.platform.edit().push_back(rows.platform[n]);
        table.module.edit().push_back(rows.module[n]);
        table.runtime_us.edit().push_back(runtime_us[n]);
        if (&table == &together) {
            const auto with = rows.beside(n);
            auto& co_runners = together.co_runner.edit();
            co_runners.insert(co_runners.end(), with.begin(), with.end());
            co_runners.resize(together.runtime_us.size() * width, -1);
        }
    }
    dataset.platforms = std::move(platforms);
    dataset.modules = std::move(modules);
    dataset.set_observations(std::move(alone), std::move(together));
    return dataset.validate().map([&] { return std::move(dataset); });
}

Result<Layout> layout_of(std::int32_t given) {
    if (given != PITOT_LAYOUT_INDEX && given != PITOT_LAYOUT_DENSE) {
        return wrong("layout", fmt::format("is {}: it is PITOT_LAYOUT_INDEX or PITOT_LAYOUT_DENSE", given));
    }
    return given == PITOT_LAYOUT_DENSE ? Layout::kDense : Layout::kIndex;
}

pitot_dataset_view view_of(const Dataset& dataset) {
    const ObservationView rows = dataset.observations.view();
    pitot_dataset_view view{};
    view.platforms = dataset.platforms.size();
    view.modules = dataset.modules.size();
    view.platform_features = std::ssize(dataset.platforms.feature_names);
    view.module_features = std::ssize(dataset.modules.feature_names);
    view.rows = rows.size();
    view.rows_alone = dataset.pools[kAlone].rows;
    view.dropped_rows = dataset.dropped_rows;
    view.platform = rows.platform.data();
    view.module = rows.module.data();
    view.runtime_us = rows.runtime_us.data();
    view.co_runners = rows.co_runner.data();
    view.co_runner_width = rows.width;
    return view;
}

// Texts of a dataset into `out`.
Result<void> give_texts(const pitot_dataset* dataset, pitot_strings** out, auto texts_of) {
    return check_out(out, "out").and_then([&] { return check_handle(dataset, "dataset"); }).and_then([&] {
        return Result<std::vector<std::string>>(texts_of(dataset->dataset)).map([&](std::vector<std::string>&& texts) {
            give(out, texts);
        });
    });
}

}  // namespace

extern "C" {

PITOT_C_API pitot_status pitot_dataset_read(const pitot_input* inputs, int64_t count, const pitot_read_options* options,
                                            pitot_dataset** out) {
    return guarded([&]() -> Result<void> {
        if (auto ok = check_out(out, "out"); !ok) {
            return ok;
        }
        PITOT_TRY(const auto given, inputs_of(inputs, count));
        PITOT_TRY(const auto how, read_options(options));
        return pitot::read_inputs(given, how).map([&](Dataset&& dataset) {
            if (auto remark = pitot::dataset::empty_runs_remark(dataset); !remark.empty()) {
                dataset.problems.push_back(std::move(remark));
            }
            give_dataset(out, std::move(dataset));
        });
    });
}

PITOT_C_API pitot_status pitot_dataset_from_columns(const pitot_side* platforms, const pitot_side* modules,
                                                    const pitot_combinations* rows, const double* runtime_us,
                                                    pitot_dataset** out) {
    return guarded([&]() -> Result<void> {
        if (auto ok = check_out(out, "out"); !ok) {
            return ok;
        }
        if (platforms == nullptr || modules == nullptr) {
            return wrong(platforms == nullptr ? "platforms" : "modules", "is NULL: give the names");
        }
        PITOT_TRY(auto platform_side, side(platforms, false, "platforms"));
        PITOT_TRY(auto module_side, side(modules, true, "modules"));
        PITOT_TRY(const auto combinations, combinations(rows));
        PITOT_TRY(const auto runtimes, array(runtime_us, rows->rows, "runtime_us"));
        return check_rows(combinations, platform_side.size(), module_side.size())
            .and_then([&] { return check_runtimes(runtimes); })
            .and_then(
                [&] { return dataset_of(std::move(platform_side), std::move(module_side), combinations, runtimes); })
            .map([&](Dataset&& dataset) { give_dataset(out, std::move(dataset)); });
    });
}

PITOT_C_API pitot_status pitot_dataset_save(const pitot_dataset* dataset, const char* path, int32_t layout) {
    return guarded([&]() -> Result<void> {
        if (auto ok = check_handle(dataset, "dataset"); !ok) {
            return ok;
        }
        PITOT_TRY(const auto file, text(path, "path"));
        PITOT_TRY(const auto how, layout_of(layout));
        return pitot::write_dataset(dataset->dataset, file, how);
    });
}

PITOT_C_API pitot_status pitot_dataset_to_bytes(const pitot_dataset* dataset, int32_t layout, pitot_bytes** out) {
    return guarded([&]() -> Result<void> {
        if (auto ok = check_out(out, "out").and_then([&] { return check_handle(dataset, "dataset"); }); !ok) {
            return ok;
        }
        PITOT_TRY(const auto how, layout_of(layout));
        return pitot::dataset_to_bytes(dataset->dataset, how).map([&](std::vector<std::byte>&& bytes) {
            give(out, std::move(bytes));
        });
    });
}

PITOT_C_API pitot_status pitot_dataset_get(const pitot_dataset* dataset, pitot_dataset_view* view) {
    return guarded([&]() -> Result<void> {
        return check_handle(dataset, "dataset").and_then([&] { return fill(view, view_of(dataset->dataset), "view"); });
    });
}

PITOT_C_API pitot_status pitot_dataset_names(const pitot_dataset* dataset, int32_t side, pitot_strings** out) {
    return guarded([&]() -> Result<void> {
        return give_texts(dataset, out, [&](const Dataset& of) {
            return side_number(of, side).map([](const Side* rows) { return rows->names; });
        });
    });
}

PITOT_C_API pitot_status pitot_dataset_feature_names(const pitot_dataset* dataset, int32_t side, pitot_strings** out) {
    return guarded([&]() -> Result<void> {
        return give_texts(dataset, out, [&](const Dataset& of) {
            return side_number(of, side).map([](const Side* rows) { return rows->feature_names; });
        });
    });
}

PITOT_C_API pitot_status pitot_dataset_features(const pitot_dataset* dataset, int32_t side, const double** values,
                                                int64_t* rows, int64_t* columns) {
    return guarded([&]() -> Result<void> {
        if (auto ok = check_handle(dataset, "dataset"); !ok) {
            return ok;
        }
        PITOT_TRY(const Side* of, side_number(dataset->dataset, side));
        return give_features(*of, values, rows, columns);
    });
}

PITOT_C_API pitot_status pitot_dataset_sources(const pitot_dataset* dataset, pitot_strings** out) {
    return guarded(
        [&]() -> Result<void> { return give_texts(dataset, out, [](const Dataset& of) { return of.sources; }); });
}

PITOT_C_API pitot_status pitot_dataset_notes(const pitot_dataset* dataset, pitot_strings** out) {
    return guarded(
        [&]() -> Result<void> { return give_texts(dataset, out, [](const Dataset& of) { return of.problems; }); });
}

PITOT_C_API pitot_status pitot_dataset_digest(const pitot_dataset* dataset, pitot_bytes** out) {
    return guarded([&]() -> Result<void> {
        return check_out(out, "out").and_then([&] { return check_handle(dataset, "dataset"); }).map([&] {
            give(out, pitot::dataset_digest(dataset->dataset));
        });
    });
}

PITOT_C_API void pitot_dataset_free(pitot_dataset* dataset) { free_handle(dataset); }

}  // extern "C"

}  // namespace pitot::c_api
