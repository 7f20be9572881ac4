#include "models/folds/step_program.hpp"

#include <cmath>
#include <string>
#include <utility>

#include "core/check.hpp"

namespace pitot {
namespace {

constexpr double kTableScale = 0.01;   // learned rows start in U(-0.01, 0.01)
constexpr double kNetworkScale = 0.1;  // networks on features add 0.1 times their output

class Builder {
public:
    Builder(const ModelConfig& config, const Side& platforms, const Side& modules)
        : config_(config), platforms_(platforms), modules_(modules) {
        model_.program.platforms = platforms.size();
        model_.program.modules = modules.size();
        model_.program.loss = config.loss;
    }

    Model build() {
        if (config_.baseline) {
            model_.platform_baseline = baseline("baseline.platform", platforms_);
            model_.module_baseline = baseline("baseline.module", modules_);
            pair(PairBaseline{model_.platform_baseline, model_.module_baseline});
        }
        switch (config_.family) {
            case Family::kLinearScaling:
                break;
            case Family::kFactorization:
                factorization();
                break;
            case Family::kNetwork:
                network();
                break;
            case Family::kPlatformNetwork:
                platform_network();
                break;
        }
        return std::move(model_);
    }

private:
    [[nodiscard]] RowAxis axis_of(const Side& side) const {
        return &side == &platforms_ ? RowAxis::kPlatform : RowAxis::kModule;
    }
    BufferId add(BufferInfo info) {
        model_.program.buffers.push_back(std::move(info));
        return static_cast<BufferId>(model_.program.buffers.size() - 1);
    }
    void tower(TowerOp op) { model_.program.tower.push_back(op); }
    void pair(PairOp op) { model_.program.pair.push_back(op); }

    BufferId baseline(const std::string& name, const Side& side) {
        return add({name, Role::kReplicaConstant, side.size(), 1, axis_of(side)});
    }
    BufferId features(const std::string& name, const Side& side) {
        BufferInfo info{name + ".features", Role::kConstant, side.size(), side.features.cols(), axis_of(side)};
        info.values.reserve(side.features.flat().size());
        for (const double x : side.features.flat()) {
            info.values.push_back(static_cast<float>(x));
        }
        return add(std::move(info));
    }
    BufferId table(const std::string& name, const Side& side, std::int64_t cols) {
        return add({name, Role::kParameter, side.size(), cols, axis_of(side), Init::kUniform, kTableScale});
    }
    // Weight and bias of a layer, or one for each row of `axis`, stacked. sigma = 1 / sqrt(fan in).
    std::pair<BufferId, BufferId> layer(const std::string& name, std::int64_t in, std::int64_t out,
                                        RowAxis axis = RowAxis::kNone) {
        const std::int64_t copies = axis == RowAxis::kNone ? 1 : model_.program.rows_of(axis);
        const double sigma = 1.0 / std::sqrt(static_cast<double>(in));
        const BufferId weight =
            add({name + ".weight", Role::kParameter, copies * in, out, axis, Init::kTruncatedNormal, sigma});
        return {weight, add({name + ".bias", Role::kParameter, copies, out, axis})};
    }

    // f([x; u]) for every row of a side: tanh between layers, none at the end; or a table where there are no features.
    BufferId side_tower(const std::string& name, const Side& side, bool use_features, std::int64_t width) {
        if (!use_features) {
            return table(name + ".table", side, width);
        }
        const std::int64_t q = config_.learned_features;
        std::int64_t cols = side.features.cols();
        BufferId x = features(name, side);
        if (q > 0) {
            const BufferId learned = table(name + ".learned", side, q);
            const BufferId input = add({name + ".input", Role::kTower, side.size(), cols + q, axis_of(side)});
            tower(Concat{x, learned, input});
            x = input;
        }
        std::int64_t wanted_from = cols;  // nothing flows back into features
        cols += q;
        for (std::size_t l = 0; l < config_.layers.size(); ++l) {
            const bool last = l + 1 == config_.layers.size();
            const std::int64_t out_cols = last ? width : config_.layers[l];
            const std::string here = name + ".layer" + std::to_string(l);
            const auto [weight, bias] = layer(here, cols, out_cols);
            const BufferId out = add({here, Role::kTower, side.size(), out_cols, axis_of(side)});
            tower(Dense{x, weight, bias, out, last ? Activation::kNone : Activation::kTanh, wanted_from});
            x = out;
            cols = out_cols;
            wanted_from = 0;
        }
        return x;
    }

