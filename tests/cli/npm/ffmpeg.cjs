const fs = require('fs'); const path = require('path');
const core = path.resolve('node_modules/@ffmpeg/core/dist/umd/ffmpeg-core.js');
globalThis.self = globalThis; globalThis.location = { href: 'file://' + core };
globalThis.importScripts = () => {};
const text = fs.readFileSync(core, 'utf8'); 
const create = new Function(text + '; return createFFmpegCore;')();
create({ wasmBinary: fs.readFileSync(path.resolve('node_modules/@ffmpeg/core/dist/umd/ffmpeg-core.wasm')), mainScriptUrlOrBlob: '#' + Buffer.from(JSON.stringify({wasmURL:'file://x', workerURL:''})).toString('base64') }).then((c) => {
  c.setLogger(({ message }) => console.log(message)); c.exec('-version'); process.exit(0); });
