// Observations on a card, and the batches that are drawn from them.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "backend/backend.hpp"
#include "backend/cuda/launch.hpp"
#include "backend/cuda/memory.hpp"

namespace pitot::backend::cuda {

/// A table of observations on one card.
struct DeviceTable {
    DeviceArray<std::int32_t> platform, module, co_runner;
    DeviceArray<float> target;
    std::int32_t width = 0;
    std::int64_t rows = 0;

    explicit DeviceTable(const PairColumns& columns);
    [[nodiscard]] DrawTable view() const {
        return {platform.data(), module.data(), co_runner.data(), target.data(), width};
    }
};

/// Tables on several cards.
struct DeviceTables final : ResidentTables {
    std::map<int, std::vector<DeviceTable>> of_device;
};

/// Batches of some steps, one a model, as the kernels read them.
class BatchMemory {
public:
    BatchMemory() = default;
    BatchMemory(const Program& program, std::int64_t models, std::int64_t steps, std::int64_t rows, std::int32_t width);
    /// Of models from `first` on in step `step`.
    [[nodiscard]] Batch view(std::int64_t step, std::int64_t first) const;
    /// Where they are written, with mentions of modules or without: only who learns reads those.
    [[nodiscard]] Draw target(bool mentions) const;
    [[nodiscard]] std::int64_t rows() const { return rows_; }
    [[nodiscard]] static std::int64_t bytes(const Program& program, std::int64_t rows, std::int32_t width);

private:
    std::int64_t models_ = 0, rows_ = 0, platforms_ = 0, modules_ = 0;
    std::int32_t width_ = 0;
    DeviceArray<std::int32_t> platform_, module_, co_runner_, platform_end_, module_end_, mention_, place_, cursor_;
    DeviceArray<float> target_, scale_;
};

}  // namespace pitot::backend::cuda
