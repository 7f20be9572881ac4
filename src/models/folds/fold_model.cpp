#include "models/folds/fold_model.hpp"

#include <utility>
#include <variant>

#include "core/check.hpp"
#include "models/folds/step_program.hpp"

namespace pitot::models {

struct FoldModel::Impl {
    Model model;
    std::unique_ptr<backend::Executor> executor;
};

std::vector<ParameterInfo> parameter_layout(const ModelConfig& config, const Side& platforms, const Side& modules) {
    std::vector<ParameterInfo> layout;
    std::int64_t offset = 0;
    for (const backend::BufferInfo& b : build_model(config, platforms, modules).program.buffers) {
        if (b.role == backend::Role::kParameter) {
            layout.push_back({b.name, offset, b.rows, b.cols});
            offset += b.rows * b.cols;
        }
    }
    return layout;
}

FoldModel::FoldModel(const ModelConfig& config, const Side& platforms, const Side& modules,
                     const LinearScaling& baseline, std::span<const float> parameters) {
    auto impl = std::make_unique<Impl>();
    impl->model = build_model(config, platforms, modules);
    auto executor = backend::cpu_backend().prepare(impl->model.program, 1);
    PITOT_CHECK(executor.has_value());
    impl->executor = std::move(*executor);
    impl->executor->set_parameters(0, std::vector<double>(parameters.begin(), parameters.end()));
    if (config.baseline) {
        impl->executor->set_constant(0, impl->model.platform_baseline, baseline.platform);
        impl->executor->set_constant(0, impl->model.module_baseline, baseline.module);
    }
    impl->executor->forward_towers();
    impl_ = std::move(impl);
}

FoldModel::FoldModel(FoldModel&&) noexcept = default;
FoldModel& FoldModel::operator=(FoldModel&&) noexcept = default;
FoldModel::~FoldModel() = default;

void FoldModel::predict(const PairQuery& query, std::span<double> out) const {
    std::as_const(*impl_->executor).predict(0, {query.platform, query.module, query.co_runner, query.width, {}}, out);
}

void FoldModel::predict(const PairQuery& query, std::span<double> out,
                        std::unique_ptr<backend::Executor::Scratch>& scratch) const {
    std::as_const(*impl_->executor)
        .predict(0, {query.platform, query.module, query.co_runner, query.width, {}}, out, scratch);
}

Factors FoldModel::factors() const {
    Factors factors;
    for (const backend::PairOp& op : impl_->model.program.pair) {
        if (const auto* dot = std::get_if<backend::PairDot>(&op)) {
            factors.platform = impl_->executor->values(0, dot->left);
            factors.module = impl_->executor->values(0, dot->right);
            factors.scale = dot->scale;
        } else if (const auto* interference = std::get_if<backend::PairInterference>(&op)) {
            factors.interference_scale = interference->scale;
        } else {
            PITOT_CHECK(std::holds_alternative<backend::PairBaseline>(op));
        }
    }
    PITOT_CHECK(factors.module.cols() > 0);
    return factors;
}

Result<std::vector<float>> extend_parameters(const ModelConfig& config, std::span<const ParameterInfo> layout,
                                             std::int64_t extra_platforms, std::int64_t extra_modules,
                                             std::span<const float> parameters) {
    if (extra_platforms > 0 && (config.family == Family::kPlatformNetwork || !config.platform_features)) {
        return fail(ErrorCode::kInput,
                    "this model learned its platforms one by one, without side information, and cannot predict one it "
                    "never saw; fit a preset that uses platform features, such as embedding/128");
    }
    if (extra_modules > 0 && !config.module_features) {
        return fail(ErrorCode::kInput,
                    "this model learned its modules one by one, without side information, and cannot predict one it "
                    "never saw; fit a preset that uses module features, such as embedding/128");
    }
    std::vector<float> out;
    for (const ParameterInfo& block : layout) {
        const auto values = parameters.subspan(static_cast<std::size_t>(block.offset),
                                               static_cast<std::size_t>(block.rows * block.cols));
        out.insert(out.end(), values.begin(), values.end());
        const std::int64_t extra = block.name == "platform.learned" ? extra_platforms
                                   : block.name == "module.learned" ? extra_modules
                                                                    : 0;
        if (extra == 0) {
            continue;
        }
        std::vector<double> mean(static_cast<std::size_t>(block.cols));
        for (std::size_t n = 0; n < values.size(); ++n) {
            mean[n % mean.size()] += static_cast<double>(values[n]) / static_cast<double>(block.rows);
        }
        for (std::int64_t row = 0; row < extra; ++row) {
            out.insert(out.end(), mean.begin(), mean.end());
        }
    }
    return out;
}

}  // namespace pitot::models
