import { type HttpRequest, type HttpResponse, NetworkError } from "../../network/network.ts";
import { BufferWriter } from "../byte-pipe.ts";
import type { Process } from "../process.ts";
import { type Flags, goTime, listen, log, pathOf, query, serve, text } from "./agnhost-support.ts";
import { timeLimit } from "./http.ts";

const DIAL_TIMEOUT_SECONDS = 5;

/** Answers what it is asked, over HTTP and UDP. Upstream: test/images/agnhost/netexec */
export function netexec(process: Process, flag: Flags): Promise<number> {
  const port = Number(flag("http-port", "8080"));
  const udpPort = Number(flag("udp-port", "8081"));
  if (udpPort >= 0) serveUdp(process, udpPort);
  log(process, `Started HTTP server on port ${port}`);
  return serve(process, port, (request) => answer(process, request));
}

function serveUdp(process: Process, port: number): void {
  listen(process, port, () => {
    const socket = process.network.openDatagrams(port);
    socket.onMessage(({ data, from }) => {
      const words = data.toString().trim();
      const [command = "", ...rest] = words.split(" ");
      const say = (message: string) => socket.send(Buffer.from(message), from);
      const client = `${from.ip}:${from.port}`;
      switch (command.toLowerCase()) {
        case "hostname":
          log(process, "Sending udp hostName response");
          return say(process.machine.hostname);
        case "echo":
          log(process, `Echoing ${rest.join(" ")} to UDP client ${client}`);
          return say(rest.join(" "));
        case "clientip":
          log(process, `Sending clientip back to UDP client ${client}`);
          return say(client);
        default:
          if (words !== "") log(process, `Unknown UDP command received: ${words.toLowerCase()}`);
      }
    });
    return socket;
  });
  log(process, `Started UDP server on port  ${port}`);
}

function answer(process: Process, request: HttpRequest): HttpResponse | Promise<HttpResponse> {
  const asked = query(request);
  const path = pathOf(request);
  switch (path) {
    case "/clientip":
      log(process, "GET /clientip");
      return text(`${request.remote.ip}:${request.remote.port}`);
    case "/dial":
      return dial(process, asked);
    case "/echo":
      log(process, `GET /echo?msg=${asked.get("msg") ?? ""}&code=${asked.get("code") ?? ""}`);
      return text(asked.get("msg") ?? "", Number(asked.get("code") ?? "") || 200);
    case "/healthz":
      log(process, "GET /healthz");
      return { status: 200, body: "" };
    case "/hostname":
    case "/hostName":
      log(process, `GET ${path}`);
      return text(process.machine.hostname);
    case "/exit":
    case "/shutdown":
      log(process, `GET ${path}`);
      process.end(Number(asked.get("code") ?? "0") || 0);
      return text("");
    case "/redirect":
      return redirect(process, asked);
    case "/shell":
      return shell(process, asked.get("shellCommand") ?? asked.get("cmd") ?? "");
    case "/upload":
      return text("kubesim: netexec has no /upload\n", 501);
    default:
      log(process, "GET /");
      return text(`NOW: ${goTime(process.clock.now())}`);
  }
}

function redirect(process: Process, asked: URLSearchParams): HttpResponse {
  const location = asked.get("location") ?? "";
  const code = Number(asked.get("code") ?? "") || 302;
  log(process, `GET /redirect?location=${location}&code=${code}`);
  return {
    status: code,
    headers: { Location: location, "Content-Type": "text/html; charset=utf-8" },
    body: `<a href="${location}">Found</a>.\n\n`,
  };
}

/** Runs a command, and says in JSON what came of it. */
async function shell(process: Process, command: string): Promise<HttpResponse> {
  log(process, `GET /shell?shellCommand=${command}`);
  const output = new BufferWriter();
  const child = process.spawn({ argv: ["/bin/sh", "-c", command], stdout: output, stderr: output });
  const code = await child.exited;
  return json({ ...(code === 0 ? {} : { error: `exit status ${code}` }), ...(output.text ? { output: output.text } : {}) });
}

/** Asks another server, as often as it is told. */
async function dial(process: Process, asked: URLSearchParams): Promise<HttpResponse> {
  const [host = "", port = "", request = ""] = ["host", "port", "request"].map((name) => asked.get(name) ?? "");
  const protocol = asked.get("protocol") || "http";
  const tries = Number(asked.get("tries") ?? "") || 1;
  log(process, `GET /dial?host=${host}&protocol=${protocol}&port=${port}&request=${request}&tries=${tries}`);
  if (host === "" || port === "" || request === "") return text("missing host, port or request parameter", 400);
  if (protocol !== "http" && protocol !== "udp")
    return text(`unsupported protocol ${JSON.stringify(protocol)}. Supported protocols: http, udp, sctp.\n`, 400);
  const responses: string[] = [];
  const errors: string[] = [];
  for (let count = 0; count < tries; count++) {
    const limit = timeLimit(process, DIAL_TIMEOUT_SECONDS);
    try {
      const ip = (await process.network.resolve(host, limit.signal)).addresses[0] ?? host;
      const target = { ip, port: Number(port) };
      responses.push(
        protocol === "udp"
          ? await dialUdp(process, target, request, limit.signal)
          : await dialHttp(process, { ...target, host }, request, limit.signal),
      );
    } catch (error) {
      if (process.exitCode !== undefined) throw error;
      errors.push(limit.expired() ? "i/o timeout" : error instanceof NetworkError ? error.message : String(error));
    } finally {
      limit.stop();
    }
  }
  return json({ ...(responses.length > 0 ? { responses } : {}), ...(errors.length > 0 ? { errors } : {}) });
}

async function dialHttp(
  process: Process,
  { ip, host, port }: { readonly ip: string; readonly host: string; readonly port: number },
  request: string,
  signal: AbortSignal,
): Promise<string> {
  const headers = { Host: `${host}:${port}` };
  const { body } = await process.network.http(ip, port, { method: "GET", path: `/${request}`, headers, body: Buffer.alloc(0) }, signal);
  return Buffer.from(body ?? "").toString();
}

function dialUdp(
  process: Process,
  target: { readonly ip: string; readonly port: number },
  request: string,
  signal: AbortSignal,
): Promise<string> {
  const socket = process.network.openDatagrams(0);
  const answered = new Promise<string>((resolve, reject) => {
    socket.onMessage(({ data }) => resolve(data.toString()));
    socket.onRefused(reject);
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  });
  socket.send(Buffer.from(request), target);
  return answered.finally(() => socket.close());
}

const json = (value: object): HttpResponse => ({
  status: 200,
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify(value),
});
