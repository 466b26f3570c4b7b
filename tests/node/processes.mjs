// Starts the programs under test and ends them again.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import path from 'node:path';

const READY_FD = 3;
const LOG_KEPT = 64 * 1024;

const running = [];

// Starts a program of ours and waits until it serves. Resolves to what its
// ready line says; rejects with what the program wrote when it ends first.
export async function start(name, args, env = {}) {
  const child = spawn(path.join(process.env.SIDWATCH_BIN, name),
                      [...args, '--ready-fd', String(READY_FD)], {
                        env: {PATH: process.env.PATH, ...env},
                        stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
                      });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data) => log = (log + data).slice(-LOG_KEPT));
  }
  const exited = once(child, 'exit');
  running.push({child, exited});

  const lines = createInterface({input: child.stdio[READY_FD]});
  const ready = once(lines, 'line').then(([line]) => JSON.parse(line));
  const failed = exited.then(([code, signal]) => {
    throw new Error(`${name} ended with ${code ?? signal}:\n${log}`);
  });
  failed.catch(() => {});  // Later ends are stopAll's.
  return Promise.race([ready, failed]);
}

// Ends what was started, the latest first, and waits for it. Resolves to the
// exit codes.
export async function stopAll() {
  const codes = [];
  for (const {child, exited} of running.splice(0).reverse()) {
    child.kill('SIGTERM');
    codes.push((await exited)[0]);
  }
  return codes;
}
