#include "core/check.hpp"
#include "models/folds/folded_family.hpp"
#include "models/kernel/kernel_family.hpp"
#include "models/model_family.hpp"
#include "models/scaling/scaling_family.hpp"

namespace pitot::models {

const ModelFamily& family_of(const ModelConfig& config) {
    static const ScalingFamily scaling;
    static const KernelFamily kernel;
    static const FoldedFamily factorization("factorization");
    static const FoldedFamily network("one network on both sides' features");
    static const FoldedFamily platform_network("one network a platform");
    switch (config.family) {
        case Family::kLinearScaling:
            return scaling;
        case Family::kFactorization:
            return factorization;
        case Family::kNetwork:
            return network;
        case Family::kPlatformNetwork:
            return platform_network;
        case Family::kKernel:
            return kernel;
    }
    PITOT_CHECK(false);
    return scaling;
}

}  // namespace pitot::models
