import { type HttpRequest, type HttpResponse, NetworkError, type VirtualSocket } from "../../network/network.ts";
import { REQUEST_CPU_MS } from "../cpu-meter.ts";
import type { Process } from "../process.ts";
import { formatDate } from "./date.ts";
import type { ProgramEntry } from "./program.ts";
import { complain, linesOf } from "./support.ts";

const TYPES: Readonly<Record<string, string>> = {
  html: "text/html",
  htm: "text/html",
  txt: "text/plain",
  css: "text/css",
  js: "application/javascript",
  json: "application/json",
  svg: "image/svg+xml",
  png: "image/png",
};

interface FileServer {
  readonly name: string;
  readonly version: string;
  readonly root: string;
  readonly port: number;
  readonly taken: string;
}

/** Answers from the files under `root`. */
function serveFile(process: Process, server: FileServer, request: HttpRequest): HttpResponse {
  const headers = { Server: `${server.name}/${server.version}`, Date: new Date(process.clock.now()).toUTCString() };
  const page = (status: number, title: string): HttpResponse => ({
    status,
    headers: { ...headers, "Content-Type": "text/html" },
    body: `<html>\r\n<head><title>${status} ${title}</title></head>\r\n<body>\r\n<center><h1>${status} ${title}</h1></center>\r\n<hr><center>${server.name}/${server.version}</center>\r\n</body>\r\n</html>\r\n`,
  });
  if (request.method !== "GET" && request.method !== "HEAD") return page(405, "Not Allowed");
  let path: string;
  try {
    path = `${server.root}${decodeURIComponent((request.path.split("?")[0] ?? "/").replace(/\/\.\.(?=\/|$)/g, ""))}`;
  } catch {
    return page(400, "Bad Request");
  }
  if (process.fs.exists(path) && process.fs.stat(path).type === "directory") path = `${path.replace(/\/+$/, "")}/index.html`;
  if (!process.fs.exists(path))
    return page(
      process.fs.exists(path.replace(/\/index\.html$/, "/")) && path.endsWith("/index.html") ? 403 : 404,
      path.endsWith("/index.html") && process.fs.exists(path.replace(/index\.html$/, "")) ? "Forbidden" : "Not Found",
    );
  const body = process.fs.readFile(path);
  return {
    status: 200,
    headers: {
      ...headers,
      "Content-Type": TYPES[path.split(".").at(-1) ?? ""] ?? "application/octet-stream",
      "Content-Length": String(body.length),
    },
    body: request.method === "HEAD" ? "" : body,
  };
}

async function runFileServer(process: Process, server: FileServer, startLog: readonly string[]): Promise<number> {
  const stop = () => process.end(0);
  for (const signal of [15, 3, 2, 28]) process.on(signal, stop);
  try {
    const listener = process.network.listenHttp(server.port, (request) => {
      process.machine.cpu.charge(REQUEST_CPU_MS);
      const response = serveFile(process, server, request);
      const time = formatDate(process.clock.now(), "%d/%b/%Y:%H:%M:%S +0000");
      const agent = request.headers["user-agent"] ?? request.headers["User-Agent"] ?? "-";
      void process.print(
        `${request.remote.ip} - - [${time}] "${request.method} ${request.path} HTTP/1.1" ${response.status} ${Buffer.from(response.body ?? "").length} "-" "${agent}"${server.name === "nginx" ? ' "-"' : ""}\n`,
      );
      return response;
    });
    process.onExit(() => listener.close());
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    await process.printError(server.taken);
    return 1;
  }
  await process.printError(startLog.map((line) => `${line}\n`).join(""));
  return process.untilKilled();
}

/** The server's own settings, as far as they matter here: the first `listen` and `root`. */
function nginxConfig(process: Process): { readonly port: number; readonly root: string } {
  const texts = [
    "/etc/nginx/nginx.conf",
    ...(process.fs.exists("/etc/nginx/conf.d") ? process.fs.readdir("/etc/nginx/conf.d").map((name) => `/etc/nginx/conf.d/${name}`) : []),
  ]
    .filter((path) => process.fs.exists(path))
    .map((path) => process.fs.readFile(path).toString());
  const text = texts.join("\n");
  return {
    port: Number(/\blisten\s+(?:[\d.*]+:)?(\d+)/.exec(text)?.[1] ?? 80),
    root: /\broot\s+([^;]+);/.exec(text)?.[1]?.trim() ?? "/usr/share/nginx/html",
  };
}

