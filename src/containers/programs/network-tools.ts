import { type DatagramSocket, type Endpoint, type HttpStream, NetworkError, type VirtualSocket } from "../../network/network.ts";
import type { Process } from "../process.ts";
import type { ProgramEntry } from "./program.ts";
import { complain, type Flags, parseFlags } from "./support.ts";
import { curl } from "./curl.ts";
import { ipProgram, netstat } from "./ip.ts";
import { timeLimit, type Url, parseUrl, reasonPhrase } from "./http.ts";

/** busybox wget: -q -O FILE -S -T SECONDS --post-data --header --spider. */
async function wget(process: Process): Promise<number> {
  const { on, values, rest } = parseFlags(process.args, "OTPUtY", ["post-data", "header", "timeout", "output-document", "tries"]);
  const operand = rest[0];
  if (operand === undefined) {
    await process.printError(
      "BusyBox v1.37.0 multi-call binary.\n\nUsage: wget [-cqS] [--spider] [-O FILE] [-o LOGFILE] [--header STR] [--post-data STR] [-T SEC] URL...\n",
    );
    return 1;
  }
  let url: Url;
  try {
    url = parseUrl(operand);
  } catch {
    await complain(process, `not an http or ftp url: ${operand}`);
    return 1;
  }
  const { quiet, target } = { quiet: on.has("q"), target: values.get("O") ?? values.get("output-document") };
  const limit = timeLimit(process, Number(values.get("T") ?? values.get("timeout") ?? 900));
  try {
    let ip: string | undefined;
    try {
      ip = (await process.network.resolve(url.host, limit.signal)).addresses[0];
    } catch (error) {
      if (!(error instanceof NetworkError)) throw error;
    }
    if (ip === undefined) {
      await complain(process, `bad address '${url.host}${url.givenPort ? `:${url.givenPort}` : ""}'`);
      return 1;
    }
    if (!quiet) await process.printError(`Connecting to ${url.host}${url.givenPort ? `:${url.givenPort}` : ""} (${ip}:${url.port})\n`);
    const post = values.get("post-data");
    const headers: Record<string, string> = { Host: url.hostHeader, "User-Agent": "Wget", Connection: "close" };
    if (post !== undefined) headers["Content-Type"] = "application/x-www-form-urlencoded";
    const given = values.get("header");
    if (given) headers[given.slice(0, given.indexOf(":"))] = given.slice(given.indexOf(":") + 1).trim();
    if (url.secure && !on.has("no-check-certificate")) await complain(process, "note: TLS certificate validation not implemented");
    const response = await process.network.fetch(
      ip,
      url.port,
      { method: post === undefined ? "GET" : "POST", path: url.path, headers, body: Buffer.from(post ?? "") },
      limit.signal,
      url.secure ? {} : undefined,
    );
    if (on.has("S"))
      await process.printError(
        `  HTTP/1.1 ${response.status} ${reasonPhrase(response.status)}\n${Object.entries(response.headers)
          .map(([name, value]) => `  ${name}: ${value}\n`)
          .join("")}`,
      );
    if (response.status >= 400) {
      response.close();
      await complain(process, `server returned error: HTTP/1.1 ${response.status} ${reasonPhrase(response.status)}`);
      return 1;
    }
    if (on.has("spider")) {
      response.close();
      return 0;
    }
    if (target === "-") {
      for await (const chunk of response.body) await process.print(chunk);
      return 0;
    }
    return await save(process, response, { target, url, quiet });
  } catch (error) {
    return await wgetFailed(process, error, url, limit.expired());
  } finally {
    limit.stop();
  }
}

async function save(
  process: Process,
  response: HttpStream,
  { target, url, quiet }: { readonly target: string | undefined; readonly url: Url; readonly quiet: boolean },
): Promise<number> {
  const file = target ?? (url.path.split("?")[0]?.split("/").at(-1) || "index.html");
  if (target === undefined && process.fs.exists(process.path(file))) {
    response.close();
    await complain(process, `can't open '${file}': File exists`);
    return 1;
  }
  const owner = { uid: process.uid, gid: process.gid };
  process.fs.writeFile(process.path(file), "", owner);
  let bytes = 0;
  for await (const chunk of response.body) {
    bytes += chunk.length;
    process.fs.writeFile(process.path(file), chunk, { ...owner, append: true });
  }
  if (!quiet)
    await process.printError(
      `saving to '${file}'\n${file.padEnd(20).slice(0, 20)} 100% |********************************| ${String(bytes).padStart(5)}  0:00:00 ETA\n'${file}' saved\n`,
    );
  return 0;
}