    void factorization() {
        const std::int64_t r = config_.layers.back();
        const std::int64_t s = config_.interference_types;
        const BufferId p = side_tower("platform", platforms_, config_.platform_features, r * (2 * s + 1));
        const BufferId m = side_tower("module", modules_, config_.module_features, r);
        pair(PairDot{p, m, r, config_.alpha});
        if (s > 0) {
            pair(PairInterference{p, m, r, s, r, r * (1 + s), config_.beta * config_.beta});
        }
    }

    // The layers of a network after its first, over batch rows; adds its output.
    void network_rest(BufferId x, std::size_t first_layer) {
        std::int64_t cols = config_.layers[first_layer - 1];
        for (std::size_t l = first_layer; l < config_.layers.size(); ++l) {
            const bool last = l + 1 == config_.layers.size();
            const std::string here = "network.layer" + std::to_string(l);
            const auto [weight, bias] = layer(here, cols, config_.layers[l]);
            const BufferId out = add({here, Role::kPair, 0, config_.layers[l]});
            pair(Dense{x, weight, bias, out, last ? Activation::kNone : Activation::kTanh, 0});
            x = out;
            cols = config_.layers[l];
        }
        pair(PairOutput{x, kNetworkScale});
    }

    // g([x_p; x_m]): the first layer's product is a sum of one over platforms and one over modules.
    void network() {
        const std::int64_t width = config_.layers.front();
        const auto half = [&](const std::string& name, const Side& side) {
            const BufferId x = features(name, side);
            const std::int64_t in = side.features.cols();
            // The fan-in of the undivided layer.
            const double sigma =
                1.0 / std::sqrt(static_cast<double>(platforms_.features.cols() + modules_.features.cols()));
            const BufferId weight = add(
                {name + ".layer0.weight", Role::kParameter, in, width, RowAxis::kNone, Init::kTruncatedNormal, sigma});
            // One bias for the sum of both halves, on the module's.
            const BufferId bias = name == "module" ? add({name + ".layer0.bias", Role::kParameter, 1, width}) : -1;
            const BufferId out = add({name + ".layer0", Role::kTower, side.size(), width, axis_of(side)});
            tower(Dense{x, weight, bias, out, Activation::kNone, in});
            return out;
        };
        const BufferId left = half("platform", platforms_);
        const BufferId right = half("module", modules_);
        const BufferId hidden = add({"network.layer0", Role::kPair, 0, width});
        pair(PairSumTanh{left, right, hidden});
        network_rest(hidden, 1);
    }

    // A network for each platform on the module's features.
    void platform_network() {
        std::int64_t cols = modules_.features.cols();
        BufferId x = add({"module.gathered", Role::kPair, 0, cols});
        pair(PairGather{features("module", modules_), x});
        for (std::size_t l = 0; l < config_.layers.size(); ++l) {
            const bool last = l + 1 == config_.layers.size();
            const std::string here = "network.layer" + std::to_string(l);
            const auto [weight, bias] = layer(here, cols, config_.layers[l], RowAxis::kPlatform);
            const BufferId out = add({here, Role::kPair, 0, config_.layers[l]});
            pair(PlatformDense{x, weight, bias, out, last ? Activation::kNone : Activation::kTanh, l == 0 ? cols : 0});
            x = out;
            cols = config_.layers[l];
        }
        pair(PairOutput{x, kNetworkScale});
    }

    const ModelConfig& config_;
    const Side& platforms_;
    const Side& modules_;
    Model model_;
};

}  // namespace

Model build_model(const ModelConfig& config, const Side& platforms, const Side& modules) {
    return Builder(config, platforms, modules).build();
}

}  // namespace pitot
