import { type HttpStream, NetworkError, type TlsOptions } from "../../network/network.ts";
import type { Process } from "../process.ts";
import { type CurlOptions, parseOptions } from "./curl-options.ts";
import { parseUrl, reasonPhrase, timeLimit, type Url } from "./http.ts";

export async function curl(process: Process): Promise<number> {
  const options = parseOptions(process.args);
  if (options.urls.length === 0) {
    await process.printError("curl: (2) no URL specified\ncurl: try 'curl --help' or 'curl --manual' for more information\n");
    return 2;
  }
  let code = 0;
  for (const url of options.urls) code = await fetchOne(process, options, url, 0);
  return code;
}

async function fetchOne(process: Process, options: CurlOptions, text: string, redirects: number): Promise<number> {
  const fail = async (code: number, message: string) => {
    if (!options.silent || options.showError) await process.printError(`curl: (${code}) ${message}\n`);
    return code;
  };
  let url: Url;
  try {
    url = parseUrl(text);
  } catch {
    return fail(1, `Protocol "${text.split(":")[0]}" not supported`);
  }
  const startMs = process.clock.now();
  const seconds = options.maxTime || options.connectTimeout || 300;
  const limit = timeLimit(process, seconds);
  const received = { bytes: 0, length: undefined as string | undefined };
  const say = (line: string) => (options.verbose ? process.printError(`${line}\n`) : undefined);
  try {
    const ip = await resolveHost(process, url, limit.signal);
    if (ip === undefined) return await fail(6, `Could not resolve host: ${url.host}`);
    const tls = url.secure ? tlsOptions(process, options, url.host) : undefined;
    if (typeof tls === "string") return await fail(77, `error adding trust anchors from file: ${tls}`);
    const method = options.method ?? (options.head ? "HEAD" : options.data === undefined ? "GET" : "POST");
    const headers: Record<string, string> = { Host: url.hostHeader, "User-Agent": "curl/8.14.1", Accept: "*/*", ...options.headers };
    if (options.data !== undefined && !headers["Content-Type"]) headers["Content-Type"] = "application/x-www-form-urlencoded";
    await say(`*   Trying ${ip}:${url.port}...`);
    const response = await process.network.fetch(
      ip,
      url.port,
      { method, path: url.path, headers, body: Buffer.from(options.data ?? "") },
      limit.signal,
      tls,
    );
    await say(`* Connected to ${url.host} (${ip}) port ${url.port}`);
    await say(
      [`> ${method} ${url.path} HTTP/1.1`, ...Object.entries(headers).map(([name, value]) => `> ${name}: ${value}`), "> "].join("\n"),
    );
    const head = [
      `HTTP/1.1 ${response.status} ${reasonPhrase(response.status)}`,
      ...Object.entries(response.headers).map(([name, value]) => `${name}: ${value}`),
      "",
    ];
    await say(head.map((line) => `< ${line}`).join("\n"));
    const location = Object.entries(response.headers).find(([name]) => name.toLowerCase() === "location")?.[1];
    if (options.location && location !== undefined && response.status >= 300 && response.status < 400 && redirects < 10) {
      response.close();
      return await fetchOne(
        process,
        options,
        location.startsWith("/") ? `${url.secure ? "https" : "http"}://${url.hostHeader}${location}` : location,
        redirects + 1,
      );
    }
    if (options.fail && response.status >= 400) {
      response.close();
      return await fail(22, `The requested URL returned error: ${response.status}`);
    }
    // --connect-timeout is over when there is a connection.
    if (!options.maxTime) limit.stop();
    received.length = lengthOf(response);
    await show(process, options, response, head, (bytes) => (received.bytes += bytes));
    await writeOut(process, options, { response, url, bytes: received.bytes, elapsedMs: process.clock.now() - startMs });
    await say(`* Connection #0 to host ${url.host} left intact`);
    return 0;
  } catch (error) {
    if (process.exitCode !== undefined) throw error;
    const elapsed = Math.round(process.clock.now() - startMs);
    if (limit.expired())
      return await fail(
        28,
        options.maxTime
          ? `Operation timed out after ${elapsed} milliseconds with ${received.bytes}${received.length === undefined ? "" : ` out of ${received.length}`} bytes received`
          : `Failed to connect to ${url.host} port ${url.port} after ${elapsed} ms: Timeout was reached`,
      );
    if (error instanceof NetworkError && /^E(CONNREFUSED|HOSTUNREACH|NETUNREACH|TIMEDOUT)$/.test(error.code))
      return await fail(7, `Failed to connect to ${url.host} port ${url.port} after ${elapsed} ms: Could not connect to server`);
    const distrust = url.secure ? distrustText(error, url.host) : undefined;
    if (distrust !== undefined) return await fail(60, distrust);
    if (url.secure && (error as Error).cause !== undefined)
      return await fail(35, "TLS connect error: error:0A0000C6:SSL routines::packet length too long");
    if ((error as { code?: unknown }).code !== undefined) return await fail(52, "Empty reply from server");
    throw error;
  } finally {
    limit.stop();
  }
}

