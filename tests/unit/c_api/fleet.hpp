// A fleet in arrays, as a caller in C has it, and handles that free themselves.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "pitot/c.h"

namespace pitot::test {

inline constexpr std::int32_t kFleetPlatforms = 6;
inline constexpr std::int32_t kFleetModules = 10;

/// Owns a handle.
template <typename T, void (*kFree)(T*)>
class Owned {
public:
    Owned() = default;
    Owned(Owned&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    Owned& operator=(Owned&& other) noexcept {
        std::swap(handle_, other.handle_);
        return *this;
    }
    Owned(const Owned&) = delete;
    Owned& operator=(const Owned&) = delete;
    ~Owned() { kFree(handle_); }

    [[nodiscard]] T* get() const { return handle_; }
    [[nodiscard]] T** out() {
        kFree(std::exchange(handle_, nullptr));
        return &handle_;
    }

private:
    T* handle_ = nullptr;
};

using OwnedDataset = Owned<pitot_dataset, pitot_dataset_free>;
using OwnedConfig = Owned<pitot_config, pitot_config_free>;
using OwnedModel = Owned<pitot_model, pitot_model_free>;
using OwnedStrings = Owned<pitot_strings, pitot_strings_free>;
using OwnedBytes = Owned<pitot_bytes, pitot_bytes_free>;
using OwnedStop = Owned<pitot_stop, pitot_stop_free>;
using OwnedObservation = Owned<pitot_observation, pitot_observation_free>;
using OwnedAdvice = Owned<pitot_advice, pitot_advice_free>;
using OwnedExplanation = Owned<pitot_explanation, pitot_explanation_free>;
using OwnedEvaluation = Owned<pitot_evaluation, pitot_evaluation_free>;

/// A struct of the interface, all defaults.
template <typename T>
[[nodiscard]] T sized() {
    T made{};
    made.struct_size = sizeof(T);
    return made;
}

/// Texts and the memory that the interface borrows.
struct TextColumn {
    explicit TextColumn(std::span<const std::string> texts) {
        for (const std::string& text : texts) {
            bytes += text;
            offsets.push_back(static_cast<std::int64_t>(bytes.size()));
        }
    }
    [[nodiscard]] pitot_texts view() const {
        return {static_cast<std::int64_t>(offsets.size()) - 1, offsets.data(), bytes.data(),
                static_cast<std::int64_t>(bytes.size())};
    }
    std::vector<std::int64_t> offsets{0};
    std::string bytes;
};

inline std::vector<std::string> numbered(const std::string& kind, std::int32_t count) {
    std::vector<std::string> names;
    for (std::int32_t i = 0; i < count; ++i) {
        names.push_back(kind + std::to_string(i));
    }
    return names;
}

/// Every pair once alone, and half of them beside one or two others.
struct Fleet {
    Fleet() {
        for (std::int32_t i = 0; i < kFleetPlatforms; ++i) {
            for (std::int32_t j = 0; j < kFleetModules; ++j) {
                const double runtime = 1000.0 * (1 + i) * (1 + j) * (1 + 0.01 * ((7 * i + 3 * j) % 5));
                add(i, j, {}, runtime);
                if (j % 2 == 0) {
                    add(i, j, j == 2 ? std::vector<std::int32_t>{j + 1} : std::vector<std::int32_t>{j + 1, i},
                        1.5 * runtime);
                }
            }
        }
        for (std::int32_t j = 0; j < kFleetModules; ++j) {
            module_values.push_back(100.0 * j);
            module_values.push_back(j % 3);
        }
    }

    void add(std::int32_t i, std::int32_t j, const std::vector<std::int32_t>& with, double runtime) {
        platform.push_back(i);
        module.push_back(j);
        co_runners.insert(co_runners.end(), with.begin(), with.end());
        offsets.push_back(static_cast<std::int64_t>(co_runners.size()));
        runtime_us.push_back(runtime);
    }

    [[nodiscard]] pitot_side platforms() const {
        auto side = sized<pitot_side>();
        side.names = platform_names.view();
        return side;
    }
    [[nodiscard]] pitot_side modules() const {
        auto side = sized<pitot_side>();
        side.names = module_names.view();
        side.feature_names = feature_names.view();
        side.features = module_values.data();
        side.counts = 1;
        return side;
    }
    [[nodiscard]] pitot_combinations rows() const {
        pitot_combinations rows{};
        rows.rows = static_cast<std::int64_t>(platform.size());
        rows.platform = platform.data();
        rows.module = module.data();
        rows.co_runners = co_runners.data();
        rows.co_runner_count = static_cast<std::int64_t>(co_runners.size());
        rows.co_runner_offsets = offsets.data();
        return rows;
    }
    [[nodiscard]] OwnedDataset dataset() const {
        OwnedDataset made;
        const pitot_side platform_side = platforms();
        const pitot_side module_side = modules();
        const pitot_combinations all = rows();
        EXPECT_EQ(pitot_dataset_from_columns(&platform_side, &module_side, &all, runtime_us.data(), made.out()),
                  PITOT_OK)
            << pitot_last_error();
        return made;
    }

    TextColumn platform_names{numbered("platform", kFleetPlatforms)};
    TextColumn module_names{numbered("module", kFleetModules)};
    TextColumn feature_names{std::vector<std::string>{"loops", "calls"}};
    std::vector<double> module_values;
    std::vector<std::int32_t> platform;
    std::vector<std::int32_t> module;
    std::vector<std::int32_t> co_runners;
    std::vector<std::int64_t> offsets{0};
    std::vector<double> runtime_us;
};

/// A model of the fleet that has everything: fitted once.
inline const OwnedModel& fleet_model() {
    static const OwnedModel model = [] {
        OwnedModel made;
        const OwnedDataset dataset = Fleet().dataset();
        EXPECT_EQ(pitot_fit(dataset.get(), nullptr, nullptr, made.out()), PITOT_OK) << pitot_last_error();
        return made;
    }();
    return model;
}

inline std::vector<std::string> texts_of(const pitot_texts& texts) {
    std::vector<std::string> all;
    for (std::int64_t i = 0; i < texts.count; ++i) {
        all.emplace_back(texts.bytes + texts.offsets[i], texts.bytes + texts.offsets[i + 1]);
    }
    return all;
}

inline std::vector<std::string> texts_of(const OwnedStrings& strings) {
    pitot_texts texts{};
    EXPECT_EQ(pitot_strings_get(strings.get(), &texts), PITOT_OK);
    return texts_of(texts);
}

inline std::string content_of(const OwnedBytes& bytes) {
    const void* data = nullptr;
    std::int64_t size = 0;
    EXPECT_EQ(pitot_bytes_get(bytes.get(), &data, &size), PITOT_OK);
    return {static_cast<const char*>(data), static_cast<std::size_t>(size)};
}

}  // namespace pitot::test
