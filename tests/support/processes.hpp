// Processes that a test started, perhaps by way of others.
#pragma once

#include <chrono>
#include <filesystem>
#include <fstream>
#include <stop_token>
#include <string>
#include <system_error>
#include <thread>

namespace pitot::test {

/// Whether the process ends within seconds. `pid`: its number, and perhaps a line's end. One that nobody has waited for
/// counts as ended.
inline bool ends(const std::string& pid) {
    if (pid.empty()) {
        return false;  // it was never there
    }
    const std::string file = "/proc/" + pid.substr(0, pid.find('\n')) + "/stat";
    for (int i = 0; i < 300; ++i) {
        std::ifstream stream(file);
        std::string state;
        if (!(stream >> state >> state >> state) || state == "Z" || state == "X") {
            return true;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
}

/// Requests a stop a while after it was made, or as soon as a file has something in it.
class LaterStop {
public:
    explicit LaterStop(std::chrono::milliseconds wait)
        : thread_([this, wait] {
              std::this_thread::sleep_for(wait);
              source_.request_stop();
          }) {}
    explicit LaterStop(const std::filesystem::path& file)
        : thread_([this, file] {
              std::error_code error;
              for (int i = 0; i < 1500 && (std::filesystem::file_size(file, error) == 0 || error); ++i) {
                  std::this_thread::sleep_for(std::chrono::milliseconds(10));
              }
              source_.request_stop();
          }) {}
    [[nodiscard]] std::stop_token token() const { return source_.get_token(); }

private:
    std::stop_source source_;
    std::jthread thread_;
};

}  // namespace pitot::test
