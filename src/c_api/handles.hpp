// What the handles of the interface are. The functions themselves are defined in this room's namespace, too: being C's,
// they are those that pitot/c.h declares outside of it, but are only exported if PITOT_C_API is said again.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "c_api/arguments.hpp"
#include "pitot/advise.hpp"
#include "pitot/c.h"
#include "pitot/config.hpp"
#include "pitot/context.hpp"
#include "pitot/dataset.hpp"
#include "pitot/evaluate.hpp"
#include "pitot/explain.hpp"
#include "pitot/observe.hpp"
#include "pitot/predictor.hpp"
#include "pitot/result.hpp"

namespace pitot::c_api {

/// The first member of a handle says its type, so that a handle of another one is told before it is used.
template <std::uint32_t kTag>
struct Tagged {
    static constexpr std::uint32_t kType = kTag;
    std::uint32_t type = kTag;

    Tagged() = default;
    Tagged(const Tagged&) = delete;
    Tagged& operator=(const Tagged&) = delete;
    ~Tagged() { reinterpret_cast<volatile std::uint32_t&>(type) = 0; }  // NOLINT: the write must not be left out
};

/// Texts one behind another, as the interface has them.
struct Texts {
    std::vector<std::int64_t> offsets{0};
    std::string bytes;

    Texts() = default;
    explicit Texts(std::span<const std::string> texts) {
        for (const std::string& text : texts) {
            add(text);
        }
    }
    void add(std::string_view text) {
        bytes += text;
        offsets.push_back(static_cast<std::int64_t>(bytes.size()));
    }
    [[nodiscard]] pitot_texts view() const {
        return {static_cast<std::int64_t>(offsets.size()) - 1, offsets.data(), bytes.data(),
                static_cast<std::int64_t>(bytes.size())};
    }
};

/// Whether a handle is one of its type.
template <typename Handle>
[[nodiscard]] Result<void> check_handle(const Handle* handle, const char* argument) {
    if (handle == nullptr) {
        return wrong(argument, "is NULL: give a handle");
    }
    std::uint32_t type = 0;
    if (aligned(handle)) {
        std::memcpy(&type, static_cast<const void*>(handle), sizeof(type));
    }
    if (type != Handle::kType) {
        return wrong(argument, "is a handle of another type, or was freed");
    }
    return {};
}

/// Frees a handle; NULL and what is none of its type are left alone.
template <typename Handle>
void free_handle(Handle* handle) noexcept {
    if (handle == nullptr || !aligned(handle)) {
        return;
    }
    std::uint32_t type = 0;
    std::memcpy(&type, static_cast<const void*>(handle), sizeof(type));
    if (type == Handle::kType) {
        delete handle;  // NOLINT(cppcoreguidelines-owning-memory): the caller owned it
    }
}

/// Hands texts, bytes or a text to the caller.
void give(pitot_strings** out, std::span<const std::string> texts);
void give(pitot_bytes** out, std::vector<std::byte> bytes);
void give(pitot_bytes** out, std::string_view text);

/// The context of long work: options of the caller's, and a stop token that flag and progress ask to stop.
class Run {
public:
    [[nodiscard]] static Result<std::unique_ptr<Run>> make(const pitot_run_options* options);
    [[nodiscard]] const Context& context() const { return context_; }
    /// The error, if the caller's callback threw.
    [[nodiscard]] Result<void> check_callback() const;

private:
    Context context_;
    std::stop_source stop_;
    std::optional<std::stop_callback<std::function<void()>>> link_;
    std::atomic<bool> threw_{false};
};

/// PITOT_PLATFORMS or PITOT_MODULES of something that has both sides.
template <typename Sides>
[[nodiscard]] Result<const Side*> side_number(const Sides& of, std::int32_t side) {
    if (side != PITOT_PLATFORMS && side != PITOT_MODULES) {
        return wrong("side", fmt::format("is {}: it is PITOT_PLATFORMS or PITOT_MODULES", side));
    }
    if constexpr (std::is_same_v<Sides, Dataset>) {
        return side == PITOT_PLATFORMS ? &of.platforms : &of.modules;
    } else {
        return side == PITOT_PLATFORMS ? &of.platforms() : &of.modules();
    }
}

/// Where a side's features lie.
[[nodiscard]] Result<void> give_features(const Side& side, const double** values, std::int64_t* rows,
                                         std::int64_t* columns);

/// What is worth saying of a model: bounds that it lacks, parts of the fleet, folds that contradict each other.
[[nodiscard]] std::vector<std::string> notes_of(const Predictor& predictor);
/// What is worth saying of a configuration for a dataset: rows that it leaves out.
[[nodiscard]] std::vector<std::string> notes_of(const FitConfig& config, const Dataset& dataset);

}  // namespace pitot::c_api

