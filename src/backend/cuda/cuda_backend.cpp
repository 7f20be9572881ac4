// The backend for NVIDIA cards.
#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "backend/backend.hpp"
#include "backend/cuda/executor.hpp"
#include "backend/cuda/peak.hpp"
#include "backend/devices.hpp"
#include "pitot/remedy.hpp"

namespace pitot::backend {
namespace cuda {
namespace {

// Of what is free on a card, the part that models may take; the rest is for whoever else uses it.
constexpr double kUsable = 0.9;

class CudaBackend final : public Backend {
public:
    CudaBackend(std::vector<int> devices, std::vector<DeviceInfo> cards, Precision precision)
        : devices_(std::move(devices)), cards_(std::move(cards)), precision_(precision) {}

    [[nodiscard]] std::string_view name() const override { return "cuda"; }
    [[nodiscard]] std::string description() const override {
        std::string text;
        for (const int device : devices_) {
            text += (text.empty() ? "" : ", ") + cards_[static_cast<std::size_t>(device)].name;
        }
        return text;
    }
    [[nodiscard]] Peak measure_peak(std::int64_t block_bytes) const override {
        try {
            const OnDevice on(devices_.front());
            const CardPeak peak = measure_card(block_bytes);
            return {peak.fp32, peak.bytes, peak.tensor};
        } catch (const DeviceFailure&) {
            return {};
        }
    }

    [[nodiscard]] Result<std::shared_ptr<const ResidentTables>> make_resident(
        std::span<const PairColumns> tables) const override {
        for (const PairColumns& table : tables) {
            // Rows and what they mention are numbered in 32 bits.
            const std::int64_t most = std::numeric_limits<std::int32_t>::max() / (1 + std::int64_t{table.width});
            if (table.size() > most) {
                return fail(
                    ErrorCode::kUsage,
                    fmt::format("{} rows are more than the backend 'cuda' can number ({}); use the backend 'cpu'",
                                table.size(), most),
                    Remedy::kUseCpuBackend);
            }
        }
        try {
            auto made = std::make_shared<DeviceTables>();
            for (const int device : devices_) {
                const OnDevice on(device);
                for (const PairColumns& table : tables) {
                    made->of_device[device].emplace_back(table);
                }
            }
            return made;
        } catch (const DeviceFailure& failure) {
            return Failure(failure.error());
        }
    }

    [[nodiscard]] std::int64_t group_size(const Program& program, const ExecutionPlan& plan,
                                          std::int64_t models) const override {
        const auto each = DeviceProgram::make(program).and_then([&](const DeviceProgram& on_device) {
            return models_that_fit(on_device, plan, precision_, devices_, kUsable);
        });
        if (!each) {
            return models;  // make_executor() meets it again, and says why
        }
        const std::int64_t fit = *each * std::ssize(devices_);
        // Waves of nearly equal size.
        const std::int64_t waves = (models + std::max<std::int64_t>(fit, 1) - 1) / std::max<std::int64_t>(fit, 1);
        return std::max<std::int64_t>((models + waves - 1) / waves, 1);
    }
    [[nodiscard]] std::int64_t groups_at_once() const override { return 1; }

private:
    // Models of which each of some cards has room for as many, as they are shared out equally; in `part` of what is
    // free.
    [[nodiscard]] static Result<std::int64_t> models_that_fit(const DeviceProgram& program, const ExecutionPlan& plan,
                                                              Precision precision, std::span<const int> devices,
                                                              double part) {
        const Tuning tuning = Tuning::from_environment();
        const Shard::Bytes bytes = Shard::bytes(program, plan, precision, tuning);
        std::int64_t least = std::numeric_limits<std::int64_t>::max();
        try {
            for (const int device : devices) {
                const OnDevice on(device);
                std::size_t left = 0;
                std::size_t all = 0;
                check(cudaMemGetInfo(&left, &all), "asking for its memory");
                const auto usable = static_cast<std::int64_t>(part * static_cast<double>(left));
                least = std::min(least, Shard::models_that_fit(bytes, usable, tuning));
            }
        } catch (const DeviceFailure& failure) {
            return Failure(failure.error());
        }
        return least;
    }

    [[nodiscard]] Result<std::unique_ptr<Executor>> make_executor(const Program& program, std::int64_t group,
                                                                  const ExecutionPlan& plan) const override {
        PITOT_TRY(DeviceProgram on_device, DeviceProgram::make(program));
        const auto cards = std::min<std::int64_t>(std::ssize(devices_), group);
        const auto used = std::span(devices_).first(static_cast<std::size_t>(cards));
        // All that is free now: of a group sized before some was taken by the driver since.
        PITOT_TRY(const std::int64_t each, models_that_fit(on_device, plan, precision_, used, 1.0));
        if (each < (group + cards - 1) / cards) {
            const Shard::Bytes bytes = Shard::bytes(on_device, plan, precision_, Tuning::from_environment());
            return fail(
                ErrorCode::kEnvironment,
                fmt::format("{} models of {:.1f} MiB each, beside {:.1f} MiB for all, do not fit into what the "
                            "memory of the cards has free; end what else uses them, name more cards, or use the "
                            "backend 'cpu'",
                            group, static_cast<double>(bytes.model) / 0x1p20,
                            static_cast<double>(bytes.shared + bytes.lane) / 0x1p20),
                Remedy::kUseCpuBackend);
        }
        try {
            return std::make_unique<CardExecutor>(std::move(on_device), group, plan, devices_, precision_,
                                                  Tuning::from_environment());
        } catch (const DeviceFailure& failure) {
            return Failure(failure.error());
        }
    }

    std::vector<int> devices_;
    std::vector<DeviceInfo> cards_;
    Precision precision_;
};

Result<Precision> precision_of(std::string_view name) {
    if (name == "auto") {
        return precision_of(kUsualCardPrecision);
    }
    if (name == "fp32") {
        return Precision::kFp32;
    }
    if (name == "tf32") {
        return Precision::kTf32;
    }
    if (name == "bf16") {
        return Precision::kBf16;
    }
    return fail(ErrorCode::kUsage, fmt::format("the backend 'cuda' has no precision '{}'", name));
}

}  // namespace
}  // namespace cuda

Result<const Backend*> cuda_backend(std::span<const int> devices, std::string_view precision) {
    PITOT_TRY(const cuda::Precision chosen, cuda::precision_of(precision));
    PITOT_TRY(std::vector<DeviceInfo> cards, cuda_devices());
    std::vector<int> numbers(devices.begin(), devices.end());
    if (numbers.empty()) {
        numbers.resize(cards.size());
        std::iota(numbers.begin(), numbers.end(), 0);
    }
    for (const int number : numbers) {
        if (number < 0 || number >= std::ssize(cards)) {
            return fail(ErrorCode::kUsage,
                        fmt::format("there is no card {}: the driver shows {}, numbered from 0", number, cards.size()));
        }
    }
    static std::mutex mutex;
    static std::map<std::pair<std::vector<int>, cuda::Precision>, std::unique_ptr<cuda::CudaBackend>> made;
    const std::scoped_lock lock(mutex);
    auto& backend = made[{numbers, chosen}];
    if (!backend) {
        backend = std::make_unique<cuda::CudaBackend>(numbers, std::move(cards), chosen);
    }
    return backend.get();
}

}  // namespace pitot::backend
