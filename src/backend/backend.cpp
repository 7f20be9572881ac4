#include "backend/backend.hpp"

#include <algorithm>
#include <array>
#include <string>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/suggest.hpp"

namespace pitot::backend {

namespace {

Result<const Backend*> named_backend(std::string_view name, const Context& context) {
    if (name == "cpu") {
        return check_instruction_set().map([] { return &cpu_backend(); });
    }
    if (name == "reference") {
        return &reference_backend();
    }
    if (name == "cuda") {
        return cuda_backend(context.devices, context.precision);
    }
    static const std::array<std::string, 4> known{"auto", "cpu", "cuda", "reference"};
    // By letters a GPU is nearer to the processor than to what it is called here.
    const std::string near = name == "gpu" ? "; did you mean 'cuda'?" : core::suggestion(name, known);
    return fail(ErrorCode::kUsage,
                fmt::format("there is no backend '{}' (known: {}){}", name, fmt::join(known, ", "), near));
}

// Of a backend on the processor.
Result<void> check_host(std::string_view name, const Context& context) {
    const auto other = std::ranges::find_if(context.devices, [](int device) { return device != 0; });
    if (other != context.devices.end()) {
        return fail(ErrorCode::kUsage, fmt::format("backend '{}' runs on the processor, which is its device 0; there "
                                                   "is no device {} (cards are devices of the backend 'cuda')",
                                                   name, *other));
    }
    if (context.precision != "auto" && (name != "cpu" || context.precision != "fp32")) {
        return fail(ErrorCode::kUsage,
                    fmt::format("backend '{}' computes in {}-bit floating point; it has no precision '{}' (the backend "
                                "'{}' has it)",
                                name, name == "cpu" ? 32 : 64, context.precision,
                                context.precision == "fp32" ? "cpu" : "cuda"));
    }
    return {};
}

}  // namespace

Result<const Backend*> find_backend(std::string_view name) {
    Context context;
    context.backend = name;
    return find_backend(context);
}

Result<const Backend*> find_backend(const Context& context) {
    if (auto ok = context.validate(); !ok) {
        return Failure(ok.error());
    }
    if (context.backend != "auto") {
        PITOT_TRY(const auto backend, named_backend(context.backend, context));
        if (context.backend != "cuda") {
            if (auto ok = check_host(context.backend, context); !ok) {
                return Failure(ok.error());
            }
        }
        return backend;
    }
    auto cuda = named_backend("cuda", context);
    if (cuda || cuda.error().code() != ErrorCode::kEnvironment) {
        return cuda;
    }
    if (auto ok = check_host("cpu", context); !ok) {  // of what was asked for, something only cards have
        return fail(ok.error().code(),
                    fmt::format("{}. No card was found: {}", ok.error().message(), cuda.error().message()));
    }
    return named_backend("cpu", context);
}

}  // namespace pitot::backend
