// Files are written whole or not at all: into a file without a name, fsync, then put in place.
#pragma once

#include <filesystem>
#include <functional>
#include <span>
#include <string_view>

#include "pitot/result.hpp"

namespace pitot {

/// A file being written. It has no name until put(), so that nothing of it stays if the process is killed. While it
/// replaces another file, and on file systems without such files from the beginning, it is called
/// TARGET.pitot-tmp-0: a process killed then leaves that, and the next one that needs the name removes it. Symbolic
/// links are followed: what they point to is replaced, not the link. A FIFO or a character device gets the bytes and
/// stays what it is.
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
    /// Adds bytes to it: instead of opening path().
    [[nodiscard]] Result<void> write(std::string_view bytes);
    /// Brings the bytes to the disk: what may fail for want of space.
    [[nodiscard]] Result<void> sync();
    /// Puts the file in its place, where it replaces what is there.
    [[nodiscard]] Result<void> put();
    /// Puts files in their places, each by itself, and brings all of them to the disk at the price of one.
    [[nodiscard]] static Result<void> put_each(std::span<NewFile> files);
    /// Puts files that belong together in their places, none of them a FIFO or a device. All are named
    /// TARGET.pitot-new first, the last one last, and then take their places in the same order: whenever the process
    /// is killed, standing_part() leads to all the old files or to all the new ones, and the next put_all() of the same
    /// files removes or completes what was left.
    [[nodiscard]] static Result<void> put_all(std::span<NewFile> files);

private:
    NewFile() = default;
    [[nodiscard]] static bool finish_interrupted(std::span<const NewFile> files);
    [[nodiscard]] bool open_beside();
    [[nodiscard]] bool open_named();
    [[nodiscard]] bool open_anywhere();
    [[nodiscard]] bool link_to(const std::filesystem::path& name) const;
    [[nodiscard]] bool give_name();
    [[nodiscard]] bool stage();
    [[nodiscard]] bool leave_stage() const;
    [[nodiscard]] bool take_place();
    [[nodiscard]] bool copy_to_target() const;

    std::filesystem::path named_;   // as the caller calls the target
    std::filesystem::path target_;  // the same behind symbolic links
    std::filesystem::path path_;
    std::filesystem::path temporary_;  // its own name, if it has to have one
    int file_ = -1;
    bool stream_ = false;  // the target is a FIFO or a device
};

/// Where to read `part`, one of the files of which put_all() puts `last` last: `part` itself, or PART.pitot-new if the
/// process that put them in place was killed when all of them were complete.
[[nodiscard]] std::filesystem::path standing_part(const std::filesystem::path& part, const std::filesystem::path& last);

/// Whether a file of this name could be written, as far as can be told without doing it. Error: kEnvironment.
[[nodiscard]] Result<void> check_writable(const std::filesystem::path& target);

/// Calls `fill` with the path to write to; when it succeeds the file is put in the place of `target`, else nothing
/// changes. Errors: kEnvironment naming the target, or fill's own.
[[nodiscard]] Result<void> write_whole(const std::filesystem::path& target,
                                       const std::function<Result<void>(const std::filesystem::path&)>& fill);

/// The same for text at hand.
[[nodiscard]] Result<void> write_text(const std::filesystem::path& target, std::string_view text);

}  // namespace pitot
