// A child process that answers through a pipe.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "pitot/result.hpp"

namespace pitot::wasm {

struct ChildAnswer {
    std::string bytes;       ///< all that it wrote to the pipe
    bool timed_out = false;  ///< it was killed at the limit
    int exit_status = 0;     ///< if it was not killed
    int signal = 0;          ///< that ended it, or 0
};

/// Forks; the child calls `body` with the end of the pipe to write to and exits with what it returns. Its standard
/// output is our standard error, and it dies with us. Error: kEnvironment if no process can be started.
[[nodiscard]] Result<ChildAnswer> run_child(const std::function<int(int answer_fd)>& body,
                                            std::optional<double> limit_s);

}  // namespace pitot::wasm
