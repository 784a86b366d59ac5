import type { IncomingMessage, ServerResponse } from "node:http";
import { klogHead } from "../../host/cli-host.ts";
import { isLocalFolder, localExists } from "../../host/cli-files.ts";
import { forwardRequest, forwardUpgrade, type ProxyHandlers, serveProxy } from "../../host/cli-proxy-server.ts";
import type { CommandContext, CommandSpec } from "../command.ts";
import { ExitError } from "../errors.ts";
import { accepts, goRegexpProblem, parsePatterns, type ProxyFilter, stripPrefix } from "../proxy/proxy-filter.ts";
import { pageNotFound, serveFile, type StaticAnswer } from "../proxy/static-files.ts";

const DEFAULT_PORT = 8001;

const proxy: CommandSpec = {
  usage: "[--port=PORT] [--www=static-dir] [--www-prefix=prefix] [--api-prefix=prefix]",
  long: "Open a door on this machine to the Kubernetes API server, with your credentials added to every request. A folder of static files can be served beside it under a path of its own.",
  examples:
    "# All of the API, and nothing else\nkubectl proxy --api-prefix=/\n\n# A part of the API, and files of your own\nkubectl proxy --www=/my/files --www-prefix=/static/ --api-prefix=/api/\n\n# The API under another root: curl localhost:8001/custom/api/v1/pods\nkubectl proxy --api-prefix=/custom/\n\n# On a free port, which is told on standard output\nkubectl proxy --port=0",
  flags: [
    {
      name: "accept-hosts",
      type: "string",
      default: "^localhost$,^127\\.0\\.0\\.1$,^\\[::1\\]$",
      usage: "Regular expression for hosts that the proxy should accept.",
    },
    { name: "accept-paths", type: "string", default: "^.*", usage: "Regular expression for paths that the proxy should accept." },
    { name: "address", type: "string", default: "127.0.0.1", usage: "The IP address on which to serve on." },
    { name: "api-prefix", type: "string", default: "/", usage: "Prefix to serve the proxied API under." },
    {
      name: "append-server-path",
      type: "bool",
      usage: "If true, enables automatic path appending of the kube context server path to each request.",
    },
    {
      name: "disable-filter",
      type: "bool",
      usage:
        "If true, disable request filtering in the proxy. This is dangerous, and can leave you vulnerable to XSRF attacks, when used with an accessible port.",
    },
    {
      name: "keepalive",
      type: "duration",
      default: "0s",
      usage: "keepalive specifies the keep-alive period for an active network connection. Set to 0 to disable keepalive.",
    },
    {
      name: "port",
      shorthand: "p",
      type: "int",
      default: DEFAULT_PORT,
      usage: "The port on which to run the proxy. Set to 0 to pick a random port.",
    },
    {
      name: "reject-methods",
      type: "string",
      default: "^$",
      usage: "Regular expression for HTTP methods that the proxy should reject (example --reject-methods='POST,PUT,PATCH'). ",
    },
    {
      name: "reject-paths",
      type: "string",
      default: "^/api/.*/pods/.*/exec,^/api/.*/pods/.*/attach",
      usage:
        "Regular expression for paths that the proxy should reject. Paths specified here will be rejected even accepted by --accept-paths.",
    },
    { name: "unix-socket", shorthand: "u", type: "string", usage: "Unix socket on which to run the proxy." },
    { name: "www", shorthand: "w", type: "string", usage: "Also serve static files from the given directory under the specified prefix." },
    {
      name: "www-prefix",
      shorthand: "P",
      type: "string",
      default: "/static/",
      usage: "Prefix to serve static files under, if static file directory is specified.",
    },
  ],
  async run(context) {
    const { flags } = context;
    const filter = filterOf(context);
    if (flags.number("port") !== DEFAULT_PORT && flags.text("unix-socket") !== "")
      throw new Error("cannot set --unix-socket and --port at the same time");
    checkFolder(context, flags.text("www"));
    const handlers = await proxyHandlers(context, filter);
    const socket = flags.text("unix-socket");
    const address = await serveProxy(
      socket === "" ? { host: flags.text("address"), port: flags.number("port") } : { path: socket },
      handlers,
    );
    context.print(`Starting to serve on ${address}`);
    // It serves until it is interrupted.
    return new Promise<number>(() => undefined);
  },
};

export default proxy;

function warn(context: CommandContext, line: string, text: string): void {
  context.io.err(`${klogHead("W", line)} ${text}\n`);
}

