#include "experiment/record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

#include "models/objectives.hpp"
#include "train/train.hpp"

namespace pitot {
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

Json dataset_json(const ResultRecord& record) {
    return record.dataset.size() == 1 ? Json(record.dataset.front()) : Json(record.dataset);
}

// A word of a command line.
std::string quoted(const std::string& text) {
    constexpr const char* plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+=:@%";
    if (!text.empty() && text.find_first_not_of(plain) == std::string::npos) {
        return text;
    }
    std::string out = "'";
    for (const char c : text) {
        out += c == '\'' ? "'\\''" : std::string(1, c);
    }
    return out + "'";
}

// "pitot experiments METHOD …" for results that nothing is known of.
std::string usual_command(const fs::path& results, const std::string& method, std::optional<double> share) {
    return fmt::format("pitot experiments {}{}{} -o {}", method, share ? " -s " + share_name(*share) : "",
                       data_option_of(method), quoted(results.empty() ? "." : results.string()));
}

// The options of `pitot experiments` that give a record's configuration, as far as they differ from the preset's.
std::string options_of(const ResultRecord& record) {
    std::string options;
    const auto usual = preset(record.config.preset);
    const FitConfig base = usual.value_or(FitConfig());
    const auto number = [&](const char* name, auto value, auto standard) {
        if (value != standard) {
            options += fmt::format(" {} {}", name, value);
        }
    };
    number("-k", record.config.train.checkpoints, base.train.checkpoints);
    number("-n", record.config.train.epoch_samples, base.train.epoch_samples);
    number("--key", record.config.seed, base.seed);
    number("--replicates", record.config.train.replicates, base.train.replicates);
    number("--folds", record.config.train.folds, base.train.folds);
    if (!record.backend.empty() && record.backend != "cpu") {
        options += " --backend " + quoted(record.backend);
    }
    return options;
}

// Of RESULTS/METHOD/SHARE.npz or .json; presets are called FAMILY/MEMBER.
struct Place {
    fs::path results;
    std::string method;
    std::optional<double> share;
};

Place place_of(const fs::path& file) {
    const fs::path member = file.parent_path();
    const fs::path family = member.parent_path();
    Place place{family.parent_path(), (family.filename() / member.filename()).generic_string(), {}};
    std::istringstream in(file.stem().string());
    if (double share = 0.0; in >> share) {
        place.share = share;
    }
    return place;
}

Failure broken_record(const fs::path& file, const char* why) {
    const Place place = place_of(file);
    return fail(ErrorCode::kInput,
                fmt::format("'{}' {}; make the results again, with the options they had: {} --force", file.string(),
                            why, usual_command(place.results, place.method, place.share)));
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

std::string to_json(const ResultRecord& record) {
    const FitConfig& config = record.config;
    Json fields = Json::parse(to_json(config));
    fields["objectives"] = objectives_json(config, record.pools);
    const Json json{
        {"schema", kRecordSchema},
        {"config", std::move(fields)},
        {"duration", record.seconds},
        {"epoch_size", steps_of(config.train, config.share) / std::max<std::int64_t>(config.train.checkpoints, 1)},
        {"epochs", config.train.checkpoints},
        {"train_split", config.share},
        {"dataset", dataset_json(record)},
        {"digest", record.digest},
        {"backend", record.backend}};
    return json.dump(2) + "\n";
}

Result<ResultRecord> read_record(const fs::path& file) {
    std::ifstream in(file);
    std::ostringstream text;
    if (!in || !(text << in.rdbuf())) {
        return fail(ErrorCode::kEnvironment, fmt::format("cannot read '{}'; check that it exists", file.string()));
    }
    const Json json = Json::parse(text.str(), nullptr, false);
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
    if (auto ok = apply_json(record.config, json["config"].dump()); !ok) {
        return fail(ok.error(), fmt::format("reading '{}'", file.string()));
    }
    PITOT_TRY(auto dataset, dataset_names(json["dataset"], file));
    record.dataset = std::move(dataset);
    record.digest = json["digest"].get<std::string>();
    if (json["config"].contains("objectives")) {
        for (const Json& objective : json["config"]["objectives"]) {
            record.pools.push_back(pool_named(objective.value("name", "")));
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
    return out;
}

std::string dataset_text(const ResultRecord& record) {
    return fmt::format("{} (SHA-256 {}…)", fmt::join(record.dataset, " "), record.digest.substr(0, kDigestShown));
}

std::string configuration_json(const ResultRecord& record) {
    return Json{{"config", Json::parse(to_json(record.config))},
                {"dataset", dataset_json(record)},
                {"digest", record.digest},
                {"backend", record.backend}}
        .dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string usual_dataset(const std::string& method) {
    return method == "interference3/no-smt"      ? "data/data.if3.mc.npz"
           : method.starts_with("interference3") ? "data/data.if3.npz"
           : method.starts_with("interference")  ? "data/data.if.npz"
                                                 : "data/data.npz";
}

std::string data_option_of(const std::string& method) {
    const std::string data = usual_dataset(method);
    return data == "data/data.npz" ? "" : " -d " + data;
}

Error missing_results(const fs::path& results, const std::string& method, std::optional<double> share) {
    if (const auto known = preset(method); !known) {
        return known.error();
    }
    return {ErrorCode::kInput, fmt::format("there are no results of '{}'{} in '{}'; make them with: {}", method,
                                           share ? fmt::format(" at share {}", share_name(*share)) : "",
                                           results.string(), usual_command(results, method, share))};
}

Error damaged_results(const fs::path& archive, std::string why) {
    const Place place = place_of(archive);
    std::string command = usual_command(place.results, place.method, place.share);
    if (const auto record = read_record(fs::path(archive).replace_extension(".json")); record) {
        std::string data = record->dataset.empty() ? "" : " -d";
        for (const std::string& file : record->dataset) {
            data += " " + quoted(file);
        }
        command = fmt::format("pitot experiments {} -s {}{}{} -o {}", place.method, share_name(record->config.share),
                              data, options_of(*record), quoted(place.results.empty() ? "." : place.results.string()));
    }
    why.resize(std::min(why.rfind("; "), why.size()));
    const std::string named =
        why.find(archive.string()) == std::string::npos ? fmt::format("'{}': ", archive.string()) : "";
    return {ErrorCode::kInput, fmt::format("{}{}; make these results again with: {} --force", named, why, command)};
}

}  // namespace pitot
