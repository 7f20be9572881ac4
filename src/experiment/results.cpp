#include "experiment/results.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

#include "core/check.hpp"
#include "model/fold_model.hpp"
#include "predict/ensemble.hpp"

namespace pitot {
namespace {

std::vector<float> narrowed(std::span<const double> values) { return {values.begin(), values.end()}; }

void append_rows(RowNumbers rows, std::vector<std::int32_t>& out) {
    for (const std::int64_t row : rows) {
        out.push_back(static_cast<std::int32_t>(row));
    }
}

// Every pair of a platform, for all modules.
struct PlatformPairs {
    std::vector<std::int32_t> platform, module;

    explicit PlatformPairs(std::int64_t modules)
        : platform(static_cast<std::size_t>(modules)), module(platform.size()) {
        for (std::size_t j = 0; j < module.size(); ++j) {
            module[j] = static_cast<std::int32_t>(j);
        }
    }
    PairQuery of(std::int64_t i) {
        std::ranges::fill(platform, static_cast<std::int32_t>(i));
        return {platform, module, {}, 0};
    }
};

// Arrays that results always have, and their shapes; empty where the shape depends on the split.
std::map<std::string, std::vector<std::int64_t>> shapes_of(const Dataset& dataset, const FitConfig& config) {
    const std::int64_t replicates = config.train.replicates;
    const std::int64_t folds = config.model.family == Family::kLinearScaling ? 1 : config.train.folds;
    const std::int64_t platforms = dataset.platforms.size();
    const std::int64_t modules = dataset.modules.size();
    std::map<std::string, std::vector<std::int64_t>> shapes{{"C_hat", {replicates, folds, platforms, modules}},
                                                            {"C_bar", {replicates, platforms, modules}},
                                                            {"p_bar", {replicates, platforms}},
                                                            {"m_bar", {replicates, modules}},
                                                            {"mf_test", {}}};
    if (config.model.family == Family::kFactorization) {
        const std::int64_t rank = config.model.layers.back();
        const std::int64_t types = config.model.interference_types;
        shapes["P"] = {replicates, folds, platforms, rank};
        shapes["M"] = {replicates, folds, modules, rank};
        if (types > 0) {
            shapes["V_s"] = shapes["V_g"] = {replicates, folds, platforms, rank, types};
        }
    }
    if (dataset.together.size() > 0) {
        shapes["if_test"] = shapes["C_ijk_hat"] = {};
    }
    return shapes;
}

// Reads an array to its end, which compares its checksum.
Result<void> read_whole(const NpzReader& file, const std::string& name) {
    const auto outcome = [](const auto& values) { return values ? Result<void>() : Failure(values.error()); };
    const auto info = file.info(name);
    if (!info) {
        return Failure(info.error());
    }
    return info->kind == 'f' ? outcome(file.values<float>(name)) : outcome(file.values<std::int32_t>(name));
}

}  // namespace

Result<void> ResultArrays::check_size(const Dataset& dataset, const FitConfig& config) {
    const double models = static_cast<double>(config.train.replicates) *
                          static_cast<double>(std::max<std::int64_t>(config.train.folds, 1));
    const double pairs = static_cast<double>(dataset.platforms.size()) * static_cast<double>(dataset.modules.size());
    const double rows = static_cast<double>(dataset.alone.size() + dataset.together.size());
    const double bytes = 4.0 * models * (pairs + rows);
    if (bytes > kMostBytes || std::max(dataset.alone.size(), dataset.together.size()) > INT32_MAX) {
        return fail(ErrorCode::kInput,
                    fmt::format("the results of {} models on {} x {} pairs would take {:.0f} GB; use fewer replicates "
                                "or folds, or 'pitot evaluate', which keeps errors alone",
                                models, dataset.platforms.size(), dataset.modules.size(), bytes / 1e9));
    }
    return {};
}

Result<ResultArrays> ResultArrays::create(const std::filesystem::path& folder, const Dataset& dataset,
                                          const FitConfig& config) {
    if (auto ok = check_size(dataset, config); !ok) {
        return Failure(ok.error());
    }
    auto probe = SpoolFile::create(folder);
    if (!probe) {
        return Failure(probe.error());
    }
    return ResultArrays(dataset, config, folder);
}

template <typename T>
Result<void> ResultArrays::put(const std::string& name, const std::vector<T>& values, std::vector<std::int64_t> shape) {
    auto found = arrays_.find(name);
    if (found == arrays_.end()) {
        auto file = SpoolFile::create(folder_);
        if (!file) {
            return Failure(file.error());
        }
        found = arrays_.emplace(name, Array{std::move(*file), std::move(shape), std::is_integral_v<T>}).first;
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

Result<void> ResultArrays::put_rows(const std::string& prefix, const Split& split) {
    if (split.rest.empty()) {
        return {};
    }
    const auto folds = config_.model.family == Family::kLinearScaling ? 1 : config_.train.folds;
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

Result<void> ResultArrays::put_losses(const Replicate& replicate) {
    if (replicate.folds.empty()) {
        return {};
    }
    const auto folds = static_cast<std::int64_t>(replicate.folds.size());
    const auto transposed = [&](std::vector<float> FoldFit::*member) {
        std::vector<float> out;
        const std::size_t checkpoints = (replicate.folds.front().*member).size();
        for (std::size_t e = 0; e < checkpoints; ++e) {
            for (const FoldFit& fold : replicate.folds) {
                out.push_back((fold.*member)[e]);
            }
        }
        return out;
    };
    const std::vector<float> training = transposed(&FoldFit::train_loss);
    const std::vector<float> validation = transposed(&FoldFit::validation_loss);
    const auto checkpoints = [&](const std::vector<float>& losses) {
        return static_cast<std::int64_t>(losses.size()) / folds;
    };
    return put("train_loss", training, {checkpoints(training), folds}).and_then([&]() -> Result<void> {
        return validation.empty() ? Result<void>() : put("val_loss", validation, {checkpoints(validation), folds});
    });
}

Result<void> ResultArrays::put_baseline(const LinearScaling& baseline, RowNumbers together) {
    const auto platforms = static_cast<std::int64_t>(baseline.platform.size());
    const auto modules = static_cast<std::int64_t>(baseline.module.size());
    std::vector<float> pairs;
    pairs.reserve(baseline.platform.size() * baseline.module.size());
    for (const double a : baseline.platform) {
        for (const double b : baseline.module) {
            pairs.push_back(static_cast<float>(a + b));
        }
    }
    auto ok = put("C_bar", pairs, {platforms, modules})
                  .and_then([&] { return put("p_bar", narrowed(baseline.platform), {platforms}); })
                  .and_then([&] { return put("m_bar", narrowed(baseline.module), {modules}); });
    if (ok && config_.model.family == Family::kLinearScaling) {  // its own only fold
        std::vector<float> beside;
        for (const std::int64_t row : together) {
            const auto at = static_cast<std::size_t>(row);
            beside.push_back(
                static_cast<float>(baseline(dataset_->together.platform[at], dataset_->together.module[at])));
        }
        const auto rows = static_cast<std::int64_t>(beside.size());
        ok = put("C_hat", pairs, {1, platforms, modules}).and_then([&] {
            return rows > 0 ? put("C_ijk_hat", beside, {1, rows}) : Result<void>();
        });
    }
    return ok;
}

Result<void> ResultArrays::put_folds(const Replicate& replicate) {
    if (replicate.folds.empty()) {
        return {};
    }
    const std::int64_t folds = static_cast<std::int64_t>(replicate.folds.size());
    const std::int64_t platforms = dataset_->platforms.size();
    const std::int64_t modules = dataset_->modules.size();
    const std::int64_t types = config_.model.interference_types;
    const bool factors_too = config_.model.family == Family::kFactorization;
    const std::int64_t rank = factors_too ? config_.model.layers.back() : 0;
    std::vector<float> pairs, p, m, v_s, v_g, together;
    const GatheredRows rows(dataset_->together.view(), replicate.rows.together.test, config_.model);
    std::vector<double> y(static_cast<std::size_t>(modules)), y_together(rows.target.size());
    PlatformPairs queries(modules);
    for (const FoldFit& fold : replicate.folds) {
        const FoldModel model(config_.model, dataset_->platforms, dataset_->modules, replicate.baseline,
                              fold.parameters);
        for (std::int64_t i = 0; i < platforms; ++i) {
            model.predict(queries.of(i), y);
            pairs.insert(pairs.end(), y.begin(), y.end());
        }
        model.predict(rows.query(), y_together);
        together.insert(together.end(), y_together.begin(), y_together.end());
        if (!factors_too) {
            continue;
        }
        const Factors factors = model.factors();
        // Each interference matrix takes its half of the scale: V_s . V_g is what pairs are multiplied with.
        const auto beta = static_cast<float>(std::sqrt(factors.interference_scale));
        for (std::int64_t i = 0; i < platforms; ++i) {
            const auto row = factors.platform.view().row(i);
            p.insert(p.end(), row.begin(), row.begin() + rank);
            for (std::int64_t c = 0; c < rank; ++c) {
                for (std::int64_t t = 0; t < types; ++t) {
                    v_s.push_back(beta * row[static_cast<std::size_t>((1 + t) * rank + c)]);
                    v_g.push_back(beta * row[static_cast<std::size_t>((1 + types + t) * rank + c)]);
                }
            }
        }
        for (std::int64_t j = 0; j < modules; ++j) {
            const auto row = factors.module.view().row(j);
            m.insert(m.end(), row.begin(), row.end());
        }
    }
    auto ok = put("C_hat", pairs, {folds, platforms, modules});
    if (ok && factors_too) {
        ok = put("P", p, {folds, platforms, rank}).and_then([&] { return put("M", m, {folds, modules, rank}); });
    }
    if (ok && types > 0) {
        ok = put("V_s", v_s, {folds, platforms, rank, types}).and_then([&] {
            return put("V_g", v_g, {folds, platforms, rank, types});
        });
    }
    if (ok && dataset_->together.size() > 0) {
        ok = put("C_ijk_hat", together, {folds, static_cast<std::int64_t>(rows.target.size())});
    }
    return ok;
}

Result<void> ResultArrays::add(const Replicate& replicate) {
    ++replicates_;
    return put_losses(replicate)
        .and_then([&] { return put_folds(replicate); })
        .and_then([&] { return put_rows("mf", replicate.rows.alone); })
        .and_then([&] { return put_rows("if", replicate.rows.together); })
        .and_then([&] { return put_baseline(replicate.baseline, replicate.rows.together.test); });
}

Result<NewFile> ResultArrays::make(const std::filesystem::path& file) {
    NpzWriter writer;
    for (auto& [name, array] : arrays_) {
        const auto bytes = array.file.bytes();
        if (!bytes) {
            return Failure(bytes.error());
        }
        std::vector<std::int64_t> shape{replicates_};
        shape.insert(shape.end(), array.shape.begin(), array.shape.end());
        // Mapped at a page's beginning, hence aligned; written as T.
        const auto elements = [&]<typename T>(T /*unused*/) {
            // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast)
            return std::span(reinterpret_cast<const T*>(bytes->data()), bytes->size() / sizeof(T));
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
Result<ResultArray<T>> read_array(const NpzReader& file, std::string_view name, std::size_t axes) {
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

template Result<ResultArray<float>> read_array<float>(const NpzReader&, std::string_view, std::size_t);
template Result<ResultArray<double>> read_array<double>(const NpzReader&, std::string_view, std::size_t);
template Result<ResultArray<std::int32_t>> read_array<std::int32_t>(const NpzReader&, std::string_view, std::size_t);

Result<NpzReader> open_results(const std::filesystem::path& results, const std::string& method, double share) {
    const auto file = results / method / (share_name(share) + ".npz");
    if (std::error_code ignored; !std::filesystem::exists(file, ignored)) {
        return Failure(missing_results(results, method, share));
    }
    auto opened = NpzReader::open(file);
    if (!opened && opened.error().code() == ErrorCode::kInput) {
        return Failure(damaged_results(file, opened.error().message()));
    }
    return opened;
}

Result<void> check_results(const std::filesystem::path& archive, const Dataset& dataset, const FitConfig& config,
                           bool every_byte) {
    const auto file = NpzReader::open(archive);
    if (!file) {
        return Failure(file.error());
    }
    for (const auto& [name, shape] : shapes_of(dataset, config)) {
        const auto info = file->info(name);
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
    for (const std::string& name : file->names()) {
        if (auto ok = read_whole(*file, name); !ok) {
            return Failure(damaged_results(archive, ok.error().message()));
        }
    }
    return {};
}

}  // namespace pitot
