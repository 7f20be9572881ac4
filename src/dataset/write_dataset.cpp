#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "core/border.hpp"
#include "core/utf8.hpp"
#include "dataset/dense_layout.hpp"
#include "dataset/index_layout.hpp"
#include "dataset/side_table.hpp"
#include "dataset/source.hpp"
#include "formats/csv_file.hpp"
#include "formats/npz.hpp"
#include "pitot/dataset.hpp"

namespace pitot::dataset {
namespace {

Failure unwritable(const std::filesystem::path& file, const std::string& why) {
    return fail(ErrorCode::kInput, fmt::format("cannot write '{}': {}", file.string(), why));
}

void add_side(formats::NpzWriter& npz, const Side& side, const std::string& axis) {
    npz.add_strings("n_" + axis, side.names);
    if (!side.feature_names.empty()) {
        npz.add_strings("f_" + axis, side.feature_names);
        const std::array shape = {side.features.rows(), side.features.cols()};
        npz.add("d_" + axis, side.features.flat(), std::span<const std::int64_t>(shape));
    }
}

// Whether the file has to tell rows alone from others.
bool has_both(const Dataset& dataset) { return dataset.pools[kAlone].rows > 0 && dataset.rows_beside_others() > 0; }

// Columns for co-runners: none where all rows ran alone, or readers would take them for rows beside others.
std::size_t written_width(const Dataset& dataset) {
    return dataset.rows_beside_others() > 0 ? static_cast<std::size_t>(dataset.observations.width) : 0;
}

// Files tell rows alone from others, and no more.
Result<void> check_pools(const Dataset& dataset) {
    if (dataset.pools.size() > 2 || (dataset.pools.size() == 2 && dataset.pools[kAlone + 1].name != "together")) {
        return fail(ErrorCode::kInput,
                    fmt::format("files know the pools 'alone' and 'together', and the dataset has '{}'; join its pools "
                                "beside others under that name",
                                dataset.pools.back().name));
    }
    return {};
}

// The observations of a dataset as the index layout has them, pool by pool.
class RowWriter {
public:
    RowWriter(const Dataset& dataset, bool mappable, formats::NpzWriter& npz)
        : dataset_(dataset), rows_(dataset.observations.view()), mappable_(mappable), npz_(npz) {}

    void write() {
        const auto width = written_width(dataset_);
        add<double>("t", [this](std::size_t row) { return rows_.runtime_us[row]; });
        add<std::int32_t>("i_platform", [this](std::size_t row) { return rows_.platform[row]; });
        add<std::int32_t>("i_workload", [this](std::size_t row) { return rows_.module[row]; });
        for (std::size_t k = 0; k < width; ++k) {
            add<std::int32_t>(co_runner_array(static_cast<std::int32_t>(k)),
                              [this, width, k](std::size_t row) { return rows_.co_runner[row * width + k]; });
        }
        if (has_both(dataset_)) {
            const auto alone = static_cast<std::size_t>(dataset_.pools[kAlone].rows);
            add<std::uint8_t>(kObjectiveArray,
                              [alone](std::size_t row) { return static_cast<std::uint8_t>(row < alone ? 0 : 1); });
        }
    }

private:
    // The array whose element is `value(row)`.
    template <typename T, typename Value>
    void add(const std::string& name, Value value) {
        const auto fill = [value](std::int64_t first, std::span<T> out) {
            for (std::size_t n = 0; n < out.size(); ++n) {
                out[n] = value(static_cast<std::size_t>(first) + n);
            }
        };
        if (mappable_) {
            npz_.add_mappable<T>(name, rows_.size(), fill);
            return;
        }
        std::vector<T> values(static_cast<std::size_t>(rows_.size()));
        fill(0, values);
        npz_.add(name, std::span<const T>(values));
    }

