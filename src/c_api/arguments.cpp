#include "c_api/arguments.hpp"

#include <cmath>
#include <utility>

namespace pitot::c_api {

Failure wrong(const char* argument, std::string_view what) {
    return fail(ErrorCode::kUsage, fmt::format("argument '{}' {}", argument, what));
}

Result<std::string> text(const char* given, const char* argument) {
    if (given == nullptr) {
        return wrong(argument, "is NULL: give a text");
    }
    return std::string(given);
}

std::string text_or_empty(const char* given) { return given == nullptr ? std::string() : std::string(given); }

Result<std::string_view> text_of(const char* bytes, std::int64_t size, const char* argument) {
    return array(bytes, size, argument).map([](std::span<const char> of) {
        return std::string_view(of.data(), of.size());
    });
}

Result<std::vector<std::string>> texts(const pitot_texts& given, const char* argument) {
    if (given.count < 0 || given.count == std::numeric_limits<std::int64_t>::max()) {
        return wrong(argument, fmt::format("has {} texts: a count is 0 or more", given.count));
    }
    std::vector<std::string> all;
    if (given.count == 0) {
        return all;
    }
    PITOT_TRY(const auto offsets, array(given.offsets, given.count + 1, argument));
    PITOT_TRY(const auto bytes, text_of(given.bytes, given.size, argument));
    if (offsets.front() != 0 || offsets.back() != given.size || !std::ranges::is_sorted(offsets)) {
        return wrong(argument, fmt::format("has offsets that do not rise from 0 to its size, {}", given.size));
    }
    all.reserve(offsets.size() - 1);
    for (std::size_t i = 0; i + 1 < offsets.size(); ++i) {
        all.emplace_back(
            bytes.substr(static_cast<std::size_t>(offsets[i]), static_cast<std::size_t>(offsets[i + 1] - offsets[i])));
    }
    return all;
}

Result<bool> flag(std::int32_t given, const char* argument) {
    if (given != 0 && given != 1) {
        return wrong(argument, fmt::format("is {}: it is 0 or 1", given));
    }
    return given == 1;
}

Result<void> check_reserved(std::int32_t given) {
    return given == 0 ? Result<void>() : wrong("reserved", fmt::format("is {}: it is 0", given));
}

Result<std::optional<Input>> input(const pitot_input& given, const char* argument) {
    if (given.data == nullptr && given.path == nullptr) {
        return given.size == 0 ? Result<std::optional<Input>>(std::nullopt)
                               : wrong(argument, fmt::format("has {} bytes, but they are NULL", given.size));
    }
    if (given.data == nullptr && *given.path == '\0') {
        return wrong(argument, "has an empty path: give a file, or bytes");
    }
    if (given.data == nullptr) {
        return Input{given.path};
    }
    PITOT_TRY(const auto bytes, text_of(static_cast<const char*>(given.data), given.size, argument));
    return Input{given.path == nullptr ? "" : given.path, bytes};
}

Result<Side> side(const pitot_side* given, bool modules, const char* argument) {
    PITOT_TRY(const auto parts, struct_or_default(given, argument));
    PITOT_TRY(const bool counts, flag(parts.counts, "counts"));
    if (counts && !modules) {
        return wrong(argument, "has counts set: platforms have no opcode counts");
    }
    Side made;
    PITOT_TRY(made.names, texts(parts.names, argument));
    PITOT_TRY(made.feature_names, texts(parts.feature_names, argument));
    const std::int64_t rows = made.size();
    const auto columns = std::ssize(made.feature_names);
    if (parts.features != nullptr && columns == 0) {
        return wrong(argument, "has features but no feature_names: name each column");
    }
    if (auto ok = check_reserved(parts.reserved); !ok) {
        return Failure(ok.error());
    }
    if (rows > std::numeric_limits<std::int32_t>::max()) {
        return wrong(argument, fmt::format("has {} rows, more than row numbers can name", rows));
    }
    if (columns > 0 && rows > std::numeric_limits<std::int64_t>::max() / columns) {
        return wrong(argument, fmt::format("has {} × {} features, more than there can be", rows, columns));
    }
    PITOT_TRY(const auto values, array(parts.features, rows * columns, argument));
    made.features = Matrix<double>(rows, columns);
    std::ranges::copy(values, made.features.flat().begin());
    for (std::size_t k = 0; counts && k < values.size(); ++k) {
        if (!std::isfinite(values[k]) || values[k] < 0.0) {
            return fail(ErrorCode::kInput,
                        fmt::format("feature '{}' of '{}' is {}: opcode counts are finite and not negative",
                                    made.feature_names[k % static_cast<std::size_t>(columns)],
                                    made.names[k / static_cast<std::size_t>(columns)], values[k]));
        }
        made.features.flat()[k] = std::log1p(values[k]);
    }
    return made;
}

Result<Combinations> combinations(const pitot_combinations* given) {
    if (given == nullptr || !aligned(given)) {
        return wrong("combinations", given == nullptr ? "is NULL" : "is not aligned to its type");
    }
    Combinations rows;
    PITOT_TRY(rows.platform, array(given->platform, given->rows, "platform"));
    PITOT_TRY(rows.module, array(given->module, given->rows, "module"));
    PITOT_TRY(rows.co_runners, array(given->co_runners, given->co_runner_count, "co_runners"));
    if (given->co_runner_width < 0 || given->co_runner_width > std::numeric_limits<std::int32_t>::max()) {
        return wrong("co_runner_width", fmt::format("is {}", given->co_runner_width));
    }
    if (given->co_runner_offsets == nullptr) {
        rows.width = static_cast<std::int32_t>(given->co_runner_width);
        const auto width = static_cast<std::size_t>(rows.width);
        const bool whole = width == 0
                               ? rows.co_runners.empty()
                               : rows.co_runners.size() % width == 0 && rows.co_runners.size() / width == rows.rows();
        return whole ? Result<Combinations>(rows)
                     : wrong("co_runners", fmt::format("has {} elements, not {} rows × {}", rows.co_runners.size(),
                                                       rows.rows(), width));
    }
    if (given->co_runner_width != 0) {
        return wrong("co_runner_width", "is for co-runners without offsets: leave one of both out");
    }
    PITOT_TRY(rows.offsets, array(given->co_runner_offsets, given->rows + 1, "co_runner_offsets"));
    if (rows.offsets.front() != 0 || rows.offsets.back() != given->co_runner_count ||
        !std::ranges::is_sorted(rows.offsets)) {
        return wrong("co_runner_offsets",
                     fmt::format("do not rise from 0 to the number of co-runners, {}", given->co_runner_count));
    }
    for (std::size_t n = 0; n < rows.rows(); ++n) {
        if (rows.offsets[n + 1] - rows.offsets[n] > std::numeric_limits<std::int32_t>::max()) {
            return wrong("co_runner_offsets", fmt::format("give row {} too many co-runners", n));
        }
    }
    return rows;
}

std::int32_t as_matrix(const Combinations& rows, std::size_t first, std::size_t count,
                       std::vector<std::int32_t>& matrix) {
    std::size_t width = 0;
    for (std::size_t n = first; n < first + count; ++n) {
        width = std::max(width, rows.beside(n).size());
    }
    matrix.assign(count * width, -1);
    for (std::size_t n = 0; n < count; ++n) {
        std::ranges::copy(rows.beside(first + n), matrix.begin() + static_cast<std::ptrdiff_t>(n * width));
    }
    return static_cast<std::int32_t>(width);
}

Result<void> check_rows(const Combinations& rows, std::int64_t platforms, std::int64_t modules) {
    const auto outside = [](std::size_t row, const char* kind, std::int32_t number, std::int64_t size) {
        return fail(ErrorCode::kUsage,
                    fmt::format("row {} asks for {} number {}, but there are {}", row, kind, number, size));
    };
    for (std::size_t n = 0; n < rows.rows(); ++n) {
        if (rows.platform[n] < 0 || rows.platform[n] >= platforms) {
            return outside(n, "platform", rows.platform[n], platforms);
        }
        if (rows.module[n] < 0 || rows.module[n] >= modules) {
            return outside(n, "module", rows.module[n], modules);
        }
        for (const std::int32_t k : rows.beside(n)) {
            if (k < -1 || k >= modules) {
                return outside(n, "co-runner", k, modules);
            }
        }
    }
    return {};
}

}  // namespace pitot::c_api
