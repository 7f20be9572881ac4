// The writer of all files: a file appears under its name when all its bytes are on the disk, or not at all.
#pragma once

#include <filesystem>
#include <functional>
#include <span>
#include <string_view>

#include "pitot/result.hpp"

namespace pitot::core {

/// A file being written. The system keeps it without a name until put(), so that a killed process leaves nothing
/// behind. It is called TARGET.pitot-tmp-0 for the moment in which it replaces an existing TARGET, and all the time on
/// file systems that have no files without names: a process killed then leaves a file of that name, which the next
/// process that writes TARGET removes. If TARGET is a symbolic link, the file that the link points to is replaced. If
/// TARGET is a FIFO or a character device, put() copies the bytes into it.
class NewFile {
public:
    /// Errors: kEnvironment naming the target.
    [[nodiscard]] static Result<NewFile> create(const std::filesystem::path& target);
    NewFile(NewFile&& other) noexcept;
    NewFile& operator=(NewFile&& other) noexcept;
    NewFile(const NewFile&) = delete;
    NewFile& operator=(const NewFile&) = delete;
    ~NewFile();

    /// Path to open for writing: absolute, valid in child processes too. The file there must not be replaced by
    /// another.
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    /// Adds bytes to it: instead of opening path().
    [[nodiscard]] Result<void> write(std::string_view bytes);
    /// Brings the bytes to the disk. Fails where the disk is full.
    [[nodiscard]] Result<void> sync();
    /// Gives the file its name, TARGET, in place of the file that is there.
    [[nodiscard]] Result<void> put();
    /// Puts files in their places, each by itself, and brings all of them to the disk at the price of one.
    [[nodiscard]] static Result<void> put_each(std::span<NewFile> files);
    /// Puts files that belong together in their places; none of them is a FIFO or a device. Every file is first named
    /// TARGET.pitot-new, in the order of `files`, and then renamed to TARGET in that order. If the process is killed
    /// before the last one is named TARGET.pitot-new, the old files stand; after that, the new ones do. standing_part()
    /// tells readers which of the two names to read, and the next put_all() of the same files removes or completes what
    /// the killed process left.
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

    std::filesystem::path named_;   // TARGET as the caller gave it, for messages
    std::filesystem::path target_;  // the file that TARGET stands for behind symbolic links
    std::filesystem::path path_;
    std::filesystem::path temporary_;  // name of this file on the way to TARGET; empty: it has none
    int file_ = -1;
    bool stream_ = false;  // the target is a FIFO or a device
};

/// Path under which to read `part`, a file that put_all() wrote together with others, the last of which is `last`. It
/// is PART.pitot-new if put_all() was killed after all files had such names and before this one was renamed, else
/// `part`.
[[nodiscard]] std::filesystem::path standing_part(const std::filesystem::path& part, const std::filesystem::path& last);

/// Whether a file of this name could be written, as far as can be told without doing it. Error: kEnvironment.
[[nodiscard]] Result<void> check_writable(const std::filesystem::path& target);

/// Calls `fill` with the path to write to; when it succeeds the file is put in the place of `target`, else nothing
/// changes. Errors: kEnvironment naming the target, or fill's own.
[[nodiscard]] Result<void> write_whole(const std::filesystem::path& target,
                                       const std::function<Result<void>(const std::filesystem::path&)>& fill);

/// The same for text at hand.
[[nodiscard]] Result<void> write_text(const std::filesystem::path& target, std::string_view text);

}  // namespace pitot::core
