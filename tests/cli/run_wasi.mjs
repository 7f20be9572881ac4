// Runs a WASI module without arguments or folders, and ends with its exit status:
//
//   node --no-turbo-fast-api-calls run_wasi.mjs MODULE
//
// Without the flag, calls of node:wasi may end Node by a segmentation fault once the module has grown its memory.
import { readFileSync } from "node:fs";
import { WASI } from "node:wasi";

const wasi = new WASI({ version: "preview1", args: ["module"], returnOnExit: true });
const { instance } = await WebAssembly.instantiate(readFileSync(process.argv[2]), {
    wasi_snapshot_preview1: wasi.wasiImport,
});
process.exitCode = wasi.start(instance);
