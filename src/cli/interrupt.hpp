// Ctrl-C as a stop token.
#pragma once

#include <stop_token>
#include <thread>

namespace pitot::cli {

/// While it lives, the first SIGINT, SIGTERM or SIGHUP requests a stop and the second ends the process. For the part of
/// a verb that watches a stop token, and no other: elsewhere a signal ends the process at once, as it should. One at a
/// time.
class Interrupt {
public:
    Interrupt();
    Interrupt(const Interrupt&) = delete;
    Interrupt& operator=(const Interrupt&) = delete;
    Interrupt(Interrupt&&) = delete;
    Interrupt& operator=(Interrupt&&) = delete;
    ~Interrupt();

    [[nodiscard]] std::stop_token token() const { return source_.get_token(); }

private:
    std::stop_source source_;
    std::thread watcher_;
};

}  // namespace pitot::cli
