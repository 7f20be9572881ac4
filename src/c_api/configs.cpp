// Configurations.
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "c_api/errors.hpp"
#include "c_api/handles.hpp"
#include "core/atomic_file.hpp"
#include "core/read_file.hpp"
#include "pitot/fit.hpp"

namespace pitot::c_api {
namespace {

void give_config(pitot_config** out, FitConfig config) {
    *out = std::make_unique<pitot_config>(std::move(config)).release();
}

// What is wrong in a text that is the input, not the call.
Failure wrong_text(const Error& error) {
    return fail(Error(ErrorCode::kInput, error.message(), error.remedy(), error.remedy_about()), "configuration");
}

Result<FitConfig> from_json(std::string_view json, const FitConfig& base) {
    FitConfig config = base;
    const auto named = preset_in_json(json);
    if (!named) {
        return wrong_text(named.error());
    }
    if (*named) {
        auto start = preset(**named);
        if (!start) {
            return wrong_text(start.error());
        }
        config = *std::move(start);
    }
    if (const auto applied = apply_json(config, json); !applied) {
        return wrong_text(applied.error());
    }
    return config;
}

// The preset without one named, if none is given to start from.
Result<FitConfig> base_of(const pitot_config* base) {
    if (base == nullptr) {
        return preset(FitConfig().preset);
    }
    return check_handle(base, "base").map([&] { return base->config; });
}

Result<void> change(pitot_config* config, auto how) {
    return check_handle(config, "config").and_then([&]() -> Result<void> {
        FitConfig changed = config->config;
        return how(changed).map([&] { config->config = std::move(changed); });
    });
}

}  // namespace

extern "C" {

PITOT_C_API pitot_status pitot_presets(pitot_strings** names, pitot_strings** summaries) {
    return guarded([&]() -> Result<void> {
        if (auto ok =
                check_optional_out(names, "names").and_then([&] { return check_optional_out(summaries, "summaries"); });
            !ok) {
            return ok;
        }
        if (names != nullptr && names == summaries) {
            return wrong("summaries", "is where the names go, too: give another place");
        }
        std::vector<std::string> all_names;
        std::vector<std::string> all_summaries;
        for (const pitot::PresetInfo& preset : pitot::presets()) {
            all_names.push_back(preset.name);
            all_summaries.push_back(preset.summary);
        }
        const auto made = [](const std::vector<std::string>& of) {
            auto strings = std::make_unique<pitot_strings>();
            strings->texts = Texts(of);
            return strings;
        };
        auto of_names = made(all_names);  // both are there before either is given out
        auto of_summaries = made(all_summaries);
        if (names != nullptr) {
            *names = of_names.release();
        }
        if (summaries != nullptr) {
            *summaries = of_summaries.release();
        }
        return {};
    });
}

PITOT_C_API pitot_status pitot_config_preset(const char* name, pitot_config** out) {
    return guarded([&]() -> Result<void> {
        return check_out(out, "out")
            .and_then([&] { return text(name, "name"); })
            .and_then([](const std::string& called) { return pitot::preset(called); })
            .map([&](pitot::FitConfig&& config) { give_config(out, std::move(config)); });
    });
}

PITOT_C_API pitot_status pitot_config_default(const pitot_dataset* dataset, pitot_config** out) {
    return guarded([&]() -> Result<void> {
        return check_out(out, "out").and_then([&] { return check_handle(dataset, "dataset"); }).map([&] {
            give_config(out, pitot::default_config(dataset->dataset));
        });
    });
}

PITOT_C_API pitot_status pitot_config_from_json(const char* json, int64_t size, const pitot_config* base,
                                                pitot_config** out) {
    return guarded([&]() -> Result<void> {
        if (auto ok = check_out(out, "out"); !ok) {
            return ok;
        }
        PITOT_TRY(const auto text, text_of(json, size, "json"));
        PITOT_TRY(const auto start, base_of(base));
        return from_json(text, start).map([&](pitot::FitConfig&& config) { give_config(out, std::move(config)); });
    });
}

PITOT_C_API pitot_status pitot_config_load(const char* path, const pitot_config* base, pitot_config** out) {
    return guarded([&]() -> Result<void> {
        if (auto ok = check_out(out, "out"); !ok) {
            return ok;
        }
        PITOT_TRY(const auto file, text(path, "path"));
        PITOT_TRY(const auto start, base_of(base));
        PITOT_TRY(const auto text, pitot::core::read_file(file));
        auto config = from_json(text, start);
        if (!config) {
            return fail(std::move(config).error(), file);
        }
        give_config(out, *std::move(config));
        return {};
    });
}

PITOT_C_API pitot_status pitot_config_copy(const pitot_config* config, pitot_config** out) {
    return guarded([&]() -> Result<void> {
        return check_out(out, "out").and_then([&] { return check_handle(config, "config"); }).map([&] {
            give_config(out, config->config);
        });
    });
}

PITOT_C_API pitot_status pitot_config_apply_json(pitot_config* config, const char* json, int64_t size) {
    return guarded([&]() -> Result<void> {
        PITOT_TRY(const auto text, text_of(json, size, "json"));
        return change(config, [&](pitot::FitConfig& of) { return pitot::apply_json(of, text); });
    });
}

PITOT_C_API pitot_status pitot_config_set(pitot_config* config, const char* assignment) {
    return guarded([&]() -> Result<void> {
        PITOT_TRY(const auto text, text(assignment, "assignment"));
        return change(config, [&](pitot::FitConfig& of) { return pitot::apply_override(of, text); });
    });
}

PITOT_C_API pitot_status pitot_config_validate(const pitot_config* config) {
    return guarded([&]() -> Result<void> {
        return check_handle(config, "config").and_then([&] { return config->config.validate(); });
    });
}

PITOT_C_API pitot_status pitot_config_to_json(const pitot_config* config, pitot_bytes** out) {
    return guarded([&]() -> Result<void> {
        return check_out(out, "out").and_then([&] { return check_handle(config, "config"); }).map([&] {
            give(out, pitot::to_json(config->config));
        });
    });
}

PITOT_C_API pitot_status pitot_config_save(const pitot_config* config, const char* path) {
    return guarded([&]() -> Result<void> {
        PITOT_TRY(const auto file, text(path, "path"));
        return check_handle(config, "config").and_then([&] {
            return pitot::core::write_text(file, pitot::to_json(config->config) + "\n");
        });
    });
}

PITOT_C_API void pitot_config_free(pitot_config* config) { free_handle(config); }

}  // extern "C"

}  // namespace pitot::c_api
