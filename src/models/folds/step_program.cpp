#include "models/folds/step_program.hpp"

#include <cmath>
#include <string>
#include <utility>

#include "core/check.hpp"

namespace pitot::models {
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
        model_.program.huber_delta = config.huber_delta;
    }

    Model build() {
        if (config_.baseline) {
            model_.platform_baseline = baseline("baseline.platform", platforms_);
            model_.module_baseline = baseline("baseline.module", modules_);
            pair(backend::PairBaseline{model_.platform_baseline, model_.module_baseline});
        }
        switch (config_.family) {
            case Family::kLinearScaling:
            case Family::kKernel:
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
    [[nodiscard]] backend::RowAxis axis_of(const Side& side) const {
        return &side == &platforms_ ? backend::RowAxis::kPlatform : backend::RowAxis::kModule;
    }
    backend::BufferId add(backend::BufferInfo info) {
        model_.program.buffers.push_back(std::move(info));
        return static_cast<backend::BufferId>(model_.program.buffers.size() - 1);
    }
    void tower(backend::TowerOp op) { model_.program.tower.push_back(op); }
    void pair(backend::PairOp op) { model_.program.pair.push_back(op); }

    backend::BufferId baseline(const std::string& name, const Side& side) {
        return add({name, backend::Role::kReplicaConstant, side.size(), 1, axis_of(side)});
    }
    backend::BufferId features(const std::string& name, const Side& side) {
        backend::BufferInfo info{name + ".features", backend::Role::kConstant, side.size(), side.features.cols(),
                                 axis_of(side)};
        info.values.reserve(side.features.flat().size());
        for (const double x : side.features.flat()) {
            info.values.push_back(static_cast<float>(x));
        }
        return add(std::move(info));
    }
    backend::BufferId table(const std::string& name, const Side& side, std::int64_t cols) {
        return add(
            {name, backend::Role::kParameter, side.size(), cols, axis_of(side), backend::Init::kUniform, kTableScale});
    }
    // Weight and bias of a layer, or one for each row of `axis`, stacked. sigma = 1 / sqrt(fan in).
    std::pair<backend::BufferId, backend::BufferId> layer(const std::string& name, std::int64_t in, std::int64_t out,
                                                          backend::RowAxis axis = backend::RowAxis::kNone) {
        const std::int64_t copies = axis == backend::RowAxis::kNone ? 1 : model_.program.rows_of(axis);
        const double sigma = 1.0 / std::sqrt(static_cast<double>(in));
        const backend::BufferId weight = add({name + ".weight", backend::Role::kParameter, copies * in, out, axis,
                                              backend::Init::kTruncatedNormal, sigma});
        return {weight, add({name + ".bias", backend::Role::kParameter, copies, out, axis})};
    }

    // f([x; u]) for every row of a side: tanh between layers, none at the end; or a table where there are no features.
    backend::BufferId side_tower(const std::string& name, const Side& side, bool use_features, std::int64_t width) {
        if (!use_features) {
            return table(name + ".table", side, width);
        }
        const std::int64_t q = config_.learned_features;
        std::int64_t cols = side.features.cols();
        backend::BufferId x = features(name, side);
        if (q > 0) {
            const backend::BufferId learned = table(name + ".learned", side, q);
            const backend::BufferId input =
                add({name + ".input", backend::Role::kTower, side.size(), cols + q, axis_of(side)});
            tower(backend::Concat{x, learned, input});
            x = input;
        }
        std::int64_t wanted_from = cols;  // nothing flows back into features
        cols += q;
        for (std::size_t l = 0; l < config_.layers.size(); ++l) {
            const bool last = l + 1 == config_.layers.size();
            const std::int64_t out_cols = last ? width : config_.layers[l];
            const std::string here = name + ".layer" + std::to_string(l);
            const auto [weight, bias] = layer(here, cols, out_cols);
            const backend::BufferId out = add({here, backend::Role::kTower, side.size(), out_cols, axis_of(side)});
            tower(backend::Dense{x, weight, bias, out, last ? backend::Activation::kNone : backend::Activation::kTanh,
                                 wanted_from});
            x = out;
            cols = out_cols;
            wanted_from = 0;
        }
        return x;
    }

    void factorization() {
        const std::int64_t r = config_.layers.back();
        const std::int64_t s = config_.interference_types;
        const backend::BufferId p = side_tower("platform", platforms_, config_.platform_features, r * (2 * s + 1));
        const backend::BufferId m = side_tower("module", modules_, config_.module_features, r);
        pair(backend::PairDot{p, m, r, config_.alpha});
        if (s > 0) {
            pair(backend::PairInterference{p, m, r, s, r, r * (1 + s), config_.beta * config_.beta});
        }
    }

    // The layers of a network after its first, over batch rows; adds its output.
    void network_rest(backend::BufferId x, std::size_t first_layer) {
        std::int64_t cols = config_.layers[first_layer - 1];
        for (std::size_t l = first_layer; l < config_.layers.size(); ++l) {
            const bool last = l + 1 == config_.layers.size();
            const std::string here = "network.layer" + std::to_string(l);
            const auto [weight, bias] = layer(here, cols, config_.layers[l]);
            const backend::BufferId out = add({here, backend::Role::kPair, 0, config_.layers[l]});
            pair(backend::Dense{x, weight, bias, out, last ? backend::Activation::kNone : backend::Activation::kTanh,
                                0});
            x = out;
            cols = config_.layers[l];
        }
        pair(backend::PairOutput{x, kNetworkScale});
    }

    // g([x_p; x_m]): the first layer's product is a sum of one over platforms and one over modules.
    void network() {
        const std::int64_t width = config_.layers.front();
        const auto half = [&](const std::string& name, const Side& side) {
            const backend::BufferId x = features(name, side);
            const std::int64_t in = side.features.cols();
            // The fan-in of the undivided layer.
            const double sigma =
                1.0 / std::sqrt(static_cast<double>(platforms_.features.cols() + modules_.features.cols()));
            const backend::BufferId weight = add({name + ".layer0.weight", backend::Role::kParameter, in, width,
                                                  backend::RowAxis::kNone, backend::Init::kTruncatedNormal, sigma});
            // One bias for the sum of both halves, on the module's.
            const backend::BufferId bias =
                name == "module" ? add({name + ".layer0.bias", backend::Role::kParameter, 1, width}) : -1;
            const backend::BufferId out =
                add({name + ".layer0", backend::Role::kTower, side.size(), width, axis_of(side)});
            tower(backend::Dense{x, weight, bias, out, backend::Activation::kNone, in});
            return out;
        };
        const backend::BufferId left = half("platform", platforms_);
        const backend::BufferId right = half("module", modules_);
        const backend::BufferId hidden = add({"network.layer0", backend::Role::kPair, 0, width});
        pair(backend::PairSumTanh{left, right, hidden});
        network_rest(hidden, 1);
    }

    // A network for each platform on the module's features.
    void platform_network() {
        std::int64_t cols = modules_.features.cols();
        backend::BufferId x = add({"module.gathered", backend::Role::kPair, 0, cols});
        pair(backend::PairGather{features("module", modules_), x});
        for (std::size_t l = 0; l < config_.layers.size(); ++l) {
            const bool last = l + 1 == config_.layers.size();
            const std::string here = "network.layer" + std::to_string(l);
            const auto [weight, bias] = layer(here, cols, config_.layers[l], backend::RowAxis::kPlatform);
            const backend::BufferId out = add({here, backend::Role::kPair, 0, config_.layers[l]});
            pair(backend::PlatformDense{x, weight, bias, out,
                                        last ? backend::Activation::kNone : backend::Activation::kTanh,
                                        l == 0 ? cols : 0});
            x = out;
            cols = config_.layers[l];
        }
        pair(backend::PairOutput{x, kNetworkScale});
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

}  // namespace pitot::models
