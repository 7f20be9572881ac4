// Prints how many primes there are below the first argument, or 30000, by means of modules/primes.wasm:
//   pitot profile --node examples/drive.mjs 5000
import { readFile } from 'node:fs/promises';

const bytes = await readFile(new URL('modules/primes.wasm', import.meta.url));
const unused = () => 0; // what _start would call
const { instance } = await WebAssembly.instantiate(bytes, {
  wasi_snapshot_preview1: { args_sizes_get: unused, args_get: unused, fd_write: unused },
});
console.log(instance.exports.count(Number(process.argv[2] ?? 30000)));
