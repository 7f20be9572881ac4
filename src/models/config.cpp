// FitConfig: validation and JSON. One table names every field once; all three directions read it.
#include "pitot/config.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <type_traits>

#include "core/suggest.hpp"
#include "core/utf8.hpp"
#include "formats/json_text.hpp"
#include "models/objectives.hpp"
#include "pitot/remedy.hpp"

namespace pitot {
namespace {

using Json = nlohmann::ordered_json;

template <typename E>
struct Label {
    E value;
    const char* name;
};
template <typename E>
Label(E, const char*) -> Label<E>;
constexpr std::array kFamilies{Label{Family::kLinearScaling, "linear_scaling"},
                               Label{Family::kFactorization, "factorization"}, Label{Family::kNetwork, "network"},
                               Label{Family::kPlatformNetwork, "platform_network"}};
constexpr std::array kLosses{Label{Loss::kSquared, "squared"}, Label{Loss::kRelative, "relative"}};
constexpr std::array kKeeps{Label{Keep::kLast, "last"}, Label{Keep::kBest, "best"}};
constexpr std::array kSplitUnits{Label{SplitUnit::kCombination, "combinations"}, Label{SplitUnit::kRow, "rows"}};

const auto& labels(Family /*tag*/) { return kFamilies; }
const auto& labels(Loss /*tag*/) { return kLosses; }
const auto& labels(Keep /*tag*/) { return kKeeps; }
const auto& labels(SplitUnit /*tag*/) { return kSplitUnits; }

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
    visit("train.folds", c.train.folds);
    visit("train.replicates", c.train.replicates);
    visit("train.checkpoints", c.train.checkpoints);
    visit("train.epoch_samples", c.train.epoch_samples);
    visit("train.batch", c.train.batch);
    visit("train.together_batch", c.train.together_batch);
    visit("train.alone_weight", c.train.alone_weight);
    visit("train.together_weight", c.train.together_weight);
    visit("train.together_rows", c.train.together_rows);
    visit("train.learning_rate", c.train.learning_rate);
    visit("train.beta1", c.train.beta1);
    visit("train.beta2", c.train.beta2);
    visit("train.epsilon", c.train.epsilon);
    visit("train.keep", c.train.keep);
    visit("share", c.share);
    visit("calibration_share", c.calibration_share);
    visit("split", c.split);
    visit("seed", c.seed);
}

Json::json_pointer pointer(std::string path) {
    std::ranges::replace(path, '.', '/');
    return Json::json_pointer("/" + path);
}

template <typename T>
Json encode(const T& field) {
    if constexpr (std::is_enum_v<T>) {
        const auto& table = labels(field);
        const auto label = std::ranges::find(table, field, [](const auto& l) { return l.value; });
        return label == table.end() ? Json() : Json(label->name);  // null: no value of this type
    } else {
        return field;
    }
}

// A value as a message shows it.
std::string shown(const Json& value) {
    constexpr std::size_t longest = 60;
    if (value.is_number_float() && !std::isfinite(value.get<double>())) {
        return fmt::format("{}", value.get<double>());  // JSON has no word for it
    }
    std::string text = value.dump(-1, ' ', true, Json::error_handler_t::replace);
    return text.size() <= longest ? text : text.substr(0, longest) + "…";
}

std::string wrong(const std::string& path, const Json& value, const std::string& wanted) {
    return fmt::format("field '{}' cannot be {}: it takes {}", path, shown(value), wanted);
}

Result<void> decode(const std::string& path, const Json& json, bool& field) {
    if (!json.is_boolean()) {
        return fail(ErrorCode::kUsage, wrong(path, json, "true or false"));
    }
    field = json.get<bool>();
    return {};
}
Result<void> decode(const std::string& path, const Json& json, std::string& field) {
    if (!json.is_string() || !decode_utf8(json.get_ref<const std::string&>())) {
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
    for (const auto& label : labels(field)) {
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
    for_each_field(config, [&](const char* path, const auto& /*field*/) { names.emplace_back(path); });
    return names;
}

Result<void> set_field(FitConfig& config, const std::string& path, const Json& value) {
    Result<void> result =
        fail(ErrorCode::kUsage, fmt::format("there is no field '{}'{}", path, suggestion(path, field_names())));
    for_each_field(config, [&](const char* name, auto& field) {
        if (path == name) {
            result = decode(path, value, field);
        }
    });
    return result;
}

// Whether `path` stands for several fields: "train".
bool is_group(const std::string& path) {
    return std::ranges::any_of(field_names(), [&](const std::string& name) { return name.starts_with(path + "."); });
}

Result<void> set_fields(FitConfig& config, const std::string& prefix, const Json& object) {
    for (const auto& [key, value] : object.items()) {
        const std::string path = prefix + key;
        const bool group = is_group(path);
        if (group && !value.is_object()) {
            return fail(ErrorCode::kUsage, wrong(path, value, "an object of fields"));
        }
        auto done = group ? set_fields(config, path + ".", value) : set_field(config, path, value);
        if (!done) {
            return done;
        }
    }
    return {};
}

Result<Json> parse_object(std::string_view text) {
    auto json = parse_json(text);
    if (!json) {
        return fail(ErrorCode::kUsage, "the configuration " + json.error().message());
    }
    if (!json->is_object()) {
        return fail(ErrorCode::kUsage,
                    fmt::format("the configuration is {} where a JSON object is wanted; start "
                                "from that of a preset",
                                kind_of(*json)),
                    Remedy::kShowPreset);
    }
    return Json(*json);
}

// One limit of validate(): the first broken one is reported.
struct Limits {
    Result<void> result{};

    void require(bool holds, const char* field, const Json& value, const char* limit) {
        if (result && !holds) {
            result =
                fail(ErrorCode::kUsage, fmt::format("field '{}' is {}, but must be {}", field, shown(value), limit));
        }
    }
    void known(const char* field, const Json& name) { require(!name.is_null(), field, name, "one of its names"); }
    void positive(const char* field, double value) {
        require(value > 0.0 && std::isfinite(value), field, value, "greater than 0 and finite");
    }
    void within(const char* field, double value, double least, double most) {
        require(value >= least && value <= most, field, value, fmt::format("from {} to {}", least, most).c_str());
    }
    void positive(const char* field, std::int64_t value, std::int64_t most) {
        require(value >= 1 && value <= most, field, value, fmt::format("from 1 to {}", most).c_str());
    }
};

// What a model of any dataset has at least: widths that each may have, but not all at once.
void check_size(Limits& limits, const ModelConfig& m) {
    constexpr std::int64_t most_outputs = 1 << 20;
    constexpr std::int64_t most_weights = 1 << 28;
    std::int64_t weights = 0;
    std::int64_t before = 0;
    for (std::size_t l = 0; limits.result && l < m.layers.size(); ++l) {
        const bool last = l + 1 == m.layers.size();
        const std::int64_t width = m.layers[l] * (last ? 2 * m.interference_types + 1 : 1);
        weights += before * width;
        before = width;
    }
    limits.require(before <= most_outputs, "model.layers", m.layers,
                   "such that its last width, times 2 model.interference_types + 1, is at most 1048576");
    limits.require(
        weights <= most_weights, "model.layers", m.layers,
        "widths of which each times the one before it, summed, are at most 268435456 weights (the last counts "
        "2 model.interference_types + 1 times)");
}

void check_model(Limits& limits, const ModelConfig& m) {
    constexpr std::int64_t widest = 1 << 16;
    const bool network = m.family == Family::kNetwork || m.family == Family::kPlatformNetwork;
    limits.require(!m.layers.empty() && m.layers.size() <= 32, "model.layers", m.layers, "a list of 1 to 32 widths");
    for (const std::int64_t width : m.layers) {
        limits.require(width >= 1 && width <= widest, "model.layers", m.layers, "widths from 1 to 65536");
    }
    limits.require(!network || (m.layers.size() >= 2 && m.layers.back() == 1), "model.layers", m.layers,
                   "hidden widths and then 1 for a network");
    limits.require(m.learned_features >= 0 && m.learned_features <= 4096, "model.learned_features", m.learned_features,
                   "from 0 to 4096");
    limits.positive("model.alpha", m.alpha);
    limits.positive("model.beta", m.beta);
    limits.require(m.interference_types >= 0 && m.interference_types <= 64, "model.interference_types",
                   m.interference_types, "from 0 to 64");
    limits.require(m.interference_types == 0 || m.family == Family::kFactorization, "model.interference_types",
                   m.interference_types, "0 unless model.family is 'factorization'");
    check_size(limits, m);
    limits.require(m.logarithm || !m.baseline, "model.baseline", m.baseline,
                   "false when model.logarithm is false: the baseline is a sum of logarithms");
    limits.require(!m.logarithm || m.loss == Loss::kSquared, "model.loss", encode(m.loss),
                   "'squared' when model.logarithm is true: errors of logarithms are relative already");
    limits.require(m.family != Family::kLinearScaling || m.baseline, "model.baseline", m.baseline,
                   "true for the family 'linear_scaling'");
}

void check_train(Limits& limits, const TrainConfig& t) {
    constexpr std::int64_t many = 1'000'000'000;
    limits.positive("train.folds", t.folds, 10'000);
    limits.positive("train.replicates", t.replicates, 1'000'000);
    limits.positive("train.checkpoints", t.checkpoints, many);
    limits.positive("train.epoch_samples", t.epoch_samples, many);
    limits.positive("train.batch", t.batch, 1 << 24);
    limits.positive("train.together_batch", t.together_batch, 1 << 24);
    // Beyond these, squares of gradients are infinite in single precision, or epsilon is 0.
    constexpr double heaviest = 1e6;
    limits.require(t.alone_weight > 0.0 && t.alone_weight <= heaviest, "train.alone_weight", t.alone_weight,
                   "greater than 0 and at most 1e6");
    limits.within("train.together_weight", t.together_weight, 0.0, heaviest);
    limits.require(t.together_rows >= 0, "train.together_rows", t.together_rows, "0 (all) or more");
    limits.positive("train.learning_rate", t.learning_rate);
    limits.require(t.beta1 >= 0.0 && t.beta1 < 1.0, "train.beta1", t.beta1, "at least 0 and below 1");
    limits.require(t.beta2 >= 0.0 && t.beta2 < 1.0, "train.beta2", t.beta2, "at least 0 and below 1");
    limits.within("train.epsilon", t.epsilon, 1e-20, 1e20);
}

}  // namespace

Result<void> FitConfig::validate() const {
    Limits limits;
    limits.require(decode_utf8(preset).has_value(), "preset", preset, "a text in UTF-8");
    limits.known("model.family", encode(model.family));
    limits.known("model.loss", encode(model.loss));
    limits.known("train.keep", encode(train.keep));
    limits.known("split", encode(split));
    check_model(limits, model);
    check_train(limits, train);
    limits.require(share > 0.0 && share < 1.0, "share", share, "between 0 and 1, both excluded");
    limits.require(calibration_share >= 0.0 && calibration_share < 1.0, "calibration_share", calibration_share,
                   "at least 0 and below 1");
    return limits.result;
}

std::string to_json(const FitConfig& config) {
    Json json;
    for_each_field(config, [&](const char* path, const auto& field) { json[pointer(path)] = encode(field); });
    return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

Result<void> apply_json(FitConfig& config, std::string_view text) {
    PITOT_TRY(const auto json, parse_object(text));
    FitConfig changed = config;
    Json fields = json;
    fields.erase("objectives");
    auto done = set_fields(changed, "", fields);
    if (const auto listed = json.find("objectives"); done && listed != json.end()) {
        done = check_objectives(changed, *listed);
    }
    if (done) {
        config = std::move(changed);
    }
    return done;
}

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
    auto value = parse_json(text);
    if (!value && text.find(',') != std::string::npos) {
        value = parse_json("[" + text + "]");
    }
    FitConfig changed = config;
    auto done = set_field(changed, path, value ? Json(*value) : Json(text));
    if (done) {
        config = std::move(changed);
    }
    return done;
}

}  // namespace pitot
