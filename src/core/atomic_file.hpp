// Files are written whole or not at all: into a file without a name, fsync, then put in place.
#pragma once

#include <filesystem>
#include <functional>
#include <span>
#include <string_view>

#include "pitot/result.hpp"

namespace pitot {

/// A file being written. It has no name until put(), so that nothing of it stays if the process is killed (on file
/// systems without such files it lies as TARGET.tmp-XXXXXX beside its place). Symbolic links are followed: what they
/// point to is replaced, not the link. A FIFO or a character device gets the bytes and stays what it is.
class NewFile {
public:
    /// Errors: kEnvironment naming the target.
    [[nodiscard]] static Result<NewFile> create(const std::filesystem::path& target);
    NewFile(NewFile&& other) noexcept;
    NewFile& operator=(NewFile&& other) noexcept;
    NewFile(const NewFile&) = delete;
    NewFile& operator=(const NewFile&) = delete;
    ~NewFile();

    /// What to open for writing. Absolute, and good in child processes; it is not to be replaced by another file.
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    /// Brings the bytes to the disk: what may fail for want of space.
    [[nodiscard]] Result<void> sync();
    /// Puts the file in its place, where it replaces what is there.
    [[nodiscard]] Result<void> put();
    /// Puts files that belong together in their places, in this order and in one go.
    [[nodiscard]] static Result<void> put_all(std::span<NewFile> files);

private:
    NewFile() = default;
    [[nodiscard]] bool open_beside();
    [[nodiscard]] bool open_anywhere();
    [[nodiscard]] bool give_name();
    [[nodiscard]] bool take_place();
    [[nodiscard]] bool copy_to_target() const;

    std::filesystem::path named_;   // as the caller calls the target
    std::filesystem::path target_;  // the same behind symbolic links
    std::filesystem::path path_;
    std::filesystem::path temporary_;  // its own name, if it has to have one
    int file_ = -1;
    bool stream_ = false;  // the target is a FIFO or a device
};

/// Whether a file of this name could be written, as far as can be told without doing it. Error: kEnvironment.
[[nodiscard]] Result<void> check_writable(const std::filesystem::path& target);

/// Calls `fill` with the path to write to; when it succeeds the file is put in the place of `target`, else nothing
/// changes. Errors: kEnvironment naming the target, or fill's own.
[[nodiscard]] Result<void> write_whole(const std::filesystem::path& target,
                                       const std::function<Result<void>(const std::filesystem::path&)>& fill);

/// The same for text at hand.
[[nodiscard]] Result<void> write_text(const std::filesystem::path& target, std::string_view text);

}  // namespace pitot