async function nginx(process: Process): Promise<number> {
  const version = process.env.get("NGINX_VERSION") ?? "1.29.1";
  if (process.args.includes("-v") || process.args.includes("-t")) {
    await process.printError(
      process.args.includes("-v")
        ? `nginx version: nginx/${version}\n`
        : "nginx: the configuration file /etc/nginx/nginx.conf syntax is ok\nnginx: configuration file /etc/nginx/nginx.conf test is successful\n",
    );
    return 0;
  }
  const { port, root } = nginxConfig(process);
  const stamp = formatDate(process.clock.now(), "%Y/%m/%d %H:%M:%S");
  const taken = `${[1, 2, 3, 4, 5].map(() => `${stamp} [emerg] 1#1: bind() to 0.0.0.0:${port} failed (98: Address already in use)\nnginx: [emerg] bind() to 0.0.0.0:${port} failed (98: Address already in use)\n`).join("")}${stamp} [emerg] 1#1: still could not bind()\nnginx: [emerg] still could not bind()\n`;
  const notice = (text: string) => `${stamp} [notice] 1#1: ${text}`;
  return runFileServer(process, { name: "nginx", version, root, port, taken }, [
    notice('using the "epoll" event method'),
    notice(`nginx/${version}`),
    notice("OS: Linux 6.8.0-71-generic"),
    notice("start worker processes"),
    notice("start worker process 29"),
  ]);
}

function httpd(process: Process): Promise<number> {
  const version = process.env.get("HTTPD_VERSION") ?? "2.4.65";
  const stamp = `${formatDate(process.clock.now(), "%a %b %d %H:%M:%S.000000 %Y")}`;
  return runFileServer(
    process,
    {
      name: "Apache",
      version,
      root: "/usr/local/apache2/htdocs",
      port: 80,
      taken:
        "(98)Address already in use: AH00072: make_sock: could not bind to address 0.0.0.0:80\nno listening sockets available, shutting down\nAH00015: Unable to open logs\n",
    },
    [
      `AH00558: httpd: Could not reliably determine the server's fully qualified domain name, using ${process.network.ip}. Set the 'ServerName' directive globally to suppress this message`,
      `[${stamp}] [mpm_event:notice] [pid 1:tid 1] AH00489: Apache/${version} (Unix) configured -- resuming normal operations`,
      `[${stamp}] [core:notice] [pid 1:tid 1] AH00094: Command line: 'httpd -D FOREGROUND'`,
    ],
  );
}

const FORTUNES = [
  "You will be surprised by a loud noise.",
  "Today is the first day of the rest of your cluster.",
  "A pod in time saves nine.",
  "You have a deep interest in all that is artistic.",
  "Beware of low-flying butterflies.",
  "Never reveal your best argument.",
  "It may or may not be worthwhile, but it still has to be done.",
];

/** Redis as far as a learner goes: strings, counters, lists, hashes, keys. */
class RedisData {
  readonly #strings = new Map<string, string>();
  readonly #lists = new Map<string, string[]>();
  readonly #hashes = new Map<string, Map<string, string>>();