// NOLINTBEGIN(readability-identifier-naming): the interface's names
struct pitot_strings : pitot::c_api::Tagged<0x70730001> {
    pitot::c_api::Texts texts;
};

struct pitot_bytes : pitot::c_api::Tagged<0x70730002> {
    std::vector<std::byte> bytes;  // with a zero behind
};

struct pitot_stop : pitot::c_api::Tagged<0x70730003> {
    std::stop_source source;
};

struct pitot_config : pitot::c_api::Tagged<0x70730004> {
    explicit pitot_config(pitot::FitConfig of) : config(std::move(of)) {}
    pitot::FitConfig config;
};

struct pitot_dataset : pitot::c_api::Tagged<0x70730005> {
    explicit pitot_dataset(pitot::Dataset of) : dataset(std::move(of)) {}
    pitot::Dataset dataset;
};

struct pitot_model : pitot::c_api::Tagged<0x70730006> {
    explicit pitot_model(pitot::Predictor of, std::vector<std::string> told = {})
        : predictor(std::move(of)), notes(std::move(told)) {}
    pitot::Predictor predictor;
    std::vector<std::string> notes;  // of the fit
};

struct pitot_observation : pitot::c_api::Tagged<0x70730007> {
    pitot_observation(pitot::Observation of, std::int64_t calibrating)
        : observation(std::move(of)), calibration_rows(calibrating) {}
    pitot::Observation observation;
    std::int64_t calibration_rows;
};

struct pitot_advice : pitot::c_api::Tagged<0x70730008> {
    pitot_advice(pitot::Predictor model, pitot::Advice of, bool seconds);
    pitot::Predictor predictor;
    pitot::Advice advice;
    bool by_seconds;
    std::vector<std::int32_t> platform;
    std::vector<std::int32_t> module;
    std::vector<double> runtime_us;
    std::vector<double> error;
    std::vector<double> margin;
};

struct pitot_explanation : pitot::c_api::Tagged<0x70730009> {
    pitot_explanation(pitot::Predictor model, std::int32_t on, std::int32_t what, pitot::PairExplanation of);
    pitot::Predictor predictor;
    std::int32_t platform;
    std::int32_t module;
    pitot::PairExplanation explanation;
    pitot::c_api::Texts term_names;
    std::vector<double> term_values;
    pitot::c_api::Texts part_names;
    std::vector<double> part_variances;
    std::vector<std::int32_t> near_platform;
    std::vector<std::int32_t> near_module;
    std::vector<std::int64_t> near_offsets{0};
    std::vector<std::int32_t> near_co_runners;
    std::vector<std::int64_t> near_runs;
    std::vector<double> near_mean;
    std::vector<double> near_weight;
};

struct pitot_evaluation : pitot::c_api::Tagged<0x7073000A> {
    pitot_evaluation(pitot::Evaluation of, pitot::FitConfig with)
        : evaluation(std::move(of)), config(std::move(with)) {}
    pitot::Evaluation evaluation;
    pitot::FitConfig config;
};
// NOLINTEND(readability-identifier-naming)
