globalThis.fetch = undefined;  // its glue of 2021 takes a fetch for a browser
const argon2 = require('argon2-browser');
argon2.hash({ pass: 'password', salt: 'somesalt', time: 2, mem: 1024 }).then((h) => console.log(h.encoded));
