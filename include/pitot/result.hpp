// Errors as values: what input or the environment can cause comes back as Result<T>.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

namespace pitot {

/// Who has to act on an error. The command line turns it into an exit status.
enum class ErrorCode {
    kUsage,        ///< the call itself is wrong (exit 2)
    kInput,        ///< a file or a value in it is wrong (exit 3)
    kEnvironment,  ///< the machine refused: disk, memory, permissions, missing device (exit 4)
    kCancelled,    ///< the user asked to stop (exit 130)
    kBug,          ///< a broken promise of ours (exit 1)
};

/// What mends an error, for programs that have a name of their own for it, as an option; pitot/remedy.hpp lists them.
enum class Remedy : std::uint8_t;

/// What went wrong, in words for the person who can mend it: the message names the thing and says what to do.
class Error {
public:
    /// `about`: what the remedy is about, as its enumerator says.
    Error(ErrorCode code, std::string message, Remedy remedy = Remedy{}, std::vector<std::string> about = {})
        : code_(code), remedy_(remedy), message_(std::move(message)), remedy_about_(std::move(about)) {}

    [[nodiscard]] ErrorCode code() const { return code_; }
    [[nodiscard]] const std::string& message() const { return message_; }
    [[nodiscard]] Remedy remedy() const { return remedy_; }
    [[nodiscard]] const std::vector<std::string>& remedy_about() const { return remedy_about_; }

    /// Adds what was being done, outermost last ("reading data.npz").
    Error& add_context(std::string context) {
        context_.push_back(std::move(context));
        return *this;
    }
    [[nodiscard]] const std::vector<std::string>& context() const { return context_; }

    /// "outer: inner: message", one line.
    [[nodiscard]] std::string to_string() const {
        std::string text;
        for (auto it = context_.rbegin(); it != context_.rend(); ++it) {
            text += *it + ": ";
        }
        return text + message_;
    }

private:
    ErrorCode code_;
    Remedy remedy_;
    std::string message_;
    std::vector<std::string> remedy_about_;
    std::vector<std::string> context_;
};

template <typename T>
using Result = tl::expected<T, Error>;

using Failure = tl::unexpected<Error>;

/// The error value of any Result<T>: `return fail(ErrorCode::kInput, "…")`.
[[nodiscard]] inline Failure fail(ErrorCode code, std::string message, Remedy remedy = Remedy{},
                                  std::vector<std::string> about = {}) {
    return Failure(Error(code, std::move(message), remedy, std::move(about)));
}

/// Passes an error on with what was being done.
[[nodiscard]] inline Failure fail(Error error, std::string context) {
    error.add_context(std::move(context));
    return Failure(std::move(error));
}

}  // namespace pitot

/// Declares what a Result holds, or returns its error: `PITOT_TRY(const auto rows, read_rows(file));`. For functions
/// that return a Result themselves. It is several statements, so one a line and never alone behind an `if`.
#define PITOT_TRY(declaration, ...) PITOT_TRY_AS(PITOT_TRY_NAME(result_, __LINE__), declaration, __VA_ARGS__)
#define PITOT_TRY_AS(result, declaration, ...)              \
    auto result = (__VA_ARGS__);                            \
    if (!result) {                                          \
        return ::pitot::Failure(std::move(result).error()); \
    }                                                       \
    declaration = *std::move(result) /* NOLINT(bugprone-macro-parentheses) */
#define PITOT_TRY_NAME(name, line) PITOT_TRY_NAME_OF(name, line)
#define PITOT_TRY_NAME_OF(name, line) name##line
