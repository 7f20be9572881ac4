#include "core/file_batch.hpp"

#include <utility>

#include "core/path.hpp"
#include "core/read_file.hpp"

namespace pitot::core {
namespace {

constexpr std::size_t kMostOpen = 256;  // of the descriptors that a process has, often 1024

}  // namespace

Result<void> FileBatch::add(const std::filesystem::path& target, std::string_view text) {
    if (const auto old = read_file(target, text.size()); old && *old == text) {
        return {};
    }
    if (target.has_parent_path()) {
        if (auto made = make_folder(target.parent_path()); !made) {
            return made;
        }
    }
    PITOT_TRY(auto file, NewFile::create(target));
    if (auto written = file.write(text); !written) {
        return written;
    }
    files_.push_back(std::move(file));
    return files_.size() < kMostOpen ? Result<void>() : finish();
}

Result<void> FileBatch::finish() {
    auto put = NewFile::put_each(files_);
    files_.clear();
    return put;
}

}  // namespace pitot::core
