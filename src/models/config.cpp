// FitConfig as JSON. One table names every field once; both directions read it.
#include "pitot/config.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <type_traits>

#include "core/suggest.hpp"
#include "core/utf8.hpp"
#include "formats/json_text.hpp"
#include "models/config_fields.hpp"
#include "models/objectives.hpp"
#include "pitot/remedy.hpp"

namespace pitot {
namespace {

using Json = nlohmann::ordered_json;

// What older versions called fields of objectives, and what they are called today.
const std::map<std::string, std::string>& older_names() {
    static const std::map<std::string, std::string> names{{"train.batch", "train.objectives.alone.batch"},
                                                          {"train.alone_weight", "train.objectives.alone.weight"},
                                                          {"train.together_batch", "train.objectives.together.batch"},
                                                          {"train.together_weight", "train.objectives.together.weight"},
                                                          {"train.together_rows", "train.objectives.together.rows"}};
    return names;
}

// Calls visit("path", field) for every field, in the order of the struct.
template <typename Config, typename Visit>
void for_each_field(Config& c, Visit visit) {
    visit("preset", c.preset);
    visit("model.family", c.model.family);
    visit("model.layers", c.model.layers);
    visit("model.learned_features", c.model.learned_features);
    visit("model.alpha", c.model.alpha);
    visit("model.beta", c.model.beta);
    visit("model.interference_types", c.model.interference_types);
    visit("model.platform_features", c.model.platform_features);
    visit("model.module_features", c.model.module_features);
    visit("model.baseline", c.model.baseline);
    visit("model.logarithm", c.model.logarithm);
    visit("model.loss", c.model.loss);
    visit("model.huber_delta", c.model.huber_delta);
    visit("model.kernel_steps", c.model.kernel_steps);
    visit("model.kernel_cells", c.model.kernel_cells);
    visit("model.kernel_embeddings", c.model.kernel_embeddings);
    visit("train.folds", c.train.folds);
    visit("train.validation", c.train.validation);
    visit("train.replicates", c.train.replicates);
    visit("train.checkpoints", c.train.checkpoints);
    visit("train.epoch_samples", c.train.epoch_samples);
    visit("train.steps", c.train.steps);
    for (auto& objective : c.train.objectives) {
        const std::string pool = std::string(models::kObjectives) + objective.pool;
        visit(pool + ".batch", objective.batch);
        visit(pool + ".weight", objective.weight);
        visit(pool + ".rows", objective.rows);
    }
    visit("train.learning_rate", c.train.learning_rate);
    visit("train.schedule", c.train.schedule);
    visit("train.flat_share", c.train.flat_share);
    visit("train.beta1", c.train.beta1);
    visit("train.beta2", c.train.beta2);
    visit("train.epsilon", c.train.epsilon);
    visit("train.keep", c.train.keep);
    visit("share", c.share);
    visit("calibration_share", c.calibration_share);
    visit("split", c.split);
    visit("bounds.from", c.bounds.from);
    visit("bounds.by", c.bounds.by);
    visit("seed", c.seed);
}

Json::json_pointer pointer(std::string path) {
    std::ranges::replace(path, '.', '/');
    return Json::json_pointer("/" + path);
}

std::string wrong(const std::string& path, const Json& value, const std::string& wanted) {
    return fmt::format("field '{}' cannot be {}: it takes {}", path, models::shown(value), wanted);
}

Result<void> decode(const std::string& path, const Json& json, bool& field) {
    if (!json.is_boolean()) {
        return fail(ErrorCode::kUsage, wrong(path, json, "true or false"));
    }
    field = json.get<bool>();
    return {};
}
Result<void> decode(const std::string& path, const Json& json, std::string& field) {
    if (!json.is_string() || !core::decode_utf8(json.get_ref<const std::string&>())) {
        return fail(ErrorCode::kUsage, wrong(path, json, "a text in UTF-8"));
    }
    field = json.get<std::string>();
    return {};
}
Result<void> decode(const std::string& path, const Json& json, double& field) {
    if (!json.is_number() || !std::isfinite(json.get<double>())) {
        return fail(ErrorCode::kUsage, wrong(path, json, "a number"));
    }
    field = json.get<double>();
    return {};
}
Result<void> decode(const std::string& path, const Json& json, std::int64_t& field) {
    const bool fits = json.is_number_integer() &&
                      (!json.is_number_unsigned() || json.get<std::uint64_t>() <= std::uint64_t{INT64_MAX});
    if (!fits) {
        return fail(ErrorCode::kUsage, wrong(path, json, "a whole number"));
    }
    field = json.get<std::int64_t>();
    return {};
}
Result<void> decode(const std::string& path, const Json& json, std::uint64_t& field) {
    if (!json.is_number_unsigned()) {
        return fail(ErrorCode::kUsage, wrong(path, json, "a whole number from 0 on"));
    }
    field = json.get<std::uint64_t>();
    return {};
}
Result<void> decode(const std::string& path, const Json& json, std::vector<std::int64_t>& field) {
    std::vector<std::int64_t> list;
    for (const Json& item : json.is_array() ? json : Json::array({json})) {
        std::int64_t value = 0;
        if (!decode(path, item, value)) {
            return fail(ErrorCode::kUsage, wrong(path, json, "a list of whole numbers"));
        }
        list.push_back(value);
    }
    field = std::move(list);
    return {};
}
template <typename E>
requires std::is_enum_v<E> Result<void> decode(const std::string& path, const Json& json, E& field) {
    std::string known;
    for (const auto& label : models::labels(field)) {
        if (json.is_string() && json.get<std::string>() == label.name) {
            field = label.value;
            return {};
        }
        known += (known.empty() ? "'" : ", '") + std::string(label.name) + "'";
    }
    return fail(ErrorCode::kUsage, wrong(path, json, known));
}

std::vector<std::string> field_names() {
    std::vector<std::string> names;
    FitConfig config;
    for_each_field(config, [&](const std::string& path, const auto& /*field*/) { names.push_back(path); });
    for (const auto& [older, today] : older_names()) {
        names.push_back(older);
    }
    return names;
}

Result<void> set_field(FitConfig& config, const std::string& path, const Json& value) {
    const auto older = older_names().find(path);
    const std::string& today = older == older_names().end() ? path : older->second;
    if (older != older_names().end()) {
        (void)config.train.objective(path == "train.batch" || path == "train.alone_weight" ? "alone" : "together");
    }
    Result<void> result =
        fail(ErrorCode::kUsage, fmt::format("there is no field '{}'{}", path, core::suggestion(path, field_names())));
    for_each_field(config, [&](const std::string& name, auto& field) {
        if (today == name) {
            result = decode(path, value, field);
        }
    });
    return result;
}

// Whether `path` stands for several fields: "train", or the objective of any pool.
bool is_group(const std::string& path) {
    return path.starts_with(models::kObjectives) ? path.find('.', models::kObjectives.size()) == std::string::npos
                                                 : std::ranges::any_of(field_names(), [&](const std::string& name) {
                                                       return name.starts_with(path + ".");
                                                   });
}

// `whole`: the object may have objectives of pools that the configuration has none of.
Result<void> set_fields(FitConfig& config, const std::string& prefix, const Json& object, bool whole) {
    for (const auto& [key, value] : object.items()) {
        const std::string path = prefix + key;
        const bool group = is_group(path);
        if (group && !value.is_object()) {
            return fail(ErrorCode::kUsage, wrong(path, value, "an object of fields"));
        }
        if (group && prefix == models::kObjectives) {
            if (!whole && config.train.find_objective(key) == nullptr) {
                return set_field(config, path + ".weight", value);  // says that there is none
            }
            (void)config.train.objective(key);
        }
        auto done = group ? set_fields(config, path + ".", value, whole) : set_field(config, path, value);
        if (!done) {
            return done;
        }
    }
    return {};
}

Result<Json> parse_object(std::string_view text) {
    auto json = formats::parse_json(text);
    if (!json) {
        return fail(ErrorCode::kUsage, "the configuration " + json.error().message());
    }
    if (!json->is_object()) {
        return fail(ErrorCode::kUsage,
                    fmt::format("the configuration is {} where a JSON object is wanted; start "
                                "from that of a preset",
                                formats::kind_of(*json)),
                    Remedy::kShowPreset);
    }
    return Json(*json);
}

// `whole`: the text has all objectives, if it has any.
Result<void> apply(FitConfig& config, std::string_view text, bool whole) {
    PITOT_TRY(const auto json, parse_object(text));
    FitConfig changed = config;
    if (whole && json.contains(pointer("train.objectives"))) {
        changed.train.objectives.clear();
    }
    Json fields = json;
    fields.erase("objectives");
    auto done = set_fields(changed, "", fields, whole);
    if (const auto listed = json.find("objectives"); done && listed != json.end()) {
        done = models::check_objectives(changed, *listed);
    }
    if (done) {
        config = std::move(changed);
    }
    return done;
}

}  // namespace

const PoolObjective* TrainConfig::find_objective(std::string_view pool) const {
    const auto found = std::ranges::find(objectives, pool, &PoolObjective::pool);
    return found == objectives.end() ? nullptr : &*found;
}

PoolObjective& TrainConfig::objective(std::string_view pool) {
    const auto found = std::ranges::find(objectives, pool, &PoolObjective::pool);
    return found != objectives.end() ? *found : objectives.emplace_back(PoolObjective{std::string(pool), 128, 0.0});
}

bool TrainConfig::learns_from(std::string_view pool) const {
    const PoolObjective* objective = find_objective(pool);
    return objective != nullptr && objective->weight > 0.0;
}

std::string to_json(const FitConfig& config) {
    Json json;
    FitConfig sorted = config;  // as it is read: equal configurations give equal texts
    std::ranges::sort(sorted.train.objectives, {}, &PoolObjective::pool);
    for_each_field(sorted, [&](const std::string& path, const auto& field) {
        if (path.starts_with(models::kObjectives)) {  // followed by a pool, whatever it is called, and a field
            const std::size_t dot = path.rfind('.');
            const std::string pool = path.substr(models::kObjectives.size(), dot - models::kObjectives.size());
            json["train"]["objectives"][pool][path.substr(dot + 1)] = models::encode(field);
        } else {
            json[pointer(path)] = models::encode(field);
        }
    });
    return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

Result<void> apply_json(FitConfig& config, std::string_view text) { return apply(config, text, false); }

Result<void> models::apply_whole_json(FitConfig& config, std::string_view text) { return apply(config, text, true); }

Result<std::optional<std::string>> preset_in_json(std::string_view text) {
    PITOT_TRY(const auto json, parse_object(text));
    const auto found = json.find("preset");
    if (found == json.end()) {
        return std::optional<std::string>();
    }
    std::string name;
    auto named = decode("preset", *found, name);
    return named ? Result<std::optional<std::string>>(std::move(name)) : Failure(std::move(named).error());
}

Result<void> apply_override(FitConfig& config, std::string_view assignment) {
    const std::size_t equals = assignment.find('=');
    if (equals == std::string_view::npos) {
        return fail(ErrorCode::kUsage,
                    fmt::format("'{}' is not of the form field=value, as in model.alpha=0.01", assignment));
    }
    const std::string path(assignment.substr(0, equals));
    const std::string text(assignment.substr(equals + 1));
    auto value = formats::parse_json(text);
    if (!value && text.find(',') != std::string::npos) {
        value = formats::parse_json("[" + text + "]");
    }
    FitConfig changed = config;
    auto done = set_field(changed, path, value ? Json(*value) : Json(text));
    if (done) {
        config = std::move(changed);
    }
    return done;
}

}  // namespace pitot
