// Runs a WebAssembly module with WASI preview 1 in any JavaScript engine that has a command line: Node, Bun, Deno, and
// the shells of SpiderMonkey and JavaScriptCore. Arguments: the module's file, then its own arguments. It gives
// arguments, clocks, random bytes and the standard streams (standard input is empty); no folders, no environment.
// Exit status: the module's, and 134 or the shell's own after a trap; JavaScriptCore's shell knows 0 and 3 alone.
(() => {
  'use strict';
  const OK = 0, BADF = 8, INVAL = 28, NOSYS = 52, SPIPE = 70;
  const TRAPPED = 134;

  function textOf(bytes) {
    if (typeof TextDecoder !== 'undefined') return new TextDecoder().decode(bytes);
    let binary = '';
    for (const byte of bytes) binary += String.fromCharCode(byte);
    try {
      return decodeURIComponent(escape(binary));
    } catch (notUtf8) {
      return binary;
    }
  }

  function bytesOf(text) {
    const binary = unescape(encodeURIComponent(text));
    return Uint8Array.from(binary, (character) => character.charCodeAt(0));
  }

  // What differs between the engines: { args, read(path), write(fd, bytes), exit(status), fail(text) }.
  function serverHost() {
    const fs = typeof require === 'function' ? require('fs') : process.getBuiltinModule('fs');
    return {
      args: process.argv.slice(2),
      read: (path) => fs.readFileSync(path),
      write: (fd, bytes) => {
        for (let done = 0; done < bytes.length;) {
          try {
            done += fs.writeSync(fd, bytes, done);
          } catch (error) {
            if (error.code !== 'EAGAIN') throw error;
          }
        }
      },
      exit: (status) => process.exit(status),
      fail: (text) => {
        fs.writeSync(2, text + '\n');
        process.exit(TRAPPED);
      },
    };
  }

  function mozillaHost() {
    return {
      args: scriptArgs,
      read: (path) => os.file.readFile(path, 'binary'),
      write: (fd, bytes) => {
        if (fd === 1) putstr(textOf(bytes));
        else printErr(textOf(bytes).replace(/\n$/, ''));
      },
      exit: (status) => quit(status),
      fail: (text) => {
        printErr(text);
        quit(TRAPPED);
      },
    };
  }

  function appleHost() {
    let line = '';
    return {
      args: globalThis.arguments,
      read: (path) => readFile(path, 'binary'),
      write: (fd, bytes) => {
        const lines = (line + textOf(bytes)).split('\n');
        line = lines.pop();
        for (const whole of lines) print(whole);
      },
      exit: (status) => {
        if (line !== '') print(line);
        if (status !== 0) throw new Error(`exit status ${status}`);
        quit();
      },
      fail: (text) => {
        throw new Error(text);
      },
    };
  }

  const host = typeof process !== 'undefined' ? serverHost() : typeof scriptArgs !== 'undefined' ? mozillaHost()
    : appleHost();
  const args = Array.from(host.args, bytesOf);
  let memory = null;
  const bytesAt = (at, size) => new Uint8Array(memory.buffer, at >>> 0, size >>> 0);
  const view = () => new DataView(memory.buffer);
  const put32 = (at, value) => view().setUint32(at >>> 0, value, true);
  const put64 = (at, value) => view().setBigUint64(at >>> 0, value, true);

  function nanoseconds(clock) {
    if (clock === 0) return BigInt(Date.now()) * 1000000n;
    if (typeof performance !== 'undefined') return BigInt(Math.round(performance.now() * 1e6));
    if (typeof preciseTime === 'function') return BigInt(Math.round(preciseTime() * 1e9));
    return BigInt(Date.now()) * 1000000n;
  }

  const wasi = {
    args_sizes_get(count, bytes) {
      put32(count, args.length);
      put32(bytes, args.reduce((sum, arg) => sum + arg.length + 1, 0));
      return OK;
    },
    args_get(pointers, bytes) {
      args.forEach((arg, i) => {
        put32(pointers + 4 * i, bytes);
        bytesAt(bytes, arg.length).set(arg);
        bytesAt(bytes + arg.length, 1)[0] = 0;
        bytes += arg.length + 1;
      });
      return OK;
    },
    environ_sizes_get(count, bytes) {
      put32(count, 0);
      put32(bytes, 0);
      return OK;
    },
    environ_get: () => OK,
    clock_time_get(clock, precision, at) {
      if (clock > 3) return INVAL;
      put64(at, nanoseconds(clock));
      return OK;
    },
    clock_res_get(clock, at) {
      if (clock > 3) return INVAL;
      put64(at, 1000000n);
      return OK;
    },
    random_get(at, size) {
      for (const bytes = bytesAt(at, size), i = { at: 0 }; i.at < bytes.length; ++i.at) {
        bytes[i.at] = Math.floor(Math.random() * 256);
      }
      return OK;
    },
    fd_write(fd, vectors, count, written) {
      if (fd !== 1 && fd !== 2) return BADF;
      let sum = 0;
      for (let i = 0; i < count; ++i) {
        const at = view().getUint32((vectors >>> 0) + 8 * i, true);
        const size = view().getUint32((vectors >>> 0) + 8 * i + 4, true);
        if (size > 0) host.write(fd, bytesAt(at, size));
        sum += size;
      }
      put32(written, sum);
      return OK;
    },
    fd_read(fd, vectors, count, read) {
      if (fd !== 0) return BADF;
      put32(read, 0);
      return OK;
    },
    // No stream is a terminal, so that the module's library buffers alike wherever it runs.
    fd_fdstat_get(fd, at) {
      if (fd > 2) return BADF;
      put64(at, 0n);
      put64(at + 8, 0xffffffffffffffffn);
      put64(at + 16, 0xffffffffffffffffn);
      return OK;
    },
    fd_close: (fd) => (fd > 2 ? BADF : OK),
    fd_seek: (fd) => (fd > 2 ? BADF : SPIPE),
    fd_tell: (fd) => (fd > 2 ? BADF : SPIPE),
    fd_prestat_get: () => BADF,
    fd_prestat_dir_name: () => BADF,
    sched_yield: () => OK,
    proc_exit(status) {
      host.exit(status);
    },
  };

  const module = new WebAssembly.Module(host.read(host.args[0]));
  const imports = {};
  for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
    if (from === 'wasi_snapshot_preview1' && kind === 'function') {
      imports[from] = imports[from] || {};
      imports[from][name] = wasi[name] || (() => NOSYS);
    }
  }
  const instance = new WebAssembly.Instance(module, imports);
  memory = instance.exports.memory;
  try {
    instance.exports._start();
  } catch (error) {
    if (!(error instanceof WebAssembly.RuntimeError || error instanceof RangeError)) throw error;
    host.fail(`trap: ${error.message}`);
  }
  host.exit(0);
})();