/** How the server's certificate is looked at; the name of a file of trusted certificates that is not there. */
function tlsOptions(process: Process, options: CurlOptions, host: string): TlsOptions | string {
  const read = (file: string) =>
    process.fs.exists(process.path(file)) ? process.fs.readFile(process.path(file)).toString("utf8") : undefined;
  const cert = options.cert === undefined ? undefined : read(options.cert);
  const key = options.key === undefined ? cert : read(options.key);
  const own = cert === undefined || key === undefined ? {} : { cert, key };
  if (options.insecure) return own;
  const file = options.cacert ?? process.env.get("CURL_CA_BUNDLE") ?? process.env.get("SSL_CERT_FILE");
  // Without one: the world's authorities, none of which has signed anything in here.
  const ca = file === undefined ? WORLD : read(file);
  if (ca === undefined) return file ?? "";
  return { ...own, verify: { serverName: host, ca } };
}

// No list means the authorities that Node brings: the world's.
const WORLD = "";

const VERIFICATION: Readonly<Record<string, string>> = {
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "SSL certificate problem: unable to get local issuer certificate",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "SSL certificate problem: unable to get local issuer certificate",
  // Our server cannot help but send the cluster's CA along; a real one does not.
  SELF_SIGNED_CERT_IN_CHAIN: "SSL certificate problem: unable to get local issuer certificate",
  DEPTH_ZERO_SELF_SIGNED_CERT: "SSL certificate problem: self-signed certificate",
  CERT_HAS_EXPIRED: "SSL certificate problem: certificate has expired",
};
const MORE =
  "More details here: https://curl.se/docs/sslcerts.html\n\ncurl failed to verify the legitimacy of the server and therefore could not\nestablish a secure connection to it. To learn more about this situation and\nhow to fix it, please visit the webpage mentioned above.";

/** Why a server's certificate is not believed; undefined when the error is another one. */
function distrustText(error: unknown, host: string): string | undefined {
  const code = String((error as { code?: unknown }).code);
  const text =
    code === "ERR_TLS_CERT_ALTNAME_INVALID"
      ? `SSL: no alternative certificate subject name matches target host name '${host}'`
      : VERIFICATION[code];
  return text === undefined ? undefined : `${text}\n${MORE}`;
}

async function resolveHost(process: Process, url: Url, signal: AbortSignal): Promise<string | undefined> {
  try {
    return (await process.network.resolve(url.host, signal)).addresses[0];
  } catch (error) {
    if (error instanceof NetworkError) return undefined;
    throw error;
  }
}

function lengthOf({ headers }: HttpStream): string | undefined {
  return Object.entries(headers).find(([name]) => name.toLowerCase() === "content-length")?.[1];
}

/** stdio writes to what is no terminal by so much at once, unless told not to wait (-N). */
const BUFFER_BYTES = 4096;

async function show(
  process: Process,
  options: CurlOptions,
  response: HttpStream,
  head: readonly string[],
  received: (bytes: number) => void,
): Promise<void> {
  const output = openOutput(process, options);
  if (options.include || options.head) await output.write(Buffer.from(`${head.join("\r\n")}\r\n`));
  if (options.head) response.close();
  else
    for await (const chunk of response.body) {
      received(chunk.length);
      await output.write(chunk);
    }
  await output.flush();
}

interface Output {
  write(data: Buffer): Promise<void> | void;
  flush(): Promise<void> | void;
}

function openOutput(process: Process, { output, noBuffer }: CurlOptions): Output {
  if (output !== undefined && output !== "-") {
    const file = process.path(output);
    process.fs.writeFile(file, "");
    return { write: (data) => process.fs.writeFile(file, data, { append: true }), flush: () => undefined };
  }
  if (noBuffer || process.stdout === process.terminal) return { write: (data) => process.print(data), flush: () => undefined };
  let waiting: Buffer = Buffer.alloc(0);
  const flush = () => {
    const data = waiting;
    waiting = Buffer.alloc(0);
    return data.length > 0 ? process.print(data) : undefined;
  };
  return {
    write: (data) => {
      waiting = Buffer.concat([waiting, data]);
      return waiting.length >= BUFFER_BYTES ? flush() : undefined;
    },
    flush,
  };
}

interface Transfer {
  readonly response: HttpStream;
  readonly url: Url;
  readonly bytes: number;
  readonly elapsedMs: number;
}

async function writeOut(process: Process, options: CurlOptions, { response, url, bytes, elapsedMs }: Transfer): Promise<void> {
  if (options.writeOut === undefined) return;
  const facts: Record<string, string> = {
    http_code: String(response.status),
    response_code: String(response.status),
    size_download: String(bytes),
    time_total: (Math.max(2, elapsedMs) / 1000).toFixed(6),
    remote_port: String(url.port),
    url_effective: `${url.secure ? "https" : "http"}://${url.hostHeader}${url.path}`,
  };
  await process.print(
    options.writeOut
      .replace(/%\{(\w+)\}/g, (_all, name: string) => facts[name] ?? "")
      .replaceAll("\\n", "\n")
      .replaceAll("\\t", "\t"),
  );
}
