#include "fleet/engine.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>

#include "core/atomic_file.hpp"
#include "fleet/share.hpp"

namespace pitot::fleet {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kVersionLimit_s = 20.0;
constexpr double kBuildLimit_s = 600.0;

std::string environment(const char* name) {
    const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): never set
    return value == nullptr ? "" : value;
}

Result<std::string> read_file(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    std::string bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    if (!in) {
        return fail(ErrorCode::kInput, fmt::format("cannot read {}", path.string()));
    }
    return bytes;
}

std::string digest(std::string_view bytes) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> raw{};
    unsigned int size = 0;
    EVP_Digest(bytes.data(), bytes.size(), raw.data(), &size, EVP_sha256(), nullptr);
    std::string hex;
    for (std::size_t n = 0; n < 12; ++n) {
        hex += fmt::format("{:02x}", raw[n]);
    }
    return hex;
}

void replace(std::string& text, const std::string& name, const std::string& value) {
    for (std::size_t at = text.find(name); at != std::string::npos; at = text.find(name, at + value.size())) {
        text.replace(at, name.size(), value);
    }
}

std::string with_places(std::string text) {
    replace(text, "{engines}", engines_folder().string());
    std::error_code none;
    replace(text, "{pitot}", std::filesystem::read_symlink("/proc/self/exe", none).string());
    return text;
}

// Where a program or file is; empty if it is not here.
std::string locate(const std::string& name) {
    const std::string wanted = with_places(name);
    if (wanted.find('/') != std::string::npos) {
        return std::filesystem::exists(wanted) ? wanted : "";
    }
    std::vector<std::filesystem::path> folders{engines_folder() / "node_modules" / ".bin"};
    const std::string path = environment("PATH");
    for (std::size_t from = 0; from <= path.size();) {
        const std::size_t to = std::min(path.find(':', from), path.size());
        folders.insert(folders.end() - 1, path.substr(from, to - from));
        from = to + 1;
    }
    for (const std::filesystem::path& folder : folders) {
        if (!folder.empty() && ::access((folder / wanted).c_str(), X_OK) == 0) {
            return (folder / wanted).string();
        }
    }
    return "";
}

// The first line in which there is something.
std::string first_line(const std::string& text) {
    const std::size_t from = text.find_first_not_of(" \n");
    return from == std::string::npos ? "" : text.substr(from, text.find('\n', from) - from);
}

std::string version_of(std::vector<std::string> argv) {
    if (argv.empty()) {
        return "unknown";
    }
    std::ranges::transform(argv, argv.begin(), with_places);
    argv.front() = locate(argv.front());
    if (argv.front().empty()) {
        return "unknown";
    }
    const Result<Ended> ended = run_process({argv, {}}, -1, kVersionLimit_s, true);
    if (!ended) {
        return "unknown";
    }
    const std::string line = first_line(ended->out.empty() ? ended->words : ended->out);
    return line.empty() ? "unknown" : line;
}

// Reads entries strictly: what is wrong is named with entry and field.
class TableReader {
public:
    explicit TableReader(std::string name) : name_(std::move(name)) {}

    struct Entry {
        Engine engine;
        std::vector<std::string> needs, version;
    };

    Result<std::vector<Entry>> read(const std::string& text) {
        const Json json = Json::parse(text, nullptr, false);
        if (!json.is_array()) {
            return fail(ErrorCode::kInput,
                        fmt::format("{} is not a JSON list of engines; docs/engines.md shows one", name_));
        }
        std::vector<Entry> entries;
        std::set<std::string> keys;
        for (std::size_t n = 0; n < json.size(); ++n) {
            where_ = fmt::format("{}: entry {}", name_, n + 1);
            Result<Entry> entry = read_entry(json[n]);
            if (!entry) {
                return Failure(entry.error());
            }
            if (!keys.insert(entry->engine.key()).second) {
                return wrong(
                    fmt::format("'{}' is declared twice; remove one or give it another name", entry->engine.key()));
            }
            entries.push_back(std::move(*entry));
        }
        return entries;
    }

private:
    [[nodiscard]] Failure wrong(const std::string& what) const {
        return fail(ErrorCode::kInput, fmt::format("{}: {}", where_, what));
    }

