#include "fleet/collection.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/atomic_file.hpp"

namespace pitot::fleet {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kJournal = "journal.jsonl";
constexpr const char* kLock = ".lock";

Failure cannot_write(const std::filesystem::path& path) {
    const std::string why = std::strerror(errno);  // NOLINT(concurrency-mt-unsafe): one thread
    return fail(ErrorCode::kEnvironment, fmt::format("cannot write {}: {}", path.string(), why));
}

// What must not change from one call to the next.
std::string head_of(const MeasurePlan& plan) {
    Json modules = Json::object();
    for (const Module& module : plan.modules) {
        std::error_code none;
        modules[module.file] = std::filesystem::file_size(module.path, none);
    }
    return Json{{"limit_s", plan.limit_s}, {"modules", modules}}.dump();
}

// "fft-small" of "wasm/signal/fft-small.wasm", with the folder, as part of a file's name.
std::string flat_name(std::string file) {
    file = file.substr(file.find('/') + 1);
    file.resize(file.size() - std::string(".wasm").size());
    std::ranges::replace(file, '/', '.');
    return file;
}

Json module_json(const std::string& name, const std::string& file, const std::string& device,
                 const std::string& engine) {
    return {
        {"name", name}, {"file", file}, {"parent", device}, {"args", {{"engine", engine}, {"argv", Json::array()}}}};
}

// A number for each trace, the same whenever it is written, in the form of a UUID.
std::string trace_id(const std::string& what) {
    std::uint64_t a = 0xcbf29ce484222325U;
    std::uint64_t b = 0x84222325cbf29ce4U;
    for (const char c : what) {
        a = (a ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
        b = (b ^ static_cast<unsigned char>(c)) * 0x10000000233U;
    }
    return fmt::format("{:08x}-{:04x}-8{:03x}-8{:03x}-{:012x}", a >> 32U, (a >> 16U) & 0xFFFFU, a & 0xFFFU,
                       (b >> 48U) & 0xFFFU, b & 0xFFFFFFFFFFFFU);
}

struct Place {
    std::filesystem::path folder;
    std::string device;  // its id
    std::string engine;  // its name
};

Result<void> write_json(const std::filesystem::path& path, const Json& json) { return write_text(path, json.dump()); }

Json benchmarking_json(const std::vector<Run>& runs) {
    Json json{{"wall", Json::array()}, {"utime", Json::array()}, {"stime", Json::array()}};
    Json failures = Json::array();
    for (std::size_t n = 0; n < runs.size(); ++n) {
        json["wall"].push_back(runs[n].wall_us);
        json["utime"].push_back(runs[n].user_us);
        json["stime"].push_back(runs[n].system_us);
        if (!runs[n].failure.empty()) {
            failures.push_back({{"run", n}, {"reason", runs[n].failure}});
        }
    }
    json["failures"] = failures;
    return json;
}

}  // namespace

Result<Collection> Collection::open(const MeasurePlan& plan) {
    Collection c;
    c.folder_ = plan.collection;
    std::error_code error;
    std::filesystem::create_directories(c.folder_, error);
    if (error) {
        return fail(ErrorCode::kEnvironment, fmt::format("cannot make {}: {}", c.folder_.string(), error.message()));
    }
    c.lock_ = ::open((c.folder_ / kLock).c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0644);
    if (c.lock_ < 0) {
        return cannot_write(c.folder_ / kLock);
    }
    if (::flock(c.lock_, LOCK_EX | LOCK_NB) != 0) {
        return fail(ErrorCode::kEnvironment,
                    fmt::format("another process measures into {}; wait for it, or name another folder with -o",
                                c.folder_.string()));
    }
    if (Result<void> read = c.read_journal(plan); !read) {
        return Failure(read.error());
    }
    return c;
}

Collection::Collection(Collection&& other) noexcept
    : folder_(std::move(other.folder_)),
      lock_(std::exchange(other.lock_, -1)),
      journal_(std::exchange(other.journal_, -1)),
      reused_(other.reused_),
      runs_(std::move(other.runs_)),
      sets_(std::move(other.sets_)),
      profiles_(std::move(other.profiles_)) {}

Collection::~Collection() {
    for (const int fd : {journal_, lock_}) {
        if (fd >= 0) {
            ::close(fd);
        }
    }
}

Result<void> Collection::read_journal(const MeasurePlan& plan) {
    const std::filesystem::path path = folder_ / kJournal;
    std::ifstream in(path, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    const std::size_t whole = text.rfind('\n') == std::string::npos ? 0 : text.rfind('\n') + 1;
    const std::string own = head_of(plan);
    std::string head;
    std::size_t number = 0;
    for (std::size_t from = 0; from < whole; ++number) {
        const std::size_t to = text.find('\n', from);
        const std::string line = text.substr(from, to - from);
        if (number == 0) {
            head = line;
        } else if (!read_line(line)) {
            return fail(ErrorCode::kInput, fmt::format("{}: line {} is not a run: remove the line, or name another "
                                                       "folder with -o",
                                                       path.string(), number + 1));
        }
        from = to + 1;
    }
    if (number > 0) {
        if (Result<void> same = check_plan(head, own); !same) {
            return same;
        }
    }
    journal_ = ::open(path.c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0644);
    if (journal_ < 0 || ::ftruncate(journal_, static_cast<off_t>(whole)) != 0) {
        return cannot_write(path);
    }
    reused_ = static_cast<std::int64_t>(sets_.size());
    for (const auto& [cell, runs] : runs_) {
        reused_ += static_cast<std::int64_t>(runs.size());
    }
    return number > 0 ? Result<void>() : append(own);
}

Result<void> Collection::check_plan(const std::string& head, const std::string& own) const {
    const Json then = Json::parse(head, nullptr, false);
    const Json now = Json::parse(own);
    const auto differs = [&](const std::string& what, const Json& was, const Json& is) {
        return fail(ErrorCode::kInput, fmt::format("{} was measured with {} {}, not {}; ask for that, or name another "
                                                   "folder with -o",
                                                   folder_.string(), what, was.dump(), is.dump()));
    };
    if (!then.is_object() || !then.contains("modules") || !then["modules"].is_object()) {
        return fail(ErrorCode::kInput, fmt::format("{} does not begin as a journal does; name another folder with -o",
                                                   (folder_ / kJournal).string()));
    }
    if (then.value("limit_s", Json()) != now["limit_s"]) {
        return differs("--limit", then.value("limit_s", Json()), now["limit_s"]);
    }
    for (const auto& [file, size] : now["modules"].items()) {
        if (then["modules"].contains(file) && then["modules"][file] != size) {
            return differs(fmt::format("a module {} of so many bytes:", file), then["modules"][file], size);
        }
    }
    return {};
}

bool Collection::read_line(const std::string& line) {
    const Json json = Json::parse(line, nullptr, false);
    try {
        if (!json.is_object()) {
            return false;
        }
        if (json.contains("counts")) {
            profiles_[json.at("module").get<std::string>()] = json.at("counts").get<std::array<std::uint64_t, 256>>();
        } else if (json.contains("set")) {
            Set set{json.at("files").get<std::vector<std::string>>(),
                    json.at("wall").get<std::vector<std::vector<double>>>(), json.value("failure", "")};
            if (set.wall_us.size() != set.files.size()) {
                return false;
            }
            sets_[{json.at("engine").get<std::string>(), set.files.size(), json.at("set").get<std::int64_t>()}] =
                std::move(set);
        } else {
            runs_[{json.at("engine").get<std::string>(), json.at("module").get<std::string>()}].push_back(
                {json.at("wall").get<double>(), json.at("utime").get<double>(), json.at("stime").get<double>(),
                 json.value("failure", "")});
        }
    } catch (const Json::exception&) {
        return false;
    }
    return true;
}

// One write a line, so that a line is there whole or cut off at the end of the file.
Result<void> Collection::append(const std::string& line) const {
    const std::string text = line + '\n';
    if (::write(journal_, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
        return cannot_write(folder_ / kJournal);
    }
    if (::fdatasync(journal_) != 0) {
        return cannot_write(folder_ / kJournal);
    }
    return {};
}

Result<void> Collection::add(const Cell& cell, Run run) {
    Json json{{"engine", cell.first},
              {"module", cell.second},
              {"wall", run.wall_us},
              {"utime", run.user_us},
              {"stime", run.system_us}};
    if (!run.failure.empty()) {
        json["failure"] = run.failure;
    }
    runs_[cell].push_back(std::move(run));
    return append(json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

Result<void> Collection::add(const SetKey& key, Set set) {
    Json json{{"engine", std::get<0>(key)}, {"set", std::get<2>(key)}, {"files", set.files}, {"wall", set.wall_us}};
    if (!set.failure.empty()) {
        json["failure"] = set.failure;
    }
    sets_[key] = std::move(set);
    return append(json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

Result<void> Collection::add_profile(const std::string& file, const std::array<std::uint64_t, 256>& counts) {
    profiles_[file] = counts;
    return append(Json{{"module", file}, {"counts", counts}}.dump());
}

Result<void> Collection::write_traces(const std::vector<Engine>& engines) const {
    Json devices = Json::parse(std::ifstream(folder_ / "runtimes.json"), nullptr, false);
    if (!devices.is_object()) {
        devices = Json::object();
    }
    std::map<std::string, Place> places;  // by engine's key
    for (const Engine& engine : engines) {
        const Result<Device> device = describe_device(engine.device);
        if (!device) {
            return Failure(device.error());
        }
        devices[device->id] = Json::parse(device->json);
        places[engine.key()] = {folder_ / engine.name, device->id, engine.name};
        std::error_code error;
        std::filesystem::create_directories(folder_ / engine.name, error);
        if (error) {
            return fail(ErrorCode::kEnvironment,
                        fmt::format("cannot make {}: {}", (folder_ / engine.name).string(), error.message()));
        }
    }
    if (Result<void> done = write_json(folder_ / "runtimes.json", devices); !done) {
        return done;
    }
    for (const auto& [cell, runs] : runs_) {
        const auto place = places.find(cell.first);
        if (place == places.end() || runs.empty()) {
            continue;  // of an earlier call, whose traces stand
        }
        const std::string name = flat_name(cell.second);
        Json json = benchmarking_json(runs);
        json["module"] = module_json(name, cell.second, place->second.device, place->second.engine);
        const std::string id = trace_id(cell.first + '\n' + cell.second);
        if (Result<void> done =
                write_json(place->second.folder / fmt::format("{}.{}.benchmarking.json", name, id), json);
            !done) {
            return done;
        }
    }
    for (const auto& [key, set] : sets_) {
        const auto place = places.find(std::get<0>(key));
        if (place == places.end() || !set.failure.empty()) {
            continue;
        }
        Json json;
        std::string files;
        std::string names;
        for (std::size_t n = 0; n < set.files.size(); ++n) {
            json[fmt::format("{}:{}", n, set.files[n])] = set.wall_us[n];
            files += (n > 0 ? ":" : "") + set.files[n];
            names += (n > 0 ? "+" : "") + flat_name(set.files[n]);
        }
        json["module"] = module_json(names, files, place->second.device, place->second.engine);
        const std::string id = trace_id(fmt::format("{}\n{}\n{}", std::get<0>(key), std::get<2>(key), files));
        const std::string name = fmt::format("set-{}-{}", set.files.size(), std::get<2>(key));
        if (Result<void> done =
                write_json(place->second.folder / fmt::format("{}.{}.interference.json", name, id), json);
            !done) {
            return done;
        }
    }
    for (const auto& [file, counts] : profiles_) {
        if (places.empty()) {
            break;
        }
        const Place& place = places.begin()->second;
        const std::filesystem::path folder = folder_ / "opcodes";
        std::error_code error;
        std::filesystem::create_directories(folder, error);
        const Json json{{"opcodes", counts}, {"module", module_json(flat_name(file), file, place.device, "opcodes")}};
        if (Result<void> done = write_json(
                folder / fmt::format("{}.{}.opcodes.json", flat_name(file), trace_id("opcodes\n" + file)), json);
            !done) {
            return done;
        }
    }
    return {};
}

}  // namespace pitot::fleet
