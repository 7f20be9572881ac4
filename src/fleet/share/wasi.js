// Runs a WASI command in a JavaScript engine: Node, Bun, Deno, SpiderMonkey's and JavaScriptCore's shells.
// Arguments: MODULE.wasm [ARGUMENT ...]. Offers what a program without files needs of wasi_snapshot_preview1.
'use strict';
const host = (() => {
    if (typeof Deno !== 'undefined') {
        return {args: Deno.args, read: Deno.readFileSync, exit: Deno.exit, write: (fd, b) =>
            (fd === 2 ? Deno.stderr : Deno.stdout).writeSync(b)};
    }
    if (typeof process !== 'undefined') {
        const fs = require('fs');
        return {args: process.argv.slice(2), read: fs.readFileSync, exit: process.exit,
            write: (fd, b) => fs.writeSync(fd, b)};
    }
    const text = b => String.fromCharCode(...b);
    if (typeof os !== 'undefined') {
        return {args: scriptArgs, read: path => os.file.readFile(path, 'binary'), exit: quit,
            write: (fd, b) => fd === 2 ? printErr(text(b)) : putstr(text(b))};
    }
    return {args: arguments, read: path => readFile(path, 'binary'),
        exit: status => { if (status !== 0) throw Error(`exit status ${status}`); quit(); },
        write: (fd, b) => fd === 2 ? printErr(text(b).trimEnd()) : print(text(b).trimEnd())};
})();

class Exit {
    constructor(status) { this.status = status; }
}
const SUCCESS = 0, BAD_DESCRIPTOR = 8, INVALID = 28, NOT_SUPPORTED = 58, NO_SEEK = 70;
let memory;
const view = () => new DataView(memory.buffer);
const strings = list => list.map(s => [...unescape(encodeURIComponent(s))].map(c => c.charCodeAt(0)).concat(0));
const args = strings(host.args);

function sizes(list, count, bytes) {
    view().setUint32(count, list.length, true);
    view().setUint32(bytes, list.reduce((sum, s) => sum + s.length, 0), true);
    return SUCCESS;
}
function fill(list, pointers, at) {
    list.forEach((s, n) => {
        view().setUint32(pointers + 4 * n, at, true);
        new Uint8Array(memory.buffer).set(s, at);
        at += s.length;
    });
    return SUCCESS;
}
const wasi = {
    args_sizes_get: (count, bytes) => sizes(args, count, bytes),
    args_get: (pointers, at) => fill(args, pointers, at),
    environ_sizes_get: (count, bytes) => sizes([], count, bytes),
    environ_get: () => SUCCESS,
    clock_res_get: (id, to) => (view().setBigUint64(to, 1000000n, true), SUCCESS),
    clock_time_get: (id, precision, to) => {
        const ms = id === 0 || typeof performance === 'undefined' ? Date.now() : performance.now();
        view().setBigUint64(to, BigInt(Math.round(ms * 1e6)), true);
        return SUCCESS;
    },
    random_get: (at, n) => {
        for (let i = 0; i < n; ++i) view().setUint8(at + i, Math.floor(Math.random() * 256));
        return SUCCESS;
    },
    proc_exit: status => { throw new Exit(status); },
    sched_yield: () => SUCCESS,
    fd_write: (fd, vectors, count, to) => {
        if (fd !== 1 && fd !== 2) return BAD_DESCRIPTOR;
        let written = 0;
        for (let n = 0; n < count; ++n) {
            const at = view().getUint32(vectors + 8 * n, true), size = view().getUint32(vectors + 8 * n + 4, true);
            if (size > 0) host.write(fd, new Uint8Array(memory.buffer, at, size));
            written += size;
        }
        view().setUint32(to, written, true);
        return SUCCESS;
    },
    fd_read: (fd, vectors, count, to) => fd !== 0 ? BAD_DESCRIPTOR : (view().setUint32(to, 0, true), SUCCESS),
    fd_close: fd => fd <= 2 ? SUCCESS : BAD_DESCRIPTOR,
    fd_seek: fd => fd <= 2 ? NO_SEEK : BAD_DESCRIPTOR,
    fd_fdstat_get: (fd, to) => {
        if (fd > 2) return BAD_DESCRIPTOR;
        new Uint8Array(memory.buffer, to, 24).fill(0);
        view().setUint8(to, 2);                    // a character device
        view().setBigUint64(to + 8, 0x42n, true);  // that can be read and written
        return SUCCESS;
    },
    fd_fdstat_set_flags: () => NOT_SUPPORTED,
    fd_prestat_get: () => BAD_DESCRIPTOR,
    fd_prestat_dir_name: () => INVALID,
};

const compiled = new WebAssembly.Module(host.read(host.args[0]));
const imports = {wasi_snapshot_preview1: wasi};
for (const {module: from, name} of WebAssembly.Module.imports(compiled)) {
    if (from !== 'wasi_snapshot_preview1') throw Error(`the module imports '${from}.${name}', which is not WASI's`);
    wasi[name] = wasi[name] || (() => NOT_SUPPORTED);
}
const instance = new WebAssembly.Instance(compiled, imports);
memory = instance.exports.memory;
let status = 0;
try {
    instance.exports._start();
} catch (e) {
    if (!(e instanceof Exit)) throw e;
    status = e.status;
}
if (status !== 0) host.exit(status);
