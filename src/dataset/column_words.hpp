// What the name of a column tells, by its words.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dataset/side_table.hpp"
#include "formats/quantity.hpp"

namespace pitot::dataset {

/// The words of a column's name, in lower case: "Wall time (ms)", "wallTimeMs" and "WALL_TIME_MS" are `wall time`, in
/// ms.
struct HeaderWords {
    std::vector<std::string> words;         ///< without the unit and without a number at the end
    std::optional<formats::TimeUnit> unit;  ///< in brackets, or a word
    bool bracketed = false;                 ///< the unit stood in brackets
    bool numbered = false;                  ///< a number ended it, as in "with2"

    [[nodiscard]] bool is(std::string_view sentence) const;  ///< "wall time"
    [[nodiscard]] bool has(std::string_view word) const;
};
[[nodiscard]] HeaderWords header_words(std::string_view header);

/// Whether a column of that name holds names of that side ("Device", "benchmark", …). Not of the other, and not "name".
[[nodiscard]] bool names_side(const HeaderWords& header, Axis axis);

/// What a column may hold by its name. A name may fit several.
enum class NameKind : std::uint8_t {
    kDevice,
    kEngine,
    kModule,
    kModuleIfNothingElse,  ///< "name", "command", "file"
    kUnit,
    kExitCode,
    kStatus,   ///< words that say whether a run succeeded
    kSuccess,  ///< the same, true or false
    kCoRunners,
    kAside,  ///< what may stand beside a matrix without being a part of it: notes, dates
};
[[nodiscard]] bool is_called(const HeaderWords& header, NameKind kind);

/// The name in one piece, less "name" at its end ("Device name") and less what hyperfine puts before parameters.
[[nodiscard]] std::string less_name(const HeaderWords& header);

/// How sure it is that a column holds runtimes by its name: 1 most, 3 least, 0 not at all.
[[nodiscard]] int runtime_tier(const HeaderWords& header);

/// Whether a column by its name tells repeats of a measurement apart (a run's number, a date) or holds what else was
/// measured (memory, a deviation), so that it says nothing of what was measured.
[[nodiscard]] bool tells_repeats(const HeaderWords& header);

/// Whether a column by its name holds how large or how parallel what was measured is ("size", "threads").
[[nodiscard]] bool tells_size(const HeaderWords& header);

/// Whether a name is that of a summary ("Average", "Total", …), not of a module or a platform.
[[nodiscard]] bool sums_up(const HeaderWords& header);

/// Whether a run succeeded by what a cell of a column of words says; nothing where it is not known. `numbers`: 1 is
/// success and 0 is none, else 0 is success as of exit codes.
[[nodiscard]] std::optional<bool> succeeded(std::string_view cell, bool numbers);

/// Whether a column seems to name co-runners, though it is not known as one.
[[nodiscard]] bool like_co_runners(const HeaderWords& header);

}  // namespace pitot::dataset
