#include "experiment/results.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "core/check.hpp"
#include "models/model_family.hpp"
#include "models/objectives.hpp"
#include "pitot/remedy.hpp"

namespace pitot::experiment {
namespace {

std::vector<float> narrowed(std::span<const double> values) { return {values.begin(), values.end()}; }

void append_rows(core::RowNumbers rows, std::vector<std::int32_t>& out) {
    for (const std::int64_t row : rows) {
        out.push_back(static_cast<std::int32_t>(row));
    }
}

// Arrays that results always have, and their shapes; empty where the shape depends on the split.
models::ArrayShapes shapes_of(const Dataset& dataset, const FitConfig& config) {
    const std::int64_t replicates = config.train.replicates;
    const std::int64_t platforms = dataset.platforms.size();
    const std::int64_t modules = dataset.modules.size();
    models::ArrayShapes shapes{{"C_bar", {replicates, platforms, modules}},
                               {"p_bar", {replicates, platforms}},
                               {"m_bar", {replicates, modules}},
                               {"mf_test", {}}};
    for (auto& [name, shape] : models::family_of(config.model).kept_shapes(config, platforms, modules)) {
        shape.insert(shape.begin(), replicates);
        shapes.emplace(name, shape);
    }
    for (std::size_t p = kAlone + 1; p < dataset.pools.size(); ++p) {
        if (dataset.pools[p].rows > 0) {
            shapes[models::published_name(dataset.pools[p].name) + "_test"] = shapes["C_ijk_hat"] = {};
        }
    }
    return shapes;
}

// Reads an array to its end, which compares its checksum.
Result<void> read_whole(const formats::NpzReader& file, const std::string& name) {
    const auto outcome = [](const auto& values) { return values ? Result<void>() : Failure(values.error()); };
    PITOT_TRY(const auto info, file.info(name));
    return info.kind == 'f' ? outcome(file.values<float>(name)) : outcome(file.values<std::int32_t>(name));
}

}  // namespace

Result<void> ResultArrays::check_size(const Dataset& dataset, const FitConfig& config) {
    const double models = static_cast<double>(config.train.replicates) *
                          static_cast<double>(std::max<std::int64_t>(config.train.folds, 1));
    const double pairs = static_cast<double>(dataset.platforms.size()) * static_cast<double>(dataset.modules.size());
    const double rows = static_cast<double>(dataset.observations.size());
    const double bytes = 4.0 * models * (pairs + rows);
    if (bytes > kMostBytes || dataset.observations.size() > INT32_MAX) {
        return fail(ErrorCode::kInput,
                    fmt::format("the results of {} models on {} x {} pairs would take {:.0f} GB; use fewer replicates "
                                "or folds, or evaluate, which keeps errors alone",
                                models, dataset.platforms.size(), dataset.modules.size(), bytes / 1e9),
                    Remedy::kEvaluate);
    }
    return {};
}

Result<ResultArrays> ResultArrays::create(const std::filesystem::path& folder, const Dataset& dataset,
                                          const FitConfig& config) {
    if (auto ok = check_size(dataset, config); !ok) {
        return Failure(ok.error());
    }
    PITOT_TRY(auto probe, core::SpoolFile::create(folder));
    return ResultArrays(dataset, config, folder);
}

template <typename T>
Result<void> ResultArrays::put(const std::string& name, const std::vector<T>& values, std::vector<std::int64_t> shape) {
    auto found = arrays_.find(name);
    if (found == arrays_.end()) {
        PITOT_TRY(auto file, core::SpoolFile::create(folder_));
        found = arrays_.emplace(name, Array{std::move(file), std::move(shape), std::is_integral_v<T>}).first;
    } else {
        PITOT_CHECK(found->second.shape == shape);
    }
    std::int64_t size = 1;
    for (const std::int64_t n : found->second.shape) {
        size *= n;
    }
    PITOT_CHECK(size == static_cast<std::int64_t>(values.size()));
    return found->second.file.append(std::as_bytes(std::span(values)));
}

Result<void> ResultArrays::put_rows(const std::string& prefix, const dataset::Split& split) {
    if (split.rest.empty()) {
        return {};
    }
    const std::int64_t folds = models::family_of(config_.model).folds(config_);
    std::vector<std::int32_t> train, validation, test;
    for (std::int64_t fold = 0; fold < folds; ++fold) {
        append_rows(split.training(fold), train);
        append_rows(split.validation(fold), validation);
    }
    append_rows(split.test, test);
    const auto count = [&](const std::vector<std::int32_t>& rows) { return static_cast<std::int64_t>(rows.size()); };
    return put(prefix + "_train", train, {folds, count(train) / folds})
        .and_then([&] {
            return put(prefix + "_val", validation, {folds, count(validation) / folds});
        })
        .and_then([&] { return put(prefix + "_test", test, {count(test)}); });
}

Result<void> ResultArrays::put_baseline(const models::LinearScaling& baseline) {
    const auto platforms = static_cast<std::int64_t>(baseline.platform.size());
    const auto modules = static_cast<std::int64_t>(baseline.module.size());
    std::vector<float> pairs;
    pairs.reserve(baseline.platform.size() * baseline.module.size());
    for (const double a : baseline.platform) {
        for (const double b : baseline.module) {
            pairs.push_back(static_cast<float>(a + b));
        }
    }
    return put("C_bar", pairs, {platforms, modules})
        .and_then([&] { return put("p_bar", narrowed(baseline.platform), {platforms}); })
        .and_then([&] { return put("m_bar", narrowed(baseline.module), {modules}); });
}

Result<void> ResultArrays::add(const models::Fitted& fitted, int threads) {
    ++replicates_;
    const auto keep = [&](const std::string& name, const std::vector<float>& values, std::vector<std::int64_t> shape) {
        return put(name, values, std::move(shape));
    };
    auto kept = fitted.model->keep(*dataset_, fitted.rows, threads, keep).and_then([&] {
        return put_baseline(fitted.scaling);
    });
    for (std::size_t p = 0; kept && p < dataset_->pools.size(); ++p) {
        kept = put_rows(models::published_name(dataset_->pools[p].name), fitted.rows.pools[p]);
    }
    return kept;
}

Result<core::NewFile> ResultArrays::make(const std::filesystem::path& file) {
    formats::NpzWriter writer;
    for (auto& [name, array] : arrays_) {
        PITOT_TRY(const auto bytes, array.file.bytes());
        std::vector<std::int64_t> shape{replicates_};
        shape.insert(shape.end(), array.shape.begin(), array.shape.end());
        // Mapped at a page's beginning, hence aligned; written as T.
        const auto elements = [&]<typename T>(T /*unused*/) {
            // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast)
            return std::span(reinterpret_cast<const T*>(bytes.data()), bytes.size() / sizeof(T));
        };
        if (array.integers) {
            writer.add_borrowed<std::int32_t>(name, elements(std::int32_t{}), shape);
        } else {
            writer.add_borrowed<float>(name, elements(float{}), shape);
        }
    }
    return writer.make(file);
}

template <typename T>
Result<ResultArray<T>> read_array(const formats::NpzReader& file, std::string_view name, std::size_t axes) {
    auto info = file.info(name);
    if (!info) {
        return Failure(damaged_results(file.file(), info.error().message()));
    }
    if (info->shape.size() != axes) {
        return Failure(damaged_results(
            file.file(), fmt::format("array '{}' has {} axes instead of {}", name, info->shape.size(), axes)));
    }
    auto values = file.values<T>(name);
    if (!values) {
        return Failure(damaged_results(file.file(), values.error().message()));
    }
    return ResultArray<T>{std::move(info->shape), std::move(*values)};
}

template Result<ResultArray<float>> read_array<float>(const formats::NpzReader&, std::string_view, std::size_t);
template Result<ResultArray<double>> read_array<double>(const formats::NpzReader&, std::string_view, std::size_t);
template Result<ResultArray<std::int32_t>> read_array<std::int32_t>(const formats::NpzReader&, std::string_view,
                                                                    std::size_t);

Result<formats::NpzReader> open_results(const std::filesystem::path& results, const std::string& method, double share) {
    const auto file = results / method / (share_name(share) + ".npz");
    if (std::error_code ignored; !std::filesystem::exists(file, ignored)) {
        return Failure(missing_results(results, method, share));
    }
    auto opened = formats::NpzReader::open(file);
    if (!opened && opened.error().code() == ErrorCode::kInput) {
        return Failure(damaged_results(file, opened.error().message()));
    }
    return opened;
}

Result<void> check_results(const std::filesystem::path& archive, const Dataset& dataset, const FitConfig& config,
                           bool every_byte) {
    PITOT_TRY(const auto file, formats::NpzReader::open(archive));
    for (const auto& [name, shape] : shapes_of(dataset, config)) {
        const auto info = file.info(name);
        if (!info) {
            return Failure(damaged_results(archive, info.error().message()));
        }
        if (!shape.empty() && info->shape != shape) {
            return Failure(
                damaged_results(archive, fmt::format("array '{}' has another shape than its record says", name)));
        }
    }
    if (!every_byte) {
        return {};
    }
    for (const std::string& name : file.names()) {
        if (auto ok = read_whole(file, name); !ok) {
            return Failure(damaged_results(archive, ok.error().message()));
        }
    }
    return {};
}

}  // namespace pitot::experiment
