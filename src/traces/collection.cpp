#include "traces/collection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <system_error>
#include <utility>

#include "core/parallel.hpp"
#include "core/read_file.hpp"
#include "core/utf8.hpp"
#include "formats/json_text.hpp"
#include "pitot/remedy.hpp"

namespace pitot::traces {
namespace {

namespace fs = std::filesystem;

// Errors stand behind the name of the file.
Result<std::string> read_json_text(const fs::path& file) {
    auto text = core::read_file(file, formats::kLargestJson);
    return text ? std::move(text)
                : Result<std::string>(fail(text.error().code(), "cannot be read: " + text.error().message()));
}

// The traces of a folder, sorted.
std::vector<fs::path> list_traces(const fs::path& folder, std::vector<TraceProblem>& problems) {
    std::vector<fs::path> files;
    std::error_code error;
    fs::recursive_directory_iterator walk(folder, fs::directory_options::skip_permission_denied, error);
    while (!error && walk != fs::recursive_directory_iterator()) {
        const fs::path name = walk->path().filename();
        std::error_code ignored;
        if (name.string().starts_with('.')) {
            walk.disable_recursion_pending();
        } else if (name.extension() == ".json" && walk->is_regular_file(ignored) &&
                   std::ranges::find(form::kNoTraces, name.string()) == form::kNoTraces.end()) {
            files.push_back(walk->path());
        }
        walk.increment(error);
    }
    if (error) {
        problems.push_back({folder.string(), fmt::format("cannot be listed to its end: {}", error.message())});
    }
    std::ranges::sort(files);
    return files;
}

Result<Trace> read_trace(const fs::path& file) {
    PITOT_TRY(const auto text, read_json_text(file));
    return parse_trace(file.string(), parse_trace_name(file.filename().string()), text);
}

class Reader {
public:
    explicit Reader(const CollectionOptions& options) : options_(options) {}

    [[nodiscard]] Result<void> add(const fs::path& path) {
        std::error_code error;
        const auto status = fs::status(path, error);
        if (!fs::exists(status)) {
            return fail(ErrorCode::kEnvironment, fmt::format("cannot read '{}': there is no such file or folder; give "
                                                             "the folder of a collection",
                                                             path.string()));
        }
        collection_.sources.push_back(path.string());
        if (!fs::is_directory(status)) {
            add_file(path);
            return {};
        }
        const fs::path devices = path / form::kDevicesFile;
        if (fs::exists(devices, error)) {
            add_devices(devices);
        } else {
            missing_.push_back({path.string(), "has no runtimes.json; devices are not known without it", true});
        }
        const std::size_t before = files_.size();
        std::ranges::move(list_traces(path, collection_.problems), std::back_inserter(files_));
        if (files_.size() == before) {
            if (fs::exists(path / form::kJournalFile, error)) {
                collection_.problems.push_back({path.string(),
                                                "holds a journal and no traces, so that what measured was ended before "
                                                "it wrote them; measure into it again, which writes the traces",
                                                false, Remedy::kMeasureAgain});
            } else {
                collection_.problems.push_back({path.string(), "holds no traces (*.json)"});
            }
        }
        return {};
    }

    [[nodiscard]] Collection finish() {
        std::ranges::move(missing_, std::back_inserter(collection_.problems));
        const auto total = std::ssize(files_);
        core::parallel_ordered(
            core::threads_for(options_.threads, total), total,
            [&](std::int64_t i) { return read_trace(files_[static_cast<std::size_t>(i)]); },
            [&](std::int64_t i, Result<Trace> trace) {
                if (trace) {
                    collection_.traces.push_back(*std::move(trace));
                } else {
                    complain(files_[static_cast<std::size_t>(i)], trace.error());
                }
                if (options_.progress) {
                    options_.progress(i + 1, total);
                }
                return true;
            });
        return std::move(collection_);
    }

private:
    void complain(const fs::path& file, const Error& error) {
        collection_.problems.push_back({file.string(), error.message()});
    }

    void add_file(const fs::path& file) {
        const auto text = read_json_text(file);
        if (!text) {
            complain(file, text.error());
            return;
        }
        if (!looks_flat(*text)) {
            join(file, parse_devices(file.string(), *text));
            return;
        }
        auto flat = parse_flat(file.string(), *text);
        if (!flat) {
            complain(file, flat.error());
            return;
        }
        std::ranges::move(flat->platforms, std::back_inserter(collection_.flat));
        std::ranges::move(flat->problems, std::back_inserter(collection_.problems));
    }

    void add_devices(const fs::path& file) {
        const auto text = read_json_text(file);
        if (!text) {
            complain(file, text.error());
            return;
        }
        join(file, parse_devices(file.string(), *text));
    }

    void join(const fs::path& file, Result<DeviceList> list) {
        if (!list) {
            complain(file, list.error());
            return;
        }
        std::ranges::move(list->problems, std::back_inserter(collection_.problems));
        for (Device& device : list->devices) {
            const auto [known, is_new] = seen_.emplace(device.id, collection_.devices.size());
            if (is_new) {
                device.file = file.string();
                collection_.devices.push_back(std::move(device));
                continue;
            }
            device.file = collection_.devices[known->second].file;
            if (collection_.devices[known->second] != device) {
                collection_.problems.push_back(
                    {file.string(),
                     fmt::format("describes device '{}' otherwise than a file before it; the first counts",
                                 core::printable(device.id))});
            }
        }
    }

    const CollectionOptions& options_;
    Collection collection_;
    std::vector<TraceProblem> missing_;
    std::vector<fs::path> files_;
    std::map<std::string, std::size_t> seen_;
};

}  // namespace

const Device* Collection::find_device(const std::string& id) const {
    const auto found = std::ranges::find(devices, id, &Device::id);
    return found == devices.end() ? nullptr : &*found;
}

const Device* Collection::find_device_named(const std::string& name) const {
    const Device* best = nullptr;
    for (const Device& device : devices) {
        if (device.name == name && (best == nullptr || (device.described && !best->described))) {
            best = &device;
        }
    }
    return best;
}

Result<Collection> read_collections(std::span<const std::filesystem::path> paths, const CollectionOptions& options) {
    Reader reader(options);
    for (const fs::path& path : paths) {
        if (auto added = reader.add(path); !added) {
            return Failure(std::move(added).error());
        }
    }
    return reader.finish();
}

}  // namespace pitot::traces
