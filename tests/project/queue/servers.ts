/** Real servers for a test, on loopback with ports of their own. They are there where Debian's redis-server and postgresql are installed. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { chown, mkdir, rm } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

export interface TestServer {
  readonly url: string;
  readonly port: number;
  /** As kill -9 and the start of a service: what was told is kept. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Whether a server listens before its process ends. */
async function listens(port: number, child: ChildProcess): Promise<boolean> {
  for (let tries = 0; tries < 600 && child.exitCode === null; tries++) {
    const isUp = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1");
      socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
      socket.once("connect", () => socket.destroy());
    });
    if (isUp) return true;
    await pause(50);
  }
  return false;
}

const ended = (child: ChildProcess): Promise<void> =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve()
    : new Promise((resolve) => child.once("exit", () => resolve()));

async function kept(start: () => ChildProcess, port: number, url: string): Promise<TestServer> {
  let child: ChildProcess;
  const begin = async (): Promise<void> => {
    // What a killed database has left of processes holds its memory for a moment.
    for (let tries = 0; tries < 100; tries++) {
      child = start();
      if (await listens(port, child)) return;
      await pause(200);
    }
    throw new Error(`nothing listens on port ${port}`);
  };
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL");
    await ended(child);
  };
  await begin();
  return {
    url,
    port,
    async restart() {
      await kill();
      await begin();
    },
    stop: kill,
  };
}

const found = (program: string): boolean => {
  try {
    execFileSync("which", [program], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
};

export const hasRedis = found("redis-server");

/** Append-only, flushed at every command. */
export async function startRedis(folder: string, more: readonly string[] = []): Promise<TestServer> {
  await mkdir(folder, { recursive: true });
  const port = await freePort();
  const words = [
    "--bind",
    "127.0.0.1",
    "--dir",
    folder,
    "--save",
    "",
    "--appendonly",
    "yes",
    "--appendfsync",
    "always",
  ];
  const listen = more.includes("--tls-port") ? [] : ["--port", String(port)];
  const all = more.map((word) => (word === "PORT" ? String(port) : word));
  const start = () => spawn("redis-server", [...words, ...listen, ...all], { stdio: "ignore" });
  return kept(start, port, `redis://127.0.0.1:${port}`);
}

const DEBIAN = "/usr/lib/postgresql";
const binaries = existsSync(DEBIAN)
  ? readdirSync(DEBIAN)
      .map((version) => join(DEBIAN, version, "bin"))
      .filter((bin) => existsSync(join(bin, "initdb")))
  : [];

export const hasPostgres = binaries.length > 0;

/** A cluster of its own, which trusts who comes from this machine. */
export async function startPostgres(folder: string): Promise<TestServer> {
  const bin = binaries.at(-1) as string;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  // PostgreSQL refuses to run as root.
  const isRoot = process.getuid?.() === 0;
  const id = (flag: string): number => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }));
  const user = isRoot ? { uid: id("-u"), gid: id("-g") } : {};
  if ("uid" in user) await chown(folder, user.uid as number, user.gid as number);
  const data = join(folder, "data");
  execFileSync(join(bin, "initdb"), ["-D", data, "-A", "trust", "-U", "klish", "--no-sync"], {
    stdio: "ignore",
    cwd: folder,
    ...user,
  });
  const port = await freePort();
  const words = ["-D", data, "-p", String(port), "-h", "127.0.0.1", "-k", folder];
  const start = () => spawn(join(bin, "postgres"), words, { stdio: "ignore", cwd: folder, ...user });
  const url = `postgres://klish@127.0.0.1:${port}/postgres`;
  return kept(start, port, url);
}