    const Dataset& dataset_;
    ObservationView rows_;
    bool mappable_;
    formats::NpzWriter& npz_;
};

Result<core::NewFile> make_rows(const Dataset& dataset, const std::filesystem::path& file) {
    const auto& platforms = dataset.platforms.names;
    const auto& modules = dataset.modules.names;
    const auto at = [](std::int32_t index) { return static_cast<std::size_t>(index); };
    const ObservationView rows = dataset.observations.view();
    const std::size_t width = written_width(dataset);
    return formats::make_csv_file(file, [&](formats::CsvFile& out) -> Result<void> {
        for (const char* column : {"platform", "module", "runtime_us"}) {
            out.put(column);
        }
        for (std::size_t k = 1; k <= width; ++k) {
            out.put(fmt::format("with{}", k));
        }
        out.end_record();
        const auto alone = static_cast<std::size_t>(dataset.pools[kAlone].rows);
        for (std::size_t i = 0; i < rows.runtime_us.size(); ++i) {
            out.put(platforms[at(rows.platform[i])]);
            out.put(modules[at(rows.module[i])]);
            out.put(rows.runtime_us[i]);
            const char* none = i < alone ? "" : "-";  // a row with "-" alone is one beside others, too
            for (std::size_t k = 0; k < width; ++k) {
                const std::int32_t co_runner = rows.co_runner[i * width + k];
                out.put(co_runner < 0 ? std::string_view(none) : std::string_view(modules[at(co_runner)]));
            }
            out.end_record();
        }
        return {};
    });
}

// Beside a CSV file that keeps its place, tables would be taken for features of rows they do not belong to; and three
// files can only be replaced together where all of them are files.
Result<void> check_places(const std::filesystem::path& file) {
    for (const auto& part : {file, sibling_table(file, Axis::kPlatform), sibling_table(file, Axis::kModule)}) {
        std::error_code ignored;
        const auto status = std::filesystem::status(part, ignored);
        if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
            return fail(
                ErrorCode::kEnvironment,
                fmt::format("cannot write '{}': it is no file, and {}; name a file or write .npz", part.string(),
                            part == file ? "tables of features go beside it"
                                         : fmt::format("it belongs to '{}'", file.string())));
        }
    }
    return {};
}

// All three files are made before the first takes its place, and replace older ones together. The rows come last: they
// are what readers ask for.
Result<void> write_long_form(const Dataset& dataset, const std::filesystem::path& file) {
    const bool dash = std::ranges::find(dataset.modules.names, "-") != dataset.modules.names.end();
    if (dash && dataset.rows_beside_others() > 0) {
        return unwritable(file,
                          "a module is called '-', which stands for 'no co-runner' in CSV; rename it or write .npz");
    }
    if (auto checked = check_places(file); !checked) {
        return checked;
    }
    std::vector<core::NewFile> made;
    const auto keep = [&](Result<core::NewFile> part) -> Result<void> {
        if (!part) {
            return Failure(std::move(part).error());
        }
        made.push_back(*std::move(part));
        return {};
    };
    const auto table = [&](const Side& side, Axis axis) {
        return keep(make_side_table(side, axis, sibling_table(file, axis)));
    };
    const auto outcome = table(dataset.platforms, Axis::kPlatform)
                             .and_then([&] { return table(dataset.modules, Axis::kModule); })
                             .and_then([&] { return keep(make_rows(dataset, file)); });
    return outcome.and_then([&] { return core::NewFile::put_all(made); });
}

// What `finish` makes of the archive of the index layout.
template <typename Finish>
auto index_archive(const Dataset& dataset, std::int64_t map_from, Finish finish) {
    const bool mappable = dataset.observations.size() >= map_from;
    formats::NpzWriter npz;
    RowWriter rows(dataset, mappable, npz);
    if (mappable) {  // what can be mapped has to come first
        rows.write();
    }
    npz.add(kDatasetSchemaArray, std::span<const std::int64_t>(&kDatasetSchema, 1), {});
    if (!mappable) {
        rows.write();
    }
    if (has_both(dataset)) {
        npz.add_strings("n_objective", std::vector<std::string>{"mf", "if"});
    }
    add_side(npz, dataset.platforms, "platform");
    add_side(npz, dataset.modules, "workload");
    return finish(npz);
}

Result<void> check_writable_dataset(const Dataset& dataset) {
    return dataset.validate().and_then([&] { return check_pools(dataset); });
}

Result<std::vector<std::byte>> archive_bytes(const Dataset& dataset, Layout layout) {
    const auto to_bytes = [](const formats::NpzWriter& npz) { return npz.to_bytes(); };
    return layout == Layout::kDense ? dense_archive(dataset).and_then(to_bytes)
                                    : index_archive(dataset, formats::kMapFrom, to_bytes);
}

}  // namespace

Result<void> write_index_layout(const Dataset& dataset, const std::filesystem::path& file, std::int64_t map_from) {
    return index_archive(dataset, map_from, [&](const formats::NpzWriter& npz) { return npz.write(file); });
}

}  // namespace pitot::dataset

namespace pitot {

Result<void> write_dataset(const Dataset& dataset, const std::filesystem::path& file, Layout layout) {
    return core::at_border("writing a dataset", [&]() -> Result<void> {
        if (auto fit = dataset::check_writable_dataset(dataset); !fit) {
            return fail(fit.error(), fmt::format("cannot write '{}'", file.string()));
        }
        if (file.extension() == ".npz") {
            return layout == Layout::kDense ? dataset::write_dense_layout(dataset, file)
                                            : dataset::write_index_layout(dataset, file);
        }
        if (file.extension() == ".csv") {
            return dataset::write_long_form(dataset, file);
        }
        return fail(
            ErrorCode::kUsage,
            fmt::format("cannot write '{}': the name says neither .npz nor .csv; let it end in one", file.string()));
    });
}

Result<std::vector<std::byte>> dataset_to_bytes(const Dataset& dataset, Layout layout) {
    return core::at_border("writing a dataset", [&] {
        return dataset::check_writable_dataset(dataset).and_then(
            [&] { return dataset::archive_bytes(dataset, layout); });
    });
}

}  // namespace pitot
