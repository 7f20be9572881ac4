// What mends an error, as a value: for programs that have names of their own for it.
#pragma once

#include <cstdint>

namespace pitot {

/// Error::remedy(). An error's message says what to do in terms of the library; a program that has an option or a
/// command for it adds how it is called. Behind each what Error::remedy_about() holds, if anything.
enum class Remedy : std::uint8_t {
    kNone,  ///< nothing but what the message says

    // Datasets and traces
    kSkipInvalid,           ///< leave out rows that cannot be used (ReadOptions::skip_invalid)
    kPlatformFeatures,      ///< give a table of platform features (ReadOptions::platform_features)
    kModuleFeatures,        ///< give a table of module features (ReadOptions::module_features)
    kUnit,                  ///< say the unit of runtimes (ReadOptions::unit)
    kColumns,               ///< say which column is what (ReadOptions::columns)
    kDevice,                ///< name the device that a file does not tell (ReadOptions::device)
    kDecimalMark,           ///< say what marks fractions (ReadOptions::decimal_mark)
    kMakeModuleFeatures,    ///< make an archive of module features of traces
    kMakePlatformFeatures,  ///< the same of platform features
    kJoinDevices,           ///< take devices of one name for one
    kWallTimes,             ///< use wall times
    kCpuTimes,              ///< use user and system times
    kWarmCalls,             ///< use calls within one process

    // Fitting and models
    kFitModel,       ///< fit a model on a dataset: its file
    kListModel,      ///< list what a model knows
    kShowPreset,     ///< start from the JSON of a preset
    kFewerFolds,     ///< TrainConfig::folds
    kUseCpuBackend,  ///< Context::backend
    kListPresets,    ///< list the presets that there are

    // Results of experiments and of simulations
    kEvaluate,              ///< evaluate, which keeps no predictions
    kShares,                ///< SweepOptions::shares
    kEpochSizeOrShare,      ///< TrainConfig::epoch_samples, or one share less
    kListPublishedPresets,  ///< list the presets that experiments take
    kMakeResults,           ///< make results: their folder, the preset and, if it is one share alone, the share
    kRepeatResults,         ///< make one preset's results at one share again: file of its arrays or of its record
    kRepeatPreset,          ///< make a preset's results again: their folder, the preset
    kRepeatAnyResults,      ///< make results again
    kReplaceResults,        ///< replace results that are there, or name another folder
    kMakeSomeResults,       ///< make results, in this folder
    kNameResults,           ///< name the folder of results
    kNameDataset,           ///< name the dataset that results are of
    kNameDatasetOrRepeat,   ///< the same, or make them again
    kNameTogetherDataset,   ///< name a dataset with co-runners
    kSummarise,             ///< summarise results: their folder and, if it is one alone, the preset
    kSummariseAll,          ///< summarise all results that there are
    kMakeCompared,          ///< make results, then summarise: their folder, then the presets without results
    kMakeSimulation,        ///< simulate: the folder of the results
    kRepeatSimulation,      ///< simulate again, in place of what is there: the folder of the results
    kReplaceSimulation,     ///< name another folder, or replace what is there
    kLeaveOutOptimum,       ///< SimulateOptions::optimal

    // Counting opcodes
    kCountStatically,     ///< count without running
    kUseNode,             ///< run in Node
    kUseNodeOrStatic,     ///< run in Node, or count without running
    kUseInterpreter,      ///< run in libwabt's interpreter
    kGiveArguments,       ///< other arguments or folders for the module
    kGiveTime,            ///< a later limit
    kArgumentsOrPartial,  ///< as kGiveArguments, or take what was counted until then
    kTimeOrPartial,       ///< as kGiveTime, or take what was counted until then
    kTakePartial,         ///< take what was counted until then
    kRunScript,           ///< run a script and count the modules that it instantiates

    // Measuring
    kMeasureAgain,  ///< measure into a collection again
    kSettings,      ///< other settings: the names of their fields

    // Tables of features
    kTabulatePlatforms,  ///< make a table of platform features of a collection
};

}  // namespace pitot
