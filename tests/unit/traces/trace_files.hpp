// Collections of traces, made for a test.
#pragma once

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "support/temp_folder.hpp"
#include "traces/collection.hpp"
#include "traces/trace_dataset.hpp"

namespace pitot::test {

using Json = nlohmann::json;
using Runs = std::vector<double>;

/// A folder to put traces in. Every trace gets a uuid of its own.
class TraceFolder {
public:
    std::filesystem::path put(const std::string& name, const std::string& text) {
        const std::filesystem::path file = folder_ / name;
        std::filesystem::create_directories(file.parent_path());
        std::ofstream(file, std::ios::binary) << text;
        return file;
    }

    void devices(const Json& json) { put("runtimes.json", json.dump()); }

    static Json module(const std::string& file, const std::string& parent, const std::string& engine,
                       const std::vector<std::string>& argv = {}) {
        return {{"name", "m"}, {"file", file}, {"parent", parent}, {"args", {{"engine", engine}, {"argv", argv}}}};
    }

    /// Half of each run is user time, a quarter system time.
    void alone(const std::string& engine, const std::string& parent, const std::string& file, const Runs& wall,
               const std::vector<std::string>& argv = {}) {
        Runs user;
        Runs system;
        for (const double run : wall) {
            user.push_back(run / 2);
            system.push_back(run / 4);
        }
        put(fmt::format("{}.{}/m.u{}.benchmarking.json", engine, parent, ++count_),
            Json({{"module", module(file, parent, engine, argv)}, {"wall", wall}, {"utime", user}, {"stime", system}})
                .dump());
    }

    void opcodes(const std::string& file, std::initializer_list<std::pair<std::size_t, double>> counts) {
        Runs all(256, 0.0);
        for (const auto& [opcode, count] : counts) {
            all[opcode] = count;
        }
        put(fmt::format("profile/m.u{}.opcodes.json", ++count_),
            Json({{"module", {{"name", "m"}, {"file", file}}}, {"opcodes", all}}).dump());
    }

    void together(const std::string& engine, const std::string& parent,
                  const std::vector<std::pair<std::string, Runs>>& members) {
        std::string files;
        Json json;
        for (std::size_t i = 0; i < members.size(); ++i) {
            files += (i == 0 ? "" : ":") + members[i].first;
            json[fmt::format("{}:{}", i, members[i].first)] = members[i].second;
        }
        json["module"] = module(files, parent, engine);
        put(fmt::format("{}.{}/m.u{}.interference.json", engine, parent, ++count_), json.dump());
    }

    [[nodiscard]] const std::filesystem::path& path() const { return folder_.path(); }
    [[nodiscard]] traces::Collection read(int threads = 1) const {
        const std::vector<std::filesystem::path> paths = {path()};
        traces::CollectionOptions options;
        options.threads = threads;
        return traces::read_collections(paths, options).value();
    }

private:
    TempFolder folder_;
    int count_ = 0;
};

inline Json device(const std::string& name, const std::string& kind = "skylake", double hz = 1e9, double l3 = 0) {
    return {{"name", name},
            {"platform",
             {{"cpu", {{"cpu", kind}, {"cpufreq", hz}}},
              {"mem",
               {{"l1d_size", 65536},
                {"l1i_size", 131072},
                {"l2_size", 1048576},
                {"l2_line", 1024},
                {"l2_assoc", 8},
                {"l3_size", l3}}}}}};
}

}  // namespace pitot::test