async function wgetFailed(process: Process, error: unknown, url: Url, expired: boolean): Promise<number> {
  if (expired) {
    await complain(process, "download timed out");
    return 1;
  }
  if (process.exitCode !== undefined || !(error instanceof Error)) throw error;
  const code = (error as { code?: unknown }).code;
  const words: Record<string, string> = {
    ECONNREFUSED: "Connection refused",
    EHOSTUNREACH: "Host is unreachable",
    ENETUNREACH: "Network unreachable",
    ETIMEDOUT: "Operation timed out",
  };
  const reason = typeof code === "string" ? words[code] : undefined;
  if (reason === undefined) {
    await complain(process, "error getting response: Connection reset by peer");
    return 1;
  }
  const ip = (await process.network.resolve(url.host, process.signal)).addresses[0] ?? url.host;
  await complain(process, `can't connect to remote host (${ip}): ${reason}`);
  return 1;
}

async function nslookup(process: Process): Promise<number> {
  const [name = "", server] = process.args.filter((arg) => !arg.startsWith("-"));
  try {
    const answer = await process.network.resolve(name, process.signal);
    const address = answer.server || server || "10.96.0.10:53";
    await process.print(
      `Server:\t\t${address.split(":")[0]}\nAddress:\t${address}\n\n${answer.cname ? `${name}\tcanonical name = ${answer.cname}\n` : ""}${answer.addresses.map((ip) => `Name:\t${answer.name}\nAddress: ${ip}\n`).join("")}\n`,
    );
    return 0;
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    const nameserver = /nameserver (\S+)/.exec(process.network.resolvConf)?.[1] ?? "10.96.0.10";
    if (error.code === "EAI_AGAIN") await process.print(`;; connection timed out; no servers could be reached\n\n`);
    else await process.print(`Server:\t\t${nameserver}\nAddress:\t${nameserver}:53\n\n** server can't find ${name}: NXDOMAIN\n\n`);
    return 1;
  }
}

async function ping(process: Process): Promise<number> {
  const { values, rest } = parseFlags(process.args, "cWwisI");
  const [host = ""] = rest;
  const count = Number(values.get("c") ?? Infinity);
  let ip: string;
  try {
    ip = (await process.network.resolve(host, process.signal)).addresses[0] ?? host;
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    await complain(process, `bad address '${host}'`);
    return 1;
  }
  await process.print(`PING ${host} (${ip}): 56 data bytes\n`);
  let sent = 0;
  let received = 0;
  const summary = () =>
    process.print(
      `\n--- ${host} ping statistics ---\n${sent} packets transmitted, ${received} packets received, ${Math.round((100 * (sent - received)) / Math.max(1, sent))}% packet loss\n${received > 0 ? "round-trip min/avg/max = 0.041/0.062/0.112 ms\n" : ""}`,
    );
  process.on(2, () => {
    void summary();
    process.end(received > 0 ? 0 : 1);
  });
  for (; sent < count;) {
    sent++;
    if (process.network.reachable(ip))
      await process.print(
        `64 bytes from ${ip}: seq=${received++} ttl=62 time=0.${process.machine.rng.int(40, 120).toString().padStart(3, "0")} ms\n`,
      );
    if (sent < count || received < sent) await process.sleep(1000);
  }
  await summary();
  return received > 0 ? 0 : 1;
}

