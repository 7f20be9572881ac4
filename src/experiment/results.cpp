#include "experiment/results.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

#include "core/check.hpp"
#include "model/fold_model.hpp"
#include "predict/ensemble.hpp"

namespace pitot {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kSchema = 1;

// Fields by dotted name.
void flatten(const Json& json, const std::string& prefix, std::map<std::string, std::string>& out) {
    for (const auto& [key, value] : json.items()) {
        const std::string name = prefix.empty() ? key : fmt::format("{}.{}", prefix, key);
        if (value.is_object()) {
            flatten(value, name, out);
        } else {
            out[name] = value.dump();
        }
    }
}

std::map<std::string, std::string> fields_of(const FitConfig& config) {
    std::map<std::string, std::string> fields;
    flatten(Json::parse(to_json(config)), "", fields);
    return fields;
}

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

}  // namespace

std::string share_name(double share) {
    const double tenths = share * 10.0;
    return std::abs(tenths - std::round(tenths)) < 1e-9 ? fmt::format("{:.1f}", share) : fmt::format("{:g}", share);
}

std::string to_json(const ResultRecord& record) {
    const FitConfig& config = record.config;
    Json json{
        {"schema", kSchema},
        {"config", Json::parse(to_json(config))},
        {"duration", record.seconds},
        {"epoch_size", steps_of(config.train, config.share) / std::max<std::int64_t>(config.train.checkpoints, 1)},
        {"epochs", config.train.checkpoints},
        {"train_split", config.share},
        {"dataset", record.dataset.size() == 1 ? Json(record.dataset.front()) : Json(record.dataset)},
        {"digest", record.digest},
        {"backend", record.backend}};
    return json.dump(2) + "\n";
}

Result<ResultRecord> read_record(const std::filesystem::path& file) {
    std::ifstream in(file);
    std::ostringstream text;
    if (!in || !(text << in.rdbuf())) {
        return fail(ErrorCode::kEnvironment, fmt::format("cannot read '{}'; check that it exists", file.string()));
    }
    const auto broken = [&](const char* why) {
        return fail(ErrorCode::kInput,
                    fmt::format("'{}' {}; make it again with 'pitot experiments --force'", file.string(), why));
    };
    const Json json = Json::parse(text.str(), nullptr, false);
    if (json.is_discarded() || !json.is_object() || !json.contains("config") || !json["config"].is_object() ||
        !json.contains("digest") || !json["digest"].is_string() || !json.contains("dataset")) {
        return broken("is not a record of results that pitot wrote");
    }
    if (json.contains("schema") && json["schema"].is_number() && json["schema"].get<double>() > kSchema) {
        return fail(ErrorCode::kInput, fmt::format("'{}' was written by a newer pitot (schema {}, this one knows {}); "
                                                   "use that one",
                                                   file.string(), json["schema"].dump(), kSchema));
    }
    ResultRecord record;
    if (auto ok = apply_json(record.config, json["config"].dump()); !ok) {
        return fail(ok.error(), fmt::format("reading '{}'", file.string()));
    }
    record.digest = json["digest"].get<std::string>();
    const Json& dataset = json["dataset"];
    if (dataset.is_string()) {
        record.dataset.push_back(dataset.get<std::string>());
    } else {
        for (const Json& name : dataset) {
            if (!name.is_string()) {
                return broken("names no dataset");
            }
            record.dataset.push_back(name.get<std::string>());
        }
    }
    if (json.contains("duration") && json["duration"].is_number()) {
        record.seconds = json["duration"].get<double>();
    }
    if (json.contains("backend") && json["backend"].is_string()) {
        record.backend = json["backend"].get<std::string>();
    }
    return record;
}

std::vector<std::string> differences(const FitConfig& there, const FitConfig& here) {
    const auto a = fields_of(there);
    const auto b = fields_of(here);
    std::vector<std::string> out;
    for (const auto& [name, value] : b) {
        const auto found = a.find(name);
        const std::string other = found == a.end() ? "absent" : found->second;
        if (other != value) {
            out.push_back(fmt::format("{}: {} there, {} here", name, other, value));
        }
    }
    return out;
}

Result<ResultArrays> ResultArrays::create(const std::filesystem::path& folder, const Dataset& dataset,
                                          const FitConfig& config) {
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
    const auto folds = config_.model.family == Family::kLinearScaling ? 1 : split.folds;
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

Result<void> ResultArrays::write(const std::filesystem::path& file) {
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
    return writer.write(file);
}

template <typename T>
Result<ResultArray<T>> read_array(const NpzReader& file, std::string_view name, std::size_t axes) {
    auto info = file.info(name);
    if (!info) {
        return Failure(info.error());
    }
    if (info->shape.size() != axes) {
        return fail(ErrorCode::kInput, fmt::format("'{}': array '{}' has {} axes instead of {}; make the results again "
                                                   "with 'pitot experiments --force'",
                                                   file.file().string(), name, info->shape.size(), axes));
    }
    auto values = file.values<T>(name);
    if (!values) {
        return Failure(values.error());
    }
    return ResultArray<T>{std::move(info->shape), std::move(*values)};
}

template Result<ResultArray<float>> read_array<float>(const NpzReader&, std::string_view, std::size_t);
template Result<ResultArray<double>> read_array<double>(const NpzReader&, std::string_view, std::size_t);
template Result<ResultArray<std::int32_t>> read_array<std::int32_t>(const NpzReader&, std::string_view, std::size_t);

Error missing_results(const std::filesystem::path& results, const std::string& method, std::optional<double> share) {
    return {
        ErrorCode::kInput,
        fmt::format("there are no results of '{}'{} in '{}'; make them with: pitot experiments {}{}{} -o {}", method,
                    share ? fmt::format(" at share {}", share_name(*share)) : "", results.string(), method,
                    share ? fmt::format(" -s {}", share_name(*share)) : "", data_option_of(method), results.string())};
}

std::string data_option_of(const std::string& method) {
    return method == "interference3/no-smt"      ? " -d data/data.if3.mc.npz"
           : method.starts_with("interference3") ? " -d data/data.if3.npz"
           : method.starts_with("interference")  ? " -d data/data.if.npz"
                                                 : "";
}

Result<NpzReader> open_results(const std::filesystem::path& results, const std::string& method, double share) {
    const auto file = results / method / (share_name(share) + ".npz");
    if (std::error_code ignored; !std::filesystem::exists(file, ignored)) {
        return Failure(missing_results(results, method, share));
    }
    return NpzReader::open(file);
}

}  // namespace pitot
