#include "pitot/explain.hpp"

#include <fmt/core.h>

#include "core/border.hpp"
#include "predict/parts.hpp"

namespace pitot {

Result<PairExplanation> Predictor::explain(std::int32_t platform, std::int32_t module, std::int64_t most) const {
    return core::at_border("explaining a prediction", [&]() -> Result<PairExplanation> {
        const auto check = [](std::int32_t row, std::int64_t size, const char* kind) -> Result<void> {
            return row >= 0 && row < size
                       ? Result<void>()
                       : fail(ErrorCode::kUsage, fmt::format("there is no {} number {}: the model has numbers 0 to {}",
                                                             kind, row, size - 1));
        };
        if (auto ok = check(platform, platforms().size(), "platform").and_then([&] {
                return check(module, modules().size(), "module");
            });
            !ok) {
            return Failure(ok.error());
        }
        if (most < 0) {
            return fail(ErrorCode::kUsage, fmt::format("{} measured pairs are not 0 or more", most));
        }
        return parts().model->explain(platform, module, most, platforms(), modules());
    });
}

}  // namespace pitot
