#include "c_api/errors.hpp"

#include <new>
#include <string>

#include "core/utf8.hpp"

namespace pitot::c_api {
namespace {

struct LastError {
    pitot_status status = PITOT_OK;
    std::string text;
    const char* fixed = "";  // where there is no memory for `text`
    bool is_fixed = true;
};

LastError& last_error() noexcept {
    thread_local LastError last;
    return last;
}

pitot_status status_of(ErrorCode code) noexcept {
    switch (code) {
        case ErrorCode::kUsage:
            return PITOT_ERROR_USAGE;
        case ErrorCode::kInput:
            return PITOT_ERROR_INPUT;
        case ErrorCode::kEnvironment:
            return PITOT_ERROR_ENVIRONMENT;
        case ErrorCode::kCancelled:
            return PITOT_ERROR_CANCELLED;
        case ErrorCode::kBug:
            break;
    }
    return PITOT_ERROR_BUG;
}

pitot_status keep_fixed(pitot_status status, const char* text) noexcept {
    LastError& last = last_error();
    last.status = status;
    last.fixed = text;
    last.is_fixed = true;
    return status;
}

}  // namespace

pitot_status report(const Error& error) noexcept {
    try {
        LastError& last = last_error();
        last.text = core::clean_lines(error.to_string());
        last.status = status_of(error.code());
        last.is_fixed = false;
        return last.status;
    } catch (...) {
        return keep_fixed(status_of(error.code()), "there is no memory to say what went wrong; free some");
    }
}

pitot_status report_unknown() noexcept {
    try {
        throw;
    } catch (const std::bad_alloc&) {
        return keep_fixed(PITOT_ERROR_ENVIRONMENT, "there is not enough memory; free some");
    } catch (...) {
        return keep_fixed(PITOT_ERROR_BUG, "something was thrown that should have been an error; please report it");
    }
}

extern "C" {

PITOT_C_API const char* pitot_last_error(void) {
    const auto& last = last_error();
    return last.is_fixed ? last.fixed : last.text.c_str();
}

PITOT_C_API pitot_status pitot_last_error_status(void) { return last_error().status; }

}  // extern "C"

}  // namespace pitot::c_api
