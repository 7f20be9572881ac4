#include "experiment/summary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <set>

#include "core/digest.hpp"
#include "core/read_file.hpp"
#include "core/suggest.hpp"
#include "evaluate/error_tally.hpp"
#include "experiment/results.hpp"
#include "models/scale.hpp"
#include "pitot/remedy.hpp"

namespace pitot::experiment {
namespace {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

constexpr int kSummarySchema = 2;

Failure damaged(const formats::NpzReader& file, const std::string& why) {
    return Failure(damaged_results(file.file(), why));
}

// The arrays of one objective that errors are computed from.
struct KeptPredictions {
    ResultArray<float> folds;  // C_hat or C_ijk_hat
    ResultArray<float> baseline;
    ResultArray<std::int32_t> test;
};

Result<KeptPredictions> read_predictions(const formats::NpzReader& file, const std::string& objective) {
    const bool alone = objective == "mf";
    PITOT_TRY(auto folds, read_array<float>(file, alone ? "C_hat" : "C_ijk_hat", alone ? 4 : 3));
    PITOT_TRY(auto baseline, read_array<float>(file, "C_bar", 3));
    PITOT_TRY(auto test, read_array<std::int32_t>(file, objective + "_test", 2));
    return KeptPredictions{std::move(folds), std::move(baseline), std::move(test)};
}

Result<void> check_shapes(const formats::NpzReader& file, const KeptPredictions& p, const ObservationView& table,
                          const Dataset& dataset, bool alone) {
    const std::int64_t platforms = dataset.platforms.size();
    const std::int64_t modules = dataset.modules.size();
    const auto& baseline = p.baseline.shape;
    const std::int64_t replicates = baseline[0];
    const bool fits =
        baseline[1] == platforms && baseline[2] == modules && p.folds.shape[0] == replicates &&
        p.test.shape[0] == replicates && p.folds.shape[1] >= 1 &&
        (alone ? p.folds.shape[2] == platforms && p.folds.shape[3] == modules : p.folds.shape[2] == p.test.shape[1]);
    if (!fits) {
        return damaged(file,
                       fmt::format("its arrays do not fit each other or the dataset of {} x {}", platforms, modules));
    }
    for (const std::int32_t row : p.test.values) {
        if (row < 0 || row >= table.size()) {
            return damaged(file, fmt::format("test row {} is not one of the dataset's {}", row, table.size()));
        }
    }
    return {};
}

// Adds one share's errors to a summary.
Result<void> add_share(const formats::NpzReader& file, const std::string& objective, const FitConfig& config,
                       const Dataset& dataset, ObjectiveSummary& out) {
    const bool alone = objective == "mf";
    const ObservationView table = dataset.pool(alone ? kAlone : kAlone + 1);
    PITOT_TRY(const auto p, read_predictions(file, objective));
    if (auto ok = check_shapes(file, p, table, dataset, alone); !ok) {
        return ok;
    }
    const auto modules = static_cast<std::size_t>(dataset.modules.size());
    const std::size_t pairs = static_cast<std::size_t>(dataset.platforms.size()) * modules;
    const auto replicates = static_cast<std::size_t>(p.folds.shape[0]);
    const auto folds = static_cast<std::size_t>(p.folds.shape[1]);
    const auto rows = static_cast<std::size_t>(p.test.shape[1]);
    const std::size_t width = alone ? pairs : rows;  // of one fold's answers
    const models::Scale scale(config.model);
    const models::Scale log_scale = models::Scale::logarithmic();
    evaluation::ErrorTally model, baseline;
    std::vector<double> error(rows), baseline_error(rows);
    for (std::size_t r = 0; r < replicates; ++r) {
        for (std::size_t n = 0; n < rows; ++n) {
            const auto row = static_cast<std::size_t>(p.test.values[r * rows + n]);
            const std::size_t pair =
                static_cast<std::size_t>(table.platform[row]) * modules + static_cast<std::size_t>(table.module[row]);
            double sum = 0.0;
            for (std::size_t f = 0; f < folds; ++f) {
                sum += static_cast<double>(p.folds.values[(r * folds + f) * width + (alone ? pair : n)]);
            }
            const double runtime_us = table.runtime_us[row];
            error[n] = scale.error(sum / static_cast<double>(folds), scale.target(runtime_us));
            baseline_error[n] =
                log_scale.error(static_cast<double>(p.baseline.values[r * pairs + pair]), log_scale.target(runtime_us));
        }
        auto ok = model.add(error).and_then([&] { return baseline.add(baseline_error); });
        if (!ok) {
            return fail(ok.error(), fmt::format("summarising '{}'", file.file().string()));
        }
        model.finish();
        baseline.finish();
    }
    out.shares.push_back(config.share);
    out.model.push_back(model.metrics());
    out.baseline.push_back(baseline.metrics());
    return {};
}

Json lists_of(const std::vector<ErrorMetrics>& metrics, const std::string& prefix) {
    Json json;
    for (const ErrorMetrics& m : metrics) {
        json[prefix + "mean"].push_back(m.mape.mean);
        json[prefix + "std"].push_back(m.mape.std);
        json[prefix + "percentile"].push_back(m.percentile);
        json[prefix + "replicates"].push_back(m.replicates);
    }
    return json;
}

bool read_lists(const Json& json, const std::string& prefix, std::size_t shares, std::vector<ErrorMetrics>& out) {
    out.resize(shares);
    for (std::size_t i = 0; i < shares; ++i) {
        out[i].mape.mean = json.at(prefix + "mean").at(i).get<double>();
        out[i].mape.std = json.at(prefix + "std").at(i).get<double>();
        out[i].replicates = json.at(prefix + "replicates").at(i).get<std::vector<double>>();
        const auto percentile = json.at(prefix + "percentile").at(i).get<std::vector<double>>();
        if (percentile.size() != out[i].percentile.size()) {
            return false;
        }
        std::ranges::copy(percentile, out[i].percentile.begin());
    }
    return true;
}

// What records of a preset say now; a share whose record cannot be read has "".
std::map<std::string, std::string> record_digests(const fs::path& results, const std::string& method) {
    std::map<std::string, std::string> digests;
    for (const double share : shares_with_results(results, method)) {
        const auto text = core::read_file(results / method / (share_name(share) + ".json"));
        digests[share_name(share)] = text ? core::sha256_of(*text) : "";
    }
    return digests;
}

// "share 0.5 was replaced, share 0.9 was added"; "" if nothing was. Results that are gone leave their numbers true.
std::string changes(const std::map<std::string, std::string>& then, const std::map<std::string, std::string>& now) {
    std::vector<std::string> out;
    for (const auto& [share, digest] : now) {
        const auto before = then.find(share);
        if (before == then.end() || before->second != digest) {
            out.push_back(fmt::format("share {} was {}", share, before == then.end() ? "added" : "replaced"));
        }
    }
    return fmt::format("{}", fmt::join(out, ", "));
}

// Throws what the library throws where the text is not of this form.
Summary parse_summary(const std::string& method, const Json& json) {
    Summary summary{method, {}};
    const bool common = json.contains("splits");  // of each objective its own before schema 2
    for (const auto& [key, value] : json.items()) {
        if (key == "records") {
            summary.records = value.get<std::map<std::string, std::string>>();
        } else if (key != "schema" && key != "splits") {
            ObjectiveSummary& out = summary.objectives[key];
            out.shares = (common ? json : value).at("splits").get<std::vector<double>>();
            if (!read_lists(value, "", out.shares.size(), out.model) ||
                !read_lists(value, "baseline_", out.shares.size(), out.baseline)) {
                summary.objectives.clear();
                return summary;
            }
        }
    }
    return summary;
}

}  // namespace

Result<std::vector<std::string>> methods_with_results(const fs::path& results) {
    std::error_code error;
    if (!fs::is_directory(results, error)) {
        return fail(ErrorCode::kEnvironment,
                    fmt::format("there is no folder '{}'; make results or name their folder", results.string()),
                    Remedy::kNameResults);
    }
    std::set<std::string> methods;
    fs::recursive_directory_iterator files(results, error);
    for (; !error && files != fs::recursive_directory_iterator(); files.increment(error)) {
        const fs::path& file = files->path();
        if (file.extension() == ".npz") {
            methods.insert(fs::relative(file.parent_path(), results, error).generic_string());
        }
    }
    if (error) {
        return fail(ErrorCode::kEnvironment, fmt::format("cannot read '{}': {}", results.string(), error.message()));
    }
    methods.erase(".");
    std::erase_if(methods, [&](const std::string& method) { return shares_with_results(results, method).empty(); });
    if (methods.empty()) {
        return fail(ErrorCode::kInput, fmt::format("'{}' has no results; make some", results.string()),
                    Remedy::kMakeSomeResults, {results.string()});
    }
    return std::vector<std::string>(methods.begin(), methods.end());
}

Result<std::vector<std::string>> expand_results(const fs::path& results, const std::vector<std::string>& methods) {
    std::vector<std::string> out;
    const auto add = [&](const std::string& name) {
        if (std::ranges::find(out, name) == out.end()) {
            out.push_back(name);
        }
    };
    for (const std::string& method : methods) {
        if (!method.ends_with('*')) {
            if (shares_with_results(results, method).empty()) {
                return Failure(missing_results(results, method, {}));
            }
            add(method);
            continue;
        }
        PITOT_TRY(const auto there, methods_with_results(results));
        const std::string prefix = method.substr(0, method.size() - 1);
        bool fits = false;
        for (const std::string& name : there) {
            if (name.starts_with(prefix)) {
                fits = true;
                add(name);
            }
        }
        if (!fits) {
            const std::string near = core::suggestion(method, there);
            return fail(ErrorCode::kUsage, fmt::format("no results in '{}' fit '{}'{}", results.string(), method, near),
                        Remedy::kSummariseAll);
        }
    }
    return out;
}

std::vector<double> shares_with_results(const fs::path& results, const std::string& method) {
    std::vector<double> shares;
    std::error_code error;
    for (fs::directory_iterator files(results / method, error); !error && files != fs::directory_iterator();
         files.increment(error)) {
        const std::string stem = files->path().stem().string();
        char* end = nullptr;
        const double share = std::strtod(stem.c_str(), &end);
        auto record = files->path();
        record.replace_extension(".json");
        std::error_code ignored;
        if (files->path().extension() == ".npz" && *end == '\0' && share > 0.0 && share < 1.0 &&
            share_name(share) == stem && fs::exists(record, ignored)) {
            shares.push_back(share);
        }
    }
    std::ranges::sort(shares);
    return shares;
}

Result<std::vector<fs::path>> dataset_of(const fs::path& results, const std::string& method) {
    const auto shares = shares_with_results(results, method);
    if (shares.empty()) {
        return Failure(missing_results(results, method, {}));
    }
    PITOT_TRY(const auto record, read_record(results / method / (share_name(shares.back()) + ".json")));
    return std::vector<fs::path>(record.dataset.begin(), record.dataset.end());
}

Result<Summary> summarise(const fs::path& results, const std::string& method, const Dataset& dataset) {
    Summary summary{method, {}, record_digests(results, method)};
    const std::string digest = dataset_digest(dataset);
    const auto shares = shares_with_results(results, method);
    if (shares.empty()) {
        return Failure(missing_results(results, method, {}));
    }
    for (const double share : shares) {
        const fs::path record_file = results / method / (share_name(share) + ".json");
        PITOT_TRY(const auto record, read_record(record_file));
        if (record.digest != digest) {
            return fail(ErrorCode::kInput,
                        fmt::format("'{}' has results of another dataset ({}); name that one, or make them again",
                                    record_file.string(), fmt::join(record.dataset, " ")),
                        Remedy::kNameDatasetOrRepeat);
        }
        PITOT_TRY(const auto file, open_results(results, method, share));
        for (const char* objective : {"mf", "if"}) {
            if (!file.contains(std::string(objective) + "_test")) {
                continue;
            }
            auto ok = add_share(file, objective, record.config, dataset, summary.objectives[objective]);
            if (!ok) {
                return Failure(ok.error());
            }
        }
    }
    for (const auto& [objective, values] : summary.objectives) {
        if (values.shares != shares) {
            return fail(ErrorCode::kInput,
                        fmt::format("results of '{}' in '{}' have '{}_test' at some shares and lack it at others; make "
                                    "them again",
                                    method, results.string(), objective),
                        Remedy::kRepeatPreset, {results.string(), method});
        }
    }
    return summary;
}

std::string to_json(const Summary& summary) {
    const auto shares = summary.objectives.empty() ? std::vector<double>() : summary.objectives.begin()->second.shares;
    Json json{{"schema", kSummarySchema}, {"records", summary.records}, {"splits", shares}};
    for (const auto& [objective, values] : summary.objectives) {
        Json& out = json[objective];
        out.update(lists_of(values.model, ""));
        out.update(lists_of(values.baseline, "baseline_"));
    }
    return json.dump() + "\n";
}

Result<Summary> read_summary(const fs::path& results, const std::string& method) {
    const fs::path file = results / method / "summary.json";
    const auto refuse = [&](const std::string& what) {
        return fail(ErrorCode::kInput, fmt::format("{}; make it again", what), Remedy::kSummarise,
                    {results.string(), method});
    };
    const auto now = record_digests(results, method);
    std::error_code ignored;
    if (!fs::exists(file, ignored)) {
        if (now.empty()) {
            return Failure(missing_results(results, method, {}));
        }
        return fail(ErrorCode::kInput, fmt::format("the results of '{}' have no summary; make it", method),
                    Remedy::kSummarise, {results.string()});
    }
    PITOT_TRY(const auto text, core::read_file(file));
    const Json json = Json::parse(text, nullptr, false);
    const std::string damaged = fmt::format("'{}' is damaged", file.string());
    if (!json.is_object()) {
        return refuse(damaged);
    }
    if (json.contains("schema") && json["schema"].is_number() && json["schema"].get<double>() > kSummarySchema) {
        return fail(ErrorCode::kInput, fmt::format("'{}' was written by a newer pitot (schema {}, this one knows {}); "
                                                   "use that one",
                                                   file.string(), json["schema"].dump(), kSummarySchema));
    }
    if (!json.contains("schema") && !json.contains("records")) {
        return refuse(fmt::format("'{}' does not say which results it is of", file.string()));
    }
    try {
        Summary summary = parse_summary(method, json);
        if (summary.objectives.empty()) {
            return refuse(damaged);
        }
        if (const std::string changed = changes(summary.records, now); !changed.empty()) {
            return refuse(fmt::format("'{}' is older than the results ({})", file.string(), changed));
        }
        return summary;
    } catch (const Json::exception&) {
        return refuse(damaged);
    }
}

}  // namespace pitot::experiment
