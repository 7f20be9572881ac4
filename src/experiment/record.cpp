#include "experiment/record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "backend/backend.hpp"
#include "core/read_file.hpp"
#include "models/config_fields.hpp"
#include "models/objectives.hpp"
#include "pitot/remedy.hpp"
#include "train/train.hpp"

namespace pitot::experiment {
namespace {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

constexpr int kRecordSchema = 2;
constexpr std::size_t kDigestShown = 12;

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

// Results of backends that leave no choice look as they always did.
void add_precision(const ResultRecord& record, Json& json) {
    if (!record.precision.empty()) {
        json["precision"] = record.precision;
    }
}

Json dataset_json(const ResultRecord& record) {
    return record.dataset.size() == 1 ? Json(record.dataset.front()) : Json(record.dataset);
}

Failure broken_record(const fs::path& file, const char* why) {
    return fail(ErrorCode::kInput, fmt::format("'{}' {}; make the results again", file.string(), why),
                Remedy::kRepeatResults, {file.string()});
}

Result<std::vector<std::string>> dataset_names(const Json& dataset, const fs::path& file) {
    std::vector<std::string> names;
    for (const Json& name : dataset.is_array() ? dataset : Json::array({dataset})) {
        if (!name.is_string()) {
            return broken_record(file, "names no dataset");
        }
        names.push_back(name.get<std::string>());
    }
    return names;
}

}  // namespace

std::string share_name(double share) { return fmt::format("{}", share); }

std::string recorded_precision(const Context& context) {
    if (context.backend != "cuda") {
        return {};
    }
    return context.precision == "auto" ? std::string(backend::kUsualCardPrecision) : context.precision;
}

std::string recorded_precision(const FitConfig& config, const std::string& precision) {
    return config.model.family == Family::kKernel ? std::string() : precision;
}

std::string to_json(const ResultRecord& record) {
    const FitConfig& config = record.config;
    Json fields = Json::parse(to_json(config));
    fields["objectives"] = models::objectives_json(config, record.pools);
    Json json{{"schema", kRecordSchema},
              {"config", std::move(fields)},
              {"duration", record.seconds},
              {"epoch_size",
               train::steps_of(config.train, config.share) / std::max<std::int64_t>(config.train.checkpoints, 1)},
              {"epochs", config.train.checkpoints},
              {"train_split", config.share},
              {"dataset", dataset_json(record)},
              {"digest", record.digest},
              {"backend", record.backend}};
    add_precision(record, json);
    return json.dump(2) + "\n";
}

Result<ResultRecord> read_record(const fs::path& file) {
    PITOT_TRY(const auto text, core::read_file(file));
    const Json json = Json::parse(text, nullptr, false);
    if (json.is_discarded() || !json.is_object() || !json.contains("config") || !json["config"].is_object() ||
        !json.contains("digest") || !json["digest"].is_string() || !json.contains("dataset")) {
        return broken_record(file, "is not a record of results that pitot wrote");
    }
    if (json.contains("schema") && json["schema"].is_number() && json["schema"].get<double>() > kRecordSchema) {
        return fail(ErrorCode::kInput, fmt::format("'{}' was written by a newer pitot (schema {}, this one knows {}); "
                                                   "use that one",
                                                   file.string(), json["schema"].dump(), kRecordSchema));
    }
    ResultRecord record;
    record.config.split = SplitUnit::kRow;  // what records without the field were made with
    if (auto ok = models::apply_whole_json(record.config, json["config"].dump()); !ok) {
        return fail(ok.error(), fmt::format("reading '{}'", file.string()));
    }
    PITOT_TRY(auto dataset, dataset_names(json["dataset"], file));
    record.dataset = std::move(dataset);
    record.digest = json["digest"].get<std::string>();
    if (json["config"].contains("objectives")) {
        const Json& objectives = json["config"]["objectives"];
        for (const Json& objective : objectives.is_array() ? objectives : Json::array({objectives})) {
            if (!objective.is_object() || !objective.contains("name") || !objective["name"].is_string()) {
                return broken_record(file, "has an objective without a name");
            }
            record.pools.push_back(models::pool_named(objective["name"].get<std::string>()));
        }
    }
    if (json.contains("duration") && json["duration"].is_number()) {
        record.seconds = json["duration"].get<double>();
    }
    if (json.contains("backend") && json["backend"].is_string()) {
        record.backend = json["backend"].get<std::string>();
    }
    if (json.contains("precision") && json["precision"].is_string()) {
        record.precision = json["precision"].get<std::string>();
        if (record.precision == "auto") {  // as it was written once
            record.precision = backend::kUsualCardPrecision;
        }
        record.precision = recorded_precision(record.config, record.precision);  // written once for all
    }
    return record;
}

std::vector<Difference> differences(const FitConfig& there, const FitConfig& here) {
    const auto a = fields_of(there);
    std::vector<Difference> out;
    for (const auto& [name, value] : fields_of(here)) {
        const auto found = a.find(name);
        const std::string other = found == a.end() ? "absent" : found->second;
        if (other != value) {
            out.push_back({name, other, value});
        }
    }
    return out;
}

std::vector<Difference> differences(const ResultRecord& there, const ResultRecord& here) {
    std::vector<Difference> out = differences(there.config, here.config);
    if (there.digest != here.digest) {
        out.push_back({"dataset", dataset_text(there), dataset_text(here)});
    }
    if (!there.backend.empty() && there.backend != here.backend) {
        out.push_back({"backend", there.backend, here.backend});
    }
    if (there.backend == here.backend && there.precision != here.precision) {
        out.push_back({"precision", there.precision, here.precision});
    }
    return out;
}

std::string dataset_text(const ResultRecord& record) {
    return fmt::format("{} (SHA-256 {}…)", fmt::join(record.dataset, " "), record.digest.substr(0, kDigestShown));
}

std::string configuration_json(const ResultRecord& record) {
    Json json{{"config", Json::parse(to_json(record.config))},
              {"dataset", dataset_json(record)},
              {"digest", record.digest},
              {"backend", record.backend}};
    add_precision(record, json);
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string usual_dataset(const std::string& method) {
    return method == "interference3/no-smt"      ? "data/data.if3.mc.npz"
           : method.starts_with("interference3") ? "data/data.if3.npz"
           : method.starts_with("interference")  ? "data/data.if.npz"
                                                 : "data/data.npz";
}

Error missing_results(const fs::path& results, const std::string& method, std::optional<double> share) {
    if (const auto known = preset(method); !known) {
        return known.error();
    }
    std::vector<std::string> about{results.string(), method};
    if (share) {
        about.push_back(share_name(*share));
    }
    return {ErrorCode::kInput,
            fmt::format("there are no results of '{}'{} in '{}'; make them", method,
                        share ? fmt::format(" at share {}", share_name(*share)) : "", results.string()),
            Remedy::kMakeResults, std::move(about)};
}

Error damaged_results(const fs::path& archive, std::string why) {
    why.resize(std::min(why.rfind("; "), why.size()));
    const std::string named =
        why.find(archive.string()) == std::string::npos ? fmt::format("'{}': ", archive.string()) : "";
    return {ErrorCode::kInput,
            fmt::format("{}{}; make these results again", named, why),
            Remedy::kRepeatResults,
            {archive.string()}};
}

}  // namespace pitot::experiment
