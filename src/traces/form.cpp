#include "traces/form.hpp"

#include <fmt/core.h>

#include <charconv>

namespace pitot::traces {
namespace {

constexpr std::string_view kExtension = ".json";

struct KindName {
    TraceKind kind;
    const char* type;
};
constexpr std::array kKinds{KindName{TraceKind::kBenchmarking, "benchmarking"}, KindName{TraceKind::kWarm, "warm"},
                            KindName{TraceKind::kOpcodes, "opcodes"},
                            KindName{TraceKind::kInterference, "interference"}};

}  // namespace

TraceName parse_trace_name(std::string_view file_name) {
    if (file_name.ends_with(kExtension)) {
        file_name.remove_suffix(kExtension.size());
    }
    const std::size_t type = file_name.rfind('.');
    const std::size_t uuid = type == std::string_view::npos || type == 0 ? type : file_name.rfind('.', type - 1);
    if (type == std::string_view::npos || uuid == std::string_view::npos) {
        return {};
    }
    return {std::string(file_name.substr(uuid + 1, type - uuid - 1)), std::string(file_name.substr(type + 1))};
}

namespace form {

std::string member_key(std::size_t number, std::string_view file) { return fmt::format("{}:{}", number, file); }

std::optional<std::pair<std::uint32_t, std::string>> parse_member_key(std::string_view key) {
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), number);
    const auto digits = static_cast<std::size_t>(end - key.data());
    if (error != std::errc() || digits + 1 >= key.size() || key[digits] != ':') {
        return std::nullopt;
    }
    return std::pair(number, std::string(key.substr(digits + 1)));
}

const char* type_of(TraceKind kind) {
    for (const KindName& known : kKinds) {
        if (known.kind == kind) {
            return known.type;
        }
    }
    return "";
}

std::optional<TraceKind> kind_of_type(std::string_view type) {
    for (const KindName& known : kKinds) {
        if (known.type == type) {
            return known.kind;
        }
    }
    return std::nullopt;
}

std::string trace_file_name(std::string_view module_name, std::string_view uuid, TraceKind kind) {
    return fmt::format("{}.{}.{}{}", module_name, uuid, type_of(kind), kExtension);
}

}  // namespace form
}  // namespace pitot::traces
