#include "cli/interrupt.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <system_error>

namespace pitot::cli {
namespace {

// A handler may only do what is async-signal-safe; requesting a stop is not. It therefore wakes a thread that does.
constexpr std::uint64_t kSignalled = 1;
constexpr std::uint64_t kFinished = 1ULL << 32U;
constexpr std::array kSignals{SIGINT, SIGTERM, SIGHUP};
std::atomic<int> wake_fd{-1};  // NOLINT: a signal handler has no other way to its data

void wake(std::uint64_t what) {
    const int saved = errno;
    [[maybe_unused]] const auto written = ::write(wake_fd.load(), &what, sizeof(what));
    errno = saved;
}

extern "C" void on_signal(int /*signal*/) {
    for (const int number : kSignals) {
        std::signal(number, SIG_DFL);  // the second one ends the process
    }
    wake(kSignalled);
}

}  // namespace

Interrupt::Interrupt() {
    const int fd = ::eventfd(0, EFD_CLOEXEC);
    if (fd < 0) {
        throw std::system_error(errno, std::generic_category(), "eventfd");
    }
    wake_fd = fd;
    const auto watch = [this, fd] {
        std::uint64_t events = 0;
        while (events < kFinished) {
            if (::read(fd, &events, sizeof(events)) == sizeof(events) && (events % kFinished) != 0) {
                source_.request_stop();
            }
        }
    };
    try {
        watcher_ = std::thread(watch);
    } catch (...) {
        ::close(wake_fd.exchange(-1));
        throw;
    }
    for (const int number : kSignals) {
        struct sigaction action {};
        action.sa_handler = on_signal;
        action.sa_flags = SA_RESTART;
        struct sigaction old {};
        ::sigaction(number, nullptr, &old);
        if (old.sa_handler != SIG_IGN) {  // `nohup`-like callers keep their wish
            ::sigaction(number, &action, nullptr);
        }
    }
}

Interrupt::~Interrupt() {
    for (const int number : kSignals) {
        struct sigaction old {};
        ::sigaction(number, nullptr, &old);
        if (old.sa_handler == on_signal) {
            std::signal(number, SIG_DFL);
        }
    }
    wake(kFinished);
    watcher_.join();
    ::close(wake_fd.exchange(-1));
}

}  // namespace pitot::cli