/** Undefined: everything goes through. */
function filterOf(context: CommandContext): ProxyFilter | undefined {
  const { flags } = context;
  if (flags.bool("disable-filter")) {
    if (flags.text("unix-socket") === "")
      warn(context, "proxy.go:177", "Request filter disabled, your proxy is vulnerable to XSRF attacks, please be cautious");
    return undefined;
  }
  const patterns = (name: string) => {
    try {
      return parsePatterns(flags.text(name));
    } catch (error) {
      throw new ExitError(`${klogHead("F", "proxy_server.go:83")} Error compiling re: ${goRegexpProblem(flags.text(name), error)}`, 255);
    }
  };
  return {
    acceptPaths: patterns("accept-paths"),
    rejectPaths: patterns("reject-paths"),
    acceptHosts: patterns("accept-hosts"),
    rejectMethods: patterns("reject-methods"),
  };
}

function checkFolder(context: CommandContext, folder: string): void {
  if (folder === "") return;
  if (!localExists(folder))
    warn(context, "proxy.go:200", `Failed to stat static file directory ${folder}: stat ${folder}: no such file or directory`);
  else if (!isLocalFolder(folder)) warn(context, "proxy.go:202", `Static file directory ${folder} is not a directory`);
}

const withSlash = (text: string) => (text.endsWith("/") ? text : `${text}/`);

async function proxyHandlers(context: CommandContext, filter: ProxyFilter | undefined): Promise<ProxyHandlers> {
  const { flags } = context;
  const connection = await context.connection();
  const apiPrefix = withSlash(flags.text("api-prefix"));
  const staticPrefix = withSlash(flags.text("www-prefix"));
  const folder = flags.text("www");
  /** Where a request goes; an answer when it goes nowhere. */
  const route = (request: IncomingMessage): { path: string } | StaticAnswer => {
    const url = request.url ?? "/";
    const mark = url.indexOf("?");
    const [path, query] = mark < 0 ? [url, ""] : [url.slice(0, mark), url.slice(mark)];
    if (folder !== "" && path.startsWith(staticPrefix) && staticPrefix.length >= apiPrefix.length)
      return serveFile(folder, path.slice(staticPrefix.length));
    if (`${path}/` === apiPrefix)
      return {
        status: 307,
        headers: { Location: `${apiPrefix}${query}`, "Content-Type": "text/html; charset=utf-8" },
        body: Buffer.from(`<a href="${apiPrefix}${query}">Temporary Redirect</a>.\n\n`),
      };
    if (!path.startsWith(apiPrefix)) return pageNotFound;
    const inner = apiPrefix.startsWith("/api") ? path : stripPrefix(path, apiPrefix);
    if (inner === undefined) return pageNotFound;
    if (filter && !accepts(filter, { method: request.method ?? "GET", path: decodePath(inner), host: request.headers.host ?? "" }))
      return FORBIDDEN;
    return { path: `${inner === "" ? "/" : inner}${query}` };
  };
  const onError = (error: NodeJS.ErrnoException) => {
    const text =
      error.code === "ECONNREFUSED" || error.code === "ENOENT"
        ? `dial tcp ${connection.address}: connect: connection refused`
        : error.message;
    context.io.err(`${klogHead("E", "proxy_server.go:147")} Error while proxying request: ${text}\n`);
    return text;
  };
  return {
    request(request, response) {
      const target = route(request);
      if ("status" in target) return answer(response, target, request.method === "HEAD");
      void forwardRequest(connection.target, request, response, {
        path: target.path,
        headers: connection.headers,
        onError: (error) => answer(response, { ...FORBIDDEN, status: 500, body: Buffer.from(`${onError(error)}\n`) }),
      });
    },
    upgrade(request, socket, head) {
      const target = route(request);
      if ("status" in target)
        return void socket.end(
          `HTTP/1.1 ${target.status} ${target.status === 403 ? "Forbidden" : "Not Found"}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${target.body.length}\r\nConnection: close\r\n\r\n${target.body.toString()}`,
        );
      void forwardUpgrade(
        connection.target,
        request,
        { socket, head },
        { path: target.path, headers: connection.headers, onError: (error) => (onError(error), socket.destroy()) },
      );
    },
  };
}

const FORBIDDEN: StaticAnswer = {
  status: 403,
  headers: { "Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff" },
  body: Buffer.from("Forbidden\n"),
};

function answer(response: ServerResponse, { status, headers, body }: StaticAnswer, head = false): void {
  response.writeHead(status, { ...headers, "Content-Length": body.length });
  response.end(head ? undefined : body);
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    // What cannot be decoded is matched as it stands.
    return path;
  }
}
