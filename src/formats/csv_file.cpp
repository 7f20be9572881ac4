#include "formats/csv_file.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cmath>
#include <iterator>
#include <system_error>
#include <utility>

#include "formats/csv.hpp"

namespace pitot::formats {
namespace {

constexpr std::size_t kBufferBytes = 1 << 16;

Failure unwritable(const std::filesystem::path& target) {
    return fail(ErrorCode::kEnvironment, fmt::format("cannot write '{}': {}; check the folder and the free space",
                                                     target.string(), std::generic_category().message(errno)));
}

}  // namespace

void CsvFile::separate() {
    if (inside_) {
        buffer_ += ',';
    }
    inside_ = true;
}

void CsvFile::put(std::string_view text) {
    separate();
    buffer_ += text.empty() ? std::string() : csv_field(text, true);
}

void CsvFile::put(double number) {
    separate();
    if (std::abs(number) < 0x1p53 && std::trunc(number) == number) {
        fmt::format_to(std::back_inserter(buffer_), "{:.0f}", number);
    } else {
        fmt::format_to(std::back_inserter(buffer_), "{}", number);
    }
}

void CsvFile::end_record() {
    buffer_ += '\n';
    inside_ = false;
    if (buffer_.size() >= kBufferBytes) {
        ok_ = flush();
    }
}

bool CsvFile::flush() {
    ok_ = ok_ && std::fwrite(buffer_.data(), 1, buffer_.size(), file_) == buffer_.size() && std::fflush(file_) == 0;
    buffer_.clear();
    return ok_;
}

Result<core::NewFile> make_csv_file(const std::filesystem::path& target,
                                    const std::function<Result<void>(CsvFile&)>& fill) {
    auto made = core::NewFile::create(target);
    if (!made) {
        return made;
    }
    std::FILE* file = std::fopen(made->path().c_str(), "wbe");
    if (file == nullptr) {
        return unwritable(target);
    }
    CsvFile out(file);
    auto filled = fill(out);
    const bool flushed = out.flush();
    const bool closed = std::fclose(file) == 0;
    if (filled && !(flushed && closed)) {
        return unwritable(target);
    }
    const auto kept = filled.and_then([&] { return made->sync(); });
    return kept ? std::move(made) : Failure(kept.error());
}

}  // namespace pitot::formats
