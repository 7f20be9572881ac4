// Pitot for C, and for every language that can call C: one header, which is longer than others because it is the whole
// of an interface. docs/c.md tells the story of it and has an example.
//
// Status. Every function returns a pitot_status, PITOT_OK (0) or what went wrong, unless it says otherwise. Then
// pitot_last_error() has the reason in words. Nothing aborts, prints or throws. A call that fails sets the handle that
// it was to return to NULL and leaves what it was given as it was.
//
// Handles. pitot_dataset, pitot_config, pitot_model and results are opaque. Whoever receives one frees it with the
// function of its type (…_free), once; NULL may be freed, and NULL or a handle of another type given to any other
// function is an error. What a function writes through `const …**` or into a view is borrowed: it belongs to the handle
// and is good until that is freed.
//
// Threads. Every handle but pitot_config is immutable, and any number of threads may use it at once. A configuration
// that one thread changes must not be used by another meanwhile. pitot_stop_request() may be called from any thread.
//
// Arrays. Row numbers are int32, counts and offsets int64, times float64 in microseconds. Arrays that enumerations
// are written into have a byte (uint8_t) an element. Matrices are row-major without gaps. An array of no elements may
// be NULL. Memory must be aligned to its elements.
//
// Texts are UTF-8. A text given as `const char*` ends at its first zero.
//
// Structs begin with `struct_size`, which the caller sets to sizeof of the struct and all else to 0 or what is wanted:
// 0 and NULL are defaults. Later versions append fields, and take structs of earlier ones.
// pitot_texts, pitot_input and pitot_combinations have no such field and never change.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "pitot/version.h"

/// Marks what the shared library exports to C.
#define PITOT_C_API __attribute__((visibility("default")))

