#include "c_api/handles.hpp"

#include <cstddef>

#include "c_api/errors.hpp"
#include "pitot/version.hpp"

namespace pitot::c_api {

void give(pitot_strings** out, std::span<const std::string> texts) {
    auto made = std::make_unique<pitot_strings>();
    made->texts = Texts(texts);
    *out = made.release();
}

void give(pitot_bytes** out, std::vector<std::byte> bytes) {
    auto made = std::make_unique<pitot_bytes>();
    bytes.push_back(std::byte{0});
    made->bytes = std::move(bytes);
    *out = made.release();
}

void give(pitot_bytes** out, std::string_view text) {
    const auto bytes = std::as_bytes(std::span(text));
    give(out, std::vector<std::byte>(bytes.begin(), bytes.end()));
}

Result<std::unique_ptr<Run>> Run::make(const pitot_run_options* options) {
    PITOT_TRY(const auto given, grown_struct_or_default(options, offsetof(pitot_run_options, precision), "run"));
    if (auto ok = check_reserved(given.reserved).and_then([&] { return check_reserved(given.reserved_end); }); !ok) {
        return Failure(ok.error());
    }
    PITOT_TRY(const auto devices, array(given.devices, given.device_count, "devices"));
    if (given.threads < 0) {
        return wrong("threads", fmt::format("is {}: it is 0 (all there are) or more", given.threads));
    }
    auto run = std::make_unique<Run>();
    Context& context = run->context_;
    context.threads = given.threads;
    context.backend = given.backend == nullptr ? context.backend : std::string(given.backend);
    context.precision = given.precision == nullptr ? context.precision : std::string(given.precision);
    context.devices.assign(devices.begin(), devices.end());
    context.stop = run->stop_.get_token();
    if (given.stop != nullptr) {
        if (auto is = check_handle(given.stop, "stop"); !is) {
            return Failure(is.error());
        }
        run->link_.emplace(given.stop->source.get_token(), [own = run->stop_]() mutable { own.request_stop(); });
    }
    if (given.progress != nullptr) {
        context.progress = [self = run.get(), call = given.progress, data = given.progress_data](std::int64_t done,
                                                                                                 std::int64_t total) {
            try {
                if (call(done, total, data) != 0) {
                    self->stop_.request_stop();
                }
            } catch (...) {  // C++ behind the pointer
                self->threw_ = true;
                self->stop_.request_stop();
            }
        };
    }
    return run;
}

Result<void> Run::check_callback() const {
    if (threw_) {
        return wrong("progress", "is a function that threw: it must return to C");
    }
    return {};
}

Result<void> give_features(const Side& side, const double** values, std::int64_t* rows, std::int64_t* columns) {
    return check_out(values, "values")
        .and_then([&] { return check_out(rows, "rows"); })
        .and_then([&] { return check_out(columns, "columns"); })
        .map([&] {
            *values = side.features.flat().data();
            *rows = side.size();
            *columns = static_cast<std::int64_t>(side.feature_names.size());
        });
}

extern "C" {

PITOT_C_API const char* pitot_version(void) { return pitot::version().data(); }

PITOT_C_API int32_t pitot_version_number(void) { return PITOT_VERSION_NUMBER; }

PITOT_C_API pitot_status pitot_strings_get(const pitot_strings* strings, pitot_texts* texts) {
    return guarded([&]() -> Result<void> {
        return check_handle(strings, "strings").and_then([&] { return check_out(texts, "texts"); }).map([&] {
            *texts = strings->texts.view();
        });
    });
}

PITOT_C_API void pitot_strings_free(pitot_strings* strings) { free_handle(strings); }

PITOT_C_API pitot_status pitot_bytes_get(const pitot_bytes* bytes, const void** data, int64_t* size) {
    return guarded([&]() -> Result<void> {
        return check_handle(bytes, "bytes")
            .and_then([&] { return check_optional_out(data, "data"); })
            .and_then([&] { return check_optional_out(size, "size"); })
            .map([&] {
                if (data != nullptr) {
                    *data = bytes->bytes.data();
                }
                if (size != nullptr) {
                    *size = static_cast<int64_t>(bytes->bytes.size()) - 1;
                }
            });
    });
}

PITOT_C_API void pitot_bytes_free(pitot_bytes* bytes) { free_handle(bytes); }

PITOT_C_API pitot_status pitot_stop_new(pitot_stop** out) {
    return guarded([&]() -> Result<void> {
        return check_out(out, "out").map([&] { *out = std::make_unique<pitot_stop>().release(); });
    });
}

PITOT_C_API pitot_status pitot_stop_request(pitot_stop* stop) {
    return guarded(
        [&]() -> Result<void> { return check_handle(stop, "stop").map([&] { stop->source.request_stop(); }); });
}

PITOT_C_API void pitot_stop_free(pitot_stop* stop) { free_handle(stop); }

}  // extern "C"

}  // namespace pitot::c_api
