/* Firefox and WebKitGTK as Debian has them: Playwright drives none of them. Firefox speaks WebDriver's commands by Marionette, its
 * own protocol below geckodriver; WebKitWebDriver by HTTP. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const FIREFOX = process.env.FIREFOX ?? '/usr/bin/firefox-esr';
const WEBKIT_DRIVER = '/usr/bin/WebKitWebDriver';
const MINIBROWSER = '/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser';

/** Debian's packages by the files that are looked for. */
export const FIREFOX_NEEDS = { [FIREFOX]: 'firefox-esr' };
export const WEBKIT_NEEDS = { [WEBKIT_DRIVER]: 'webkit2gtk-driver', [MINIBROWSER]: 'libwebkit2gtk-4.1-0', '/usr/bin/xvfb-run': 'xvfb' };
/** Those that are missing. */
export const missing = (needs) => Object.entries(needs).flatMap(([file, name]) => (existsSync(file) ? [] : [name]));

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Tries it until it works. */
async function patient(work, seconds) {
  for (const end = Date.now() + 1000 * seconds; ; await pause(100)) {
    try {
      return await work();
    } catch (error) {
      if (Date.now() > end) throw error;
    }
  }
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A process in a group of its own, so that its children end with it. */
function start(command, args, env = {}) {
  const child = spawn(command, args, { stdio: 'ignore', detached: true, env: { ...process.env, ...env } });
  const gone = new Promise((resolve) => child.once('exit', resolve).once('error', resolve));
  const stop = async () => {
    try {
      process.kill(-child.pid);
    } catch {
      /* It has ended. */
    }
    await Promise.race([gone, pause(5000)]);
  };
  return { stop };
}

/* Frames are LENGTH:[type, id, …]; the first is Firefox's greeting. */
async function marionette(port) {
  const socket = await new Promise((resolve, reject) => {
    const tried = connect(port, '127.0.0.1', () => resolve(tried)).once('error', reject);
  });
  const waiting = new Map();
  let buffer = Buffer.alloc(0);
  let last = 0;
  const greeted = new Promise((resolve, reject) => {
    socket.once('close', () => {
      const error = new Error('Firefox has closed the connection');
      reject(error);
      for (const { reject } of waiting.values()) reject(error);
    });
    socket.on('data', (data) => {
      buffer = Buffer.concat([buffer, data]);
      for (;;) {
        const colon = buffer.indexOf(':');
        const length = Number(buffer.subarray(0, Math.max(colon, 0)).toString());
        if (colon < 0 || buffer.length < colon + 1 + length) return;
        const message = JSON.parse(buffer.subarray(colon + 1, colon + 1 + length).toString());
        buffer = buffer.subarray(colon + 1 + length);
        if (!Array.isArray(message)) {
          resolve();
          continue;
        }
        const [, id, error, result] = message;
        const { resolve: answer, reject: refuse } = waiting.get(id);
        waiting.delete(id);
        if (error === null) answer(result?.value ?? result);
        else refuse(new Error(error.message));
      }
    });
  });
  socket.on('error', () => undefined);
  await greeted;
  const call = (name, parameters) =>
    new Promise((resolve, reject) => {
      const text = JSON.stringify([0, ++last, name, parameters]);
      waiting.set(last, { resolve, reject });
      socket.write(`${Buffer.byteLength(text)}:${text}`);
    });
  return { call, close: () => socket.destroy() };
}

/* Of a machine several times slower than one wants to work on. */
const PATIENCE = 180;
const TIMEOUTS = { script: 2 * PATIENCE * 1000, pageLoad: PATIENCE * 1000, implicit: 0 };

/** A page of Firefox: go(address), and run(script, ...arguments), whose last argument is the function that ends it. */
export async function firefox(prefs = {}, env = {}) {
  const profile = await mkdtemp(join(tmpdir(), 'actmem-firefox-'));
  const port = await freePort();
  const lines = Object.entries({ 'marionette.port': port, 'datareporting.policy.dataSubmissionEnabled': false, 'app.normandy.enabled': false, 'toolkit.telemetry.server': '', ...prefs });
  await writeFile(join(profile, 'user.js'), lines.map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`).join(''));
  const program = start(FIREFOX, ['--marionette', '--headless', '--no-remote', '--profile', profile], { ...env, HOME: profile });
  const stop = async () => {
    await program.stop();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const { call, close } = await patient(() => marionette(port), PATIENCE);
    await call('WebDriver:NewSession', { capabilities: {} });
    await call('WebDriver:SetTimeouts', TIMEOUTS);
    const run = (script, ...args) => call('WebDriver:ExecuteAsyncScript', { script, args, sandbox: null });
    /* From an address with a # Firefox says that it is there before it has left. */
    const arrived = async (url) => {
      if ((await run('arguments[0](location.href)')) !== url) throw new Error(`Firefox does not go to ${url}`);
    };
    return {
      go: async (url) => {
        await call('WebDriver:Navigate', { url });
        await patient(() => arrived(url), PATIENCE);
      },
      run,
      close: async () => {
        close();
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A page of WebKitGTK's MiniBrowser, on a display of its own. */
export async function webkit() {
  const port = await freePort();
  const program = start('xvfb-run', ['-a', WEBKIT_DRIVER, `--port=${port}`, '--host=127.0.0.1']);
  const ask = async (method, path, body) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, body: body === undefined ? null : JSON.stringify(body) });
    const { value } = await response.json();
    if (!response.ok) throw new Error(value?.message ?? response.statusText);
    return value;
  };
  try {
    const capabilities = { alwaysMatch: { 'webkitgtk:browserOptions': { binary: MINIBROWSER, args: ['--automation'] } } };
    const { sessionId } = await patient(() => ask('POST', '/session', { capabilities }), PATIENCE);
    const of = `/session/${sessionId}`;
    await ask('POST', `${of}/timeouts`, TIMEOUTS);
    return {
      go: (url) => ask('POST', `${of}/url`, { url }),
      run: (script, ...args) => ask('POST', `${of}/execute/async`, { script, args }),
      close: async () => {
        await ask('DELETE', of).catch(() => undefined);
        await program.stop();
      },
    };
  } catch (error) {
    await program.stop();
    throw error;
  }
}