    Result<Entry> read_entry(const Json& json) {
        if (!json.is_object()) {
            return wrong("is not an object");
        }
        Entry entry;
        Engine& e = entry.engine;
        for (const auto& [field, value] : json.items()) {
            Result<void> done;
            if (field == "name" || field == "title" || field == "device" || field == "package") {
                std::string& to = field == "name"     ? e.name
                                  : field == "title"  ? e.title
                                  : field == "device" ? e.device
                                                      : e.package;
                done = read_text(field, value, to);
            } else if (field == "needs" || field == "version" || field == "run") {
                done = read_list(field, value,
                                 field == "needs" ? entry.needs : (field == "version" ? entry.version : e.run));
            } else if (field == "build") {
                done = read_build(value, e.build);
            } else {
                return wrong(
                    fmt::format("unknown field '{}'; fields are name, title, device, package, needs, version, "
                                "build and run",
                                field));
            }
            if (!done) {
                return Failure(done.error());
            }
        }
        const auto fit = [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
                   c == '+';
        };
        if (e.name.empty() || !std::ranges::all_of(e.name, fit) || !std::ranges::all_of(e.device, fit)) {
            return wrong(
                "'name' and 'device' consist of letters, digits, '-', '_' and '+', and every engine has a name");
        }
        if (e.run.empty()) {
            return wrong(fmt::format("'{}' has no 'run', the list of the program and its arguments", e.name));
        }
        if (std::ranges::none_of(e.run, [](const std::string& a) {
                return a.find("{module}") != std::string::npos || a.find("{cache}") != std::string::npos;
            })) {
            return wrong(fmt::format("'run' of '{}' names neither {{module}} nor a file in {{cache}}", e.name));
        }
        if (entry.needs.empty()) {
            entry.needs.push_back(e.run.front());
        }
        return entry;
    }
    Result<void> read_text(const std::string& field, const Json& value, std::string& to) const {
        if (!value.is_string()) {
            return wrong(fmt::format("'{}' is not a text", field));
        }
        to = value.get<std::string>();
        return {};
    }
    Result<void> read_list(const std::string& field, const Json& value, std::vector<std::string>& to) const {
        if (!value.is_array() || !std::ranges::all_of(value, [](const Json& x) { return x.is_string(); })) {
            return wrong(fmt::format("'{}' is not a list of texts", field));
        }
        to = value.get<std::vector<std::string>>();
        return {};
    }
    Result<void> read_build(const Json& value, std::vector<std::vector<std::string>>& to) const {
        if (!value.is_array()) {
            return wrong("'build' is not a list of lists of texts");
        }
        for (const Json& step : value) {
            if (Result<void> done = read_list("build", step, to.emplace_back()); !done || to.back().empty()) {
                return done ? Result<void>(wrong("'build' has an empty step")) : done;
            }
        }
        return {};
    }

    std::string name_, where_;
};

void look_for(TableReader::Entry& entry) {
    for (const std::string& need : entry.needs) {
        if (locate(need).empty()) {
            entry.engine.missing += (entry.engine.missing.empty() ? "" : ", ") + with_places(need);
        }
    }
    if (entry.engine.missing.empty()) {
        entry.engine.version = version_of(entry.version);
    }
}

// Argument lists with their {names} filled in; {args} alone stands for as many as there are.
std::vector<std::string> filled(const std::vector<std::string>& list, const std::filesystem::path& module,
                                const std::vector<std::string>& args, const std::filesystem::path& folder,
                                const std::filesystem::path& share) {
    std::vector<std::string> argv;
    for (const std::string& item : list) {
        if (item == "{args}") {
            argv.insert(argv.end(), args.begin(), args.end());
            continue;
        }
        std::string text = with_places(item);
        replace(text, "{module}", module.string());
        replace(text, "{cache}", folder.string());
        replace(text, "{share}", share.string());
        argv.push_back(std::move(text));
    }
    if (const std::string program = locate(argv.front()); !program.empty()) {
        argv.front() = program;
    }
    return argv;
}

Result<void> make_folder(const std::filesystem::path& folder) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) {
        return fail(ErrorCode::kEnvironment, fmt::format("cannot make {}: {}", folder.string(), error.message()));
    }
    return {};
}