#ifdef __cplusplus
extern "C" {
#endif

// -- Status and version

typedef int32_t pitot_status;
enum {
    PITOT_OK = 0,
    PITOT_ERROR_USAGE = 1,        ///< the call itself is wrong: an argument, a configuration
    PITOT_ERROR_INPUT = 2,        ///< a file, or data given in memory, is wrong
    PITOT_ERROR_ENVIRONMENT = 3,  ///< the machine refused: disk, memory, permissions
    PITOT_ERROR_CANCELLED = 4,    ///< the caller asked to stop
    PITOT_ERROR_BUG = 5           ///< a broken promise of the library's
};

/// Major × 10000 + minor × 100 + patch, of these headers.
#define PITOT_VERSION_NUMBER (PITOT_VERSION_MAJOR * 10000 + PITOT_VERSION_MINOR * 100 + PITOT_VERSION_PATCH)

/// "0.1.0", and the same as PITOT_VERSION_NUMBER, of the library that the program runs with. Never fail.
PITOT_C_API const char* pitot_version(void);
PITOT_C_API int32_t pitot_version_number(void);

/// Why the last call that failed in this thread did, with what was being done, "outer: inner: message"; "" if none has.
/// Good until another call fails in this thread. Never fails.
PITOT_C_API const char* pitot_last_error(void);
/// The status of that call; PITOT_OK if none has failed. Never fails.
PITOT_C_API pitot_status pitot_last_error_status(void);

// -- Texts, bytes and inputs

/// Texts one behind another, without zeros between: text i is bytes[offsets[i]] … bytes[offsets[i + 1]], the latter
/// excluded. Offsets begin at 0, never fall and end at `size`.
typedef struct pitot_texts {
    int64_t count;
    const int64_t* offsets;  ///< count + 1; NULL if count is 0
    const char* bytes;
    int64_t size;  ///< of `bytes`
} pitot_texts;

/// Texts that the library returned.
typedef struct pitot_strings pitot_strings;
/// Borrows them.
PITOT_C_API pitot_status pitot_strings_get(const pitot_strings* strings, pitot_texts* texts);
PITOT_C_API void pitot_strings_free(pitot_strings* strings);

/// Bytes that the library returned: a file's content, or a text. A zero follows them that `size` does not count, so
/// that a text is a C string.
typedef struct pitot_bytes pitot_bytes;
/// Borrows them. Either of `data` and `size` may be NULL.
PITOT_C_API pitot_status pitot_bytes_get(const pitot_bytes* bytes, const void** data, int64_t* size);
PITOT_C_API void pitot_bytes_free(pitot_bytes* bytes);

/// Something to read: a file by its path or, if `data` is not NULL, bytes at hand, which `path` then only names in
/// messages (NULL: "bytes"). All fields 0: nothing. Bytes are needed during the call alone.
typedef struct pitot_input {
    const char* path;
    const void* data;
    int64_t size;  ///< of `data`
} pitot_input;

/// The two sides of the matrix.
enum { PITOT_PLATFORMS = 0, PITOT_MODULES = 1 };

/// Combinations of a platform, a module and the modules that run beside it, by row number, one a row. Co-runners come
/// in one of two forms: ragged, the co-runners of row i being co_runners[co_runner_offsets[i]] …
/// co_runners[co_runner_offsets[i + 1]], offsets from 0 to co_runner_count; or, with co_runner_offsets NULL, as a
/// matrix of rows × co_runner_width (co_runner_count of both multiplied). -1 is none in either. All 0: every row is
/// alone.
typedef struct pitot_combinations {
    int64_t rows;
    const int32_t* platform;
    const int32_t* module;
    const int32_t* co_runners;
    int64_t co_runner_count;           ///< elements of `co_runners`
    const int64_t* co_runner_offsets;  ///< rows + 1, or NULL
    int64_t co_runner_width;           ///< of the matrix, if there are no offsets
} pitot_combinations;

/// One side: names and, if wanted, features (side information).
typedef struct pitot_side {
    size_t struct_size;
    pitot_texts names;          ///< one a row, none twice
    pitot_texts feature_names;  ///< one a column; none: no features
    const double* features;     ///< rows × columns, finite
    int32_t counts;    ///< 1: module features are opcode counts, of which ln(1 + count) is taken; 0: they are that
                       ///< already. Features of platforms are taken as they are
    int32_t reserved;  ///< 0
} pitot_side;

// -- Long work: threads, progress and a way to stop

/// A flag that asks work to end early. Any number of calls may share one; once requested it stays so.
typedef struct pitot_stop pitot_stop;
PITOT_C_API pitot_status pitot_stop_new(pitot_stop** out);
PITOT_C_API pitot_status pitot_stop_request(pitot_stop* stop);
/// May be freed while work that was given it goes on.
PITOT_C_API void pitot_stop_free(pitot_stop* stop);

/// Model-steps done and in all. Called from threads of the library, one at a time, a few times a second at most.
/// Returns 0 to go on; anything else asks to stop, as pitot_stop_request() does.
typedef int32_t (*pitot_progress)(int64_t done, int64_t total, void* data);

/// Where and how work runs. Results do not depend on threads.
typedef struct pitot_run_options {
    size_t struct_size;
    const char* backend;      ///< "cpu" (NULL: the same), "cuda", "auto" (cuda if a card answers) or "reference"
    const pitot_stop* stop;   ///< or NULL
    pitot_progress progress;  ///< or NULL
    void* progress_data;      ///< handed to `progress`
    int32_t threads;          ///< 0: as many as this process may run on
    int32_t reserved;         ///< 0
    // Structs that end here, of programs older than what follows, are taken too.
    const char* precision;   ///< of products on cards: "fp32", "tf32", "bf16" or "auto" (NULL: the same), the backend's
    const int32_t* devices;  ///< numbers of the cards to use, `device_count` of them; NULL: all
    int32_t device_count;
    int32_t reserved_end;  ///< 0
} pitot_run_options;

// -- Configurations: what to fit and how

typedef struct pitot_config pitot_config;
typedef struct pitot_dataset pitot_dataset;
typedef struct pitot_model pitot_model;

/// Names of the presets, and what each changes in a line. Either may be NULL.
PITOT_C_API pitot_status pitot_presets(pitot_strings** names, pitot_strings** summaries);
/// The configuration of a preset. Errors: usage, with the nearest names.
PITOT_C_API pitot_status pitot_config_preset(const char* name, pitot_config** out);
/// What pitot_fit() takes for a dataset if it is given no configuration.
PITOT_C_API pitot_status pitot_config_default(const pitot_dataset* dataset, pitot_config** out);
/// A configuration from JSON (docs/c.md): the preset that it names or else `base` (NULL: preset embedding/128), changed
/// by its fields. `size` is the text's in bytes. Errors: input, naming what is wrong.
PITOT_C_API pitot_status pitot_config_from_json(const char* json, int64_t size, const pitot_config* base,
                                                pitot_config** out);
/// The same of a file.
PITOT_C_API pitot_status pitot_config_load(const char* path, const pitot_config* base, pitot_config** out);
PITOT_C_API pitot_status pitot_config_copy(const pitot_config* config, pitot_config** out);
/// Changes fields by JSON, or one by "train.folds=5", "seed=7", "calibration_share=0.2", "model.layers=128,64". On
/// error the configuration is as it was. Errors: usage, naming field and value.
PITOT_C_API pitot_status pitot_config_apply_json(pitot_config* config, const char* json, int64_t size);
PITOT_C_API pitot_status pitot_config_set(pitot_config* config, const char* assignment);
/// Whether every field is within its limits, and agrees with the others. Errors: usage.
PITOT_C_API pitot_status pitot_config_validate(const pitot_config* config);
/// All fields, as JSON in a stable order.
PITOT_C_API pitot_status pitot_config_to_json(const pitot_config* config, pitot_bytes** out);
/// The same into a file, whole or not at all.
PITOT_C_API pitot_status pitot_config_save(const pitot_config* config, const char* path);
PITOT_C_API void pitot_config_free(pitot_config* config);

// -- Datasets: what was measured

/// How files are read (docs/csv.md).
typedef struct pitot_read_options {
    size_t struct_size;
    pitot_input platform_features;  ///< table of features that replaces or supplies the platforms' side information
    pitot_input module_features;    ///< the same of modules: opcode counts
    const char* unit;  ///< of runtimes in tables that do not say it: "ns", "us", "ms", "s", "min" or "h"; NULL: they do
    const char* device;          ///< that rows ran on whose file tells none; or NULL
    pitot_texts column_roles;    ///< columns of tables whose names do not tell what they are: "platform", "module",
                                 ///< "runtime", "with", "device", "engine" or "unit"
    pitot_texts column_names;    ///< as many: what each is called ("#2": the second column)
    int32_t skip_invalid;        ///< 1: leave out rows that cannot be used, and count them
    int32_t allow_unknown_unit;  ///< 1: runtimes whose unit nothing says are microseconds
    int32_t decimal_mark;        ///< '.' or ',' marks fractions in tables; 0: the numbers tell
    int32_t reserved;            ///< 0
} pitot_read_options;

/// Reads one or several inputs into one dataset: .npz archives, tables of delimited text, JSON of benchmark tools, each
/// also compressed by gzip; what it is, the first bytes tell. The path "-" is standard input. Large archives are
/// mapped, not read: a file must not be changed while its dataset is in use. `options` may be NULL. Errors: input,
/// naming file, row and remedy; environment if a file cannot be opened.
PITOT_C_API pitot_status pitot_dataset_read(const pitot_input* inputs, int64_t count, const pitot_read_options* options,
                                            pitot_dataset** out);
/// A dataset from columns in memory, which are copied: rows.rows runs, each of a combination, and its runtime in
/// microseconds (1e-4 to 1e13). Runs of the same combination may be repeated. Errors: usage for arguments that do not
/// fit one another; input, naming row and value, for values out of range.
PITOT_C_API pitot_status pitot_dataset_from_columns(const pitot_side* platforms, const pitot_side* modules,
                                                    const pitot_combinations* rows, const double* runtime_us,
                                                    pitot_dataset** out);

/// How a dataset lies in an .npz archive.
enum {
    PITOT_LAYOUT_INDEX = 0,  ///< a row an observation
    PITOT_LAYOUT_DENSE = 1   ///< a platform × module matrix of runtimes, 0 = not measured; one run a pair
};
/// Writes an archive, or by the extension .csv a table with tables of features beside it, whole or not at all.
/// A table has no `layout`, which must be one of the two all the same.
PITOT_C_API pitot_status pitot_dataset_save(const pitot_dataset* dataset, const char* path, int32_t layout);
/// The bytes of an .npz archive.
PITOT_C_API pitot_status pitot_dataset_to_bytes(const pitot_dataset* dataset, int32_t layout, pitot_bytes** out);

/// A dataset's size and columns. The first `rows_alone` rows are runs alone.
typedef struct pitot_dataset_view {
    size_t struct_size;
    int64_t platforms;
    int64_t modules;
    int64_t platform_features;
    int64_t module_features;
    int64_t rows;
    int64_t rows_alone;
    int64_t dropped_rows;       ///< left out by skip_invalid
    const int32_t* platform;    ///< rows
    const int32_t* module;      ///< rows
    const double* runtime_us;   ///< rows
    const int32_t* co_runners;  ///< rows × co_runner_width, -1 = none
    int64_t co_runner_width;
} pitot_dataset_view;
PITOT_C_API pitot_status pitot_dataset_get(const pitot_dataset* dataset, pitot_dataset_view* view);
/// Names of a side's rows, or of its features. `side`: PITOT_PLATFORMS or PITOT_MODULES, here and below.
PITOT_C_API pitot_status pitot_dataset_names(const pitot_dataset* dataset, int32_t side, pitot_strings** out);
PITOT_C_API pitot_status pitot_dataset_feature_names(const pitot_dataset* dataset, int32_t side, pitot_strings** out);
/// A side's features, rows × columns; modules' are ln(1 + count).
PITOT_C_API pitot_status pitot_dataset_features(const pitot_dataset* dataset, int32_t side, const double** values,
                                                int64_t* rows, int64_t* columns);
/// The files that it came from, and oddities found on the way that do no harm, in words.
PITOT_C_API pitot_status pitot_dataset_sources(const pitot_dataset* dataset, pitot_strings** out);
PITOT_C_API pitot_status pitot_dataset_notes(const pitot_dataset* dataset, pitot_strings** out);
/// SHA-256 of names, features and observations, 64 hexadecimal digits.
PITOT_C_API pitot_status pitot_dataset_digest(const pitot_dataset* dataset, pitot_bytes** out);
PITOT_C_API void pitot_dataset_free(pitot_dataset* dataset);

// -- Models

/// Fits a model. `config` NULL: pitot_config_default(); `run` may be NULL. The same dataset, configuration, backend and
/// instruction set give the same model to the bit, on any number of threads. Errors: usage (configuration), input (the
/// dataset lacks what the configuration needs), environment, cancelled.
PITOT_C_API pitot_status pitot_fit(const pitot_dataset* dataset, const pitot_config* config,
                                   const pitot_run_options* run, pitot_model** out);
/// Reads a model from a file, or from such a file's bytes. Errors: environment if it cannot be opened, input if it is
/// damaged or none.
PITOT_C_API pitot_status pitot_model_load(const char* path, pitot_model** out);
PITOT_C_API pitot_status pitot_model_from_bytes(const void* data, int64_t size, pitot_model** out);
/// Writes a model file (by custom NAME.pitot), whole or not at all, or its bytes. Equal models give equal bytes.
PITOT_C_API pitot_status pitot_model_save(const pitot_model* model, const char* path);
PITOT_C_API pitot_status pitot_model_to_bytes(const pitot_model* model, pitot_bytes** out);

/// What a model is, in numbers.
typedef struct pitot_model_view {
    size_t struct_size;
    int64_t platforms;
    int64_t modules;
    int64_t platform_features;
    int64_t module_features;
    int64_t measured_pairs;           ///< of platform and module, measured alone
    int64_t calibration_rows_alone;   ///< combinations that bounds alone rest on
    int64_t calibration_rows_beside;  ///< the same beside one co-runner
    int64_t calibrated_co_runners;    ///< the most that a calibration row had; -1: its file does not say
    int32_t parts;                    ///< the fleet falls into, between which scales cannot be compared; 0: not known
    int32_t has_deviation;            ///< 1: it tells how far off it may be
    int32_t learns_on;                ///< 1: it has pitot_observe(), pitot_advise() and pitot_explain()
    int32_t tells_co_runners;         ///< 1: its predictions depend on co-runners
} pitot_model_view;
PITOT_C_API pitot_status pitot_model_get(const pitot_model* model, pitot_model_view* view);
/// The configuration that it was fitted with.
PITOT_C_API pitot_status pitot_model_config(const pitot_model* model, pitot_config** out);
/// Digest of the dataset that it was fitted on (pitot_dataset_digest()).
PITOT_C_API pitot_status pitot_model_dataset_digest(const pitot_model* model, pitot_bytes** out);
PITOT_C_API pitot_status pitot_model_names(const pitot_model* model, int32_t side, pitot_strings** out);
PITOT_C_API pitot_status pitot_model_feature_names(const pitot_model* model, int32_t side, pitot_strings** out);
PITOT_C_API pitot_status pitot_model_features(const pitot_model* model, int32_t side, const double** values,
                                              int64_t* rows, int64_t* columns);
/// What a user of the model should know of it, in words: bounds that it lacks, parts of the fleet that nothing
/// connects, rows that a fit left out.
PITOT_C_API pitot_status pitot_model_notes(const pitot_model* model, pitot_strings** out);
/// Row numbers of names. A name that the model does not know is an error (input) that suggests the nearest or, if
/// `unknown_is_minus_one`, gives -1. `rows`: names->count.
PITOT_C_API pitot_status pitot_model_find(const pitot_model* model, int32_t side, const pitot_texts* names,
                                          int32_t unknown_is_minus_one, int32_t* rows);
/// What predictions for each row of a side rest on (PITOT_BASIS_…), runs learned from (-1: not known), the part of the
/// fleet it lies in (-1: of none), and the share of its pairs in which folds of the model contradict each other. Arrays
/// of as many elements as the side has rows; any may be NULL.
PITOT_C_API pitot_status pitot_model_rows(const pitot_model* model, int32_t side, uint8_t* basis, int64_t* runs,
                                          int32_t* part, double* disagreement);
/// A model with rows appended to either side, predicted from features alone. Features are matched by name; either side
/// may be NULL. Errors: input.
PITOT_C_API pitot_status pitot_model_with_rows(const pitot_model* model, const pitot_side* platforms,
                                               const pitot_side* modules, pitot_model** out);
PITOT_C_API void pitot_model_free(pitot_model* model);

// -- Predictions

/// What a prediction rests on.
enum {
    PITOT_BASIS_MEASURED = 0,  ///< runtimes of both platform and module, not necessarily as this pair
    PITOT_BASIS_FEATURES = 1,  ///< none of platform or module: features alone
    PITOT_BASIS_AVERAGE = 2,   ///< none, and no features: the average of the others
    PITOT_BASIS_APART = 3      ///< both, but in parts of the fleet that no measurement connects
};

/// Why there is no bound.
enum {
    PITOT_BOUND_GIVEN = 0,                   ///< there is one
    PITOT_NO_BOUND_NEVER_MEASURED = 1,       ///< platform, module or a co-runner was not
    PITOT_NO_BOUND_APART = 2,                ///< platform and module lie in parts that nothing connects
    PITOT_NO_BOUND_FEW_CALIBRATION_ROWS = 3  ///< too few combinations were set aside for the confidence
};

/// Where answers go: arrays of the caller's. Any may be NULL, and is then not computed.
typedef struct pitot_predictions {
    size_t struct_size;
    double* runtime_us;  ///< rows: mean prediction
    double* deviation;   ///< rows: standard deviation of ln t of a new run; NaN of models that do not tell
    double* upper_us;    ///< rows × confidences: the runtime that is not exceeded with that confidence; NaN: no bound
    double* lower_us;    ///< rows × confidences: the runtime that a new run does not fall below with it; NaN: none
    uint8_t* basis;      ///< rows: PITOT_BASIS_…
    uint8_t* no_bound;   ///< rows × confidences: why upper_us has none, PITOT_BOUND_GIVEN where it has
} pitot_predictions;

/// Predicts `combinations` at each of `confidence_count` confidences, each in (0, 1). Upper and lower bounds of 0.95
/// enclose a new run with 90 %. Takes no lock. Allocates nothing for rows alone or beside a matrix of co-runners where
/// `runtime_us` is wanted, with `upper_us` where there are confidences, and `no_bound` is not; large networks need
/// memory to work in. Errors: usage, for row numbers out of range (naming the row) or confidences; what was written
/// before means nothing.
PITOT_C_API pitot_status pitot_predict(const pitot_model* model, const pitot_combinations* combinations,
                                       const double* confidences, int64_t confidence_count,
                                       const pitot_predictions* out);

/// What is known of a combination.
enum {
    PITOT_EVIDENCE_NONE = 0,       ///< never measured
    PITOT_EVIDENCE_LEARNED = 1,    ///< the model learned from it
    PITOT_EVIDENCE_SET_ASIDE = 2,  ///< measured, and kept from the model to calibrate its bounds
    PITOT_EVIDENCE_UNUSED = 3,     ///< measured, and neither
    PITOT_EVIDENCE_UNKNOWN = 255   ///< the model's file does not say
};
/// Of each combination, beside exactly its co-runners in any order. `evidence`: rows.
PITOT_C_API pitot_status pitot_evidence(const pitot_model* model, const pitot_combinations* combinations,
                                        uint8_t* evidence);

/// Where the scores come from that a bound rests on.
enum {
    PITOT_BOUND_FROM_SET_ASIDE = 0,      ///< combinations kept from the model: the confidence is proven
    PITOT_BOUND_FROM_LEAVE_ONE_OUT = 1,  ///< combinations learned from, each answered without itself: close, no proof
    PITOT_BOUND_FROM_HELD_OUT = 2        ///< each answered without its platform or module: the same
};
/// What the upper bound of each combination rests on: PITOT_NO_BOUND_… if there is none, PITOT_BOUND_FROM_…, the number
/// of calibration rows and the name of their pool ("alone", "two co-runners", …). Arrays of rows; any may be NULL, and
/// `pools` too.
PITOT_C_API pitot_status pitot_bound_sources(const pitot_model* model, const pitot_combinations* combinations,
                                             double confidence, uint8_t* no_bound, uint8_t* from, int64_t* rows,
                                             pitot_strings** pools);

// -- Learning on, advice and explanations, of models that have them (pitot_model_view.learns_on)

/// What runs that were folded in told of the model.
typedef struct pitot_observation pitot_observation;
typedef struct pitot_observation_view {
    size_t struct_size;
    int64_t runs;                 ///< learned from
    int64_t runs_beside;          ///< those of them beside others
    int64_t new_pairs;            ///< that the model had not learned from
    int64_t known_pairs;          ///< that it had
    int64_t left_out;             ///< runs beside others, of which a model of runs alone learns nothing
    int64_t no_more_calibrating;  ///< pairs that calibrated bounds and are learned from now
    int64_t folded_in;            ///< runs since the fit, with these
    int64_t fitted_pairs;         ///< that the fit learned from
    int64_t bounded_pairs;        ///< that had a bound of `confidence` before
    int64_t covered_pairs;        ///< those whose runs, on average, did not exceed it
    double confidence;
    double log_likelihood;  ///< mean a pair, of ln t, of what the model said before
    double expected_log_likelihood;
    double surprise;       ///< the first less than the second, in standard deviations
    double mean_error;     ///< mean of |prediction / runtime - 1| over pairs, before
    const char* reason;    ///< why a new fit is due, or why not: a sentence
    int32_t refit_due;     ///< 1: fit again
    int32_t recalibrated;  ///< 1: bounds were calibrated anew
} pitot_observation_view;
/// Folds the runs of a dataset into a model: a new one, which predicts as a fit on all runs with the same
/// hyper-parameters would. Names tell what is known. `told` may be NULL. Errors: input if the model cannot, or if there
/// is no run that it learns from.
PITOT_C_API pitot_status pitot_observe(const pitot_model* model, const pitot_dataset* runs, pitot_model** out,
                                       pitot_observation** told);
PITOT_C_API pitot_status pitot_observation_get(const pitot_observation* told, pitot_observation_view* view);
/// All of it as JSON, names of new platforms and modules included.
PITOT_C_API pitot_status pitot_observation_to_json(const pitot_observation* told, pitot_bytes** out);
PITOT_C_API void pitot_observation_free(pitot_observation* told);

/// What advice is wanted.
typedef struct pitot_advise_options {
    size_t struct_size;
    int64_t budget;            ///< pairs wanted; 0: 10
    const int32_t* platforms;  ///< of which pairs are to be known better; none: all
    int64_t platform_count;
    const int32_t* modules;  ///< the same
    int64_t module_count;
    const int32_t* among_platform;  ///< pairs of these that can be measured; none: all that were never learned from
    const int32_t* among_module;
    int64_t among_count;
    int32_t by_seconds;  ///< 1: gain over predicted runtime; 0: a run costs the same whatever it takes
    int32_t reserved;    ///< 0
} pitot_advise_options;
typedef struct pitot_advice pitot_advice;
/// Pairs to measure, in order. What each is expected to bring holds after it and those before it were measured once.
typedef struct pitot_advice_view {
    size_t struct_size;
    int64_t pairs;
    const int32_t* platform;  ///< pairs, as all below
    const int32_t* module;
    const double* runtime_us;  ///< predicted
    const double* error;       ///< mean of |prediction / runtime - 1| over the pairs that are to be known better
    const double* margin;      ///< mean of bound / prediction - 1, of bounds of 90 %
    int64_t targets;           ///< pairs never learned from, which are to be known better
    double error_now;          ///< expected of them before anything is measured
    double margin_now;
} pitot_advice_view;
/// Which pairs to measure next. `options` and `run` may be NULL; of `run` it heeds `threads` and `stop`. Errors: usage
/// for rows that do not exist, input if the model cannot or no pair is left, cancelled.
PITOT_C_API pitot_status pitot_advise(const pitot_model* model, const pitot_advise_options* options,
                                      const pitot_run_options* run, pitot_advice** out);
PITOT_C_API pitot_status pitot_advice_get(const pitot_advice* advice, pitot_advice_view* view);
/// The same as JSON, with names.
PITOT_C_API pitot_status pitot_advice_to_json(const pitot_advice* advice, pitot_bytes** out);
PITOT_C_API void pitot_advice_free(pitot_advice* advice);

/// Where the answer for a pair alone comes from. Logarithms are of t / 25 ms.
typedef struct pitot_explanation pitot_explanation;
typedef struct pitot_explanation_view {
    size_t struct_size;
    double answer;     ///< ln t
    double deviation;  ///< standard deviation of a new run's ln t
    int64_t terms;     ///< of the sum that the answer is
    pitot_texts term_names;
    const double* term_values;
    int64_t parts;  ///< of the variance of a new run: "noise", "platform", "module", "pair"
    pitot_texts part_names;
    const double* part_variances;
    int64_t near;  ///< combinations that weigh most, the largest |weight| first
    const int32_t* near_platform;
    const int32_t* near_module;
    const int64_t* near_co_runner_offsets;  ///< near + 1
    const int32_t* near_co_runners;
    const int64_t* near_runs;
    const double* near_mean;    ///< of their runs' ln t
    const double* near_weight;  ///< what that, less the constant, counts in the answer
    double near_answer;         ///< what the combinations weighed make of the answer
    int64_t weighed;            ///< combinations
    int64_t learned_from;       ///< combinations in all
} pitot_explanation_view;
/// Explains a pair with at most `most` measured combinations. Errors: usage for rows that do not exist or `most` below
/// 0; input if the model cannot.
PITOT_C_API pitot_status pitot_explain(const pitot_model* model, int32_t platform, int32_t module, int64_t most,
                                       pitot_explanation** out);
PITOT_C_API pitot_status pitot_explanation_get(const pitot_explanation* explanation, pitot_explanation_view* view);
/// The same as JSON, with names and times.
PITOT_C_API pitot_status pitot_explanation_to_json(const pitot_explanation* explanation, pitot_bytes** out);
PITOT_C_API void pitot_explanation_free(pitot_explanation* explanation);

// -- Evaluation: how well a configuration predicts a dataset

typedef struct pitot_evaluate_options {
    size_t struct_size;
    double share;               ///< training share, in (0, 1); 0: the configuration's
    int64_t replicates;         ///< random splits; 0: the configuration's
    const double* confidences;  ///< of bounds to measure; NULL: none
    int64_t confidence_count;
} pitot_evaluate_options;
typedef struct pitot_evaluation pitot_evaluation;
typedef struct pitot_evaluation_view {
    size_t struct_size;
    int64_t objectives;  ///< kinds of runs with test rows
    int64_t replicates;  ///< finished
    int64_t replicates_asked;
    int64_t steps;     ///< training steps of all models
    double seconds;    ///< of training and predicting
    int32_t complete;  ///< 0: it was stopped before the last replicate
    int32_t reserved;
} pitot_evaluation_view;
/// One kind of runs. Errors are shares (0.05 = 5 %); deviations are over replicates.
typedef struct pitot_objective_view {
    size_t struct_size;
    const char* objective;     ///< "mf" (runs alone), "if" (runs beside others)
    int64_t test_rows;         ///< of the last replicate
    int64_t calibration_rows;  ///< the same
    double error;              ///< mean absolute percentage error (MAPE) of the model
    double error_std;
    double baseline_error;  ///< the same of linear scaling alone
    double baseline_error_std;
    int64_t replicate_errors;  ///< elements of the next
    const double* replicate_error;
    int64_t replicate_baseline_errors;  ///< elements of the next
    const double* replicate_baseline_error;
    const double* percentiles;           ///< 100: q-th percentile of signed relative errors
    const double* baseline_percentiles;  ///< 100
    int64_t bounds;                      ///< confidences
} pitot_objective_view;
/// How the bounds of one confidence fared.
typedef struct pitot_bound_view {
    size_t struct_size;
    double confidence;
    double coverage;  ///< share of runs that did not exceed their bound
    double coverage_std;
    double over_provisioning;  ///< mean of max(0, bound / runtime - 1)
    double over_provisioning_std;
    int64_t rows_without_bound;  ///< of all replicates
    const char* unavailable;     ///< why there is no such bound; "" if there is
} pitot_bound_view;
/// Trains and tests on random splits: the model that pitot_fit() makes of rows like those. `config`, `options` and
/// `run` may be NULL. Asked to stop, it returns what finished replicates gave, or cancelled if there are none. Errors
/// as pitot_fit()'s.
PITOT_C_API pitot_status pitot_evaluate(const pitot_dataset* dataset, const pitot_config* config,
                                        const pitot_evaluate_options* options, const pitot_run_options* run,
                                        pitot_evaluation** out);
PITOT_C_API pitot_status pitot_evaluation_get(const pitot_evaluation* evaluation, pitot_evaluation_view* view);
PITOT_C_API pitot_status pitot_evaluation_objective(const pitot_evaluation* evaluation, int64_t objective,
                                                    pitot_objective_view* view);
PITOT_C_API pitot_status pitot_evaluation_bound(const pitot_evaluation* evaluation, int64_t objective, int64_t bound,
                                                pitot_bound_view* view);
/// All of it as JSON, with coverage in single parts of the fleet.
PITOT_C_API pitot_status pitot_evaluation_to_json(const pitot_evaluation* evaluation, pitot_bytes** out);
PITOT_C_API void pitot_evaluation_free(pitot_evaluation* evaluation);

#ifdef __cplusplus
}  // extern "C"
#endif