/** nc HOST PORT, nc -z, nc -l -p PORT; -u. */
async function nc(process: Process): Promise<number> {
  const { on, values, rest } = parseFlags(process.args, "pwie");
  if (on.has("u")) return ncUdp(process, { on, values, rest });
  if (on.has("l")) return listen(process, Number(values.get("p") ?? rest[0] ?? 0));
  const [host = "", port = ""] = rest;
  const limit = timeLimit(process, Number(values.get("w") ?? 900));
  try {
    const ip = (await process.network.resolve(host, limit.signal)).addresses[0] ?? host;
    const socket = await process.network.connect(ip, Number(port), limit.signal);
    process.onExit(() => socket.destroy());
    if (on.has("v")) await process.printError(`${host} (${ip}:${port}) open\n`);
    if (on.has("z")) return 0;
    return await relay(process, socket);
  } catch (error) {
    if (process.exitCode !== undefined) throw error;
    const words: Record<string, string> = {
      ECONNREFUSED: "Connection refused",
      EHOSTUNREACH: "Host is unreachable",
      ETIMEDOUT: "Operation timed out",
    };
    if (error instanceof NetworkError && error.code === "ENOTFOUND") await complain(process, `bad address '${host}'`);
    else if (limit.expired()) await complain(process, "timed out");
    else
      await complain(process, `${host} (${host}:${port}): ${(error instanceof NetworkError && words[error.code]) || "Connection refused"}`);
    return 1;
  } finally {
    limit.stop();
  }
}

/** Nobody ends a conversation in UDP: after the last line it waits `-w` seconds for words, or for ever. */
async function ncUdp(process: Process, { on, values, rest }: Flags): Promise<number> {
  const listens = on.has("l");
  let peer: Endpoint | undefined;
  if (!listens) {
    const [host = "", port = "0"] = rest;
    try {
      peer = { ip: (await process.network.resolve(host, process.signal)).addresses[0] ?? host, port: Number(port) };
    } catch (error) {
      if (!(error instanceof NetworkError)) throw error;
      await complain(process, `bad address '${host}'`);
      return 1;
    }
    if (on.has("v")) await process.printError(`${host} (${peer.ip}:${peer.port}) open\n`);
    if (on.has("z")) return 0;
  }
  let socket: DatagramSocket;
  try {
    socket = process.network.openDatagrams(listens ? Number(values.get("p") ?? rest[0] ?? 0) : Number(values.get("p") ?? 0));
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    await complain(process, "bind: Address already in use");
    return 1;
  }
  process.onExit(() => socket.close());
  let heardMs = process.clock.now();
  socket.onMessage(({ data, from }) => {
    heardMs = process.clock.now();
    peer ??= from;
    void process.print(data);
  });
  if (!listens) socket.onRefused(() => process.end(1));
  for (let chunk = await process.read(); chunk !== undefined; chunk = await process.read()) if (peer) socket.send(chunk, peer);
  const waitMs = Number(values.get("w") ?? Infinity) * 1000;
  if (waitMs === Infinity) return process.untilKilled();
  heardMs = Math.max(heardMs, process.clock.now());
  while (process.clock.now() - heardMs < waitMs) await process.sleep(heardMs + waitMs - process.clock.now());
  return 0;
}

function listen(process: Process, port: number): Promise<number> {
  return new Promise((resolve) => {
    try {
      const listener = process.network.listen(port, (socket) => {
        listener.close();
        relay(process, socket).then(resolve, () => resolve(1));
      });
      process.onExit(() => listener.close());
    } catch {
      void complain(process, "bind: Address already in use");
      resolve(1);
    }
  });
}

async function relay(process: Process, socket: VirtualSocket): Promise<number> {
  const received = (async () => {
    for await (const chunk of socket) await process.print(chunk as Buffer);
  })();
  void (async () => {
    for (let chunk = await process.read(); chunk !== undefined; chunk = await process.read()) socket.write(chunk);
    socket.end();
  })().catch(() => socket.destroy());
  await process.race(received);
  return 0;
}

export const NETWORK: readonly ProgramEntry[] = [
  { names: ["wget"], run: wget },
  { names: ["curl"], run: curl },
  { names: ["nslookup"], run: nslookup },
  { names: ["ping"], run: ping },
  { names: ["nc"], run: nc },
  { names: ["ip", "ifconfig"], run: ipProgram },
  { names: ["netstat"], run: netstat },
];