  /** A reply in RESP. */
  call(words: readonly string[]): string {
    const [command = "", key = "", ...rest] = words;
    const [first = ""] = rest;
    const bulk = (value: string | undefined) => (value === undefined ? "$-1\r\n" : `$${Buffer.byteLength(value)}\r\n${value}\r\n`);
    const array = (values: readonly string[]) => `*${values.length}\r\n${values.map(bulk).join("")}`;
    const integer = (value: number) => `:${value}\r\n`;
    switch (command.toUpperCase()) {
      case "PING":
        return key === "" ? "+PONG\r\n" : bulk(key);
      case "ECHO":
        return bulk(key);
      case "SET":
        this.#strings.set(key, first);
        return "+OK\r\n";
      case "GET":
        return bulk(this.#strings.get(key));
      case "INCR":
      case "INCRBY":
      case "DECR": {
        const value = Number(this.#strings.get(key) ?? 0) + (command.toUpperCase() === "DECR" ? -1 : first === "" ? 1 : Number(first));
        if (!Number.isInteger(value)) return "-ERR value is not an integer or out of range\r\n";
        this.#strings.set(key, String(value));
        return integer(value);
      }
      case "DEL":
        return integer(
          [key, ...rest].filter((name) => [this.#strings.delete(name), this.#lists.delete(name), this.#hashes.delete(name)].includes(true))
            .length,
        );
      case "EXISTS":
        return integer(this.#names().includes(key) ? 1 : 0);
      case "KEYS":
        return array(this.#names().filter((name) => key === "*" || name === key));
      case "DBSIZE":
        return integer(this.#names().length);
      case "FLUSHALL":
      case "FLUSHDB":
        this.#strings.clear();
        this.#lists.clear();
        this.#hashes.clear();
        return "+OK\r\n";
      case "LPUSH":
      case "RPUSH": {
        const list = this.#lists.get(key) ?? [];
        if (command.toUpperCase() === "LPUSH") list.unshift(...[...rest].reverse());
        else list.push(...rest);
        this.#lists.set(key, list);
        return integer(list.length);
      }
      case "LRANGE":
        return array(
          (this.#lists.get(key) ?? []).slice(
            Number(first),
            Number(rest[1]) < 0 ? (Number(rest[1]) === -1 ? undefined : Number(rest[1]) + 1) : Number(rest[1]) + 1,
          ),
        );
      case "LLEN":
        return integer((this.#lists.get(key) ?? []).length);
      case "HSET": {
        const hash = this.#hashes.get(key) ?? new Map<string, string>();
        let added = 0;
        for (let at = 0; at + 1 < rest.length; at += 2) {
          if (!hash.has(rest[at] ?? "")) added++;
          hash.set(rest[at] ?? "", rest[at + 1] ?? "");
        }
        this.#hashes.set(key, hash);
        return integer(added);
      }
      case "HGET":
        return bulk(this.#hashes.get(key)?.get(first));
      case "HGETALL":
        return array([...(this.#hashes.get(key) ?? [])].flat());
      case "INFO":
        return bulk("# Server\r\nredis_version:8.2.1\r\nredis_mode:standalone\r\nos:Linux 6.8.0-71-generic x86_64\r\n");
      case "COMMAND":
      case "CLIENT":
      case "HELLO":
        return "+OK\r\n";
      default:
        return `-ERR unknown command '${command}', with args beginning with: ${[key, ...rest].map((word) => `'${word}' `).join("")}\r\n`;
    }
  }

  #names(): string[] {
    return [...this.#strings.keys(), ...this.#lists.keys(), ...this.#hashes.keys()];
  }
}

/** One RESP array or inline command at the start of the text; undefined while it is not whole. */
function takeCommand(text: string): { readonly words: string[]; readonly rest: string } | undefined {
  if (!text.startsWith("*")) {
    const end = text.indexOf("\n");
    return end < 0 ? undefined : { words: text.slice(0, end).trim().split(/\s+/), rest: text.slice(end + 1) };
  }
  const header = /^\*(\d+)\r\n/.exec(text);
  if (!header) return undefined;
  let at = header[0].length;
  const words: string[] = [];
  for (let count = Number(header[1]); count > 0; count--) {
    const size = /^\$(\d+)\r\n/.exec(text.slice(at));
    if (!size) return undefined;
    at += size[0].length;
    if (text.length < at + Number(size[1]) + 2) return undefined;
    words.push(text.slice(at, at + Number(size[1])));
    at += Number(size[1]) + 2;
  }
  return { words, rest: text.slice(at) };
}

async function redisServer(process: Process): Promise<number> {
  const data = new RedisData();
  const flag = process.args.indexOf("--port");
  const port = flag >= 0 ? Number(process.args[flag + 1]) : 6379;
  const line = (mark: string, text: string) =>
    `${process.pid}:M ${formatDate(process.clock.now(), "%d %b %Y %H:%M:%S")}.000 ${mark} ${text}\n`;
  const serve = (socket: VirtualSocket) => {
    let pending = "";
    socket.on("error", () => socket.destroy());
    socket.on("data", (chunk: Buffer) => {
      pending += chunk.toString("latin1");
      for (let next = takeCommand(pending); next; next = takeCommand(pending)) {
        pending = next.rest;
        if (next.words[0]?.toUpperCase() === "QUIT") socket.end("+OK\r\n");
        else if (next.words[0]) socket.write(Buffer.from(data.call(next.words), "latin1"));
      }
    });
    socket.on("end", () => socket.end());
  };
  try {
    const listener = process.network.listen(port, serve);
    process.onExit(() => listener.close());
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    await process.print(
      line("#", `Warning: Could not create server TCP listening socket *:${port}: bind: Address already in use`) +
        line("#", `Failed listening on port ${port} (tcp), aborting.`),
    );
    return 1;
  }
  for (const signal of [15, 2])
    process.on(signal, () => {
      void process.print(line("#", "User requested shutdown...") + line("#", "Redis is now ready to exit, bye bye..."));
      process.end(0);
    });
  await process.print(
    line("*", "oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo") +
      line("*", "Redis version=8.2.1, bits=64, commit=00000000, modified=0, pid=1, just started") +
      line("*", `Running mode=standalone, port=${port}.`) +
      line("*", "Server initialized") +
      line("*", "Ready to accept connections tcp"),
  );
  return process.untilKilled();
}

async function redisCli(process: Process): Promise<number> {
  const args = [...process.args];
  let host = "127.0.0.1";
  let port = 6379;
  while (args[0]?.startsWith("-")) {
    const flag = args.shift();
    if (flag === "-h") host = args.shift() ?? host;
    else if (flag === "-p") port = Number(args.shift());
  }
  try {
    const ip = (await process.network.resolve(host, process.signal)).addresses[0] ?? host;
    const socket = await process.network.connect(ip, port, process.signal);
    process.onExit(() => socket.destroy());
    const commands = args.length > 0 ? [args] : linesOf(await process.readAllInput()).map((line) => line.trim().split(/\s+/));
    for (const words of commands) {
      socket.write(`*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join("")}`);
      const reply = await process.race(
        new Promise<Buffer>((resolve, reject) => {
          socket.once("data", resolve);
          socket.once("error", reject);
        }),
      );
      await process.print(`${renderReply(reply.toString())}\n`);
    }
    return 0;
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    await process.printError(
      `Could not connect to Redis at ${host}:${port}: ${error.code === "ENOTFOUND" ? "Name or service not known" : "Connection refused"}\n`,
    );
    return 1;
  }
}

function renderReply(reply: string): string {
  const lines = reply.split("\r\n");
  const head = lines[0] ?? "";
  if (head.startsWith("*")) return lines.filter((line, index) => index > 0 && line !== "" && !line.startsWith("$")).join("\n");
  if (head.startsWith("$")) return head === "$-1" ? "" : lines.slice(1, -1).join("\n");
  return head.startsWith("-") ? `${head.slice(1)}\n` : head.slice(1);
}

export const SERVERS: readonly ProgramEntry[] = [
  { names: ["nginx"], run: nginx },
  { names: ["httpd-foreground", "httpd"], run: httpd },
  { names: ["redis-server"], run: redisServer },
  { names: ["redis-cli"], run: redisCli },
  {
    names: ["fortune"],
    run: async (process) => {
      await process.print(`${FORTUNES[process.machine.rng.int(0, FORTUNES.length - 1)]}\n`);
      return 0;
    },
  },
  {
    names: ["git"],
    run: async (process) => {
      await complain(process, "the simulation has no git");
      return 1;
    },
  },
];
