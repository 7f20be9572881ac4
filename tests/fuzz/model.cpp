// Any bytes as a model file. A model that loads predicts every pair, alone and beside another module.
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string_view>
#include <vector>

#include "memory_file.hpp"
#include "packed.hpp"
#include "pitot/predictor.hpp"

namespace {

constexpr std::array kNames = {"pitot_model_schema",   "config",
                               "dataset_digest",       "platform",
                               "platform_features",    "platform_feature_names",
                               "platform_basis",       "module",
                               "module_features",      "module_feature_names",
                               "module_basis",         "baseline_platform",
                               "baseline_module",      "calibration_alone",
                               "calibration_together", "calibration_most_co_runners",
                               "measured_offsets",     "measured_modules",
                               "param/platform.table", "param/module.table",
                               "train_loss",           "validation_loss",
                               "kept_checkpoint",      "module_co_runner_basis",
                               "together_offsets",     "together_modules",
                               "together_co_runners",  "measured_use",
                               "together_use",         "platform_part",
                               "module_part",          "learned_range",
                               "slowdown_range",       "platform_disagreement",
                               "module_disagreement"};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): characters are bytes
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const std::string archive = pitot::test::archive_of(input, kNames);
    const auto predictor = pitot::Predictor::from_bytes(std::as_bytes(std::span(archive)));
    if (!predictor) {
        return 0;
    }
    for (std::int32_t platform = 0; platform < predictor->platforms().size() && platform < 4; ++platform) {
        for (std::int32_t module = 0; module < predictor->modules().size() && module < 4; ++module) {
            const std::array<std::int32_t, 1> beside{0};
            for (const std::span<const std::int32_t> with :
                 {std::span<const std::int32_t>(), std::span<const std::int32_t>(beside)}) {
                const std::span one(&platform, 1);
                const pitot::Query query{one, std::span(&module, 1), with, static_cast<std::int32_t>(with.size())};
                (void)predictor->predict(query, std::array{0.5});
            }
        }
    }
    return 0;
}