// Our own files that engines run, in a folder named by what they say.
Result<std::filesystem::path> write_share(const std::filesystem::path& cache) {
    const std::filesystem::path folder =
        cache / ("share-" + digest(std::string(kWasiScript) + std::string(kWasm2cMain)));
    if (Result<void> made = make_folder(folder); !made) {
        return Failure(made.error());
    }
    for (const auto& [name, text] : {std::pair("wasi.js", kWasiScript), std::pair("wasm2c_main.c", kWasm2cMain)}) {
        if (!std::filesystem::exists(folder / name)) {
            if (Result<void> written = write_text(folder / name, text); !written) {
                return Failure(written.error());
            }
        }
    }
    return folder;
}

// Runs the steps in a folder of their own, which gets its name when all went well.
Result<void> build(const Engine& engine, const std::filesystem::path& module, const std::filesystem::path& folder,
                   const std::filesystem::path& share) {
    const std::filesystem::path work = fmt::format("{}.{}", folder.string(), ::getpid());
    if (Result<void> made = make_folder(work); !made) {
        return made;
    }
    Result<void> done;
    for (const std::vector<std::string>& step : engine.build) {
        const Result<Ended> ended = run_process({filled(step, module, {}, work, share), {}}, -1, kBuildLimit_s, false);
        if (!ended) {
            done = Failure(ended.error());
        } else if (!ended->ok()) {
            done = fail(ErrorCode::kInput, fmt::format("{}: '{}' refuses it: {}", module.filename().string(),
                                                       step.front(), ended->reason(kBuildLimit_s)));
        }
        if (!done) {
            break;
        }
    }
    std::error_code error;
    if (done) {
        std::filesystem::rename(work, folder, error);
        if (error && !std::filesystem::exists(folder)) {
            done = fail(ErrorCode::kEnvironment, fmt::format("cannot make {}: {}", folder.string(), error.message()));
        }
    }
    std::filesystem::remove_all(work, error);
    return done;
}

}  // namespace

std::filesystem::path engines_folder() {
    if (const std::string own = environment("PITOT_ENGINES"); !own.empty()) {
        return own;
    }
    const std::string cache = environment("XDG_CACHE_HOME");
    return (cache.empty() ? std::filesystem::path(environment("HOME")) / ".cache" : std::filesystem::path(cache)) /
           "pitot" / "engines";
}

Result<std::vector<Engine>> find_engines(const std::filesystem::path& extra) {
    auto entries = TableReader("the built-in table of engines").read(std::string(kEngineTable));
    if (!entries) {
        return Failure(entries.error());
    }
    if (!extra.empty()) {
        const Result<std::string> text = read_file(extra);
        if (!text) {
            return Failure(text.error());
        }
        auto more = TableReader(extra.string()).read(*text);
        if (!more) {
            return Failure(more.error());
        }
        for (TableReader::Entry& entry : *more) {
            const auto same = std::ranges::find_if(
                *entries, [&](const auto& known) { return known.engine.key() == entry.engine.key(); });
            same == entries->end() ? entries->push_back(std::move(entry)) : void(*same = std::move(entry));
        }
    }
    std::vector<Engine> engines;
    for (TableReader::Entry& entry : *entries) {
        look_for(entry);
        engines.push_back(std::move(entry.engine));
    }
    return engines;
}

Result<Command> prepare(const Engine& engine, const std::filesystem::path& module, const std::vector<std::string>& args,
                        const std::filesystem::path& cache) {
    if (!engine.missing.empty()) {
        return fail(ErrorCode::kEnvironment, fmt::format("engine '{}' is missing here ({}); install {}", engine.key(),
                                                         engine.missing, engine.package));
    }
    std::error_code error;
    const std::filesystem::path absolute = std::filesystem::absolute(module, error);
    const Result<std::string> bytes = read_file(absolute);
    if (!bytes) {
        return Failure(bytes.error());
    }
    const Result<std::filesystem::path> share = write_share(std::filesystem::absolute(cache));
    if (!share) {
        return Failure(share.error());
    }
    std::filesystem::path folder = std::filesystem::absolute(cache);
    if (!engine.build.empty()) {
        std::string recipe = engine.version;
        for (const auto& step : engine.build) {
            for (const std::string& item : step) {
                recipe += '\0' + item;
            }
        }
        folder /= engine.key() + "-" + digest(*bytes + recipe + share->string());
        if (!std::filesystem::exists(folder)) {
            if (Result<void> built = build(engine, absolute, folder, *share); !built) {
                return Failure(built.error());
            }
        }
    }
    return Command{filled(engine.run, absolute, args, folder, *share), {}};
}

}  // namespace pitot::fleet
