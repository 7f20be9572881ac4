// Models: made, read, written and looked into.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "c_api/errors.hpp"
#include "c_api/handles.hpp"
#include "pitot/fit.hpp"
#include "predict/parts.hpp"

namespace pitot::c_api {
namespace {

void give_model(pitot_model** out, Predictor predictor, std::vector<std::string> notes = {}) {
    *out = std::make_unique<pitot_model>(std::move(predictor), std::move(notes)).release();
}

Result<FitConfig> config_for(const Dataset& dataset, const pitot_config* config) {
    if (config == nullptr) {
        return default_config(dataset);
    }
    return check_handle(config, "config").map([&] { return config->config; });
}

pitot_model_view view_of(const Predictor& predictor) {
    pitot_model_view view{};
    view.platforms = predictor.platforms().size();
    view.modules = predictor.modules().size();
    view.platform_features = std::ssize(predictor.platforms().feature_names);
    view.module_features = std::ssize(predictor.modules().feature_names);
    view.measured_pairs = predictor.measured_pairs();
    view.calibration_rows_alone = predictor.calibration_rows(0);
    view.calibration_rows_beside = predictor.calibration_rows(1);
    view.calibrated_co_runners = predictor.calibrated_co_runners().value_or(-1);
    view.parts = predictor.parts_apart();
    view.has_deviation = predictor.has_deviation() ? 1 : 0;
    view.learns_on = predictor.learns_on() ? 1 : 0;
    view.tells_co_runners = predictor.parts().model->tells_co_runners() ? 1 : 0;
    return view;
}

Result<void> find_names(const Predictor& predictor, bool modules, std::span<const std::string> names,
                        bool unknown_is_minus_one, std::span<std::int32_t> rows) {
    if (!unknown_is_minus_one) {
        return (modules ? predictor.find_modules(names) : predictor.find_platforms(names))
            .map([&](const std::vector<std::int32_t>& found) { std::ranges::copy(found, rows.begin()); });
    }
    const std::vector<std::string>& known = (modules ? predictor.modules() : predictor.platforms()).names;
    std::vector<std::int32_t> order(known.size());
    for (std::size_t i = 0; i < order.size(); ++i) {
        order[i] = static_cast<std::int32_t>(i);
    }
    const auto name_of = [&](std::int32_t i) -> const std::string& { return known[static_cast<std::size_t>(i)]; };
    std::ranges::sort(order, {}, name_of);
    for (std::size_t n = 0; n < names.size(); ++n) {
        const auto at = std::ranges::lower_bound(order, names[n], {}, name_of);
        rows[n] = at != order.end() && name_of(*at) == names[n] ? *at : -1;
    }
    return {};
}

// What is known of each row of a side, into arrays that are wanted.
Result<void> describe_rows(const Predictor& predictor, bool modules, std::uint8_t* basis, std::int64_t* runs,
                           std::int32_t* part, double* disagreement) {
    const std::int64_t size = (modules ? predictor.modules() : predictor.platforms()).size();
    PITOT_TRY(const auto all_basis, wanted(basis, size, "basis"));
    PITOT_TRY(const auto all_runs, wanted(runs, size, "runs"));
    PITOT_TRY(const auto all_part, wanted(part, size, "part"));
    PITOT_TRY(const auto all_disagreement, wanted(disagreement, size, "disagreement"));
    for (std::int32_t i = 0; i < size; ++i) {
        const auto at = static_cast<std::size_t>(i);
        if (!all_basis.empty()) {
            all_basis[at] =
                static_cast<std::uint8_t>(modules ? predictor.module_basis(i) : predictor.platform_basis(i));
        }
        if (!all_runs.empty()) {
            all_runs[at] = (modules ? predictor.module_runs(i) : predictor.platform_runs(i)).value_or(-1);
        }
        if (!all_part.empty()) {
            all_part[at] = modules ? predictor.module_part(i) : predictor.platform_part(i);
        }
        if (!all_disagreement.empty()) {
            all_disagreement[at] = modules ? predictor.module_disagreement(i) : predictor.platform_disagreement(i);
        }
    }
    return {};
}

Result<void> give_texts(const pitot_model* model, pitot_strings** out, auto texts_of) {
    return check_out(out, "out").and_then([&] { return check_handle(model, "model"); }).and_then([&] {
        return Result<std::vector<std::string>>(texts_of(*model)).map([&](std::vector<std::string>&& texts) {
            give(out, texts);
        });
    });
}

}  // namespace

extern "C" {

PITOT_C_API pitot_status pitot_fit(const pitot_dataset* dataset, const pitot_config* config,
                                   const pitot_run_options* run, pitot_model** out) {
    return guarded([&]() -> Result<void> {
        if (auto ok = check_out(out, "out").and_then([&] { return check_handle(dataset, "dataset"); }); !ok) {
            return ok;
        }
        PITOT_TRY(const auto with, config_for(dataset->dataset, config));
        PITOT_TRY(const auto running, Run::make(run));
        auto fitted = pitot::fit(dataset->dataset, with, running->context());
        if (auto ok = running->check_callback(); !ok) {
            return ok;
        }
        return std::move(fitted).map(
            [&](Predictor&& predictor) { give_model(out, std::move(predictor), notes_of(with, dataset->dataset)); });
    });
}

PITOT_C_API pitot_status pitot_model_load(const char* path, pitot_model** out) {
    return guarded([&]() -> Result<void> {
        return check_out(out, "out")
            .and_then([&] { return text(path, "path"); })
            .and_then([](const std::string& file) { return Predictor::load(file); })
            .map([&](Predictor&& predictor) { give_model(out, std::move(predictor)); });
    });
}

PITOT_C_API pitot_status pitot_model_from_bytes(const void* data, int64_t size, pitot_model** out) {
    return guarded([&]() -> Result<void> {
        return check_out(out, "out")
            .and_then([&] { return text_of(static_cast<const char*>(data), size, "data"); })
            .and_then([](std::string_view bytes) { return Predictor::from_bytes(std::as_bytes(std::span(bytes))); })
            .map([&](Predictor&& predictor) { give_model(out, std::move(predictor)); });
    });
}

PITOT_C_API pitot_status pitot_model_save(const pitot_model* model, const char* path) {
    return guarded([&]() -> Result<void> {
        PITOT_TRY(const auto file, text(path, "path"));
        return check_handle(model, "model").and_then([&] { return model->predictor.save(file); });
    });
}

PITOT_C_API pitot_status pitot_model_to_bytes(const pitot_model* model, pitot_bytes** out) {
    return guarded([&]() -> Result<void> {
        return check_out(out, "out")
            .and_then([&] { return check_handle(model, "model"); })
            .and_then([&] { return model->predictor.to_bytes(); })
            .map([&](std::vector<std::byte>&& bytes) { give(out, std::move(bytes)); });
    });
}

PITOT_C_API pitot_status pitot_model_get(const pitot_model* model, pitot_model_view* view) {
    return guarded([&]() -> Result<void> {
        return check_handle(model, "model").and_then([&] { return fill(view, view_of(model->predictor), "view"); });
    });
}

PITOT_C_API pitot_status pitot_model_config(const pitot_model* model, pitot_config** out) {
    return guarded([&]() -> Result<void> {
        return check_out(out, "out").and_then([&] { return check_handle(model, "model"); }).map([&] {
            *out = std::make_unique<pitot_config>(model->predictor.config()).release();
        });
    });
}

PITOT_C_API pitot_status pitot_model_dataset_digest(const pitot_model* model, pitot_bytes** out) {
    return guarded([&]() -> Result<void> {
        return check_out(out, "out").and_then([&] { return check_handle(model, "model"); }).map([&] {
            give(out, model->predictor.dataset_digest());
        });
    });
}

PITOT_C_API pitot_status pitot_model_names(const pitot_model* model, int32_t side, pitot_strings** out) {
    return guarded([&]() -> Result<void> {
        return give_texts(model, out, [&](const pitot_model& of) {
            return side_number(of.predictor, side).map([](const Side* rows) { return rows->names; });
        });
    });
}

PITOT_C_API pitot_status pitot_model_feature_names(const pitot_model* model, int32_t side, pitot_strings** out) {
    return guarded([&]() -> Result<void> {
        return give_texts(model, out, [&](const pitot_model& of) {
            return side_number(of.predictor, side).map([](const Side* rows) { return rows->feature_names; });
        });
    });
}

PITOT_C_API pitot_status pitot_model_features(const pitot_model* model, int32_t side, const double** values,
                                              int64_t* rows, int64_t* columns) {
    return guarded([&]() -> Result<void> {
        if (auto ok = check_handle(model, "model"); !ok) {
            return ok;
        }
        PITOT_TRY(const Side* of, side_number(model->predictor, side));
        return give_features(*of, values, rows, columns);
    });
}

PITOT_C_API pitot_status pitot_model_notes(const pitot_model* model, pitot_strings** out) {
    return guarded([&]() -> Result<void> {
        return give_texts(model, out, [](const pitot_model& of) {
            std::vector<std::string> notes = of.notes;
            std::ranges::move(notes_of(of.predictor), std::back_inserter(notes));
            return notes;
        });
    });
}

PITOT_C_API pitot_status pitot_model_find(const pitot_model* model, int32_t side, const pitot_texts* names,
                                          int32_t unknown_is_minus_one, int32_t* rows) {
    return guarded([&]() -> Result<void> {
        if (auto ok = check_handle(model, "model"); !ok) {
            return ok;
        }
        if (names == nullptr || !aligned(names)) {
            return wrong("names", names == nullptr ? "is NULL" : "is not aligned to its type");
        }
        PITOT_TRY(const auto called, texts(*names, "names"));
        PITOT_TRY(const auto found, array(rows, names->count, "rows"));
        PITOT_TRY(const bool lenient, flag(unknown_is_minus_one, "unknown_is_minus_one"));
        return side_number(model->predictor, side).and_then([&](const Side*) {
            return find_names(model->predictor, side == PITOT_MODULES, called, lenient, found);
        });
    });
}

PITOT_C_API pitot_status pitot_model_rows(const pitot_model* model, int32_t side, uint8_t* basis, int64_t* runs,
                                          int32_t* part, double* disagreement) {
    return guarded([&]() -> Result<void> {
        if (auto ok = check_handle(model, "model"); !ok) {
            return ok;
        }
        return side_number(model->predictor, side).and_then([&](const Side*) {
            return describe_rows(model->predictor, side == PITOT_MODULES, basis, runs, part, disagreement);
        });
    });
}

PITOT_C_API pitot_status pitot_model_with_rows(const pitot_model* model, const pitot_side* platforms,
                                               const pitot_side* modules, pitot_model** out) {
    return guarded([&]() -> Result<void> {
        if (auto ok = check_out(out, "out").and_then([&] { return check_handle(model, "model"); }); !ok) {
            return ok;
        }
        PITOT_TRY(const auto more_platforms, side(platforms, false, "platforms"));
        PITOT_TRY(const auto more_modules, side(modules, true, "modules"));
        return model->predictor.with_rows(more_platforms, more_modules).map([&](Predictor&& predictor) {
            give_model(out, std::move(predictor), model->notes);
        });
    });
}

PITOT_C_API void pitot_model_free(pitot_model* model) { free_handle(model); }

}  // extern "C"

}  // namespace pitot::c_api
