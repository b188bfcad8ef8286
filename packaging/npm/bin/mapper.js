#!/usr/bin/env node
// Runs the program of the package for this machine, which npm has chosen by `os` and `cpu`.
'use strict';

const { spawn } = require('node:child_process');

const name = `post-confirmation-${process.platform}-${process.arch}`;

function find() {
  try {
    return require.resolve(`${name}/bin/mapper`);
  } catch {
    console.error(
      `The package \`${name}\` is not installed. Either there is none for this machine (there are linux-x64, ` +
        'linux-arm64 and darwin-arm64), or npm has left it out: install again with `--include=optional`.',
    );
    process.exit(2);
  }
}

const program = find();
const child = spawn(program, process.argv.slice(2), { stdio: 'inherit' });
// A terminal sends Ctrl-C to both; the program decides how it ends.
process.on('SIGINT', () => {});
for (const signal of ['SIGTERM', 'SIGHUP']) {
  process.on(signal, () => child.kill(signal));
}
child.on('error', (error) => {
  console.error(`\`${program}\` can't be run: ${error.message}`);
  process.exit(2);
});
child.on('exit', (code, signal) => {
  if (signal === null) {
    process.exit(code);
  }
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
});
