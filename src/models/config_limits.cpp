// What the fields of a configuration may be.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "core/utf8.hpp"
#include "dataset/pools.hpp"
#include "models/config_fields.hpp"
#include "pitot/config.hpp"

namespace pitot::models {
namespace {

using Json = nlohmann::ordered_json;

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
    limits.require(!m.logarithm || m.loss != Loss::kRelative, "model.loss", encode(m.loss),
                   "'squared' or 'huber' when model.logarithm is true: errors of logarithms are relative already");
    // Squares of it are no denormals in single precision, nor infinite.
    limits.within("model.huber_delta", m.huber_delta, 1e-10, 1e10);
    limits.require(m.kernel_steps >= 10 && m.kernel_steps <= 100'000, "model.kernel_steps", m.kernel_steps,
                   "from 10 to 100000");
    limits.require(m.kernel_cells >= 100 && m.kernel_cells <= 20'000, "model.kernel_cells", m.kernel_cells,
                   "from 100 to 20000: a dense matrix of as many rows and columns");
    limits.require((m.family != Family::kLinearScaling && m.family != Family::kKernel) || m.baseline, "model.baseline",
                   m.baseline, "true for the families 'linear_scaling' and 'kernel'");
}

void check_pools(Limits& limits, const TrainConfig& t) {
    constexpr double heaviest = 1e6;  // beyond, squares of gradients are infinite in single precision
    limits.require(t.learns_from("alone"), "train.objectives.alone.weight",
                   t.find_objective("alone") == nullptr ? Json() : Json(t.find_objective("alone")->weight),
                   "greater than 0 and at most 1e6: every model starts from rows alone");
    std::set<std::string_view> pools;
    for (const PoolObjective& objective : t.objectives) {
        const std::string path = std::string(kObjectives) + objective.pool;
        limits.require(dataset::is_pool_name(objective.pool) && pools.insert(objective.pool).second, "train.objectives",
                       objective.pool, "names of pools (letters, digits, '-' and '_'), each once");
        limits.require(objective.batch >= 0 && objective.batch <= 1 << 24, (path + ".batch").c_str(), objective.batch,
                       "from 1 to 16777216, or 0 (all rows)");
        limits.require(objective.weight <= heaviest && (objective.weight > 0.0 || objective.pool != "alone"),
                       (path + ".weight").c_str(), objective.weight,
                       objective.pool == "alone" ? "greater than 0 and at most 1e6" : "from 0 to 1e6");
        limits.require(objective.weight >= 0.0, (path + ".weight").c_str(), objective.weight, "from 0 to 1e6");
        limits.require(objective.rows >= 0, (path + ".rows").c_str(), objective.rows, "0 (all) or more");
    }
}

void check_train(Limits& limits, const TrainConfig& t) {
    constexpr std::int64_t many = 1'000'000'000;
    limits.positive("train.folds", t.folds, 10'000);
    limits.positive("train.replicates", t.replicates, 1'000'000);
    limits.positive("train.checkpoints", t.checkpoints, many);
    limits.positive("train.epoch_samples", t.epoch_samples, many);
    limits.require(t.steps >= 0 && t.steps <= many, "train.steps", t.steps,
                   "from 1 to 1000000000, or 0 (by train.epoch_samples and the share)");
    check_pools(limits, t);
    limits.positive("train.learning_rate", t.learning_rate);
    limits.within("train.flat_share", t.flat_share, 0.0, 1.0);
    limits.require(t.beta1 >= 0.0 && t.beta1 < 1.0, "train.beta1", t.beta1, "at least 0 and below 1");
    limits.require(t.beta2 >= 0.0 && t.beta2 < 1.0, "train.beta2", t.beta2, "at least 0 and below 1");
    // Below, epsilon is 0 in single precision.
    limits.within("train.epsilon", t.epsilon, 1e-20, 1e20);
}

}  // namespace

std::string shown(const Json& value) {
    constexpr std::size_t longest = 60;
    if (value.is_number_float() && !std::isfinite(value.get<double>())) {
        return fmt::format("{}", value.get<double>());  // JSON has no word for it
    }
    std::string text = value.dump(-1, ' ', true, Json::error_handler_t::replace);
    return text.size() <= longest ? text : text.substr(0, longest) + "…";
}

}  // namespace pitot::models

namespace pitot {

Result<void> FitConfig::validate() const {
    models::Limits limits;
    limits.require(core::decode_utf8(preset).has_value(), "preset", preset, "a text in UTF-8");
    limits.known("model.family", models::encode(model.family));
    limits.known("model.loss", models::encode(model.loss));
    limits.known("train.schedule", models::encode(train.schedule));
    limits.known("train.keep", models::encode(train.keep));
    limits.known("split", models::encode(split));
    limits.known("bounds.from", models::encode(bounds.from));
    limits.known("bounds.by", models::encode(bounds.by));
    models::check_model(limits, model);
    models::check_train(limits, train);
    limits.require(share > 0.0 && share < 1.0, "share", share, "between 0 and 1, both excluded");
    limits.require(calibration_share >= 0.0 && calibration_share < 1.0, "calibration_share", calibration_share,
                   "at least 0 and below 1");
    return limits.result;
}

}  // namespace pitot
